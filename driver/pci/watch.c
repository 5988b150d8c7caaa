// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - the watch: a device that lies, stands still, is silent or does not end
 *
 * Contract: while a queue runs, and while a device is LABYRINTH_LOST or one of its vectors
 * rests, the watch looks every watch_ms, more often where a queue found no page.
 *
 *  - Work that waits in a queue over two looks while no interrupt came for it is taken,
 *    and the queue armed anew (rescued).
 *  - A queue that was lied to LABYRINTH_INVALID_MAX times, that the device has ended by
 *    itself, or in which nothing moved for stuck_ms though the device has data and a
 *    page for it, ends with a reset of the device (recoveries, stuck).
 *  - A device that does not answer has stuck_ms to come back, and is reset then; after
 *    that it is LABYRINTH_DEAD.
 *  - A vector that rests after a storm is polled, and enabled again later.
 *
 * What a register says is never used for more than that: the worst that a lie can do
 * here is a reset.
 */
#include "bottom.h"
#include "regs.h"

/* How often to look while a device is lost */
#define LABYRINTH_LOST_JIFFIES	msecs_to_jiffies(50)

/* More than it may hold, or a count that is none: what a lying device says of itself */
static bool labyrinth_has_data(struct labyrinth_queue *q)
{
	u64 done = labyrinth_qrd64(q, LABYRINTH_QREG_DELIVERED);
	unsigned int i;

	for (i = 0; i < LABYRINTH_DROP_REASONS; i++)
		done += labyrinth_qrd64(q, LABYRINTH_QREG_DROPPED(i));
	/* Read after the others, so that a page in between is none that waits. */
	return labyrinth_qrd64(q, LABYRINTH_QREG_PRODUCED) != done;
}

/* Has the device a page to put data into, or do all wait that it has forgotten? */
static bool labyrinth_has_room(struct labyrinth_queue *q)
{
	unsigned long flags;
	bool room;

	flags = labyrinth_lock(q);
	room = q->nr_granted > q->nr_overtaken || (!q->nr_ready && !q->free.first);
	labyrinth_unlock(q, flags);
	return room;
}

/* Nothing moved for long: whose turn is it? */
static const char *labyrinth_why_still(struct labyrinth_queue *q)
{
	u32 ahead = labyrinth_urd(q, LABYRINTH_UREG_CQ_TAIL) - READ_ONCE(q->cq_head);

	if (labyrinth_qrd(q, LABYRINTH_QREG_STATE) != LABYRINTH_STATE_RUNNING)
		return "was stopped by the device";
	if (ahead > q->cq_size)
		return "is out of step";
	if (!ahead && labyrinth_has_room(q) && labyrinth_has_data(q))
		return "stands still";
	return NULL;
}

static void labyrinth_end_queue(struct labyrinth_queue *q, const char *why)
{
	dev_warn_ratelimited(&q->ldev->dev, "queue %u %s, resetting the device\n", q->index, why);
	labyrinth_recover(q->ldev);
}

/* Work that no interrupt came for */
static void labyrinth_watch_interrupt(struct labyrinth_queue *q, u64 irqs)
{
	struct labyrinth_seen *seen = &q->seen;
	bool muted = READ_ONCE(q->ldev->muted);
	bool waits = (muted || irqs == seen->irqs) && labyrinth_queue_waits(q);

	if (waits && (muted || (seen->waits && time_after_eq(jiffies, seen->since)))) {
		labyrinth_queue_rescue(q, !muted);
		waits = false;
	}
	if (waits && !seen->waits)
		seen->since = jiffies + usecs_to_jiffies(q->config.mod_usec);
	seen->waits = waits;
	seen->irqs = irqs;
}

/* False: the queue was ended */
static bool labyrinth_watch_queue(struct labyrinth_queue *q)
{
	struct labyrinth_seen *seen = &q->seen;
	const char *why;
	u32 head;

	if (READ_ONCE(q->broken)) {
		labyrinth_end_queue(q, "was told too much that cannot be");
		return false;
	}
	labyrinth_watch_interrupt(q, READ_ONCE(q->count.irqs));
	labyrinth_queue_feed(q);
	labyrinth_jobs_remind(q);
	head = READ_ONCE(q->cq_head);
	if (head != seen->cq_head) {
		seen->cq_head = head;
		seen->moved = jiffies;
	}
	if (time_before(jiffies, seen->moved + labyrinth_param_stuck()))
		return true;
	seen->moved = jiffies;
	why = labyrinth_why_still(q);
	if (!why || READ_ONCE(q->cq_head) != head || !labyrinth_answers(q->ldev))
		return true;
	q->stuck++;
	labyrinth_end_queue(q, why);
	return false;
}

/* Jiffies until the next look; 0: nobody needs one */
static unsigned long labyrinth_watch_queues(struct labyrinth_dev *ldev)
{
	unsigned long again = 0;
	unsigned int i;

	for (i = 0; i < ldev->nr_queues; i++) {
		struct labyrinth_queue *q = &ldev->queue[i];

		if (q->phase != LABYRINTH_RUNNING || !labyrinth_watch_queue(q))
			continue;
		again = again ?: labyrinth_param_watch();
		if (test_bit(i, &ldev->starved))
			again = min_t(unsigned long, again, LABYRINTH_STARVED_JIFFIES);
	}
	return again;
}

/**
 * labyrinth_watch - look after a device with queues at work
 * @work: the device's
 *
 * Context: process; takes ctl.
 */
void labyrinth_watch(struct work_struct *work)
{
	struct labyrinth_dev *ldev = container_of(to_delayed_work(work), struct labyrinth_dev,
						  watch);
	unsigned long again = 0;

	mutex_lock(&ldev->ctl);
	if (labyrinth_state(ldev) == LABYRINTH_LIVE && !labyrinth_answers(ldev))
		labyrinth_mark_lost(ldev);
	if (labyrinth_state(ldev) == LABYRINTH_LOST) {
		labyrinth_recover_lost(ldev);
		again = labyrinth_state(ldev) == LABYRINTH_LOST ? LABYRINTH_LOST_JIFFIES : 0;
	}
	if (labyrinth_state(ldev) == LABYRINTH_LIVE)
		again = labyrinth_watch_queues(ldev);
	if (labyrinth_vectors_watch(ldev))
		again = min(again ?: MAX_JIFFY_OFFSET, LABYRINTH_STARVED_JIFFIES);
	if (again)
		queue_delayed_work(system_wq, &ldev->watch, again);
	mutex_unlock(&ldev->ctl);
}
