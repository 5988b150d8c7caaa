/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pool's core: blocks of pages, the CPUs' fronts, the depot
 *
 * core.c has the paths that clients take, block.c what is done to one block,
 * depot.c the blocks with free pages that no CPU has, stock.c where pages come
 * from and go to.  None of them knows of devices, interrupts or clients.
 */
#ifndef LAB_CORE_H
#define LAB_CORE_H

#include <linux/labyrinth_types.h>

#include "platform.h"

#define LAB_NONE		U32_MAX		/* no slot, no block */
#define LAB_NO_CPU		U16_MAX
#define LAB_BLOCK_MIN		8		/* slots of the smallest blocks that a front gets */
#define LAB_BLOCK_SHARE		8		/* all fronts' blocks are at most 1/8 of the pool */
#define LAB_HELD_MAX		256		/* other blocks' pages in one front's table */
#define LAB_HELD_SHARE		16		/* all tables hold at most 1/16 of the pool */
#define LAB_TABLE		128		/* entries in one front's table */
#define LAB_WAYS		2		/* of these, where a block's may be */
#define LAB_ROUND_SHARE		4		/* a front issues 1/4 block and more by itself */
#define LAB_RETIRE_FEW		12		/* pages that an allocation notes one by one */
#define LAB_NMI_TRIES		4		/* blocks that an NMI looks at */
#define LAB_POOL_IDS		(1u << LABYRINTH_POOL_BITS)
/* hot.addr of a front whose block is not contiguous: no address is this far from it */
#define LAB_NO_ADDR		0x9e3779b97f4a7c15ul

/* Which of the depot's lists a block is on */
enum lab_list_id {
	LAB_FULL,	/* every page is there */
	LAB_FRESH,	/* every page is there, and was never issued */
	LAB_PART,
	LAB_NR_LISTS,
	LAB_OFF = LAB_NR_LISTS,		/* on none: all out, a front's, or without pages */
	LAB_EMPTY,	/* without pages; linked in core->empty */
};

/* 64 slots at the most, one line that moves between CPUs and one that seldom does */
struct lab_block {
	lab_lock_t lock;	/* protects what follows; taken inside the depot's */
	/* gen, out and quarantined are read without the lock too: lab_is_lent() */
	u16 gen;		/* epoch of the last issue as a whole */
	u16 last;		/* last epoch that was used */
	u64 back;		/* free pages, in no front */
	u64 out;		/* of issue gen: with clients, or in the owner's avail */
	u64 old;		/* with clients since earlier issues; epoch[] has which */
	u64 here;		/* slots with a page */
	u64 quarantined;	/* of out and old: nobody gets them before the end */
	u16 owner;		/* CPU whose front has it, or LAB_NO_CPU */
	bool fresh;		/* no page was issued since they were made */
	bool whole;		/* contiguous, and mapped as one */
	u8 free;		/* pages in back */
	/* protected by the depot's lock */
	u8 list;		/* enum lab_list_id */
	u8 queued;		/* pages that the depot counts for it */
	u32 prev;
	u32 next;

	/* set with atomic operations by those who hand pages over */
	u64 busy __lab_aligned;	/* the device's, the user's or quarantined */
	u64 user;		/* of these, the user's */
	u64 claim;		/* slots with a page or about to be; of the depot's lock */
	u32 hole;		/* link of core->holes */
	bool holed;		/* on core->holes */
	/* apart.c's: pages without a mapping; of the block's lock but for the last two */
	u64 apart;		/* out, or waiting for their mapping; busy and user are set */
	u64 lent;		/* of those that are out, the user's; the others are the CPU's */
	u32 waits;		/* link of core->waits; of the depot's lock, as the next */
	bool waiting;		/* on core->waits */
};

/* Other blocks' pages that were freed on this CPU, of one issue */
struct lab_entry {
	u64 key;		/* handle of the block's page 0 in that issue; 0: unused */
	u64 ok;			/* pages that may be freed here */
	u64 freed;		/* pages that were */
	bool last;		/* the issue is out as a whole: ok will not grow */
};

/* One CPU's own; touched only by that CPU, pinned.  Others read avail and the counters. */
struct lab_front {
	struct labyrinth_front hot;	/* labyrinth_front.h */
	u64 mask;		/* pages of the block in this issue */
	u32 block;
	u32 pages;		/* in mask */
	u32 held;		/* pages freed in table */
	u32 hand;		/* entry that goes next when the table holds too much */
	u16 cpu;
	struct lab_entry *recent;	/* of table: the last that a free came to */
	u64 opened;		/* hot.other_ok as it was when it was set */
	struct lab_entry table[LAB_TABLE];

