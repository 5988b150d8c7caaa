/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth_pool - exclusive, DMA-mapped pages for interrupt context
 *
 * A pool hands out single pages that are mapped for one device beforehand, so
 * that an interrupt handler can take one in a bounded number of instructions,
 * in hard-interrupt context also on PREEMPT_RT.  Each page has exactly one
 * owner at a time; every hand-over is checked, and a bad free is refused,
 * counted and reported, never obeyed.
 *
 * Contexts: labyrinth_alloc(), labyrinth_free(), the two seed symbols and the
 * hand-over calls may be called from process context, softirq and hard
 * interrupt, with or without locks (raw ones too) and interrupts off.  None of
 * them sleeps.  create, destroy and refill may sleep.  NMI is refused.
 */
#ifndef _LINUX_LABYRINTH_POOL_H
#define _LINUX_LABYRINTH_POOL_H

#include <linux/dma-direction.h>
#include <linux/labyrinth_types.h>
#include <linux/mm_types.h>
#include <linux/types.h>

struct device;
struct labyrinth;

/**
 * struct labyrinth_params - how to create a pool
 * @name:	shown in stats, trace and log lines; copied
 * @dev:	device that the pages are mapped for
 * @dir:	DMA direction; the accelerator uses DMA_FROM_DEVICE
 * @node:	NUMA node or NUMA_NO_NODE (then the device's)
 * @pages:	pages made at create; at least 1
 * @max_pages:	bound, fallback pages included; 0 means @pages
 * @low:	a refill starts when fewer are free; 0 means a quarter of @pages
 * @high:	a refill stops, and surplus pages go back, above this; 0 means @pages.
 *		Both count the shared pages; what the CPUs' fronts keep, less than an
 *		eighth of @pages in all, comes on top
 * @reserve:	free pages that only atomic callers may take; 0 is none
 * @policy:	enum labyrinth_policy
 * @refilled:	called from the worker in process context after pages became
 *		available to a pool that had refused one; not any more once
 *		labyrinth_destroy() has returned, which waits for it; may be NULL
 * @arg:	argument of @refilled
 */
struct labyrinth_params {
	const char *name;
	struct device *dev;
	enum dma_data_direction dir;
	int node;
	unsigned int pages;
	unsigned int max_pages;
	unsigned int low;
	unsigned int high;
	unsigned int reserve;
	enum labyrinth_policy policy;
	void (*refilled)(void *arg);
	void *arg;
};

struct labyrinth *labyrinth_create(const struct labyrinth_params *params);
int labyrinth_destroy(struct labyrinth *maze, unsigned int timeout_ms);

labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, u16 holder);
/* The same; @route says which way it took, LABYRINTH_ROUTE_FAIL with no page. */
labyrinth_page_t labyrinth_alloc_route(struct labyrinth *maze, u16 holder,
				       enum labyrinth_route *route);
int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page);

int labyrinth_to_device(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);
int labyrinth_to_user(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);

void *labyrinth_page_addr(labyrinth_page_t page);
struct page *labyrinth_page_struct(labyrinth_page_t page);
dma_addr_t labyrinth_page_dma(struct labyrinth *maze, labyrinth_page_t page);

int labyrinth_refill(struct labyrinth *maze, unsigned int want);
void labyrinth_stats(struct labyrinth *maze, struct labyrinth_stats *stats);

/* The documents' two symbols; the address is always the kernel virtual one. */
void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze);
void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page);

const char *labyrinth_route_name(enum labyrinth_route route);
const char *labyrinth_owner_name(enum labyrinth_owner owner);

#endif /* _LINUX_LABYRINTH_POOL_H */
