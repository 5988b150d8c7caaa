// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where the pages come from and go to: the paths of callers that may sleep
 *
 * A slot without a page is on the empty list.  Growing takes one from there,
 * makes the page outside the lock and puts it on the fresh list; trimming does
 * the reverse with pages of the depot.  While either is at it, the slot is on no
 * list and in no state that a client's call could match, so nothing else moves
 * it.  The number of slots is fixed, hence the bound on pages is exact.
 *
 * Low and high mark count the depot's pages; what the fronts hold (less than an
 * eighth of the pool, see core.c) comes on top.
 *
 * lab_alloc_new() and lab_drop() alone may be called from atomic context, where
 * the platform says that making and dropping pages is legal there.
 */
#include "core.h"

/* Between two looks at whether others want the CPU or the pool is closing */
#define LAB_CHUNK	32

void lab_init(struct lab_core *core)
{
	u32 i;

	core->cap = min_t(u32, LAB_FRONT_MAX, core->pages / (LAB_CPU_SHARE * core->cpus));
	if (core->direct)
		core->cap = 0;
	core->bypass = 0;
	core->depot = 0;
	lab_lock_init(&core->lock);
	core->returned = (struct lab_list){ .head = LAB_NONE };
	core->fresh = (struct lab_list){ .head = LAB_NONE };
	core->empty = (struct lab_list){ .head = LAB_NONE };
	core->total = 0;
	core->kicked = false;
	core->orphan = false;
	core->refills = 0;
	core->shrunk = 0;
	for (i = core->limit; i-- > 0; ) {
		core->meta[i].state = LAB_OWNER_NONE;
		core->addr[i] = 0;
		lab_push(core, &core->empty, i);
		if (!(i % 4096))
			lab_relax();
	}
}

/* A slot with a new page, FREE and on no list; LAB_NONE with *err set */
static u32 lab_make(struct lab_core *core, enum lab_how how, int *err)
{
	u32 index = LAB_NONE;
	lab_pin_t pin;

	*err = -ENOSPC;
	lab_pin(pin);
	lab_lock(&core->lock);
	if (!(core->bypass & LAB_CLOSED))
		index = lab_pop(core, &core->empty);
	if (index != LAB_NONE)
		core->total++;
	lab_unlock(&core->lock);
	lab_unpin(pin);
	if (index == LAB_NONE)
		return LAB_NONE;

	*err = lab_page_make(core, index, how);
	if (!*err) {
		u32 epoch = lab_epoch(lab_load(&core->meta[index].state));

		lab_store_release(&core->meta[index].state,
				  lab_word(LABYRINTH_OWNER_FREE, epoch, 0));
		return index;
	}
	lab_pin(pin);
	lab_lock(&core->lock);
	lab_push(core, &core->empty, index);
	core->total--;
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return LAB_NONE;
}

