// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth_pool: making and ending pools
 *
 * Create checks everything before it takes anything, and says in one log line
 * why it refuses.  Destroy ends within its timeout plus the time it takes to
 * unmap what is there; it waits for pages, never for a promise of a client.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "place.h"
#include "pool.h"

/* Holders named in the log when a pool is destroyed under them */
#define LAB_NAMED_HOLDERS	16

static DEFINE_IDA(lab_ids);

static int lab_refuse_create(const struct labyrinth_params *params, int err, const char *why)
{
	pr_err("%s: no pool: %s (%d)\n", params->name ?: "?", why, err);
	return err;
}

static int lab_check(const struct labyrinth_params *params)
{
	u32 max_pages = params->max_pages ?: params->pages;
	u32 low = params->low ?: params->pages / 4;
	u32 high = params->high ?: params->pages;
	int node = params->node;

	if (!params->name || !params->dev)
		return lab_refuse_create(params, -EINVAL, "name and dev must be given");
	if (!params->pages)
		return lab_refuse_create(params, -EINVAL, "0 pages; at least 1 is needed");
	if (max_pages < params->pages || low > high || high > max_pages ||
	    params->reserve >= params->pages)
		return lab_refuse_create(params, -EINVAL,
					 "marks out of order: low <= high <= max_pages, pages <= max_pages and reserve < pages must hold");
	if (params->policy < LABYRINTH_POLICY_FALLBACK ||
	    params->policy > LABYRINTH_POLICY_DIRECT)
		return lab_refuse_create(params, -EINVAL, "unknown policy");
	if (params->isolate != LABYRINTH_ISOLATE_NONE &&
	    params->isolate != LABYRINTH_ISOLATE_STRICT)
		return lab_refuse_create(params, -EINVAL, "unknown isolation");
	if (params->isolate == LABYRINTH_ISOLATE_STRICT && params->policy != LABYRINTH_POLICY_POOL)
		return lab_refuse_create(params, -EINVAL,
					 "isolation is for policy pool: the others map pages in interrupts");
	if (!valid_dma_direction(params->dir))
		return lab_refuse_create(params, -EINVAL, "no DMA direction");
	if (node != NUMA_NO_NODE && (node < 0 || node >= MAX_NUMNODES))
		return lab_refuse_create(params, -EINVAL, "no such NUMA node");
	if (node != NUMA_NO_NODE && !node_online(node))
		return lab_refuse_create(params, -ENODEV, "the NUMA node is offline");
	if (max_pages > totalram_pages() || max_pages > LABYRINTH_SLOT_MASK)
		return lab_refuse_create(params, -E2BIG, "more pages than the system has");
	if (params->policy == LABYRINTH_POLICY_DIRECT && LAB_RT_RULES)
		return lab_refuse_create(params, -EOPNOTSUPP,
					 "policy direct needs the page allocator in interrupts, which this kernel (PREEMPT_RT, or PROVE_RAW_LOCK_NESTING) does not allow");
	if (!params->dev->dma_mask || !*params->dev->dma_mask)
		return lab_refuse_create(params, -EIO, "the device has no DMA mask");
	/* it stays as it is; without this the DMA layer would warn of every page */
	if (dma_set_mask(params->dev, *params->dev->dma_mask))
		return lab_refuse_create(params, -EIO,
					 "no memory zone is within the device's DMA mask");
	return 0;
}

static gfp_t lab_zone(struct device *dev)
{
	u64 mask = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);

	if (mask <= DMA_BIT_MASK(24))
		return GFP_DMA;
	return mask <= DMA_BIT_MASK(32) ? GFP_DMA32 : 0;
}

static void lab_configure(struct labyrinth *maze, const struct labyrinth_params *params)
{
	struct lab_core *core = &maze->core;

	strscpy(maze->name, params->name, sizeof(maze->name));
	maze->dev = params->dev;
	maze->dir = params->dir;
	maze->node = params->node == NUMA_NO_NODE ? dev_to_node(params->dev) : params->node;
	maze->zone = lab_zone(params->dev);
	maze->policy = params->policy;
	maze->isolate = params->isolate;
	maze->refilled = params->refilled;
	maze->arg = params->arg;

	core->limit = params->max_pages ?: params->pages;
	core->pages = params->pages;
	core->cpus = num_possible_cpus();
	core->direct = params->policy == LABYRINTH_POLICY_DIRECT;
	core->reserve = core->direct ? 0 : params->reserve;
	core->low = core->direct ? 0 : params->low ?: params->pages / 4;
	core->high = params->high ?: params->pages;
	lab_shape(core);
}

