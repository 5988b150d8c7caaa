// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - the allocator behind the ISR: which one, and its life
 *
 * Contract: allocator= picks a source for all devices before the first one is probed, and
 * its calls are patched into the path of the data then.  A device's source is made at probe,
 * a queue's stock at its first bind and made anew when more is needed; both end with the
 * device, after every page is back, or, with labyrinth, before.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/jump_label.h>
#include <linux/seq_file.h>

#include "bottom.h"
#include "buffers.h"

DEFINE_STATIC_CALL_NULL(labyrinth_get, *labyrinth_allocator_labyrinth.get);
DEFINE_STATIC_CALL_NULL(labyrinth_done, *labyrinth_allocator_labyrinth.done);
DEFINE_STATIC_CALL_NULL(labyrinth_put, *labyrinth_allocator_labyrinth.put);
DEFINE_STATIC_CALL_NULL(labyrinth_flush, *labyrinth_allocator_labyrinth.flush);
DEFINE_STATIC_CALL_NULL(labyrinth_drop, *labyrinth_allocator_labyrinth.drop);
DEFINE_STATIC_CALL_NULL(labyrinth_own, *labyrinth_allocator_labyrinth.own);
DEFINE_STATIC_CALL_NULL(labyrinth_data, *labyrinth_allocator_labyrinth.data);
DEFINE_STATIC_KEY_FALSE(labyrinth_prompt);
DEFINE_STATIC_KEY_FALSE(labyrinth_elsewhere);

/* Another allocator is a line here, one in source.h and one in Kbuild */
static const struct labyrinth_allocator * const labyrinth_allocators[] = {
	&labyrinth_allocator_labyrinth,
	&labyrinth_allocator_page,
	&labyrinth_allocator_mempool,
	&labyrinth_allocator_dma_pool,
#ifdef CONFIG_PAGE_POOL
	&labyrinth_allocator_page_pool,
#endif
};

static const struct labyrinth_allocator *labyrinth_chosen;

static const struct labyrinth_allocator *labyrinth_find_allocator(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(labyrinth_allocators); i++)
		if (!strcmp(labyrinth_allocators[i]->name, name))
			return labyrinth_allocators[i];
	return NULL;
}

static void labyrinth_drop_done(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	static_call(labyrinth_done)(q, slot, 0);
	static_call(labyrinth_put)(q, slot);
}

static void labyrinth_patch(const struct labyrinth_allocator *allocator)
{
	static_call_update(labyrinth_get, allocator->get);
	static_call_update(labyrinth_done, allocator->done);
	static_call_update(labyrinth_put, allocator->put);
	static_call_update(labyrinth_flush, allocator->flush);
	static_call_update(labyrinth_drop, allocator->drop ?: labyrinth_drop_done);
	static_call_update(labyrinth_data, allocator->data);
	if (allocator->own)
		static_call_update(labyrinth_own, allocator->own);
	else
		static_call_update(labyrinth_own, (void *)&__static_call_return0);
}

/**
 * labyrinth_buffers_choose - at load: the allocator of all devices
 * @name: as allocator= spells it
 * @softirq: the interrupt's work is done in softirq
 *
 * Return: 0; -EINVAL if there is none of this name, or it may not be used there at all;
 * -EOPNOTSUPP if it may not be on PREEMPT_RT.
 */
int labyrinth_buffers_choose(const char *name, bool softirq)
{
	const struct labyrinth_allocator *allocator = labyrinth_find_allocator(name);

	if (!allocator) {
		pr_err("%s: no allocator '%s' in this kernel\n", LABYRINTH_NAME, name);
		return -EINVAL;
	}
	if (!softirq && !allocator->hardirq) {
		pr_err("%s: allocator=%s may not be used in hard interrupts: add bottom=softirq\n",
		       LABYRINTH_NAME, name);
		return -EINVAL;
	}
	if (!softirq && !allocator->raw && IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("%s: allocator=%s may sleep on PREEMPT_RT: add bottom=softirq\n",
		       LABYRINTH_NAME, name);
		return -EOPNOTSUPP;
	}
	if (labyrinth_param_isolate() == LABYRINTH_ISOLATE_STRICT)
		allocator = &labyrinth_allocator_strict;
	labyrinth_chosen = allocator;
	labyrinth_patch(allocator);
	if (!allocator->late) {
		static_branch_enable(&labyrinth_prompt);
		static_branch_enable(&labyrinth_elsewhere);
	}
	if (softirq && !allocator->raw)
		static_branch_enable(&labyrinth_soft_lock);
	return 0;
}

