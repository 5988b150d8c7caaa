// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: hard interrupts on every CPU take and free pages, threads
 * free what the interrupts of other CPUs took, hand pages over, and offer bad
 * frees; each page carries its holder's mark, so two holders would be seen.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/version.h>

#include "test.h"

#define STORM_SHELF	64	/* places where pages wait for their next holder */
#define STORM_PAGES	56	/* fewer: the pool runs dry again and again */
#define STORM_MANY	1024	/* enough that CPUs have blocks of their own */
#define STORM_BURST	16
#define STORM_PERIOD_NS	50000

struct storm {
	struct labyrinth *maze;
	atomic_long_t shelf[STORM_SHELF];	/* labyrinth_page_t.v, 0: empty */
	atomic_t marks_broken;
	atomic_t wrong_answers;
	atomic_t not_hardirq;
	atomic_t refilled;
	atomic64_t irq_allocs;
	bool stop;
};

struct storm_timer {
	struct hrtimer timer;
	struct storm *storm;
	u32 seed;
};

static void storm_refilled(void *arg)
{
	struct storm *storm = arg;

	atomic_inc(&storm->refilled);
}

static u32 storm_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Each page on the shelf has its own handle written at its start and end */
static void storm_mark(struct storm *storm, labyrinth_page_t page)
{
	unsigned long *words = labyrinth_page_addr(storm->maze, page);

	WRITE_ONCE(words[0], page.v);
	WRITE_ONCE(words[PAGE_SIZE / sizeof(long) - 1], page.v);
}

static void storm_check(struct storm *storm, labyrinth_page_t page)
{
	unsigned long *words = labyrinth_page_addr(storm->maze, page);

	if (READ_ONCE(words[0]) != page.v ||
	    READ_ONCE(words[PAGE_SIZE / sizeof(long) - 1]) != page.v)
		atomic_inc(&storm->marks_broken);
}

/* Puts a page on the shelf, and ends the time of the one that stood there */
static void storm_swap(struct storm *storm, u32 place, labyrinth_page_t page)
{
	labyrinth_page_t old;

	old.v = atomic_long_xchg(&storm->shelf[place % STORM_SHELF], page.v);
	if (!old.v)
		return;
	storm_check(storm, old);
	if (labyrinth_to_device(storm->maze, old) || labyrinth_free(storm->maze, old) != -EBUSY ||
	    labyrinth_to_cpu(storm->maze, old, 64) || labyrinth_free(storm->maze, old))
		atomic_inc(&storm->wrong_answers);
	if (labyrinth_free(storm->maze, old) != -ESTALE)
		atomic_inc(&storm->wrong_answers);
}

static void storm_step(struct storm *storm, u32 *seed, u16 holder)
{
	u32 dice = storm_random(seed);
	labyrinth_page_t page = { 0 };

	if (dice & 1)
		page = labyrinth_alloc(storm->maze, holder);
	if (labyrinth_page_ok(page))
		storm_mark(storm, page);
	storm_swap(storm, dice >> 1, page);
}

static enum hrtimer_restart storm_tick(struct hrtimer *timer)
{
	struct storm_timer *tick = container_of(timer, struct storm_timer, timer);
	unsigned int i;

	if (!in_hardirq())
		atomic_inc(&tick->storm->not_hardirq);
	for (i = 0; i < STORM_BURST; i++)
		storm_step(tick->storm, &tick->seed, smp_processor_id());
	atomic64_add(STORM_BURST, &tick->storm->irq_allocs);
	hrtimer_forward_now(timer, ns_to_ktime(STORM_PERIOD_NS));
	return READ_ONCE(tick->storm->stop) ? HRTIMER_NORESTART : HRTIMER_RESTART;
}

static void storm_start_timer(void *arg)
{
	struct storm_timer *tick = this_cpu_ptr((struct storm_timer __percpu __force *)arg);

	hrtimer_start(&tick->timer, ns_to_ktime(STORM_PERIOD_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

static int storm_thread(void *arg)
{
	struct storm *storm = arg;
	u32 seed = (u32)(unsigned long)current;
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 256; i++)
			storm_step(storm, &seed, 100);
		labyrinth_refill(storm->maze, 1);
		cond_resched();
	}
	return 0;
}

static void storm_run(struct storm *storm, struct storm_timer __percpu *ticks)
{
	struct task_struct *threads[2];
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct storm_timer *tick = per_cpu_ptr(ticks, cpu);

		tick->storm = storm;
		tick->seed = cpu + 1;
		hrtimer_init(&tick->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
		tick->timer.function = storm_tick;
	}
	on_each_cpu(storm_start_timer, (void __force *)ticks, 1);
	/* each on a CPU: a double free on another one may be found late */
	cpu = -1;
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		threads[i] = kthread_run_on_cpu(storm_thread, storm, cpu, "labyrinth_storm/%u");
	}
	msleep(pool_seconds * 1000);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		if (!IS_ERR(threads[i]))
			kthread_stop(threads[i]);
	WRITE_ONCE(storm->stop, true);
	for_each_possible_cpu(cpu)
		hrtimer_cancel(&per_cpu_ptr(ticks, cpu)->timer);
}

