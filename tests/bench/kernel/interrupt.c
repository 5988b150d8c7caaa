// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool in the interrupts of a real device, by the way that each page took
 *
 * The device is QEMU's edu: a write to one register raises its MSI.  Each interrupt
 * takes two pages, one by labyrinth_alloc_route(), which says the route, and one by
 * the inline call.  Between the interrupts process context gives pages back in
 * random order, so that the number that is out wanders between none and more than
 * the pool has, and the worker refills: every route is taken.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/labyrinth_pool.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_buf.h>
#include <linux/vmalloc.h>

#include "source.h"

#define EDU_STATUS	0x24
#define EDU_RAISE	0x60
#define EDU_ACK		0x64

#define BENCH_POOL	256
#define BENCH_LOW	64
#define BENCH_HIGH	160		/* the worker drops what is above, and makes it anew */
#define BENCH_MOST	320		/* policy fallback only: 64 come from the page allocator */
#define BENCH_RESERVE	32
#define BENCH_OUT	360		/* wants more than there are */
#define BENCH_EPISODE	256		/* interrupts between two changes of what is wanted */
#define BENCH_STEP	40		/* episodes of one reading */
#define BENCH_INLINE	LABYRINTH_NR_ROUTES
#define BENCH_WAIT	1000000		/* loops until an interrupt has to be there */

struct bench_irqs {
	struct labyrinth *maze;
	enum labyrinth_policy policy;
	unsigned int done;
	unsigned int want;
	unsigned int held;
	unsigned int seen;		/* interrupts of this pool */
	u32 random;
	u32 skip;
	const char *wrong;
	labyrinth_page_t page[BENCH_OUT + 2];
	struct bench_hist route[LABYRINTH_NR_ROUTES + 1];
};

static struct pci_dev *bench_edu;
static void __iomem *bench_regs;
static struct bench_irqs *bench_running;

static u32 bench_dice(struct bench_irqs *irqs, u32 below)
{
	irqs->random ^= irqs->random << 13;
	irqs->random ^= irqs->random >> 17;
	irqs->random ^= irqs->random << 5;
	return irqs->random % below;
}

static void bench_keep(struct bench_irqs *irqs, labyrinth_page_t page)
{
	if (labyrinth_page_ok(page))
		irqs->page[irqs->held++] = page;
}

static noinline void bench_take_route(struct bench_irqs *irqs)
{
	enum labyrinth_route route = LABYRINTH_ROUTE_FAIL;
	labyrinth_page_t page;
	u32 begin, end;

	begin = bench_now();
	page = labyrinth_alloc_route(irqs->maze, 1, &route);
	end = bench_now();
	bench_note(&irqs->route[route], end - begin - irqs->skip);
	bench_keep(irqs, page);
}

static noinline void bench_take_inline(struct bench_irqs *irqs)
{
	labyrinth_page_t page;
	u32 begin, end;

	begin = bench_now();
	page = labyrinth_alloc_pinned(irqs->maze, 1);
	asm volatile("" : "+r" (page.v) : : "memory");
	end = bench_now();
	bench_note(&irqs->route[BENCH_INLINE], end - begin - irqs->skip);
	bench_keep(irqs, page);
}

static irqreturn_t bench_isr(int irq, void *arg)
{
	struct bench_irqs *irqs = READ_ONCE(bench_running);
	u32 status = readl(bench_regs + EDU_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, bench_regs + EDU_ACK);
	if (!irqs)
		return IRQ_HANDLED;
	irqs->skip = bench_overhead();
	/* by chance, or one of them would meet the ends of all blocks */
	if (bench_dice(irqs, 2)) {
		bench_take_route(irqs);
		bench_take_inline(irqs);
	} else {
		bench_take_inline(irqs);
		bench_take_route(irqs);
	}
	WRITE_ONCE(irqs->seen, irqs->seen + 1);
	return IRQ_HANDLED;
}

/* One interrupt has come and gone when this returns true */
static bool bench_interrupt(struct bench_irqs *irqs)
{
	unsigned int seen = irqs->seen, i;

	writel(1, bench_regs + EDU_RAISE);
	for (i = 0; i < BENCH_WAIT && READ_ONCE(irqs->seen) == seen; i++)
		cpu_relax();
	return i < BENCH_WAIT;
}

