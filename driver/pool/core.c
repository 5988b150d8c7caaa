// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Exclusive pages: the paths that interrupts take
 *
 * A pool has `limit` slots.  A slot has at most one page, and everything that
 * is known of the page is in its 16-byte struct lab_meta: one state word
 * (owner, epoch, holder), a list link and the DMA address.
 *
 * Owners.  A slot's page is always in exactly one of these states:
 *
 *	          grow                 alloc               to_device
 *	NONE -------------> FREE ---------------> CPU <--------------> DEVICE
 *	     <-------------  ^ ^                  | |     to_cpu
 *	          drop       | +------ free ------+ | to_user
 *	                     +-------- free ------- USER
 *
 * and on close whatever is still out becomes QUARANTINED, from where only a
 * (late) free leads back to FREE.
 *
 * Every step that a client asks for is one compare-and-exchange of the state
 * word, from the owner and the epoch that the client claims.  The epoch moves
 * on with each free.  So of two frees of one issue exactly one succeeds, and a
 * free of an earlier issue, of a page the device owns, of an address that was
 * never issued, fails: the page stays with its owner.  The epoch has 12 bits:
 * a stale handle is mistaken for a good one if the same page was freed exactly
 * a multiple of 4096 times since.  A bare address has no epoch: its stale free
 * succeeds when the page is out again, and all the rest fails as above.
 *
 * A FREE page is on exactly one list, or in the hands of the one call that is
 * moving it, so whoever takes it from there may write its state word plainly.
 *
 * Where free pages are.  Each CPU has a front, a small stack that only this CPU
 * touches, pinned (interrupts off), without a lock or an atomic.  Behind the
 * fronts is the depot, two lists under one raw spinlock: `returned` has pages
 * which fronts gave back, `fresh` those which were made and not issued since.
 *
 *	alloc:	own front	     -> route cpu
 *		depot, returned list -> route returned, and up to half a front more
 *		depot, fresh list    -> route depot,      moves into the own front
 *		depot, last pages    -> route reserve, atomic callers only, one page
 *	free:	own front; if full, its older half moves to the returned list
 *
 * A route is where the call found the page, so a page which came to a front in
 * a batch of returned ones counts as cpu, like one which was freed on this CPU.
 *
 * Bounds.  No path loops on a retry.  The longest moves LAB_FRONT_MAX pages
 * under the lock, and waits for the lock behind at most one such move for each
 * other CPU.
 *
 * Who may go short.  Pages in another CPU's front cannot be taken.  A front has
 * cap = min(LAB_FRONT_MAX, pages / (8 * CPUs)) places, so an atomic caller is
 * refused only when at most
 *
 *	F(CPUs) = (CPUs - 1) * cap
 *
 * pages are free, less than an eighth of the pool; a small pool has cap 0 and F
 * 0.  Another caller is refused only when at most reserve + CPUs * cap are free.
 * (A page that another CPU is freeing at this very moment is not free yet, nor is
 * one that the worker is making.)
 * While a refusal stands (LAB_STARVED_*) frees bypass the fronts, so that the
 * refused caller can have the next page, whoever frees it.
 *
 * The reserve.  A caller that is not atomic gets no page while fewer than
 * `reserve` are in the depot, not even from its own front, and frees fill the
 * depot up to the reserve before they fill fronts.
 *
 * Ordering.  (1) A page's contents and addr[]/dma go from the one who frees or
 * makes it to the one who is issued it: within a front by program order, through
 * the depot by its lock.  (2) A client that learns a handle from another CPU
 * relies on its own hand-off for the contents; the state word's release at issue
 * pairs with the acquire in lab_move(), so that a checked word implies addr[].
 * (3) bypass is written under the lock and read without it: a free that misses
 * a new LAB_STARVED_* leaves its page in a front, and the worker's flush of all
 * fronts, which comes after the flag, brings it out (refill.c).
 *
 * Contexts: any but NMI, pinned by the caller.
 */
#include "core.h"

void lab_push(struct lab_core *core, struct lab_list *list, u32 index)
{
	core->meta[index].next = list->head;
	list->head = index;
	list->count++;
}

u32 lab_pop(struct lab_core *core, struct lab_list *list)
{
	u32 index = list->head;

	if (index == LAB_NONE)
		return LAB_NONE;
	list->head = core->meta[index].next;
	list->count--;
	return index;
}

/* Publishes the depot's size to those who look without the lock */
void lab_depot_sync(struct lab_core *core)
{
	lab_store(&core->depot, core->returned.count + core->fresh.count);
}

