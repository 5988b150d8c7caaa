// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page costs in hard-interrupt and in softirq context, counted
 *
 * Meant for a guest that counts instructions (-icount shift=0, one CPU), where
 * the time-stamp counter advances by one per instruction: then each figure is a
 * number of instructions and exact.  The cost of reading the counter is measured
 * and taken off; the indirect call through the table is in the figures.
 *
 * pair: take one, give it back.  burst: 64 taken, then all given back, so that
 * the pool's fronts run empty and over; per page taken and given.  Each row is
 * one JSON object in the kernel log, after "bench: ".
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sort.h>
#include <linux/timex.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define BENCH_BURST	64
#define BENCH_ROUND	1024	/* samples in one interrupt */

static unsigned int samples = 20480;
module_param(samples, uint, 0444);
MODULE_PARM_DESC(samples, "samples for each row, a multiple of 1024");

enum bench_what { BENCH_NOTHING, BENCH_TAKE, BENCH_GIVE, BENCH_PAIR, BENCH_BURSTS };

static const char * const bench_patterns[] = {
	[BENCH_TAKE] = "alloc", [BENCH_GIVE] = "free", [BENCH_PAIR] = "pair",
	[BENCH_BURSTS] = "burst of 64, per page",
};

struct bench_run {
	const struct bench_allocator *allocator;
	enum bench_what what;
	u32 *sample;
	unsigned int failed;
	struct irq_work irq;
	struct tasklet_struct tasklet;
	struct completion done;
};

static u32 bench_overhead;

static u32 bench_burst(struct bench_run *run)
{
	unsigned long page[BENCH_BURST];
	cycles_t begin = get_cycles();
	unsigned int i;

	for (i = 0; i < BENCH_BURST; i++)
		page[i] = run->allocator->take();
	while (i--) {
		if (page[i])
			run->allocator->give(page[i]);
		else
			run->failed++;
	}
	return (u32)(get_cycles() - begin) / BENCH_BURST;
}

static u32 bench_one(struct bench_run *run)
{
	cycles_t begin, between, end;
	unsigned long page;

	begin = get_cycles();
	page = run->allocator->take();
	between = get_cycles();
	if (!page) {
		run->failed++;
		return 0;
	}
	run->allocator->give(page);
	end = get_cycles();
	if (run->what == BENCH_TAKE)
		return between - begin;
	if (run->what == BENCH_GIVE)
		return end - between;
	return end - begin - bench_overhead;
}

static void bench_round(struct bench_run *run)
{
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < BENCH_ROUND; i++) {
		if (run->what == BENCH_NOTHING) {
			cycles_t begin = get_cycles();

			*run->sample++ = get_cycles() - begin;
		} else if (run->what == BENCH_BURSTS) {
			*run->sample++ = bench_burst(run);
		} else {
			*run->sample++ = bench_one(run) - bench_overhead;
		}
	}
	local_irq_restore(flags);
}

static void bench_hardirq(struct irq_work *irq)
{
	bench_round(container_of(irq, struct bench_run, irq));
}

static void bench_softirq(struct tasklet_struct *tasklet)
{
	struct bench_run *run = from_tasklet(run, tasklet, tasklet);

	bench_round(run);
	complete(&run->done);
}

static int bench_order(const void *a, const void *b)
{
	return *(u32 *)a < *(u32 *)b ? -1 : *(u32 *)a > *(u32 *)b;
}

/* Fills @sample, sorted; true if no page was refused */
static bool bench_collect(const struct bench_allocator *allocator, enum bench_what what,
			  bool hardirq, u32 *sample)
{
	struct bench_run run = {
		.allocator = allocator,
		.what = what,
		.sample = sample,
		.irq = IRQ_WORK_INIT_HARD(bench_hardirq),
	};
	unsigned int i;

	init_completion(&run.done);
	tasklet_setup(&run.tasklet, bench_softirq);
	for (i = 0; i < samples / BENCH_ROUND; i++) {
		if (hardirq) {
			irq_work_queue(&run.irq);
			irq_work_sync(&run.irq);
		} else {
			reinit_completion(&run.done);
			tasklet_schedule(&run.tasklet);
			wait_for_completion(&run.done);
		}
	}
	tasklet_kill(&run.tasklet);
	sort(sample, samples, sizeof(*sample), bench_order, NULL);
	return !run.failed;
}

static void bench_row(const struct bench_allocator *allocator, enum bench_what what,
		      bool hardirq, u32 *sample)
{
	u64 sum = 0, tenths;
	unsigned int i;

	if (!bench_collect(allocator, what, hardirq, sample)) {
		pr_info("bench: # %s, %s: pages were refused\n", allocator->name,
			bench_patterns[what]);
		return;
	}
	for (i = 0; i < samples; i++)
		sum += sample[i];
	tenths = div_u64(sum * 10, samples);
	pr_info("bench: {\"suite\": \"kernel\", \"pattern\": \"%s\", \"allocator\": \"%s\", \"context\": \"%s\", \"unit\": \"instructions\", \"value\": %llu.%llu, \"p50\": %u, \"p99\": %u, \"p999\": %u, \"max\": %u, \"params\": {\"kernel\": \"%s\", \"samples\": %u, \"cpus\": %u, \"bulk\": 1, \"init_on_alloc\": %u}}\n",
		bench_patterns[what], allocator->name, hardirq ? "hardirq" : "softirq",
		div_u64(tenths, 10), tenths - 10 * div_u64(tenths, 10), sample[samples / 2],
		sample[samples * 99ull / 100], sample[samples * 999ull / 1000],
		sample[samples - 1], utsname()->release, samples, num_online_cpus(),
		want_init_on_alloc(0));
}

static void bench_all(struct device *dev, u32 *sample)
{
	const struct bench_allocator *a;
	enum bench_what what;

	bench_collect(NULL, BENCH_NOTHING, true, sample);
	bench_overhead = sample[samples / 2];
	for (a = bench_allocators; a->name; a++) {
		if (a->start(dev)) {
			pr_info("bench: # %s: not on this kernel\n", a->name);
			continue;
		}
		for (what = BENCH_TAKE; what <= BENCH_BURSTS; what++) {
			bench_row(a, what, true, sample);
			bench_row(a, what, false, sample);
		}
		a->stop();
	}
}

static int __init bench_init(void)
{
	struct platform_device *pdev;
	u32 *sample;
	int err;

	if (!samples || samples % BENCH_ROUND)
		return -EINVAL;
	sample = vmalloc(array_size(samples, sizeof(*sample)));
	if (!sample)
		return -ENOMEM;
	pdev = platform_device_register_simple("labyrinth_pool_bench", PLATFORM_DEVID_NONE, NULL,
					       0);
	err = PTR_ERR_OR_ZERO(pdev);
	if (!err) {
		err = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
		if (!err)
			bench_all(&pdev->dev, sample);
		platform_device_unregister(pdev);
	}
	vfree(sample);
	return err;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Cost of a page in interrupt context, labyrinth_pool and others");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
