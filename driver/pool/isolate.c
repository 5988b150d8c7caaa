// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation: the device cannot reach a page from before the CPU looks at it until it is free
 *
 * Its mapping ends in a caller that may sleep, for an IOMMU driver's locks sleep on
 * PREEMPT_RT and the IOMMU is waited for; the worker makes it again (refill.c).  What the
 * device gave back without having written it, or without anybody looking at it, keeps
 * its mapping: it is as any free page.
 *
 * labyrinth_destroy() unmaps what is left.  It closes the pool first and then waits for a
 * grace period, so whoever saw the pool open inside of rcu_read_lock() is done by then.
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/rcupdate.h>

#include "place.h"
#include "pool.h"

static int lab_unmap_now(struct labyrinth *maze, labyrinth_page_t page, unsigned int len,
			 struct lab_move *move)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	if (len <= PAGE_SIZE) {
		err = lab_isolate(&maze->core, page, move);
	} else {
		*move = (struct lab_move){ .slot = LAB_NONE };
		err = lab_refuse(&maze->core, -EMSGSIZE);
	}
	local_irq_restore(flags);
	if (err)
		return err;
	lab_page_unmap(maze, move->slot, len);
	local_irq_save(flags);
	err = lab_isolated(&maze->core, move->slot, move);
	local_irq_restore(flags);
	return err;
}

/**
 * labyrinth_isolate - take a page back from the device, and the device off it
 * @maze: the pool
 * @page: a handle, owned by DEVICE
 * @len: bytes, from the start, that the device wrote
 *
 * In a pool with LABYRINTH_ISOLATE_STRICT the page's mapping has ended afterwards.
 * Behind an IOMMU, or with a bounce buffer, nothing that the device does changes the
 * page then until it has been freed, mapped again and handed to the device again.
 * labyrinth_page_dma() is DMA_MAPPING_ERROR until then, and labyrinth_to_device()
 * refuses the page.  In other pools this is labyrinth_to_cpu().
 *
 * Context: process, also in NOFS and NOIO scopes; may sleep.
 * Return: as labyrinth_to_cpu(); -ESHUTDOWN: the pool is being destroyed, the page is
 * still the device's.
 */
int labyrinth_isolate(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	struct lab_move move;
	int err;

	if (!lab_may_sleep(ISOLATE))
		return -EPERM;
	if (maze->isolate != LABYRINTH_ISOLATE_STRICT)
		return labyrinth_to_cpu(maze, page, len);
	rcu_read_lock();
	if (lab_load(&maze->core.bypass) & LAB_CLOSED) {
		rcu_read_unlock();
		return -ESHUTDOWN;
	}
	err = lab_unmap_now(maze, page, len, &move);
	rcu_read_unlock();
	if (err)
		lab_report_refusal(maze, __func__, page.v, &move, err, _RET_IP_);
	return err;
}
EXPORT_SYMBOL_GPL(labyrinth_isolate);

/* The worker's part; the error at which it ended */
int lab_map_again(struct labyrinth *maze)
{
	if (maze->isolate != LABYRINTH_ISOLATE_STRICT)
		return 0;
	return lab_rejoin(&maze->core, lab_page_map);
}
