// SPDX-License-Identifier: GPL-2.0-only
/*
 * Create and refill with a failure at each single step, one after the other
 *
 * A step is a call that the pool's module makes to the kernel and that may fail.  A
 * kprobe at each such function sees the calls that come from that module and from
 * this task, and makes the n-th of them fail: it returns to the caller at once, with
 * what the function gives when it fails.  So it works on any kernel.  Probes on the
 * opposite functions tell whether all pages and mappings went back.
 */
#include <linux/dma-mapping.h>
#include <linux/kprobes.h>
#include <linux/linkage.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "test.h"

#define FAULT_PAGES	200
#define FAULT_STEPS	1000	/* more than there are */

struct fault {
	struct task_struct *task;	/* whose calls count; NULL: none */
	struct module *module;
	unsigned int at;		/* the step that fails, from 1; 0: none */
	unsigned int steps;		/* so far */
	const char *failed;
	bool asking;			/* the next event of mm_page_alloc is the pool's */
	long pages;
	long mappings;
};

static struct fault fault;

/* Nothing but a return, with what the probe has put where a result is */
asm(".pushsection .text\n.globl fault_return\n.type fault_return, @function\n"
	"fault_return:\n" ASM_RET
	".size fault_return, . - fault_return\n.popsection\n");

static bool fault_ours(struct pt_regs *regs)
{
	unsigned long *stack = (unsigned long *)kernel_stack_pointer(regs);

	return current == fault.task && in_task() && within_module(*stack, fault.module);
}

struct fault_point {
	const char *symbol;
	unsigned long failure;		/* what it returns */
	void (*note)(struct pt_regs *regs);	/* it is called and does not fail */
	struct kprobe probe;
	bool there;
};

static void fault_note_page(struct pt_regs *regs)
{
	fault.asking = true;
}

static void fault_note_map(struct pt_regs *regs)
{
	fault.mappings++;
}

static void fault_note_unmap(struct pt_regs *regs)
{
	fault.mappings--;
}

static void fault_note_free(struct pt_regs *regs)
{
	fault.pages -= 1l << regs_get_kernel_argument(regs, 1);
}

/* Names differ between kernels; one that is not there is not called either */
static struct fault_point fault_steps[] = {
	{ "kmalloc_trace", 0 }, { "__kmalloc_cache_noprof", 0 },
	{ "__kmalloc", 0 }, { "__kmalloc_noprof", 0 }, { "__kmalloc_node", 0 },
	{ "__kmalloc_node_noprof", 0 }, { "kmalloc_large", 0 }, { "kmalloc_node_trace", 0 },
	{ "kvmalloc_node", 0 }, { "__kvmalloc_node_noprof", 0 },
	{ "vzalloc_node", 0 }, { "vzalloc_node_noprof", 0 }, { "vmalloc_node", 0 },
	{ "__alloc_percpu", 0 }, { "__alloc_percpu_gfp", 0 }, { "pcpu_alloc_noprof", 0 },
	{ "__alloc_pages", 0, fault_note_page }, { "__alloc_pages_noprof", 0, fault_note_page },
	{ "dma_map_page_attrs", (unsigned long)DMA_MAPPING_ERROR, fault_note_map },
	{ "register_shrinker", (unsigned long)-ENOMEM }, { "shrinker_alloc", 0 },
	{ "ida_alloc_range", (unsigned long)-ENOMEM },
};

static struct fault_point fault_undo[] = {
	{ "dma_unmap_page_attrs", 0, fault_note_unmap },
	{ "__free_pages", 0, fault_note_free },
};

static int fault_step(struct kprobe *probe, struct pt_regs *regs)
{
	struct fault_point *point = container_of(probe, struct fault_point, probe);

	if (!fault_ours(regs))
		return 0;
	if (++fault.steps != fault.at) {
		if (point->note)
			point->note(regs);
		return 0;
	}
	fault.failed = point->symbol;
	regs_set_return_value(regs, point->failure);
	instruction_pointer_set(regs, (unsigned long)fault_return);
	return 1;
}

static int fault_undone(struct kprobe *probe, struct pt_regs *regs)
{
	struct fault_point *point = container_of(probe, struct fault_point, probe);

	if (fault_ours(regs))
		point->note(regs);
	return 0;
}

/* With one, the kernel does not turn the probe into a jump, which could not skip a call */
static void fault_after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static void fault_page_event(void *data, struct page *page, unsigned int order, gfp_t gfp, int type)
{
	if (current != fault.task || !in_task() || !fault.asking)
		return;
	fault.asking = false;
	if (page)
		fault.pages += 1l << order;
}

static unsigned int fault_arm_all(struct fault_point *points, unsigned int count,
				  kprobe_pre_handler_t handler)
{
	unsigned int i, there = 0;

	for (i = 0; i < count; i++) {
		struct fault_point *point = &points[i];

		point->probe = (struct kprobe){
			.symbol_name = point->symbol,
			.pre_handler = handler,
			.post_handler = fault_after,
		};
		point->there = !register_kprobe(&point->probe);
		there += point->there;
	}
	return there;
}