/* Zeroed, and aligned to cache lines also when it is small */
static void *lab_table(struct labyrinth *maze, size_t count, size_t size)
{
	size_t bytes = array_size(count, size);

	if (bytes < PAGE_SIZE)
		bytes = roundup_pow_of_two(bytes);
	return kvmalloc_node(bytes, GFP_KERNEL | __GFP_ZERO, maze->node);
}

static int lab_take_memory(struct labyrinth *maze)
{
	struct lab_core *core = &maze->core;
	struct labyrinth_hot *hot = &core->hot;
	int id = ida_alloc_range(&lab_ids, 1, LAB_POOL_IDS - 1, GFP_KERNEL);

	if (id < 0)
		return id;
	core->id = id;
	core->block = lab_table(maze, core->blocks, sizeof(*core->block));
	core->epoch = lab_table(maze, hot->slots, sizeof(*core->epoch));
	hot->dma = lab_table(maze, hot->slots, sizeof(*hot->dma));
	hot->frame = lab_table(maze, hot->slots, sizeof(*hot->frame));
	hot->front = __alloc_percpu(sizeof(struct lab_front), SMP_CACHE_BYTES);
	if (!core->block || !core->epoch || !hot->dma || !hot->frame || !hot->front)
		return -ENOMEM;
	lab_memory_init(maze);
	return 0;
}

static void lab_release_memory(struct labyrinth *maze)
{
	struct lab_core *core = &maze->core;

	free_percpu(core->hot.front);
	kvfree(core->hot.frame);
	kvfree(core->hot.dma);
	kvfree(core->epoch);
	kvfree(core->block);
	kvfree(maze->record);
	if (core->id)
		ida_free(&lab_ids, core->id);
	kfree(maze);
}

void lab_maze_free(struct labyrinth *maze)
{
	lab_release_memory(maze);
	module_put(THIS_MODULE);
}

/**
 * labyrinth_create - make a pool
 * @params: see there; copied, but @params->dev must stay until labyrinth_destroy()
 *
 * Makes and maps @params->pages pages (none under policy direct).
 *
 * Context: process; may sleep.
 * Return: the pool, or an ERR_PTR, with one line in the log: -EINVAL: a parameter
 * makes no sense; -ENODEV: the NUMA node is offline; -E2BIG: more than the system's
 * memory; -ENOMEM: not enough of it free; -EIO: the device cannot be given pages
 * (no DMA mask, or one that no memory zone is within; no mapping); -EOPNOTSUPP: policy
 * direct on a kernel with PREEMPT_RT, or with PROVE_RAW_LOCK_NESTING, which checks RT's
 * rules; -EPERM: in a wrong context.
 */
struct labyrinth *labyrinth_create(const struct labyrinth_params *params)
{
	struct labyrinth *maze;
	int made, err;

