// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the pool: pages and their DMA mappings, and the worker that keeps
 * the depot between its marks
 *
 * Each page is one allocation and one mapping of its own.  Blocks under one
 * mapping would save IOTLB entries, but a mapping ends as a whole, so a single
 * page that is out would keep its whole block from going back to the system.
 *
 * The way to the worker is alloc or free -> irq_work -> workqueue: queueing
 * work takes locks that sleep on PREEMPT_RT, and the irq_work, not being a hard
 * one, runs in a thread there.  Nobody waits for the worker.  It runs on a
 * WQ_MEM_RECLAIM queue, so it gets on when the pool's user is itself needed for
 * reclaim.
 *
 * Who was refused while pages sat in other CPUs' fronts: the refusal sets
 * LAB_STARVED_*, then the worker has every CPU empty its front.  A free that did
 * not see the flag put its page into a front before that CPU's flush ran, so the
 * flush brings it out; one that saw it went to the depot and kicked the worker.
 * So once a pool has refused, refilled() is called as soon as a page is free.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include "pool.h"

/* After the system had no page for the worker */
#define LAB_RETRY_MS	10

static struct workqueue_struct *lab_wq;
static enum cpuhp_state lab_cpuhp;

/* May the page allocator be called here?  Under RT's rules only where one may sleep */
bool lab_buddy_legal(void)
{
	return LAB_RT_RULES ? preemptible() : !in_nmi();
}

/* Can the device reach the page as it is, without a bounce buffer or an IOMMU? */
static bool lab_in_reach(struct labyrinth *maze, struct page *page)
{
	u64 mask = min_not_zero(dma_get_mask(maze->dev), maze->dev->bus_dma_limit);

	return device_iommu_mapped(maze->dev) ||
	       phys_to_dma(maze->dev, page_to_phys(page)) + PAGE_SIZE - 1 <= mask;
}

/* A mask between two zones (28 bits, say) is sure only of the lower one */
static struct page *lab_page_get(struct labyrinth *maze, gfp_t gfp)
{
	gfp_t zone = maze->zone;

	for (;;) {
		struct page *page = alloc_pages_node(maze->node, gfp | zone, 0);

		if (!page || zone == GFP_DMA || lab_in_reach(maze, page))
			return page;
		__free_page(page);
		zone = zone == GFP_DMA32 ? GFP_DMA : GFP_DMA32;
	}
}

/*
 * No CPU sync when mapping and unmapping: labyrinth_to_device() and _to_cpu()
 * do what is needed, when it is needed.
 */
int lab_page_make(struct lab_core *core, u32 index, enum lab_how how)
{
	struct labyrinth *maze = lab_maze(core);
	gfp_t gfp = how == LAB_ATOMIC ? GFP_ATOMIC : GFP_KERNEL | __GFP_RETRY_MAYFAIL;
	struct page *page = lab_page_get(maze, gfp | __GFP_NOWARN);
	dma_addr_t dma;

	if (!page)
		return -ENOMEM;
	dma = dma_map_page_attrs(maze->dev, page, 0, PAGE_SIZE, maze->dir,
				 DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_NO_WARN);
	if (dma_mapping_error(maze->dev, dma)) {
		__free_page(page);
		return -EIO;
	}
	set_page_private(page, index);
	core->meta[index].dma = dma;
	lab_store(&core->addr[index], (unsigned long)page_address(page));
	return 0;
}

void lab_page_unmap(struct lab_core *core, u32 index)
{
	struct labyrinth *maze = lab_maze(core);
	dma_addr_t dma = core->meta[index].dma;

	if (dma == DMA_MAPPING_ERROR)
		return;
	dma_unmap_page_attrs(maze->dev, dma, PAGE_SIZE, maze->dir, DMA_ATTR_SKIP_CPU_SYNC);
	core->meta[index].dma = DMA_MAPPING_ERROR;
}

void lab_page_drop(struct lab_core *core, u32 index)
{
	struct page *page = virt_to_page((void *)core->addr[index]);

	lab_page_unmap(core, index);
	lab_store(&core->addr[index], 0);
	set_page_private(page, 0);
	__free_page(page);
}

