// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - the life of a queue: bind, start, stop, fail, unbind
 *
 * Contract: ctl is held throughout.  A queue leaves LABYRINTH_RUNNING by one of
 * two ways: stop() asks the device to drain, waits at most LABYRINTH_STOP_MS and
 * resets the device if it does not; fail() is for a device that can do no DMA any
 * more.  Both take what was completed, then every page back from the device, so
 * that afterwards the queue holds nothing but what a reader may still want.
 * A device that says that it is idle has to say so twice: a page that it may still
 * write is nobody else's.
 */
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "bottom.h"
#include "buffers.h"
#include "chain.h"
#include "regs.h"

/**
 * labyrinth_queue_wake - after an interrupt: the readers, and the watch if it is wanted
 * @q: the queue
 *
 * Context: any but hard interrupt on PREEMPT_RT; no raw lock is held.
 */
void labyrinth_queue_wake(struct labyrinth_queue *q)
{
	struct labyrinth_dev *ldev = q->ldev;

	wake_up_interruptible(&q->wait);
	if (READ_ONCE(q->broken) || labyrinth_state(ldev) == LABYRINTH_LOST)
		mod_delayed_work(system_wq, &ldev->watch, 0);
	else if (READ_ONCE(ldev->muted) || test_bit(q->index, &ldev->starved))
		mod_delayed_work(system_wq, &ldev->watch, LABYRINTH_STARVED_JIFFIES);
}

static void labyrinth_wake(struct irq_work *work)
{
	labyrinth_queue_wake(container_of(work, struct labyrinth_queue, wake));
}

/**
 * labyrinth_queue_init - once, at probe
 * @ldev: the device
 * @index: of the queue
 */
void labyrinth_queue_init(struct labyrinth_dev *ldev, unsigned int index)
{
	struct labyrinth_queue *q = &ldev->queue[index];

	q->ldev = ldev;
	q->index = index;
	q->regs = ldev->regs + LABYRINTH_PAGE_QUEUE(index);
	q->uregs = ldev->regs + LABYRINTH_PAGE_USER(index);
	labyrinth_bottom_init(q);
	init_waitqueue_head(&q->wait);
	init_irq_work(&q->wake, labyrinth_wake);
	labyrinth_chain_init(&q->free);
	labyrinth_chain_init(&q->granted);
	labyrinth_chain_init(&q->ready);
}

static void labyrinth_set_phase(struct labyrinth_queue *q, enum labyrinth_phase phase, int error)
{
	unsigned long flags;

	flags = labyrinth_lock(q);
	q->phase = phase;
	q->error = error;
	labyrinth_unlock(q, flags);
	wake_up_interruptible(&q->wait);
}

static size_t labyrinth_cq_bytes(const struct labyrinth_queue *q)
{
	return (size_t)q->cq_size * sizeof(*q->cq);
}

static size_t labyrinth_pq_bytes(const struct labyrinth_queue *q)
{
	return (size_t)q->config.depth * sizeof(*q->pq);
}

/**
 * labyrinth_queue_free_rings - what of a queue is the PCI device's
 * @q: the queue; it does not run
 *
 * Context: process; ctl is held.
 */
void labyrinth_queue_free_rings(struct labyrinth_queue *q)
{
	struct device *dev = &q->ldev->pdev->dev;

	if (q->cq)
		dma_free_coherent(dev, labyrinth_cq_bytes(q), q->cq, q->cq_dma);
	if (q->pq)
		dma_free_coherent(dev, labyrinth_pq_bytes(q), q->pq, q->pq_dma);
	q->cq = NULL;
	q->pq = NULL;
	labyrinth_jobs_free(q);
}

static int labyrinth_alloc_rings(struct labyrinth_queue *q)
{
	struct device *dev = &q->ldev->pdev->dev;
	int err;

	/* A completion for each slot, and as many events. */
	q->cq_size = 2 * q->config.depth;
	q->cq = dma_alloc_coherent(dev, labyrinth_cq_bytes(q), &q->cq_dma, GFP_KERNEL);
	if (!q->cq)
		return -ENOMEM;
	if (q->config.mode == LABYRINTH_MODE_RING) {
		q->pq = dma_alloc_coherent(dev, labyrinth_pq_bytes(q), &q->pq_dma, GFP_KERNEL);
		if (!q->pq) {
			labyrinth_queue_free_rings(q);
			return -ENOMEM;
		}
	}
	err = labyrinth_jobs_alloc(q);
	if (err)
		labyrinth_queue_free_rings(q);
	return err;
}

