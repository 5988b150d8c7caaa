/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the native benchmark share
 *
 * An allocator is a set of sections.  A section is a loop over one pattern with
 * the allocator's calls inlined; it returns the TSC cycles from a fence to a fence
 * and adds the calls that failed to pool->failed, which must stay 0.
 */
#ifndef BENCH_H
#define BENCH_H

#include <rte_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "labyrinth.h"

#define POOL_PAGES	8192
#define BATCH		2048	/* pages that are out at once across cores */
#define KEPT		64	/* pages that are out at once on one core */
#define BULK		32

/* A page as the program keeps it: 8 bytes with every allocator */
union item {
	void *pointer;
	labyrinth_page_t page;
};

struct pool {
	void *it;		/* struct labyrinth or struct rte_mempool */
	uint64_t failed[2];	/* by core; written at the end of a section */
};

struct allocator {
	const char *name;
	const char *params;	/* JSON members, each with a comma before it */
	const char *handler;	/* of rte_mempool; NULL: labyrinth */
	unsigned int cache;

	void *(*create)(const struct allocator *self);
	void (*destroy)(void *it);
	unsigned int (*effective_cache)(void *it);	/* NULL: no cache */

	/* one core; count is in pages */
	uint64_t (*pair)(struct pool *pool, unsigned int count);
	uint64_t (*pair_address)(struct pool *pool, unsigned int count);
	uint64_t (*kept)(struct pool *pool, unsigned int count);
	uint64_t (*bulk)(struct pool *pool, unsigned int count);
	/* its cheapest form of many at once; NULL: no other than bulk, which has a row already */
	uint64_t (*token)(struct pool *pool, unsigned int count);

	/* one side */
	uint64_t (*get)(struct pool *pool, union item *item, unsigned int count);
	uint64_t (*put)(struct pool *pool, const union item *item, unsigned int count);

	/* both cores at once */
	uint64_t (*produce)(struct pool *pool, struct rte_ring *ring, unsigned int count);
	uint64_t (*consume)(struct pool *pool, struct rte_ring *ring, unsigned int count);
	uint64_t (*produce_token)(struct pool *pool, struct rte_ring *ring, unsigned int count);
	uint64_t (*consume_token)(struct pool *pool, struct rte_ring *ring, unsigned int count);
};

extern const struct allocator labyrinth_inline, labyrinth_call, labyrinth_void;
extern const struct allocator mempool_ring, mempool_stack, mempool_ring_bare, mempool_stack_bare;

/* Waits for all loads and stores before it; nothing after it has begun */
static inline uint64_t fenced_tsc(void)
{
	uint32_t low, high;

	asm volatile("mfence\n\tlfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The program "uses" the page: the compiler may drop nothing and fuse nothing */
#define use(item)	asm volatile("" : "+r"((item).pointer) : : "memory")

#endif /* BENCH_H */