/**
 * labyrinth_refill - make pages now
 * @maze: the pool
 * @want: how many
 *
 * For callers that may sleep and know of a need to come.  Allocates in the
 * caller's own memalloc_nofs_save() or memalloc_noio_save() scope, if any.
 *
 * Context: process; may sleep.
 * Return: how many pages were made, fewer than @want if the bound or the memory's
 * end was reached; if none, -ENOSPC (the bound), -ENOMEM or -EIO (no mapping).
 */
int labyrinth_refill(struct labyrinth *maze, unsigned int want)
{
	int made;

	might_sleep();
	if (maze->core.direct)
		return -EOPNOTSUPP;
	made = lab_refill(&maze->core, want);
	if (made > 0 && lab_starving(&maze->core))
		irq_work_queue(&maze->irq);
	return made;
}
EXPORT_SYMBOL_GPL(labyrinth_refill);

static void lab_flush_here(void *arg)
{
	struct labyrinth *maze = arg;

	lab_drain(&maze->core, this_cpu_ptr(maze->core.front));
}

static void lab_flush_dead(struct labyrinth *maze, unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	lab_drain(&maze->core, per_cpu_ptr(maze->core.front, cpu));
	local_irq_restore(flags);
}

/* Every CPU gives what its front holds to the depot */
void lab_flush_fronts(struct labyrinth *maze)
{
	unsigned int cpu;

	cpus_read_lock();
	on_each_cpu(lab_flush_here, maze, 1);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			lab_flush_dead(maze, cpu);
	cpus_read_unlock();
}

static int lab_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct labyrinth *maze = hlist_entry(node, struct labyrinth, cpuhp);

	lab_flush_dead(maze, cpu);
	irq_work_queue(&maze->irq);
	return 0;
}

static void lab_kick(struct irq_work *irq)
{
	struct labyrinth *maze = container_of(irq, struct labyrinth, irq);

	queue_delayed_work(lab_wq, &maze->work, 0);
}

/* The last late free of a destroyed pool is back */
static void lab_end_late(struct labyrinth *maze)
{
	synchronize_rcu();
	irq_work_sync(&maze->irq);
	cancel_delayed_work(&maze->work);
	lab_maze_free(maze);
}

static void lab_feed(struct labyrinth *maze)
{
	struct lab_core *core = &maze->core;

	if (!lab_work_fed(core)) {
		lab_flush_fronts(maze);
		if (!lab_work_fed(core))
			return;
	}
	if (maze->refilled)
		maze->refilled(maze->arg);
}

static void lab_work(struct work_struct *work)
{
	struct labyrinth *maze = container_of(to_delayed_work(work), struct labyrinth, work);
	struct lab_core *core = &maze->core;
	int err;

	lab_work_begin(core);
	if (lab_load(&core->bypass) & LAB_CLOSED) {
		lab_trim(core, 0);
		if (lab_last(core))
			lab_end_late(maze);
		return;
	}
	err = lab_work_balance(core);
	if (lab_starving(core))
		lab_feed(maze);
	if (err)
		queue_delayed_work(lab_wq, &maze->work, msecs_to_jiffies(LAB_RETRY_MS));
}

void lab_worker_init(struct labyrinth *maze)
{
	maze->irq = IRQ_WORK_INIT(lab_kick);
	INIT_DELAYED_WORK(&maze->work, lab_work);
	cpuhp_state_add_instance_nocalls(lab_cpuhp, &maze->cpuhp);
}

/* After lab_close(): no worker runs for this pool until lab_leave() */
void lab_worker_cancel(struct labyrinth *maze)
{
	cpuhp_state_remove_instance_nocalls(lab_cpuhp, &maze->cpuhp);
	/* frees that saw the pool open have made their kick */
	synchronize_rcu();
	irq_work_sync(&maze->irq);
	cancel_delayed_work_sync(&maze->work);
}

int lab_worker_start(void)
{
	int state;

	lab_wq = alloc_workqueue("labyrinth_pool", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!lab_wq)
		return -ENOMEM;
	state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "labyrinth_pool:dead", NULL,
					lab_cpu_dead);
	if (state < 0) {
		destroy_workqueue(lab_wq);
		return state;
	}
	lab_cpuhp = state;
	return 0;
}

/* Waits for the worker that has just freed the last pool and let the module go */
void lab_worker_stop(void)
{
	cpuhp_remove_multi_state(lab_cpuhp);
	destroy_workqueue(lab_wq);
}