	u64 loaded;		/* pages put into avail, less those taken out unissued */
	u64 other;		/* of the pages issued from avail, not counted as route cpu */
	u64 allocs[LABYRINTH_NR_ROUTES];	/* all but cpu */
	u64 contexts[LABYRINTH_NR_CONTEXTS];	/* all but hardirq */
	u64 frees;		/* but those in hot.back, and opened & ~hot.other_ok */
	u64 refused;
	u64 late;
	u64 isolated;
	/* written by NMIs only */
	u64 nmi_allocs[LABYRINTH_NR_ROUTES];
	u64 nmi_refused;
};

/* Linked through prev and next of the blocks; protected by the depot's lock */
struct lab_list {
	u32 head;
	u32 tail;
};

/* Why calls bypass the fronts and go to the depot at once */
#define LAB_STARVED_ATOMIC	0x1u	/* refused an atomic caller: the depot was empty */
#define LAB_STARVED_PLAIN	0x2u	/* refused another: the depot was down to the reserve */
#define LAB_CLOSED		0x4u	/* being destroyed */

struct lab_core {
	struct labyrinth_hot hot;	/* first: the inline calls read it */

	/* set by the owner before lab_init() */
	struct lab_block *block;	/* [blocks] */
	u16 *epoch;			/* [slots], of pages in old; 8-byte aligned */
	u32 limit;			/* bound on pages */
	u32 pages;			/* meant to be there at rest */
	u32 cpus;
	u32 reserve;
	u32 low;
	u32 high;
	u32 id;				/* 1..LAB_POOL_IDS - 1, no other pool's */
	bool direct;			/* freed pages leave at once */
	struct lab_place place;		/* the platform's own */
	/* set by lab_shape() */
	u32 shift;			/* a block has 1 << shift slots */
	u32 blocks;
	u32 held_max;
	bool fronts;			/* large enough for blocks in fronts */

	/* written under the depot's lock when it changes, read without it by all calls */
	u32 bypass __lab_aligned;	/* LAB_STARVED_* | LAB_CLOSED */

	lab_lock_t lock __lab_aligned;	/* the depot's; protects what follows */
	u32 depot;			/* pages in the lists; read without the lock too */
	struct lab_list list[LAB_NR_LISTS];
	struct lab_list empty;		/* blocks without pages */
	u32 holes;			/* blocks with some slots without a page */
	u32 waits;			/* blocks with pages that wait for their mapping */
	u32 unmapped;			/* these pages */
	u32 total;			/* pages made or about to be, and not yet dropped */
	u32 ample;			/* no surplus up to here: high, or what trimming left */
	bool kicked;			/* the worker was asked for and has not begun */
	bool orphan;			/* the owner left; the last page ends it */
	u64 refills;
	u64 shrunk;
	u64 map_failed;
};

/* Who asks for a page */
struct lab_caller {
	enum labyrinth_context context;
	bool atomic;		/* may take the reserve */
};

/* The outcome of an allocation */
struct lab_grant {
	labyrinth_page_t page;
	enum labyrinth_route route;
	bool kick;		/* ask the worker to run */
};

/* The outcome of a free or a hand-over */
struct lab_move {
	labyrinth_page_t page;	/* the handle that was meant */
	u32 slot;		/* LAB_NONE: not of this pool */
	enum labyrinth_owner owner;	/* found, if refused */
	bool kick;
};

enum lab_how {
	LAB_MAY_SLEEP,
	LAB_ATOMIC,
};

static inline u32 lab_size(const struct lab_core *core)
{
	return 1u << core->shift;
}

/* All slots of a block */
static inline u64 lab_all(const struct lab_core *core)
{
	return ~0ULL >> (64 - lab_size(core));
}

static inline struct lab_block *lab_block_of(const struct lab_core *core, u32 slot)
{
	return &core->block[slot >> core->shift];
}

static inline u32 lab_block_index(const struct lab_core *core, const struct lab_block *b)
{
	return b - core->block;
}

static inline u32 lab_first(const struct lab_core *core, const struct lab_block *b)
{
	return lab_block_index(core, b) << core->shift;
}

/* The handle of a block's page 0 in an issue */
static inline u64 lab_key(const struct lab_core *core, const struct lab_block *b, u16 epoch)
{
	return (u64)epoch << LABYRINTH_EPOCH_SHIFT | (u64)core->id << LABYRINTH_SLOT_BITS |
	       lab_first(core, b);
}

