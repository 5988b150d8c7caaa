// SPDX-License-Identifier: GPL-2.0-only
/* The pool, 32 pages at a time: as an array of handles, and as tokens */
#include <linux/labyrinth_pool.h>

#include "bench.h"
#include "own.h"

#define BENCH_BULK	32

static labyrinth_page_t bench_array[BENCH_BULK];
static struct labyrinth_run bench_token[BENCH_BULK];

static __always_inline unsigned long array_take(void *maze)
{
	unsigned int taken = labyrinth_alloc_bulk(maze, 1, bench_array, BENCH_BULK);

	if (likely(taken == BENCH_BULK))
		return taken;
	labyrinth_free_bulk(maze, bench_array, taken);
	return 0;
}

static __always_inline void array_give(void *maze, unsigned long count)
{
	labyrinth_free_bulk(maze, bench_array, count);
}

static __always_inline void token_give(void *maze, unsigned long count)
{
	struct labyrinth_run *run;

	for (run = bench_token; run < bench_token + count; run++)
		labyrinth_free_run_pinned(maze, run);
}

/* Where a block ends a token ends: then it takes two, or more */
static __always_inline unsigned long token_take(void *maze)
{
	unsigned int want = BENCH_BULK;
	unsigned long count = 0;

	do {
		unsigned int taken = labyrinth_alloc_run_pinned(maze, want, 1,
								&bench_token[count]);

		if (unlikely(!taken)) {
			token_give(maze, count);
			return 0;
		}
		want -= taken;
		count++;
	} while (want);
	return count;
}

BENCH_WORK(array)
BENCH_WORK(token)

#define OWN(name, how, call) {						\
	.allocator = (name), .entry = (how), .policy = "pool", .watched = "no",	\
	.bulk = BENCH_BULK, .own = true, .often = true, .no_mixed = true,	\
	.start = bench_pool_start, .stop = bench_maze_stop, .work = call##_work,	\
}

const struct bench_case bench_own_bulk[] = {
	OWN("labyrinth", "exported", array),
	OWN("labyrinth tokens", "inline", token),
	{ }
};
