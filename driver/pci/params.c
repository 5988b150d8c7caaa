// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - module parameters; read once, when a device is probed
 *
 * A value that makes no sense fails the load with one line that says which.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "driver.h"

static char *allocator = "labyrinth";
module_param(allocator, charp, 0444);
MODULE_PARM_DESC(allocator, "where pages come from: labyrinth, or for comparison page, mempool, dma_pool, page_pool (default labyrinth)");

static char *policy = "";
module_param(policy, charp, 0444);
MODULE_PARM_DESC(policy, "of allocator=labyrinth: fallback (the pool, then the page allocator), pool, direct (default fallback; pool with isolate=strict)");

static char *isolate = "none";
module_param(isolate, charp, 0444);
MODULE_PARM_DESC(isolate, "none: pages stay mapped, or strict: unmapped before they are read, so that an IOMMU stops late writes (default none)");

static unsigned int pool_pages;
module_param(pool_pages, uint, 0444);
MODULE_PARM_DESC(pool_pages, "pages made at probe, 0: enough for all queues at the default depth (default 0)");

static unsigned int pool_max;
module_param(pool_max, uint, 0444);
MODULE_PARM_DESC(pool_max, "most pages that the pool may have, 0: twice pool_pages (default 0)");

static unsigned int depth = 256;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth, "pages that a queue may hold unless BIND says otherwise, power of two, 2..2048 (default 256)");

static char *mode = "demand";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "of a queue that is bound by its first read: demand or ring (default demand)");

static unsigned int vectors;
module_param(vectors, uint, 0444);
MODULE_PARM_DESC(vectors, "most MSI-X vectors to use, 0: one per queue and one for errors (default 0)");

static bool intx;
module_param(intx, bool, 0444);
MODULE_PARM_DESC(intx, "use the INTx line also where there is MSI-X (default N)");

static unsigned int watch_ms = 100;
module_param(watch_ms, uint, 0444);
MODULE_PARM_DESC(watch_ms, "milliseconds between two looks at a device with running queues, 1..1000; an interrupt that was lost is found in two (default 100)");

static unsigned int stuck_ms = 2000;
module_param(stuck_ms, uint, 0444);
MODULE_PARM_DESC(stuck_ms, "milliseconds that a device with data may stand still, or not answer, until it is reset or given up, 10..600000 (default 2000)");

/* In the order of enum labyrinth_policy */
static const char * const labyrinth_policies[] = { "fallback", "pool", "direct", "none" };

/* In the order of enum labyrinth_isolate */
static const char * const labyrinth_isolations[] = { "none", "strict" };

static const char * const labyrinth_modes[] = { "demand", "ring" };

static int labyrinth_pick(const char *what, const char *value, const char * const *names, size_t n)
{
	int i = match_string(names, n, value);

	if (i < 0)
		pr_err("%s: no %s '%s'\n", LABYRINTH_NAME, what, value);
	return i;
}

/**
 * labyrinth_params_check - at load: are the parameters possible
 *
 * Return: 0 or -EINVAL.
 */
int labyrinth_params_check(void)
{
	if ((*policy && labyrinth_pick("policy", policy, labyrinth_policies,
				       LABYRINTH_POLICY_NONE) < 0) ||
	    labyrinth_pick("isolate", isolate, labyrinth_isolations,
			   ARRAY_SIZE(labyrinth_isolations)) < 0 ||
	    labyrinth_pick("mode", mode, labyrinth_modes, ARRAY_SIZE(labyrinth_modes)) < 0)
		return -EINVAL;
	if (labyrinth_param_isolate() == LABYRINTH_ISOLATE_STRICT &&
	    labyrinth_param_policy() != LABYRINTH_POLICY_POOL) {
		pr_err("%s: isolate=strict needs policy=pool, not %s, which maps pages in interrupts\n",
		       LABYRINTH_NAME, policy);
		return -EINVAL;
	}
	if (strcmp(allocator, "labyrinth") &&
	    (*policy || labyrinth_param_isolate() == LABYRINTH_ISOLATE_STRICT)) {
		pr_err("%s: policy= and isolate=strict are of allocator=labyrinth, not of %s\n",
		       LABYRINTH_NAME, allocator);
		return -EINVAL;
	}
	if (depth < LABYRINTH_RING_MIN || depth > LABYRINTH_DEPTH_MAX || !is_power_of_2(depth)) {
		pr_err("%s: depth %u is no power of two in %u..%u\n", LABYRINTH_NAME, depth,
		       LABYRINTH_RING_MIN, LABYRINTH_DEPTH_MAX);
		return -EINVAL;
	}
	if (!watch_ms || watch_ms > 1000 || stuck_ms < 10 || stuck_ms > 600000) {
		pr_err("%s: watch_ms %u is not in 1..1000, or stuck_ms %u not in 10..600000\n",
		       LABYRINTH_NAME, watch_ms, stuck_ms);
		return -EINVAL;
	}
	if (pool_max && pool_max < pool_pages) {
		pr_err("%s: pool_max %u is less than pool_pages %u\n", LABYRINTH_NAME, pool_max,
		       pool_pages);
		return -EINVAL;
	}
	return 0;
}

