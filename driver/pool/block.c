// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One block: which of its pages are out, and since which issue
 *
 * A block's pages are issued in generations: when a front takes the block, all
 * its free pages get the next epoch at once, without a word being written for
 * each.  A page's record is then:
 *
 *	back		free
 *	out		issued in generation `gen` (or about to be: the owner's avail)
 *	old, epoch[]	issued in an earlier one, and still out
 *
 * So a page is never issued twice under one epoch while it is free in between,
 * and a handle is good exactly if its page is out since the handle's epoch.
 *
 * Context: any, pinned, with the block's lock held.
 */
#include "core.h"
#include "block.h"

const u64 lab_lanes[LAB_LANE_SETS] = {
	LAB_LANE_MASK(0), LAB_LANE_MASK(1), LAB_LANE_MASK(2), LAB_LANE_MASK(3),
	LAB_LANE_MASK(4), LAB_LANE_MASK(5), LAB_LANE_MASK(6), LAB_LANE_MASK(7),
	LAB_LANE_MASK(8), LAB_LANE_MASK(9), LAB_LANE_MASK(10), LAB_LANE_MASK(11),
	LAB_LANE_MASK(12), LAB_LANE_MASK(13), LAB_LANE_MASK(14), LAB_LANE_MASK(15),
};

/* Pages that the owner's front has and did not issue yet */
static u64 lab_unissued(struct lab_core *core, struct lab_block *b)
{
	return b->owner == LAB_NO_CPU ? 0 : lab_load(&lab_front_of(core, b->owner)->hot.avail);
}

/*
 * Those of the pages `among` which are out since `epoch`.
 *
 * The owner pops avail without the lock.  A client that has a handle was given it
 * after that pop, so whoever is shown the handle sees it popped.
 */
u64 lab_issued(struct lab_core *core, struct lab_block *b, u16 epoch, u64 among)
{
	const u16 *epochs = &core->epoch[lab_first(core, b)];
	u64 old = b->old & among;
	u64 issued = 0;

	if (epoch == b->gen && b->out & among)
		issued = b->out & among & ~lab_unissued(core, b);
	for (; old; old &= old - 1) {
		u32 bit = lab_ctz(old);

		if (epochs[bit] == epoch)
			issued |= lab_bit(bit);
	}
	return issued;
}

/* No inline free, and no hand-over, from now on */
static void lab_lock_up(struct lab_block *b, u32 bit)
{
	/* first: who clears the bit that is set next has to see it */
	lab_store(&b->quarantined, b->quarantined | lab_bit(bit));
	lab_set_bit(&b->busy, bit);
	lab_clear_bit(&b->user, bit);
}

/*
 * Pages come back that were issued in `epoch`.  Returns those that did not: they
 * were not out, or not since then.  A page that is good and yet busy was handed
 * over at the moment of its free, and nobody can say whose it is: quarantined.  What is
 * so already stays so, whatever its busy bit says by now.
 */
u64 lab_take_back(struct lab_core *core, struct lab_block *b, u16 epoch, u64 pages)
{
	u64 good = lab_issued(core, b, epoch, pages);
	u64 doubt = good & (lab_load(&b->busy) | lab_load(&b->user) | b->quarantined);
	u64 left;

	for (left = doubt; left; left &= left - 1)
		lab_lock_up(b, lab_ctz(left));
	lab_store(&b->out, b->out & ~(good & ~doubt));
	b->old &= ~(good & ~doubt);
	b->back |= good & ~doubt;
	b->free += lab_popcount(good & ~doubt);
	/* so that an allocation can take the block as a whole */
	if (b->owner == LAB_NO_CPU && b->out)
		lab_retire(core, b);
	return pages & ~good;
}

/* A free page that somebody handed over all the same is kept back, as out since never */
void lab_set_aside(struct lab_core *core, struct lab_block *b, u64 pages)
{
	u16 *epochs = &core->epoch[lab_first(core, b)];

	b->back &= ~pages;
	b->free = lab_popcount(b->back);
	b->old |= pages;
	for (; pages; pages &= pages - 1) {
		u32 bit = lab_ctz(pages);

		lab_lock_up(b, bit);
		epochs[bit] = b->last;
	}
}

/* Who has a page, as far as the block knows */
enum labyrinth_owner lab_owner_of(const struct lab_block *b, u32 bit)
{
	if (!((b->out | b->old) >> bit & 1))
		return LABYRINTH_OWNER_FREE;
	if (b->quarantined >> bit & 1)
		return LABYRINTH_OWNER_QUARANTINED;
	if (b->apart >> bit & 1)
		return b->lent >> bit & 1 ? LABYRINTH_OWNER_USER : LABYRINTH_OWNER_CPU;
	if (lab_load(&b->user) >> bit & 1)
		return LABYRINTH_OWNER_USER;
	if (lab_load(&b->busy) >> bit & 1)
		return LABYRINTH_OWNER_DEVICE;
	return LABYRINTH_OWNER_CPU;
}
