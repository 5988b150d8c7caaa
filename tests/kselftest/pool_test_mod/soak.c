// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations in NMIs and in hard interrupts, by the million, on every CPU
 *
 * A thread on each CPU raises hard interrupts there and sends NMIs to any CPU, so that
 * an NMI lands anywhere: in a task's allocation, in an interrupt's, in a free, in the
 * worker's.  What NMIs took waits in a ring for an interrupt of its CPU to free it;
 * what interrupts took goes over a shelf to be freed on another CPU, or back at once.
 * The worker makes pages and gives them back meanwhile.
 * For each slot the ledger has the handle that is out, so that a page which was issued
 * twice, or freed without being out, is seen at that moment.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <asm/apic.h>
#include <asm/nmi.h>

#include "test.h"

#define SOAK_NAME	"labyrinth_pool_soak"
#define SOAK_PAGES	512	/* at rest; the worker makes and drops what is above */
#define SOAK_SLOTS	2048
#define SOAK_SHELF	64
#define SOAK_RING	512	/* a power of two */
#define SOAK_BURST	32
#define SOAK_PATIENCE	(20 * HZ)
#define SOAK_TASK	4	/* pairs of the thread itself, a round */

struct soak {
	struct labyrinth *maze;
	u64 *ledger;		/* [SOAK_SLOTS] the handle that is out, or 0 */
	u64 shelf[SOAK_SHELF];
	u64 share;		/* allocations that each CPU is to make */
	atomic_t broken;	/* issued twice, or freed without being out */
	atomic_t refused;	/* good frees that were refused */
};

struct soak_cpu {
	struct soak *soak;
	struct task_struct *thread;
	struct irq_work irq;
	u32 seed;
	u64 hard;
	u64 none;		/* calls without a page */
	u64 tries;		/* frees that are to be refused */
	/* NMIs of this CPU write head, its interrupts tail */
	u64 ring[SOAK_RING];
	u32 head;
	u32 tail;
	u64 nmi;
	u64 nmi_none;
};

static DEFINE_PER_CPU(struct soak_cpu *, soak_here);

static u32 soak_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void soak_out(struct soak *soak, labyrinth_page_t page)
{
	u32 slot = labyrinth_page_slot(page);

	if (slot >= SOAK_SLOTS || xchg(&soak->ledger[slot], page.v))
		atomic_inc(&soak->broken);
}

static void soak_back(struct soak *soak, labyrinth_page_t page)
{
	if (xchg(&soak->ledger[labyrinth_page_slot(page) % SOAK_SLOTS], 0) != page.v)
		atomic_inc(&soak->broken);
}

static void soak_free(struct soak *soak, labyrinth_page_t page)
{
	soak_back(soak, page);
	if (in_hardirq() ? labyrinth_free_pinned(soak->maze, page) :
			   labyrinth_free(soak->maze, page))
		atomic_inc(&soak->refused);
}

static void soak_in_nmi(struct soak_cpu *cpu)
{
	u32 head = cpu->head, i;

	for (i = 0; i < SOAK_BURST && head - READ_ONCE(cpu->tail) < SOAK_RING; i++) {
		labyrinth_page_t page = labyrinth_alloc(cpu->soak->maze, 9);

		if (!labyrinth_page_ok(page)) {
			cpu->nmi_none++;
			break;
		}
		soak_out(cpu->soak, page);
		cpu->ring[head++ % SOAK_RING] = page.v;
		WRITE_ONCE(cpu->nmi, cpu->nmi + 1);
	}
	/* read on this CPU only: program order is enough */
	WRITE_ONCE(cpu->head, head);
}

/* Every NMI is ours while the soak goes on: two that were sent may arrive as one */
static int soak_nmi(unsigned int type, struct pt_regs *regs)
{
	struct soak_cpu *cpu = this_cpu_read(soak_here);

	if (cpu)
		soak_in_nmi(cpu);
	return NMI_HANDLED;
}

