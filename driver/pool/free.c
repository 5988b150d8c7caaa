// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pages come back: to this CPU's block, to its table, or to their block at once
 *
 * core.c's head has the design.  An entry of the table is made from what its block
 * says under the lock, and only its pages are taken; they go to the block when the
 * entry is full, when another block needs its place, when the table holds too much,
 * or when the CPU is drained.  The entry that is freed to in a row is opened to the
 * inline calls (hot.other*), and closed before anybody looks at the table.
 *
 * Context: any but NMI, pinned.  Bounded: an entry goes, and another is made.
 */
#include "core.h"
#include "depot.h"

/* Puts a block that no front has where it belongs; true: kick the worker */
static bool lab_settle(struct lab_core *core, struct lab_block *b)
{
	bool kick;

	lab_lock(&core->lock);
	lab_lock(&b->lock);
	lab_depot_settle(core, b);
	lab_unlock(&b->lock);
	kick = lab_depot_kick(core);
	lab_unlock(&core->lock);
	return kick;
}

/*
 * The inline calls free no more of the other block: what they did is noted in its
 * entry, which is front->recent.  Before each look at the table.
 */
void lab_close_other(struct lab_front *front)
{
	u64 ok = front->hot.other_ok, freed = front->opened & ~ok;

	if (!front->hot.other)
		return;
	lab_store(&front->opened, 0);
	lab_store(&front->hot.other, 0);
	lab_store(&front->hot.other_ok, 0);
	front->recent->ok &= ~freed;
	front->recent->freed |= freed;
	lab_store(&front->held, front->held + lab_popcount(freed));
	lab_count(&front->frees, lab_popcount(freed));
}

/*
 * From now on inline: all that may be freed of the entry, or as much as the table has room
 * for of what comes after a page, for most come back in the order in which they went
 */
static void lab_open_other(struct lab_core *core, struct lab_front *front, struct lab_block *b,
			   struct lab_entry *entry, u32 bit)
{
	u32 room = core->held_max - front->held;
	u64 ok = entry->ok;

	if (lab_popcount(ok) > room)
		ok &= (lab_bit(room) - 1) << bit << 1;
	/* a last page is never freed inline */
	if (!(ok & (ok - 1)))
		return;
	lab_store(&front->opened, ok);
	front->hot.other_busy = &b->busy;
	lab_store(&front->hot.other_ok, ok);
	lab_store(&front->hot.other, entry->key);
}

/*
 * Brings an entry's freed pages to their block; true: kick.  What may be freed of it goes
 * on to be known until it is another block's.
 */
static bool lab_commit(struct lab_core *core, struct lab_front *front, struct lab_entry *entry)
{
	struct lab_block *b = lab_block_of(core, entry->key & LABYRINTH_SLOT_MASK);
	u64 freed = entry->freed, key = entry->key, bad;
	bool settle = entry->last, kick = false;

	lab_store(&front->held, front->held - lab_popcount(freed));
	entry->freed = 0;
	if (!entry->ok)
		entry->key = 0;
	if (!freed)
		return false;
	if (settle)
		lab_lock(&core->lock);
	lab_lock(&b->lock);
	bad = lab_take_back(core, b, key >> LABYRINTH_EPOCH_SHIFT, freed);
	if (settle) {
		lab_depot_settle(core, b);
		lab_unlock(&b->lock);
		kick = lab_depot_kick(core);
		lab_unlock(&core->lock);
	} else {
		settle = b->owner == LAB_NO_CPU;
		lab_unlock(&b->lock);
		kick = settle && lab_settle(core, b);
	}
	if (bad)
		lab_late(core, key, bad);
	return kick;
}

/* All that the table holds goes, and what it knows is forgotten */
bool lab_commit_all(struct lab_core *core, struct lab_front *front)
{
	bool kick = false;
	u32 i;

	lab_close_other(front);
	for (i = 0; i < LAB_TABLE; i++) {
		if (!front->table[i].key)
			continue;
		kick |= lab_commit(core, front, &front->table[i]);
		front->table[i].key = 0;
		front->table[i].ok = 0;
	}
	return kick;
}

