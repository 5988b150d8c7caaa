/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unit tests of the pool's core, through liblabyrinth: what the programs share
 *
 * One thread plays all CPUs by changing its CPU number, except in pool_threads.c.
 */
#ifndef UNIT_POOL_H
#define UNIT_POOL_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hook.h"
#include "labyrinth.h"

#define PAGE	LABYRINTH_PAGE_SIZE

/* The same numbers on every machine, from a seed */
static inline uint64_t unit_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static inline unsigned int unit_below(uint64_t *seed, unsigned int bound)
{
	return (unit_random(seed) >> 16) % bound;
}

static inline struct labyrinth *unit_pool(unsigned int cpus, unsigned int pages,
					  enum labyrinth_policy policy)
{
	struct labyrinth_params params = { .cpus = cpus, .pages = pages, .policy = policy };
	struct labyrinth *maze = labyrinth_create(&params);

	assert_non_null(maze);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	return maze;
}

/* Every page is free, and the pool goes without a rest */
static inline void unit_end(struct labyrinth *maze)
{
	struct labyrinth_stats stats;

	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_FREE], stats.total);
	assert_int_equal(labyrinth_destroy(maze), 0);
}

static inline uint64_t unit_refused(struct labyrinth *maze)
{
	struct labyrinth_stats stats;

	labyrinth_stats(maze, &stats);
	return stats.refused;
}

#endif /* UNIT_POOL_H */