static inline u64 lab_bit(u32 bit)
{
	return 1ULL << bit;
}

static inline void lab_count(u64 *counter, u64 more)
{
	lab_store(counter, *counter + more);
}

/* Is the present issue back here as a whole, and worth another round? */
static inline bool lab_round(const struct lab_core *core, const struct lab_front *front)
{
	return !(front->mask & ~front->hot.back) && front->block != LAB_NONE &&
	       front->pages >= lab_size(core) / LAB_ROUND_SHARE && !lab_load(&core->bypass);
}

/*
 * lab_free() for a page of which this CPU's table says already that it may be freed, where
 * nothing else is to be done: the entry's key says pool, block and issue.  False, and
 * nothing done, otherwise.
 */
static inline bool lab_free_known(struct lab_core *core, labyrinth_page_t page)
{
	struct lab_front *front = lab_front_here(core);
	u32 index = labyrinth_page_slot(page) >> core->shift;
	struct lab_entry *entry = &front->table[index % (LAB_TABLE / LAB_WAYS) * LAB_WAYS];
	u64 bit = page.v - entry->key, one, ok;

	if (bit >= LABYRINTH_BLOCK_MAX) {
		entry++;
		bit = page.v - entry->key;
	}
	if (bit >= LABYRINTH_BLOCK_MAX || front->hot.other || front->recent == entry ||
	    front->held >= core->held_max || lab_load(&core->bypass))
		return false;
	one = lab_bit(bit);
	ok = entry->ok & ~one;
	if (!ok || ok == entry->ok || lab_load(&core->block[index].busy) & one)
		return false;
	entry->ok = ok;
	entry->freed |= one;
	front->recent = entry;
	lab_store(&front->held, front->held + 1);
	lab_count(&front->frees, 1);
	return true;
}

/*
 * Is a page out since its block's present issue as a whole, and not the user's nor in
 * quarantine?  Without the lock: exact for a page that stays what it is, else see below.
 */
static inline bool lab_is_lent(const struct lab_core *core, struct lab_block *b,
			       labyrinth_page_t page, u64 one)
{
	u64 issue = (u64)lab_load_acquire(&b->gen) << LABYRINTH_POOL_BITS | core->id;

	return page.v >> LABYRINTH_SLOT_BITS == issue && lab_load(&b->out) & one &&
	       !((lab_load(&b->user) | lab_load(&b->quarantined)) & one);
}

/*
 * lab_hand_over() from DEVICE to CPU in the usual case, without a lock.  False, and
 * nothing done, otherwise: lab_hand_over() says what is the matter.
 *
 * Only who finds the busy bit set gets the page.  Between the look and that bit the page
 * may have gone another way, if another call of its holder says the same: it was
 * freed and issued again, and the bit is that of its new owner.  Whoever set it did
 * so after it was issued, and this is fully ordered after it was set, so that a second look
 * sees the new issue, and the bit is set again.
 */
static inline bool lab_from_device(struct lab_core *core, labyrinth_page_t page)
{
	u32 slot = labyrinth_page_slot(page), bit = slot & (lab_size(core) - 1);
	struct lab_block *b = lab_block_of(core, slot);

	if (slot >= core->hot.slots || !lab_is_lent(core, b, page, lab_bit(bit)) ||
	    !lab_clear_bit(&b->busy, bit))
		return false;
	if (lab_is_lent(core, b, page, lab_bit(bit)))
		return true;
	lab_set_bit(&b->busy, bit);
	return false;
}

/* core.c: any context but NMI if not said otherwise, pinned; bounded */
bool lab_alloc(struct lab_core *core, const struct lab_caller *who, struct lab_grant *grant);
labyrinth_page_t lab_again(struct lab_core *core);
u32 lab_again_run(struct lab_core *core, u32 want, struct labyrinth_run *run);
bool lab_take(struct lab_core *core, struct lab_front *front, const struct lab_caller *who,
	      struct lab_grant *grant);
bool lab_alloc_nmi(struct lab_core *core, struct lab_grant *grant);
void lab_alloc_failed(struct lab_core *core, const struct lab_caller *who,
		      struct lab_grant *grant);
u32 lab_alloc_run(struct lab_core *core, const struct lab_caller *who, u32 want,
		  struct labyrinth_run *run, struct lab_grant *grant);

/* free.c, pass.c: any context but NMI, pinned; bounded */
int lab_free(struct lab_core *core, labyrinth_page_t page, struct lab_move *move);
u64 lab_free_some(struct lab_core *core, u64 base, u64 pages, bool *kick);
int lab_free_addr(struct lab_core *core, unsigned long addr, struct lab_move *move);
int lab_hand_over(struct lab_core *core, labyrinth_page_t page, enum labyrinth_owner from,
		  enum labyrinth_owner to, struct lab_move *move);