/** labyrinth_param_watch - jiffies between two looks of the watch */
unsigned long labyrinth_param_watch(void)
{
	return msecs_to_jiffies(watch_ms);
}

/** labyrinth_param_stuck - jiffies that a device may stand still */
unsigned long labyrinth_param_stuck(void)
{
	return msecs_to_jiffies(stuck_ms);
}

/** labyrinth_param_depth - default depth of a queue */
unsigned int labyrinth_param_depth(void)
{
	return depth;
}

/** labyrinth_param_vectors - most MSI-X vectors, 0 for no limit */
unsigned int labyrinth_param_vectors(void)
{
	return vectors;
}

/** labyrinth_param_intx - whether INTx is asked for */
bool labyrinth_param_intx(void)
{
	return intx;
}

/** labyrinth_param_mode - mode of a queue that is bound without BIND */
enum labyrinth_mode labyrinth_param_mode(void)
{
	return match_string(labyrinth_modes, ARRAY_SIZE(labyrinth_modes), mode);
}

/** labyrinth_param_allocator - where pages come from */
const char *labyrinth_param_allocator(void)
{
	return allocator;
}

/** labyrinth_param_isolate - of the pool */
enum labyrinth_isolate labyrinth_param_isolate(void)
{
	return match_string(labyrinth_isolations, ARRAY_SIZE(labyrinth_isolations), isolate);
}

/** labyrinth_param_policy - of the pool */
enum labyrinth_policy labyrinth_param_policy(void)
{
	if (!*policy)
		return labyrinth_param_isolate() == LABYRINTH_ISOLATE_STRICT ?
		       LABYRINTH_POLICY_POOL : LABYRINTH_POLICY_FALLBACK;
	return match_string(labyrinth_policies, LABYRINTH_POLICY_NONE, policy);
}

/*
 * Pages beyond those that the queues may hold.  Other CPUs keep at most 3/16 of a
 * pool to themselves; what is left beyond that is above the low mark.
 */
static unsigned int labyrinth_slack(unsigned int held)
{
	return max(held / 8 * 3, 128 * num_possible_cpus());
}

/**
 * labyrinth_param_pool_pages - pages to begin with
 * @nr_queues: of the device
 *
 * Return: the parameter, or enough for every queue at its default depth.
 */
unsigned int labyrinth_param_pool_pages(unsigned int nr_queues)
{
	unsigned int held = nr_queues * depth;

	return pool_pages ?: held + labyrinth_slack(held);
}

/**
 * labyrinth_param_pool_low - when the pool is to grow
 * @pages: pages to begin with
 *
 * Return: a mark that queues at their default depth do not reach.
 */
unsigned int labyrinth_param_pool_low(unsigned int pages)
{
	return clamp(pages / 4, 1u, 64 * num_possible_cpus());
}

/**
 * labyrinth_param_pool_max - bound of the pool
 * @pages: pages to begin with
 */
unsigned int labyrinth_param_pool_max(unsigned int pages)
{
	return pool_max ? max(pool_max, pages) : 2 * pages;
}

/**
 * labyrinth_policy_name - as the parameter spells it
 * @which: the policy
 */
const char *labyrinth_policy_name(enum labyrinth_policy which)
{
	return labyrinth_policies[which];
}