/** labyrinth_buffers_slot - bytes of a slot: labyrinth knows a page's address itself */
size_t labyrinth_buffers_slot(void)
{
	return sizeof(struct labyrinth_slot) + (labyrinth_chosen->late ? 0 : sizeof(dma_addr_t));
}

/** labyrinth_buffers_pool - is there a pool of labyrinth's, with a policy */
bool labyrinth_buffers_pool(void)
{
	return labyrinth_chosen->stats;
}

/**
 * labyrinth_buffers_create - make the device's source, as the module parameters say
 * @ldev: the device
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int labyrinth_buffers_create(struct labyrinth_dev *ldev)
{
	unsigned int pages = labyrinth_param_pool_pages(ldev->nr_queues);

	ldev->pool_limit = labyrinth_param_pool_max(pages);
	ldev->policy = labyrinth_buffers_pool() ? labyrinth_param_policy() : LABYRINTH_POLICY_NONE;
	return labyrinth_chosen->create ? labyrinth_chosen->create(ldev) : 0;
}

static u64 labyrinth_pages_out(struct labyrinth_dev *ldev)
{
	u64 out = 0;
	unsigned int i;

	for (i = 0; i < ldev->nr_queues; i++) {
		struct labyrinth_queue *q = &ldev->queue[i];
		unsigned long flags = labyrinth_lock(q);

		out += q->tally.gets - q->tally.puts;
		labyrinth_unlock(q, flags);
	}
	return out;
}

static void labyrinth_clear(struct labyrinth_queue *q)
{
	if (q->stock && labyrinth_chosen->clear)
		labyrinth_chosen->clear(q);
	q->stock = NULL;
	q->stocked = 0;
}

/**
 * labyrinth_buffers_destroy - give everything back
 * @ldev: the device; no queue runs any more
 *
 * A page that a reader copies from at this moment is waited for.  Only labyrinth can do
 * without when that takes too long: the reader frees it late.  What another allocator has is
 * left alone then, for what it does with a page that is out is not to be relied upon.
 *
 * Context: process.
 * Return: 0, or a negative errno when pages were still out.
 */
int labyrinth_buffers_destroy(struct labyrinth_dev *ldev)
{
	unsigned long end = jiffies + msecs_to_jiffies(LABYRINTH_DESTROY_MS);
	unsigned int i;
	int err = 0;

	while (!labyrinth_chosen->late && labyrinth_pages_out(ldev)) {
		if (time_after(jiffies, end))
			return -EBUSY;
		usleep_range(100, 1000);
	}
	for (i = 0; i < ldev->nr_queues; i++)
		labyrinth_clear(&ldev->queue[i]);
	if (labyrinth_chosen->destroy)
		err = labyrinth_chosen->destroy(ldev);
	return err;
}

/* Have the device's writes to be made visible to the CPU, or is nothing in between? */
static bool labyrinth_needs_sync(struct device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL);
	bool needs = true;
	dma_addr_t dma;

	if (!page)
		return true;
	dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	if (!dma_mapping_error(dev, dma)) {
		/* Its checks want to see each hand-over. */
		needs = IS_ENABLED(CONFIG_DMA_API_DEBUG) || dma_need_sync(dev, dma);
		dma_unmap_page(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	}
	__free_page(page);
	return needs;
}

/* Have each slot's page once, so that the allocator has kept as many when the queue starts. */
static void labyrinth_warm(struct labyrinth_queue *q)
{
	enum labyrinth_route route;
	unsigned long flags;
	unsigned int had = 0;
	dma_addr_t dma;
	bool got = true;

	while (got && had < q->nr_slots) {
		flags = labyrinth_lock(q);
		got = static_call(labyrinth_get)(q, labyrinth_slot_at(q, had), &dma, &route);
		labyrinth_unlock(q, flags);
		had += got;
	}
	while (had) {
		flags = labyrinth_lock(q);
		labyrinth_buffer_drop(q, labyrinth_slot_at(q, --had));
		labyrinth_unlock(q, flags);
	}
}

/**
 * labyrinth_buffers_stock - have pages ready before a queue starts
 * @q: a queue that is being bound, with its slots; none of its pages is out
 *
 * Context: process, may sleep; ctl is held.
 * Return: 0, or a negative errno.
 */
