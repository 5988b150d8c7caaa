// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pages change hands while they are out; and frees by address, which end in free.c
 *
 * A page is the CPU's unless its bit in the block's busy word is set, then it is the
 * device's or, by the user word, the user's.  The bits change by atomic operations, so
 * of two hand-overs one wins.  Whether the handle is alive is seen without a lock if
 * the page is of this CPU's present issue, else under the block's.  What comes back from the
 * device, which most often is of another block, was tried without it before:
 * lab_from_device().
 *
 * Context: any but NMI, pinned.
 */
#include "core.h"

/* The handle under which a page is out, or the last one if it is not */
static labyrinth_page_t lab_handle_at(struct lab_core *core, u32 slot)
{
	struct lab_block *b = lab_block_of(core, slot);
	u32 bit = slot - lab_first(core, b);
	u16 epoch;

	lab_lock(&b->lock);
	epoch = b->old >> bit & 1 ? core->epoch[slot] : b->gen;
	lab_unlock(&b->lock);
	return (labyrinth_page_t){ lab_key(core, b, epoch) + bit };
}

/* lab_free() for a bare address, which has no epoch */
int lab_free_addr(struct lab_core *core, unsigned long addr, struct lab_move *move)
{
	struct lab_front *front = lab_front_here(core);
	unsigned long ahead = addr - front->hot.addr;
	u32 slot;

	if (!(ahead % LAB_PAGE_SIZE) && ahead / LAB_PAGE_SIZE < lab_size(core)) {
		labyrinth_page_t page = { front->hot.key + ahead / LAB_PAGE_SIZE };

		if (front->mask >> (ahead / LAB_PAGE_SIZE) & 1)
			return lab_free(core, page, move);
	}
	slot = lab_addr_slot(core, addr);
	if (slot == LAB_NONE) {
		*move = (struct lab_move){ .slot = LAB_NONE };
		return lab_refuse(core, -EINVAL);
	}
	return lab_free(core, lab_handle_at(core, slot), move);
}

/* One page passes between owners; its issue was checked.  False: it has another owner. */
static bool lab_pass(struct lab_block *b, u32 bit, enum labyrinth_owner from,
		     enum labyrinth_owner to)
{
	if (from == LABYRINTH_OWNER_DEVICE)
		return !(lab_load(&b->user) >> bit & 1) && lab_clear_bit(&b->busy, bit);
	if (to == LABYRINTH_OWNER_USER && lab_set_bit(&b->user, bit))
		return false;
	if (!lab_set_bit(&b->busy, bit))
		return true;
	if (to == LABYRINTH_OWNER_USER)
		lab_clear_bit(&b->user, bit);
	return false;
}

/* It was refused by what its bits say: once more under the lock */
static int lab_ask_lend(struct lab_block *b, u32 bit, enum labyrinth_owner from,
			enum labyrinth_owner to, struct lab_move *move)
{
	int err;

	lab_lock(&b->lock);
	err = lab_lend(b, bit, from, to, move);
	lab_unlock(&b->lock);
	return err;
}

/* The same, with the issue checked under the block's lock */
static int lab_pass_other(struct lab_core *core, labyrinth_page_t page,
			  enum labyrinth_owner from, enum labyrinth_owner to,
			  struct lab_move *move)
{
	struct lab_block *b = lab_block_of(core, move->slot);
	u32 bit = move->slot - lab_first(core, b);
	int err = 0;

	lab_lock(&b->lock);
	if (!lab_issued(core, b, labyrinth_page_epoch(page), lab_bit(bit))) {
		move->owner = lab_owner_of(b, bit);
		err = -ESTALE;
	} else if (b->quarantined >> bit & 1 || !lab_pass(b, bit, from, to)) {
		err = lab_lend(b, bit, from, to, move);
	}
	lab_unlock(&b->lock);
	return err;
}

/**
 * lab_hand_over - the same page, the same issue, another owner
 * @core: the pool
 * @page: its handle
 * @from: CPU or DEVICE
 * @to: DEVICE, USER (from CPU) or CPU (from DEVICE)
 * @move: what was found
 *
 * Return: as lab_free().
 */
int lab_hand_over(struct lab_core *core, labyrinth_page_t page, enum labyrinth_owner from,
		  enum labyrinth_owner to, struct lab_move *move)
{
	struct lab_front *front = lab_front_here(core);
	u64 bit = page.v ^ front->hot.key;
	struct lab_entry *entry;
	int err;

	lab_move_begin(move, page);
	if (bit < LABYRINTH_BLOCK_MAX && front->mask >> bit & 1) {
		struct lab_block *b = &core->block[front->block];

		if ((front->hot.avail | front->hot.back) >> bit & 1)
			err = -ESTALE;
		else
			err = lab_pass(b, bit, from, to) ? 0 : lab_ask_lend(b, bit, from, to, move);
	} else if ((page.v >> LABYRINTH_SLOT_BITS & (LAB_POOL_IDS - 1)) != core->id ||
		   move->slot >= core->hot.slots) {
		move->slot = LAB_NONE;
		err = -EINVAL;
	} else {
		lab_close_other(front);
		entry = lab_entry_of(core, front, page);
		bit = page.v - entry->key;
		if (bit < lab_size(core) && entry->freed >> bit & 1)
			err = -ESTALE;
		else
			err = lab_pass_other(core, page, from, to, move);
	}
	return err ? lab_refuse(core, err) : 0;
}