static void labyrinth_fresh_slots(struct labyrinth_queue *q)
{
	unsigned int i;

	labyrinth_chain_init(&q->free);
	for (i = 0; i < q->nr_slots; i++) {
		struct labyrinth_slot *slot = labyrinth_slot_at(q, i);

		slot->page = LABYRINTH_PAGE_NEVER;
		labyrinth_chain_add(&q->free, slot);
	}
}

/**
 * labyrinth_queue_most - most slots that the queue used at once since probe
 * @q: the queue
 *
 * The one that was freed last is used first, so that those that were ever used are as many
 * as were used at once.  Nobody has to count.
 *
 * Context: process; ctl is held, and the queue's lock.
 */
u32 labyrinth_queue_most(const struct labyrinth_queue *q)
{
	u32 used = 0;
	unsigned int i;

	for (i = 0; q->slots && i < q->nr_slots; i++)
		used += labyrinth_slot_at(q, i)->page.v != LABYRINTH_PAGE_NEVER.v;
	return max(q->most, used);
}

/**
 * labyrinth_queue_bind - give a queue to a file
 * @q: the queue, without an owner
 * @owner: the file
 * @bind: checked configuration
 *
 * Context: process; ctl is held.
 * Return: 0; -ENOSPC if the pool is too small for ring mode on this device; -ENOMEM.
 */
int labyrinth_queue_bind(struct labyrinth_queue *q, struct labyrinth_file *owner,
			 const struct labyrinth_bind *bind)
{
	int err;

	q->config = *bind;
	q->nr_slots = bind->depth;
	if (bind->mode == LABYRINTH_MODE_RING)
		q->nr_slots = min(bind->depth, q->ldev->pool_limit / q->ldev->nr_queues);
	if (!q->nr_slots)
		return -ENOSPC;
	q->slot_size = labyrinth_buffers_slot();
	q->slots = kvcalloc(q->nr_slots, q->slot_size, GFP_KERNEL);
	if (!q->slots)
		return -ENOMEM;
	err = labyrinth_alloc_rings(q);
	err = err ?: labyrinth_seal_prepare(q);
	err = err ?: labyrinth_buffers_stock(q);
	if (err) {
		kfree(q->copy);
		q->copy = NULL;
		labyrinth_queue_free_rings(q);
		kvfree(q->slots);
		q->slots = NULL;
		return err;
	}
	labyrinth_fresh_slots(q);
	/*
	 * Half of the slots for the device, so that a completion finds a free one
	 * and the ISR can refill what was taken while the reader is not there yet.
	 */
	q->post_max = DIV_ROUND_UP(q->nr_slots, 2);
	q->next_seq = 0;
	q->at_eos = LABYRINTH_EOS_NONE;
	q->broken = false;
	memset(&q->count, 0, sizeof(q->count));
	memset(&q->device, 0, sizeof(q->device));
	q->owner = owner;
	labyrinth_set_phase(q, LABYRINTH_HELD, 0);
	return 0;
}

/**
 * labyrinth_queue_unbind - take a queue from its file
 * @q: the queue; stopped here if it runs
 *
 * Context: process; ctl is held, and no reader of the file is under way.
 */
void labyrinth_queue_unbind(struct labyrinth_queue *q)
{
	labyrinth_queue_stop(q, 0);
	labyrinth_queue_discard(q);
	labyrinth_queue_free_rings(q);
	labyrinth_set_phase(q, LABYRINTH_UNBOUND, 0);
	q->most = labyrinth_queue_most(q);
	kvfree(q->slots);
	q->slots = NULL;
	kfree(q->copy);
	q->copy = NULL;
	q->owner = NULL;
	/* Another queue may have waited for these pages. */
	labyrinth_feed_starved(q->ldev);
}

