// SPDX-License-Identifier: GPL-2.0-only
/*
 * A million frees of things that may not be freed: none is accepted, each is counted,
 * and the pages that are out stay with their holders
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "test.h"

#define GARBAGE_TRIES	1000000
#define GARBAGE_PAGES	256

struct garbage {
	struct labyrinth *maze;
	struct labyrinth *other;
	labyrinth_page_t live;		/* the CPU's */
	labyrinth_page_t stale;		/* the issue of the same page before */
	labyrinth_page_t device;	/* the device's */
	labyrinth_page_t dead;		/* freed, and not issued since */
	labyrinth_page_t foreign;	/* the other pool's, out */
	void *vmalloced;
	void *slab;
	u64 random;			/* another one each time */
};

static labyrinth_page_t garbage_handle(u64 epoch, u64 pool, u64 slot)
{
	return (labyrinth_page_t){ epoch << LABYRINTH_EPOCH_SHIFT |
				   (pool & (BIT(LABYRINTH_POOL_BITS) - 1)) << LABYRINTH_SLOT_BITS |
				   (slot & LABYRINTH_SLOT_MASK) };
}

static u64 garbage_pool(const struct garbage *g)
{
	return g->live.v >> LABYRINTH_SLOT_BITS & (BIT(LABYRINTH_POOL_BITS) - 1);
}

static u64 try_handle(struct garbage *g, u64 handle)
{
	return !labyrinth_free(g->maze, (labyrinth_page_t){ handle });
}

static u64 try_address(struct garbage *g, unsigned long address)
{
	dealloc_labyrinth_page_exclusive(g->maze, (void *)address);
	/* says nothing: the counters will */
	return 0;
}

static u64 kind_zero(struct garbage *g)
{
	return try_handle(g, 0);
}

static u64 kind_random(struct garbage *g)
{
	return try_handle(g, g->random == g->live.v ? 1 : g->random);
}

static u64 kind_slot_beyond(struct garbage *g)
{
	u64 slot = GARBAGE_PAGES + g->random % (LABYRINTH_SLOT_MASK - GARBAGE_PAGES);

	return try_handle(g, garbage_handle(labyrinth_page_epoch(g->live), garbage_pool(g),
					    slot).v);
}

static u64 kind_other_pool(struct garbage *g)
{
	u64 pool = garbage_pool(g) + 1 + g->random % (BIT(LABYRINTH_POOL_BITS) - 1);

	return try_handle(g, garbage_handle(labyrinth_page_epoch(g->live), pool,
					    labyrinth_page_slot(g->live)).v);
}

static u64 kind_other_epoch(struct garbage *g)
{
	return try_handle(g, g->live.v + ((1 + g->random % 0xffff) << LABYRINTH_EPOCH_SHIFT));
}

static u64 kind_epoch_before(struct garbage *g)
{
	return try_handle(g, g->live.v - (1ULL << LABYRINTH_EPOCH_SHIFT));
}

static u64 kind_never_out(struct garbage *g)
{
	u64 slot = g->random % GARBAGE_PAGES;

	if (slot == labyrinth_page_slot(g->live))
		slot = labyrinth_page_slot(g->dead);
	return try_handle(g, garbage_handle(g->random >> 48, garbage_pool(g), slot).v);
}

static u64 kind_freed_again(struct garbage *g)
{
	return try_handle(g, g->dead.v);
}

static u64 kind_stale(struct garbage *g)
{
	return try_handle(g, g->stale.v);
}

static u64 kind_foreign(struct garbage *g)
{
	return try_handle(g, g->foreign.v);
}

static u64 kind_of_device(struct garbage *g)
{
	return try_handle(g, g->device.v);
}

static u64 kind_one_bit_wrong(struct garbage *g)
{
	return try_handle(g, g->live.v ^ 1ULL << g->random % 64);
}

static u64 kind_in_bulk(struct garbage *g)
{
	labyrinth_page_t page = g->random & 1 ? g->stale : g->dead;

	return labyrinth_free_bulk(g->maze, &page, 1);
}

static u64 kind_run_of_dead(struct garbage *g)
{
	struct labyrinth_run run = { g->dead.v, 1 };

	return !labyrinth_free_run(g->maze, &run);
}

