// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of labyrinth_pool inside the kernel, without the accelerator
 *
 * Loading the module runs all cases on a platform device of its own and prints
 * KTAP to the kernel log.  It loads only if all passed (else EIO), so that
 * `insmod` alone tells the result.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "test.h"

unsigned int pool_seconds = 2;
module_param_named(seconds, pool_seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long the storm lasts");

unsigned int pool_soak_seed = 1;
module_param_named(soak_seed, pool_soak_seed, uint, 0444);
MODULE_PARM_DESC(soak_seed, "of the NMIs and interrupts' random numbers");

unsigned long pool_soak_allocs = 200000;
module_param_named(soak_allocs, pool_soak_allocs, ulong, 0444);
MODULE_PARM_DESC(soak_allocs, "pages that NMIs and hard interrupts are to take");

static char *pool_only = "";
module_param_named(only, pool_only, charp, 0444);
MODULE_PARM_DESC(only, "run the cases whose name contains this");

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

static const struct pool_case * const pool_groups[] = {
	pool_named_cases, pool_call_cases, pool_context_cases, pool_scope_cases,
	pool_trace_cases, pool_holder_cases, pool_ownership_cases,
	pool_apart_cases, pool_garbage_cases, pool_race_cases, pool_memory_cases, pool_fault_cases,
	pool_storm_cases, pool_soak_cases,
};

static bool pool_wanted(const struct pool_case *c)
{
	return strstr(c->name, pool_only);
}

static unsigned int pool_run_all(void)
{
	unsigned int i, number = 0, failed = 0;
	const struct pool_case *c;

	for (i = 0; i < ARRAY_SIZE(pool_groups); i++)
		for (c = pool_groups[i]; c->run; c++)
			number += pool_wanted(c);
	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", number);
	/* a name that no case has is no success */
	failed = !number;
	number = 0;
	for (i = 0; i < ARRAY_SIZE(pool_groups); i++) {
		for (c = pool_groups[i]; c->run; c++) {
			unsigned int before = pool_broken;
			bool passed;

			if (!pool_wanted(c))
				continue;
			passed = c->run() && pool_broken == before;
			number++;
			failed += !passed;
			pr_info("%sok %u %s\n", passed ? "" : "not ", number, c->name);
			cond_resched();
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
	if (!err)
		err = pool_places_start();
	failed = err ? 1 : pool_run_all();
	if (!err)
		pool_places_stop();
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
