// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - the interrupt path: completions in, buffers out
 *
 * Contract: everything here runs under the queue's raw lock with interrupts
 * off, also in hard-interrupt context on PREEMPT_RT: it takes no other lock,
 * maps nothing, wakes nobody and logs nothing but trace events.  Readers are woken
 * after it, on PREEMPT_RT by irq_work, for wake_up() takes a lock that sleeps there.
 * Each interrupt does a bounded amount of work; CQ_HEAD_ARM at its end makes the device
 * interrupt again for what is left.
 *
 * That is so with allocator=labyrinth in bottom=hardirq, the defaults.  Others put another
 * allocator, lock and context behind the same lines; source.h says which are legal where.
 *
 * Whatever the device writes is checked before it is believed: an entry is
 * copied once, a buffer is known by its cookie only, a length is bounded.  A
 * page whose completion is refused stays with the device until the queue
 * stops, because nobody can say that the device is done with it.  The watch goes the
 * same way for an interrupt that never came.
 */
#include <linux/preempt.h>
#include <linux/string.h>

#include "bottom.h"
#include "buffers.h"
#include "chain.h"
#include "regs.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* --- completions ---------------------------------------------------------- */

/* @before: the one before it, NULL if it is the first */
static struct labyrinth_slot *labyrinth_find_granted(struct labyrinth_queue *q, u32 cookie,
						     struct labyrinth_slot **before)
{
	struct labyrinth_slot *slot;

	*before = NULL;
	/* Oldest first: the device answers in order, so this is the first one. */
	for (slot = q->granted.first; slot; slot = slot->next) {
		if (slot->cookie == cookie)
			return slot;
		*before = slot;
	}
	return NULL;
}

/* Buffers come back in the order in which they went; the device has forgotten the older ones. */
static noinline void labyrinth_overtake(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	struct labyrinth_slot *older;

	for (older = q->granted.first; older != slot; older = older->next) {
		if (!older->overtaken)
			q->nr_overtaken++;
		older->overtaken = true;
	}
}

/* A page is the device's no more */
static void labyrinth_slot_back(struct labyrinth_queue *q, struct labyrinth_slot *slot,
				struct labyrinth_slot *before)
{
	q->nr_granted--;
	if (unlikely(slot->overtaken)) {
		slot->overtaken = false;
		q->nr_overtaken--;
	}
	labyrinth_chain_cut(&q->granted, before);
}

static void labyrinth_slot_ready(struct labyrinth_queue *q, struct labyrinth_slot *slot,
				 struct labyrinth_slot *before)
{
	if (unlikely(before))
		labyrinth_overtake(q, slot);
	labyrinth_slot_back(q, slot, before);
	q->nr_ready++;
	labyrinth_chain_add(&q->ready, slot);
}

static enum labyrinth_refusal labyrinth_take_event(struct labyrinth_queue *q,
						   const struct labyrinth_completion *comp)
{
	u64 seq = le64_to_cpu(comp->seq);

	if (comp->cookie || comp->length)
		return LABYRINTH_REFUSED_FLAGS;
	if (le16_to_cpu(comp->status) != LABYRINTH_COMP_EOS)
		return LABYRINTH_REFUSED_STATUS;
	if (seq < q->next_seq)
		return LABYRINTH_REFUSED_SEQ;
	q->next_seq = seq;
	if (q->ready.first)
		labyrinth_chain_last(&q->ready)->eos = true;
	else
		q->at_eos = LABYRINTH_EOS_UNREAD;
	return LABYRINTH_REFUSED_NOTHING;
}

