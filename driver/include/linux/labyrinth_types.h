/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pool's vocabulary: owners, routes, contexts, policies, handle, statistics
 *
 * Shared by the kernel module (through <linux/labyrinth_pool.h>) and by
 * liblabyrinth, which is the same core in user space.
 */
#ifndef _LINUX_LABYRINTH_TYPES_H
#define _LINUX_LABYRINTH_TYPES_H

#ifndef __KERNEL__
#include <stdbool.h>
#endif
#include <linux/types.h>

/* Who holds a page */
enum labyrinth_owner {
	LABYRINTH_OWNER_FREE,
	LABYRINTH_OWNER_CPU,
	LABYRINTH_OWNER_DEVICE,
	LABYRINTH_OWNER_USER,
	LABYRINTH_OWNER_QUARANTINED,
	LABYRINTH_NR_OWNERS
};

/* Which way an allocation took; the first that can serve wins */
enum labyrinth_route {
	LABYRINTH_ROUTE_CPU,		/* this CPU's own pages */
	LABYRINTH_ROUTE_RETURNED,	/* pages that CPUs gave back */
	LABYRINTH_ROUTE_DEPOT,		/* shared pages, not issued since they were made */
	LABYRINTH_ROUTE_RESERVE,	/* kept for atomic callers */
	LABYRINTH_ROUTE_BUDDY,		/* alloc_page(GFP_ATOMIC) + dma_map_page() */
	LABYRINTH_ROUTE_FAIL,
	LABYRINTH_NR_ROUTES
};

/* In which context an allocation was made, as seen by the pool */
enum labyrinth_context {
	LABYRINTH_CTX_PROCESS,
	LABYRINTH_CTX_SOFTIRQ,
	LABYRINTH_CTX_HARDIRQ,
	LABYRINTH_CTX_NMI,
	LABYRINTH_NR_CONTEXTS
};

enum labyrinth_policy {
	LABYRINTH_POLICY_FALLBACK,	/* pool, then the page allocator where legal */
	LABYRINTH_POLICY_POOL,		/* never leaves the pool */
	LABYRINTH_POLICY_DIRECT,	/* always the page allocator, for comparison */
};

/* Can the device still reach a page that the CPU looks at? */
enum labyrinth_isolate {
	LABYRINTH_ISOLATE_NONE,		/* yes: pages stay mapped as long as they are the pool's */
	LABYRINTH_ISOLATE_STRICT,	/* no: labyrinth_isolate() ends the mapping first */
};

/*
 * Typed handle of an issued page, no address: slot in bits 0-29, pool in 30-47,
 * epoch in 48-63.  0 is no page.  A handle dies with its free.  The slot is the
 * page's number in its pool for the page's whole life there.
 */
typedef struct { __u64 v; } labyrinth_page_t;

#define LABYRINTH_SLOT_BITS	30
#define LABYRINTH_POOL_BITS	18
#define LABYRINTH_EPOCH_SHIFT	(LABYRINTH_SLOT_BITS + LABYRINTH_POOL_BITS)
#define LABYRINTH_SLOT_MASK	((1u << LABYRINTH_SLOT_BITS) - 1)

/* Handles that differ in less than this may be of one block */
#define LABYRINTH_BLOCK_MAX	64

static inline bool labyrinth_page_ok(labyrinth_page_t page)
{
	return page.v != 0;
}

static inline __u32 labyrinth_page_slot(labyrinth_page_t page)
{
	return page.v & LABYRINTH_SLOT_MASK;
}

static inline __u16 labyrinth_page_epoch(labyrinth_page_t page)
{
	return page.v >> LABYRINTH_EPOCH_SHIFT;
}

/*
 * Token for up to 64 pages of one block and issue: page i, where bit i of mask is
 * set, has the handle base + i.  An empty mask is no page.
 */
struct labyrinth_run {
	__u64 base;
	__u64 mask;
};

struct labyrinth_stats {
	__u64 allocs[LABYRINTH_NR_ROUTES];	/* _FAIL counts failures */
	__u64 contexts[LABYRINTH_NR_CONTEXTS];	/* successful allocations */
	__u64 frees;
	__u64 refused;				/* bad calls, in the call or found late */
	__u64 late;				/* of these, found late */
	__u64 refills;				/* pages made by worker or refill */
	__u64 shrunk;				/* pages given back to the system */
	__u64 isolated;				/* pages that labyrinth_isolate() unmapped */
	__u64 map_failed;			/* times that one could not be mapped again */
	__u32 total;				/* pages that the pool has now */
	__u32 owned[LABYRINTH_NR_OWNERS];
	__u32 unmapped;				/* free ones that wait to be mapped again */
	__u32 limit;				/* max_pages */
};

#endif /* _LINUX_LABYRINTH_TYPES_H */