static struct nmiaction soak_nmi_action = {
	.list = LIST_HEAD_INIT(soak_nmi_action.list),
	.handler = soak_nmi,
	.max_duration = U64_MAX,
	.name = SOAK_NAME,
};

/* With interrupts off on the CPU of the ring */
static void soak_drain(struct soak_cpu *cpu)
{
	u32 tail = cpu->tail, head = READ_ONCE(cpu->head);

	while (tail != head)
		soak_free(cpu->soak, (labyrinth_page_t){ cpu->ring[tail++ % SOAK_RING] });
	WRITE_ONCE(cpu->tail, tail);
}

static void soak_shelve(struct soak_cpu *cpu, labyrinth_page_t page)
{
	u64 *place = &cpu->soak->shelf[soak_random(&cpu->seed) % SOAK_SHELF];
	labyrinth_page_t old = { xchg(place, page.v) };

	if (labyrinth_page_ok(old))
		soak_free(cpu->soak, old);
}

/* To the device and back */
static void soak_hand_over(struct soak *soak, labyrinth_page_t page)
{
	if (labyrinth_to_device_pinned(soak->maze, page) ||
	    labyrinth_free_pinned(soak->maze, page) != -EBUSY ||
	    labyrinth_to_cpu_pinned(soak->maze, page, 64))
		atomic_inc(&soak->refused);
}

/* Some pages by a token, and back */
static void soak_run(struct soak_cpu *cpu, u32 want)
{
	struct labyrinth_run run;
	u32 got = labyrinth_alloc_run_pinned(cpu->soak->maze, want, 8, &run);
	u64 mask;

	if (!got) {
		cpu->none++;
		return;
	}
	WRITE_ONCE(cpu->hard, cpu->hard + got);
	for (mask = run.mask; mask; mask &= mask - 1)
		soak_out(cpu->soak, (labyrinth_page_t){ run.base + __ffs64(mask) });
	for (mask = run.mask; mask; mask &= mask - 1)
		soak_back(cpu->soak, (labyrinth_page_t){ run.base + __ffs64(mask) });
	if (labyrinth_free_run_pinned(cpu->soak->maze, &run))
		atomic_inc(&cpu->soak->refused);
}

static void soak_interrupt(struct irq_work *irq)
{
	struct soak_cpu *cpu = container_of(irq, struct soak_cpu, irq);
	u32 i, tries = 0;

	soak_drain(cpu);
	for (i = 0; i < SOAK_BURST; i++) {
		labyrinth_page_t page = i & 1 ? labyrinth_alloc(cpu->soak->maze, 8) :
						labyrinth_alloc_pinned(cpu->soak->maze, 8);

		if (!labyrinth_page_ok(page)) {
			cpu->none++;
			continue;
		}
		WRITE_ONCE(cpu->hard, cpu->hard + 1);
		soak_out(cpu->soak, page);
		if (i % 8 == 0) {
			soak_hand_over(cpu->soak, page);
			tries++;
		}
		if (soak_random(&cpu->seed) & 1)
			soak_shelve(cpu, page);
		else
			soak_free(cpu->soak, page);
	}
	/* frees of pages that the device had, all refused */
	WRITE_ONCE(cpu->tries, cpu->tries + tries);
	soak_run(cpu, 1 + soak_random(&cpu->seed) % SOAK_BURST);
}

static void soak_send_nmi(u32 dice)
{
	unsigned int cpu = cpumask_nth(dice % num_online_cpus(), cpu_online_mask);

	if (cpu < nr_cpu_ids)
		apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
}

