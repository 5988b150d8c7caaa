// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - allocator=labyrinth: the pool for interrupt context, one for the device
 *
 * The default.  Its calls are the pool's pinned ones: interrupts are off under the queue's
 * raw lock, also with bottom=softirq.  A page is the CPU's when it is allocated, the
 * device's from get() on, the CPU's from done() on.  With isolate=strict done() leaves it to
 * the device, and own() takes it and the device off it, so that nothing is mapped or unmapped
 * in an interrupt; one that nobody reads is not unmapped.
 */
#include <linux/err.h>

#include "source.h"

static void maze_refilled(void *arg)
{
	labyrinth_feed_starved(arg);
}

static int maze_create(struct labyrinth_dev *ldev)
{
	unsigned int pages = labyrinth_param_pool_pages(ldev->nr_queues);
	struct labyrinth_params params = {
		.name = dev_name(&ldev->dev),
		.dev = &ldev->pdev->dev,
		.dir = DMA_FROM_DEVICE,
		.node = dev_to_node(&ldev->pdev->dev),
		.pages = pages,
		.max_pages = ldev->pool_limit,
		.low = labyrinth_param_pool_low(pages),
		.policy = ldev->policy,
		.isolate = labyrinth_param_isolate(),
		.refilled = maze_refilled,
		.arg = ldev,
	};
	struct labyrinth *pool = labyrinth_create(&params);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ldev->pool = pool;
	return 0;
}

static int maze_destroy(struct labyrinth_dev *ldev)
{
	return labyrinth_destroy(ldev->pool, LABYRINTH_DESTROY_MS);
}

/* Best effort: what is missing later is refilled, or denied and granted late. */
static int maze_stock(struct labyrinth_queue *q, unsigned int pages)
{
	struct labyrinth_stats stats;

	labyrinth_stats(q->ldev->pool, &stats);
	if (stats.owned[LABYRINTH_OWNER_FREE] < pages)
		labyrinth_refill(q->ldev->pool, pages - stats.owned[LABYRINTH_OWNER_FREE]);
	return 0;
}

static bool maze_get(struct labyrinth_queue *q, struct labyrinth_slot *slot, dma_addr_t *dma,
		     enum labyrinth_route *route)
{
	struct labyrinth *pool = q->ldev->pool;
	labyrinth_page_t page = labyrinth_alloc_route(pool, q->index, route);

	if (!labyrinth_page_ok(page))
		return false;
	*dma = labyrinth_page_dma(pool, page);
	if (labyrinth_to_device_pinned(pool, page)) {
		labyrinth_free_pinned(pool, page);
		*route = LABYRINTH_ROUTE_FAIL;
		return false;
	}
	slot->page = page;
	return true;
}

static int maze_done(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len)
{
	return labyrinth_to_cpu_pinned(q->ldev->pool, slot->page, len);
}

/* Pages come back in the order in which they went, many of one block */
static void maze_flush(struct labyrinth_queue *q)
{
	/* without a page of its own in hand nobody may look at the pool: it may have ended */
	if (q->nr_spent)
		labyrinth_free_bulk(q->ldev->pool, q->spent, q->nr_spent);
	q->nr_spent = 0;
}

static void maze_put(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	q->spent[q->nr_spent++] = slot->page;
	if (q->nr_spent == LABYRINTH_SPENT_MAX)
		maze_flush(q);
}

static void maze_drop(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	labyrinth_to_cpu_pinned(q->ldev->pool, slot->page, 0);
	labyrinth_free_pinned(q->ldev->pool, slot->page);
}

static const u8 *maze_data(const struct labyrinth_queue *q, const struct labyrinth_slot *slot)
{
	return labyrinth_page_addr(q->ldev->pool, slot->page);
}

static void maze_stats(struct labyrinth_dev *ldev, struct labyrinth_stats *stats)
{
	labyrinth_stats(ldev->pool, stats);
}

const struct labyrinth_allocator labyrinth_allocator_labyrinth = {
	.name = "labyrinth",
	.how = "one pool for the device, warmed, mapped once, synced only where needed",
	.hardirq = true,
	.raw = true,
	.late = true,
	.create = maze_create,
	.destroy = maze_destroy,
	.stock = maze_stock,
	.get = maze_get,
	.done = maze_done,
	.put = maze_put,
	.flush = maze_flush,
	.drop = maze_drop,
	.data = maze_data,
	.stats = maze_stats,
};

/* --- isolate=strict --------------------------------------------------------- */

static int strict_done(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len)
{
	return 0;
}

static int strict_own(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	int err;

	if (slot->mine || !labyrinth_page_ok(slot->page))
		return 0;
	err = labyrinth_isolate(q->ldev->pool, slot->page, slot->length);
	if (!err)
		slot->mine = true;
	return err;
}

static void strict_put(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	if (!slot->mine)
		labyrinth_to_cpu_pinned(q->ldev->pool, slot->page, 0);
	labyrinth_free_pinned(q->ldev->pool, slot->page);
}

const struct labyrinth_allocator labyrinth_allocator_strict = {
	.name = "labyrinth",
	.how = "one pool for the device, warmed, unmapped for each reader",
	.hardirq = true,
	.raw = true,
	.late = true,
	.create = maze_create,
	.destroy = maze_destroy,
	.stock = maze_stock,
	.get = maze_get,
	.done = strict_done,
	.put = strict_put,
	.drop = maze_drop,
	.own = strict_own,
	.data = maze_data,
	.stats = maze_stats,
};
