// SPDX-License-Identifier: GPL-2.0-only
/* The tests' clients and their oracle, see client.h; and the platform's functions */
#include <stdio.h>

#include "client.h"

#define SHIFT	2

struct lab_front *model_fronts;
struct labyrinth *maze;
struct client_notes client;
uint64_t *box;

static struct client_notes at_start;
static u64 *contents;
static bool contiguous;

int lab_page_make(struct lab_core *core, u32 slot, enum lab_how how)
{
	(void)core;
	(void)how;
	/* the page's memory is new: whoever had it before must be done */
	model_write(contents[slot], 1);
	return 0;
}

void lab_page_drop(struct lab_core *core, u32 slot)
{
	(void)core;
	model_write(contents[slot], 2);
}

int lab_block_make(struct lab_core *core, struct lab_block *b, bool *whole)
{
	u32 i;

	for (i = 0; i < lab_size(core); i++)
		model_write(contents[lab_first(core, b) + i], 1);
	*whole = contiguous;
	return 0;
}

void lab_block_drop(struct lab_core *core, struct lab_block *b)
{
	u32 i;

	for (i = 0; i < lab_size(core); i++)
		model_write(contents[lab_first(core, b) + i], 2);
}

void lab_block_unmap(struct lab_core *core, struct lab_block *b)
{
	(void)core;
	(void)b;
}

void lab_found_late(struct lab_core *core, u64 key, u64 pages)
{
	(void)core;
	(void)key;
	client.late += lab_popcount(pages);
}

lab_front_t model_front_here(void)
{
	return &model_fronts[model_cpu()].hot;
}

static void kicked(bool kick)
{
	client.kicks += kick;
	if (kick && client.worker)
		model_give(client.worker, 1);
}

labyrinth_page_t labyrinth_alloc_slow(struct labyrinth *m, u16 holder)
{
	struct lab_caller who = { .context = LABYRINTH_CTX_HARDIRQ, .atomic = true };
	struct lab_grant grant;

	(void)holder;
	if (!lab_alloc(&m->core, &who, &grant))
		lab_alloc_failed(&m->core, &who, &grant);
	kicked(grant.kick);
	return grant.page;
}

int labyrinth_free_slow(struct labyrinth *m, labyrinth_page_t page)
{
	struct lab_move move = { .kick = false };
	int err = lab_free_known(&m->core, page) ? 0 : lab_free(&m->core, page, &move);

	kicked(move.kick);
	return err;
}

static int pass(struct labyrinth *m, labyrinth_page_t page, enum labyrinth_owner from,
		enum labyrinth_owner to)
{
	struct lab_move move;
	int err = lab_hand_over(&m->core, page, from, to, &move);

	kicked(move.kick);
	return err;
}

int labyrinth_to_device_slow(struct labyrinth *m, labyrinth_page_t page)
{
	return pass(m, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE);
}

int labyrinth_to_cpu_slow(struct labyrinth *m, labyrinth_page_t page, unsigned int len)
{
	(void)len;
	return lab_from_device(&m->core, page) ?
		       0 : pass(m, page, LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU);
}

unsigned int labyrinth_alloc_run_slow(struct labyrinth *m, unsigned int want, u16 holder,
				      struct labyrinth_run *run)
{
	struct lab_caller who = { .context = LABYRINTH_CTX_HARDIRQ, .atomic = true };
	struct lab_grant grant = { .kick = false };
	u32 count = lab_alloc_run(&m->core, &who, want, run, &grant);

	(void)holder;
	kicked(grant.kick);
	return count;
}

int labyrinth_free_run_slow(struct labyrinth *m, const struct labyrinth_run *run)
{
	u64 left = run->mask;
	int err = 0, one;

	for (; left; left &= left - 1) {
		one = labyrinth_free_slow(m, (labyrinth_page_t){ run->base + lab_ctz(left) });
		err = err ? err : one;
	}
	return err;
}