static int soak_thread(void *arg)
{
	struct soak_cpu *cpu = arg;
	u32 round = 0, i;

	while (cpu->hard + READ_ONCE(cpu->nmi) < cpu->soak->share && !kthread_should_stop()) {
		preempt_disable();
		soak_send_nmi(soak_random(&cpu->seed));
		irq_work_queue(&cpu->irq);
		preempt_enable();
		for (i = 0; i < SOAK_TASK; i++) {
			labyrinth_page_t page = labyrinth_alloc(cpu->soak->maze, 7);

			if (!labyrinth_page_ok(page))
				continue;
			soak_out(cpu->soak, page);
			soak_free(cpu->soak, page);
		}
		irq_work_sync(&cpu->irq);
		if (!(++round % 64))
			cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static bool soak_start(struct soak *soak, unsigned int cpu, u32 seed)
{
	struct soak_cpu *here = kzalloc(sizeof(*here), GFP_KERNEL);

	if (!POOL_EXPECT(here))
		return false;
	here->soak = soak;
	here->seed = seed;
	here->irq = IRQ_WORK_INIT_HARD(soak_interrupt);
	here->thread = kthread_create_on_cpu(soak_thread, here, cpu, "labyrinth_soak/%u");
	if (!POOL_EXPECT(!IS_ERR(here->thread))) {
		kfree(here);
		return false;
	}
	per_cpu(soak_here, cpu) = here;
	return true;
}

/* All shares were made; @sum: how many allocations so far */
static bool soak_done(struct soak *soak, u64 *sum)
{
	unsigned int cpu;
	bool done = true;

	*sum = 0;
	for_each_online_cpu(cpu) {
		struct soak_cpu *here = per_cpu(soak_here, cpu);

		if (!here)
			continue;
		*sum += READ_ONCE(here->hard) + READ_ONCE(here->nmi);
		done &= READ_ONCE(here->hard) + READ_ONCE(here->nmi) >= soak->share;
	}
	return done;
}

/* What each CPU has, for the log, when nothing goes on any more */
static void soak_stuck(struct soak *soak)
{
	struct labyrinth_stats stats;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct soak_cpu *here = per_cpu(soak_here, cpu);

		if (here)
			pr_info("# cpu %u: hard %llu none %llu nmi %llu none %llu ring %u irq %#x\n",
				cpu, here->hard, here->none, here->nmi, here->nmi_none,
				here->head - here->tail, atomic_read(&here->irq.node.a_flags));
	}
	labyrinth_stats(soak->maze, &stats);
	pr_info("# pages %u free %u cpu %u device %u quarantined %u refills %llu fail %llu\n",
		stats.total, stats.owned[LABYRINTH_OWNER_FREE], stats.owned[LABYRINTH_OWNER_CPU],
		stats.owned[LABYRINTH_OWNER_DEVICE], stats.owned[LABYRINTH_OWNER_QUARANTINED],
		stats.refills, stats.allocs[LABYRINTH_ROUTE_FAIL]);
	/* had the worker anything to do? */
	pr_info("# refill by hand: %d\n", labyrinth_refill(soak->maze, 64));
}

/* False if no page was taken for a long time */
static bool soak_wait(struct soak *soak)
{
	unsigned long end = jiffies + SOAK_PATIENCE;
	u64 before = 0, sum;

	while (!soak_done(soak, &sum)) {
		msleep(20);
		if (sum != before)
			end = jiffies + SOAK_PATIENCE;
		before = sum;
		if (time_after(jiffies, end)) {
			soak_stuck(soak);
			return false;
		}
	}
	return true;
}

static void soak_drain_here(void *arg)
{
	soak_drain(arg);
}

/* Ends the threads, then lets what is on its way arrive; the figures go to @sum */
static void soak_stop(struct soak *soak, struct soak_cpu *sum)
{
	unsigned int cpu, i;

	for_each_online_cpu(cpu)
		if (per_cpu(soak_here, cpu))
			kthread_stop(per_cpu(soak_here, cpu)->thread);
	msleep(50);
	for_each_online_cpu(cpu) {
		struct soak_cpu *here = per_cpu(soak_here, cpu);

		if (!here)
			continue;
		irq_work_sync(&here->irq);
		smp_call_function_single(cpu, soak_drain_here, here, 1);
		sum->hard += here->hard;
		sum->none += here->none;
		sum->tries += here->tries;
		sum->nmi += here->nmi;
		sum->nmi_none += here->nmi_none;
		per_cpu(soak_here, cpu) = NULL;
		kfree(here);
	}
	for (i = 0; i < SOAK_SHELF; i++)
		if (soak->shelf[i])
			soak_free(soak, (labyrinth_page_t){ soak->shelf[i] });
}

static void soak_results(struct soak *soak, const struct soak_cpu *sum)
{
	struct labyrinth_stats stats;
	unsigned int i, out = 0;
	u64 allocs = 0;

	for (i = 0; i < SOAK_SLOTS; i++)
		out += soak->ledger[i] != 0;
	labyrinth_stats(soak->maze, &stats);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		allocs += stats.allocs[i];
	pr_info("# soak seed=%u nmi=%llu hardirq=%llu nmi_none=%llu hardirq_none=%llu lost=%u broken=%d late=%llu\n",
		pool_soak_seed, sum->nmi, sum->hard, sum->nmi_none, sum->none,
		stats.total - stats.owned[LABYRINTH_OWNER_FREE] + out,
		atomic_read(&soak->broken), stats.late);
	pr_info("# the worker made %llu pages and gave %llu back\n", stats.refills, stats.shrunk);
	POOL_EXPECT(out == 0);
	POOL_EXPECT(atomic_read(&soak->broken) == 0);
	POOL_EXPECT(atomic_read(&soak->refused) == 0);
	POOL_EXPECT(stats.contexts[LABYRINTH_CTX_NMI] == sum->nmi);
	POOL_EXPECT(stats.contexts[LABYRINTH_CTX_HARDIRQ] == sum->hard);
	POOL_EXPECT(sum->nmi > 0 && sum->hard > 0);
	POOL_EXPECT(allocs == stats.frees);
	POOL_EXPECT(stats.refused == sum->tries && stats.late == 0);
	POOL_EXPECT(stats.refills > 0);
}

static bool pool_case_soak(void)
{
	struct labyrinth_params params = pool_params(SOAK_PAGES, LABYRINTH_POLICY_POOL);
	struct soak *soak = kzalloc(sizeof(*soak), GFP_KERNEL);
	struct soak_cpu *sum = kzalloc(sizeof(*sum), GFP_KERNEL);
	unsigned int cpu;

	if (!POOL_EXPECT(soak && sum))
		return false;
	params.max_pages = SOAK_SLOTS;
	params.low = SOAK_PAGES - 64;
	params.high = SOAK_PAGES;
	soak->maze = labyrinth_create(&params);
	soak->ledger = kvcalloc(SOAK_SLOTS, sizeof(*soak->ledger), GFP_KERNEL);
	soak->share = DIV_ROUND_UP(pool_soak_allocs, num_online_cpus());
	if (!POOL_EXPECT(!IS_ERR(soak->maze) && soak->ledger))
		return false;
	POOL_EXPECT(!__register_nmi_handler(NMI_LOCAL, &soak_nmi_action));
	for_each_online_cpu(cpu)
		soak_start(soak, cpu, pool_soak_seed * 7919 + cpu);
	for_each_online_cpu(cpu)
		if (per_cpu(soak_here, cpu))
			wake_up_process(per_cpu(soak_here, cpu)->thread);
	POOL_EXPECT(soak_wait(soak));
	soak_stop(soak, sum);
	unregister_nmi_handler(NMI_LOCAL, SOAK_NAME);
	soak_results(soak, sum);
	pool_end(soak->maze);
	kvfree(soak->ledger);
	kfree(sum);
	kfree(soak);
	return true;
}

const struct pool_case pool_soak_cases[] = {
	{ "NMIs and hard interrupts everywhere", pool_case_soak },
	{ }
};
