// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - allocator=dma_pool: coherent blocks of a page's size
 *
 * Cheapest legal configuration: blocks are mapped for their life and never synced, which is
 * what a dma_pool is for.  A pool for each queue, since before Linux 6.3 both calls walk the
 * list of the pool's pages, of which each holds one block of this size; warmed, so that the
 * interrupt does not come to dma_alloc_coherent(), which zeroes.
 *
 * Its lock sleeps on PREEMPT_RT.  dma_pool_destroy() loses what is out: nothing may be.
 */
#include <linux/dmapool.h>

#include "source.h"

static int dma_pool_stock(struct labyrinth_queue *q, unsigned int pages)
{
	q->stock = dma_pool_create(dev_name(&q->ldev->dev), labyrinth_dma_device(q),
				   LABYRINTH_PAGE_SIZE, LABYRINTH_PAGE_SIZE, 0);
	return q->stock ? 0 : -ENOMEM;
}

static void dma_pool_clear(struct labyrinth_queue *q)
{
	dma_pool_destroy(q->stock);
}

static bool dma_pool_get(struct labyrinth_queue *q, struct labyrinth_slot *slot, dma_addr_t *dma,
			 enum labyrinth_route *route)
{
	slot->block = dma_pool_alloc(q->stock, GFP_ATOMIC | __GFP_NOWARN, dma);
	if (unlikely(!slot->block))
		return labyrinth_got_none(q, route);
	return labyrinth_got(q, slot, *dma, route);
}

static int dma_pool_done(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len)
{
	return 0;
}

static void dma_pool_put(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	dma_pool_free(q->stock, slot->block, slot->dma[0]);
	labyrinth_gave(q);
}

static const u8 *dma_pool_data(const struct labyrinth_queue *q, const struct labyrinth_slot *slot)
{
	return slot->block;
}

const struct labyrinth_allocator labyrinth_allocator_dma_pool = {
	.name = "dma_pool",
	.how = "a dma_pool a queue, blocks of 4096 bytes, warmed, coherent, never synced",
	.hardirq = true,
	.warm = true,
	.stock = dma_pool_stock,
	.clear = dma_pool_clear,
	.get = dma_pool_get,
	.done = dma_pool_done,
	.put = dma_pool_put,
	.data = dma_pool_data,
};
