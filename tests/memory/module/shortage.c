// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is short, in pieces or somebody's own
 *
 * The kernel's memory is filled with pages that a test holds, up to what the page
 * allocator gives without killing anyone; all is given back before a test ends.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sort.h>

#include "test.h"

#define SHORTAGE_PAGES	1024
#define SHORTAGE_ORDER	6	/* the largest block that a pool asks for */
#define SHORTAGE_GFP	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)
#define SHORTAGE_LARGE	8192
#define SHORTAGE_LOW	512

static int shortage_by_slot(const void *one, const void *other)
{
	u32 a = labyrinth_page_slot(*(const labyrinth_page_t *)one);
	u32 b = labyrinth_page_slot(*(const labyrinth_page_t *)other);

	return a < b ? -1 : a > b;
}

/* Pairs of neighbours, by their number in the pool, that are neighbours in memory */
static u32 shortage_neighbours(struct memory_hold *hold)
{
	const labyrinth_page_t *page = hold->page;
	u32 i, pairs = 0;

	sort(hold->page, hold->pages, sizeof(*page), shortage_by_slot, NULL);
	for (i = 1; i < hold->pages; i++)
		pairs += labyrinth_page_slot(page[i]) == labyrinth_page_slot(page[i - 1]) + 1 &&
			 labyrinth_page_dma(hold->maze, page[i]) ==
			 labyrinth_page_dma(hold->maze, page[i - 1]) + PAGE_SIZE;
	return pairs;
}

static void shortage_contiguous(void)
{
	struct labyrinth_params params = memory_params(SHORTAGE_PAGES);
	struct memory_hold hold;

	/* blocks of 8 pages at least */
	if (memory_hold(&hold, &params, 0))
		EXPECT(shortage_neighbours(&hold) >= SHORTAGE_PAGES / 8 * 7);
	memory_drop(&hold);
}

static bool shortage_take(struct list_head *list, unsigned int order)
{
	struct page *page = alloc_pages(SHORTAGE_GFP, order);

	if (page)
		list_add(&page->lru, list);
	cond_resched();
	return page;
}

static void shortage_free(struct list_head *list, unsigned int order)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		__free_pages(page, order);
		cond_resched();
	}
}

/* Every other page of what is held; no two of them can merge */
static void shortage_perforate(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		if (page_to_pfn(page) & 1)
			continue;
		list_del(&page->lru);
		__free_page(page);
		cond_resched();
	}
}

/* In memory that is in pieces a pool is whole, of single pages */
static void shortage_fragmented(void)
{
	struct labyrinth_params params = memory_params(SHORTAGE_PAGES);
	struct list_head taken[SHORTAGE_ORDER + 1];
	struct memory_hold hold;
	int order;

	for (order = 0; order <= SHORTAGE_ORDER; order++)
		INIT_LIST_HEAD(&taken[order]);
	while (shortage_take(&taken[0], 0))
		;
	shortage_perforate(&taken[0]);
	/* what reclaim and compaction can still make of others' pages */
	for (order = SHORTAGE_ORDER; order > 0; order--)
		while (shortage_take(&taken[order], order))
			;
	if (memory_hold(&hold, &params, 0)) {
		u32 pairs = shortage_neighbours(&hold);

		EXPECT(pairs < SHORTAGE_PAGES / 2);
		pr_info("%u of %u pages follow their neighbour\n", pairs, SHORTAGE_PAGES);
	}
	memory_drop(&hold);
	for (order = 0; order <= SHORTAGE_ORDER; order++)
		shortage_free(&taken[order], order);
}

/* A pool gives back what it has beyond its low mark when memory gets short, and works on */
static void shortage_pressure(void)
{
	struct labyrinth_params params = memory_params(SHORTAGE_PAGES);
	struct labyrinth_stats stats;
	struct labyrinth *maze;
	labyrinth_page_t page;
	LIST_HEAD(singles);
	u32 n = 0;

	params.max_pages = SHORTAGE_LARGE;
	params.high = SHORTAGE_LARGE;
	params.low = SHORTAGE_LOW;
	maze = labyrinth_create(&params);
	if (!EXPECT(!IS_ERR(maze)))
		return;
	EXPECT(labyrinth_refill(maze, SHORTAGE_LARGE) == SHORTAGE_LARGE - SHORTAGE_PAGES);
	labyrinth_stats(maze, &stats);
	EXPECT(stats.total == SHORTAGE_LARGE && stats.shrunk == 0);
	while (stats.total > SHORTAGE_LARGE / 2 && shortage_take(&singles, 0))
		if (!(++n % 256))
			labyrinth_stats(maze, &stats);
	shortage_free(&singles, 0);
	labyrinth_stats(maze, &stats);
	pr_info("of %u pages %u are left, %llu went back\n", SHORTAGE_LARGE, stats.total,
		stats.shrunk);
	EXPECT(stats.shrunk >= SHORTAGE_LARGE / 4);
	EXPECT(stats.total >= SHORTAGE_LOW && stats.total < SHORTAGE_LARGE * 3 / 4);
	page = labyrinth_alloc(maze, 0);
	EXPECT(labyrinth_page_ok(page) && labyrinth_free(maze, page) == 0);
	EXPECT(labyrinth_destroy(maze, 0) == 0);
}

/* For a script that looks at its control group meanwhile: 32 MiB, made by the writer */
static struct labyrinth *shortage_maze;

static void shortage_make(void)
{
	struct labyrinth_params params = memory_params(SHORTAGE_LARGE / 2);

	params.max_pages = SHORTAGE_LARGE;
	params.high = SHORTAGE_LARGE;
	shortage_maze = labyrinth_create(&params);
	if (EXPECT(!IS_ERR(shortage_maze)))
		EXPECT(labyrinth_refill(shortage_maze, SHORTAGE_LARGE / 2) == SHORTAGE_LARGE / 2);
}

static void shortage_unmake(void)
{
	EXPECT(labyrinth_destroy(shortage_maze, 0) == 0);
	shortage_maze = NULL;
}

const struct memory_case memory_shortage_cases[] = {
	{ "contiguous", shortage_contiguous },
	{ "fragmented", shortage_fragmented },
	{ "pressure", shortage_pressure },
	{ "make", shortage_make },
	{ "unmake", shortage_unmake },
	{ }
};