/*
 * The table holds too much: the next entry with freed pages goes, there is one.  In turn, for
 * those to which no page comes any more would fill the table if they were left alone.
 */
static bool lab_commit_next(struct lab_core *core, struct lab_front *front)
{
	struct lab_entry *entry;

	do {
		entry = &front->table[front->hand++ % LAB_TABLE];
	} while (!entry->freed);
	return lab_commit(core, front, entry);
}

/* The page is the user's: the first to say so takes it from there */
bool lab_from_user(struct lab_block *b, u32 bit)
{
	if (!lab_clear_bit(&b->user, bit))
		return false;
	lab_clear_bit(&b->busy, bit);
	return true;
}

void lab_move_begin(struct lab_move *move, labyrinth_page_t page)
{
	move->page = page;
	move->slot = labyrinth_page_slot(page);
	move->owner = LABYRINTH_OWNER_FREE;
	move->kick = false;
}

/* Why a page may not be freed or handed over; with its block's lock held */
int lab_why(struct lab_block *b, u32 bit, struct lab_move *move)
{
	move->owner = lab_owner_of(b, bit);
	return move->owner == LABYRINTH_OWNER_FREE ? -ESTALE : -EBUSY;
}

/* The same without */
int lab_ask_why(struct lab_block *b, u32 bit, struct lab_move *move)
{
	int err;

	lab_lock(&b->lock);
	err = lab_why(b, bit, move);
	lab_unlock(&b->lock);
	return err;
}

/*
 * The page is busy: the user's may be freed.  Asked under the lock, for the page may be
 * out again under another handle, of which this CPU's front and table know nothing.
 * LAB_APART: it goes another way (lab_free_not()).
 */
static int lab_free_busy(struct lab_core *core, struct lab_block *b, labyrinth_page_t page,
			 struct lab_move *move)
{
	u32 bit = move->slot - lab_first(core, b);
	int err = 0;

	lab_lock(&b->lock);
	if (!lab_issued(core, b, labyrinth_page_epoch(page), lab_bit(bit))) {
		move->owner = lab_owner_of(b, bit);
		err = -ESTALE;
	} else if (b->apart >> bit & 1) {
		err = LAB_APART;
	} else if (b->quarantined >> bit & 1 || !lab_from_user(b, bit)) {
		err = lab_why(b, bit, move);
	}
	lab_unlock(&b->lock);
	return err;
}

/*
 * Where this CPU remembers frees of a page's block and issue; or would, if its key says
 * another: an entry that has no pages, or else the fuller one, which had to go first anyway
 */
struct lab_entry *lab_entry_of(struct lab_core *core, struct lab_front *front,
			       labyrinth_page_t page)
{
	u32 set = lab_block_index(core, lab_block_of(core, labyrinth_page_slot(page))) %
		  (LAB_TABLE / LAB_WAYS);
	struct lab_entry *entry = &front->table[set * LAB_WAYS];
	bool first;

	if (page.v - entry[0].key < lab_size(core))
		return &entry[0];
	if (page.v - entry[1].key < lab_size(core))
		return &entry[1];
	if (!entry[0].freed || !entry[1].freed)
		first = !entry[0].freed;
	else
		first = lab_popcount(entry[0].freed) >= lab_popcount(entry[1].freed);
	return first ? &entry[0] : &entry[1];
}

/* A free cannot go the usual way: the page is apart, or it is refused */
static int lab_free_not(struct lab_core *core, labyrinth_page_t page, int err,
			struct lab_move *move)
{
	struct lab_entry *entry = lab_entry_of(core, lab_front_here(core), page);