static enum labyrinth_refusal labyrinth_take_data(struct labyrinth_queue *q,
						  const struct labyrinth_completion *comp)
{
	struct labyrinth_slot *before;
	struct labyrinth_slot *slot = labyrinth_find_granted(q, le32_to_cpu(comp->cookie), &before);
	u16 status = le16_to_cpu(comp->status);
	u16 length = le16_to_cpu(comp->length);
	u64 seq = le64_to_cpu(comp->seq);

	if (!slot)
		return LABYRINTH_REFUSED_COOKIE;
	if (length > LABYRINTH_PAGE_SIZE)
		return LABYRINTH_REFUSED_LENGTH;
	if (status == LABYRINTH_COMP_BAD_DESC) {
		q->count.failed++;
		labyrinth_buffer_drop(q, slot);
		labyrinth_slot_back(q, slot, before);
		labyrinth_chain_push(&q->free, slot);
		return LABYRINTH_REFUSED_NOTHING;
	}
	if (status != LABYRINTH_COMP_OK && status != LABYRINTH_COMP_DMA)
		return LABYRINTH_REFUSED_STATUS;
	if (seq < q->next_seq)
		return LABYRINTH_REFUSED_SEQ;
	if (status == LABYRINTH_COMP_OK) {
		if (labyrinth_buffer_done(q, slot, length))
			return LABYRINTH_REFUSED_PAGE;
		q->count.completions++;
		slot->length = length;
	} else {
		q->count.failed++;
		labyrinth_buffer_drop(q, slot);
		q->nr_empty++;
		slot->length = 0;
	}
	q->next_seq = seq + 1;
	slot->seq = seq;
	slot->ready_ns = le64_to_cpu(comp->ready_ns);
	slot->crc32c = le32_to_cpu(comp->crc32c);
	slot->status = status;
	slot->offset = 0;
	slot->eos = false;
	slot->sealed = false;
	labyrinth_slot_ready(q, slot, before);
	return LABYRINTH_REFUSED_NOTHING;
}

static void labyrinth_count_lie(struct labyrinth_queue *q)
{
	if (++q->count.invalid >= LABYRINTH_INVALID_MAX)
		q->broken = true;
}

static u64 labyrinth_refused_value(const struct labyrinth_completion *comp,
				   enum labyrinth_refusal why)
{
	switch (why) {
	case LABYRINTH_REFUSED_FLAGS:
		return le16_to_cpu(comp->flags);
	case LABYRINTH_REFUSED_QUEUE:
		return le16_to_cpu(comp->queue);
	case LABYRINTH_REFUSED_STATUS:
		return le16_to_cpu(comp->status);
	case LABYRINTH_REFUSED_LENGTH:
		return le16_to_cpu(comp->length);
	case LABYRINTH_REFUSED_SEQ:
		return le64_to_cpu(comp->seq);
	default:
		return le32_to_cpu(comp->cookie);
	}
}

static void labyrinth_take(struct labyrinth_queue *q, const struct labyrinth_completion *comp)
{
	u16 flags = le16_to_cpu(comp->flags);
	enum labyrinth_refusal why;

	if (flags & ~(LABYRINTH_COMP_PHASE | LABYRINTH_COMP_EVENT))
		why = LABYRINTH_REFUSED_FLAGS;
	else if (le16_to_cpu(comp->queue) != q->index)
		why = LABYRINTH_REFUSED_QUEUE;
	else if (flags & LABYRINTH_COMP_EVENT)
		why = labyrinth_take_event(q, comp);
	else
		why = labyrinth_take_data(q, comp);

	if (why == LABYRINTH_REFUSED_NOTHING) {
		trace_labyrinth_completion(q->ldev->dev.id, q->index, le64_to_cpu(comp->seq),
					   le32_to_cpu(comp->cookie), le16_to_cpu(comp->length),
					   le16_to_cpu(comp->status));
		return;
	}
	trace_labyrinth_refused(q->ldev->dev.id, q->index, why,
				labyrinth_refused_value(comp, why));
	labyrinth_count_lie(q);
}

static bool labyrinth_is_valid(const struct labyrinth_queue *q,
			       const struct labyrinth_completion *entry)
{
	u16 odd_lap = (q->cq_head / q->cq_size) & 1;

	return (le16_to_cpu(READ_ONCE(entry->flags)) & LABYRINTH_COMP_PHASE) != odd_lap;
}

