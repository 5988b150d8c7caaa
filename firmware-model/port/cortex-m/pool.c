// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The pool behind the MPU: its beginning, and why a page is refused.
 * pool_fast.S has the rest, or pool_v8m.c.
 */
#include "armv7m.h"
#include "mpu.h"
#include "pool.h"

#define ALL_PAGES ((1u << POOL_PAGES) - 1)

_Static_assert(POOL_PAGES == LABYRINTH_STAGING_PAGES, "pages");
_Static_assert(1u << POOL_PAGE_LOG2 == LABYRINTH_PAGE_SIZE, "page size");
_Static_assert(1u << POOL_SIZE_LOG2 == POOL_PAGES * LABYRINTH_PAGE_SIZE,
	       "a page must be a subregion");
_Static_assert(POOL_BASE % (1u << POOL_SIZE_LOG2) == 0, "region's alignment");
_Static_assert(POOL_OWNED == POOL_FREE - 1, "pool_refuse()");
_Static_assert(offsetof(struct labyrinth, taken) == 4, "pool_fast.S: TAKEN");
_Static_assert(offsetof(struct labyrinth, failed) == 12, "pool_fast.S: FAILED");

/* pool_fast.S advances the issue, a half-word. */
uint32_t pool_hold[POOL_PAGES];

void labyrinth_fw_pool_init(struct labyrinth *maze, void *base)
{
	maze->base = base;
	/* The region is where it is: a pool elsewhere has no pages at all. */
	maze->taken = base == (void *)POOL_BASE ? 0 : ALL_PAGES;
	maze->refused = 0;
	maze->failed = 0;
	/* No barrier: no task runs before an exception's return. */
	mpu_open_all();
}

int pool_index(const void *page)
{
	uintptr_t offset = (uintptr_t)page - POOL_BASE;

	if (!page)
		return POOL_NULL;
	if (offset >> POOL_SIZE_LOG2)
		return POOL_OUTSIDE;
	return offset << (32 - POOL_PAGE_LOG2)
		       ? POOL_MISALIGNED
		       : (int)(offset >> POOL_PAGE_LOG2);
}

int pool_refused(struct labyrinth *maze, int why)
{
	uint32_t was = mask_interrupts();

	maze->refused++;
	restore_interrupts(was);
	return why;
}

int pool_refuse(struct labyrinth *maze, const void *page)
{
	int why = pool_index(page);

	if (why >= 0)
		why = POOL_FREE - (int)(maze->taken >> why & 1);
	return pool_refused(maze, why);
}