int lab_refuse(struct lab_core *core, int err);
bool lab_drain(struct lab_core *core, struct lab_front *front);
void lab_front_clear(struct lab_front *front);
void lab_front_forget(struct lab_front *front, u64 one);

/* Not an error: the page has no mapping, apart.c takes it back */
#define LAB_APART	1

/* between core.c, free.c and pass.c */
void lab_late(struct lab_core *core, u64 key, u64 pages);
bool lab_commit_all(struct lab_core *core, struct lab_front *front);
void lab_close_other(struct lab_front *front);
struct lab_entry *lab_entry_of(struct lab_core *core, struct lab_front *front,
			       labyrinth_page_t page);
bool lab_from_user(struct lab_block *b, u32 bit);
void lab_move_begin(struct lab_move *move, labyrinth_page_t page);
int lab_why(struct lab_block *b, u32 bit, struct lab_move *move);
int lab_ask_why(struct lab_block *b, u32 bit, struct lab_move *move);

/*
 * apart.c: pages without a mapping.  The first three in any context but NMI, pinned;
 * the others in callers that may sleep
 */
int lab_isolate(struct lab_core *core, labyrinth_page_t page, struct lab_move *move);
int lab_isolated(struct lab_core *core, u32 slot, struct lab_move *move);
int lab_free_apart(struct lab_core *core, labyrinth_page_t page, struct lab_move *move);
int lab_lend(struct lab_block *b, u32 bit, enum labyrinth_owner from, enum labyrinth_owner to,
	     struct lab_move *move);
int lab_rejoin(struct lab_core *core, int (*map)(struct lab_core *core, u32 slot));
u32 lab_drop_apart(struct lab_core *core, u32 most);
void lab_end_apart(struct lab_core *core);

/* block.c: with the block's lock held; never waits */
u64 lab_issued(struct lab_core *core, struct lab_block *b, u16 epoch, u64 among);
u64 lab_take_back(struct lab_core *core, struct lab_block *b, u16 epoch, u64 pages);
void lab_set_aside(struct lab_core *core, struct lab_block *b, u64 pages);
enum labyrinth_owner lab_owner_of(const struct lab_block *b, u32 bit);

/* depot.c: with the depot's lock held; depot.h has its inline part */
void lab_depot_init(struct lab_core *core);
void lab_depot_settle(struct lab_core *core, struct lab_block *b);
bool lab_depot_kick_slow(struct lab_core *core);
void lab_list_del(struct lab_core *core, struct lab_list *list, struct lab_block *b);

/* stock.c: callers that may sleep, if not said otherwise there */
void lab_shape(struct lab_core *core);
void lab_init(struct lab_core *core);
int lab_grow(struct lab_core *core, u32 want);
int lab_refill(struct lab_core *core, u32 want);
u32 lab_trim(struct lab_core *core, u32 keep);
bool lab_alloc_new(struct lab_core *core, const struct lab_caller *who,
		   struct lab_grant *grant);
void lab_drop(struct lab_core *core, u32 slot);
void lab_work_begin(struct lab_core *core);
int lab_work_balance(struct lab_core *core);
bool lab_work_fed(struct lab_core *core);
bool lab_starving(struct lab_core *core);
void lab_close(struct lab_core *core);
u32 lab_total(struct lab_core *core);
u32 lab_quarantine(struct lab_core *core);
bool lab_leave(struct lab_core *core);
bool lab_last(struct lab_core *core);
void lab_count_shrunk(struct lab_core *core, u32 pages);
u32 lab_may_strand(const struct lab_core *core);

/* census.c: any context that may take long */
void lab_stats(struct lab_core *core, struct labyrinth_stats *stats);
u64 lab_out(struct lab_core *core, struct lab_block *b);
u16 lab_epoch_of(struct lab_core *core, struct lab_block *b, u32 bit);

/* the platform's, see platform.h */
int lab_page_make(struct lab_core *core, u32 slot, enum lab_how how);
void lab_page_drop(struct lab_core *core, u32 slot);
int lab_block_make(struct lab_core *core, struct lab_block *b, bool *whole);
void lab_block_drop(struct lab_core *core, struct lab_block *b);
void lab_block_unmap(struct lab_core *core, struct lab_block *b);
void lab_found_late(struct lab_core *core, u64 key, u64 pages);

#endif /* LAB_CORE_H */