static unsigned int labyrinth_take_completions(struct labyrinth_queue *q, unsigned int budget)
{
	unsigned int n;

	for (n = 0; n < budget && !q->broken; n++) {
		struct labyrinth_completion *entry = &q->cq[q->cq_head & (q->cq_size - 1)];
		struct labyrinth_completion comp;

		if (!labyrinth_is_valid(q, entry))
			break;
		/* The rest of the entry was written before its flags. */
		dma_rmb();
		memcpy(&comp, entry, sizeof(comp));
		/* The device could write it again meanwhile: only the copy is read. */
		barrier();
		q->cq_head++;
		labyrinth_take(q, &comp);
	}
	return n;
}

/**
 * labyrinth_take_all - take what the device completed before it stopped
 * @q: the queue; its device side is idle, or can do no DMA any more
 *
 * Context: the queue's lock is held.
 */
void labyrinth_take_all(struct labyrinth_queue *q)
{
	/* At most what the ring can hold, whatever a lying device goes on writing. */
	labyrinth_take_completions(q, q->cq_size);
}

/* --- buffers -------------------------------------------------------------- */

static void labyrinth_count_isr_alloc(struct labyrinth_queue *q, enum labyrinth_route route)
{
	q->count.isr_allocs[route]++;
	if (route == LABYRINTH_ROUTE_FAIL)
		return;
	if (in_hardirq())
		q->count.isr_contexts[LABYRINTH_CTX_HARDIRQ]++;
	else if (in_serving_softirq())
		q->count.isr_contexts[LABYRINTH_CTX_SOFTIRQ]++;
	else
		q->count.isr_contexts[LABYRINTH_CTX_PROCESS]++;
}

/* A page for the device, in a slot on the list of granted ones; NULL: none now. */
static struct labyrinth_slot *labyrinth_grant_slot(struct labyrinth_queue *q, u32 cookie,
						   bool isr, bool late, dma_addr_t *dma)
{
	struct labyrinth_slot *slot;
	enum labyrinth_route route;
	bool got;

	slot = q->free.first;
	if (!slot) {
		q->starved = true;
		return NULL;
	}
	got = labyrinth_buffer_get(q, slot, isr, dma, &route);
	if (isr)
		labyrinth_count_isr_alloc(q, route);
	if (!got) {
		q->starved = true;
		set_bit(q->index, &q->ldev->starved);
		return NULL;
	}
	slot->cookie = cookie;
	q->nr_granted++;
	labyrinth_chain_pop(&q->free);
	labyrinth_chain_add(&q->granted, slot);
	trace_labyrinth_grant(q->ldev->dev.id, q->index, cookie, *dma, route, late);
	return slot;
}

/*
 * Ring mode: the handler posts up to post_max.  Others post only what keeps the
 * device going, and what lets a moderated interrupt come, so that replacing what
 * was used stays the handler's work however slow the reader is.
 */
static u32 labyrinth_post_goal(const struct labyrinth_queue *q, bool isr)
{
	if (isr)
		return q->post_max;
	return min(q->post_max, max(DIV_ROUND_UP(q->post_max, 8), q->config.mod_packets));
}

/* True if the budget was too small. */
static bool labyrinth_post(struct labyrinth_queue *q, bool isr)
{
	u32 goal = labyrinth_post_goal(q, isr);
	u32 tail = q->pq_tail;
	dma_addr_t dma;

	while (q->nr_granted < goal && q->pq_tail - tail < LABYRINTH_IRQ_BUDGET) {
		struct labyrinth_desc *desc = &q->pq[q->pq_tail & (q->config.depth - 1)];

		if (!labyrinth_grant_slot(q, q->next_cookie, isr, false, &dma))
			break;
		desc->addr = cpu_to_le64(dma);
		desc->cookie = cpu_to_le32(q->next_cookie++);
		desc->length = cpu_to_le32(LABYRINTH_PAGE_SIZE);
		q->pq_tail++;
	}
	if (q->pq_tail != tail)
		labyrinth_qwr(q, LABYRINTH_QREG_PQ_TAIL, q->pq_tail);
	return q->nr_granted < goal && !q->starved;
}

static struct labyrinth_pending *labyrinth_find_pending(struct labyrinth_queue *q, u32 tag)
{
	unsigned int i;

	for (i = 0; i < q->nr_pending; i++)
		if (q->pending[i].tag == tag)
			return &q->pending[i];
	return NULL;
}

