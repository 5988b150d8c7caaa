// SPDX-License-Identifier: GPL-2.0-only
/* Allocation and free in each context: the right answer, and counted as what it was */
#include <linux/preempt.h>
#include <linux/slab.h>

#include "test.h"

#define PAIRS	256
#define PAGES	64

struct pool_pairs {
	struct labyrinth *maze;
	unsigned int good;
};

static void pool_do_pairs(void *arg)
{
	struct pool_pairs *pairs = arg;
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		labyrinth_page_t page = labyrinth_alloc(pairs->maze, 7);

		if (labyrinth_page_ok(page) && !labyrinth_free(pairs->maze, page))
			pairs->good++;
	}
}

static void pool_do_seed_pairs(void *arg)
{
	struct pool_pairs *pairs = arg;
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		void *page = alloc_labyrinth_page_gfp_atomic_exclusive(pairs->maze);

		if (!page)
			continue;
		memset(page, i, PAGE_SIZE);
		dealloc_labyrinth_page_exclusive(pairs->maze, page);
		pairs->good++;
	}
}

static bool pool_pairs_counted(struct labyrinth *maze, enum labyrinth_context context,
			       u64 expected)
{
	struct labyrinth_stats stats;
	u64 sum = 0;
	int i;

	labyrinth_stats(maze, &stats);
	for (i = 0; i < LABYRINTH_NR_CONTEXTS; i++)
		POOL_EXPECT(stats.contexts[i] == (i == context ? expected : 0));
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		sum += stats.allocs[i];
	POOL_EXPECT(sum == expected);
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_FAIL] == 0);
	POOL_EXPECT(stats.frees == expected);
	POOL_EXPECT(stats.refused == 0);
	return true;
}

/* Both kinds of pairs, where a page may be taken and given back */
static bool pool_pairs_in(enum labyrinth_place place)
{
	struct labyrinth_params params = pool_params(PAGES, LABYRINTH_POLICY_POOL);
	struct pool_pairs pairs = { .maze = labyrinth_create(&params) };

	if (!POOL_EXPECT(!IS_ERR(pairs.maze)))
		return false;
	POOL_EXPECT(pool_go(place, pool_do_pairs, &pairs));
	POOL_EXPECT(pool_go(place, pool_do_seed_pairs, &pairs));
	POOL_EXPECT(pairs.good == 2 * PAIRS);
	POOL_EXPECT(pool_pairs_counted(pairs.maze, pool_context(place), 2 * PAIRS));
	return pool_end(pairs.maze);
}

static bool pool_case_pairs(void)
{
	enum labyrinth_place place;

	for (place = 0; place < LABYRINTH_NR_PLACES; place++)
		if (place != LABYRINTH_IN_NMI && pool_has_place(place) && !pool_pairs_in(place))
			return false;
	return true;
}

struct pool_take {
	struct labyrinth *maze;
	labyrinth_page_t page;
};

static void pool_do_take(void *arg)
{
	struct pool_take *take = arg;

	take->page = labyrinth_alloc(take->maze, 1);
}

/* A miss goes to the page allocator in a task, and in an interrupt except on RT */
static bool pool_case_fallback(void)
{
	struct labyrinth_params params = pool_params(1, LABYRINTH_POLICY_FALLBACK);
	struct pool_take irq = { }, irqs_off = { };
	struct labyrinth_stats stats;
	labyrinth_page_t first, second;
	struct labyrinth *maze;

	params.max_pages = 4;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	irq.maze = maze;
	irqs_off.maze = maze;

	preempt_disable();
	first = labyrinth_alloc(maze, 1);
	preempt_enable();
	POOL_EXPECT(labyrinth_page_ok(first));
	POOL_EXPECT(pool_in_hardirq(pool_do_take, &irq));
	POOL_EXPECT(pool_go(LABYRINTH_IN_IRQS, pool_do_take, &irqs_off));
	second = labyrinth_alloc(maze, 1);
	POOL_EXPECT(labyrinth_page_ok(second));

	labyrinth_stats(maze, &stats);
	POOL_EXPECT(labyrinth_page_ok(irq.page) == !POOL_RT_RULES);
	POOL_EXPECT(labyrinth_page_ok(irqs_off.page) == !POOL_RT_RULES);
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_FAIL] == (POOL_RT_RULES ? 2 : 0));
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_BUDDY] == (POOL_RT_RULES ? 1 : 3));
	POOL_EXPECT(labyrinth_free(maze, first) == 0);
	POOL_EXPECT(labyrinth_free(maze, second) == 0);
	if (labyrinth_page_ok(irq.page))
		POOL_EXPECT(labyrinth_free(maze, irq.page) == 0);
	if (labyrinth_page_ok(irqs_off.page))
		POOL_EXPECT(labyrinth_free(maze, irqs_off.page) == 0);
	return pool_end(maze);
}

static bool pool_case_direct(void)
{
	struct labyrinth_params params = pool_params(PAGES, LABYRINTH_POLICY_DIRECT);
	struct pool_pairs pairs = { .maze = labyrinth_create(&params) };
	struct labyrinth_stats stats;

	if (POOL_RT_RULES) {
		POOL_EXPECT(PTR_ERR(pairs.maze) == -EOPNOTSUPP);
		return true;
	}
	if (!POOL_EXPECT(!IS_ERR(pairs.maze)))
		return false;
	POOL_EXPECT(pool_in_hardirq(pool_do_pairs, &pairs));
	pool_do_seed_pairs(&pairs);
	labyrinth_stats(pairs.maze, &stats);
	POOL_EXPECT(pairs.good == 2 * PAIRS);
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_BUDDY] == 2 * PAIRS);
	POOL_EXPECT(stats.total == 0);
	return pool_end(pairs.maze);
}

static bool pool_case_reserve(void)
{
	struct labyrinth_params params = pool_params(8, LABYRINTH_POLICY_POOL);
	struct labyrinth_stats stats;
	labyrinth_page_t plain[8];
	struct pool_take irq;
	unsigned int i, n;

	params.reserve = 3;
	irq.maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(irq.maze)))
		return false;
	for (n = 0; n < 8; n++) {
		plain[n] = labyrinth_alloc(irq.maze, 1);
		if (!labyrinth_page_ok(plain[n]))
			break;
	}
	POOL_EXPECT(n == 5);
	POOL_EXPECT(pool_in_hardirq(pool_do_take, &irq));
	POOL_EXPECT(labyrinth_page_ok(irq.page));
	labyrinth_stats(irq.maze, &stats);
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_RESERVE] == 1);
	POOL_EXPECT(labyrinth_free(irq.maze, irq.page) == 0);
	for (i = 0; i < n; i++)
		POOL_EXPECT(labyrinth_free(irq.maze, plain[i]) == 0);
	return pool_end(irq.maze);
}

const struct pool_case pool_context_cases[] = {
	{ "pairs in every place, counted as what they were", pool_case_pairs },
	{ "fallback where legal, a miss elsewhere", pool_case_fallback },
	{ "policy direct, refused on RT", pool_case_direct },
	{ "the reserve is for atomic callers", pool_case_reserve },
	{ }
};
