/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - one allocator behind the ISR: what a source_*.c file has to give
 *
 * A source gives pages of LABYRINTH_PAGE_SIZE bytes that the device may write.  Each of its
 * calls for a page is patched into the path of the data at load (static_call), so that no
 * allocator pays for being one of several.  docs/allocators.md adds one, step by step.
 *
 * Who serialises: get(), done(), drop(), put() and flush() run under the queue's lock.  With
 * bottom=hardirq that is a raw one with interrupts off.  With bottom=softirq it is a
 * spinlock that keeps softirqs away, interrupts stay on, and on PREEMPT_RT it may sleep;
 * allocator=labyrinth, which needs neither, has the raw one there too.  What a queue keeps
 * in @stock is therefore used by one CPU at a time.
 *
 * A page is not looked at after its queue is gone: a reader copies with page faults off,
 * so that a page is never out for longer than some copies take.  Only labyrinth can do
 * without (@late), for its pages may come back after their device.
 */
#ifndef LABYRINTH_PCI_SOURCE_H
#define LABYRINTH_PCI_SOURCE_H

#include "driver.h"

/**
 * struct labyrinth_allocator - an allocator
 * @name:	as allocator= spells it
 * @how:	its cheapest legal configuration in one line, for debugfs
 * @hardirq:	get(), done() and put() are legal in hard interrupts
 * @raw:	... also on PREEMPT_RT, and always under a raw lock
 * @late:	its pages may come back after destroy()
 * @warm:	a page that was put is kept, mapped, and got again: have some before a start
 * @create:	once for a device, may sleep; may be NULL
 * @destroy:	its end, may sleep: 0, or a negative errno when pages are still out; may be NULL
 * @stock:	once for a queue before get(), may sleep: set @stock of the queue so that so
 *		many pages can be out; may be NULL
 * @clear:	its end, may sleep: no page is out; may be NULL
 * @get:	a page for the device, atomic: its address for the device, and labyrinth_got(),
 *		or labyrinth_got_none()
 * @done:	the device has written so many bytes: they are the CPU's to read; 0, or a
 *		negative errno for a page that is not the device's
 * @put:	free a page that was done()
 * @flush:	the last one of some that were put, before the queue's lock is left: none of them
 *		may be kept any longer; NULL: put() frees
 * @drop:	free a page that is the device's, unread; NULL: done() and put()
 * @own:	before the first look at a page, may sleep; NULL: nothing to do
 * @data:	kernel address of a page
 * @stats:	the counters of labyrinth's pool; NULL: of no pool
 */
struct labyrinth_allocator {
	const char *name;
	const char *how;
	bool hardirq;
	bool raw;
	bool late;
	bool warm;
	int (*create)(struct labyrinth_dev *ldev);
	int (*destroy)(struct labyrinth_dev *ldev);
	int (*stock)(struct labyrinth_queue *q, unsigned int pages);
	void (*clear)(struct labyrinth_queue *q);
	bool (*get)(struct labyrinth_queue *q, struct labyrinth_slot *slot, dma_addr_t *dma,
		    enum labyrinth_route *route);
	int (*done)(struct labyrinth_queue *q, struct labyrinth_slot *slot, unsigned int len);
	void (*put)(struct labyrinth_queue *q, struct labyrinth_slot *slot);
	void (*flush)(struct labyrinth_queue *q);
	void (*drop)(struct labyrinth_queue *q, struct labyrinth_slot *slot);
	int (*own)(struct labyrinth_queue *q, struct labyrinth_slot *slot);
	const u8 *(*data)(const struct labyrinth_queue *q, const struct labyrinth_slot *slot);
	void (*stats)(struct labyrinth_dev *ldev, struct labyrinth_stats *stats);
};

/* One line for each allocator; the first is the default.  The last is not in every kernel. */
extern const struct labyrinth_allocator labyrinth_allocator_labyrinth;
extern const struct labyrinth_allocator labyrinth_allocator_strict;
extern const struct labyrinth_allocator labyrinth_allocator_page;
extern const struct labyrinth_allocator labyrinth_allocator_mempool;
extern const struct labyrinth_allocator labyrinth_allocator_dma_pool;
extern const struct labyrinth_allocator labyrinth_allocator_page_pool;

/* Whom pages are mapped for */
static inline struct device *labyrinth_dma_device(const struct labyrinth_queue *q)
{
	return &q->ldev->pdev->dev;
}

/**
 * labyrinth_got - the end of a get() that has a page
 * @q: the queue
 * @slot: its page is set
 * @dma: the page's address for the device, kept in the slot
 * @route: for the caller
 *
 * Return: true.
 */
static inline bool labyrinth_got(struct labyrinth_queue *q, struct labyrinth_slot *slot,
				 dma_addr_t dma, enum labyrinth_route *route)
{
	slot->dma[0] = dma;
	q->tally.gets++;
	*route = LABYRINTH_ROUTE_OTHER;
	return true;
}

/**
 * labyrinth_got_none - the end of a get() that has none
 * @q: the queue
 * @route: for the caller
 *
 * Return: false.
 */
static inline bool labyrinth_got_none(struct labyrinth_queue *q, enum labyrinth_route *route)
{
	q->tally.fails++;
	*route = LABYRINTH_ROUTE_FAIL;
	return false;
}

/* At a put(): the page goes back */
static inline void labyrinth_gave(struct labyrinth_queue *q)
{
	q->tally.puts++;
}

/* For pages that stay mapped: at get() and at done(), where the device needs it at all */
static inline void labyrinth_page_to_device(struct labyrinth_queue *q, dma_addr_t dma)
{
	if (unlikely(q->sync))
		dma_sync_single_for_device(labyrinth_dma_device(q), dma, LABYRINTH_PAGE_SIZE,
					   DMA_FROM_DEVICE);
}

static inline void labyrinth_page_to_cpu(struct labyrinth_queue *q, dma_addr_t dma,
					 unsigned int len)
{
	if (unlikely(q->sync) && len)
		dma_sync_single_for_cpu(labyrinth_dma_device(q), dma, len, DMA_FROM_DEVICE);
}

#endif /* LABYRINTH_PCI_SOURCE_H */
