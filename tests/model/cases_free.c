// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation and free, explored: blocks that go from issue to issue and from front to
 * front, and pages freed where they were allocated, elsewhere, in rows, twice, late
 *
 * Blocks have 4 pages.  Each setup() leaves the CPUs' fronts as the case wants them,
 * P(n) being pages that it took.  The oracle in client.c fails an execution by itself;
 * a case adds only what is special to it.
 */
#include "cases.h"

/* Two CPUs, nothing shared but the depot */
static void two_setup(void)
{
	client_pool_of(2, 8, 1);
	client_ready();
}

static void two_cpu(void)
{
	labyrinth_page_t a = client_alloc(), b = client_alloc();

	if (labyrinth_page_ok(a))
		client_free(a);
	if (labyrinth_page_ok(b))
		client_free(b);
	client_drain();
	client_alloc();
}

/* One block, all of it out of CPU 0's front: it comes back there and from elsewhere */
void turn_setup(void)
{
	client_pool_of(3, 4, 1);
	client_take(0, 0, 4);
	client_ready();
}

void turn_owner(void)
{
	client_free(P(0));
	client_alloc();
	client_alloc();
}

void turn_other(void)
{
	client_free(P(1));
	client_free(P(2));
}

static void turn_third(void)
{
	client_free(P(3));
	client_drain();
}

static void turn_third_early(void)
{
	client_free(P(3));
	client_drain();
	client_alloc();
}

/* The present issue is back and issued anew, while pages of an earlier one come in */
static void round_setup(void)
{
	client_pool_of(2, 4, 1);
	client_take(0, 0, 4);
	client_free(P(0));
	client_free(P(1));
	client_drain();
	client_take(0, 4, 2);
	client_ready();
}

static void round_owner(void)
{
	client_free(P(4));
	client_free(P(5));
	client_alloc();
	client_alloc();
	client_alloc();
}

static void round_other(void)
{
	client_free(P(2));
	client_drain();
	client_free(P(3));
	client_drain();
}

/* The same page freed by two others, and issued again meanwhile */
void twice_first(void)
{
	client_let_go(P(1));
	model_give(&box[0], 1);
	client_free_unsure(P(1));
	client_drain();
}

void twice_second(void)
{
	model_take(&box[0]);
	client_free_unsure(P(1));
	client_drain();
}

void twice_owner(void)
{
	client_free(P(0));
	client_alloc();
	client_alloc();
}

static void twice_end(void)
{
	model_check(client.late <= 1);
	client_end();
}

/* The owner is one of the two */
static void own_twice_owner(void)
{
	client_let_go(P(1));
	model_give(&box[0], 1);
	client_free_unsure(P(1));
	client_alloc();
	client_alloc();
}

/* The second has looked the block up before, and comes with the issue it saw then */
static void stale_first(void)
{
	client_let_go(P(1));
	model_give(&box[0], 1);
	client_free_unsure(P(1));
	client_drain();
}

static void stale_second(void)
{
	client_free(P(2));
	model_take(&box[0]);
	client_free_unsure(P(1));
	client_drain();
}

/* A page is allocated here and freed there at once, while the front goes on */
static void pass_setup(void)
{
	client_pool_of(2, 8, 1);
	client_ready();
}

static void pass_from(void)
{
	labyrinth_page_t page = client_alloc();

	model_give(&box[0], page.v);
	page = client_alloc();
	model_give(&box[1], page.v);
	client_alloc();
}

static void pass_to(void)
{
	client_free((labyrinth_page_t){ model_take(&box[0]) });
	client_free((labyrinth_page_t){ model_take(&box[1]) });
	client_alloc();
}

/* In a ring, so that a block goes from front to front */
static void ring_setup(void)
{
	client_pool_of(3, 8, 1);
	client_ready();
}

static void ring_cpu(void)
{
	unsigned int cpu = model_cpu();
	labyrinth_page_t page = client_alloc();

	if (!labyrinth_page_ok(page)) {
		model_give(&box[cpu], ~0ULL);
	} else {
		model_give(&box[cpu], page.v);
	}
	page.v = model_take(&box[(cpu + 1) % 3]);
	if (page.v != ~0ULL)
		client_free(page);
	client_drain();
}

/* A front is given up while another CPU allocates and a third frees into it */
static void drain_setup(void)
{
	client_pool_of(3, 8, 1);
	client_take(0, 0, 2);
	client_ready();
}

static void drain_owner(void)
{
	client_free(P(0));
	client_drain();
	client_alloc();
}

static void drain_other(void)
{
	client_free(P(1));
	client_drain();
}

void drain_third(void)
{
	client_alloc();
	client_alloc();
}

/* A small pool: each page singly from the depot */
static void single_setup(void)
{
	client_pool(&(struct client_shape){ .cpus = 3, .pages = 4, .no_fronts = true });
	client_take(0, 0, 3);
	client_ready();
}

