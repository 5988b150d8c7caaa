// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where the pages come from and go to: the paths of callers that may sleep
 *
 * A slot is claimed under the depot's lock, which keeps the bound exact; then its
 * page is made outside all locks, and shown under the block's lock.  Dropping is the
 * reverse.  In between the slot is in no state that a client's call could match.
 * Pages are made by whole blocks where that fits, so that the platform can make
 * them contiguous, else singly.  A block that is mapped as a whole goes back as a
 * whole.
 *
 * Low and high mark count the depot's pages; what the fronts hold comes on top.
 *
 * lab_alloc_new() and lab_drop() alone may be called from atomic context, where
 * the platform says that making and dropping pages is legal there.
 */
#include "block.h"
#include "core.h"
#include "depot.h"

/* Between two looks at whether others want the CPU or the pool is closing */
#define LAB_CHUNK	32

static u32 lab_power_below(u32 n)
{
	return n ? 1u << (31 - lab_clz(n)) : 0;
}

/* How large blocks are, and how many; before the tables are made */
void lab_shape(struct lab_core *core)
{
	u32 share = core->pages / (LAB_BLOCK_SHARE * core->cpus);
	u32 size = min_t(u32, LABYRINTH_BLOCK_MAX, lab_power_below(share));

	core->fronts = !core->direct && size >= LAB_BLOCK_MIN;
	if (!core->fronts)
		size = LABYRINTH_BLOCK_MAX;
	core->shift = lab_ctz(size);
	core->held_max = 0;
	if (core->fronts)
		core->held_max = min_t(u32, LAB_HELD_MAX,
				       core->pages / (LAB_HELD_SHARE * core->cpus));
	core->blocks = (core->limit + size - 1) >> core->shift;
	core->hot.slots = core->blocks << core->shift;
}

/* F(CPUs) of core.c's head */
u32 lab_may_strand(const struct lab_core *core)
{
	return core->fronts ? (core->cpus - 1) * lab_size(core) + core->cpus * core->held_max : 0;
}

void lab_init(struct lab_core *core)
{
	u32 i, cpu;

	core->bypass = 0;
	core->depot = 0;
	lab_lock_init(&core->lock);
	lab_depot_init(core);
	core->total = 0;
	core->ample = core->high;
	core->kicked = false;
	core->orphan = false;
	core->refills = 0;
	core->shrunk = 0;
	core->map_failed = 0;
	for (i = 0; i < core->blocks; i++) {
		struct lab_block *b = &core->block[i];

		lab_lock_init(&b->lock);
		b->owner = LAB_NO_CPU;
		b->list = LAB_EMPTY;
		lab_list_add(core, &core->empty, b, false);
		if (!(i % 1024))
			lab_relax();
	}
	lab_for_each_cpu(core, cpu) {
		struct lab_front *front = lab_front_of(core, cpu);

		lab_front_clear(front);
		front->cpu = cpu;
	}
}

/* Claims all slots of a block without pages; NULL: none, or the bound is too near */
static struct lab_block *lab_claim_block(struct lab_core *core)
{
	struct lab_block *b = NULL;
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	if (!(core->bypass & LAB_CLOSED) && core->empty.head != LAB_NONE &&
	    core->limit - core->total >= lab_size(core)) {
		b = &core->block[core->empty.head];
		lab_list_del(core, &core->empty, b);
		b->list = LAB_OFF;
		b->claim = lab_all(core);
		core->total += lab_size(core);
	}
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return b;
}

