// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker that keeps the depot between its marks, and feeds those who were refused
 *
 * The way to the worker is alloc or free -> irq_work -> workqueue: queueing
 * work takes locks that sleep on PREEMPT_RT, and the irq_work, not being a hard
 * one, runs in a thread there.  Nobody waits for the worker.  It runs on a
 * WQ_MEM_RECLAIM queue, so it gets on when the pool's user is itself needed for
 * reclaim.
 *
 * Who was refused while other CPUs kept pages: the refusal sets LAB_STARVED_*, then
 * the worker has every CPU drain its front and table.  A free that did not see the
 * flag put its page there before that CPU's flush ran, so the flush brings it out;
 * one that saw it went to the depot and kicked the worker.  The same flush goes
 * before each refill, so that no page is made while CPUs keep others' pages.
 * So once a pool has refused, refilled() is called as soon as a page is free.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/smp.h>

#include "place.h"
#include "pool.h"

/* After the system had no page for the worker */
#define LAB_RETRY_MS	10

static struct workqueue_struct *lab_wq;
static enum cpuhp_state lab_cpuhp;

/* May the page allocator be called here?  Under RT's rules only where one may sleep */
bool lab_buddy_legal(void)
{
	return LAB_RT_RULES ? preemptible() : !in_nmi();
}

/**
 * labyrinth_refill - make pages now
 * @maze: the pool
 * @want: how many
 *
 * For callers that may sleep and know of a need to come.  Allocates in the
 * caller's own memalloc_nofs_save() or memalloc_noio_save() scope, if any.
 *
 * Context: process; may sleep.
 * Return: how many pages were made, fewer than @want if the bound or the memory's
 * end was reached; if none, -ENOSPC (the bound), -ENOMEM or -EIO (no mapping); -EPERM in
 * a wrong context.
 */
int labyrinth_refill(struct labyrinth *maze, unsigned int want)
{
	int made;

	if (!lab_may_sleep(REFILL))
		return -EPERM;
	if (maze->core.direct)
		return -EOPNOTSUPP;
	made = lab_refill(&maze->core, want);
	if (made > 0 && lab_starving(&maze->core))
		irq_work_queue(&maze->irq);
	return made;
}
EXPORT_SYMBOL_GPL(labyrinth_refill);

/*
 * What was said to be kicked must be, or nobody kicks again.  A pool that is being
 * destroyed has no worker until lab_leave(): there the next free asks anew.
 */
static void lab_flush_one(struct labyrinth *maze, struct lab_front *front)
{
	if (!lab_drain(&maze->core, front))
		return;
	if (lab_load(&maze->core.bypass) & LAB_CLOSED)
		lab_work_begin(&maze->core);
	else
		irq_work_queue(&maze->irq);
}

static void lab_flush_here(void *arg)
{
	struct labyrinth *maze = arg;

	lab_flush_one(maze, lab_front_here(&maze->core));
}

static void lab_flush_dead(struct labyrinth *maze, unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	lab_flush_one(maze, lab_front_of(&maze->core, cpu));
	local_irq_restore(flags);
}

/* Every CPU gives what its front and its table hold to the depot */
void lab_flush_fronts(struct labyrinth *maze)
{
	unsigned int cpu;

	cpus_read_lock();
	on_each_cpu(lab_flush_here, maze, 1);
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			lab_flush_dead(maze, cpu);
	cpus_read_unlock();
}

static int lab_cpu_dead(unsigned int cpu, struct hlist_node *node)
{
	struct labyrinth *maze = hlist_entry(node, struct labyrinth, cpuhp);

	lab_flush_dead(maze, cpu);
	irq_work_queue(&maze->irq);
	return 0;
}

static void lab_kick(struct irq_work *irq)
{
	struct labyrinth *maze = container_of(irq, struct labyrinth, irq);

	queue_delayed_work(lab_wq, &maze->work, 0);
}

/* The last late free of a destroyed pool is back */
static void lab_end_late(struct labyrinth *maze)
{
	synchronize_rcu();
	irq_work_sync(&maze->irq);
	cancel_delayed_work(&maze->work);
	lab_maze_free(maze);
}

static void lab_feed(struct labyrinth *maze)
{
	struct lab_core *core = &maze->core;

	if (!lab_work_fed(core)) {
		lab_flush_fronts(maze);
		if (!lab_work_fed(core))
			return;
	}
	if (maze->refilled)
		maze->refilled(maze->arg);
}

static void lab_work(struct work_struct *work)
{
	struct labyrinth *maze = container_of(to_delayed_work(work), struct labyrinth, work);
	struct lab_core *core = &maze->core;
	int err, unmapped;

	lab_work_begin(core);
	if (lab_load(&core->bypass) & LAB_CLOSED) {
		lab_trim(core, 0);
		if (lab_last(core))
			lab_end_late(maze);
		return;
	}
	if (lab_load(&core->depot) < core->low)
		lab_flush_fronts(maze);
	unmapped = lab_map_again(maze);
	err = lab_work_balance(core);
	if (lab_starving(core))
		lab_feed(maze);
	if (err || unmapped)
		queue_delayed_work(lab_wq, &maze->work, msecs_to_jiffies(LAB_RETRY_MS));
}

void lab_worker_init(struct labyrinth *maze)
{
	maze->irq = IRQ_WORK_INIT(lab_kick);
	INIT_DELAYED_WORK(&maze->work, lab_work);
	cpuhp_state_add_instance_nocalls(lab_cpuhp, &maze->cpuhp);
}

/* After lab_close(): no worker runs for this pool until lab_leave() */
void lab_worker_cancel(struct labyrinth *maze)
{
	cpuhp_state_remove_instance_nocalls(lab_cpuhp, &maze->cpuhp);
	/* frees that saw the pool open have made their kick */
	synchronize_rcu();
	irq_work_sync(&maze->irq);
	cancel_delayed_work_sync(&maze->work);
}

int lab_worker_start(void)
{
	int state;

	lab_wq = alloc_workqueue("labyrinth_pool", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!lab_wq)
		return -ENOMEM;
	state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, "labyrinth_pool:dead", NULL,
					lab_cpu_dead);
	if (state < 0) {
		destroy_workqueue(lab_wq);
		return state;
	}
	lab_cpuhp = state;
	return 0;
}

/* Waits for the worker that has just freed the last pool and let the module go */
void lab_worker_stop(void)
{
	cpuhp_remove_multi_state(lab_cpuhp);
	destroy_workqueue(lab_wq);
}
