// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The depot: blocks with free pages that are in no front
 *
 * Full blocks come first and in LIFO order, for they are the warmest; then fresh
 * ones; then, the longest waiting first, those of which pages are still out, so
 * that they have time to fill up.
 *
 * Context: any, pinned, with the depot's lock held.  Every call is O(1).
 */
#include "core.h"
#include "depot.h"

void lab_list_del(struct lab_core *core, struct lab_list *list, struct lab_block *b)
{
	if (b->prev != LAB_NONE)
		core->block[b->prev].next = b->next;
	else
		list->head = b->next;
	if (b->next != LAB_NONE)
		core->block[b->next].prev = b->prev;
	else
		list->tail = b->prev;
}

void lab_depot_init(struct lab_core *core)
{
	u32 i;

	for (i = 0; i < LAB_NR_LISTS; i++)
		core->list[i] = (struct lab_list){ LAB_NONE, LAB_NONE };
	core->empty = (struct lab_list){ LAB_NONE, LAB_NONE };
	core->holes = LAB_NONE;
	core->waits = LAB_NONE;
	core->unmapped = 0;
}

/* Onto the list where a block belongs by now; with its lock held too */
void lab_depot_settle(struct lab_core *core, struct lab_block *b)
{
	if (b->list < LAB_NR_LISTS) {
		u8 list = LAB_PART;

		/* the usual case: some more pages came back, or one was taken */
		if (b->back == b->here)
			list = b->fresh ? LAB_FRESH : LAB_FULL;
		if (b->free && list == b->list) {
			lab_store(&core->depot, core->depot - b->queued + b->free);
			b->queued = b->free;
			return;
		}
		lab_list_del(core, &core->list[b->list], b);
		lab_store(&core->depot, core->depot - b->queued);
		b->queued = 0;
		b->list = LAB_OFF;
	}
	if (b->list == LAB_OFF && b->owner == LAB_NO_CPU)
		lab_depot_enter(core, b);
}

/* Is the depot below its low mark, and the worker could do something about it; or above? */
static inline bool lab_off_balance(const struct lab_core *core)
{
	if (core->depot < core->low)
		return core->total - core->unmapped < core->limit;
	return core->depot > core->ample;
}

/* The same while calls go past the fronts: can somebody who was refused be served now? */
static bool lab_kick_bypassed(const struct lab_core *core)
{
	u32 bypass = core->bypass;

	if (bypass & LAB_CLOSED)
		return core->depot;
	return (bypass & LAB_STARVED_ATOMIC && core->depot) ||
	       (bypass & LAB_STARVED_PLAIN && core->depot > core->reserve) ||
	       core->unmapped || lab_off_balance(core);
}

/* What lab_depot_kick() does not see at a glance */
bool lab_depot_kick_slow(struct lab_core *core)
{
	if (!(core->bypass ? lab_kick_bypassed(core) : lab_off_balance(core)))
		return false;
	core->kicked = true;
	return true;
}
