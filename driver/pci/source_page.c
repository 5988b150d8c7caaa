// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - allocator=page: a page of the page allocator for each page of data
 *
 * Cheapest legal configuration: one call to get, one to map, one to unmap, one to free.  The
 * mapping ends when the device is done, and that is the sync too; DMA_ATTR_SKIP_CPU_SYNC and
 * a sync by hand would be a second call for nothing where DMA is coherent.  No page is kept
 * and none is zeroed, unless the kernel zeroes every page that it gives (init_on_alloc).
 *
 * alloc_page() takes a lock that sleeps on PREEMPT_RT: not in hard interrupts there.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>

#include "source.h"

static bool page_get(struct labyrinth_queue *q, struct labyrinth_slot *slot, dma_addr_t *dma,
		     enum labyrinth_route *route)
{
	struct device *dev = labyrinth_dma_device(q);
	struct page *page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);

	if (unlikely(!page))
		return labyrinth_got_none(q, route);
	*dma = dma_map_page(dev, page, 0, LABYRINTH_PAGE_SIZE, DMA_FROM_DEVICE);
	if (unlikely(dma_mapping_error(dev, *dma))) {
		__free_page(page);
		return labyrinth_got_none(q, route);
	}
	slot->frame = page;
	return labyrinth_got(q, slot, *dma, route);
}

static int page_done(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len)
{
	dma_unmap_page(labyrinth_dma_device(q), slot->dma[0], LABYRINTH_PAGE_SIZE,
		       DMA_FROM_DEVICE);
	return 0;
}

static void page_put(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	__free_page(slot->frame);
	labyrinth_gave(q);
}

static const u8 *page_data(const struct labyrinth_queue *q, const struct labyrinth_slot *slot)
{
	return page_address(slot->frame);
}

const struct labyrinth_allocator labyrinth_allocator_page = {
	.name = "page",
	.how = "alloc_page and dma_map_page, dma_unmap_page and __free_page for each page",
	.hardirq = true,
	.get = page_get,
	.done = page_done,
	.put = page_put,
	.data = page_data,
};
