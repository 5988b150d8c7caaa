/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The depot's part of an allocation: inline, for it is on the longest path
 *
 * Context: any, pinned, with the depot's lock held.  Every call is O(1).
 */
#ifndef LAB_DEPOT_H
#define LAB_DEPOT_H

#include "core.h"

static inline void lab_list_add(struct lab_core *core, struct lab_list *list,
				struct lab_block *b, bool head)
{
	u32 index = lab_block_index(core, b);

	b->prev = head ? LAB_NONE : list->tail;
	b->next = head ? list->head : LAB_NONE;
	if (b->prev != LAB_NONE)
		core->block[b->prev].next = index;
	else
		list->head = index;
	if (b->next != LAB_NONE)
		core->block[b->next].prev = index;
	else
		list->tail = index;
}

/* Onto the list where a block belongs that is on none and no front's; its lock is held too */
static inline void lab_depot_enter(struct lab_core *core, struct lab_block *b)
{
	u8 list = LAB_PART;

	if (!b->free)
		return;
	if (b->back == b->here)
		list = b->fresh ? LAB_FRESH : LAB_FULL;
	lab_list_add(core, &core->list[list], b, list == LAB_FULL);
	b->list = list;
	b->queued = b->free;
	lab_store(&core->depot, core->depot + b->free);
}

/* The block to take pages from, and which route that is; NULL: none for this caller */
static inline struct lab_block *lab_depot_first(struct lab_core *core, bool atomic,
						enum labyrinth_route *route)
{
	u32 i, index = LAB_NONE;

	if (core->bypass & LAB_CLOSED || (!atomic && core->depot <= core->reserve))
		return NULL;
	for (i = 0; i < LAB_NR_LISTS && index == LAB_NONE; i++)
		index = core->list[i].head;
	if (index == LAB_NONE)
		return NULL;
	if (core->depot <= core->reserve)
		*route = LABYRINTH_ROUTE_RESERVE;
	else
		*route = i == LAB_FRESH + 1 ? LABYRINTH_ROUTE_DEPOT : LABYRINTH_ROUTE_RETURNED;
	return &core->block[index];
}

/* The first of its list goes into the hands of the caller */
static inline void lab_depot_leave(struct lab_core *core, struct lab_block *b)
{
	struct lab_list *list = &core->list[b->list];

	list->head = b->next;
	if (b->next != LAB_NONE)
		core->block[b->next].prev = LAB_NONE;
	else
		list->tail = LAB_NONE;
	lab_store(&core->depot, core->depot - b->queued);
	b->list = LAB_OFF;
	b->queued = 0;
}

/* A page of a block on a list was issued; it stays where it is as long as it has more */
static inline void lab_depot_less(struct lab_core *core, struct lab_block *b)
{
	if (!b->free) {
		lab_depot_settle(core, b);
		return;
	}
	lab_store(&core->depot, core->depot - b->queued + b->free);
	b->queued = b->free;
}

/* Is there something for the worker that it is not told yet? */
static inline bool lab_depot_kick(struct lab_core *core)
{
	if (core->kicked ||
	    (!core->bypass && core->depot >= core->low && core->depot <= core->ample))
		return false;
	return lab_depot_kick_slow(core);
}

/* The same for an allocation, which makes no surplus: is the worker needed? */
static inline bool lab_depot_short(struct lab_core *core)
{
	if (core->kicked || (!core->bypass && core->depot >= core->low))
		return false;
	return lab_depot_kick_slow(core);
}

#endif /* LAB_DEPOT_H */