/* Undoes lab_claim_block() */
static void lab_unclaim_block(struct lab_core *core, struct lab_block *b)
{
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	b->claim = 0;
	b->list = LAB_EMPTY;
	lab_list_add(core, &core->empty, b, true);
	core->total -= lab_size(core);
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

/* A whole block of new pages, fresh in the depot; 0 or an error */
static int lab_grow_block(struct lab_core *core)
{
	struct lab_block *b = lab_claim_block(core);
	bool whole = false;
	lab_pin_t pin;
	int err;

	if (!b)
		return -ENOSPC;
	err = lab_block_make(core, b, &whole);
	if (err) {
		lab_unclaim_block(core, b);
		return err;
	}
	lab_pin(pin);
	lab_lock(&core->lock);
	lab_lock(&b->lock);
	b->here = lab_all(core);
	b->back = b->here;
	b->free = lab_size(core);
	b->fresh = true;
	b->whole = whole;
	lab_depot_settle(core, b);
	lab_unlock(&b->lock);
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return 0;
}

/* Claims one slot: of a block with some pages first */
static u32 lab_claim_slot(struct lab_core *core)
{
	struct lab_block *b = NULL;
	u32 slot = LAB_NONE, bit;
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	if (core->bypass & LAB_CLOSED || core->total >= core->limit) {
		b = NULL;
	} else if (core->holes != LAB_NONE) {
		b = &core->block[core->holes];
	} else if (core->empty.head != LAB_NONE) {
		b = &core->block[core->empty.head];
		lab_list_del(core, &core->empty, b);
		b->list = LAB_OFF;
		b->holed = true;
		b->hole = core->holes;
		core->holes = lab_block_index(core, b);
	}
	if (b) {
		bit = lab_ctz(~b->claim);
		b->claim |= lab_bit(bit);
		slot = lab_first(core, b) + bit;
		core->total++;
		if (b->claim == lab_all(core)) {
			core->holes = b->hole;
			b->holed = false;
		}
	}
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return slot;
}

static void lab_unclaim_slot(struct lab_core *core, u32 slot)
{
	struct lab_block *b = lab_block_of(core, slot);
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	b->claim &= ~lab_bit(slot - lab_first(core, b));
	core->total--;
	if (!b->holed) {
		b->holed = true;
		b->hole = core->holes;
		core->holes = lab_block_index(core, b);
	}
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

/* A new page in a claimed slot; LAB_NONE with *err set */
static u32 lab_make(struct lab_core *core, enum lab_how how, int *err)
{
	u32 slot = lab_claim_slot(core);

	*err = -ENOSPC;
	if (slot == LAB_NONE)
		return LAB_NONE;
	*err = lab_page_make(core, slot, how);
	if (!*err)
		return slot;
	lab_unclaim_slot(core, slot);
	return LAB_NONE;
}

/* A single new page for the depot; 0 or an error */
static int lab_grow_page(struct lab_core *core)
{
	struct lab_block *b;
	lab_pin_t pin;
	int err;
	u32 slot = lab_make(core, LAB_MAY_SLEEP, &err);
	u64 one;

	if (slot == LAB_NONE)
		return err;
	b = lab_block_of(core, slot);
	one = lab_bit(slot - lab_first(core, b));
	lab_pin(pin);
	lab_lock(&core->lock);
	lab_lock(&b->lock);
	if (!b->here)
		b->fresh = true;
	b->here |= one;
	b->back |= one;
	b->free++;
	lab_depot_settle(core, b);
	lab_unlock(&b->lock);
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return 0;
}

/*
 * Makes up to @want pages for the depot.  Returns how many; if none could be
 * made, the error: -ENOSPC at the bound (or closing), -ENOMEM, -EIO.
 */
int lab_grow(struct lab_core *core, u32 want)
{
	u32 made = 0;
	int err = 0;

	while (made < want) {
		u32 step = lab_size(core);

		err = want - made >= step ? lab_grow_block(core) : -ENOSPC;
		if (err == -ENOSPC) {
			step = 1;
			err = lab_grow_page(core);
		}
		if (err)
			break;
		made += step;
		if (step > 1 || !(made % LAB_CHUNK))
			lab_relax();
	}
	return made ? (int)made : err;
}

/* lab_grow() after create: counted */
int lab_refill(struct lab_core *core, u32 want)
{
	int made = lab_grow(core, want);
	lab_pin_t pin;

	if (made <= 0)
		return made;
	lab_pin(pin);
	lab_lock(&core->lock);
	core->refills += made;
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return made;
}

/* Gives a page that is in no state any more, singly mapped or not mapped, to the system */
void lab_drop(struct lab_core *core, u32 slot)
{
	lab_page_drop(core, slot);
	lab_unclaim_slot(core, slot);
}

/* Takes a block's free pages out of it, at most @most or, if mapped as one, all or none */
static u64 lab_withdraw(struct lab_block *b, u32 most)
{
	u64 pages = b->back, left;

	if (b->whole && (b->back != b->here || (u32)lab_popcount(pages) > most))
		return 0;
	for (left = pages; left; left &= left - 1)
		if (most)
			most--;
		else
			pages &= ~lab_bit(lab_ctz(left));
	b->back &= ~pages;
	b->free = lab_popcount(b->back);
	b->here &= ~pages;
	return pages;
}

/*
 * The first block of the depot that has pages to give, without them; in @pages which.
 * Looks at no more than LAB_CHUNK blocks of each list, so under @core->lock the work
 * is bounded; a whole block that is not complete may hide others for a while.
 */
static struct lab_block *lab_surplus(struct lab_core *core, u32 keep, u64 *pages, bool *whole)
{
	static const u8 order[] = { LAB_PART, LAB_FRESH, LAB_FULL };
	u32 i, tries;

	*pages = 0;
	for (i = 0; i < LAB_NR_LISTS && core->depot > keep; i++) {
		u32 index = core->list[order[i]].head;

		for (tries = 0; index != LAB_NONE && tries < LAB_CHUNK; tries++) {
			struct lab_block *b = &core->block[index];

			lab_lock(&b->lock);
			*pages = lab_withdraw(b, core->depot - keep);
			if (*pages) {
				*whole = b->whole;
				b->whole = false;
				lab_depot_settle(core, b);
			}
			lab_unlock(&b->lock);
			if (*pages)
				return b;
			index = b->next;
		}
	}
	return NULL;
}

static u32 lab_drop_some(struct lab_core *core, struct lab_block *b, u64 pages, bool whole)
{
	u32 count = lab_popcount(pages);

	if (whole) {
		lab_block_drop(core, b);
		lab_unclaim_block(core, b);
		return count;
	}
	for (; pages; pages &= pages - 1)
		lab_drop(core, lab_first(core, b) + lab_ctz(pages));
	return count;
}

/* Gives pages of the depot back to the system until it holds @keep; returns how many */
u32 lab_trim(struct lab_core *core, u32 keep)
{
	struct lab_block *b;
	u32 gone = 0;
	bool whole = false;
	lab_pin_t pin;
	u64 pages;

	for (;;) {
		lab_pin(pin);
		lab_lock(&core->lock);
		b = lab_surplus(core, keep, &pages, &whole);
		lab_unlock(&core->lock);
		lab_unpin(pin);
		if (!b)
			return gone;
		gone += lab_drop_some(core, b, pages, whole);
		lab_relax();
	}
}

/* Route buddy: a page for one caller, straight from the system; may be atomic */
bool lab_alloc_new(struct lab_core *core, const struct lab_caller *who,
		   struct lab_grant *grant)
{
	struct lab_front *front;
	struct lab_block *b;
	lab_pin_t pin;
	u32 slot, bit;
	int err;

	slot = lab_make(core, LAB_ATOMIC, &err);
	if (slot == LAB_NONE)
		return false;
	b = lab_block_of(core, slot);
	bit = slot - lab_first(core, b);
	lab_pin(pin);
	lab_lock(&b->lock);
	b->here |= lab_bit(bit);
	grant->page = lab_issue_one(core, b, bit);
	lab_unlock(&b->lock);
	if (labyrinth_page_ok(grant->page)) {
		front = lab_front_here(core);
		grant->route = LABYRINTH_ROUTE_BUDDY;
		lab_count(&front->allocs[LABYRINTH_ROUTE_BUDDY], 1);
		if (who->context != LABYRINTH_CTX_HARDIRQ)
			lab_count(&front->contexts[who->context], 1);
	}
	lab_unpin(pin);
	return labyrinth_page_ok(grant->page);
}

/* The worker begins: what happens from now on needs another kick */
void lab_work_begin(struct lab_core *core)
{
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	core->kicked = false;
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

void lab_count_shrunk(struct lab_core *core, u32 pages)
{
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	core->shrunk += pages;
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

/* Gives back what is above the high mark; blocks mapped as one may leave some of it */
static void lab_work_trim(struct lab_core *core)
{
	u32 gone = lab_trim(core, core->high);
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	core->shrunk += gone;
	core->ample = core->depot > core->high ? core->depot : core->high;
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

/* Brings the depot between its marks; an error if it is still short and why */
int lab_work_balance(struct lab_core *core)
{
	u32 depot = lab_load(&core->depot);
	int made;

	if (depot < core->low) {
		made = lab_refill(core, core->high - depot);
		if (made < 0 && made != -ENOSPC)
			return made;
	} else if (depot > core->high) {
		lab_work_trim(core);
	}
	return 0;
}

bool lab_starving(struct lab_core *core)
{
	return lab_load(&core->bypass) & (LAB_STARVED_ATOMIC | LAB_STARVED_PLAIN);
}

/* Ends the refusals that can be helped now; true if there were any */
bool lab_work_fed(struct lab_core *core)
{
	u32 fed = 0;
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	if (core->depot)
		fed |= LAB_STARVED_ATOMIC;
	if (core->depot > core->reserve)
		fed |= LAB_STARVED_PLAIN;
	fed &= core->bypass;
	lab_store(&core->bypass, core->bypass & ~fed);
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return fed;
}

/*
 * No page is issued or made from now on, and whatever is freed goes to the
 * depot, once each CPU was drained after this.  The worker is not kicked again
 * before lab_leave(), so that the caller is alone with the free pages.
 */
void lab_close(struct lab_core *core)
{
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	core->kicked = true;
	lab_store(&core->bypass, LAB_CLOSED);
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

u32 lab_total(struct lab_core *core)
{
	lab_pin_t pin;
	u32 total;

	lab_pin(pin);
	lab_lock(&core->lock);
	total = core->total;
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return total;
}

/*
 * Takes the device off each page that is left in a closed and drained pool.  The
 * pages stay with their holders, and each goes back singly.  Returns how many are out.
 */
u32 lab_quarantine(struct lab_core *core)
{
	lab_pin_t pin;
	u32 i, count = 0;

	for (i = 0; i < core->blocks; i++) {
		struct lab_block *b = &core->block[i];

		/* all are out or free: nothing is made any more */
		lab_block_unmap(core, b);
		lab_pin(pin);
		lab_lock(&b->lock);
		b->whole = false;
		lab_store(&b->quarantined, b->out | b->old);
		count += lab_popcount(b->quarantined);
		lab_unlock(&b->lock);
		lab_unpin(pin);
		if (!(i % 1024))
			lab_relax();
	}
	return count;
}

/* With the lock held: true once, for the one who is to free the closed, empty pool */
static bool lab_ended(struct lab_core *core)
{
	bool ended = core->orphan && !core->total;

	if (ended)
		core->orphan = false;
	return ended;
}

/*
 * The owner lets go of a closed pool; pinned.  True: it was empty, the owner frees
 * it.  False: the worker will, after the last late free; it must be kicked once now.
 */
bool lab_leave(struct lab_core *core)
{
	bool ended;

	lab_lock(&core->lock);
	core->orphan = true;
	core->kicked = false;
	ended = lab_ended(core);
	lab_unlock(&core->lock);
	return ended;
}

/* Asked by the worker: is it the one who is to free the pool? */
bool lab_last(struct lab_core *core)
{
	lab_pin_t pin;
	bool ended;

	lab_pin(pin);
	lab_lock(&core->lock);
	ended = lab_ended(core);
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return ended;
}
