/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pool's core: slots, their state words, the per-CPU fronts, the depot
 *
 * core.c has the protocol and the paths that interrupts take, stock.c the ones
 * of callers that may sleep.  Neither knows of devices, interrupts or clients.
 */
#ifndef LAB_CORE_H
#define LAB_CORE_H

#include <linux/labyrinth_types.h>

#include "platform.h"

#define LAB_NONE		U32_MAX		/* no slot */
#define LAB_FRONT_MAX		32		/* pages in one CPU's front */
#define LAB_CPU_SHARE		8		/* all fronts hold at most 1/8 of the pool */

/* The state word: owner in bits 0-2, epoch in 4-15, holder in 16-31 */
#define LAB_OWNER_MASK		0x7u
#define LAB_EPOCH_SHIFT		4
#define LAB_EPOCH_MASK		0xfffu
#define LAB_HOLDER_SHIFT	16

#define LAB_OWNER_NONE		LABYRINTH_NR_OWNERS	/* a slot without a page */
#define LAB_EPOCH_ANY		U32_MAX

/* A page address has this many low bits free for the epoch, at the least */
#define LAB_PAGE_BITS		12

/* What one page costs on the hot paths: 16 bytes */
struct lab_meta {
	u32 state;	/* accessed with lab_load/lab_store/lab_cmpxchg only */
	u32 next;	/* link in a lab_list; of its lock */
	u64 dma;	/* stable while the slot has a page */
};

/* Linked through lab_meta.next; protected by lab_core.lock */
struct lab_list {
	u32 head;
	u32 count;
};

/* One CPU's own; touched only by that CPU, pinned.  Others read the counters. */
struct lab_front {
	u32 count;
	u32 slot[LAB_FRONT_MAX];
	u64 allocs[LABYRINTH_NR_ROUTES];
	u64 contexts[LABYRINTH_NR_CONTEXTS];
	u64 frees;
	u64 refused;
	u64 nmi;		/* refused in NMI; written by NMIs only */
};

/* Why frees bypass the fronts and go to the depot at once */
#define LAB_STARVED_ATOMIC	0x1u	/* refused an atomic caller: depot was empty */
#define LAB_STARVED_PLAIN	0x2u	/* refused another: depot was down to the reserve */
#define LAB_CLOSED		0x4u	/* being destroyed */

struct lab_core {
	/* set by the owner before lab_init() */
	struct lab_meta *meta;		/* [limit] */
	unsigned long *addr;		/* [limit], 0: slot without a page */
	lab_fronts_t front;
	u32 limit;			/* slots, so the bound on pages */
	u32 pages;			/* meant to be there at rest */
	u32 cpus;
	u32 reserve;
	u32 low;
	u32 high;
	bool direct;			/* freed pages leave at once */
	struct lab_place place;		/* the platform's own */
	/* set by lab_init() */
	u32 cap;			/* of one front; 0: every call goes to the depot */

	/* written under lock when they change, read without it */
	u32 bypass __lab_aligned;		/* LAB_STARVED_* | LAB_CLOSED */
	u32 depot;			/* pages in returned and fresh */

	lab_lock_t lock __lab_aligned;	/* protects what follows, and the lists' links */
	struct lab_list returned;	/* free, given back by CPUs */
	struct lab_list fresh;		/* free, not issued since they were made */
	struct lab_list empty;		/* slots without a page */
	u32 total;			/* pages made and not yet dropped */
	bool kicked;			/* the worker was asked for and has not begun */
	bool orphan;			/* the owner left; the last page ends it */
	u64 refills;
	u64 shrunk;
};

/* Who asks for a page */
struct lab_caller {
	enum labyrinth_context context;
	bool atomic;		/* may take the reserve */
	u16 holder;
};

/* The outcome of an allocation */
struct lab_grant {
	u32 index;
	u32 state;		/* as issued */
	enum labyrinth_route route;
	bool kick;		/* ask the worker to run */
};

/* The outcome of a free or a hand-over */
struct lab_move {
	u32 index;
	u32 before;		/* state word found, 0 if there is no such page */
	bool kick;
};

