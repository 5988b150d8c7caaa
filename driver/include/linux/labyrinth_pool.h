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
 * Contexts: labyrinth_contexts.h is the table of what may be called where.  In
 * short: alloc, free and hand-over in any context but NMI, with or without locks
 * (raw ones too); alloc in NMI too; create, destroy, refill and isolate where one may
 * sleep.
 */
#ifndef _LINUX_LABYRINTH_POOL_H
#define _LINUX_LABYRINTH_POOL_H

#include <linux/bitops.h>
#include <linux/dma-direction.h>
#include <linux/dma-mapping.h>
#include <linux/jump_label.h>
#include <linux/irqflags.h>
#include <linux/labyrinth_types.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/types.h>

#ifndef CONFIG_64BIT
#error "labyrinth_pool keeps 64 pages in a register: it needs a 64-bit kernel"
#endif

struct device;
struct labyrinth;

/**
 * struct labyrinth_params - how to create a pool
 * @name:	shown in stats, trace and log lines; copied
 * @dev:	device that the pages are mapped for; its DMA mask chooses the zone
 * @dir:	DMA direction; the accelerator uses DMA_FROM_DEVICE
 * @node:	NUMA node or NUMA_NO_NODE (then the device's)
 * @pages:	pages made at create; at least 1
 * @max_pages:	bound, fallback pages included; 0 means @pages
 * @low:	a refill starts when fewer are in the depot, and the shrinker leaves
 *		them; 0 means a quarter of @pages
 * @high:	a refill stops, and surplus pages go back, above this; 0 means @pages.
 *		Both count the shared pages; what the CPUs keep comes on top
 * @reserve:	free pages that only atomic callers may take; 0 is none
 * @policy:	enum labyrinth_policy
 * @isolate:	enum labyrinth_isolate; _STRICT needs policy _POOL and labyrinth_isolate()
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
	enum labyrinth_isolate isolate;
	void (*refilled)(void *arg);
	void *arg;
};

/**
 * struct labyrinth_holder - a page that is out
 * @page:	its handle
 * @owner:	never LABYRINTH_OWNER_FREE
 * @tracked:	it was taken while tracking was on; else the rest is unknown
 * @holder:	the caller's queue or purpose
 * @cpu:	where it was taken
 * @context:	in which context
 * @age_ns:	how long ago
 * @caller:	code address of the caller
 */
struct labyrinth_holder {
	labyrinth_page_t page;
	enum labyrinth_owner owner;
	bool tracked;
	u16 holder;
	u16 cpu;
	enum labyrinth_context context;
	u64 age_ns;
	unsigned long caller;
};

struct labyrinth *labyrinth_create(const struct labyrinth_params *params);
int labyrinth_destroy(struct labyrinth *maze, unsigned int timeout_ms);

labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, u16 holder);
/* The same; @route says which way it took, LABYRINTH_ROUTE_FAIL with no page. */
labyrinth_page_t labyrinth_alloc_route(struct labyrinth *maze, u16 holder,
				       enum labyrinth_route *route);
int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page);

/* Many at once: how many were taken; how many were freed (the others are refused) */
unsigned int labyrinth_alloc_bulk(struct labyrinth *maze, u16 holder, labyrinth_page_t *page,
				  unsigned int count);
unsigned int labyrinth_free_bulk(struct labyrinth *maze, const labyrinth_page_t *page,
				 unsigned int count);
unsigned int labyrinth_alloc_run(struct labyrinth *maze, unsigned int want, u16 holder,
				 struct labyrinth_run *run);
int labyrinth_free_run(struct labyrinth *maze, const struct labyrinth_run *run);

int labyrinth_to_device(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);
int labyrinth_to_user(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);
/* As to_cpu, where one may sleep; with isolate=strict the device cannot reach it any more */
int labyrinth_isolate(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);

int labyrinth_refill(struct labyrinth *maze, unsigned int want);
void labyrinth_stats(struct labyrinth *maze, struct labyrinth_stats *stats);

/* Whether allocations are noted for labyrinth_holders(): in all pools, nests; 0 or -errno */
int labyrinth_track(bool on);
/* Calls @fn for each page that is out, until it returns non-zero, which is returned */
int labyrinth_holders(struct labyrinth *maze,
		      int (*fn)(const struct labyrinth_holder *holder, void *arg), void *arg);

/* The documents' two symbols; the address is always the kernel virtual one. */
void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze);
void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page);

const char *labyrinth_route_name(enum labyrinth_route route);
const char *labyrinth_owner_name(enum labyrinth_owner owner);
const char *labyrinth_context_name(enum labyrinth_context context);
/* Calls that were refused for where they were made (labyrinth_contexts.h), of all pools */
u64 labyrinth_wrong_calls(void);

/* What follows is inside information of the inline calls */

struct labyrinth_front;

