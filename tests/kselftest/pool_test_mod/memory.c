// SPDX-License-Identifier: GPL-2.0-only
/* Where pages come from and go to: create's refusals, exhaustion, refill, shrinking */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/swiotlb.h>

#include "test.h"

#define MARKS_PAGES	64

struct pool_log {
	struct task_struct *task;
	unsigned int lines;
};

/* What one task prints, or has printed for it: a warning of the kernel has many lines */
static void pool_log_probe(void *data, const char *text, size_t len)
{
	struct pool_log *log = data;

	log->lines += current == log->task && in_task();
}

/* In one line if at all */
static bool pool_refuses(struct labyrinth_params params, int err)
{
	struct pool_log log = { .task = current };
	struct labyrinth *maze;
	struct pool_hook hook;
	int got;

	if (!POOL_EXPECT(pool_hook(&hook, "console", pool_log_probe, &log)))
		return false;
	maze = labyrinth_create(&params);
	got = PTR_ERR_OR_ZERO(maze);
	if (!IS_ERR(maze))
		labyrinth_destroy(maze, 0);
	pool_unhook(&hook);
	if (got == err && log.lines == !!err)
		return true;
	pr_info("# create: %d, expected %d; %u lines\n", got, err, log.lines);
	return false;
}

#define WITH(field, value)							\
({										\
	struct labyrinth_params __p = pool_params(8, LABYRINTH_POLICY_POOL);	\
										\
	__p.field = value;							\
	__p;									\
})

static bool pool_case_create_refusals(void)
{
	u64 *mask = pool_device()->dma_mask;

	POOL_EXPECT(pool_refuses(WITH(pages, 0), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(name, NULL), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(dev, NULL), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(dir, DMA_NONE), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(policy, 3), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(max_pages, 7), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(low, 9), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(high, 9), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(high, 1), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(reserve, 8), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(node, MAX_NUMNODES), -EINVAL));
	POOL_EXPECT(pool_refuses(WITH(node, -2), -EINVAL));
	if (MAX_NUMNODES > 1 && !node_online(MAX_NUMNODES - 1))
		POOL_EXPECT(pool_refuses(WITH(node, MAX_NUMNODES - 1), -ENODEV));
	POOL_EXPECT(pool_refuses(WITH(max_pages, UINT_MAX), -E2BIG));
	pool_device()->dma_mask = NULL;
	POOL_EXPECT(pool_refuses(WITH(pages, 8), -EIO));
	pool_device()->dma_mask = mask;
	/* the kernel refuses to set it: it has no zone that small */
	POOL_EXPECT(dma_set_mask(pool_device(), DMA_BIT_MASK(16)) == -EIO);
	*mask = DMA_BIT_MASK(16);
	POOL_EXPECT(pool_refuses(WITH(pages, 8), -EIO));
	*mask = DMA_BIT_MASK(64);
	POOL_EXPECT(pool_refuses(WITH(pages, 8), 0));
	return true;
}

static bool pool_mask_works(u64 mask)
{
	struct labyrinth_params params = pool_params(16, LABYRINTH_POLICY_POOL);
	struct labyrinth *maze;
	labyrinth_page_t page;

	POOL_EXPECT(!dma_set_mask(pool_device(), mask));
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	page = labyrinth_alloc(maze, 1);
	POOL_EXPECT(labyrinth_page_ok(page));
	POOL_EXPECT(labyrinth_page_dma(maze, page) + PAGE_SIZE - 1 <= mask);
	POOL_EXPECT(labyrinth_free(maze, page) == 0);
	return pool_end(maze);
}

/* Without a zone below 16 MiB, or with bounce buffers above it, the kernel refuses them */
static bool pool_small_masks(void)
{
	return IS_ENABLED(CONFIG_ZONE_DMA) && !is_swiotlb_force_bounce(pool_device());
}

