/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rte_mempool, through the inline calls of its header
 *
 * Objects of a page's size, so that both sides hold the same memory; neither side
 * touches it.
 */
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_version.h>
#include <stdio.h>

#include "bench.h"

static __rte_always_inline bool get(void *it, union item *item)
{
	return rte_mempool_get(it, &item->pointer) == 0;
}

static __rte_always_inline bool put(void *it, union item item)
{
	rte_mempool_put(it, item.pointer);
	return true;
}

static __rte_always_inline bool get_bulk(void *it, union item *item, unsigned int count)
{
	return rte_mempool_get_bulk(it, (void **)item, count) == 0;
}

static __rte_always_inline bool put_bulk(void *it, union item *item, unsigned int count)
{
	rte_mempool_put_bulk(it, (void **)item, count);
	return true;
}

static __rte_always_inline void *address(void *it, union item item)
{
	(void)it;
	return item.pointer;
}

#include "sections.h"

static void *mempool_create(const struct allocator *self)
{
	static unsigned int number;
	struct rte_mempool *pool;
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "bench%u", number++);
	pool = rte_mempool_create_empty(name, POOL_PAGES, LABYRINTH_PAGE_SIZE, self->cache, 0,
					SOCKET_ID_ANY, 0);
	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, self->handler, NULL) ||
	    rte_mempool_populate_default(pool) != POOL_PAGES) {
		rte_mempool_free(pool);
		return NULL;
	}
	return pool;
}

static void mempool_destroy(void *it)
{
	rte_mempool_free(it);
}

/* Before 26.07 a cache grows to 1.5 times its size and is then flushed */
static unsigned int mempool_effective_cache(void *it)
{
	struct rte_mempool_cache *cache = rte_mempool_default_cache(it, rte_lcore_id());

	if (!cache)
		return 0;
#if RTE_VERSION < RTE_VERSION_NUM(26, 7, 0, 0)
	return cache->flushthresh;
#else
	return cache->size;
#endif
}

#define MEMPOOL(_name, _handler, _cache)				\
	{								\
		.name = _name,						\
		.handler = _handler,					\
		.cache = _cache,					\
		.create = mempool_create,				\
		.destroy = mempool_destroy,				\
		.effective_cache = mempool_effective_cache,		\
		COMMON_SECTIONS,					\
		.token = section_bulk,	/* arrays are its only form */	\
		.produce_token = section_produce,			\
		.consume_token = section_consume,			\
	}

const struct allocator mempool_ring = MEMPOOL("rte_mempool ring", "ring_mp_mc", 512);
const struct allocator mempool_stack = MEMPOOL("rte_mempool stack", "stack", 512);
const struct allocator mempool_ring_bare = MEMPOOL("rte_mempool ring, no cache", "ring_mp_mc", 0);
const struct allocator mempool_stack_bare = MEMPOOL("rte_mempool stack, no cache", "stack", 0);
