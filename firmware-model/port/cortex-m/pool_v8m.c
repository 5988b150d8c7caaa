// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What pool_fast.S is on ARMv7-M: pool.h says what each call does.  A claim of
 * `taken` is a compare and exchange; who is exclusive is read, changed and put
 * to the MPU with interrupts masked, as one step.
 */
#include "armv8m.h"
#include "mpu.h"
#include "pool.h"

#define ALL_PAGES ((1u << POOL_PAGES) - 1)
/* The lower half of a hold: the owner above it may change meanwhile. */
typedef uint16_t __attribute__((may_alias)) issue;

void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze)
{
	uint32_t taken = __atomic_load_n(&maze->taken, __ATOMIC_RELAXED);
	uint32_t was, free, index;

	do {
		free = ~taken & ALL_PAGES;
		if (!free) {
			__atomic_fetch_add(&maze->failed, 1, __ATOMIC_RELAXED);
			return NULL;
		}
		free &= -free;
	} while (!__atomic_compare_exchange_n(
		&maze->taken, &taken, taken | free, false, __ATOMIC_RELAXED,
		__ATOMIC_RELAXED));
	index = (uint32_t)__builtin_ctz(free);
	was = mask_interrupts();
	mpu_bar(mpu_barred | free, index);
	restore_interrupts(was);
	barrier();
	return (void *)(POOL_BASE + (index << POOL_PAGE_LOG2));
}

enum change { RELEASE, SHARE, REVOKE };

/* Exclusive becomes open, or with REVOKE open exclusive. */
static inline __attribute__((always_inline)) int
change(struct labyrinth *maze, void *page, enum change how)
{
	int index = pool_index(page);
	uint32_t was, bit;

	if (index < 0)
		return pool_refused(maze, index);
	bit = 1u << index;
	was = mask_interrupts();
	if (!(bit & (how == REVOKE ? maze->taken & ~mpu_barred : mpu_barred))) {
		restore_interrupts(was);
		return pool_refuse(maze, page);
	}
	mpu_bar(how == REVOKE ? mpu_barred | bit : mpu_barred & ~bit,
		(uint32_t)index);
	if (how == RELEASE)
		maze->taken &= ~bit; /* open before it can be taken anew */
	restore_interrupts(was);
	barrier();
	return POOL_OK;
}

int pool_release(struct labyrinth *maze, void *page)
{
	return change(maze, page, RELEASE);
}

int pool_share(struct labyrinth *maze, void *page)
{
	return change(maze, page, SHARE);
}

int pool_revoke(struct labyrinth *maze, void *page)
{
	return change(maze, page, REVOKE);
}

int pool_free(struct labyrinth *maze, void *page)
{
	int index = pool_index(page);

	if (index < 0)
		return pool_refused(maze, index);
	if (!(mpu_exclusive() >> index & 1))
		return pool_refuse(maze, page);
	/* The names are stale before the page can be somebody else's. */
	++*(issue *)&pool_hold[index];
	pool_scrub(page);
	return pool_release(maze, page);
}

void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page)
{
	pool_free(maze, page);
}
