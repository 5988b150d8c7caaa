/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The patterns: how the pages move, whatever the allocator
 */
#ifndef BENCH_PATTERNS_H
#define BENCH_PATTERNS_H

#include "bench.h"

/* TSC cycles per page of one round */
struct timing {
	double total;
	double get;	/* across cores, pool alone: each side's part */
	double put;
};

struct pattern {
	const char *name;
	const char *params;		/* JSON members, each with a comma before it */
	double target;			/* times fewer cycles than rte_mempool; 0: none stated */
	bool sides;			/* the sides are timed apart */
	/* false: the allocator has no such call */
	bool (*run)(const struct pattern *self, const struct allocator *how, struct pool *pool,
		    struct timing *timing);
	bool turns;			/* never both cores at once */
	unsigned int window;		/* 0, or pages among which the order of the frees is random */
};

extern const struct pattern patterns[];
extern const unsigned int pattern_count;

/* The rings of the hand-off; false without memory */
bool patterns_init(void);

/* Allocations of many sizes, freed in random order and by both cores */
void random_history(const struct allocator *how, struct pool *pool);

/* The hand-off of a pattern with ring, without a pool: the floor.  Cycles per page */
double ring_alone(void);

#endif /* BENCH_PATTERNS_H */