/* The beginning of a struct labyrinth; written at create only */
struct labyrinth_hot {
	struct labyrinth_front __percpu *front;
	u64 *dma;		/* of each slot */
	u32 *frame;		/* page frame of each slot */
	u32 slots;
	bool sync;		/* some page needs dma_sync_*() */
};

DECLARE_STATIC_KEY_FALSE(labyrinth_watching);

labyrinth_page_t labyrinth_alloc_slow(struct labyrinth *maze, u16 holder);
int labyrinth_free_slow(struct labyrinth *maze, labyrinth_page_t page);
unsigned int labyrinth_alloc_run_slow(struct labyrinth *maze, unsigned int want, u16 holder,
				      struct labyrinth_run *run);
int labyrinth_free_run_slow(struct labyrinth *maze, const struct labyrinth_run *run);
int labyrinth_to_device_slow(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_cpu_slow(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);
void labyrinth_sync_device(struct labyrinth *maze, labyrinth_page_t page);
void labyrinth_sync_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);

typedef struct labyrinth_front __percpu *lab_front_t;

#define lab_hot(maze)			((const struct labyrinth_hot *)(maze))
#define lab_front_mine(maze)		(lab_hot(maze)->front)
#define lab_front_read(front, field)	raw_cpu_read((front)->field)
#define lab_front_write(front, field, v)	raw_cpu_write((front)->field, v)
#define lab_lowest(v)			__ffs64(v)
#ifdef CONFIG_X86_64
/* One instruction each, which the compiler finds at times only */
static __always_inline u64 lab_without(u64 v, u64 n)
{
	asm("btrq %1, %0" : "+r" (v) : "r" (n) : "cc");
	return v;
}

static __always_inline u64 lab_with(u64 v, u64 n)
{
	asm("btsq %1, %0" : "+r" (v) : "r" (n) : "cc");
	return v;
}
#else
#define lab_without(v, n)		((v) & ~BIT_ULL(n))
#define lab_with(v, n)			((v) | BIT_ULL(n))
#endif
#define lab_peek(p)			READ_ONCE(*(p))
#define lab_raise(p, n)			test_and_set_bit(n, (unsigned long *)(p))
#define lab_lower(p, n)			test_and_clear_bit(n, (unsigned long *)(p))
#define LABYRINTH_PAGE_BYTES		PAGE_SIZE

/* Kernels that check locks also find a pinned call that is not pinned */
#define lab_unpinned()	\
	(IS_ENABLED(CONFIG_PROVE_LOCKING) && (!irqs_disabled() || in_nmi()))
#define lab_watched()	\
	(static_branch_unlikely(&labyrinth_watching) || lab_unpinned())

static __always_inline void lab_sync_device(struct labyrinth *maze, labyrinth_page_t page)
{
	if (unlikely(lab_hot(maze)->sync))
		labyrinth_sync_device(maze, page);
}

static __always_inline void lab_sync_cpu(struct labyrinth *maze, labyrinth_page_t page,
					 unsigned int len)
{
	if (unlikely(lab_hot(maze)->sync))
		labyrinth_sync_cpu(maze, page, len);
}

#include <linux/labyrinth_front.h>

/**
 * labyrinth_page_dma - DMA address of an issued page
 * @maze: the pool
 * @page: a handle that is alive
 *
 * Context: any.
 * Return: the address.  It is not checked that the handle is alive: a dead one has
 * the address of the page that it was, or DMA_MAPPING_ERROR, and labyrinth_to_device()
 * will refuse it.  Garbage has DMA_MAPPING_ERROR, and a page after labyrinth_isolate().
 */
static inline dma_addr_t labyrinth_page_dma(struct labyrinth *maze, labyrinth_page_t page)
{
	u32 slot = labyrinth_page_slot(page);

	return likely(slot < lab_hot(maze)->slots) ? lab_hot(maze)->dma[slot] :
						     DMA_MAPPING_ERROR;
}

/**
 * labyrinth_page_struct - struct page of an issued page
 * @maze: the pool
 * @page: a handle that is alive
 *
 * page->private belongs to the pool.
 *
 * Context: any.
 * Return: the struct page; it is not checked that the handle is alive.
 */
static inline struct page *labyrinth_page_struct(struct labyrinth *maze, labyrinth_page_t page)
{
	return pfn_to_page(lab_hot(maze)->frame[labyrinth_page_slot(page)]);
}

/**
 * labyrinth_page_addr - kernel virtual address of an issued page
 * @maze: the pool
 * @page: a handle that is alive
 *
 * Context: any.
 * Return: the address; it is not checked that the handle is alive.
 */
static inline void *labyrinth_page_addr(struct labyrinth *maze, labyrinth_page_t page)
{
	return __va(PFN_PHYS(lab_hot(maze)->frame[labyrinth_page_slot(page)]));
}

#endif /* _LINUX_LABYRINTH_POOL_H */