static u64 kind_run_random(struct garbage *g)
{
	struct labyrinth_run run = { g->random ^ g->live.v, 1ULL << g->random % 64 };

	if (run.base + g->random % 64 == g->live.v)
		run.base ^= 1ULL << 60;
	return !labyrinth_free_run(g->maze, &run);
}

static u64 kind_misaligned(struct garbage *g)
{
	return try_address(g, (unsigned long)labyrinth_page_addr(g->maze, g->live) + 1 +
			      g->random % (PAGE_SIZE - 1));
}

static u64 kind_user_address(struct garbage *g)
{
	return try_address(g, (g->random % TASK_SIZE & PAGE_MASK) + PAGE_SIZE);
}

static u64 kind_code(struct garbage *g)
{
	return try_address(g, ((unsigned long)try_address & PAGE_MASK) +
			      (g->random & 1 ? 0 : g->random % PAGE_SIZE));
}

static u64 kind_stack(struct garbage *g)
{
	unsigned long word, here = (unsigned long)&word;

	return try_address(g, g->random & 1 ? here : here & PAGE_MASK);
}

static u64 kind_vmalloc(struct garbage *g)
{
	return try_address(g, (unsigned long)g->vmalloced);
}

static u64 kind_slab(struct garbage *g)
{
	return try_address(g, (unsigned long)g->slab);
}

static u64 kind_page_struct(struct garbage *g)
{
	struct page *page = labyrinth_page_struct(g->maze, g->live);

	unsigned long here = (unsigned long)page;

	return try_address(g, g->random & 1 ? here : here & PAGE_MASK);
}

static u64 kind_not_canonical(struct garbage *g)
{
	return try_address(g, (g->random & ~(0xffffULL << 48)) | 0x8000ULL << 48 | 1ULL << 46);
}

static u64 kind_foreign_address(struct garbage *g)
{
	return try_address(g, (unsigned long)labyrinth_page_addr(g->other, g->foreign));
}

static u64 kind_dead_address(struct garbage *g)
{
	return try_address(g, (unsigned long)labyrinth_page_addr(g->maze, g->dead));
}

static u64 kind_device_address(struct garbage *g)
{
	return try_address(g, (unsigned long)labyrinth_page_addr(g->maze, g->device));
}

static u64 kind_direct_map(struct garbage *g)
{
	unsigned long size = (unsigned long)high_memory - PAGE_OFFSET;
	unsigned long address = PAGE_OFFSET + (g->random % size & PAGE_MASK);

	if (address == (unsigned long)labyrinth_page_addr(g->maze, g->live))
		address++;
	return try_address(g, address);
}

static u64 kind_memory_end(struct garbage *g)
{
	return try_address(g, (unsigned long)high_memory + (g->random % SZ_1G & PAGE_MASK));
}

static u64 kind_pool_itself(struct garbage *g)
{
	return try_address(g, (unsigned long)g->maze);
}

#define KIND(name)	{ #name, kind_##name }

static const struct {
	const char *name;
	u64 (*try)(struct garbage *g);	/* how many were accepted */
} garbage_kinds[] = {
	KIND(zero), KIND(random), KIND(slot_beyond), KIND(other_pool), KIND(other_epoch),
	KIND(epoch_before), KIND(never_out), KIND(freed_again), KIND(stale), KIND(foreign),
	KIND(of_device), KIND(one_bit_wrong), KIND(in_bulk), KIND(run_of_dead), KIND(run_random),
	KIND(misaligned), KIND(user_address), KIND(code), KIND(stack), KIND(vmalloc), KIND(slab),
	KIND(page_struct), KIND(not_canonical), KIND(foreign_address), KIND(dead_address),
	KIND(device_address), KIND(direct_map), KIND(memory_end), KIND(pool_itself),
};

