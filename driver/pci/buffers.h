/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - a queue's pages: the calls of the path of the data
 *
 * Contract: source.h's, which says what each call does and who serialises.  Every call here
 * is a direct one, patched at load to that of the chosen allocator.
 */
#ifndef LABYRINTH_PCI_BUFFERS_H
#define LABYRINTH_PCI_BUFFERS_H

#include <linux/static_call.h>

#include "source.h"

/* The default's calls stand for their types */
DECLARE_STATIC_CALL(labyrinth_get, *labyrinth_allocator_labyrinth.get);
DECLARE_STATIC_CALL(labyrinth_done, *labyrinth_allocator_labyrinth.done);
DECLARE_STATIC_CALL(labyrinth_put, *labyrinth_allocator_labyrinth.put);
DECLARE_STATIC_CALL(labyrinth_flush, *labyrinth_allocator_labyrinth.flush);
DECLARE_STATIC_CALL(labyrinth_drop, *labyrinth_allocator_labyrinth.drop);
DECLARE_STATIC_CALL(labyrinth_own, *labyrinth_allocator_labyrinth.own);
DECLARE_STATIC_CALL(labyrinth_data, *labyrinth_allocator_labyrinth.data);

/* A page may not be out after its device is gone */
DECLARE_STATIC_KEY_FALSE(labyrinth_prompt);
/* A reader's bytes are not where labyrinth has them: another allocator's page, or a copy */
DECLARE_STATIC_KEY_FALSE(labyrinth_elsewhere);

/**
 * labyrinth_buffer_get - a page for the device
 * @q: the queue that holds it from now on
 * @slot: where; its page is set
 * @isr: the interrupt asks, whose allocations can be made to fail
 * @dma: the page's address for the device
 * @route: which way the allocation took
 *
 * Return: whether there is a page.
 */
static __always_inline bool labyrinth_buffer_get(struct labyrinth_queue *q,
						 struct labyrinth_slot *slot, bool isr,
						 dma_addr_t *dma, enum labyrinth_route *route)
{
	if (static_branch_unlikely(&labyrinth_failing) && isr && labyrinth_fail_alloc(q->ldev)) {
		q->count.injected++;
		*route = LABYRINTH_ROUTE_FAIL;
		return false;
	}
	return static_call(labyrinth_get)(q, slot, dma, route);
}

/**
 * labyrinth_buffer_done - the device has filled a page, and says so
 * @q: the queue that holds it
 * @slot: its slot
 * @len: bytes that the device wrote
 *
 * Return: 0, or a negative errno when the page was not the device's.
 */
static __always_inline int labyrinth_buffer_done(struct labyrinth_queue *q,
						 struct labyrinth_slot *slot, unsigned int len)
{
	return static_call(labyrinth_done)(q, slot, len);
}

/**
 * labyrinth_buffer_drop - take a page from the device, which can write it no more, and free it
 * @q: the queue that holds it
 * @slot: its slot; without a page afterwards
 */
static __always_inline void labyrinth_buffer_drop(struct labyrinth_queue *q,
						  struct labyrinth_slot *slot)
{
	static_call(labyrinth_drop)(q, slot);
	slot->page = (labyrinth_page_t){ 0 };
}

/**
 * labyrinth_buffer_release - free a page that was done(), read or not; labyrinth_buffers_flush()
 *			      comes after the last one
 * @q: the queue that holds it
 * @slot: its slot; without a page afterwards
 */
static __always_inline void labyrinth_buffer_release(struct labyrinth_queue *q,
						     struct labyrinth_slot *slot)
{
	static_call(labyrinth_put)(q, slot);
	slot->page = (labyrinth_page_t){ 0 };
	slot->mine = false;
}

/** labyrinth_buffers_flush - what was released is free; before the queue's lock is left */
static __always_inline void labyrinth_buffers_flush(struct labyrinth_queue *q)
{
	static_call_cond(labyrinth_flush)(q);
}

/**
 * labyrinth_buffer_own - before the first look at a filled page
 * @q: the queue that holds it
 * @slot: its slot, claimed by the caller
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno: the page cannot be read.
 */
static __always_inline int labyrinth_buffer_own(struct labyrinth_queue *q,
						struct labyrinth_slot *slot)
{
	return static_call(labyrinth_own)(q, slot);
}

/* A page's address for the CPU */
static __always_inline const u8 *labyrinth_buffer_data(const struct labyrinth_queue *q,
						       const struct labyrinth_slot *slot)
{
	return static_call(labyrinth_data)(q, slot);
}

/* What a reader of the slot gets */
static inline const u8 *labyrinth_slot_data(const struct labyrinth_queue *q,
					    const struct labyrinth_slot *slot)
{
	if (static_branch_unlikely(&labyrinth_elsewhere))
		return static_branch_unlikely(&labyrinth_sealing) ? q->copy :
								    labyrinth_buffer_data(q, slot);
	return labyrinth_page_addr(q->ldev->pool, slot->page);
}

#endif /* LABYRINTH_PCI_BUFFERS_H */
