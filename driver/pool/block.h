/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A block's free pages become an issue: inline, as part of the longest allocation
 *
 * Context: any, pinned, with the block's lock held.
 */
#ifndef LAB_BLOCK_H
#define LAB_BLOCK_H

#include "core.h"

/* Four epochs side by side, to write those of a whole block in bounded time */
typedef u64 __attribute__((__may_alias__)) lab_lanes_t;

#define LAB_LANES	4
#define LAB_LANE_SETS	(1 << LAB_LANES)

#ifdef LAB_BIG_ENDIAN
#define LAB_LANE(n)	(0xffffULL << (48 - 16 * (n)))
#else
#define LAB_LANE(n)	(0xffffULL << (16 * (n)))
#endif
#define LAB_LANE_IF(set, n)	((set) >> (n) & 1 ? LAB_LANE(n) : 0)
#define LAB_LANE_MASK(set)	\
	(LAB_LANE_IF(set, 0) | LAB_LANE_IF(set, 1) | LAB_LANE_IF(set, 2) | LAB_LANE_IF(set, 3))

/* block.c: for each set of lanes the bits that they take */
extern const u64 lab_lanes[LAB_LANE_SETS];

/* What is still out of the current generation is remembered page by page: many */
static inline void lab_retire(struct lab_core *core, struct lab_block *b)
{
	lab_lanes_t *lanes = (lab_lanes_t *)&core->epoch[lab_first(core, b)];
	u64 epochs = b->gen * 0x0001000100010001ULL;
	u64 left = b->out;

	b->old |= left;
	lab_store(&b->out, 0);
	for (; left; left >>= LAB_LANES, lanes++)
		*lanes ^= (*lanes ^ epochs) & lab_lanes[left & (LAB_LANE_SETS - 1)];
}

/* The same for some, as part of an allocation: not more than LAB_RETIRE_FEW as a rule */
static inline void lab_retire_few(struct lab_core *core, struct lab_block *b)
{
	u16 *epochs = &core->epoch[lab_first(core, b)];
	u64 left = b->out;

	b->old |= left;
	lab_store(&b->out, 0);
	for (; left; left &= left - 1)
		epochs[lab_ctz(left)] = b->gen;
}

/* All free pages become one issue; returns them, `free` of them.  They go into a front. */
static inline u64 lab_fresh_issue(struct lab_core *core, struct lab_block *b)
{
	u64 doubt = b->back & (lab_load(&b->busy) | lab_load(&b->user));

	if (doubt)
		lab_set_aside(core, b, doubt);
	if (b->out)
		lab_retire_few(core, b);
	/* whoever sees the new issue does not see the former one's pages: lab_is_lent() */
	lab_store_release(&b->gen, ++b->last);
	lab_store(&b->out, b->back);
	b->back = 0;
	b->fresh = false;
	return b->out;
}

/*
 * One page becomes an issue of its own.  It must be in back, or be new and not yet
 * in back.  No page if it cannot be.
 */
static inline labyrinth_page_t lab_issue_one(struct lab_core *core, struct lab_block *b, u32 bit)
{
	if ((lab_load(&b->busy) | lab_load(&b->user)) & lab_bit(bit)) {
		lab_set_aside(core, b, lab_bit(bit));
		return (labyrinth_page_t){ 0 };
	}
	b->free -= b->back >> bit & 1;
	b->back &= ~lab_bit(bit);
	b->old |= lab_bit(bit);
	b->fresh = false;
	core->epoch[lab_first(core, b) + bit] = ++b->last;
	return (labyrinth_page_t){ lab_key(core, b, b->last) + bit };
}

/* The same with the first free page that is nobody's; those that are not are set aside */
static inline labyrinth_page_t lab_issue_any(struct lab_core *core, struct lab_block *b)
{
	labyrinth_page_t page = { 0 };

	while (b->back && !labyrinth_page_ok(page))
		page = lab_issue_one(core, b, lab_ctz(b->back));
	return page;
}

#endif /* LAB_BLOCK_H */
