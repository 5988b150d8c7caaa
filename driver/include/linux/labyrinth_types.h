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
	LABYRINTH_ROUTE_RETURNED,	/* pages that other CPUs gave back */
	LABYRINTH_ROUTE_DEPOT,		/* the shared pages */
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
	LABYRINTH_NR_CONTEXTS
};

enum labyrinth_policy {
	LABYRINTH_POLICY_FALLBACK,	/* pool, then the page allocator where legal */
	LABYRINTH_POLICY_POOL,		/* never leaves the pool */
	LABYRINTH_POLICY_DIRECT,	/* always the page allocator, for comparison */
};

/*
 * Typed handle of an issued page: its kernel address with the epoch in
 * the page-offset bits.  0 is no page.  A handle dies with its free.
 */
typedef struct { unsigned long v; } labyrinth_page_t;

static inline bool labyrinth_page_ok(labyrinth_page_t page)
{
	return page.v != 0;
}

struct labyrinth_stats {
	__u64 allocs[LABYRINTH_NR_ROUTES];	/* _FAIL counts failures */
	__u64 contexts[LABYRINTH_NR_CONTEXTS];	/* successful allocations */
	__u64 frees;
	__u64 refused;				/* bad frees and hand-overs */
	__u64 refills;				/* pages made by worker or refill */
	__u64 shrunk;				/* pages given back to the system */
	__u32 total;				/* pages that the pool has now */
	__u32 owned[LABYRINTH_NR_OWNERS];
	__u32 limit;				/* max_pages */
};

#endif /* _LINUX_LABYRINTH_TYPES_H */
