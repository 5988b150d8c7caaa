/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * liblabyrinth through the inline calls of its header, which is how rte_mempool is
 * called as well; and its tokens
 */
#include "pool.h"

static __always_inline bool get(void *it, union item *item)
{
	item->page = labyrinth_alloc_pinned(it, 1);
	return labyrinth_page_ok(item->page);
}

static __always_inline bool put(void *it, union item item)
{
	return labyrinth_free_pinned(it, item.page) == 0;
}

#include "handles.h"
#include "sections.h"

static __always_inline bool put_runs(void *it, const struct labyrinth_run *run, unsigned int runs)
{
	int err = 0;

	for (unsigned int i = 0; i < runs; i++)
		err |= labyrinth_free_run_pinned(it, &run[i]);
	return !err;
}

/* A token is of one block, so 32 pages can take more than one; 0 if there are none */
static __always_inline unsigned int get_runs(void *it, struct labyrinth_run *run)
{
	unsigned int have = 0, runs = 0;

	while (have < BULK) {
		unsigned int got = labyrinth_alloc_run_pinned(it, BULK - have, 1, &run[runs]);

		if (!got)
			return 0;
		have += got;
		runs++;
	}
	return runs;
}

static uint64_t section_token(struct pool *pool, unsigned int count)
{
	struct labyrinth_run run[BULK];
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int done = 0; done < count; done += BULK) {
		unsigned int runs = get_runs(it, run);

		bad += !runs;
		asm volatile("" : : "r"(run) : "memory");
		bad += !put_runs(it, run, runs);
	}
	start = fenced_tsc() - start;
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_produce_token(struct pool *pool, struct rte_ring *ring, unsigned int count)
{
	struct labyrinth_run run[BULK];
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int done = 0; done < count; done += BULK) {
		unsigned int runs = get_runs(it, run);

		bad += !runs;
		while (!rte_ring_sp_enqueue_bulk_elem(ring, run, sizeof(run[0]), runs, NULL))
			continue;
	}
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_consume_token(struct pool *pool, struct rte_ring *ring, unsigned int count)
{
	struct labyrinth_run run[BULK];
	unsigned int bad = 0;
	void *const it = pool->it;

	for (unsigned int done = 0; done < count; ) {
		unsigned int runs = rte_ring_sc_dequeue_burst_elem(ring, run, sizeof(run[0]), BULK, NULL);

		for (unsigned int i = 0; i < runs; i++)
			done += __builtin_popcountll(run[i].mask);
		bad += !put_runs(it, run, runs);
	}
	__atomic_fetch_add(&pool->failed[1], bad, __ATOMIC_RELAXED);
	return fenced_tsc();
}

const struct allocator labyrinth_inline = {
	.name = "labyrinth",
	.params = ",\"calls\":\"inline\"",
	.create = maze_create,
	.destroy = maze_destroy,
	COMMON_SECTIONS,
	.token = section_token,
	.produce_token = section_produce_token,
	.consume_token = section_consume_token,
};