void client_pool(const struct client_shape *shape)
{
	struct lab_core *core;

	maze = model_new(sizeof(*maze));
	core = &maze->core;
	core->cpus = shape->cpus;
	core->limit = shape->slots ? shape->slots : shape->pages;
	core->pages = shape->pages;
	core->low = shape->low;
	core->high = core->limit;
	core->id = 5;
	lab_shape(core);
	core->shift = SHIFT;
	core->blocks = (core->limit + lab_size(core) - 1) >> SHIFT;
	core->hot.slots = core->blocks << SHIFT;
	core->held_max = shape->held_max;
	core->fronts = !shape->no_fronts;
	core->block = model_new(core->blocks * sizeof(*core->block));
	core->epoch = model_new(core->hot.slots * sizeof(*core->epoch));
	model_fronts = model_new(core->cpus * sizeof(*model_fronts));
	contents = model_new(core->hot.slots * sizeof(*contents));
	box = model_new(8 * sizeof(*box));
	contiguous = shape->whole;
	core->place.arena = 1ul << 30;
	memset(&client, 0, sizeof(client));
	lab_init(core);
	if (lab_grow(core, core->pages) != (int)core->pages)
		model_fail("setup: the pool does not grow");
}

void client_ready(void)
{
	model_set_cpu(0);
	at_start = client;
}

void client_begin(void)
{
	client = at_start;
}

void client_pool_of(u32 cpus, u32 pages, u32 held_max)
{
	client_pool(&(struct client_shape){
		.cpus = cpus, .pages = pages, .held_max = held_max });
}

static labyrinth_page_t issue(labyrinth_page_t page)
{
	u32 slot = labyrinth_page_slot(page), i;

	if (!labyrinth_page_ok(page)) {
		client.failed++;
		return page;
	}
	model_check(slot < maze->core.hot.slots);
	if (client.out[slot])
		model_fail("page %u issued as %#llx, while it is out as %#llx", slot,
			   (unsigned long long)page.v, (unsigned long long)client.out[slot]);
	for (i = 0; i < client.issued; i++)
		if (client.handles[i] == page.v)
			model_fail("handle %#llx issued twice", (unsigned long long)page.v);
	model_check(client.issued < CLIENT_HANDLES);
	client.handles[client.issued++] = page.v;
	client.out[slot] = page.v;
	model_write(contents[slot], page.v);
	return page;
}

labyrinth_page_t client_alloc(void)
{
	labyrinth_page_t page;

	model_pin(1);
	page = labyrinth_alloc_pinned(maze, 0);
	model_pin(-1);
	return issue(page);
}

void client_take(u32 cpu, u32 first, u32 count)
{
	model_set_cpu(cpu);
	while (count--) {
		client.page[first] = client_alloc();
		if (!labyrinth_page_ok(client.page[first++]))
			model_fail("setup: no page");
	}
}

labyrinth_page_t client_alloc_nmi(void)
{
	struct lab_grant grant;

	model_pin(1);
	lab_alloc_nmi(&maze->core, &grant);
	model_pin(-1);
	return issue(grant.page);
}

void client_let_go(labyrinth_page_t page)
{
	u32 slot = labyrinth_page_slot(page);

	if (client.out[slot] != page.v)
		model_fail("the test frees %#llx, which is not out", (unsigned long long)page.v);
	model_write(contents[slot], ~page.v);
	client.out[slot] = 0;
}

int client_free_unsure(labyrinth_page_t page)
{
	int err;

	model_pin(1);
	err = labyrinth_free_pinned(maze, page);
	model_pin(-1);
	if (err)
		client.refused++;
	else
		client.accepted++;
	return err;
}

void client_free(labyrinth_page_t page)
{
	int err;

	client_let_go(page);
	err = client_free_unsure(page);
	if (err)
		model_fail("a good free of %#llx is refused: %d", (unsigned long long)page.v, err);
}

