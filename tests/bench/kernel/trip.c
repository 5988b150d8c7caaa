// SPDX-License-Identifier: GPL-2.0-only
/* Into an interrupt and back */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/sched.h>

#include "trip.h"

struct bench_trip {
	void (*fn)(void *arg);
	void *arg;
	struct irq_work irq;
	struct tasklet_struct tasklet;
	struct completion done;
};

static void bench_hardirq(struct irq_work *irq)
{
	struct bench_trip *trip = container_of(irq, struct bench_trip, irq);

	trip->fn(trip->arg);
}

static void bench_softirq(struct tasklet_struct *tasklet)
{
	struct bench_trip *trip = from_tasklet(trip, tasklet, tasklet);
	unsigned long flags;

	local_irq_save(flags);
	trip->fn(trip->arg);
	local_irq_restore(flags);
	complete(&trip->done);
}

void bench_trip(bool softirq, void (*fn)(void *arg), void *arg)
{
	struct bench_trip trip = {
		.fn = fn,
		.arg = arg,
		.irq = IRQ_WORK_INIT_HARD(bench_hardirq),
	};

	if (softirq) {
		init_completion(&trip.done);
		tasklet_setup(&trip.tasklet, bench_softirq);
		tasklet_schedule(&trip.tasklet);
		wait_for_completion(&trip.done);
		tasklet_kill(&trip.tasklet);
	} else {
		irq_work_queue(&trip.irq);
		irq_work_sync(&trip.irq);
	}
	cond_resched();
}
