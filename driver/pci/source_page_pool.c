// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - allocator=page_pool: the network's pool of mapped pages
 *
 * Cheapest legal configuration: a pool for each queue, mapped by the pool (PP_FLAG_DMA_MAP),
 * synced by hand and only where the device needs it, whole pages, a ring that holds every
 * page of the queue, so that none is unmapped before the end.  The queue's lock keeps
 * softirqs away and is held for every call: there is one consumer at a time, so that also
 * a reader's page goes straight into the pool's cache (allow_direct).
 *
 * The pool may not be used in hard interrupts: bottom=softirq.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/minmax.h>
#ifdef LABYRINTH_PAGE_POOL_HELPERS
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

#include "source.h"

static int pp_stock(struct labyrinth_queue *q, unsigned int pages)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP,
		.pool_size = pages,
		.nid = dev_to_node(labyrinth_dma_device(q)),
		.dev = labyrinth_dma_device(q),
		.dma_dir = DMA_FROM_DEVICE,
	};
	struct page_pool *pool = page_pool_create(&params);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	q->stock = pool;
	return 0;
}

static void pp_clear(struct labyrinth_queue *q)
{
	page_pool_destroy(q->stock);
}

static bool pp_get(struct labyrinth_queue *q, struct labyrinth_slot *slot, dma_addr_t *dma,
		   enum labyrinth_route *route)
{
	struct page *page = page_pool_alloc_pages(q->stock, GFP_ATOMIC | __GFP_NOWARN);

	if (unlikely(!page))
		return labyrinth_got_none(q, route);
	*dma = page_pool_get_dma_addr(page);
	labyrinth_page_to_device(q, *dma);
	slot->frame = page;
	return labyrinth_got(q, slot, *dma, route);
}

static int pp_done(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len)
{
	labyrinth_page_to_cpu(q, slot->dma[0], len);
	return 0;
}

static void pp_put(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	page_pool_put_full_page(q->stock, slot->frame, true);
	labyrinth_gave(q);
}

static const u8 *pp_data(const struct labyrinth_queue *q, const struct labyrinth_slot *slot)
{
	return page_address(slot->frame);
}

const struct labyrinth_allocator labyrinth_allocator_page_pool = {
	.name = "page_pool",
	.how = "a page_pool a queue, warmed, mapped by it, a ring for all slots, direct recycling",
	.warm = true,
	.stock = pp_stock,
	.clear = pp_clear,
	.get = pp_get,
	.done = pp_done,
	.put = pp_put,
	.data = pp_data,
};
