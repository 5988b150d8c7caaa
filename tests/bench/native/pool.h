/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A labyrinth pool for the benchmark
 */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include "bench.h"

static inline void *maze_create(const struct allocator *self)
{
	struct labyrinth_params params = {
		.cpus = 2,
		.pages = POOL_PAGES,
		.policy = LABYRINTH_POLICY_POOL,
	};

	(void)self;
	return labyrinth_create(&params);
}

static inline void maze_destroy(void *it)
{
	labyrinth_destroy(it);
}

#endif /* BENCH_POOL_H */
