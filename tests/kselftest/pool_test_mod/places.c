// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes each place of labyrinth_contexts.h and runs a function in it
 *
 * The real thing each time: a hard irq_work, a tasklet, an NMI that the CPU sends
 * to itself; and each looks whether it is where it should be.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/rt.h>
#include <linux/spinlock.h>

#include <asm/apic.h>
#include <asm/nmi.h>

#include "test.h"

#define POOL_NMI_NAME	"labyrinth_pool_test"

struct pool_errand {
	struct irq_work irq;
	struct tasklet_struct tasklet;
	void (*fn)(void *arg);
	void *arg;
	bool right;
	struct completion done;
	bool nmi_done;
};

static void pool_hardirq_errand(struct irq_work *irq)
{
	struct pool_errand *errand = container_of(irq, struct pool_errand, irq);

	errand->right = in_hardirq() && irqs_disabled();
	errand->fn(errand->arg);
}

/* Runs @fn in real hard-interrupt context, also on PREEMPT_RT; false if it was not */
bool pool_in_hardirq(void (*fn)(void *arg), void *arg)
{
	struct pool_errand errand = {
		.irq = IRQ_WORK_INIT_HARD(pool_hardirq_errand),
		.fn = fn,
		.arg = arg,
	};

	irq_work_queue(&errand.irq);
	irq_work_sync(&errand.irq);
	return errand.right;
}

static void pool_softirq_errand(struct tasklet_struct *tasklet)
{
	struct pool_errand *errand = from_tasklet(errand, tasklet, tasklet);

	errand->right = in_serving_softirq();
	errand->fn(errand->arg);
	complete(&errand->done);
}

bool pool_in_softirq(void (*fn)(void *arg), void *arg)
{
	struct pool_errand errand = {
		.fn = fn,
		.arg = arg,
	};

	init_completion(&errand.done);
	tasklet_setup(&errand.tasklet, pool_softirq_errand);
	tasklet_schedule(&errand.tasklet);
	wait_for_completion(&errand.done);
	tasklet_kill(&errand.tasklet);
	return errand.right;
}

static DEFINE_MUTEX(pool_nmi_mutex);
static struct pool_errand *pool_nmi_errand;

static int pool_nmi_handler(unsigned int type, struct pt_regs *regs)
{
	struct pool_errand *errand = xchg(&pool_nmi_errand, NULL);

	if (!errand)
		return NMI_DONE;
	errand->right = in_nmi();
	errand->fn(errand->arg);
	/* pairs with the load in pool_nmi_here(): what the errand left is there */
	smp_store_release(&errand->nmi_done, true);
	return NMI_HANDLED;
}

/* On a machine without cycles to spare each handler "took too long": the bound is lifted */
static struct nmiaction pool_nmi_action = {
	.list = LIST_HEAD_INIT(pool_nmi_action.list),
	.handler = pool_nmi_handler,
	.max_duration = U64_MAX,
	.name = POOL_NMI_NAME,
};

/* Sends this CPU an NMI and waits a second for it; the caller may have interrupts off */
static bool pool_nmi_here(void (*fn)(void *arg), void *arg)
{
	struct pool_errand errand = {
		.fn = fn,
		.arg = arg,
	};
	unsigned int i;

	preempt_disable();
	WRITE_ONCE(pool_nmi_errand, &errand);
	apic->send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
	for (i = 0; i < 100000; i++) {
		/* pairs with the store in pool_nmi_handler() */
		if (smp_load_acquire(&errand.nmi_done))
			break;
		ndelay(10000);
	}
	/* if it comes later after all, it finds no errand */
	WRITE_ONCE(pool_nmi_errand, NULL);
	preempt_enable();
	return errand.right;
}

bool pool_in_nmi(void (*fn)(void *arg), void *arg)
{
	bool right;

	mutex_lock(&pool_nmi_mutex);
	right = pool_nmi_here(fn, arg);
	mutex_unlock(&pool_nmi_mutex);
	return right;
}

struct pool_nested {
	void (*fn)(void *arg);
	void *arg;
	bool right;
};

static void pool_do_nested(void *arg)
{
	struct pool_nested *nested = arg;

	nested->right = pool_nmi_here(nested->fn, nested->arg);
}

/* An NMI inside a hard interrupt */
bool pool_in_nmi_in_hardirq(void (*fn)(void *arg), void *arg)
{
	struct pool_nested nested = { .fn = fn, .arg = arg };
	bool right;

	mutex_lock(&pool_nmi_mutex);
	right = pool_in_hardirq(pool_do_nested, &nested);
	mutex_unlock(&pool_nmi_mutex);
	return right && nested.right;
}

