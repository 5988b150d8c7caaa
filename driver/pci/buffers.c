// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - the allocator behind the ISR
 *
 * The one place that knows where a queue's pages come from: another allocator
 * is put behind these calls.  get(), back(), done(), put() and release() run under the
 * queue's raw lock, so with interrupts off, in any context up to hard interrupt; own()
 * without it, where one may sleep.  A page is the CPU's when it is allocated, the device's
 * between get() and back(), the CPU's until put().
 *
 * A page that was filled goes get(), done(), own(), release().  As a rule it is the CPU's
 * from done() on.  With isolate=strict done() leaves it to the device, and own() takes it
 * and the device off it, so that nothing is mapped or unmapped in an interrupt; one that
 * nobody reads is not unmapped.
 */
#include <linux/err.h>
#include <linux/jump_label.h>

#include "driver.h"

/* The parameter is the module's: patched into the ISR once */
static DEFINE_STATIC_KEY_FALSE(labyrinth_strict);

static void labyrinth_refilled(void *arg)
{
	labyrinth_feed_starved(arg);
}

/**
 * labyrinth_buffers_create - make the device's pool, as the module parameters say
 * @ldev: the device
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int labyrinth_buffers_create(struct labyrinth_dev *ldev)
{
	unsigned int pages = labyrinth_param_pool_pages(ldev->nr_queues);
	struct labyrinth_params params = {
		.name = dev_name(&ldev->dev),
		.dev = &ldev->pdev->dev,
		.dir = DMA_FROM_DEVICE,
		.node = dev_to_node(&ldev->pdev->dev),
		.pages = pages,
		.max_pages = labyrinth_param_pool_max(pages),
		.low = labyrinth_param_pool_low(pages),
		.policy = labyrinth_param_policy(),
		.isolate = labyrinth_param_isolate(),
		.refilled = labyrinth_refilled,
		.arg = ldev,
	};
	struct labyrinth *pool = labyrinth_create(&params);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ldev->pool = pool;
	ldev->pool_limit = params.max_pages;
	ldev->policy = params.policy;
	if (params.isolate == LABYRINTH_ISOLATE_STRICT)
		static_branch_enable(&labyrinth_strict);
	return 0;
}

/**
 * labyrinth_buffers_destroy - give the pool back
 * @ldev: the device; no queue runs any more
 *
 * A page that a reader copies from at this moment is freed by the reader, late,
 * which the pool allows.
 *
 * Context: process.
 * Return: 0, or a negative errno when pages were still out.
 */
int labyrinth_buffers_destroy(struct labyrinth_dev *ldev)
{
	return labyrinth_destroy(ldev->pool, LABYRINTH_DESTROY_MS);
}

/**
 * labyrinth_buffers_prepare - have pages ready before a queue starts
 * @ldev: the device
 * @pages: that the queue may hold
 *
 * Best effort: what is missing later is refilled, or denied and granted late.
 *
 * Context: process, may sleep.
 */
void labyrinth_buffers_prepare(struct labyrinth_dev *ldev, unsigned int pages)
{
	struct labyrinth_stats stats;

	labyrinth_stats(ldev->pool, &stats);
	if (stats.owned[LABYRINTH_OWNER_FREE] < pages)
		labyrinth_refill(ldev->pool, pages - stats.owned[LABYRINTH_OWNER_FREE]);
}

/**
 * labyrinth_buffer_get - a page for the device
 * @q: the queue that holds it from now on
 * @isr: the interrupt handler asks, whose allocations can be made to fail
 * @dma: its address for the device
 * @route: which way the allocation took
 *
 * Return: the page, or none.
 */
labyrinth_page_t labyrinth_buffer_get(struct labyrinth_queue *q, bool isr, dma_addr_t *dma,
				      enum labyrinth_route *route)
{
	struct labyrinth *pool = q->ldev->pool;
	labyrinth_page_t page;

