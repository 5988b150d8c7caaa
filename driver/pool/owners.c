// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hand-over of pages between CPU, DEVICE and USER, and who holds what
 *
 * The state word changes first, by one compare-and-exchange: whoever loses a
 * race has not touched the page.  Then the DMA sync, or the zeroing, that the
 * new owner relies on; the caller passes the page on only after the call.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "place.h"
#include "pool.h"

static const char * const lab_route_names[] = {
	[LABYRINTH_ROUTE_CPU]		= "cpu",
	[LABYRINTH_ROUTE_RETURNED]	= "returned",
	[LABYRINTH_ROUTE_DEPOT]		= "depot",
	[LABYRINTH_ROUTE_RESERVE]	= "reserve",
	[LABYRINTH_ROUTE_BUDDY]		= "buddy",
	[LABYRINTH_ROUTE_FAIL]		= "fail",
};

static const char * const lab_owner_names[] = {
	[LABYRINTH_OWNER_FREE]		= "free",
	[LABYRINTH_OWNER_CPU]		= "cpu",
	[LABYRINTH_OWNER_DEVICE]	= "device",
	[LABYRINTH_OWNER_USER]		= "user",
	[LABYRINTH_OWNER_QUARANTINED]	= "quarantined",
	};

/**
 * labyrinth_route_name - a route's name, as traces and statistics print it
 * @route: enum labyrinth_route
 *
 * Return: a constant string; "?" for no route.
 */
const char *labyrinth_route_name(enum labyrinth_route route)
{
	return (u32)route < ARRAY_SIZE(lab_route_names) ? lab_route_names[route] : "?";
}
EXPORT_SYMBOL_GPL(labyrinth_route_name);

/**
 * labyrinth_owner_name - an owner's name, as traces and statistics print it
 * @owner: enum labyrinth_owner
 *
 * Return: a constant string; "?" for no owner.
 */
const char *labyrinth_owner_name(enum labyrinth_owner owner)
{
	return (u32)owner < ARRAY_SIZE(lab_owner_names) ? lab_owner_names[owner] : "?";
}
EXPORT_SYMBOL_GPL(labyrinth_owner_name);

static const char * const lab_context_names[] = {
	[LABYRINTH_CTX_PROCESS]		= "process",
	[LABYRINTH_CTX_SOFTIRQ]		= "softirq",
	[LABYRINTH_CTX_HARDIRQ]		= "hardirq",
	[LABYRINTH_CTX_NMI]		= "nmi",
};

/**
 * labyrinth_context_name - a context's name, as traces and statistics print it
 * @context: enum labyrinth_context
 *
 * Return: a constant string; "?" for no context.
 */
const char *labyrinth_context_name(enum labyrinth_context context)
{
	return (u32)context < ARRAY_SIZE(lab_context_names) ? lab_context_names[context] : "?";
}
EXPORT_SYMBOL_GPL(labyrinth_context_name);

/* Who took the page that a refused call named, if that is known */
static void lab_report_record(struct labyrinth *maze, u32 slot)
{
	struct lab_record *record = READ_ONCE(maze->record);

	if (!record || slot >= maze->core.hot.slots || !record[slot].valid)
		return;
	record += slot;
	pr_warn("%s: page %u was taken in epoch %u by %pS, holder %u, on CPU %u, in %s\n",
		maze->name, slot, record->epoch, (void *)record->caller, record->holder,
		record->cpu, labyrinth_context_name(record->context));
}

/* The first refusal of all is described; later ones are in the counter and the trace */
void lab_report_refusal(struct labyrinth *maze, const char *call, u64 what,
			const struct lab_move *move, int err, unsigned long caller)
{
	static bool told;

	if (READ_ONCE(told) || xchg(&told, true))
		return;
	pr_warn("%s: %s(%#llx) by %pS refused: %d; found page %d, owner %s; the next ones are only counted\n",
		maze->name, call, what, (void *)caller, err, (int)move->slot,
		labyrinth_owner_name(move->owner));
	lab_report_record(maze, move->slot);
}

/* The same for frees that were found bad when this CPU brought them to their block */
void lab_found_late(struct lab_core *core, u64 key, u64 pages)
{
	struct labyrinth *maze = lab_maze(core);
	labyrinth_page_t page = { key + lab_ctz(pages) };
	static bool told;

	if (READ_ONCE(told) || xchg(&told, true))
		return;
	pr_warn("%s: page %u, epoch %u, was freed twice, the second time on CPU %u; the next ones are only counted\n",
		maze->name, labyrinth_page_slot(page), labyrinth_page_epoch(page),
		raw_smp_processor_id());
	lab_report_record(maze, labyrinth_page_slot(page));
}