	if (err == LAB_APART)
		err = lab_free_apart(core, page, move);
	if (err)
		return lab_refuse(core, err);
	if (page.v - entry->key < lab_size(core))
		entry->ok &= ~lab_bit(page.v - entry->key);
	return 0;
}

/* A free that must not wait in a table: the pool is short, closed or small */
static int lab_free_now(struct lab_core *core, struct lab_block *b, labyrinth_page_t page,
			struct lab_move *move)
{
	u32 bit = labyrinth_page_slot(page) - lab_first(core, b);
	bool closed = lab_load(&core->bypass) & LAB_CLOSED;
	bool leave = core->direct && !closed;
	u64 one = lab_bit(bit);
	struct lab_entry *entry = lab_entry_of(core, lab_front_here(core), page);
	bool owned;
	int err = 0;

	lab_close_other(lab_front_here(core));
	if (entry->key == page.v - bit && entry->freed & one)
		return lab_refuse(core, -ESTALE);
	lab_lock(&b->lock);
	if (!lab_issued(core, b, labyrinth_page_epoch(page), one)) {
		err = -ESTALE;
		move->owner = lab_owner_of(b, bit);
	} else if (closed && b->quarantined & one) {
		lab_clear_bit(&b->busy, bit);
		lab_clear_bit(&b->user, bit);
		lab_store(&b->quarantined, b->quarantined & ~one);
		b->apart &= ~one;
		b->lent &= ~one;
	} else if (lab_load(&b->busy) & one) {
		if (b->apart & one)
			err = LAB_APART;
		else if (b->quarantined & one || !lab_from_user(b, bit))
			err = lab_why(b, bit, move);
	}
	if (!err && !leave)
		lab_take_back(core, b, labyrinth_page_epoch(page), one);
	if (!err && leave) {
		lab_store(&b->out, b->out & ~one);
		b->old &= ~one;
		b->here &= ~one;
	}
	owned = b->owner != LAB_NO_CPU;
	lab_unlock(&b->lock);
	if (err)
		return lab_free_not(core, page, err, move);
	if (entry->key == page.v - bit)
		entry->ok &= ~one;
	lab_count(&lab_front_here(core)->frees, 1);
	if (leave)
		lab_drop(core, labyrinth_page_slot(page));
	else if (!owned)
		move->kick |= lab_settle(core, b);
	return 0;
}

/* Makes an entry speak of an issue, as it is now */
static bool lab_entry_for(struct lab_core *core, struct lab_front *front, struct lab_block *b,
			  u64 key, struct lab_entry *entry)
{
	bool kick = entry->key && lab_commit(core, front, entry);
	u16 epoch = key >> LABYRINTH_EPOCH_SHIFT;

	lab_lock(&b->lock);
	entry->ok = lab_issued(core, b, epoch, lab_all(core)) & ~b->quarantined;
	entry->last = b->owner == LAB_NO_CPU || epoch != b->gen;
	lab_unlock(&b->lock);
	/* the front's own are freed there, which the entry would not see */
	if (key == front->hot.key)
		entry->ok &= ~front->mask;
	entry->key = key;
	entry->freed = 0;
	return kick;
}

static int lab_free_other(struct lab_core *core, struct lab_front *front, labyrinth_page_t page,
			  struct lab_move *move)
{
	struct lab_block *b = lab_block_of(core, move->slot);
	u32 bit = move->slot - lab_first(core, b);
	struct lab_entry *entry = lab_entry_of(core, front, page);
	bool again = entry == front->recent;
	u64 one = lab_bit(bit);