/* Gives a FREE page that is on no list to the system, and its slot back */
void lab_drop(struct lab_core *core, u32 index)
{
	u32 epoch = lab_epoch(lab_load(&core->meta[index].state));
	lab_pin_t pin;

	lab_store(&core->meta[index].state, lab_word(LAB_OWNER_NONE, epoch, 0));
	lab_page_drop(core, index);
	lab_pin(pin);
	lab_lock(&core->lock);
	lab_push(core, &core->empty, index);
	core->total--;
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

/*
 * Makes up to @want pages for the depot.  Returns how many; if none could be
 * made, the error: -ENOSPC at the bound (or closing), -ENOMEM, -EIO.
 */
int lab_grow(struct lab_core *core, u32 want)
{
	u32 made = 0;
	lab_pin_t pin;
	int err = 0;

	while (made < want) {
		u32 index = lab_make(core, LAB_MAY_SLEEP, &err);

		if (index == LAB_NONE)
			break;
		lab_pin(pin);
		lab_lock(&core->lock);
		lab_push(core, &core->fresh, index);
		lab_depot_sync(core);
		lab_unlock(&core->lock);
		lab_unpin(pin);
		if (!(++made % LAB_CHUNK))
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

/* Gives pages of the depot back to the system until it holds @keep; returns how many */
u32 lab_trim(struct lab_core *core, u32 keep)
{
	u32 index, gone = 0;
	lab_pin_t pin;

	for (;;) {
		index = LAB_NONE;
		lab_pin(pin);
		lab_lock(&core->lock);
		if (core->returned.count + core->fresh.count > keep)
			index = lab_pop(core, core->fresh.count ? &core->fresh :
								  &core->returned);
		lab_depot_sync(core);
		lab_unlock(&core->lock);
		lab_unpin(pin);
		if (index == LAB_NONE)
			return gone;
		lab_drop(core, index);
		if (!(++gone % LAB_CHUNK))
			lab_relax();
	}
}

/* Route buddy: a page for one caller, straight from the system; may be atomic */
bool lab_alloc_new(struct lab_core *core, const struct lab_caller *who,
		   struct lab_grant *grant)
{
	lab_pin_t pin;
	u32 index;
	int err;

	index = lab_make(core, LAB_ATOMIC, &err);
	if (index == LAB_NONE)
		return false;
	lab_pin(pin);
	lab_issue(core, index, LABYRINTH_ROUTE_BUDDY, who, grant);
	lab_unpin(pin);
	return true;
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

/* Brings the depot between its marks; an error if it is still short and why */
int lab_work_balance(struct lab_core *core)
{
	u32 depot = lab_load(&core->depot);
	lab_pin_t pin;
	u32 gone;
	int made;

	if (depot < core->low) {
		made = lab_refill(core, core->high - depot);
		if (made < 0 && made != -ENOSPC)
			return made;
	} else if (depot > core->high) {
		gone = lab_trim(core, core->high);
		lab_pin(pin);
		lab_lock(&core->lock);
		core->shrunk += gone;
		lab_unlock(&core->lock);
		lab_unpin(pin);
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
	u32 depot, fed = 0;
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	depot = core->returned.count + core->fresh.count;
	if (depot)
		fed |= LAB_STARVED_ATOMIC;
	if (depot > core->reserve)
		fed |= LAB_STARVED_PLAIN;
	fed &= core->bypass;
	lab_store(&core->bypass, core->bypass & ~fed);
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return fed;
}

/*
 * No page is issued or made from now on, and whatever is freed goes to the
 * depot, once each CPU's front was drained after this.  The worker is not kicked
 * again before lab_leave(), so that the caller is alone with the free pages.
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

/* Takes the device off each page that is still out in a closed pool; returns how many */
u32 lab_quarantine(struct lab_core *core)
{
	u32 i, old, new, count = 0;

	for (i = 0; i < core->limit; i++) {
		u32 *state = &core->meta[i].state;

		/* a lost exchange is a client's step that was just made: look again */
		do {
			old = lab_load(state);
			new = lab_word(LABYRINTH_OWNER_QUARANTINED, lab_epoch(old),
				       lab_holder(old));
		} while (lab_out(old) && lab_cmpxchg(state, old, new) != old);
		if (lab_out(old)) {
			lab_page_unmap(core, i);
			count++;
		}
		if (!(i % 4096))
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

/*
 * A snapshot: exact at a quiet moment, each number for itself otherwise.  total
 * is the sum over the owners, so that a page which the worker makes or gives back
 * at this moment is in both or in neither.
 */
void lab_stats(struct lab_core *core, struct labyrinth_stats *stats)
{
	struct lab_front *front;
	lab_pin_t pin;
	int cpu;
	u32 i;

	memset(stats, 0, sizeof(*stats));
	lab_for_each_cpu(core, cpu) {
		front = lab_front_of(core, cpu);
		for (i = 0; i < LABYRINTH_NR_ROUTES; i++)
			stats->allocs[i] += lab_load(&front->allocs[i]);
		for (i = 0; i < LABYRINTH_NR_CONTEXTS; i++)
			stats->contexts[i] += lab_load(&front->contexts[i]);
		stats->frees += lab_load(&front->frees);
		stats->refused += lab_load(&front->refused) + lab_load(&front->nmi);
	}
	lab_pin(pin);
	lab_lock(&core->lock);
	stats->refills = core->refills;
	stats->shrunk = core->shrunk;
	lab_unlock(&core->lock);
	lab_unpin(pin);
	stats->limit = core->limit;
	for (i = 0; i < core->limit; i++) {
		u32 owner = lab_owner(lab_load(&core->meta[i].state));

		if (owner < LABYRINTH_NR_OWNERS) {
			stats->owned[owner]++;
			stats->total++;
		}
		if (!(i % 4096))
			lab_relax();
	}
}
