// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The controller's page pool: LABYRINTH_STAGING_PAGES pages, a bit each.
 *
 * Both calls finish in a fixed number of steps whatever the pool's state, never
 * sleep and never loop.  The lowest free page is handed out.  A page has one
 * owner from its allocation to its free; anything else that is given to free is
 * refused and counted, and changes nothing.
 */
#include "labyrinth_fw.h"

#define ALL_PAGES ((1u << LABYRINTH_STAGING_PAGES) - 1)

void labyrinth_fw_pool_init(struct labyrinth *maze, void *base)
{
	maze->base = base;
	maze->taken = 0;
	maze->refused = 0;
	maze->failed = 0;
}

void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze)
{
	uint32_t free = ~maze->taken & ALL_PAGES;
	uint32_t lowest = free & -free;

	if (!free) {
		maze->failed++;
		return NULL;
	}
	maze->taken |= lowest;
	return maze->base + (size_t)__builtin_ctz(lowest) * LABYRINTH_PAGE_SIZE;
}

void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page)
{
	/* Wraps for an address below the pool, and so fails the same test. */
	uintptr_t offset = (uintptr_t)page - (uintptr_t)maze->base;
	uintptr_t index = offset / LABYRINTH_PAGE_SIZE;

	if (!page || offset % LABYRINTH_PAGE_SIZE ||
	    index >= LABYRINTH_STAGING_PAGES ||
	    !(maze->taken & (1u << index))) {
		maze->refused++;
		return;
	}
	maze->taken &= ~(1u << index);
}