static bool bench_give(struct bench_irqs *irqs)
{
	unsigned int which = bench_dice(irqs, irqs->held);
	labyrinth_page_t page = irqs->page[which];

	irqs->page[which] = irqs->page[--irqs->held];
	return !labyrinth_free(irqs->maze, page);
}

/* How many may be out: mostly few, at times all and more */
static unsigned int bench_wanted(struct bench_irqs *irqs)
{
	switch (bench_dice(irqs, 8)) {
	case 0:
		return BENCH_OUT;
	case 1:
		return BENCH_POOL / 2 + bench_dice(irqs, BENCH_POOL / 2);
	case 2:
	case 3:
		return bench_dice(irqs, BENCH_POOL / 2);
	default:
		return bench_dice(irqs, 16);
	}
}

static void bench_episode(struct bench_irqs *irqs)
{
	unsigned int i;

	irqs->want = bench_wanted(irqs);
	for (i = 0; i < BENCH_EPISODE && irqs->done < bench_samples; i++) {
		if (!bench_interrupt(irqs)) {
			irqs->wrong = "an interrupt of the device did not come";
			return;
		}
		irqs->done++;
		while (irqs->held > irqs->want ||
		       (irqs->held && bench_dice(irqs, 4) == 0)) {
			if (!bench_give(irqs)) {
				irqs->wrong = "a page was refused that was out";
				return;
			}
		}
	}
	/* time for the worker, which is on this CPU too */
	usleep_range(1000, 2000);
}

/* What the handler saw is what the pool counted */
static void bench_compare(struct bench_irqs *irqs)
{
	struct labyrinth_stats stats;
	u64 counted = 0, seen = 0;
	int i;

	labyrinth_stats(irqs->maze, &stats);
	for (i = 0; i < LABYRINTH_NR_ROUTES; i++) {
		counted += stats.allocs[i];
		seen += irqs->route[i].count;
		if (stats.allocs[i] < irqs->route[i].count)
			irqs->wrong = "the pool counted fewer pages of a route than came by it";
	}
	seen += irqs->route[BENCH_INLINE].count;
	if (counted != seen)
		irqs->wrong = "the pool counted another number of allocations than were made";
	if (stats.contexts[LABYRINTH_CTX_HARDIRQ] != seen - stats.allocs[LABYRINTH_ROUTE_FAIL])
		irqs->wrong = "not each page was taken in a hard interrupt";
	if (stats.refused)
		irqs->wrong = "the pool refused a free";
}

static const char *bench_policy(const struct bench_irqs *irqs)
{
	return irqs->policy == LABYRINTH_POLICY_POOL ? "pool" : "fallback";
}

static void bench_irq_rows(struct bench_irqs *irqs, struct seq_buf *text)
{
	bool pool = irqs->policy == LABYRINTH_POLICY_POOL;
	struct bench_label label = {
		.allocator = pool ? "labyrinth" : "labyrinth fallback",
		.policy = bench_policy(irqs),
		.watched = "no",
		.context = "hardirq",
		.bulk = 1,
	};
	char pattern[32];
	int i;

	for (i = 0; i <= BENCH_INLINE; i++) {
		if (!irqs->route[i].count)
			continue;
		if (i == BENCH_INLINE)
			snprintf(pattern, sizeof(pattern), "alloc");
		else
			snprintf(pattern, sizeof(pattern), "alloc, route %s",
				 labyrinth_route_name(i));
		label.pattern = pattern;
		label.entry = i == BENCH_INLINE ? "inline" : "exported";
		bench_row(text, &label, &irqs->route[i], 0);
	}
}

