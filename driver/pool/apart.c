// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pages without a mapping: out, so that the device cannot write what the CPU reads;
 * or free, and waiting to be mapped again
 *
 *	      lab_isolate()		  lab_free_apart()	     lab_rejoin()
 *	DEVICE ------------> CPU or USER ----------------> waiting ---------------> FREE
 *			      (lab_lend())			   lab_drop_apart(): gone
 *
 * Such a page has its bit in the block's apart word.  Its bits in busy and user are both
 * set, so every inline call and every hand-over that goes by them alone refuses it: a
 * pool without such pages pays nothing.  Waiting pages are in neither out nor old nor
 * back: no handle names them, and no allocation finds them.
 *
 * The mapping is ended between lab_isolate(), which wins the page against any other call
 * (it is quarantined meanwhile), and lab_isolated(); it is made again, without a lock, by
 * the one who took the page off the waiting ones.
 *
 * Context: see core.h.
 */
#include "block.h"
#include "core.h"
#include "depot.h"

/* Between two looks at whether others want the CPU */
#define LAB_APART_CHUNK	32

/* With the block's lock held: pages that wait for their mapping */
static u64 lab_waiting(const struct lab_block *b)
{
	return b->apart & ~(b->out | b->old);
}

/* Does this CPU know that the page is free?  Its front and table are not the block's yet */
static bool lab_gone_here(struct lab_core *core, struct lab_front *front, labyrinth_page_t page)
{
	u64 bit = page.v ^ front->hot.key;
	struct lab_entry *entry;

	if (bit < LABYRINTH_BLOCK_MAX && front->mask >> bit & 1)
		return (front->hot.avail | front->hot.back) >> bit & 1;
	lab_close_other(front);
	entry = lab_entry_of(core, front, page);
	bit = page.v - entry->key;
	return bit < lab_size(core) && entry->freed >> bit & 1;
}

/**
 * lab_isolate - a page of the device is about to lose its mapping
 * @core: the pool
 * @page: its handle
 * @move: what was found
 *
 * The caller unmaps the page, then calls lab_isolated().
 *
 * Return: as lab_hand_over() from DEVICE.
 */
int lab_isolate(struct lab_core *core, labyrinth_page_t page, struct lab_move *move)
{
	struct lab_block *b;
	int err = 0;
	u64 one;
	u32 bit;

	lab_move_begin(move, page);
	if ((page.v >> LABYRINTH_SLOT_BITS & (LAB_POOL_IDS - 1)) != core->id ||
	    move->slot >= core->hot.slots) {
		move->slot = LAB_NONE;
		return lab_refuse(core, -EINVAL);
	}
	if (lab_gone_here(core, lab_front_here(core), page))
		return lab_refuse(core, -ESTALE);
	b = lab_block_of(core, move->slot);
	bit = move->slot - lab_first(core, b);
	one = lab_bit(bit);
	lab_lock(&b->lock);
	if (!lab_issued(core, b, labyrinth_page_epoch(page), one)) {
		move->owner = lab_owner_of(b, bit);
		err = -ESTALE;
	} else if ((b->quarantined | b->apart) & one || !(lab_load(&b->busy) & one) ||
		   lab_set_bit(&b->user, bit)) {
		err = lab_why(b, bit, move);
	} else {
		lab_store(&b->quarantined, b->quarantined | one);
		b->apart |= one;
	}
	lab_unlock(&b->lock);
	return err ? lab_refuse(core, err) : 0;
}

/**
 * lab_isolated - its mapping has ended: the page is the CPU's
 * @core: the pool
 * @slot: of the page
 * @move: what was found
 *
 * Return: 0; -EBUSY: another call took it from the device at the same moment, and
 * nobody can say whose it is: it stays quarantined.
 */
int lab_isolated(struct lab_core *core, u32 slot, struct lab_move *move)
{
	struct lab_block *b = lab_block_of(core, slot);
	u32 bit = slot - lab_first(core, b);
	bool won;

	lab_lock(&b->lock);
	won = lab_load(&b->busy) >> bit & 1;
	if (won) {
		lab_store(&b->quarantined, b->quarantined & ~lab_bit(bit));
	} else {
		lab_set_bit(&b->busy, bit);
		lab_clear_bit(&b->user, bit);
		move->owner = LABYRINTH_OWNER_QUARANTINED;
	}
	lab_unlock(&b->lock);
	if (!won)
		return lab_refuse(core, -EBUSY);
	lab_count(&lab_front_here(core)->isolated, 1);
	return 0;
}

/* A hand-over was refused by busy and user alone: from CPU to USER an apart page may go */
int lab_lend(struct lab_block *b, u32 bit, enum labyrinth_owner from, enum labyrinth_owner to,
	     struct lab_move *move)
{
	u64 one = lab_bit(bit);

	if (from != LABYRINTH_OWNER_CPU || to != LABYRINTH_OWNER_USER ||
	    !(b->apart & one) || b->lent & one || b->quarantined & one ||
	    !((b->out | b->old) & one))
		return lab_why(b, bit, move);
	b->lent |= one;
	return 0;
}

/* With both locks held: the page waits from now on */
static void lab_wait(struct lab_core *core, struct lab_block *b, u64 one)
{
	b->apart |= one;
	lab_store(&core->unmapped, core->unmapped + 1);
	if (b->waiting)
		return;
	b->waiting = true;
	b->waits = core->waits;
	core->waits = lab_block_index(core, b);
}

