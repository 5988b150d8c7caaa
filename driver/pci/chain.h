/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - slots in a row
 *
 * A queue's slots go in at one end and come out at the other, in their order, so that one link
 * is enough; and a kernel that checks its lists does not do so three times a page.  A
 * slot is in one chain at a time.  Context: the lock of the queue is held.
 */
#ifndef LABYRINTH_PCI_CHAIN_H
#define LABYRINTH_PCI_CHAIN_H

#include "driver.h"

static inline void labyrinth_chain_init(struct labyrinth_chain *chain)
{
	chain->first = NULL;
	chain->end = &chain->first;
}

/* At the end */
static inline void labyrinth_chain_add(struct labyrinth_chain *chain, struct labyrinth_slot *slot)
{
	slot->next = NULL;
	*chain->end = slot;
	chain->end = &slot->next;
}

/* At the beginning */
static inline void labyrinth_chain_push(struct labyrinth_chain *chain, struct labyrinth_slot *slot)
{
	slot->next = chain->first;
	if (!chain->first)
		chain->end = &slot->next;
	chain->first = slot;
}

/* Takes out the slot after @before, or the first one if that is NULL; its link stays as it is */
static inline void labyrinth_chain_cut(struct labyrinth_chain *chain,
				       struct labyrinth_slot *before)
{
	struct labyrinth_slot **link = before ? &before->next : &chain->first;

	*link = (*link)->next;
	if (!*link)
		chain->end = link;
}

/* The first one, taken out; NULL if there is none */
static inline struct labyrinth_slot *labyrinth_chain_pop(struct labyrinth_chain *chain)
{
	struct labyrinth_slot *slot = chain->first;

	if (slot)
		labyrinth_chain_cut(chain, NULL);
	return slot;
}

/* Of a chain that is not empty */
static inline struct labyrinth_slot *labyrinth_chain_last(const struct labyrinth_chain *chain)
{
	return container_of(chain->end, struct labyrinth_slot, next);
}

#endif /* LABYRINTH_PCI_CHAIN_H */
