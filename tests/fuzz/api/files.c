// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors by slot
 *
 * Contract: a slot's old descriptor is closed when a new one comes; while one thread closes a
 * shared one another may be in a call with it, which is what is wanted.
 */
#include <unistd.h>

#include "fuzz.h"

/* one more than the descriptor; 0: none */
static int shared[OWN_FILES];

int get_file(const struct worker *w, unsigned int slot)
{
	slot %= FILES;
	if (slot < OWN_FILES)
		return w->own[slot] - 1;
	return __atomic_load_n(&shared[slot - OWN_FILES], __ATOMIC_RELAXED) - 1;
}

void put_file(struct worker *w, unsigned int slot, int fd)
{
	int *place, old;

	slot %= FILES;
	place = slot < OWN_FILES ? &w->own[slot] : &shared[slot - OWN_FILES];
	old = __atomic_exchange_n(place, fd < 0 ? 0 : fd + 1, __ATOMIC_RELAXED);
	if (old)
		close(old - 1);
}

void close_all(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		put_file(w, i, -1);
}
