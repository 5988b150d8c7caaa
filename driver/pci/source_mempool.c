// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - allocator=mempool: pages in the reserve of a mempool_t, mapped once
 *
 * Cheapest legal configuration: an element is a page and its mapping, made while one may
 * sleep.  mempool_alloc() asks the element's allocator before it looks into the reserve;
 * this one has nothing to give to an atomic caller, which the contract of mempool_alloc_t
 * allows, so the caller gets an element of the reserve, mapped already.  mempool_free()
 * refills the reserve first, so that the mapping lasts.  A pool of plain pages would ask
 * the page allocator each time and be mapped each time: allocator=page and some more.
 *
 * A pool for each queue, with an element for each of its slots: its lock is never waited
 * for, and it is never empty.  That lock sleeps on PREEMPT_RT.
 */
#include <linux/dma-mapping.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "source.h"

struct labyrinth_mapped {
	struct page *page;
	dma_addr_t dma;
};

static void *mempool_make(gfp_t gfp, void *arg)
{
	struct device *dev = labyrinth_dma_device(arg);
	struct labyrinth_mapped *mapped;

	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return NULL;
	mapped = kmalloc(sizeof(*mapped), gfp);
	if (!mapped)
		return NULL;
	mapped->page = alloc_page(gfp);
	if (mapped->page) {
		mapped->dma = dma_map_page(dev, mapped->page, 0, LABYRINTH_PAGE_SIZE,
					   DMA_FROM_DEVICE);
		if (!dma_mapping_error(dev, mapped->dma))
			return mapped;
		__free_page(mapped->page);
	}
	kfree(mapped);
	return NULL;
}

static void mempool_unmake(void *element, void *arg)
{
	struct labyrinth_mapped *mapped = element;

	dma_unmap_page(labyrinth_dma_device(arg), mapped->dma, LABYRINTH_PAGE_SIZE,
		       DMA_FROM_DEVICE);
	__free_page(mapped->page);
	kfree(mapped);
}

static int mempool_stock(struct labyrinth_queue *q, unsigned int pages)
{
	q->stock = mempool_create(pages, mempool_make, mempool_unmake, q);
	return q->stock ? 0 : -ENOMEM;
}

static void mempool_clear(struct labyrinth_queue *q)
{
	mempool_destroy(q->stock);
}

static bool mempool_get(struct labyrinth_queue *q, struct labyrinth_slot *slot, dma_addr_t *dma,
			enum labyrinth_route *route)
{
	struct labyrinth_mapped *mapped = mempool_alloc(q->stock, GFP_ATOMIC);

	if (unlikely(!mapped))
		return labyrinth_got_none(q, route);
	*dma = mapped->dma;
	labyrinth_page_to_device(q, mapped->dma);
	slot->mapped = mapped;
	return labyrinth_got(q, slot, mapped->dma, route);
}

static int mempool_done(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len)
{
	labyrinth_page_to_cpu(q, slot->dma[0], len);
	return 0;
}

static void mempool_put(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	mempool_free(slot->mapped, q->stock);
	labyrinth_gave(q);
}

static const u8 *mempool_data(const struct labyrinth_queue *q, const struct labyrinth_slot *slot)
{
	return page_address(slot->mapped->page);
}

const struct labyrinth_allocator labyrinth_allocator_mempool = {
	.name = "mempool",
	.how = "a mempool_t a queue, a page a slot, mapped once, synced only where needed",
	.hardirq = true,
	.stock = mempool_stock,
	.clear = mempool_clear,
	.get = mempool_get,
	.done = mempool_done,
	.put = mempool_put,
	.data = mempool_data,
};