static int pool_thread_errand(void *arg)
{
	struct pool_errand *errand = arg;

	sched_set_fifo(current);
	errand->right = preemptible() && rt_task(current);
	errand->fn(errand->arg);
	complete(&errand->done);
	return 0;
}

/* A real-time thread, as the kernel's threads of interrupts are */
static bool pool_in_thread(void (*fn)(void *arg), void *arg)
{
	struct pool_errand errand = {
		.fn = fn,
		.arg = arg,
	};
	struct task_struct *thread;

	init_completion(&errand.done);
	thread = kthread_run(pool_thread_errand, &errand, "labyrinth_errand");
	if (IS_ERR(thread))
		return false;
	wait_for_completion(&errand.done);
	return errand.right;
}

static bool pool_in_spinlock(void (*fn)(void *arg), void *arg)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	fn(arg);
	spin_unlock(&lock);
	return true;
}

static bool pool_in_raw_spinlock(void (*fn)(void *arg), void *arg)
{
	static DEFINE_RAW_SPINLOCK(lock);

	raw_spin_lock(&lock);
	fn(arg);
	raw_spin_unlock(&lock);
	return true;
}

static bool pool_in_scope(enum labyrinth_place place, void (*fn)(void *arg), void *arg)
{
	bool io = place == LABYRINTH_IN_NOIO;
	unsigned int scope = io ? memalloc_noio_save() : memalloc_nofs_save();

	fn(arg);
	if (io)
		memalloc_noio_restore(scope);
	else
		memalloc_nofs_restore(scope);
	return true;
}

static bool pool_in_irqs_off(void (*fn)(void *arg), void *arg)
{
	unsigned long flags;

	local_irq_save(flags);
	fn(arg);
	local_irq_restore(flags);
	return true;
}

static bool pool_in_preempt_off(void (*fn)(void *arg), void *arg)
{
	preempt_disable();
	fn(arg);
	preempt_enable();
	return true;
}

/* Has this kernel such a place? */
bool pool_has_place(enum labyrinth_place place)
{
	switch (place) {
	case LABYRINTH_IN_HARDIRQ:
		return !IS_ENABLED(CONFIG_PREEMPT_RT);
	case LABYRINTH_IN_RT_HARDIRQ:
	case LABYRINTH_IN_RT_THREAD:
		return IS_ENABLED(CONFIG_PREEMPT_RT);
	default:
		return true;
	}
}

/* What the pool calls a place */
enum labyrinth_context pool_context(enum labyrinth_place place)
{
	switch (place) {
	case LABYRINTH_IN_SOFTIRQ:
		return LABYRINTH_CTX_SOFTIRQ;
	case LABYRINTH_IN_HARDIRQ:
	case LABYRINTH_IN_RT_HARDIRQ:
		return LABYRINTH_CTX_HARDIRQ;
	case LABYRINTH_IN_NMI:
		return LABYRINTH_CTX_NMI;
	default:
		return LABYRINTH_CTX_PROCESS;
	}
}

/* Runs @fn in @place; false if it was not there */
bool pool_go(enum labyrinth_place place, void (*fn)(void *arg), void *arg)
{
	switch (place) {
	case LABYRINTH_IN_NOFS:
	case LABYRINTH_IN_NOIO:
		return pool_in_scope(place, fn, arg);
	case LABYRINTH_IN_PREEMPT:
		return pool_in_preempt_off(fn, arg);
	case LABYRINTH_IN_IRQS:
		return pool_in_irqs_off(fn, arg);
	case LABYRINTH_IN_SPIN:
		return pool_in_spinlock(fn, arg);
	case LABYRINTH_IN_RAW:
		return pool_in_raw_spinlock(fn, arg);
	case LABYRINTH_IN_SOFTIRQ:
		return pool_in_softirq(fn, arg);
	case LABYRINTH_IN_HARDIRQ:
	case LABYRINTH_IN_RT_HARDIRQ:
		return pool_in_hardirq(fn, arg);
	case LABYRINTH_IN_NMI:
		return pool_in_nmi(fn, arg);
	case LABYRINTH_IN_RT_THREAD:
		return pool_in_thread(fn, arg);
	default:
		fn(arg);
		return true;
	}
}

int pool_places_start(void)
{
	return __register_nmi_handler(NMI_LOCAL, &pool_nmi_action);
}

void pool_places_stop(void)
{
	unregister_nmi_handler(NMI_LOCAL, POOL_NMI_NAME);
}
