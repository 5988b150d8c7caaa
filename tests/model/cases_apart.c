// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages without a mapping; cases_free.c has the manner
 *
 * A page's mapping is one plain word: who ends it, makes it and relies on it must be
 * ordered, or that is a data race.
 */
#include "cases.h"

#define APART_SLOTS	16

static u64 *mapped;

static int apart_map(struct lab_core *core, u32 slot)
{
	(void)core;
	model_check(!mapped[slot]);
	model_write(mapped[slot], 1);
	return 0;
}

static int apart_isolate(labyrinth_page_t page)
{
	struct lab_move move;
	int err;

	model_pin(1);
	err = lab_isolate(&maze->core, page, &move);
	model_pin(-1);
	if (!err) {
		model_write(mapped[move.slot], 0);
		model_pin(1);
		err = lab_isolated(&maze->core, move.slot, &move);
		model_pin(-1);
	}
	client.refused += err != 0;
	return err;
}

static void apart_alloc(void)
{
	labyrinth_page_t page = client_alloc();

	if (labyrinth_page_ok(page)) {
		model_check(mapped[labyrinth_page_slot(page)] == 1);
		model_write(mapped[labyrinth_page_slot(page)], 1);
	}
}

static void apart_rejoin(void)
{
	model_check(!lab_rejoin(&maze->core, apart_map));
}

/* CPU 0's first pages are the device's, but for the very first if it is isolated */
static void apart_setup_of(u32 cpus, u32 pages, u32 taken, bool isolated)
{
	u32 i;

	client_pool(&(struct client_shape){
		.cpus = cpus, .pages = pages, .held_max = 1, .low = pages });
	mapped = model_new(APART_SLOTS * sizeof(*mapped));
	for (i = 0; i < APART_SLOTS; i++)
		mapped[i] = 1;
	client_take(0, 0, taken);
	for (i = 0; i < taken; i++)
		model_check(!client_pass(P(i), LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE));
	if (isolated)
		model_check(!apart_isolate(P(0)));
	client_ready();
}

static void apart_setup(void)
{
	apart_setup_of(2, 8, 2, false);
}

static void apart_held_setup(void)
{
	apart_setup_of(3, 4, 2, true);
}

static void apart_owner(void)
{
	model_check(!apart_isolate(P(0)));
	client_free(P(0));
	apart_alloc();
	apart_alloc();
}

static void apart_other(void)
{
	model_check(!apart_isolate(P(1)));
	client_free(P(1));
	apart_alloc();
	client_drain();
}

static void apart_worker(void)
{
	apart_rejoin();
	apart_rejoin();
}

/* Nothing waits any more, and every page that is there is mapped */
static void apart_all_mapped(void)
{
	u32 slot;

	apart_rejoin();
	model_check(!maze->core.unmapped && maze->core.waits == LAB_NONE);
	for (slot = 0; slot < maze->core.hot.slots; slot++)
		if (lab_block_of(&maze->core, slot)->here >> slot % lab_size(&maze->core) & 1)
			model_check(mapped[slot] == 1);
}

static void apart_end(void)
{
	apart_all_mapped();
	client_end();
}

/* Isolated by one, taken back by another at the same moment: a client's mistake */
static void apart_first(void)
{
	P(8).v = !apart_isolate(P(1));
}

static void apart_second(void)
{
	P(9).v = !client_pass(P(1), LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU);
}

static void apart_one_end(void)
{
	client_settle();
	/* one wins; where nobody can say who, the page is kept back now or when it is freed */
	model_check(client_kept_back() <= 1);
	model_check(P(8).v || P(9).v);
	if (P(8).v && P(9).v) {
		client_let_go(P(1));
		client_free_unsure(P(1));
		client_settle();
		model_check(client_kept_back() == 1);
	} else if (!client_kept_back()) {
		client_end();
	}
}

/* Two isolate it */
static void apart_first_too(void)
{
	P(9).v = !apart_isolate(P(1));
}

/* Freed by two: one frees it, the other is refused, or found late once it is mapped again */
static void apart_free_first(void)
{
	client_let_go(P(0));
	model_give(&box[0], 1);
	P(8).v = !client_free_unsure(P(0));
}

static void apart_free_second(void)
{
	model_take(&box[0]);
	P(9).v = !client_free_unsure(P(0));
	client_drain();
}

static void apart_free_end(void)
{
	apart_all_mapped();
	client_settle();
	model_check(P(8).v + P(9).v - client.late == 1);
	client_end();
}

/* Freed while the worker maps and others take what there is */
static void apart_free_owner(void)
{
	client_free(P(0));
	apart_alloc();
}

static void apart_takes(void)
{
	apart_alloc();
	apart_alloc();
	client_drain();
}

/* What waits goes to the system instead */
static void apart_drops(void)
{
	P(9).v = lab_drop_apart(&maze->core, 1);
}

/* The pool closes: free and waiting pages all go */
static void apart_closes(void)
{
	lab_close(&maze->core);
	lab_end_apart(&maze->core);
	lab_trim(&maze->core, 0);
}

static void apart_closed_end(void)
{
	lab_end_apart(&maze->core);
	client_settle();
	lab_trim(&maze->core, 0);
	model_check(lab_total(&maze->core) == client_out());
}

const struct model_test model_apart[] = {
	CASE("isolated, freed, mapped again", apart_setup, .cpu = { apart_owner, apart_other },
	     .end = apart_end),
	CASE("isolated, and the worker", apart_setup, .cpu = { apart_owner, apart_worker },
	     .end = apart_end, .bound = 3, .full = 4),
	CASE("freed, taken and mapped at once", apart_held_setup,
	     .cpu = { apart_free_owner, apart_worker, apart_takes }, .end = apart_end),
	CASE("isolated and taken back", apart_setup, .cpu = { apart_second, apart_first },
	     .end = apart_one_end, .bound = 4, .full = 5),
	CASE("isolated twice", apart_setup, .cpu = { apart_first, apart_first_too },
	     .end = apart_one_end, .bound = 4, .full = 5),
	CASE("an isolated page, freed twice", apart_held_setup,
	     .cpu = { apart_free_first, apart_free_second, apart_worker }, .end = apart_free_end),
	CASE("an isolated page goes to the system", apart_held_setup,
	     .cpu = { apart_free_owner, apart_drops, apart_worker }, .end = apart_end),
	CASE("an isolated page, and the pool closes", apart_held_setup,
	     .cpu = { apart_free_owner, apart_closes, apart_worker }, .end = apart_closed_end),
};

const unsigned int model_apart_count = sizeof(model_apart) / sizeof(model_apart[0]);
