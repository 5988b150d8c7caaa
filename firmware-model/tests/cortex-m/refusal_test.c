// SPDX-License-Identifier: GPL-2.0-only
/* What is refused, why, and that nothing is changed then. */
#include "bench.h"

typedef int (*operation)(struct labyrinth *maze, void *page);

static const operation operations[] = { pool_free, pool_release, pool_share,
					pool_revoke };

static void refused(operation call, uintptr_t page, int why)
{
	uint32_t taken = pool.taken, bits = srd(), count = pool.refused;
	uint32_t name = issue_of(page / PAGE % POOL_PAGES);
	int got = call(&pool, (void *)page);

	if (got != why)
		tap_bad("page, reason", page, (uint32_t)got);
	if (pool.taken != taken || srd() != bits || pool.failed ||
	    name != issue_of(page / PAGE % POOL_PAGES))
		tap_bad("changed by what was refused", page, pool.taken);
	if (pool.refused != count + 1)
		tap_bad("not counted", page, pool.refused);
}

static void addresses(void)
{
	static const uint32_t offset[] = { 1, 2, 4, 0x800, 0xfff };
	static const uintptr_t outside[] = {
		POOL_BASE - PAGE, POOL_BASE + POOL_PAGES * PAGE,
		0x1000,		  POOL_BASE + 0x10000,
		0xfffff000,	  POOL_BASE - 1,
	};

	for (uint32_t mask = 0; mask <= ALL; mask += 0x55) {
		pool_set(mask, ~mask & 0x0f);
		for (uint32_t o = 0; o < 4; o++) {
			refused(operations[o], 0, POOL_NULL);
			for (uint32_t i = 0; i < 6; i++)
				refused(operations[o], outside[i],
					POOL_OUTSIDE);
			for (uint32_t i = 0; i < POOL_PAGES * 5; i++)
				refused(operations[o],
					POOL_BASE + i / 5 * PAGE +
						offset[i % 5],
					POOL_MISALIGNED);
		}
	}
	tap_so("NULL, misaligned and foreign pages are refused, each by name");
}

static void states(void)
{
	for (uint32_t mask = 0; mask <= ALL; mask++) {
		uint32_t shared = ~mask & 0x33u;

		for (uint32_t i = 0; i < POOL_PAGES; i++) {
			uintptr_t page = (uintptr_t)page_at(i);
			int why = shared >> i & 1 ? POOL_OWNED : POOL_FREE;

			pool_set(mask, shared);
			if (!(mask >> i & 1)) {
				refused(pool_release, page, why);
				refused(pool_share, page, why);
				if (why == POOL_FREE)
					refused(pool_revoke, page, why);
				if (i == mask % POOL_PAGES)
					refused(pool_free, page, why);
				continue;
			}
			refused(pool_revoke, page, POOL_OWNED);
			if (pool_release(&pool, (void *)page) ||
			    pool.taken != ((mask | shared) & ~(1u << i)) ||
			    srd() != (mask & ~(1u << i)))
				tap_bad("not released", mask, i);
			refused(pool_release, page, POOL_FREE);
		}
	}
	tap_so("double frees and others' pages are refused in every state");
}

static void hand_over(void)
{
	for (uint32_t i = 0; i < POOL_PAGES; i++) {
		uint32_t bit = 1u << i;

		pool_set(ALL, 0);
		if (pool_share(&pool, page_at(i)) || srd() != (ALL & ~bit) ||
		    pool.taken != ALL)
			tap_bad("not shared", i, srd());
		if (pool_revoke(&pool, page_at(i)) || srd() != ALL ||
		    pool.taken != ALL)
			tap_bad("not revoked", i, srd());
	}
	tap_so("a hand-over grants, the way back revokes");
}

static void allocate(void)
{
	for (uint32_t mask = 0; mask <= ALL; mask++) {
		uint32_t lowest = 0;
		void *page;

		pool_set(mask & 0xf0, mask & 0x0f);
		page = alloc_labyrinth_page_gfp_atomic_exclusive(&pool);
		while (mask >> lowest & 1)
			lowest++;
		if (mask == ALL) {
			if (page || pool.failed != 1 || pool.taken != ALL ||
			    srd() != 0xf0)
				tap_bad("a ninth page", mask, pool.failed);
		} else if (page != page_at(lowest) || pool.failed ||
			   pool.taken != (mask | 1u << lowest) ||
			   srd() != ((mask & 0xf0) | 1u << lowest)) {
			tap_bad("not the lowest page", mask, lowest);
		}
	}
	tap_so("the lowest free page in every state, the ninth at once NULL");
}

static void scrubbed(void)
{
	for (uint32_t i = 0; i < POOL_PAGES; i++) {
		uint32_t *word = page_at(i);
		uint32_t issue = issue_of(i);

		pool_set(ALL, 0);
		for (uint32_t w = 0; w < POOL_PAGES * PAGE / 4; w++)
			((uint32_t *)page_at(0))[w] = ~w;
		dealloc_labyrinth_page_exclusive(&pool, word);
		for (uint32_t w = 0; w < PAGE / 4; w++)
			if (word[w])
				tap_bad("left in the page", i, w);
		if (i && !word[-1])
			tap_bad("the page before was scrubbed", i, 0);
		if (i < POOL_PAGES - 1 && !word[PAGE / 4])
			tap_bad("the page behind was scrubbed", i, 0);
		if (pool.taken != (ALL & ~(1u << i)) || pool.refused)
			tap_bad("not freed", i, pool.taken);
		if (issue_of(i) == issue)
			tap_bad("its name is still good", i, issue);
	}
	tap_so("a page is zero before it is free, and its names are stale");
}

void refusal_tests(void)
{
	allocate();
	addresses();
	states();
	hand_over();
	scrubbed();
}
