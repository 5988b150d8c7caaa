// SPDX-License-Identifier: GPL-2.0-only
/* What a driver would use without the pool */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bench.h"

#define BENCH_BULK	32

static struct page *bench_bulk[BENCH_BULK];

static void *plain_start(struct device *dev)
{
	return dev;
}

static void plain_stop(void *pool)
{
}

static __always_inline unsigned long buddy_take(void *pool)
{
	return (unsigned long)alloc_page(GFP_ATOMIC);
}

static __always_inline void buddy_give(void *pool, unsigned long page)
{
	__free_page((struct page *)page);
}

/* A driver keeps the DMA address somewhere: the page itself is the cheapest place */
static __always_inline unsigned long mapped_take(void *pool)
{
	struct page *page = alloc_page(GFP_ATOMIC);
	dma_addr_t dma;

	if (!page)
		return 0;
	dma = dma_map_page(pool, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(pool, dma)) {
		__free_page(page);
		return 0;
	}
	set_page_private(page, dma);
	return (unsigned long)page;
}

static __always_inline void mapped_give(void *pool, unsigned long v)
{
	struct page *page = (struct page *)v;

	dma_unmap_page(pool, page_private(page), PAGE_SIZE, DMA_FROM_DEVICE);
	set_page_private(page, 0);
	__free_page(page);
}

static void *mempool_start(struct device *dev)
{
	return mempool_create_page_pool(BENCH_PAGES, 0) ?: ERR_PTR(-ENOMEM);
}

static void mempool_stop(void *pool)
{
	mempool_destroy(pool);
}

static __always_inline unsigned long mempool_take(void *pool)
{
	return (unsigned long)mempool_alloc(pool, GFP_ATOMIC);
}

static __always_inline void mempool_give(void *pool, unsigned long page)
{
	mempool_free((void *)page, pool);
}

static void *dma_pool_start(struct device *dev)
{
	return dma_pool_create("bench", dev, PAGE_SIZE, PAGE_SIZE, 0) ?: ERR_PTR(-ENOMEM);
}

static void dma_pool_stop(void *pool)
{
	dma_pool_destroy(pool);
}

static __always_inline unsigned long dma_pool_take(void *pool)
{
	dma_addr_t dma;
	void *page = dma_pool_alloc(pool, GFP_ATOMIC, &dma);

	if (page)
		*(dma_addr_t *)page = dma;
	return (unsigned long)page;
}

static __always_inline void dma_pool_give(void *pool, unsigned long page)
{
	dma_pool_free(pool, (void *)page, *(dma_addr_t *)page);
}

static __always_inline unsigned long kmalloc_take(void *pool)
{
	return (unsigned long)kmalloc(PAGE_SIZE, GFP_ATOMIC);
}

static __always_inline void kmalloc_give(void *pool, unsigned long page)
{
	kfree((void *)page);
}

static __always_inline unsigned long bulk_take(void *pool)
{
	unsigned long taken = alloc_pages_bulk_array(GFP_ATOMIC, BENCH_BULK, bench_bulk);

	if (taken == BENCH_BULK)
		return taken;
	while (taken)
		__free_page(bench_bulk[--taken]);
	return 0;
}

/* The call fills empty places only, so that they are emptied here */
static __always_inline void bulk_give(void *pool, unsigned long count)
{
	while (count) {
		__free_page(bench_bulk[--count]);
		bench_bulk[count] = NULL;
	}
}

BENCH_WORK(buddy)
BENCH_WORK(mapped)
BENCH_WORK(mempool)
BENCH_WORK(dma_pool)
BENCH_WORK(kmalloc)
BENCH_WORK(bulk)

#define OTHER(name, call, makes) {					\
	.allocator = (name), .entry = "exported", .policy = "none", .watched = "no", .bulk = 1,	\
	.start = makes##_start, .stop = makes##_stop, .work = call##_work,	\
}

const struct bench_case bench_others[] = {
	OTHER("alloc_page", buddy, plain),
	OTHER("alloc_page + dma_map", mapped, plain),
	OTHER("mempool_t", mempool, mempool),
	OTHER("dma_pool", dma_pool, dma_pool),
	OTHER("kmalloc(4096)", kmalloc, plain),
	{
		.allocator = "alloc_pages_bulk_array", .entry = "exported", .policy = "none",
		.watched = "no", .bulk = BENCH_BULK, .no_mixed = true,
		.start = plain_start, .stop = plain_stop, .work = bulk_work,
	},
	{ }
};
