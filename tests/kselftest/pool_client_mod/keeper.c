// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frees the pages of a client that is gone, in a task, in a hard interrupt and by
 * address, when it is unloaded itself; prints KTAP then.  The pool lives until the
 * last of them, which the loading script sees in the module's reference count.
 */
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/string.h>

#include "keeper.h"

static struct labyrinth *keeper_maze;
static labyrinth_page_t keeper_pages[KEEPER_PAGES];
static void *keeper_addr[KEEPER_PAGES];
static unsigned int keeper_count;
static int keeper_destroyed = 1;
static unsigned int keeper_cases;

void pool_keep(struct labyrinth *maze, const labyrinth_page_t *pages, unsigned int count)
{
	unsigned int i;

	keeper_maze = maze;
	keeper_count = min_t(unsigned int, count, KEEPER_PAGES);
	for (i = 0; i < keeper_count; i++) {
		keeper_pages[i] = pages[i];
		keeper_addr[i] = labyrinth_page_addr(maze, pages[i]);
	}
}
EXPORT_SYMBOL_GPL(pool_keep);

void pool_keep_destroyed(int err)
{
	keeper_destroyed = err;
}
EXPORT_SYMBOL_GPL(pool_keep_destroyed);

static void keeper_case(bool good, const char *what)
{
	pr_info("%sok %u %s\n", good ? "" : "not ", ++keeper_cases, what);
}

static bool keeper_contents(void)
{
	unsigned int i;

	for (i = 0; i < keeper_count; i++)
		if (memchr_inv(keeper_addr[i], KEEPER_BYTE(i), PAGE_SIZE))
			return false;
	return true;
}

static int keeper_result;

static void keeper_in_hardirq(struct irq_work *irq)
{
	keeper_result = labyrinth_free(keeper_maze, keeper_pages[1]);
}

static bool keeper_free_in_hardirq(void)
{
	struct irq_work irq = IRQ_WORK_INIT_HARD(keeper_in_hardirq);

	keeper_result = -EINPROGRESS;
	irq_work_queue(&irq);
	irq_work_sync(&irq);
	return keeper_result == 0;
}

static bool keeper_free_rest(void)
{
	unsigned int i;
	bool good = true;

	/* every second one by its address, which says nothing: the pool's end will */
	for (i = 2; i < keeper_count; i++) {
		if (i & 1)
			dealloc_labyrinth_page_exclusive(keeper_maze, keeper_addr[i]);
		else
			good &= labyrinth_free(keeper_maze, keeper_pages[i]) == 0;
	}
	return good;
}

static int __init keeper_init(void)
{
	return 0;
}

static void __exit keeper_exit(void)
{
	if (!keeper_maze)
		return;
	pr_info("KTAP version 1\n");
	pr_info("1..6\n");
	keeper_case(keeper_destroyed == -EBUSY, "destroy says that pages are out");
	keeper_case(keeper_contents(), "the pages are still their holder's");
	keeper_case(labyrinth_free(keeper_maze, keeper_pages[0]) == 0, "a late free in a task");
	keeper_case(keeper_free_in_hardirq(), "a late free in a hard interrupt");
	keeper_case(labyrinth_free(keeper_maze, keeper_pages[0]) != 0,
		    "a late double free is refused");
	keeper_case(keeper_free_rest(), "the last late free ends the pool");
}

module_init(keeper_init);
module_exit(keeper_exit);

MODULE_DESCRIPTION("Keeps the pages of a client of labyrinth_pool that is gone");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