/*
 * Demand mode: grant the requests that wait, strictly oldest first.  The device
 * transfers in order, so a page for a younger request could not be filled, and
 * would be missing where it is needed: with few pages that is a deadlock.
 */
static void labyrinth_grant_pending(struct labyrinth_queue *q, bool isr)
{
	dma_addr_t dma;

	while (q->nr_pending) {
		struct labyrinth_pending *oldest = &q->pending[0];

		if (!labyrinth_grant_slot(q, oldest->tag, isr, oldest->denied, &dma))
			return;
		labyrinth_qwr64(q, LABYRINTH_QREG_GRANT_ADDR, dma);
		labyrinth_qwr(q, LABYRINTH_QREG_GRANT_TAG, oldest->tag);
		if (oldest->denied)
			q->count.late_grants++;
		q->nr_pending--;
		memmove(&q->pending[0], &q->pending[1], q->nr_pending * sizeof(q->pending[0]));
	}
}

static void labyrinth_deny(struct labyrinth_queue *q, u32 tag)
{
	q->count.denied++;
	labyrinth_qwr(q, LABYRINTH_QREG_DENY_TAG, tag);
	trace_labyrinth_deny(q->ldev->dev.id, q->index, tag, !!q->free.first);
}

/*
 * The documents' scenario: data waits in the device, and this is the one moment
 * in which it gets a page to go to, or learns that there is none now.
 */
static unsigned int labyrinth_answer_requests(struct labyrinth_queue *q, bool isr)
{
	struct labyrinth_pending *request;
	unsigned int n;
	u32 tag;

	for (n = 0; n < LABYRINTH_IRQ_BUDGET; n++) {
		tag = labyrinth_qrd(q, LABYRINTH_QREG_REQ_TAG);
		if (!tag)
			break;
		if (tag == LABYRINTH_ALL_ONES && !labyrinth_answers(q->ldev)) {
			labyrinth_mark_lost(q->ldev);
			break;
		}
		trace_labyrinth_request(q->ldev->dev.id, q->index, tag);
		request = labyrinth_find_pending(q, tag);
		if (!request && q->nr_pending == LABYRINTH_PENDING_MAX) {
			trace_labyrinth_refused(q->ldev->dev.id, q->index,
						LABYRINTH_REFUSED_TAG, tag);
			labyrinth_count_lie(q);
			labyrinth_deny(q, tag);
			continue;
		}
		if (!request)
			q->pending[q->nr_pending++] = (struct labyrinth_pending){ .tag = tag };
		labyrinth_grant_pending(q, isr);
		request = labyrinth_find_pending(q, tag);
		if (request) {
			labyrinth_deny(q, tag);
			request->denied = true;
		}
	}
	return n;
}

/* --- entry points --------------------------------------------------------- */

/*
 * What an interrupt asks for; how much it was.  The queue's lock is held.  @again: who calls
 * comes back by itself if this was not all.
 */
static __always_inline unsigned int labyrinth_serve(struct labyrinth_queue *q, bool isr,
						    bool *again)
{
	unsigned int completions, requests = 0;

	completions = labyrinth_take_completions(q, LABYRINTH_IRQ_BUDGET);
	if (!q->draining) {
		if (q->config.mode == LABYRINTH_MODE_DEMAND)
			requests = labyrinth_answer_requests(q, isr);
		else
			labyrinth_post(q, isr);
	}
	if (again && completions == LABYRINTH_IRQ_BUDGET) {
		*again = true;
		labyrinth_uwr(q, LABYRINTH_UREG_CQ_HEAD, q->cq_head);
	} else {
		labyrinth_uwr(q, LABYRINTH_UREG_CQ_HEAD_ARM, q->cq_head);
	}
	trace_labyrinth_irq(q->ldev->dev.id, q->index, completions, requests, q->cq_head);
	return completions + requests;
}

/**
 * labyrinth_queue_irq - a queue's interrupt
 * @q: the queue
 *
 * Context: hard interrupt, also on PREEMPT_RT.
 * Return: whether there was anything to do.
 */
