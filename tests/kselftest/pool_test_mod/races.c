// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same page in the hands of all CPUs at once: one gets it.  Every CPU comes to the
 * same point in a hard interrupt before any of them goes on.
 */
#include <linux/atomic.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "test.h"

#define RACE_PAGES	1024
#define RACE_ROUNDS	2000
#define RACE_FAR	200	/* pages until a CPU's front has left a block for certain */

struct race {
	struct labyrinth *maze;
	labyrinth_page_t page;
	int (*fn)(struct race *race);
	atomic_t arrived;
	atomic_t won;
};

static void race_here(void *arg)
{
	struct race *race = arg;
	int i;

	atomic_inc(&race->arrived);
	/* in case a CPU stands still for good: without a race, but without a hang */
	for (i = 0; i < 1000000 && atomic_read(&race->arrived) < num_online_cpus(); i++)
		cpu_relax();
	if (!race->fn(race))
		atomic_inc(&race->won);
}

static int race_everywhere(struct race *race, int (*fn)(struct race *race))
{
	race->fn = fn;
	atomic_set(&race->arrived, 0);
	atomic_set(&race->won, 0);
	on_each_cpu(race_here, race, 1);
	return atomic_read(&race->won);
}

static int race_to_device(struct race *race)
{
	return labyrinth_to_device(race->maze, race->page);
}

static int race_to_cpu(struct race *race)
{
	return labyrinth_to_cpu(race->maze, race->page, 8);
}

static int race_to_user(struct race *race)
{
	return labyrinth_to_user(race->maze, race->page, 8);
}

static int race_free(struct race *race)
{
	return labyrinth_free(race->maze, race->page);
}

static bool race_start(struct race *race)
{
	struct labyrinth_params params = pool_params(RACE_PAGES, LABYRINTH_POLICY_POOL);

	race->maze = labyrinth_create(&params);
	return POOL_EXPECT(!IS_ERR(race->maze));
}

static bool pool_case_hand_over_race(void)
{
	struct race race = { };
	unsigned int i, wrong = 0;

	if (!race_start(&race))
		return false;
	for (i = 0; i < RACE_ROUNDS; i++) {
		race.page = labyrinth_alloc(race.maze, 1);
		wrong += race_everywhere(&race, race_to_device) != 1;
		wrong += race_everywhere(&race, race_to_cpu) != 1;
		wrong += race_everywhere(&race, race_to_user) != 1;
		wrong += labyrinth_free(race.maze, race.page) != 0;
	}
	POOL_EXPECT(wrong == 0);
	return pool_end(race.maze);
}

static int race_no_holder(const struct labyrinth_holder *holder, void *arg)
{
	return 0;
}

/* Once what the CPUs keep has come back to its blocks, which holders() sees to */
static void race_settle(struct labyrinth *maze, struct labyrinth_stats *stats)
{
	POOL_EXPECT(labyrinth_holders(maze, race_no_holder, NULL) == 0);
	labyrinth_stats(maze, stats);
}

/* One free counts; the others are refused, in the call or, found late, afterwards */
static bool pool_case_free_race(void)
{
	struct race race = { };
	struct labyrinth_stats stats;
	unsigned int i, none = 0;
	u64 expected = (u64)RACE_ROUNDS * (num_online_cpus() - 1);

	if (!race_start(&race))
		return false;
	for (i = 0; i < RACE_ROUNDS; i++) {
		race.page = labyrinth_alloc(race.maze, 1);
		none += race_everywhere(&race, race_free) == 0;
	}
	POOL_EXPECT(none == 0);
	race_settle(race.maze, &stats);
	POOL_EXPECT(stats.refused == expected);
	POOL_EXPECT(stats.frees == RACE_ROUNDS);
	pr_info("# %llu refused, %llu of them late\n", stats.refused, stats.late);
	return pool_end(race.maze);
}

struct far {
	struct labyrinth *maze;
	labyrinth_page_t page;
	labyrinth_page_t others[RACE_FAR];
};

static long far_take(void *arg)
{
	struct far *far = arg;
	unsigned int i;

	far->page = labyrinth_alloc(far->maze, 1);
	for (i = 0; i < RACE_FAR; i++)
		far->others[i] = labyrinth_alloc(far->maze, 2);
	return 0;
}

static long far_give(void *arg)
{
	struct far *far = arg;

	return labyrinth_free(far->maze, far->page);
}

static long far_give_others(void *arg)
{
	struct far *far = arg;
	unsigned int i;
	long bad = 0;

	for (i = 0; i < RACE_FAR; i++)
		bad += !!labyrinth_free(far->maze, far->others[i]);
	return bad;
}

/* A second free on another CPU, while the first is still in its CPU's table, is found late */
static bool pool_case_late_refusal(void)
{
	struct labyrinth_params params = pool_params(RACE_PAGES, LABYRINTH_POLICY_POOL);
	struct far *far = kzalloc(sizeof(*far), GFP_KERNEL);
	unsigned int one = cpumask_first(cpu_online_mask);
	unsigned int two = cpumask_next(one, cpu_online_mask);
	struct labyrinth_stats stats;
	long first, second;

	if (!POOL_EXPECT(far))
		return false;
	if (two >= nr_cpu_ids) {
		pr_info("# one CPU: not tried\n");
		kfree(far);
		return true;
	}
	far->maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(far->maze)))
		return false;
	work_on_cpu(one, far_take, far);
	first = work_on_cpu(one, far_give, far);
	second = work_on_cpu(two, far_give, far);
	POOL_EXPECT(first == 0);
	POOL_EXPECT(second == 0 || second == -ESTALE);
	POOL_EXPECT(work_on_cpu(one, far_give_others, far) == 0);
	race_settle(far->maze, &stats);
	POOL_EXPECT(stats.refused == 1);
	POOL_EXPECT(stats.late == (second == 0));
	POOL_EXPECT(stats.late == 1);
	POOL_EXPECT(stats.frees == RACE_FAR + 1);
	pool_end(far->maze);
	kfree(far);
	return true;
}

const struct pool_case pool_race_cases[] = {
	{ "all CPUs hand the same page over", pool_case_hand_over_race },
	{ "all CPUs free the same page", pool_case_free_race },
	{ "a double free on another CPU is found late", pool_case_late_refusal },
	{ }
};