/* With the lock held: is there something for the worker that it is not told yet? */
bool lab_depot_kick(struct lab_core *core)
{
	u32 depot = core->returned.count + core->fresh.count;
	u32 bypass = core->bypass;
	bool fed = (bypass & LAB_STARVED_ATOMIC && depot) ||
		   (bypass & LAB_STARVED_PLAIN && depot > core->reserve);
	bool closed = bypass & LAB_CLOSED;
	bool need = !closed && depot < core->low && core->empty.count;
	bool surplus = depot > (closed ? 0 : core->high);

	if (core->kicked || !(fed || need || surplus))
		return false;
	core->kicked = true;
	return true;
}

/* The own front was empty or barred: take from the depot, and fill up the front */
static u32 lab_depot_take(struct lab_core *core, struct lab_front *front,
			  const struct lab_caller *who, struct lab_grant *grant)
{
	struct lab_list *list;
	u32 index = LAB_NONE;
	u32 depot, spare, batch;

	lab_lock(&core->lock);
	depot = core->returned.count + core->fresh.count;
	if (core->bypass & LAB_CLOSED)
		depot = 0;
	spare = depot > core->reserve ? depot - core->reserve : 0;
	list = core->returned.count ? &core->returned : &core->fresh;
	if (spare) {
		grant->route = list == &core->returned ? LABYRINTH_ROUTE_RETURNED :
							 LABYRINTH_ROUTE_DEPOT;
		index = lab_pop(core, list);
		batch = min(min(core->cap / 2, core->cap - front->count),
			    min(spare - 1, list->count));
		if (core->bypass)
			batch = 0;
		while (batch--)
			front->slot[front->count++] = lab_pop(core, list);
	} else if (depot && who->atomic) {
		grant->route = LABYRINTH_ROUTE_RESERVE;
		index = lab_pop(core, list);
	}
	lab_depot_sync(core);
	grant->kick = lab_depot_kick(core);
	lab_unlock(&core->lock);
	return index;
}

/* Moves the older `count` pages of a front to the depot; with the lock held */
static void lab_front_spill(struct lab_core *core, struct lab_front *front, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		lab_push(core, &core->returned, front->slot[i]);
	front->count -= count;
	memmove(front->slot, front->slot + count, front->count * sizeof(front->slot[0]));
}

/* The own front is full or bypassed: the page goes to the depot or makes room */
static bool lab_depot_put(struct lab_core *core, struct lab_front *front, u32 index)
{
	bool kick;

	lab_lock(&core->lock);
	if (core->bypass) {
		lab_front_spill(core, front, front->count);
		lab_push(core, &core->returned, index);
	} else if (front->count >= core->cap && core->cap > 1) {
		lab_front_spill(core, front, core->cap / 2);
		front->slot[front->count++] = index;
	} else {
		lab_push(core, &core->returned, index);
	}
	lab_depot_sync(core);
	kick = lab_depot_kick(core);
	lab_unlock(&core->lock);
	return kick;
}

/* Gives all that a front holds to the depot.  The front's CPU must be this one, or dead. */
void lab_drain(struct lab_core *core, struct lab_front *front)
{
	lab_lock(&core->lock);
	lab_front_spill(core, front, front->count);
	lab_depot_sync(core);
	lab_unlock(&core->lock);
}

/* Hands a page that nobody else can reach to the caller, and counts it */
void lab_issue(struct lab_core *core, u32 index, enum labyrinth_route route,
	       const struct lab_caller *who, struct lab_grant *grant)
{
	struct lab_front *front = lab_front_here(core);
	u32 *state = &core->meta[index].state;

	grant->index = index;
	grant->route = route;
	grant->state = lab_word(LABYRINTH_OWNER_CPU, lab_epoch(lab_load(state)), who->holder);
	lab_store_release(state, grant->state);
	lab_count(&front->allocs[route]);
	lab_count(&front->contexts[who->context]);
}

/*
 * False: nothing in the pool for this caller.  The caller may then look
 * elsewhere (lab_alloc_new()) and must end with lab_alloc_failed() otherwise.
 */
bool lab_alloc(struct lab_core *core, const struct lab_caller *who, struct lab_grant *grant)
{
	struct lab_front *front = lab_front_here(core);
	bool barred = core->reserve && !who->atomic &&
		      lab_load(&core->depot) < core->reserve;
	u32 index;

	grant->kick = false;
	if (front->count && !barred) {
		index = front->slot[--front->count];
		grant->route = LABYRINTH_ROUTE_CPU;
	} else {
		index = lab_depot_take(core, front, who, grant);
		if (index == LAB_NONE)
			return false;
	}
	lab_issue(core, index, grant->route, who, grant);
	return true;
}

/* A call ends without a page: note who is to be told when there are some again */
void lab_alloc_failed(struct lab_core *core, const struct lab_caller *who,
		      struct lab_grant *grant)
{
	u32 starved = who->atomic ? LAB_STARVED_ATOMIC : LAB_STARVED_PLAIN;