static bool bench_irq_start(struct bench_irqs *irqs, struct seq_buf *text)
{
	struct labyrinth_params params = {
		.name = "bench",
		.dev = &bench_edu->dev,
		.dir = DMA_FROM_DEVICE,
		.node = NUMA_NO_NODE,
		.pages = BENCH_POOL,
		.max_pages = irqs->policy == LABYRINTH_POLICY_POOL ? BENCH_POOL : BENCH_MOST,
		.low = BENCH_LOW,
		.high = BENCH_HIGH,
		.reserve = BENCH_RESERVE,
		.policy = irqs->policy,
	};
	int i;

	irqs->maze = labyrinth_create(&params);
	if (IS_ERR(irqs->maze)) {
		seq_buf_printf(text, "error\tno pool for the interrupts: error %ld\n",
			       PTR_ERR(irqs->maze));
		irqs->maze = NULL;
		return false;
	}
	for (i = 0; i <= BENCH_INLINE; i++)
		bench_clear(&irqs->route[i]);
	irqs->random = 0x9e3779b9;
	irqs->done = 0;
	WRITE_ONCE(bench_running, irqs);
	return true;
}

static void bench_irq_stop(struct bench_irqs *irqs)
{
	if (!irqs->maze)
		return;
	WRITE_ONCE(bench_running, NULL);
	synchronize_irq(pci_irq_vector(bench_edu, 0));
	while (irqs->held)
		bench_give(irqs);
	labyrinth_destroy(irqs->maze, 0);
	irqs->maze = NULL;
}

static bool bench_irq_next(void *state, struct seq_buf *text)
{
	struct bench_irqs *irqs = state;
	bool more;
	int i;

	if (!irqs->maze && !bench_irq_start(irqs, text))
		return false;
	for (i = 0; i < BENCH_STEP && irqs->done < bench_samples && !irqs->wrong; i++)
		bench_episode(irqs);
	seq_buf_printf(text, "progress\t%u\t%u\tinterrupts, policy %s\n", irqs->done,
		       bench_samples, bench_policy(irqs));
	if (irqs->done < bench_samples && !irqs->wrong)
		return true;
	if (!irqs->wrong)
		bench_compare(irqs);
	if (irqs->wrong)
		seq_buf_printf(text, "error\t%s\n", irqs->wrong);
	else
		bench_irq_rows(irqs, text);
	more = irqs->policy == LABYRINTH_POLICY_POOL && !irqs->wrong &&
	       !IS_ENABLED(CONFIG_PREEMPT_RT);
	bench_irq_stop(irqs);
	irqs->policy = LABYRINTH_POLICY_FALLBACK;
	return more;
}

struct device *bench_edu_device(void)
{
	return bench_edu ? &bench_edu->dev : NULL;
}

static void *bench_irq_open(void)
{
	struct bench_irqs *irqs;

	if (!bench_edu)
		return ERR_PTR(-ENODEV);
	irqs = vzalloc(sizeof(*irqs));
	if (!irqs)
		return ERR_PTR(-ENOMEM);
	irqs->policy = LABYRINTH_POLICY_POOL;
	return irqs;
}

static void bench_irq_close(void *state)
{
	bench_irq_stop(state);
	vfree(state);
}

const struct bench_source bench_interrupts = {
	.open = bench_irq_open,
	.next = bench_irq_next,
	.close = bench_irq_close,
};

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err;

	if (bench_edu)
		return -EBUSY;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(0), "labyrinth-bench");
	if (err)
		return err;
	bench_regs = pcim_iomap_table(pdev)[0];
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		return err;
	err = request_irq(pci_irq_vector(pdev, 0), bench_isr, IRQF_NO_THREAD, "labyrinth-bench",
			  pdev);
	if (err) {
		pci_free_irq_vectors(pdev);
		return err;
	}
	bench_edu = pdev;
	return 0;
}

static void bench_remove(struct pci_dev *pdev)
{
	bench_edu = NULL;
	free_irq(pci_irq_vector(pdev, 0), pdev);
	pci_free_irq_vectors(pdev);
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};

static struct pci_driver bench_driver = {
	.name = "labyrinth-bench",
	.id_table = bench_ids,
	.probe = bench_probe,
	.remove = bench_remove,
};

int bench_interrupts_register(void)
{
	return pci_register_driver(&bench_driver);
}

void bench_interrupts_unregister(void)
{
	pci_unregister_driver(&bench_driver);
}