/* More than is free, in a zone so small that nobody else is squeezed: all is given back */
static bool pool_case_too_much(void)
{
	struct labyrinth_params params = pool_params(2 * ((16 << 20) >> PAGE_SHIFT),
						     LABYRINTH_POLICY_POOL);

	if (!pool_small_masks()) {
		pr_info("# no device can have a small mask here: not tried\n");
		return true;
	}
	POOL_EXPECT(!dma_set_mask(pool_device(), DMA_BIT_MASK(24)));
	POOL_EXPECT(pool_refuses(params, -ENOMEM));
	POOL_EXPECT(pool_mask_works(DMA_BIT_MASK(24)));
	POOL_EXPECT(!dma_set_mask(pool_device(), DMA_BIT_MASK(64)));
	return true;
}

static bool pool_case_masks(void)
{
	bool good = pool_mask_works(DMA_BIT_MASK(32)) && pool_mask_works(DMA_BIT_MASK(64));

	if (pool_small_masks())
		good = good && pool_mask_works(DMA_BIT_MASK(24)) &&
		       pool_mask_works(DMA_BIT_MASK(28));

	POOL_EXPECT(!dma_set_mask(pool_device(), DMA_BIT_MASK(64)));
	return good;
}

static void pool_refilled(void *arg)
{
	complete(arg);
}

/* The owner is told when a page is there again, whoever freed it and wherever it went */
static bool pool_case_exhaustion(void)
{
	struct labyrinth_params params = pool_params(32, LABYRINTH_POLICY_POOL);
	DECLARE_COMPLETION_ONSTACK(refilled);
	labyrinth_page_t pages[32];
	struct labyrinth_stats stats;
	struct labyrinth *maze;
	unsigned int i;

	params.refilled = pool_refilled;
	params.arg = &refilled;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	for (i = 0; i < 32; i++) {
		pages[i] = labyrinth_alloc(maze, i);
		/* another CPU's front may have kept a few from before a move */
		while (!labyrinth_page_ok(pages[i])) {
			if (!POOL_EXPECT(wait_for_completion_timeout(&refilled, POOL_PATIENCE)))
				return false;
			pages[i] = labyrinth_alloc(maze, i);
		}
	}
	POOL_EXPECT(!labyrinth_page_ok(labyrinth_alloc(maze, 99)));
	POOL_EXPECT(!alloc_labyrinth_page_gfp_atomic_exclusive(maze));
	msleep(20);
	POOL_EXPECT(!try_wait_for_completion(&refilled));
	POOL_EXPECT(labyrinth_free(maze, pages[0]) == 0);
	POOL_EXPECT(wait_for_completion_timeout(&refilled, POOL_PATIENCE));
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_FAIL] >= 2);
	pages[0] = labyrinth_alloc(maze, 0);
	POOL_EXPECT(labyrinth_page_ok(pages[0]));
	for (i = 0; i < 32; i++)
		POOL_EXPECT(labyrinth_free(maze, pages[i]) == 0);
	return pool_end(maze);
}

/*
 * Waits until the worker has made pages, or gave them back, and has counted them: while
 * it gives back, the total is ahead of what is counted
 */
static bool pool_wait_worker(struct labyrinth *maze, struct labyrinth_stats *stats,
			     bool given_back, u32 at_most)
{
	unsigned long end = jiffies + POOL_PATIENCE;

	do {
		labyrinth_stats(maze, stats);
		if (stats->refills - stats->shrunk + MARKS_PAGES == stats->total &&
		    (given_back ? stats->shrunk && stats->total <= at_most : stats->refills))
			return true;
		usleep_range(1000, 2000);
	} while (time_before(jiffies, end));
	pr_info("# total %u, refills %llu, shrunk %llu\n", stats->total, stats->refills,
		stats->shrunk);
	return false;
}

