// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - bottom=softirq: the interrupt's work in a tasklet of each queue
 *
 * Contract: the handler only counts and schedules.  The device has disarmed the queue when it
 * sent the interrupt, which masks it; the tasklet takes as much as the handler would have,
 * and arms it again, or comes again by itself if that was not enough.  So there is one
 * consumer of a queue at a time, as in NAPI, and pages are taken where softirqs may.
 *
 * The storm's watch is told by the handler what the tasklet found the last time.
 */
#include <linux/interrupt.h>
#include <linux/moduleparam.h>
#include <linux/static_call.h>
#include <linux/string.h>

#include "bottom.h"

static char *bottom = "hardirq";
module_param(bottom, charp, 0444);
MODULE_PARM_DESC(bottom, "where an interrupt's work is done: hardirq, or softirq (default hardirq)");

static const char * const labyrinth_bottoms[] = { "hardirq", "softirq" };

DEFINE_STATIC_KEY_FALSE(labyrinth_soft_lock);
DEFINE_STATIC_CALL(labyrinth_top, labyrinth_queue_irq);

static bool labyrinth_is_softirq(void)
{
	return !strcmp(bottom, "softirq");
}

/* In the handler: was there anything to do when the tasklet looked last */
static bool labyrinth_queue_schedule(struct labyrinth_queue *q)
{
	if (READ_ONCE(q->phase) != LABYRINTH_RUNNING || READ_ONCE(q->broken))
		return false;
	WRITE_ONCE(q->count.irqs, q->count.irqs + 1);
	tasklet_schedule(&q->bottom);
	return READ_ONCE(q->useful);
}

static void labyrinth_bottom(struct tasklet_struct *tasklet)
{
	struct labyrinth_queue *q = container_of(tasklet, struct labyrinth_queue, bottom);

	if (labyrinth_queue_poll(q))
		tasklet_schedule(&q->bottom);
	/* Nothing forbids it here, so it needs no interrupt of its own. */
	labyrinth_queue_wake(q);
}

/**
 * labyrinth_bottom_choose - at load: bottom=, as the parameter says
 *
 * Return: 0 or -EINVAL.
 */
int labyrinth_bottom_choose(void)
{
	if (match_string(labyrinth_bottoms, ARRAY_SIZE(labyrinth_bottoms), bottom) < 0) {
		pr_err("%s: no bottom '%s': hardirq or softirq\n", LABYRINTH_NAME, bottom);
		return -EINVAL;
	}
	if (labyrinth_is_softirq())
		static_call_update(labyrinth_top, labyrinth_queue_schedule);
	return labyrinth_buffers_choose(labyrinth_param_allocator(), labyrinth_is_softirq());
}

/** labyrinth_bottom_name - as the parameter spells it */
const char *labyrinth_bottom_name(void)
{
	return bottom;
}

/**
 * labyrinth_bottom_init - a queue's lock and tasklet, at probe
 * @q: the queue
 */
void labyrinth_bottom_init(struct labyrinth_queue *q)
{
	if (static_key_enabled(&labyrinth_soft_lock))
		spin_lock_init(&q->soft);
	else
		raw_spin_lock_init(&q->lock);
	tasklet_setup(&q->bottom, labyrinth_bottom);
	q->useful = true;
}

/**
 * labyrinth_bottom_pending - has a handler left work that the tasklet did not come to yet
 * @q: the queue
 */
bool labyrinth_bottom_pending(const struct labyrinth_queue *q)
{
	return test_bit(TASKLET_STATE_SCHED, &q->bottom.state);
}

/**
 * labyrinth_bottom_end - no tasklet runs any more
 * @q: the queue; none of its handlers schedules one
 *
 * Context: process.
 */
void labyrinth_bottom_end(struct labyrinth_queue *q)
{
	tasklet_kill(&q->bottom);
}
