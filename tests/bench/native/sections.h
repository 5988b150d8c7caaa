/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sections, written once for all allocators
 *
 * The file that includes this one has defined, as always inlined functions,
 *	get(it, item), put(it, item)			false: failed
 *	get_bulk(it, item, n), put_bulk(it, item, n)	false: failed
 *	address(it, item)				the page's address
 * so that the loops are the same and only the allocator differs.
 */
#ifndef SECTIONS_H
#define SECTIONS_H

#include "bench.h"

static uint64_t section_pair(struct pool *pool, unsigned int count)
{
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int i = 0; i < count; i++) {
		union item item;

		bad += !get(it, &item);
		use(item);
		bad += !put(it, item);
	}
	start = fenced_tsc() - start;
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_pair_address(struct pool *pool, unsigned int count)
{
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int i = 0; i < count; i++) {
		union item item, where;

		bad += !get(it, &item);
		where.pointer = address(it, item);
		use(where);
		bad += !put(it, item);
	}
	start = fenced_tsc() - start;
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_kept(struct pool *pool, unsigned int count)
{
	union item item[KEPT];
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int done = 0; done < count; done += KEPT) {
		for (unsigned int i = 0; i < KEPT; i++)
			bad += !get(it, &item[i]);
		asm volatile("" : : "r"(item) : "memory");
		for (unsigned int i = 0; i < KEPT; i++)
			bad += !put(it, item[i]);
	}
	start = fenced_tsc() - start;
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_bulk(struct pool *pool, unsigned int count)
{
	union item item[BULK];
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int done = 0; done < count; done += BULK) {
		bad += !get_bulk(it, item, BULK);
		asm volatile("" : : "r"(item) : "memory");
		bad += !put_bulk(it, item, BULK);
	}
	start = fenced_tsc() - start;
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_get(struct pool *pool, union item *item, unsigned int count)
{
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int i = 0; i < count; i++)
		bad += !get(it, &item[i]);
	start = fenced_tsc() - start;
	pool->failed[0] += bad;
	return start;
}

/* May run on the other core */
static uint64_t section_put(struct pool *pool, const union item *item, unsigned int count)
{
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int i = 0; i < count; i++)
		bad += !put(it, item[i]);
	start = fenced_tsc() - start;
	__atomic_fetch_add(&pool->failed[1], bad, __ATOMIC_RELAXED);
	return start;
}

/* Returns the time of its beginning; the consumer's minus this is the total */
static uint64_t section_produce(struct pool *pool, struct rte_ring *ring, unsigned int count)
{
	union item item[BULK];
	unsigned int bad = 0;
	void *const it = pool->it;
	uint64_t start = fenced_tsc();

	for (unsigned int done = 0; done < count; done += BULK) {
		bad += !get_bulk(it, item, BULK);
		while (!rte_ring_sp_enqueue_bulk(ring, (void **)item, BULK, NULL))
			continue;
	}
	pool->failed[0] += bad;
	return start;
}

static uint64_t section_consume(struct pool *pool, struct rte_ring *ring, unsigned int count)
{
	union item item[BULK];
	unsigned int bad = 0;
	void *const it = pool->it;

	for (unsigned int done = 0; done < count; done += BULK) {
		while (!rte_ring_sc_dequeue_bulk(ring, (void **)item, BULK, NULL))
			continue;
		bad += !put_bulk(it, item, BULK);
	}
	__atomic_fetch_add(&pool->failed[1], bad, __ATOMIC_RELAXED);
	return fenced_tsc();
}

#define COMMON_SECTIONS							\
	.pair = section_pair,						\
	.pair_address = section_pair_address,				\
	.kept = section_kept,						\
	.bulk = section_bulk,						\
	.get = section_get,						\
	.put = section_put,						\
	.produce = section_produce,					\
	.consume = section_consume

#endif /* SECTIONS_H */