int client_pass(labyrinth_page_t page, enum labyrinth_owner from, enum labyrinth_owner to)
{
	int err;

	model_pin(1);
	if (from == LABYRINTH_OWNER_DEVICE)
		err = labyrinth_to_cpu_pinned(maze, page, 0);
	else if (to == LABYRINTH_OWNER_DEVICE)
		err = labyrinth_to_device_pinned(maze, page);
	else
		err = pass(maze, page, from, to);
	model_pin(-1);
	if (err)
		client.refused++;
	return err;
}

void client_drain(void)
{
	model_pin(1);
	lab_drain(&maze->core, lab_front_here(&maze->core));
	model_pin(-1);
}

u32 client_out(void)
{
	u32 i, count = 0;

	for (i = 0; i < maze->core.hot.slots; i++)
		count += client.out[i] != 0;
	return count;
}

static void check_blocks(struct lab_core *core)
{
	u32 i, queued = 0;

	for (i = 0; i < core->blocks; i++) {
		struct lab_block *b = &core->block[i];

		if (b->out & b->old || b->back & (b->out | b->old) ||
		    (b->out | b->old | b->back) != b->here)
			model_fail("block %u: here %#llx is not back %#llx, out %#llx, old %#llx", i,
				   (unsigned long long)b->here, (unsigned long long)b->back,
				   (unsigned long long)b->out, (unsigned long long)b->old);
		if (b->list < LAB_NR_LISTS)
			model_check(b->queued == lab_popcount(b->back));
		else
			model_check(!b->queued && !b->back);
		queued += b->queued;
	}
	model_check(core->depot == queued);
}

static void check_stats(struct lab_core *core, u32 lost)
{
	struct labyrinth_stats stats;
	u32 i, went, back;
	u64 allocs = 0;

	lab_stats(core, &stats);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		allocs += stats.allocs[i];
	model_check(allocs == client.issued);
	model_check(stats.allocs[LABYRINTH_ROUTE_FAIL] == client.failed);
	/* a page that is kept back was not freed, says one path, and was, says another */
	model_check(stats.frees + client.late <= client.accepted &&
		    stats.frees + client.late + lost >= client.accepted);
	model_check(stats.late == client.late);
	/* each page that was issued and is not out went back by one free */
	went = client.issued - client_out();
	back = client.accepted - client.late;
	model_check(went <= back && back <= went + lost);
	model_check(stats.refused == client.refused + client.late);
	model_check(stats.total == core->total);
	if (lost)
		return;
	model_check(stats.owned[LABYRINTH_OWNER_QUARANTINED] == 0);
	model_check(stats.owned[LABYRINTH_OWNER_CPU] + stats.owned[LABYRINTH_OWNER_DEVICE] +
		    stats.owned[LABYRINTH_OWNER_USER] == client_out());
}

void client_settle(void)
{
	u32 cpu;

	for (cpu = 0; cpu < maze->core.cpus; cpu++) {
		model_set_cpu(cpu);
		client_drain();
	}
	model_set_cpu(0);
	check_blocks(&maze->core);
}

u32 client_kept_back(void)
{
	const struct lab_core *core = &maze->core;
	u32 i, count = 0;

	for (i = 0; i < core->blocks; i++)
		count += lab_popcount(core->block[i].quarantined);
	return count;
}

void client_end_lost(u32 lost)
{
	struct lab_core *core = &maze->core;
	u32 left, tries = lost;

	client_settle();
	check_stats(core, lost);
	/* a page to be kept back may be found only now, by a call that then fails */
	for (left = core->total - client_out() - lost; left; left--)
		while (!labyrinth_page_ok(client_alloc()))
			if (!tries--)
				model_fail("lost: %u free pages cannot be had", left);
	model_check(!labyrinth_page_ok(client_alloc()));
	model_check(client_kept_back() == lost);
}

void client_end(void)
{
	client_end_lost(0);
}