	if (static_branch_unlikely(&labyrinth_failing) && isr && labyrinth_fail_alloc(q->ldev)) {
		q->count.injected++;
		*route = LABYRINTH_ROUTE_FAIL;
		return (labyrinth_page_t){ 0 };
	}
	page = labyrinth_alloc_route(pool, q->index, route);
	if (!labyrinth_page_ok(page))
		return page;
	*dma = labyrinth_page_dma(pool, page);
	if (labyrinth_to_device_pinned(pool, page)) {
		labyrinth_free_pinned(pool, page);
		*route = LABYRINTH_ROUTE_FAIL;
		return (labyrinth_page_t){ 0 };
	}
	return page;
}

/**
 * labyrinth_buffer_back - the device is done with a page
 * @q: the queue that holds it
 * @page: the page
 * @len: bytes that the device wrote
 *
 * Return: 0, or a negative errno when the page was not the device's.
 */
int labyrinth_buffer_back(struct labyrinth_queue *q, labyrinth_page_t page, unsigned int len)
{
	return labyrinth_to_cpu_pinned(q->ldev->pool, page, len);
}

/**
 * labyrinth_buffer_put - free a page that is the CPU's
 * @q: the queue that holds it
 * @page: the page
 */
void labyrinth_buffer_put(struct labyrinth_queue *q, labyrinth_page_t page)
{
	labyrinth_free_pinned(q->ldev->pool, page);
}

/**
 * labyrinth_buffer_done - the device has filled a page, and says so
 * @q: the queue that holds it
 * @page: the page
 * @len: bytes that the device wrote
 *
 * Return: 0, or a negative errno when the page was not the device's.
 */
int labyrinth_buffer_done(struct labyrinth_queue *q, labyrinth_page_t page, unsigned int len)
{
	if (static_branch_unlikely(&labyrinth_strict))
		return 0;
	return labyrinth_to_cpu_pinned(q->ldev->pool, page, len);
}

/**
 * labyrinth_buffer_own - before the first look at a filled page
 * @q: the queue that holds it
 * @slot: its slot, busy; @slot->mine is set
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno: the page cannot be read.
 */
int labyrinth_buffer_own(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	int err;

	if (!static_branch_unlikely(&labyrinth_strict) || slot->mine ||
	    !labyrinth_page_ok(slot->page))
		return 0;
	err = labyrinth_isolate(q->ldev->pool, slot->page, slot->length);
	if (!err)
		slot->mine = true;
	return err;
}

/**
 * labyrinth_buffer_release - free a page that was done(), read or not
 * @q: the queue that holds it
 * @slot: its slot; without a page afterwards
 */
void labyrinth_buffer_release(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	if (static_branch_unlikely(&labyrinth_strict) && !slot->mine)
		labyrinth_to_cpu_pinned(q->ldev->pool, slot->page, 0);
	labyrinth_free_pinned(q->ldev->pool, slot->page);
	slot->page = (labyrinth_page_t){ 0 };
	slot->mine = false;
}

/**
 * labyrinth_buffers_stats - the pool's counters, for the user
 * @ldev: the device; its pool exists
 * @stats: filled but for its size
 */
void labyrinth_buffers_stats(struct labyrinth_dev *ldev, struct labyrinth_pool_stats *stats)
{
	struct labyrinth_stats pool;

	BUILD_BUG_ON(sizeof(stats->allocs) != sizeof(pool.allocs));
	BUILD_BUG_ON(sizeof(stats->contexts) != sizeof(pool.contexts));
	BUILD_BUG_ON(sizeof(stats->owned) != sizeof(pool.owned));

	labyrinth_stats(ldev->pool, &pool);
	stats->limit = pool.limit;
	stats->total = pool.total;
	memcpy(stats->owned, pool.owned, sizeof(pool.owned));
	memcpy(stats->allocs, pool.allocs, sizeof(pool.allocs));
	memcpy(stats->contexts, pool.contexts, sizeof(pool.contexts));
	stats->frees = pool.frees;
	stats->refused = pool.refused;
	stats->late = pool.late;
	stats->refills = pool.refills;
	stats->shrunk = pool.shrunk;
}