static void single_cpu(void)
{
	client_free(P(0));
	client_alloc();
}

static void single_twice(void)
{
	client_let_go(P(1));
	model_give(&box[0], 1);
	client_free_unsure(P(1));
}

static void single_again(void)
{
	model_take(&box[0]);
	client_free_unsure(P(1));
	client_alloc();
}

static void single_end(void)
{
	/* without fronts a duplicate is always found in the call */
	model_check(!client.late);
	client_end();
}

/* Frees by bare address, while the block is issued anew */
static void addr_free(void)
{
	struct lab_move move;
	int err;

	client_let_go(P(1));
	model_pin(1);
	err = lab_free_addr(&maze->core, lab_slot_addr(&maze->core, labyrinth_page_slot(P(1))),
			    &move);
	model_pin(-1);
	model_check(!err);
	client.accepted++;
	client_drain();
}

/* Two blocks' pages in one table, which is full with the second */
static void table_setup(void)
{
	client_pool_of(2, 8, 1);
	client_take(0, 0, 8);
	client_ready();
}

static void table_other(void)
{
	client_free(P(0));
	client_free(P(4));
	client_free(P(5));
}

static void table_owner(void)
{
	client_free(P(6));
	client_free(P(1));
	client_alloc();
	client_alloc();
}

/* Many frees of one other block in a row, most of them inline */
void row_setup(void)
{
	client_pool_of(3, 8, 6);
	client_take(0, 0, 8);
	client_ready();
}

static void row_free(void)
{
	client_let_go(P(4));
	client_let_go(P(5));
	client_let_go(P(6));
	model_give(&box[0], 1);
	client_free_unsure(P(4));
	client_free_unsure(P(5));
	client_free_unsure(P(6));
	model_check(client_free_unsure(P(6)) == -ESTALE);
	client_drain();
}

static void row_owner(void)
{
	client_free(P(7));
	client_free(P(0));
	client_alloc();
	client_alloc();
}

static void row_again(void)
{
	model_take(&box[0]);
	client_free_unsure(P(5));
	client_free_unsure(P(6));
	client_drain();
}

/* Frees that must be refused in the call: here and now nothing else is true */
static void exact_cpu(void)
{
	client_free(P(2));
	model_check(client_free_unsure(P(2)) == -ESTALE);
	client_drain();
	model_check(client_free_unsure(P(2)) == -ESTALE);
}

const struct model_test model_free[] = {
	CASE("alloc and free on two CPUs", two_setup, .cpu = { two_cpu, two_cpu }, .bound = 3, .full = 5),
	CASE("remote free and the next issue", turn_setup, .cpu = { turn_owner, turn_other },
	     .bound = 3, .full = 5),
	CASE("remote frees of an earlier issue", round_setup, .cpu = { round_owner, round_other },
	     .bound = 3, .full = 5),
	CASE("remote frees on two CPUs and the next issue", turn_setup,
	     .cpu = { turn_owner, turn_other, turn_third }),
	CASE("remote free, drain, alloc there", turn_setup,
	     .cpu = { turn_owner, turn_third_early }, .bound = 3, .full = 5),
	CASE("duplicate free on a third CPU", turn_setup,
	     .cpu = { twice_owner, twice_first, twice_second }, .end = twice_end),
	CASE("duplicate free, one by the owner", turn_setup,
	     .cpu = { own_twice_owner, twice_second }, .end = twice_end, .bound = 3, .full = 5),
	CASE("stale free after a re-issue", turn_setup,
	     .cpu = { twice_owner, stale_first, stale_second }, .end = twice_end),
	CASE("refused in the call", turn_setup, .cpu = { turn_owner, exact_cpu }, .bound = 3, .full = 5),
	CASE("alloc here, free there", pass_setup, .cpu = { pass_from, pass_to }, .bound = 3, .full = 5),
	CASE("alloc and free in a ring", ring_setup, .cpu = { ring_cpu, ring_cpu, ring_cpu }, .full = 2),
	CASE("drain, alloc, remote free", drain_setup,
	     .cpu = { drain_owner, drain_other, drain_third }),
	CASE("small pool: singly", single_setup, .cpu = { single_cpu, single_twice, single_again },
	     .end = single_end),
	CASE("free by address", turn_setup, .cpu = { turn_owner, addr_free }, .bound = 3, .full = 5),
	CASE("frees in a row", row_setup, .cpu = { row_owner, row_free }, .bound = 3, .full = 5),
	CASE("frees in a row, duplicates", row_setup, .cpu = { row_owner, row_free, row_again }),
	CASE("two blocks in a table", table_setup, .cpu = { table_owner, table_other }, .bound = 3, .full = 5),
};

const unsigned int model_free_count = sizeof(model_free) / sizeof(model_free[0]);
