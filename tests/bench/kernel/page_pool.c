// SPDX-License-Identifier: GPL-2.0-only
/* The network's page_pool, DMA-mapped; its fast path is for softirq only */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#ifdef BENCH_PAGE_POOL_HELPERS
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

#include "bench.h"

static void *page_pool_start(struct device *dev)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP,
		.pool_size = BENCH_PAGES,
		.nid = NUMA_NO_NODE,
		.dev = dev,
		.dma_dir = DMA_FROM_DEVICE,
	};

	return page_pool_create(&params);
}

static void page_pool_stop(void *pool)
{
	page_pool_destroy(pool);
}

static __always_inline unsigned long page_pool_take(void *pool)
{
	return (unsigned long)page_pool_alloc_pages(pool, GFP_ATOMIC);
}

static __always_inline void page_pool_give(void *pool, unsigned long page)
{
	page_pool_put_full_page(pool, (struct page *)page, true);
}

BENCH_WORK(page_pool)

const struct bench_case bench_page_pool[] = {
	{
		.allocator = "page_pool", .entry = "exported", .policy = "none", .watched = "no",
		.bulk = 1, .no_hardirq = true,
		.start = page_pool_start, .stop = page_pool_stop, .work = page_pool_work,
	},
	{ }
};
