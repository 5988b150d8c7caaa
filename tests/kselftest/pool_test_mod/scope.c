// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a caller may rely on: its NOFS or NOIO scope holds for what it asks for, and
 * nobody waits for the worker
 */
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "test.h"

#define SCOPE_PAGES	64

/* The page allocator's flags in what one task asked it for */
struct scope_watch {
	struct task_struct *task;
	unsigned int count;
	unsigned int fs;
	unsigned int io;
	unsigned int reclaim;
};

static void scope_probe(void *data, struct page *page, unsigned int order, gfp_t gfp, int type)
{
	struct scope_watch *watch = data;

	if (current != watch->task || !in_task())
		return;
	watch->count++;
	watch->fs += !!(gfp & __GFP_FS);
	watch->io += !!(gfp & __GFP_IO);
	watch->reclaim += !!(gfp & __GFP_DIRECT_RECLAIM);
}

static void scope_refill(void *arg)
{
	labyrinth_refill(arg, SCOPE_PAGES);
}

static bool scope_watch_in(enum labyrinth_place place, struct scope_watch *watch)
{
	struct labyrinth_params params = pool_params(SCOPE_PAGES, LABYRINTH_POLICY_POOL);
	struct labyrinth_stats stats;
	struct pool_hook hook;
	struct labyrinth *maze;

	params.max_pages = 2 * SCOPE_PAGES;
	params.high = 2 * SCOPE_PAGES;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	*watch = (struct scope_watch){ .task = current };
	if (!POOL_EXPECT(pool_hook(&hook, "mm_page_alloc", scope_probe, watch)))
		return false;
	POOL_EXPECT(pool_go(place, scope_refill, maze));
	pool_unhook(&hook);
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.total == 2 * SCOPE_PAGES);
	POOL_EXPECT(watch->count > 0 && watch->reclaim > 0);
	return pool_end(maze);
}

static bool pool_case_scope(void)
{
	struct scope_watch watch;

	/* that the probe sees what it looks for */
	if (!scope_watch_in(LABYRINTH_IN_PROCESS, &watch))
		return false;
	POOL_EXPECT(watch.fs > 0 && watch.io > 0);
	if (!scope_watch_in(LABYRINTH_IN_NOFS, &watch))
		return false;
	POOL_EXPECT(watch.fs == 0 && watch.io > 0);
	if (!scope_watch_in(LABYRINTH_IN_NOIO, &watch))
		return false;
	POOL_EXPECT(watch.fs == 0 && watch.io == 0);
	return true;
}

struct scope_worker {
	struct labyrinth *maze;
	struct work_struct work;
	struct completion inside;	/* the worker is in refilled() */
	struct completion release;
	struct completion done;
	bool good;
};

static void scope_hold_worker(void *arg)
{
	struct scope_worker *w = arg;

	complete(&w->inside);
	wait_for_completion(&w->release);
}

static int scope_none(const struct labyrinth_holder *holder, void *arg)
{
	return 0;
}

/* All that a client does between create and destroy, while the worker stands still */
static void scope_client(struct work_struct *work)
{
	struct scope_worker *w = container_of(work, struct scope_worker, work);
	struct labyrinth_stats stats;
	labyrinth_page_t page = labyrinth_alloc(w->maze, 3);
	int made = labyrinth_refill(w->maze, 4);

	w->good = labyrinth_page_ok(page) && !labyrinth_to_device(w->maze, page) &&
		  !labyrinth_to_cpu(w->maze, page, 1) && !labyrinth_free(w->maze, page) &&
		  (made > 0 || made == -ENOSPC) && !labyrinth_holders(w->maze, scope_none, NULL);
	labyrinth_stats(w->maze, &stats);
	complete(&w->done);
}

static bool pool_case_worker_stands(void)
{
	struct labyrinth_params params = pool_params(8, LABYRINTH_POLICY_POOL);
	struct scope_worker w = { .good = false };
	labyrinth_page_t pages[16];
	unsigned int i, n;

	init_completion(&w.inside);
	init_completion(&w.release);
	init_completion(&w.done);
	INIT_WORK_ONSTACK(&w.work, scope_client);
	params.max_pages = 16;
	params.high = 8;
	params.refilled = scope_hold_worker;
	params.arg = &w;
	w.maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(w.maze)))
		return false;
	/* until it refuses; the worker makes more, then it is held in refilled() */
	for (n = 0; n < ARRAY_SIZE(pages); n++) {
		pages[n] = labyrinth_alloc(w.maze, 2);
		if (!labyrinth_page_ok(pages[n]))
			break;
	}
	if (n == ARRAY_SIZE(pages)) {
		POOL_EXPECT(!labyrinth_page_ok(labyrinth_alloc(w.maze, 2)));
		POOL_EXPECT(!labyrinth_free(w.maze, pages[--n]));
	}
	POOL_EXPECT(wait_for_completion_timeout(&w.inside, POOL_PATIENCE));
	while (n > 2)
		POOL_EXPECT(!labyrinth_free(w.maze, pages[--n]));
	schedule_work(&w.work);
	POOL_EXPECT(wait_for_completion_timeout(&w.done, POOL_PATIENCE));
	complete_all(&w.release);
	flush_work(&w.work);
	destroy_work_on_stack(&w.work);
	POOL_EXPECT(w.good);
	for (i = 0; i < n; i++)
		POOL_EXPECT(!labyrinth_free(w.maze, pages[i]));
	return pool_end(w.maze);
}

const struct pool_case pool_scope_cases[] = {
	{ "refill keeps the caller's NOFS and NOIO scope", pool_case_scope },
	{ "nobody waits for the worker", pool_case_worker_stands },
	{ }
};
