// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of labyrinth_pool inside the kernel, without the accelerator
 *
 * Loading the module runs all cases on a platform device of its own and prints
 * KTAP to the kernel log.  It loads only if all passed (else EIO), so that
 * `insmod` alone tells the result.  Parameter seconds: length of the storm.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/preempt.h>

#include "test.h"

unsigned int pool_seconds = 2;
module_param_named(seconds, pool_seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long the storm lasts");

static struct platform_device *pool_pdev;
static unsigned int pool_broken;	/* expectations that did not hold */

bool pool_expect(bool holds, const char *what, const char *function, int line)
{
	if (!holds) {
		pool_broken++;
		pr_info("# %s:%d: expected %s\n", function, line, what);
	}
	return holds;
}

struct device *pool_device(void)
{
	return &pool_pdev->dev;
}

struct labyrinth_params pool_params(unsigned int pages, enum labyrinth_policy policy)
{
	return (struct labyrinth_params){
		.name = "test",
		.dev = pool_device(),
		.dir = DMA_FROM_DEVICE,
		.node = NUMA_NO_NODE,
		.pages = pages,
		.policy = policy,
	};
}

/* At a quiet moment all pages are free; then the pool must go without a rest */
bool pool_end(struct labyrinth *maze)
{
	struct labyrinth_stats stats;

	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_FREE] == stats.total);
	POOL_EXPECT(labyrinth_destroy(maze, 0) == 0);
	return true;
}

struct pool_errand {
	struct irq_work irq;
	struct tasklet_struct tasklet;
	void (*fn)(void *arg);
	void *arg;
	bool context_right;
	struct completion done;
};

static void pool_hardirq_errand(struct irq_work *irq)
{
	struct pool_errand *errand = container_of(irq, struct pool_errand, irq);

	errand->context_right = in_hardirq() && irqs_disabled();
	errand->fn(errand->arg);
}

/* Runs @fn in real hard-interrupt context, also on PREEMPT_RT; false if it was not */
bool pool_in_hardirq(void (*fn)(void *arg), void *arg)
{
	struct pool_errand errand = {
		.irq = IRQ_WORK_INIT_HARD(pool_hardirq_errand),
		.fn = fn,
		.arg = arg,
	};

	irq_work_queue(&errand.irq);
	irq_work_sync(&errand.irq);
	return errand.context_right;
}

static void pool_softirq_errand(struct tasklet_struct *tasklet)
{
	struct pool_errand *errand = from_tasklet(errand, tasklet, tasklet);

	errand->context_right = in_serving_softirq();
	errand->fn(errand->arg);
	complete(&errand->done);
}

bool pool_in_softirq(void (*fn)(void *arg), void *arg)
{
	struct pool_errand errand = {
		.fn = fn,
		.arg = arg,
	};

	init_completion(&errand.done);
	tasklet_setup(&errand.tasklet, pool_softirq_errand);
	tasklet_schedule(&errand.tasklet);
	wait_for_completion(&errand.done);
	tasklet_kill(&errand.tasklet);
	return errand.context_right;
}

static const struct pool_case * const pool_groups[] = {
	pool_context_cases, pool_ownership_cases, pool_memory_cases, pool_storm_cases,
};

static unsigned int pool_run_all(void)
{
	unsigned int i, number = 0, failed = 0;
	const struct pool_case *c;

	for (i = 0; i < ARRAY_SIZE(pool_groups); i++)
		for (c = pool_groups[i]; c->run; c++)
			number++;
	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", number);
	number = 0;
	for (i = 0; i < ARRAY_SIZE(pool_groups); i++) {
		for (c = pool_groups[i]; c->run; c++) {
			unsigned int before = pool_broken;
			bool passed = c->run() && pool_broken == before;

			number++;
			failed += !passed;
			pr_info("%sok %u %s\n", passed ? "" : "not ", number, c->name);
		}
	}
	return failed;
}

static int __init pool_test_init(void)
{
	unsigned int failed;
	int err;

	pool_pdev = platform_device_register_simple("labyrinth_pool_test", PLATFORM_DEVID_NONE,
						    NULL, 0);
	if (IS_ERR(pool_pdev))
		return PTR_ERR(pool_pdev);
	err = dma_coerce_mask_and_coherent(pool_device(), DMA_BIT_MASK(64));
	failed = err ? 1 : pool_run_all();
	if (failed)
		platform_device_unregister(pool_pdev);
	return failed ? -EIO : 0;
}

static void __exit pool_test_exit(void)
{
	platform_device_unregister(pool_pdev);
}

module_init(pool_test_init);
module_exit(pool_test_exit);

MODULE_DESCRIPTION("Tests of labyrinth_pool in process, softirq and hard-interrupt context");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