int labyrinth_buffers_stock(struct labyrinth_queue *q)
{
	int err = 0;

	if (labyrinth_chosen->late)
		return labyrinth_chosen->stock(q, q->nr_slots);
	if (q->stocked < q->nr_slots) {
		labyrinth_clear(q);
		q->sync = labyrinth_needs_sync(labyrinth_dma_device(q));
		if (labyrinth_chosen->stock)
			err = labyrinth_chosen->stock(q, q->nr_slots);
		if (err)
			return err;
		q->stocked = q->nr_slots;
	}
	if (labyrinth_chosen->warm)
		labyrinth_warm(q);
	return 0;
}

/* Of an allocator that has no pool of labyrinth's: what the driver counts itself */
static void labyrinth_tally_stats(struct labyrinth_dev *ldev, struct labyrinth_pool_stats *stats)
{
	unsigned int i;

	for (i = 0; i < ldev->nr_queues; i++) {
		struct labyrinth_queue *q = &ldev->queue[i];
		unsigned long flags = labyrinth_lock(q);

		stats->total += q->tally.gets - q->tally.puts;
		stats->owned[LABYRINTH_OWNER_DEVICE] += q->nr_granted;
		stats->allocs[LABYRINTH_ROUTE_FAIL] += q->tally.fails;
		stats->frees += q->tally.puts;
		labyrinth_unlock(q, flags);
	}
	stats->owned[LABYRINTH_OWNER_CPU] = stats->total - stats->owned[LABYRINTH_OWNER_DEVICE];
}

/**
 * labyrinth_buffers_stats - the pool's counters, for the user
 * @ldev: the device; its source exists
 * @stats: all zeros; filled but for its size
 *
 * Context: process; ctl is held.
 */
void labyrinth_buffers_stats(struct labyrinth_dev *ldev, struct labyrinth_pool_stats *stats)
{
	struct labyrinth_stats pool;

	BUILD_BUG_ON(sizeof(stats->allocs) != sizeof(pool.allocs));
	BUILD_BUG_ON(sizeof(stats->contexts) != sizeof(pool.contexts));
	BUILD_BUG_ON(sizeof(stats->owned) != sizeof(pool.owned));

	if (!labyrinth_chosen->stats) {
		labyrinth_tally_stats(ldev, stats);
		return;
	}
	labyrinth_chosen->stats(ldev, &pool);
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

/* --- debugfs: allocator ------------------------------------------------------- */

static void labyrinth_tally_all(struct labyrinth_dev *ldev, struct labyrinth_tally *sum,
				unsigned int *most)
{
	struct labyrinth_stats pool;
	unsigned int i;

	for (i = 0; i < ldev->nr_queues; i++) {
		struct labyrinth_queue *q = &ldev->queue[i];
		unsigned long flags = labyrinth_lock(q);

		sum->gets += q->tally.gets;
		sum->fails += q->tally.fails;
		sum->puts += q->tally.puts;
		*most += labyrinth_queue_most(q);
		labyrinth_unlock(q, flags);
	}
	if (!labyrinth_chosen->stats)
		return;
	labyrinth_chosen->stats(ldev, &pool);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		sum->gets += pool.allocs[i];
	sum->fails = pool.allocs[LABYRINTH_ROUTE_FAIL];
	sum->puts = pool.frees;
}

static int labyrinth_allocator_show(struct seq_file *m, void *unused)
{
	struct labyrinth_dev *ldev = m->private;
	struct labyrinth_tally sum = {};
	unsigned int most = 0;

	mutex_lock(&ldev->ctl);
	labyrinth_tally_all(ldev, &sum, &most);
	mutex_unlock(&ldev->ctl);
	seq_printf(m, "name=%s\nbottom=%s\n", labyrinth_chosen->name, labyrinth_bottom_name());
	seq_printf(m, "configuration=%s; new pages %s; limit %u pages", labyrinth_chosen->how,
		   want_init_on_alloc(GFP_ATOMIC) ? "zeroed (init_on_alloc)" : "not zeroed",
		   ldev->pool_limit);
	if (labyrinth_buffers_pool())
		seq_printf(m, "; policy %s", labyrinth_policy_name(ldev->policy));
	seq_printf(m, "\ngets=%llu fails=%llu puts=%llu out=%llu most_out=%u\n", sum.gets,
		   sum.fails, sum.puts, sum.gets - sum.puts, most);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(labyrinth_allocator);

/** labyrinth_buffers_debugfs - the file that says which allocator this is, and how it did */
void labyrinth_buffers_debugfs(struct labyrinth_dev *ldev)
{
	debugfs_create_file("allocator", 0400, ldev->folder, ldev, &labyrinth_allocator_fops);
}