/* Below the low mark the worker makes pages up to the high one; the surplus goes back */
static bool pool_case_marks(void)
{
	struct labyrinth_params params = pool_params(MARKS_PAGES, LABYRINTH_POLICY_POOL);
	labyrinth_page_t pages[MARKS_PAGES];
	struct labyrinth_stats stats;
	struct labyrinth *maze;
	unsigned int i;

	params.max_pages = 256;
	params.low = 16;
	params.high = MARKS_PAGES;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	for (i = 0; i < 60; i++) {
		pages[i] = labyrinth_alloc(maze, i);
		POOL_EXPECT(labyrinth_page_ok(pages[i]));
	}
	POOL_EXPECT(pool_wait_worker(maze, &stats, false, 0));
	POOL_EXPECT(stats.total >= MARKS_PAGES + 48 && stats.total <= 256);
	for (i = 0; i < 60; i++)
		POOL_EXPECT(labyrinth_free(maze, pages[i]) == 0);
	/* at most an eighth of the pool stays in the fronts on top of the high mark */
	POOL_EXPECT(pool_wait_worker(maze, &stats, true, 72));
	POOL_EXPECT(stats.total >= MARKS_PAGES);
	return pool_end(maze);
}

static bool pool_case_refill(void)
{
	struct labyrinth_params params = pool_params(8, LABYRINTH_POLICY_POOL);
	struct labyrinth_stats stats;
	struct labyrinth *maze;
	unsigned int scope;

	params.max_pages = 24;
	params.high = 24;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	scope = memalloc_noio_save();
	POOL_EXPECT(labyrinth_refill(maze, 10) == 10);
	memalloc_noio_restore(scope);
	POOL_EXPECT(labyrinth_refill(maze, 10) == 6);
	POOL_EXPECT(labyrinth_refill(maze, 10) == -ENOSPC);
	POOL_EXPECT(labyrinth_refill(maze, 0) == 0);
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.total == 24 && stats.refills == 16);
	return pool_end(maze);
}

static bool pool_drop_caches(void)
{
	struct file *file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	loff_t at = 0;
	ssize_t n;

	if (!POOL_EXPECT(!IS_ERR(file)))
		return false;
	/* 2: shrinkers only */
	n = kernel_write(file, "2\n", 2, &at);
	filp_close(file, NULL);
	return POOL_EXPECT(n == 2);
}

/* Under pressure the depot gives back down to the low mark; pages that are out stay */
static bool pool_case_shrinker(void)
{
	struct labyrinth_params params = pool_params(512, LABYRINTH_POLICY_POOL);
	struct labyrinth_stats before, after;
	labyrinth_page_t pages[32];
	struct labyrinth *maze;
	unsigned int i;

	params.low = 128;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = labyrinth_alloc(maze, 5);
		POOL_EXPECT(labyrinth_page_ok(pages[i]));
		memset(labyrinth_page_addr(maze, pages[i]), i + 1, PAGE_SIZE);
	}
	labyrinth_stats(maze, &before);
	if (!pool_drop_caches())
		return false;
	labyrinth_stats(maze, &after);
	POOL_EXPECT(after.shrunk > 0);
	POOL_EXPECT(before.total - after.total == after.shrunk - before.shrunk);
	POOL_EXPECT(after.total >= 128 && after.total < 512);
	pr_info("# %u pages, %u after\n", before.total, after.total);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		POOL_EXPECT(!memchr_inv(labyrinth_page_addr(maze, pages[i]), i + 1, PAGE_SIZE));
		POOL_EXPECT(labyrinth_free(maze, pages[i]) == 0);
	}
	return pool_end(maze);
}

const struct pool_case pool_memory_cases[] = {
	{ "create refuses what makes no sense", pool_case_create_refusals },
	{ "more than is free", pool_case_too_much },
	{ "zones by DMA mask", pool_case_masks },
	{ "exhaustion, and the word that it is over", pool_case_exhaustion },
	{ "low and high mark", pool_case_marks },
	{ "refill by a caller that may sleep", pool_case_refill },
	{ "the shrinker takes the surplus", pool_case_shrinker },
	{ }
};