static int lab_pass(struct labyrinth *maze, labyrinth_page_t page, enum labyrinth_owner from,
		    enum labyrinth_owner to, unsigned int len, struct lab_move *move,
		    const char *call, unsigned long caller)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	if (len <= PAGE_SIZE) {
		err = lab_hand_over(&maze->core, page, from, to, move);
	} else {
		*move = (struct lab_move){ .slot = LAB_NONE };
		err = lab_refuse(&maze->core, -EMSGSIZE);
	}
	local_irq_restore(flags);
	if (err)
		lab_report_refusal(maze, call, page.v, move, err, caller);
	return err;
}

/* The device may write the page from now on */
void labyrinth_sync_device(struct labyrinth *maze, labyrinth_page_t page)
{
	dma_sync_single_for_device(maze->dev, labyrinth_page_dma(maze, page), PAGE_SIZE,
				   maze->dir);
}
EXPORT_SYMBOL_GPL(labyrinth_sync_device);

/* The CPU may read the first @len bytes from now on */
void labyrinth_sync_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	if (len)
		dma_sync_single_for_cpu(maze->dev, labyrinth_page_dma(maze, page), len,
					maze->dir);
}
EXPORT_SYMBOL_GPL(labyrinth_sync_cpu);

/**
 * labyrinth_to_device - hand a page from the CPU to the device
 * @maze: the pool
 * @page: a handle, owned by CPU
 *
 * After this the device may write the page, and the CPU must not look at it.
 * Tell the device labyrinth_page_dma() only after the call.
 *
 * Context: any but NMI.  Does not sleep.
 * Return: 0, -EINVAL, -ESTALE, -EBUSY or -EPERM, as labyrinth_free().
 */
int labyrinth_to_device(struct labyrinth *maze, labyrinth_page_t page)
{
	struct lab_move move;
	int err;

	if (unlikely(!lab_may_go(TO_DEVICE)))
		return -EPERM;
	err = lab_pass(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE, 0, &move,
		       __func__, _RET_IP_);
	if (err)
		return err;
	lab_sync_device(maze, page);
	return 0;
}
EXPORT_SYMBOL_GPL(labyrinth_to_device);

/* Where labyrinth_to_device_pinned() goes with all but a page of this CPU's block */
int labyrinth_to_device_slow(struct labyrinth *maze, labyrinth_page_t page)
{
	if (!lab_may_pinned(TO_DEVICE_PINNED))
		return -EPERM;
	return labyrinth_to_device(maze, page);
}
EXPORT_SYMBOL_GPL(labyrinth_to_device_slow);

/**
 * labyrinth_to_cpu - take a page back from the device
 * @maze: the pool
 * @page: a handle, owned by DEVICE
 * @len: bytes, from the start, that the device wrote; 0 if it wrote none
 *
 * Only when the device cannot write the page any more: it completed, or was
 * stopped.  The first @len bytes are then what the device wrote.
 *
 * Context: any but NMI.  Does not sleep.
 * Return: 0, -EINVAL, -ESTALE, -EBUSY or -EPERM, as labyrinth_free(); -EMSGSIZE if
 * @len is more than a page.
 */
int labyrinth_to_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	struct lab_move move;
	int err;

	if (unlikely(!lab_may_go(TO_CPU)))
		return -EPERM;
	err = lab_pass(maze, page, LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU, len, &move,
		       __func__, _RET_IP_);
	if (err)
		return err;
	lab_sync_cpu(maze, page, len);
	return 0;
}
EXPORT_SYMBOL_GPL(labyrinth_to_cpu);

/* The same: most often the page is of another block, and still of its present issue */
int labyrinth_to_cpu_slow(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	if (!lab_may_pinned(TO_CPU_PINNED))
		return -EPERM;
	if (unlikely(len > PAGE_SIZE || !lab_from_device(&maze->core, page)))
		return labyrinth_to_cpu(maze, page, len);
	lab_sync_cpu(maze, page, len);
	return 0;
}
EXPORT_SYMBOL_GPL(labyrinth_to_cpu_slow);

/**
 * labyrinth_to_user - hand a page from the CPU to user space
 * @maze: the pool
 * @page: a handle, owned by CPU
 * @len: bytes of data in it; the rest of the page is zeroed
 *
 * A page that user space has mapped must be unmapped there before its free.
 *
 * Context: any but NMI.  Does not sleep; zeroes up to a page.
 * Return: 0, -EINVAL, -ESTALE, -EBUSY or -EPERM, as labyrinth_free(); -EMSGSIZE if
 * @len is more than a page.
 */
int labyrinth_to_user(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	struct lab_move move;
	int err;

	if (unlikely(!lab_may_go(TO_USER)))
		return -EPERM;
	err = lab_pass(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_USER, len, &move,
		       __func__, _RET_IP_);
	if (!err)
		memset(labyrinth_page_addr(maze, page) + len, 0, PAGE_SIZE - len);
	return err;
}
EXPORT_SYMBOL_GPL(labyrinth_to_user);