enum lab_how {
	LAB_MAY_SLEEP,
	LAB_ATOMIC,
};

static inline u32 lab_word(u32 owner, u32 epoch, u32 holder)
{
	return owner | (epoch & LAB_EPOCH_MASK) << LAB_EPOCH_SHIFT |
	       holder << LAB_HOLDER_SHIFT;
}

static inline u32 lab_owner(u32 word)
{
	return word & LAB_OWNER_MASK;
}

static inline u32 lab_epoch(u32 word)
{
	return word >> LAB_EPOCH_SHIFT & LAB_EPOCH_MASK;
}

static inline u32 lab_holder(u32 word)
{
	return word >> LAB_HOLDER_SHIFT;
}

/* True for the states in which a page is out with a client */
static inline bool lab_out(u32 word)
{
	u32 owner = lab_owner(word);

	return owner != LABYRINTH_OWNER_FREE && owner != LAB_OWNER_NONE;
}

static inline unsigned long lab_handle_addr(labyrinth_page_t page)
{
	return page.v & ~(unsigned long)LAB_EPOCH_MASK;
}

static inline u32 lab_handle_epoch(labyrinth_page_t page)
{
	return page.v & LAB_EPOCH_MASK;
}

static inline labyrinth_page_t lab_handle(const struct lab_core *core,
					  const struct lab_grant *grant)
{
	return (labyrinth_page_t){ core->addr[grant->index] | lab_epoch(grant->state) };
}

static inline void lab_count(u64 *counter)
{
	lab_store(counter, *counter + 1);
}

/* core.c: any context but NMI, pinned; bounded */
bool lab_alloc(struct lab_core *core, const struct lab_caller *who, struct lab_grant *grant);
void lab_alloc_failed(struct lab_core *core, const struct lab_caller *who,
		      struct lab_grant *grant);
void lab_issue(struct lab_core *core, u32 index, enum labyrinth_route route,
	       const struct lab_caller *who, struct lab_grant *grant);
int lab_free(struct lab_core *core, unsigned long addr, u32 epoch, struct lab_move *move);
int lab_refuse(struct lab_core *core, int err);
int lab_hand_over(struct lab_core *core, labyrinth_page_t page, enum labyrinth_owner from,
		  enum labyrinth_owner to, struct lab_move *move);
u32 lab_find(const struct lab_core *core, labyrinth_page_t page);
void lab_drain(struct lab_core *core, struct lab_front *front);

/* core.c, for stock.c: with the lock held */
void lab_push(struct lab_core *core, struct lab_list *list, u32 index);
u32 lab_pop(struct lab_core *core, struct lab_list *list);
bool lab_depot_kick(struct lab_core *core);
void lab_depot_sync(struct lab_core *core);

/* stock.c: callers that may sleep, if not said otherwise there */
void lab_init(struct lab_core *core);
int lab_grow(struct lab_core *core, u32 want);
int lab_refill(struct lab_core *core, u32 want);
u32 lab_trim(struct lab_core *core, u32 keep);
bool lab_alloc_new(struct lab_core *core, const struct lab_caller *who,
		   struct lab_grant *grant);
void lab_drop(struct lab_core *core, u32 index);
void lab_work_begin(struct lab_core *core);
int lab_work_balance(struct lab_core *core);
bool lab_work_fed(struct lab_core *core);
bool lab_starving(struct lab_core *core);
void lab_close(struct lab_core *core);
u32 lab_total(struct lab_core *core);
u32 lab_quarantine(struct lab_core *core);
bool lab_leave(struct lab_core *core);
bool lab_last(struct lab_core *core);
void lab_stats(struct lab_core *core, struct labyrinth_stats *stats);

/* the platform's, see platform.h */
int lab_page_make(struct lab_core *core, u32 index, enum lab_how how);
void lab_page_unmap(struct lab_core *core, u32 index);
void lab_page_drop(struct lab_core *core, u32 index);

#endif /* LAB_CORE_H */
