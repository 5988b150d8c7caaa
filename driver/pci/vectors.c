// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - which interrupt calls which queue
 *
 * Contract: with MSI-X there is one vector for errors and one per queue; with
 * fewer, queues share them; with one, everything does.  Without MSI-X the line
 * of INTx is shared with whoever else has it, and IRQ_CAUSE says what it was
 * for.  The handlers are never threaded (IRQF_NO_THREAD): on PREEMPT_RT as
 * elsewhere a page is allocated in hard-interrupt context.  Affinity is spread
 * over the CPUs as a start, and stays the user's to change.
 *
 * An interrupt that finds nothing to do does next to nothing, but a storm of them could
 * still keep a CPU.  So a vector that had LABYRINTH_STORM_IRQS of them, with too little
 * work in between, has to rest: it is disabled (the line of INTx, which is not ours alone,
 * by the device's own bit), and the watch looks after its queues.
 */
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/topology.h>

#include "regs.h"

#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY	/* its name before Linux 6.8 */
#endif

static void labyrinth_admin_irq(struct labyrinth_dev *ldev)
{
	u32 status;

	if (labyrinth_state(ldev) != LABYRINTH_LIVE)
		return;
	status = labyrinth_rd(ldev, LABYRINTH_REG_ERR_STATUS);
	if (!status)
		return;
	if (status == LABYRINTH_ALL_ONES && !labyrinth_answers(ldev)) {
		labyrinth_mark_lost(ldev);
		return;
	}
	labyrinth_wr(ldev, LABYRINTH_REG_ERR_STATUS, status);
	atomic_inc(&ldev->errors);
	dev_warn_once(&ldev->dev, "the device reports errors %#x (info %#x); see errors in sysfs\n",
		      status, labyrinth_rd(ldev, LABYRINTH_REG_ERR_INFO));
}

/* Not when it is being removed: nobody would wake it again, or have to */
static noinline void labyrinth_mute(struct labyrinth_vector *vec)
{
	struct labyrinth_dev *ldev = vec->ldev;

	vec->idle = 0;
	if (labyrinth_state(ldev) == LABYRINTH_GONE ||
	    test_and_set_bit(vec - ldev->vector, &ldev->muted))
		return;
	if (ldev->nr_vectors)
		disable_irq_nosync(vec->irq);
	else
		pci_intx(ldev->pdev, 0);
	atomic_inc(&ldev->storms);
	irq_work_queue(&ldev->queue[0].wake);
}

/* Errors are rare: each of their interrupts counts as one for nothing. */
static void labyrinth_serve(struct labyrinth_vector *vec, unsigned long queues, bool admin)
{
	bool work = false;
	unsigned int i;

	if (admin)
		labyrinth_admin_irq(vec->ldev);
	for_each_set_bit(i, &queues, vec->ldev->nr_queues)
		work |= static_call(labyrinth_top)(&vec->ldev->queue[i]);
	if (likely(work))
		vec->idle -= min(vec->idle, vec->credit);
	else if (unlikely(++vec->idle >= LABYRINTH_STORM_IRQS))
		labyrinth_mute(vec);
}

static irqreturn_t labyrinth_msix(int irq, void *arg)
{
	struct labyrinth_vector *vec = arg;

	labyrinth_serve(vec, vec->queues, vec->admin);
	return IRQ_HANDLED;
}

static irqreturn_t labyrinth_intx(int irq, void *arg)
{
	struct labyrinth_vector *vec = arg;
	struct labyrinth_dev *ldev = vec->ldev;
	u32 cause;

	if (labyrinth_state(ldev) != LABYRINTH_LIVE)
		return IRQ_NONE;
	cause = labyrinth_rd(ldev, LABYRINTH_REG_IRQ_CAUSE);
	if (!cause)
		return IRQ_NONE;
	if (cause == LABYRINTH_ALL_ONES && !labyrinth_answers(ldev)) {
		labyrinth_mark_lost(ldev);
		return IRQ_NONE;
	}
	/* Before the queues are looked at: what comes later sets it again. */
	labyrinth_wr(ldev, LABYRINTH_REG_IRQ_CAUSE, cause);
	labyrinth_serve(vec, cause >> LABYRINTH_VEC_QUEUE(0), cause & BIT(LABYRINTH_VEC_ADMIN));
	return IRQ_HANDLED;
}

static void labyrinth_unmute(struct labyrinth_vector *vec)
{
	struct labyrinth_dev *ldev = vec->ldev;

	vec->rest = 0;
	clear_bit(vec - ldev->vector, &ldev->muted);
	if (ldev->nr_vectors)
		enable_irq(vec->irq);
	else
		pci_intx(ldev->pdev, 1);
}

/**
 * labyrinth_vectors_watch - look after vectors that rest
 * @ldev: the device
 *
 * Context: process; ctl is held.
 * Return: whether one still does.
 */
bool labyrinth_vectors_watch(struct labyrinth_dev *ldev)
{
	unsigned long muted = READ_ONCE(ldev->muted);
	unsigned int i;

	for_each_set_bit(i, &muted, ARRAY_SIZE(ldev->vector)) {
		struct labyrinth_vector *vec = &ldev->vector[i];

		if (!vec->rest) {
			vec->rest = (jiffies + msecs_to_jiffies(LABYRINTH_STORM_MS)) | 1;
			dev_warn_ratelimited(&ldev->dev, "%s: a storm of interrupts for nothing\n",
					     vec->name);
		} else if (time_after(jiffies, vec->rest)) {
			labyrinth_unmute(vec);
		}
	}
	return READ_ONCE(ldev->muted);
}

/**
 * labyrinth_vectors_sync - no handler runs any more that began before
 * @ldev: the device; its handlers find nothing to do
 *
 * Context: process.
 */
void labyrinth_vectors_sync(struct labyrinth_dev *ldev)
{
	unsigned int i;

	for (i = 0; i < max(ldev->nr_vectors, 1u); i++)
		if (ldev->vector[i].irq)
			synchronize_irq(ldev->vector[i].irq);
}

/**
 * labyrinth_queue_vector - the vector that a queue is to use
 * @ldev: the device
 * @queue: its number
 *
 * Return: for the VECTOR register.  With INTx that is the bit of IRQ_CAUSE, and
 * each queue has its own.
 */
unsigned int labyrinth_queue_vector(const struct labyrinth_dev *ldev, unsigned int queue)
{
	if (!ldev->nr_vectors)
		return LABYRINTH_VEC_QUEUE(queue);
	if (ldev->nr_vectors == 1)
		return LABYRINTH_VEC_ADMIN;
	return LABYRINTH_VEC_QUEUE(queue % (ldev->nr_vectors - 1));
}

static void labyrinth_clear_hint(void *arg)
{
	struct labyrinth_vector *vec = arg;

	irq_update_affinity_hint(vec->irq, NULL);
}

static int labyrinth_request_msix(struct labyrinth_dev *ldev, unsigned int i)
{
	struct labyrinth_vector *vec = &ldev->vector[i];
	struct device *dev = &ldev->pdev->dev;
	unsigned int cpu;
	int err;

	vec->irq = pci_irq_vector(ldev->pdev, i);
	if (i == LABYRINTH_VEC_ADMIN)
		snprintf(vec->name, sizeof(vec->name), "%s-admin", dev_name(&ldev->dev));
	else
		snprintf(vec->name, sizeof(vec->name), "%s-q%u", dev_name(&ldev->dev),
			 i - LABYRINTH_VEC_QUEUE(0));
	err = devm_request_irq(dev, vec->irq, labyrinth_msix, IRQF_NO_THREAD, vec->name, vec);
	if (err || i == LABYRINTH_VEC_ADMIN)
		return err;
	cpu = cpumask_local_spread(i - LABYRINTH_VEC_QUEUE(0), dev_to_node(dev));
	/* Only a wish: where it cannot be had the interrupt still comes. */
	if (irq_set_affinity_and_hint(vec->irq, cpumask_of(cpu)))
		return 0;
	return devm_add_action_or_reset(dev, labyrinth_clear_hint, vec);
}

static int labyrinth_request_intx(struct labyrinth_dev *ldev)
{
	struct labyrinth_vector *vec = &ldev->vector[0];
	int err;

	err = pci_alloc_irq_vectors(ldev->pdev, 1, 1, PCI_IRQ_INTX);
	if (err < 0)
		return err;
	pci_intx(ldev->pdev, 1);
	vec->irq = pci_irq_vector(ldev->pdev, 0);
	snprintf(vec->name, sizeof(vec->name), "%s", dev_name(&ldev->dev));
	return devm_request_irq(&ldev->pdev->dev, vec->irq, labyrinth_intx,
				IRQF_NO_THREAD | IRQF_SHARED, vec->name, vec);
}

/**
 * labyrinth_vectors_init - get the interrupts
 * @ldev: the device; no queue runs yet
 *
 * Context: process, at probe.
 * Return: 0 or a negative errno.  All is given back with the PCI device.
 */
int labyrinth_vectors_init(struct labyrinth_dev *ldev)
{
	unsigned int i, want = ldev->nr_queues + 1;
	int got = -ENOSPC;

	for (i = 0; i < ARRAY_SIZE(ldev->vector); i++)
		ldev->vector[i] = (struct labyrinth_vector){
			.ldev = ldev,
			.credit = LABYRINTH_STORM_CREDIT * ldev->nr_queues,
		};
	if (labyrinth_param_vectors())
		want = min(want, labyrinth_param_vectors());
	if (!labyrinth_param_intx())
		got = pci_alloc_irq_vectors(ldev->pdev, 1, want, PCI_IRQ_MSIX);
	if (got < 0)
		return labyrinth_request_intx(ldev);

	ldev->nr_vectors = got;
	ldev->vector[LABYRINTH_VEC_ADMIN].admin = true;
	for (i = 0; i < ldev->nr_queues; i++)
		ldev->vector[labyrinth_queue_vector(ldev, i)].queues |= BIT(i);
	for (i = 0; i < ldev->nr_vectors; i++)
		ldev->vector[i].credit = LABYRINTH_STORM_CREDIT *
					 hweight32(ldev->vector[i].queues);
	for (i = 0; i < ldev->nr_vectors; i++) {
		int err = labyrinth_request_msix(ldev, i);

		if (err)
			return err;
	}
	return 0;
}