	grant->index = LAB_NONE;
	grant->state = 0;
	grant->route = LABYRINTH_ROUTE_FAIL;
	lab_count(&lab_front_here(core)->allocs[LABYRINTH_ROUTE_FAIL]);
	lab_lock(&core->lock);
	if (!(core->bypass & (starved | LAB_CLOSED))) {
		lab_store(&core->bypass, core->bypass | starved);
		/* the first refusal asks for the flush, even if nothing is free now */
		grant->kick |= !core->kicked;
		core->kicked = true;
	}
	lab_unlock(&core->lock);
}

/* One checked step of a page's state; move->before names the holder on refusal */
static int lab_step(struct lab_core *core, unsigned long addr, u32 epoch, u32 from,
		    enum labyrinth_owner to, struct lab_move *move)
{
	u32 index = lab_addr_index(core, addr);
	u32 *state, old, new, seen;

	move->index = index;
	move->before = 0;
	move->kick = false;
	if (index == LAB_NONE)
		return -EINVAL;

	/*
	 * Word first, address after: if the exchange below finds the same
	 * word, the slot had this page all the time in between.
	 */
	state = &core->meta[index].state;
	old = lab_load_acquire(state);
	if (lab_load(&core->addr[index]) != addr || !addr)
		return -EINVAL;
	move->before = old;
	if (!lab_out(old) || (epoch != LAB_EPOCH_ANY && epoch != lab_epoch(old)))
		return -ESTALE;
	if (!(from & 1u << lab_owner(old)))
		return -EBUSY;

	if (to == LABYRINTH_OWNER_FREE)
		new = lab_word(to, lab_epoch(old) + 1, 0);
	else
		new = lab_word(to, lab_epoch(old), lab_holder(old));
	seen = lab_cmpxchg(state, old, new);
	if (seen == old)
		return 0;
	/* someone else moved it at this moment: a second free, or a hand-over */
	move->before = seen;
	return lab_epoch(seen) == lab_epoch(old) ? -EBUSY : -ESTALE;
}

/* Counts a call that changes nothing */
int lab_refuse(struct lab_core *core, int err)
{
	lab_count(&lab_front_here(core)->refused);
	return err;
}

/**
 * lab_free - take a page back from its holder
 * @core: the pool
 * @addr: the page's address
 * @epoch: the handle's epoch, or LAB_EPOCH_ANY for a bare address
 * @move: what was found
 *
 * Return: 0, or -EINVAL (no page of this pool), -ESTALE (free already, or another
 * issue of the page), -EBUSY (the device owns it, or it is changing hands).
 */
int lab_free(struct lab_core *core, unsigned long addr, u32 epoch, struct lab_move *move)
{
	struct lab_front *front = lab_front_here(core);
	u32 from = 1u << LABYRINTH_OWNER_CPU | 1u << LABYRINTH_OWNER_USER;
	u32 bypass = lab_load(&core->bypass);
	int err;

	if (bypass & LAB_CLOSED)
		from |= 1u << LABYRINTH_OWNER_QUARANTINED;
	err = lab_step(core, addr, epoch, from, LABYRINTH_OWNER_FREE, move);
	if (err)
		return lab_refuse(core, err);

	lab_count(&front->frees);
	if (core->direct && !(bypass & LAB_CLOSED)) {
		lab_drop(core, move->index);
		return 0;
	}
	if (front->count < core->cap && !bypass &&
	    (!core->reserve || lab_load(&core->depot) >= core->reserve))
		front->slot[front->count++] = move->index;
	else
		move->kick = lab_depot_put(core, front, move->index);
	return 0;
}

/* The same page, the same issue, another owner; returns as lab_free() does */
int lab_hand_over(struct lab_core *core, labyrinth_page_t page, enum labyrinth_owner from,
		  enum labyrinth_owner to, struct lab_move *move)
{
	int err = lab_step(core, lab_handle_addr(page), lab_handle_epoch(page), 1u << from,
			   to, move);

	return err ? lab_refuse(core, err) : 0;
}

/* The slot of an issued page, LAB_NONE for anything else */
u32 lab_find(const struct lab_core *core, labyrinth_page_t page)
{
	unsigned long addr = lab_handle_addr(page);
	u32 index = lab_addr_index(core, addr);
	u32 state;

	if (index == LAB_NONE)
		return LAB_NONE;
	state = lab_load_acquire(&core->meta[index].state);
	if (!addr || lab_load(&core->addr[index]) != addr || !lab_out(state) ||
	    lab_epoch(state) != lab_handle_epoch(page))
		return LAB_NONE;
	return index;
}
