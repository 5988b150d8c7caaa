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
	[LAB_OWNER_NONE]		= "none",
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

/* The first refusal of all is described; later ones are in the counter and the trace */
void lab_report_refusal(struct labyrinth *maze, const char *call, unsigned long addr,
			const struct lab_move *move, int err, unsigned long caller)
{
	pr_warn_once("%s: %s(%p) by %pS refused: %d; found page %d, owner %s, holder %u, epoch %u; the next ones are only counted\n",
		     maze->name, call, (void *)addr, (void *)caller, err, (int)move->index,
		     labyrinth_owner_name(lab_owner(move->before)),
		     lab_holder(move->before), lab_epoch(move->before));
}

static int lab_pass(struct labyrinth *maze, labyrinth_page_t page, enum labyrinth_owner from,
		    enum labyrinth_owner to, unsigned int len, struct lab_move *move,
		    const char *call, unsigned long caller)
{
	unsigned long flags;
	int err;

	if (in_nmi())
		return -EPERM;
	local_irq_save(flags);
	if (len <= PAGE_SIZE) {
		err = lab_hand_over(&maze->core, page, from, to, move);
	} else {
		*move = (struct lab_move){ .index = LAB_NONE };
		err = lab_refuse(&maze->core, -EMSGSIZE);
	}
	local_irq_restore(flags);
	if (err)
		lab_report_refusal(maze, call, lab_handle_addr(page), move, err, caller);
	return err;
}

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

	err = lab_pass(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE, 0, &move,
		       __func__, _RET_IP_);
	if (err)
		return err;
	dma_sync_single_for_device(maze->dev, maze->core.meta[move.index].dma, PAGE_SIZE,
				   maze->dir);
	return 0;
}
EXPORT_SYMBOL_GPL(labyrinth_to_device);

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

	err = lab_pass(maze, page, LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU, len, &move,
		       __func__, _RET_IP_);
	if (err)
		return err;
	if (len)
		dma_sync_single_for_cpu(maze->dev, maze->core.meta[move.index].dma, len,
					maze->dir);
	return 0;
}
EXPORT_SYMBOL_GPL(labyrinth_to_cpu);

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

	err = lab_pass(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_USER, len, &move,
		       __func__, _RET_IP_);
	if (!err)
		memset(labyrinth_page_addr(page) + len, 0, PAGE_SIZE - len);
	return err;
}
EXPORT_SYMBOL_GPL(labyrinth_to_user);

/**
 * labyrinth_page_addr - kernel virtual address of an issued page
 * @page: a handle that is labyrinth_page_ok()
 *
 * Context: any.
 * Return: the address; it is not checked whether the handle is still alive.
 */
void *labyrinth_page_addr(labyrinth_page_t page)
{
	return (void *)lab_handle_addr(page);
}
EXPORT_SYMBOL_GPL(labyrinth_page_addr);

/**
 * labyrinth_page_struct - struct page of an issued page
 * @page: a handle that is labyrinth_page_ok()
 *
 * page->private belongs to the pool.
 *
 * Context: any.
 * Return: the struct page; it is not checked whether the handle is still alive.
 */
struct page *labyrinth_page_struct(labyrinth_page_t page)
{
	return virt_to_page((void *)lab_handle_addr(page));
}
EXPORT_SYMBOL_GPL(labyrinth_page_struct);

/**
 * labyrinth_page_dma - DMA address of an issued page
 * @maze: the pool
 * @page: a handle
 *
 * Context: any.
 * Return: the address; DMA_MAPPING_ERROR if the handle is not, or no longer, one
 * of an issued page of this pool.
 */
dma_addr_t labyrinth_page_dma(struct labyrinth *maze, labyrinth_page_t page)
{
	u32 index = lab_find(&maze->core, page);

	return index == LAB_NONE ? DMA_MAPPING_ERROR : maze->core.meta[index].dma;
}
EXPORT_SYMBOL_GPL(labyrinth_page_dma);

/* One line for each page that is out, @most at the most; returns how many are out */
u32 lab_list_holders(struct labyrinth *maze, void (*show)(void *arg, const char *line),
		     void *arg, u32 most)
{
	struct lab_core *core = &maze->core;
	u32 i, out = 0;
	char line[80];

	for (i = 0; i < core->limit; i++) {
		u32 word = lab_load(&core->meta[i].state);

		if (lab_out(word) && out++ < most) {
			snprintf(line, sizeof(line), "page %u: owner %s, holder %u, epoch %u",
				 i, labyrinth_owner_name(lab_owner(word)),
				 lab_holder(word), lab_epoch(word));
			show(arg, line);
		}
		if (!(i % 4096))
			lab_relax();
	}
	return out;
}