	if (!lab_may_sleep(CREATE))
		return ERR_PTR(-EPERM);
	err = lab_check(params);
	if (err)
		return ERR_PTR(err);
	maze = kzalloc(roundup_pow_of_two(sizeof(*maze)), GFP_KERNEL);
	if (!maze)
		return ERR_PTR(lab_refuse_create(params, -ENOMEM, "no memory for the pool"));
	lab_configure(maze, params);
	err = lab_take_memory(maze);
	if (err) {
		lab_refuse_create(params, err, "no memory for the pool's tables");
		goto err_memory;
	}
	lab_init(&maze->core);
	if (!maze->core.direct) {
		made = lab_grow(&maze->core, params->pages);
		if (made < (int)params->pages) {
			err = made == -EIO ? -EIO : -ENOMEM;
			lab_refuse_create(params, err,
					  err == -EIO ? "the device's pages cannot be mapped" :
							"not enough free memory for the pages");
			goto err_pages;
		}
	}
	err = lab_track_add(maze);
	if (err) {
		lab_refuse_create(params, err, "no memory for the holders' records");
		goto err_pages;
	}
	err = lab_shrink_start(maze);
	if (err) {
		lab_refuse_create(params, err, "no memory for the shrinker");
		goto err_track;
	}
	__module_get(THIS_MODULE);
	lab_worker_init(maze);
	lab_debugfs_add(maze);
	return maze;

err_track:
	lab_track_remove(maze);
err_pages:
	lab_trim(&maze->core, 0);
err_memory:
	lab_release_memory(maze);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(labyrinth_create);

static void lab_warn_holder(void *arg, const char *line)
{
	struct labyrinth *maze = arg;

	pr_warn("%s: still out: %s\n", maze->name, line);
}

/* Takes the device from the pages that did not come back, and names their holders */
static int lab_abandon(struct labyrinth *maze)
{
	u32 out = lab_list_holders(maze, lab_warn_holder, maze, LAB_NAMED_HOLDERS);

	if (out > LAB_NAMED_HOLDERS)
		pr_warn("%s: and %u more\n", maze->name, out - LAB_NAMED_HOLDERS);
	out = lab_quarantine(&maze->core);
	/* pages that were being freed at this moment are in the depot after this */
	synchronize_rcu();
	lab_trim(&maze->core, 0);
	if (!out)
		return 0;
	pr_warn("%s: destroyed with %u pages out; they are unmapped, and freed when their holders give them back\n",
		maze->name, out);
	return -EBUSY;
}

/**
 * labyrinth_destroy - end a pool
 * @maze: the pool; NULL and error pointers are ignored
 * @timeout_ms: how long to wait for pages that are out
 *
 * The device must not write any more: what is still with it is unmapped.  No call
 * for this pool may be going on or come later, except frees of pages that are out:
 * those stay safe for ever, and the last of them frees what is left of the pool.
 * Waits for a refilled() that is running: hold no lock that it takes.
 *
 * Context: process; sleeps up to @timeout_ms plus the time to unmap the pages.
 * Return: 0 when every page was back, -EBUSY when some are out; the log has their
 * holders.
 */
int labyrinth_destroy(struct labyrinth *maze, unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	struct lab_core *core;
	unsigned long flags;
	bool ended;
	int err = 0;

	if (!lab_may_sleep(DESTROY))
		return -EPERM;
	if (IS_ERR_OR_NULL(maze))
		return 0;
	core = &maze->core;
	lab_debugfs_remove(maze);
	lab_track_remove(maze);
	lab_shrink_stop(maze);
	lab_close(core);
	lab_worker_cancel(maze);
	lab_flush_fronts(maze);
	lab_end_apart(core);

	lab_trim(core, 0);
	while (lab_total(core) && time_before(jiffies, end)) {
		usleep_range(500, 1000);
		lab_trim(core, 0);
	}
	if (lab_total(core))
		err = lab_abandon(maze);
	maze->dev = NULL;

	local_irq_save(flags);
	ended = lab_leave(core);
	if (!ended)
		irq_work_queue(&maze->irq);
	local_irq_restore(flags);
	if (ended) {
		/* the last free may not have returned from the pool's memory yet */
		synchronize_rcu();
		lab_maze_free(maze);
	}
	return err;
}
EXPORT_SYMBOL_GPL(labyrinth_destroy);

/**
 * labyrinth_stats - the pool's counters and owners
 * @maze: the pool
 * @stats: filled
 *
 * Exact when nothing else is going on; else each number for itself is one that
 * was true during the call.  Walks all slots.
 *
 * Context: process; may sleep.
 */
void labyrinth_stats(struct labyrinth *maze, struct labyrinth_stats *stats)
{
	if (!lab_may_sleep(STATS)) {
		memset(stats, 0, sizeof(*stats));
		return;
	}
	lab_stats(&maze->core, stats);
}
EXPORT_SYMBOL_GPL(labyrinth_stats);

static int __init lab_pool_init(void)
{
	int err = lab_worker_start();

	if (!err)
		lab_debugfs_start();
	return err;
}

static void __exit lab_pool_exit(void)
{
	lab_debugfs_stop();
	lab_worker_stop();
}

module_init(lab_pool_init);
module_exit(lab_pool_exit);

MODULE_DESCRIPTION("Exclusive, DMA-mapped pages for interrupt context");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