bool labyrinth_queue_irq(struct labyrinth_queue *q)
{
	unsigned int work;

	raw_spin_lock(&q->lock);
	if (q->phase != LABYRINTH_RUNNING || q->broken) {
		raw_spin_unlock(&q->lock);
		return false;
	}
	q->count.irqs++;
	work = labyrinth_serve(q, true, NULL);
	raw_spin_unlock(&q->lock);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		irq_work_queue(&q->wake);
	else
		labyrinth_queue_wake(q);
	return work;
}

/**
 * labyrinth_queue_poll - what a queue's interrupt left to the softirq
 * @q: the queue
 *
 * Context: softirq.
 * Return: whether there is more, for which no interrupt will come.
 */
bool labyrinth_queue_poll(struct labyrinth_queue *q)
{
	unsigned long flags = labyrinth_lock(q);
	bool again = false;

	if (q->phase == LABYRINTH_RUNNING && !q->broken)
		WRITE_ONCE(q->useful, labyrinth_serve(q, true, &again));
	labyrinth_unlock(q, flags);
	return again;
}

/**
 * labyrinth_queue_waits - is there work that its interrupt should have taken
 * @q: the queue
 *
 * Context: process; ctl is held, and the queue runs.
 */
bool labyrinth_queue_waits(struct labyrinth_queue *q)
{
	unsigned long flags;
	bool waits;

	if (labyrinth_bottom_pending(q))
		return false;
	flags = labyrinth_lock(q);
	waits = !q->broken && labyrinth_is_valid(q, &q->cq[q->cq_head & (q->cq_size - 1)]);
	if (!waits && !q->draining && q->config.mode == LABYRINTH_MODE_DEMAND)
		waits = labyrinth_qrd(q, LABYRINTH_QREG_REQ_TAG);
	labyrinth_unlock(q, flags);
	return waits;
}

/**
 * labyrinth_queue_rescue - do what an interrupt would have done
 * @q: the queue
 * @lost: its interrupt was to come, and did not
 *
 * Writes both doorbells again: they too may have been lost.
 *
 * Context: process; ctl is held.
 */
void labyrinth_queue_rescue(struct labyrinth_queue *q, bool lost)
{
	unsigned long flags;

	flags = labyrinth_lock(q);
	if (q->phase == LABYRINTH_RUNNING && !q->broken) {
		if (labyrinth_serve(q, false, NULL) && lost)
			q->count.rescued++;
		if (!q->draining && q->config.mode == LABYRINTH_MODE_RING)
			labyrinth_qwr(q, LABYRINTH_QREG_PQ_TAIL, q->pq_tail);
	}
	labyrinth_unlock(q, flags);
	irq_work_queue(&q->wake);
}

/**
 * labyrinth_queue_feed - try again what the interrupt could not
 * @q: the queue
 *
 * Grants requests that were denied, or posts buffers, as far as there are slots
 * and pages.  Called when a reader has freed some, when the pool was refilled,
 * and at the start of a queue.
 *
 * Context: any but hard interrupt; takes the queue's lock.
 */
void labyrinth_queue_feed(struct labyrinth_queue *q)
{
	unsigned long flags;
	bool more;

	do {
		more = false;
		flags = labyrinth_lock(q);
		q->starved = false;
		clear_bit(q->index, &q->ldev->starved);
		if (q->phase == LABYRINTH_RUNNING && !q->draining && !q->broken) {
			if (q->config.mode == LABYRINTH_MODE_DEMAND)
				labyrinth_grant_pending(q, false);
			else
				more = labyrinth_post(q, false);
		}
		labyrinth_unlock(q, flags);
	} while (more);
}

/**
 * labyrinth_feed_starved - feed each queue that found no page
 * @ldev: the device
 *
 * Context: any but hard interrupt.
 */
void labyrinth_feed_starved(struct labyrinth_dev *ldev)
{
	unsigned long starved = READ_ONCE(ldev->starved);
	unsigned int i;

	for_each_set_bit(i, &starved, ldev->nr_queues)
		labyrinth_queue_feed(&ldev->queue[i]);
}
