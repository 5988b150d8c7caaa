// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Owners and names of the pool's pages, for whoever must not be trusted with
 * bare addresses.
 *
 * Whose a page is and in which issue is one word, and changes hands by compare
 * and exchange: of two that free or pass on the same page, one does.  Whoever
 * frees it advances its issue, and then has it to himself, while it is made
 * exclusive, scrubbed and released.  No interrupt is masked here.
 */
#include "mpu.h"
#include "pool.h"

static bool exclusive(int index)
{
	return mpu_exclusive() & 1u << index;
}

static uint8_t owner_in(uint32_t hold)
{
	return (uint8_t)(hold >> POOL_HOLD_OWNER_SHIFT);
}

/* What @owner's claim to @name comes to: POOL_OK, or why it has none. */
static int claim_wrong(const struct labyrinth *maze, int index, uint32_t hold,
		       pool_name name, uint8_t owner)
{
	if (!(maze->taken & 1u << index))
		return POOL_FREE;
	if ((hold & POOL_ISSUE) != (name & POOL_ISSUE))
		return POOL_STALE;
	return owner_in(hold) == owner ? POOL_OK : POOL_OWNED;
}

/*
 * From @owner, who has the page under @name, to @heir; its index, or why not.
 * @used_up: the name is no longer good.
 */
static int claim(struct labyrinth *maze, pool_name name, uint8_t owner,
		 uint8_t heir, bool used_up)
{
	int wrong, index = name ? pool_index(pool_page(name)) : POOL_NULL;
	uint32_t hold, next;

	if (index < 0)
		return pool_refused(maze, index);
	hold = __atomic_load_n(&pool_hold[index], __ATOMIC_RELAXED);
	do {
		wrong = claim_wrong(maze, index, hold, name, owner);
		if (wrong)
			return pool_refused(maze, wrong);
		next = ((hold + used_up) & POOL_HOLD_ISSUE) |
		       (uint32_t)heir << POOL_HOLD_OWNER_SHIFT;
	} while (!__atomic_compare_exchange_n(&pool_hold[index], &hold, next,
					      false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return index;
}

pool_name pool_get(struct labyrinth *maze, uint8_t owner, bool shared)
{
	void *page = alloc_labyrinth_page_gfp_atomic_exclusive(maze);
	uint32_t issue;
	int index;

	if (!page)
		return POOL_NO_NAME;
	index = pool_index(page);
	issue = pool_hold[index] & POOL_HOLD_ISSUE;
	pool_hold[index] = issue | (uint32_t)owner << POOL_HOLD_OWNER_SHIFT;
	if (shared)
		pool_share(maze, page);
	return (pool_name)(uintptr_t)page | (issue & POOL_ISSUE);
}

int pool_put(struct labyrinth *maze, pool_name name, uint8_t owner)
{
	int index = claim(maze, name, owner, POOL_KERNEL, true);

	if (index < 0)
		return index;
	/* A task that still writes to it would write after the scrubbing. */
	if (!exclusive(index))
		pool_revoke(maze, pool_page(name));
	pool_scrub(pool_page(name));
	return pool_release(maze, pool_page(name));
}

int pool_pass(struct labyrinth *maze, pool_name name, uint8_t owner,
	      uint8_t heir, bool shared)
{
	int index = claim(maze, name, owner, heir, false);

	if (index < 0)
		return index;
	if (shared == !exclusive(index))
		return POOL_OK;
	return shared ? pool_share(maze, pool_page(name))
		      : pool_revoke(maze, pool_page(name));
}

uint32_t pool_reclaim(struct labyrinth *maze, uint8_t owner)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < POOL_PAGES; i++) {
		pool_name name = (POOL_BASE + i * LABYRINTH_PAGE_SIZE) |
				 (pool_hold[i] & POOL_ISSUE);

		if (maze->taken & 1u << i && owner_in(pool_hold[i]) == owner)
			n += !pool_put(maze, name, owner);
	}
	return n;
}

int pool_owner(const struct labyrinth *maze, uint32_t address)
{
	uint32_t index = (address - POOL_BASE) / LABYRINTH_PAGE_SIZE;

	if (index >= POOL_PAGES || !(maze->taken & 1u << index))
		return -1;
	return owner_in(pool_hold[index]);
}