/* The same page again, under another epoch: all are taken until it comes */
static bool garbage_reissue(struct garbage *g)
{
	labyrinth_page_t *taken = kcalloc(GARBAGE_PAGES, sizeof(*taken), GFP_KERNEL);
	u32 n;

	if (!POOL_EXPECT(taken))
		return false;
	for (n = 0; n < GARBAGE_PAGES; n++) {
		taken[n] = labyrinth_alloc(g->maze, 1);
		if (!labyrinth_page_ok(taken[n]) ||
		    labyrinth_page_slot(taken[n]) == labyrinth_page_slot(g->stale))
			break;
	}
	POOL_EXPECT(n < GARBAGE_PAGES && labyrinth_page_ok(taken[n]));
	if (n < GARBAGE_PAGES)
		g->live = taken[n];
	while (n)
		POOL_EXPECT(labyrinth_free(g->maze, taken[--n]) == 0);
	kfree(taken);
	return POOL_EXPECT(labyrinth_page_ok(g->live) && g->live.v != g->stale.v);
}

static bool garbage_prepare(struct garbage *g)
{
	struct labyrinth_params params = pool_params(GARBAGE_PAGES, LABYRINTH_POLICY_POOL);

	g->maze = labyrinth_create(&params);
	g->other = labyrinth_create(&params);
	g->vmalloced = vmalloc(PAGE_SIZE);
	g->slab = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!POOL_EXPECT(!IS_ERR(g->maze) && !IS_ERR(g->other) && g->vmalloced && g->slab))
		return false;
	g->foreign = labyrinth_alloc(g->other, 1);
	g->device = labyrinth_alloc(g->maze, 1);
	POOL_EXPECT(labyrinth_to_device(g->maze, g->device) == 0);
	g->stale = labyrinth_alloc(g->maze, 1);
	POOL_EXPECT(labyrinth_free(g->maze, g->stale) == 0);
	if (!garbage_reissue(g))
		return false;
	g->dead = labyrinth_alloc(g->maze, 1);
	return POOL_EXPECT(labyrinth_free(g->maze, g->dead) == 0);
}

static void garbage_one_kind(struct garbage *g, unsigned int kind, u32 tries)
{
	struct labyrinth_stats before, after;
	struct rnd_state random;
	u64 accepted = 0;
	u32 i;

	prandom_seed_state(&random, kind + 1);
	labyrinth_stats(g->maze, &before);
	for (i = 0; i < tries; i++) {
		g->random = (u64)prandom_u32_state(&random) << 32 | prandom_u32_state(&random);
		accepted += garbage_kinds[kind].try(g);
		if (!(i % 4096))
			cond_resched();
	}
	labyrinth_stats(g->maze, &after);
	if (accepted || after.refused - before.refused != tries || after.frees != before.frees)
		pr_info("# kind %s: %llu accepted, %llu of %u refused, %llu freed\n",
			garbage_kinds[kind].name, accepted, after.refused - before.refused, tries,
			after.frees - before.frees);
	POOL_EXPECT(accepted == 0);
	POOL_EXPECT(after.refused - before.refused == tries);
	POOL_EXPECT(after.frees == before.frees);
	POOL_EXPECT(after.owned[LABYRINTH_OWNER_CPU] == 1);
	POOL_EXPECT(after.owned[LABYRINTH_OWNER_DEVICE] == 1);
	POOL_EXPECT(after.owned[LABYRINTH_OWNER_FREE] == after.total - 2);
}

static bool pool_case_garbage(void)
{
	struct garbage g = { };
	unsigned int kind;

	/* on one CPU each of them is refused in the call */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	if (!garbage_prepare(&g))
		return false;
	for (kind = 0; kind < ARRAY_SIZE(garbage_kinds); kind++)
		garbage_one_kind(&g, kind, DIV_ROUND_UP(GARBAGE_TRIES, ARRAY_SIZE(garbage_kinds)));
	pr_info("# %u tries of %zu kinds\n", GARBAGE_TRIES, ARRAY_SIZE(garbage_kinds));
	/* what is out can still be freed: nothing of it was lost */
	POOL_EXPECT(labyrinth_to_cpu(g.maze, g.device, 0) == 0);
	POOL_EXPECT(labyrinth_free(g.maze, g.device) == 0);
	POOL_EXPECT(labyrinth_free(g.maze, g.live) == 0);
	POOL_EXPECT(labyrinth_free(g.other, g.foreign) == 0);
	vfree(g.vmalloced);
	kfree(g.slab);
	pool_end(g.maze);
	pool_end(g.other);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	return true;
}

const struct pool_case pool_garbage_cases[] = {
	{ "a million frees of garbage", pool_case_garbage },
	{ }
};