static void labyrinth_program(struct labyrinth_queue *q)
{
	const struct labyrinth_bind *c = &q->config;
	u32 mode = c->mode == LABYRINTH_MODE_RING ? LABYRINTH_CONFIG_RING : LABYRINTH_CONFIG_DEMAND;

	labyrinth_qwr(q, LABYRINTH_QREG_CONFIG, mode | c->source << LABYRINTH_CONFIG_SOURCE_SHIFT);
	labyrinth_qwr(q, LABYRINTH_QREG_VECTOR, labyrinth_queue_vector(q->ldev, q->index));
	labyrinth_qwr64(q, LABYRINTH_QREG_CQ_BASE, q->cq_dma);
	labyrinth_qwr(q, LABYRINTH_QREG_CQ_SIZE, q->cq_size);
	if (q->pq) {
		labyrinth_qwr64(q, LABYRINTH_QREG_PQ_BASE, q->pq_dma);
		labyrinth_qwr(q, LABYRINTH_QREG_PQ_SIZE, c->depth);
	}
	labyrinth_qwr(q, LABYRINTH_QREG_REQ_TIMEOUT, LABYRINTH_REQ_TIMEOUT_US);
	labyrinth_qwr(q, LABYRINTH_QREG_MOD_PACKETS, c->mod_packets);
	labyrinth_qwr(q, LABYRINTH_QREG_MOD_USEC, c->mod_usec);
	if (c->source == LABYRINTH_SRC_GENERATOR) {
		labyrinth_qwr64(q, LABYRINTH_QREG_GEN_SEED, c->gen_seed);
		labyrinth_qwr64(q, LABYRINTH_QREG_GEN_COUNT, c->gen_count);
		labyrinth_qwr(q, LABYRINTH_QREG_GEN_PERIOD, c->gen_period);
		labyrinth_qwr(q, LABYRINTH_QREG_GEN_BURST, c->gen_burst);
		labyrinth_qwr(q, LABYRINTH_QREG_GEN_SIZE, c->gen_max << 16 | c->gen_min);
	}
	labyrinth_jobs_program(q);
}

/* What the device has comes back; the queue's lock is held. */
static void labyrinth_take_granted(struct labyrinth_queue *q)
{
	struct labyrinth_slot *slot;

	while ((slot = labyrinth_chain_pop(&q->granted))) {
		labyrinth_buffer_drop(q, slot);
		slot->overtaken = false;
		labyrinth_chain_push(&q->free, slot);
	}
	q->nr_granted = 0;
	q->nr_overtaken = 0;
	q->nr_pending = 0;
	q->starved = false;
	clear_bit(q->index, &q->ldev->starved);
}

/* A queue that did not start, but had interrupts all the same */
static void labyrinth_forget_granted(struct labyrinth_queue *q)
{
	unsigned long flags;

	flags = labyrinth_lock(q);
	labyrinth_take_granted(q);
	labyrinth_unlock(q, flags);
}

/* Does the device really do nothing for this queue?  @state: what it says */
static bool labyrinth_is_idle(struct labyrinth_queue *q, u32 *state)
{
	*state = labyrinth_qrd(q, LABYRINTH_QREG_STATE);
	if (*state == LABYRINTH_STATE_IDLE)
		*state = labyrinth_qrd(q, LABYRINTH_QREG_STATE);
	return *state == LABYRINTH_STATE_IDLE;
}

/* 0; -ETIMEDOUT if it does not become so; -ENODEV if it does not answer */
static int labyrinth_wait_idle(struct labyrinth_queue *q, u32 *state)
{
	bool idle;

	if (read_poll_timeout(labyrinth_is_idle, idle,
			      idle || (*state == LABYRINTH_ALL_ONES && !labyrinth_answers(q->ldev)),
			      20, LABYRINTH_STOP_MS * USEC_PER_MSEC, false, q, state))
		return -ETIMEDOUT;
	/* An idle state that nobody wrote: a device that is gone may read as zeros. */
	return idle && labyrinth_answers(q->ldev) ? 0 : -ENODEV;
}