static void fault_disarm_all(struct fault_point *points, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (points[i].there)
			unregister_kprobe(&points[i].probe);
}

static void fault_begin(unsigned int at)
{
	fault.at = at;
	fault.steps = 0;
	fault.failed = NULL;
	fault.asking = false;
	fault.pages = 0;
	fault.mappings = 0;
	WRITE_ONCE(fault.task, current);
}

/* Did the step that was to fail come? */
static bool fault_end(void)
{
	WRITE_ONCE(fault.task, NULL);
	return fault.failed;
}

static bool fault_balanced(const char *what, unsigned int step)
{
	if (fault.pages || fault.mappings)
		pr_info("# %s, step %u (%s): %ld pages and %ld mappings did not go back\n", what,
			step, fault.failed, fault.pages, fault.mappings);
	return POOL_EXPECT(!fault.pages && !fault.mappings);
}

static bool fault_create(void)
{
	struct labyrinth_params params = pool_params(FAULT_PAGES, LABYRINTH_POLICY_POOL);
	unsigned int step, refused = 0;

	for (step = 1; step < FAULT_STEPS; step++) {
		struct labyrinth *maze;
		bool failed;

		fault_begin(step);
		maze = labyrinth_create(&params);
		failed = fault.failed;
		if (!IS_ERR(maze)) {
			/* there was another way: the pool must be whole */
			POOL_EXPECT(failed || fault.steps < step);
			POOL_EXPECT(pool_end(maze));
		} else {
			POOL_EXPECT(failed);
			POOL_EXPECT(PTR_ERR(maze) == -ENOMEM || PTR_ERR(maze) == -EIO);
			refused++;
		}
		fault_end();
		if (!fault_balanced("create", step))
			return false;
		if (!failed)
			break;
	}
	pr_info("# create: %u steps, %u of them needed\n", step - 1, refused);
	return POOL_EXPECT(refused > 3 && step < FAULT_STEPS);
}

static bool fault_refill(void)
{
	unsigned int step, less = 0;

	for (step = 1; step < FAULT_STEPS; step++) {
		struct labyrinth_params params = pool_params(8, LABYRINTH_POLICY_POOL);
		struct labyrinth_stats stats;
		struct labyrinth *maze;
		bool failed;
		int made;

		params.max_pages = FAULT_PAGES;
		params.high = FAULT_PAGES;
		fault_begin(0);
		maze = labyrinth_create(&params);
		if (!POOL_EXPECT(!IS_ERR(maze)))
			return false;
		fault.steps = 0;
		fault.at = step;
		made = labyrinth_refill(maze, FAULT_PAGES - 8);
		fault.at = 0;
		failed = fault.failed;
		labyrinth_stats(maze, &stats);
		less += made < FAULT_PAGES - 8;
		POOL_EXPECT(failed || made == FAULT_PAGES - 8);
		POOL_EXPECT(made > 0 || made == -ENOMEM || made == -EIO);
		POOL_EXPECT(stats.total == 8 + max(made, 0));
		POOL_EXPECT(pool_end(maze));
		fault_end();
		if (!fault_balanced("refill", step))
			return false;
		if (!failed)
			break;
	}
	pr_info("# refill: %u steps, %u of them needed\n", step - 1, less);
	return POOL_EXPECT(step > 1 && step < FAULT_STEPS);
}

static bool fault_with_probes(bool (*fn)(void))
{
	struct pool_hook hook;
	bool good = false;

	fault.task = NULL;
	fault.module = pool_module();
	if (!POOL_EXPECT(fault.module))
		return false;
	if (!POOL_EXPECT(pool_hook(&hook, "mm_page_alloc", fault_page_event, NULL)))
		return false;
	if (POOL_EXPECT(fault_arm_all(fault_steps, ARRAY_SIZE(fault_steps), fault_step) >= 3) &&
	    POOL_EXPECT(fault_arm_all(fault_undo, ARRAY_SIZE(fault_undo), fault_undone) ==
			ARRAY_SIZE(fault_undo)))
		good = fn();
	fault_disarm_all(fault_undo, ARRAY_SIZE(fault_undo));
	fault_disarm_all(fault_steps, ARRAY_SIZE(fault_steps));
	pool_unhook(&hook);
	return good;
}

static bool pool_case_fault_create(void)
{
	return fault_with_probes(fault_create);
}

static bool pool_case_fault_refill(void)
{
	return fault_with_probes(fault_refill);
}

const struct pool_case pool_fault_cases[] = {
	{ "create fails at each step, and nothing is left", pool_case_fault_create },
	{ "refill fails at each step, and nothing is left", pool_case_fault_refill },
	{ }
};
