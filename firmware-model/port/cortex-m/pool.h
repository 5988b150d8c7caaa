/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The page pool behind the MPU: what <labyrinth_fw.h> promises, enforced.
 *
 * The pool is one MPU region of 32 KiB whose eight subregions are the pages.
 * A set bit in the region's subregion-disable byte takes the region away from
 * a page, so that the privileged region below decides: the page is exclusive.
 *
 *	taken	SRD	the page is
 *	0	0	free; tasks may reach it, so nothing may be left in it
 *	1	1	exclusive: the kernel's or an interrupt handler's
 *	1	0	shared: allocated, and tasks may reach it
 *
 * An exclusive page is privileged before its address is known to anyone, and
 * stays so until it is scrubbed.  Any context but NMI and HardFault.
 *
 * MPU_RNR names the pool's region whenever interrupts are on: that is what
 * makes alloc and free a single register write.
 */
#ifndef POOL_H
#define POOL_H

#include "labyrinth_fw.h"
#include "layout.h"

/* Why a page was not taken back.  Nothing is changed then. */
enum pool_error {
	POOL_OK = 0,
	POOL_NULL = -1,
	POOL_MISALIGNED = -2,
	POOL_OUTSIDE = -3,
	POOL_FREE = -4,	 /* free already */
	POOL_OWNED = -5, /* somebody else's */
	POOL_STALE = -6, /* the name is of an earlier issue of the page */
};

/* Who has a page: an exception's number, or a task */
#define POOL_KERNEL 0
#define POOL_TASK(n) ((uint8_t)(0x80u | (n)))

/*
 * A page's name: its address, and below that the number of its issue (modulo
 * 4096), so that a name that was used up is not taken for the page's next one.
 */
typedef uint32_t pool_name;
#define POOL_NO_NAME 0u
#define POOL_ISSUE 0xfffu

static inline void *pool_page(pool_name name)
{
	return (void *)(uintptr_t)(name & ~POOL_ISSUE);
}

/* --- pool_fast.S: a fixed number of instructions, whatever the state ------- */

/* exclusive -> free, as it is: scrub it before. */
int pool_release(struct labyrinth *maze, void *page);
/* exclusive -> shared: the hand-over to tasks. */
int pool_share(struct labyrinth *maze, void *page);
/* shared -> exclusive: the hand-over to the kernel. */
int pool_revoke(struct labyrinth *maze, void *page);
/* Zero a page. */
void pool_scrub(void *page);
/*
 * dealloc_labyrinth_page_exclusive(), with its reason: make the names of an
 * exclusive page stale, scrub and release it.
 */
int pool_free(struct labyrinth *maze, void *page);

/* --- pool.c ---------------------------------------------------------------- */

/* Of each page: the number of its issue, and above that who has it */
extern uint32_t pool_hold[POOL_PAGES];
#define POOL_HOLD_ISSUE 0xffffu
#define POOL_HOLD_OWNER_SHIFT 16
/* The page's number, or why it is none. */
int pool_index(const void *page);
/* Count a refusal and pass its reason on, or find the reason too. */
int pool_refused(struct labyrinth *maze, int why);
int pool_refuse(struct labyrinth *maze, const void *page);

/* --- names.c --------------------------------------------------------------- */

/* A page for @owner, POOL_NO_NAME if there is none. */
pool_name pool_get(struct labyrinth *maze, uint8_t owner, bool shared);
/* Give back what @owner has, exclusive or shared. */
int pool_put(struct labyrinth *maze, pool_name name, uint8_t owner);
/* Hand over from @owner to @heir, who has it shared or exclusively then. */
int pool_pass(struct labyrinth *maze, pool_name name, uint8_t owner,
	      uint8_t heir, bool shared);
/* Give back everything that @owner has; how many pages. */
uint32_t pool_reclaim(struct labyrinth *maze, uint8_t owner);
/* Who has the page at @address; -1 if nobody, or outside. */
int pool_owner(const struct labyrinth *maze, uint32_t address);

#endif /* POOL_H */
