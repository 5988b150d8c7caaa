// SPDX-License-Identifier: GPL-2.0-only
/* Names and owners: what a task may give back, and what it may not. */
#include "bench.h"

#define ONE POOL_TASK(1)
#define TWO POOL_TASK(2)

static void refused(int got, int why, const char *what)
{
	if (got != why)
		tap_bad(what, (uint32_t)got, (uint32_t)why);
}

static void owners(void)
{
	pool_name mine, his;

	pool_set(0, 0);
	mine = pool_get(&pool, ONE, true);
	his = pool_get(&pool, TWO, false);
	if (pool.taken != 3 || srd() != 2)
		tap_bad("shared and exclusive", pool.taken, srd());
	if (pool_owner(&pool, POOL_BASE + 17) != ONE ||
	    pool_owner(&pool, POOL_BASE + PAGE) != TWO ||
	    pool_owner(&pool, POOL_BASE + 2 * PAGE) != -1 ||
	    pool_owner(&pool, POOL_BASE - 1) != -1)
		tap_bad("owners", 0, 0);
	refused(pool_put(&pool, 0, ONE), POOL_NULL, "NULL");
	refused(pool_put(&pool, POOL_BASE - PAGE, ONE), POOL_OUTSIDE, "below");
	refused(pool_put(&pool, POOL_BASE + 8 * PAGE, ONE), POOL_OUTSIDE,
		"above");
	refused(pool_put(&pool, his, ONE), POOL_OWNED, "another task's");
	refused(pool_pass(&pool, his, ONE, TWO, true), POOL_OWNED,
		"another task's, to pass");
	refused(pool_put(&pool, (POOL_BASE + 5 * PAGE) | issue_of(5), ONE),
		POOL_FREE, "free");
	if (pool.taken != 3 || srd() != 2 || pool.refused != 6)
		tap_bad("changed", pool.taken, pool.refused);
	refused(pool_put(&pool, mine, ONE), POOL_OK, "one's own");
	refused(pool_put(&pool, mine, ONE), POOL_FREE, "a second time");
	if (pool.taken != 2 || srd() != 2)
		tap_bad("not given back", pool.taken, srd());
	tap_so("names: NULL, outside, free and another task's are told apart");
}

static void stale(void)
{
	pool_name old, name;

	pool_set(0, 0);
	old = pool_get(&pool, ONE, true);
	pool_put(&pool, old, ONE);
	name = pool_get(&pool, ONE, true);
	if (name == old || pool_page(name) != pool_page(old))
		tap_bad("names", name, old);
	refused(pool_put(&pool, old, ONE), POOL_STALE, "stale");
	refused(pool_pass(&pool, old, ONE, TWO, true), POOL_STALE,
		"stale, to pass");
	/* By address and then by name: it is the name's next issue too. */
	pool_pass(&pool, name, ONE, POOL_KERNEL, false);
	dealloc_labyrinth_page_exclusive(&pool, pool_page(name));
	refused(pool_put(&pool, name, POOL_KERNEL), POOL_FREE, "freed");
	if (alloc_labyrinth_page_gfp_atomic_exclusive(&pool) != pool_page(old))
		tap_bad("another page", 0, 0);
	refused(pool_put(&pool, name, POOL_KERNEL), POOL_STALE,
		"stale by address");
	if (pool.taken != 1 || srd() != 1)
		tap_bad("changed", pool.taken, srd());
	tap_so("a name that was used up is not the page's next one");
}

static void wraps(void)
{
	pool_name name = 0;

	pool_set(0, 0);
	pool_hold[0] = 0xfffe;
	for (uint32_t i = 0; i < 4; i++) {
		name = pool_get(&pool, ONE, true);
		if (pool_page(name) != page_at(0) || pool_put(&pool, name, ONE))
			tap_bad("issue", i, name);
	}
	tap_so("issues go round");
}

static void passes(void)
{
	pool_name name;

	pool_set(0, 0);
	name = pool_get(&pool, 24, false);
	*(uint32_t *)pool_page(name) = 0x600dda7a;
	refused(pool_pass(&pool, name, 24, ONE, true), POOL_OK, "to a task");
	if (srd() || pool_owner(&pool, POOL_BASE) != ONE)
		tap_bad("not granted", srd(), 0);
	refused(pool_pass(&pool, name, ONE, TWO, true), POOL_OK, "to another");
	refused(pool_pass(&pool, name, TWO, POOL_KERNEL, false), POOL_OK,
		"to the kernel");
	if (srd() != 1 || pool_owner(&pool, POOL_BASE) != POOL_KERNEL)
		tap_bad("not revoked", srd(), 0);
	if (*(uint32_t *)pool_page(name) != 0x600dda7a)
		tap_bad("the contents did not come along", 0, 0);
	if (pool_put(&pool, name, POOL_KERNEL) || pool.taken || srd())
		tap_bad("not given back", pool.taken, srd());
	if (*(uint32_t *)page_at(0))
		tap_bad("left in the page", *(uint32_t *)page_at(0), 0);
	for (uint32_t i = 0; i < 6; i++)
		pool_get(&pool, i & 1 ? ONE : TWO, i < 3);
	if (pool_reclaim(&pool, ONE) != 3 || pool.taken != 0x15 ||
	    pool_reclaim(&pool, ONE) || pool_reclaim(&pool, TWO) != 3 ||
	    pool.taken || srd() || pool.refused)
		tap_bad("reclaimed", pool.taken, srd());
	tap_so("a page goes from hand to hand, and comes back from each");
}

void name_tests(void)
{
	owners();
	stale();
	wraps();
	passes();
}