static bool storm_results(struct storm *storm)
{
	struct labyrinth_stats stats;
	unsigned long end = jiffies + POOL_PATIENCE;
	unsigned int i;
	u64 allocs = 0;

	for (i = 0; i < STORM_SHELF; i++) {
		preempt_disable();
		storm_swap(storm, i, (labyrinth_page_t){ 0 });
		preempt_enable();
	}
	labyrinth_stats(storm->maze, &stats);
	/* who was refused is told, for now there are pages; by the worker, in its time */
	while (stats.allocs[LABYRINTH_ROUTE_FAIL] && !atomic_read(&storm->refilled) &&
	       time_before(jiffies, end))
		msleep(20);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		allocs += stats.allocs[i];
	pr_info("# %llu pages, in hardirq %llu, in process %llu; refilled() %d, made %llu, back %llu\n",
		allocs, stats.contexts[LABYRINTH_CTX_HARDIRQ],
		stats.contexts[LABYRINTH_CTX_PROCESS], atomic_read(&storm->refilled),
		stats.refills, stats.shrunk);
	pr_info("# cpu %llu returned %llu depot %llu reserve %llu buddy %llu fail %llu\n",
		stats.allocs[LABYRINTH_ROUTE_CPU],
		stats.allocs[LABYRINTH_ROUTE_RETURNED], stats.allocs[LABYRINTH_ROUTE_DEPOT],
		stats.allocs[LABYRINTH_ROUTE_RESERVE], stats.allocs[LABYRINTH_ROUTE_BUDDY],
		stats.allocs[LABYRINTH_ROUTE_FAIL]);
	POOL_EXPECT(atomic_read(&storm->marks_broken) == 0);
	POOL_EXPECT(atomic_read(&storm->wrong_answers) == 0);
	POOL_EXPECT(atomic_read(&storm->not_hardirq) == 0);
	POOL_EXPECT(stats.contexts[LABYRINTH_CTX_HARDIRQ] > 0);
	POOL_EXPECT(stats.contexts[LABYRINTH_CTX_HARDIRQ] <= atomic64_read(&storm->irq_allocs));
	POOL_EXPECT(stats.allocs[LABYRINTH_ROUTE_RETURNED] > 0);
	POOL_EXPECT(allocs == stats.frees);
	POOL_EXPECT(stats.late == 0);
	POOL_EXPECT(!stats.allocs[LABYRINTH_ROUTE_FAIL] || atomic_read(&storm->refilled) > 0);
	return pool_end(storm->maze);
}

static bool pool_storm(enum labyrinth_policy policy, unsigned int pages, unsigned int max_pages)
{
	struct labyrinth_params params = pool_params(pages, policy);
	struct storm_timer __percpu *ticks = alloc_percpu(struct storm_timer);
	struct storm *storm = kzalloc(sizeof(*storm), GFP_KERNEL);
	bool good;

	if (!POOL_EXPECT(ticks && storm))
		return false;
	params.max_pages = max_pages;
	params.low = pages / 2;
	params.high = pages;
	params.reserve = 4;
	params.refilled = storm_refilled;
	params.arg = storm;
	storm->maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(storm->maze)))
		return false;
	storm_run(storm, ticks);
	good = storm_results(storm);
	kfree(storm);
	free_percpu(ticks);
	return good;
}

static bool pool_case_storm_pool(void)
{
	return pool_storm(LABYRINTH_POLICY_POOL, STORM_PAGES, STORM_PAGES);
}

static bool pool_case_storm_fallback(void)
{
	return pool_storm(LABYRINTH_POLICY_FALLBACK, STORM_PAGES, 4 * STORM_PAGES);
}

static bool pool_case_storm_fronts(void)
{
	return pool_storm(LABYRINTH_POLICY_FALLBACK, STORM_MANY, 2 * STORM_MANY);
}

const struct pool_case pool_storm_cases[] = {
	{ "storm, policy pool", pool_case_storm_pool },
	{ "storm, policy fallback", pool_case_storm_fallback },
	{ "storm, with blocks of the CPUs' own", pool_case_storm_fronts },
	{ }
};