/* With both locks held: a page is FREE, and may be issued */
static void lab_join(struct lab_core *core, struct lab_block *b, u32 bit)
{
	b->apart &= ~lab_bit(bit);
	lab_clear_bit(&b->busy, bit);
	lab_clear_bit(&b->user, bit);
	b->back |= lab_bit(bit);
	b->free++;
	/* as when pages come back, so that an allocation can take the block as a whole */
	if (b->owner == LAB_NO_CPU && b->out)
		lab_retire(core, b);
	lab_depot_settle(core, b);
}

/**
 * lab_free_apart - a page without a mapping comes back from its holder
 * @core: the pool
 * @page: its handle; this CPU does not know it to be free
 * @move: what was found
 *
 * Context: any but NMI, pinned, no lock of the pool held.
 * Return: as lab_free().  The refusal is the caller's to count.
 */
int lab_free_apart(struct lab_core *core, labyrinth_page_t page, struct lab_move *move)
{
	struct lab_front *front = lab_front_here(core);
	u32 slot = labyrinth_page_slot(page);
	struct lab_block *b = lab_block_of(core, slot);
	u32 bit = slot - lab_first(core, b);
	u64 one = lab_bit(bit), own;
	int err = 0;

	lab_lock(&core->lock);
	lab_lock(&b->lock);
	if (!lab_issued(core, b, labyrinth_page_epoch(page), one)) {
		move->owner = lab_owner_of(b, bit);
		err = -ESTALE;
	} else if (b->quarantined & one || !(b->apart & one)) {
		err = lab_why(b, bit, move);
	} else {
		lab_store(&b->out, b->out & ~one);
		b->old &= ~one;
		b->lent &= ~one;
		/* a pool that ends maps nothing any more */
		if (core->bypass & LAB_CLOSED)
			lab_join(core, b, bit);
		else
			lab_wait(core, b, one);
		own = page.v ^ front->hot.key;
		if (own < LABYRINTH_BLOCK_MAX)
			lab_front_forget(front, lab_bit(own));
		lab_count(&front->frees, 1);
	}
	lab_unlock(&b->lock);
	move->kick |= lab_depot_kick(core);
	lab_unlock(&core->lock);
	return err;
}

/* Takes a page off the waiting ones: nobody else has it now.  LAB_NONE: there is none */
static u32 lab_unwait(struct lab_core *core)
{
	struct lab_block *b;
	u32 slot = LAB_NONE;
	lab_pin_t pin;
	u64 waiting;

	lab_pin(pin);
	lab_lock(&core->lock);
	if (core->waits != LAB_NONE) {
		b = &core->block[core->waits];
		lab_lock(&b->lock);
		waiting = lab_waiting(b);
		slot = lab_first(core, b) + lab_ctz(waiting);
		b->apart &= ~lab_bit(lab_ctz(waiting));
		lab_store(&core->unmapped, core->unmapped - 1);
		if (!(waiting & (waiting - 1))) {
			core->waits = b->waits;
			b->waiting = false;
		}
		lab_unlock(&b->lock);
	}
	lab_unlock(&core->lock);
	lab_unpin(pin);
	return slot;
}

/* A page that lab_unwait() gave becomes FREE or, if it could not be mapped, waits again */
static void lab_unwaited(struct lab_core *core, u32 slot, bool join)
{
	struct lab_block *b = lab_block_of(core, slot);
	u32 bit = slot - lab_first(core, b);
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&core->lock);
	lab_lock(&b->lock);
	if (join) {
		lab_join(core, b, bit);
	} else {
		lab_wait(core, b, lab_bit(bit));
		core->map_failed++;
	}
	lab_unlock(&b->lock);
	lab_unlock(&core->lock);
	lab_unpin(pin);
}

/**
 * lab_rejoin - map pages that wait, up to the high mark, if the depot is short of pages
 * @core: the pool
 * @map: maps the page in a slot; 0 or an error, then it waits on
 *
 * Return: 0, or the error of @map, at which this ended.
 */
int lab_rejoin(struct lab_core *core, int (*map)(struct lab_core *core, u32 slot))
{
	u32 slot, n = 0;
	int err;

	if (lab_load(&core->depot) >= core->low && !lab_starving(core))
		return 0;
	while (lab_load(&core->depot) < core->high) {
		slot = lab_unwait(core);
		if (slot == LAB_NONE)
			break;
		err = map(core, slot);
		lab_unwaited(core, slot, !err);
		if (err)
			return err;
		if (!(++n % LAB_APART_CHUNK))
			lab_relax();
	}
	return 0;
}

/* Gives up to @most of the pages that wait back to the system; how many */
u32 lab_drop_apart(struct lab_core *core, u32 most)
{
	u32 slot, gone;

	for (gone = 0; gone < most; gone++) {
		struct lab_block *b;
		lab_pin_t pin;
		u32 bit;

		slot = lab_unwait(core);
		if (slot == LAB_NONE)
			break;
		b = lab_block_of(core, slot);
		bit = slot - lab_first(core, b);
		lab_pin(pin);
		lab_lock(&core->lock);
		lab_lock(&b->lock);
		b->here &= ~lab_bit(bit);
		lab_clear_bit(&b->busy, bit);
		lab_clear_bit(&b->user, bit);
		lab_depot_settle(core, b);
		lab_unlock(&b->lock);
		lab_unlock(&core->lock);
		lab_unpin(pin);
		lab_drop(core, slot);
		if (!((gone + 1) % LAB_APART_CHUNK))
			lab_relax();
	}
	return gone;
}

/* The pool is closed: pages that wait are free without a mapping, for lab_trim() */
void lab_end_apart(struct lab_core *core)
{
	u32 slot;

	for (;;) {
		slot = lab_unwait(core);
		if (slot == LAB_NONE)
			return;
		lab_unwaited(core, slot, true);
		lab_relax();
	}
}