	lab_close_other(front);
	front->recent = entry;
	if (entry->key != page.v - bit || !(entry->ok & one))
		move->kick |= lab_entry_for(core, front, b, page.v - bit, entry);
	if (!(entry->ok & one)) {
		lab_ask_why(b, bit, move);
		return lab_refuse(core, move->owner == LABYRINTH_OWNER_QUARANTINED ? -EBUSY :
										     -ESTALE);
	}
	if (lab_load(&b->busy) & one) {
		int err = lab_free_busy(core, b, page, move);

		if (err)
			return lab_free_not(core, page, err, move);
	}
	entry->ok &= ~one;
	entry->freed |= one;
	lab_store(&front->held, front->held + 1);
	lab_count(&front->frees, 1);
	if (front->held > core->held_max)
		move->kick |= lab_commit_next(core, front);
	else if (!entry->ok && entry->last)
		move->kick |= lab_commit(core, front, entry);
	else if (again)
		lab_open_other(core, front, b, entry, bit);
	return 0;
}

/**
 * lab_free - take a page back from its holder
 * @core: the pool
 * @page: its handle
 * @move: what was found
 *
 * Return: 0, or -EINVAL (no page of this pool), -ESTALE (free already, or another
 * issue of the page), -EBUSY (the device owns it, or it is quarantined).
 */
int lab_free(struct lab_core *core, labyrinth_page_t page, struct lab_move *move)
{
	struct lab_front *front = lab_front_here(core);
	u64 bit = page.v ^ front->hot.key;
	struct lab_block *b;
	int err = 0;

	lab_move_begin(move, page);
	if (bit < LABYRINTH_BLOCK_MAX && front->mask >> bit & 1) {
		b = &core->block[front->block];
		if ((front->hot.avail | front->hot.back) >> bit & 1)
			return lab_refuse(core, -ESTALE);
		if (lab_load(&b->busy) >> bit & 1)
			err = lab_free_busy(core, b, page, move);
		if (err)
			return lab_free_not(core, page, err, move);
		lab_store(&front->hot.back, front->hot.back | lab_bit(bit));
		return 0;
	}
	if ((page.v >> LABYRINTH_SLOT_BITS & (LAB_POOL_IDS - 1)) != core->id ||
	    move->slot >= core->hot.slots) {
		move->slot = LAB_NONE;
		return lab_refuse(core, -EINVAL);
	}
	if (!core->fronts || lab_load(&core->bypass))
		return lab_free_now(core, lab_block_of(core, move->slot), page, move);
	return lab_free_other(core, front, page, move);
}

/**
 * lab_free_some - take many pages of one block and issue back at once
 * @core: the pool
 * @base: handle of the block's page 0 in that issue
 * @pages: which of the block
 * @kick: set if the worker is to be asked
 *
 * Return: those that are free now.  The others are as they were: lab_free() says
 * what is wrong with them, or takes them singly.
 */
u64 lab_free_some(struct lab_core *core, u64 base, u64 pages, bool *kick)
{
	struct lab_front *front = lab_front_here(core);
	u32 slot = base & LABYRINTH_SLOT_MASK;
	struct lab_entry *entry;
	struct lab_block *b;

	if (base == front->hot.key && base) {
		pages &= front->mask & ~(front->hot.avail | front->hot.back);
		pages &= ~lab_load(front->hot.busy);
		lab_store(&front->hot.back, front->hot.back | pages);
		return pages;
	}
	if (!core->fronts || lab_load(&core->bypass) || slot >= core->hot.slots ||
	    slot & (lab_size(core) - 1) ||
	    (base >> LABYRINTH_SLOT_BITS & (LAB_POOL_IDS - 1)) != core->id)
		return 0;
	b = lab_block_of(core, slot);
	entry = lab_entry_of(core, front, (labyrinth_page_t){ base });
	lab_close_other(front);
	front->recent = entry;
	if (entry->key != base || pages & ~entry->ok)
		*kick |= lab_entry_for(core, front, b, base, entry);
	pages &= entry->ok & ~lab_load(&b->busy);
	entry->ok &= ~pages;
	entry->freed |= pages;
	lab_store(&front->held, front->held + lab_popcount(pages));
	lab_count(&front->frees, lab_popcount(pages));
	if (front->held > core->held_max || (!entry->ok && entry->last))
		*kick |= lab_commit(core, front, entry);
	return pages;
}