/* What START did is not what it should: no ring may be freed before that is sure. */
static int labyrinth_refused_start(struct labyrinth_queue *q)
{
	u32 error = labyrinth_qrd(q, LABYRINTH_QREG_ERROR), state;
	int err;

	labyrinth_qwr(q, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
	err = labyrinth_wait_idle(q, &state);
	if (err == -ENODEV) {
		labyrinth_mark_lost(q->ldev);
		pci_clear_master(q->ldev->pdev);
		return -EAGAIN;
	}
	if (err)
		return labyrinth_hw_reset(q->ldev) ?: -EAGAIN;
	dev_dbg(&q->ldev->dev, "queue %u: start refused, error %#x\n", q->index, error);
	return -EINVAL;
}

/*
 * Under the lock: the first interrupt must find a queue that runs, and one that is late,
 * from before, must not write a CQ_HEAD that the device does not count from yet.
 */
static void labyrinth_tell_start(struct labyrinth_queue *q, u32 clear)
{
	unsigned long flags;

	flags = labyrinth_lock(q);
	q->phase = LABYRINTH_RUNNING;
	q->error = 0;
	labyrinth_qwr(q, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START | clear);
	labyrinth_unlock(q, flags);
	wake_up_interruptible(&q->wait);
}

/**
 * labyrinth_queue_start - let the device fill pages of a bound queue
 * @q: the queue, LABYRINTH_HELD (sequence and counters from 0) or
 *     LABYRINTH_STOPPED (they go on)
 *
 * Context: process; ctl is held.
 * Return: 0; -EINVAL if the device refuses the configuration; -ECONNRESET if it
 * was reset since the stop; -EAGAIN if it does not answer as it should; -ENODEV.
 */
int labyrinth_queue_start(struct labyrinth_queue *q)
{
	enum labyrinth_phase before = q->phase;
	u32 clear = before == LABYRINTH_HELD ? LABYRINTH_CTL_CLEAR : 0;
	u32 state;
	int err;

	/* After a reset the device does not know where the sequence was. */
	if (!clear && q->resets != q->ldev->resets) {
		labyrinth_set_phase(q, LABYRINTH_FAILED, -ECONNRESET);
		return -ECONNRESET;
	}
	q->resets = q->ldev->resets;
	memset(q->cq, 0, labyrinth_cq_bytes(q));
	q->cq_head = 0;
	q->pq_tail = 0;
	q->nr_pending = 0;
	q->draining = false;
	q->starved = false;
	q->seen = (struct labyrinth_seen){ .moved = jiffies };
	if (q->at_eos == LABYRINTH_EOS_READ)
		q->at_eos = LABYRINTH_EOS_NONE;
	labyrinth_program(q);
	labyrinth_tell_start(q, clear);
	state = labyrinth_qrd(q, LABYRINTH_QREG_STATE);
	if (state == LABYRINTH_STATE_RUNNING) {
		labyrinth_queue_feed(q);
		queue_delayed_work(system_wq, &q->ldev->watch, labyrinth_param_watch());
		return 0;
	}
	labyrinth_set_phase(q, before, 0);
	err = labyrinth_refused_start(q);
	labyrinth_forget_granted(q);
	return err;
}

/* From a device that does not answer what was read last stays. */
static void labyrinth_read_device_counts(struct labyrinth_queue *q)
{
	struct labyrinth_device_counts d;
	unsigned int i;

	d.completed = labyrinth_qrd64(q, LABYRINTH_QREG_DELIVERED);
	for (i = 0; i < LABYRINTH_DROP_REASONS; i++)
		d.dropped[i] = labyrinth_qrd64(q, LABYRINTH_QREG_DROPPED(i));
	/* After the others, so that no page is in one of them and not in this. */
	d.produced = labyrinth_qrd64(q, LABYRINTH_QREG_PRODUCED);
	d.irqs = labyrinth_qrd64(q, LABYRINTH_QREG_IRQS);
	d.requests = labyrinth_qrd64(q, LABYRINTH_QREG_REQUESTS);
	d.refused = labyrinth_qrd64(q, LABYRINTH_QREG_REFUSED);
	d.jobs = q->jobs ? labyrinth_qrd64(q, LABYRINTH_QREG_JOBS) : 0;
	d.answered = q->jobs ? labyrinth_qrd64(q, LABYRINTH_QREG_ANSWERED) : 0;
	if (labyrinth_answers(q->ldev))
		q->device = d;
	else
		labyrinth_mark_lost(q->ldev);
}

/* The device does no DMA for this queue any more: all that is out comes back. */
static void labyrinth_settle(struct labyrinth_queue *q, int error)
{
	unsigned long flags;

	flags = labyrinth_lock(q);
	labyrinth_take_all(q);
	labyrinth_take_granted(q);
	q->phase = error ? LABYRINTH_FAILED : LABYRINTH_STOPPED;
	q->error = error;
	labyrinth_unlock(q, flags);
	wake_up_interruptible(&q->wait);
}

/* Under the lock, so that the ISR's next answer knows of it. */
static void labyrinth_tell_stop(struct labyrinth_queue *q)
{
	unsigned long flags;

	flags = labyrinth_lock(q);
	q->draining = true;
	labyrinth_qwr(q, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
	labyrinth_unlock(q, flags);
}

/**
 * labyrinth_queue_stop - stop a queue; nothing happens to one that does not run
 * @q: the queue
 * @error: what readers get after the last page: 0 for the end of the data, or a
 *	   negative errno
 *
 * Context: process, sleeps up to LABYRINTH_STOP_MS and a reset; ctl is held.
 */
void labyrinth_queue_stop(struct labyrinth_queue *q, int error)
{
	u32 state = LABYRINTH_ALL_ONES;
	int err = -ENODEV;

	if (q->phase != LABYRINTH_RUNNING)
		return;
	if (labyrinth_state(q->ldev) == LABYRINTH_LIVE) {
		labyrinth_tell_stop(q);
		err = labyrinth_wait_idle(q, &state);
	}
	if (err == -ENODEV) {
		labyrinth_mark_lost(q->ldev);
		pci_clear_master(q->ldev->pdev);
		labyrinth_queue_fail(q, error ?: -ENODEV);
		return;
	}
	labyrinth_read_device_counts(q);
	if (err) {
		dev_warn(&q->ldev->dev, "queue %u does not stop (state %u), resetting the device\n",
			 q->index, state);
		labyrinth_hw_reset(q->ldev);
	}
	labyrinth_settle(q, error);
}

/**
 * labyrinth_queue_cut - the device's counts just before a reset that does not wait
 * @q: the queue; nothing happens to one that does not run
 *
 * What is staged, or was on its way to memory, will never come: it is booked as dropped
 * by the stop.  A device that says that it is more than it can have is not believed.
 *
 * Context: process; ctl is held, and bus mastering is off.
 */
void labyrinth_queue_cut(struct labyrinth_queue *q)
{
	struct labyrinth_device_counts *d = &q->device;
	u64 left;
	unsigned int i;

	if (q->phase != LABYRINTH_RUNNING)
		return;
	labyrinth_read_device_counts(q);
	left = d->produced - d->completed;
	for (i = 0; i < LABYRINTH_DROP_REASONS; i++)
		left -= d->dropped[i];
	if (left <= LABYRINTH_STAGING_PAGES)
		d->dropped[LABYRINTH_DROP_STOP] += left;
}

/**
 * labyrinth_queue_fail - end a queue whose device can do no DMA any more
 * @q: the queue; nothing happens to one that does not run
 * @error: what readers get after the last page, negative errno
 *
 * Context: process; ctl is held.
 */
void labyrinth_queue_fail(struct labyrinth_queue *q, int error)
{
	if (q->phase == LABYRINTH_RUNNING)
		labyrinth_settle(q, error);
}

/**
 * labyrinth_queue_stats - both views of a queue since its last BIND
 * @q: the queue
 * @stats: filled but for its size
 *
 * Context: process; ctl is held.
 */
void labyrinth_queue_stats(struct labyrinth_queue *q, struct labyrinth_queue_stats *stats)
{
	const struct labyrinth_counts *c = &q->count;
	unsigned long flags;

	BUILD_BUG_ON(LABYRINTH_ROUTES != LABYRINTH_NR_ROUTES);
	BUILD_BUG_ON(LABYRINTH_OWNERS != LABYRINTH_NR_OWNERS);
	BUILD_BUG_ON(LABYRINTH_CONTEXTS != LABYRINTH_NR_CONTEXTS);
	BUILD_BUG_ON(LABYRINTH_DROPS != LABYRINTH_DROP_REASONS);

	stats->queue = q->index;
	stats->bound = !!q->owner;
	stats->state = LABYRINTH_STATE_IDLE;
	if (labyrinth_state(q->ldev) == LABYRINTH_LIVE && q->phase == LABYRINTH_RUNNING) {
		stats->state = min_t(u32, labyrinth_qrd(q, LABYRINTH_QREG_STATE),
				     LABYRINTH_STATE_DRAINING + 1);
		labyrinth_read_device_counts(q);
	}
	stats->produced = q->device.produced;
	stats->completed = q->device.completed;
	memcpy(stats->dropped, q->device.dropped, sizeof(stats->dropped));
	stats->device_irqs = q->device.irqs;
	stats->requests = q->device.requests;
	stats->refused = q->device.refused;
	stats->jobs = q->device.jobs;
	stats->answered = q->device.answered;

	flags = labyrinth_lock(q);
	stats->irqs = READ_ONCE(c->irqs);
	stats->completions = c->completions;
	stats->delivered = c->delivered;
	stats->delivered_bytes = c->delivered_bytes;
	stats->discarded = c->discarded;
	stats->failed = c->failed;
	stats->invalid = c->invalid;
	memcpy(stats->isr_allocs, c->isr_allocs, sizeof(stats->isr_allocs));
	memcpy(stats->isr_contexts, c->isr_contexts, sizeof(stats->isr_contexts));
	stats->late_grants = c->late_grants;
	stats->denied = c->denied;
	stats->rescued = c->rescued;
	stats->stuck = q->stuck;
	stats->corrupt = c->corrupt;
	stats->injected = c->injected;
	stats->isr_other = c->isr_allocs[LABYRINTH_ROUTE_OTHER];
	stats->pages[LABYRINTH_OWNER_DEVICE] = q->nr_granted;
	stats->pages[LABYRINTH_OWNER_CPU] = q->nr_ready - q->nr_empty;
	stats->backlog = q->nr_ready;
	labyrinth_unlock(q, flags);
}
