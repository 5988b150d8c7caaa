/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is this call allowed here?  Asked of the table in labyrinth_contexts.h
 *
 * A call in a wrong place is refused before it has touched or waited for anything:
 * the first one of each call is named in the log with its caller, each is counted.
 * What the kernel cannot tell without its debug options (a spinlock on a kernel
 * without preemption counts) might_sleep() finds with them.
 */
#ifndef LAB_PLACE_H
#define LAB_PLACE_H

#include <linux/instruction_pointer.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/labyrinth_contexts.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

/* place.c; always false, for `return lab_wrong_place()` */
bool lab_wrong_place(enum labyrinth_call call, enum labyrinth_place place, unsigned long caller);

/* What keeps the caller from sleeping comes first.  A spinlock is preemption off, but on RT. */
static inline enum labyrinth_place lab_here(void)
{
	bool rt = IS_ENABLED(CONFIG_PREEMPT_RT);

	if (in_nmi())
		return LABYRINTH_IN_NMI;
	if (in_hardirq())
		return rt ? LABYRINTH_IN_RT_HARDIRQ : LABYRINTH_IN_HARDIRQ;
	if (in_serving_softirq())
		return LABYRINTH_IN_SOFTIRQ;
	if (irqs_disabled())
		return LABYRINTH_IN_IRQS;
	if (preempt_count())
		return LABYRINTH_IN_PREEMPT;
	if (rcu_preempt_depth())
		return LABYRINTH_IN_SPIN;
	if (current->flags & PF_MEMALLOC_NOIO)
		return LABYRINTH_IN_NOIO;
	if (current->flags & PF_MEMALLOC_NOFS)
		return LABYRINTH_IN_NOFS;
	return rt ? LABYRINTH_IN_RT_THREAD : LABYRINTH_IN_PROCESS;
}

static inline bool lab_may_at(enum labyrinth_call call, unsigned long caller)
{
	enum labyrinth_place here = lab_here();

	if (unlikely(!(labyrinth_may[call][here] & LABYRINTH_MAY_CALL)))
		return lab_wrong_place(call, here, caller);
	might_sleep();
	return true;
}

/* lab_may_sleep(CREATE): for the calls that may sleep.  In the exported function itself. */
#define lab_may_sleep(CALL)	lab_may_at(LABYRINTH_CALL_##CALL, _RET_IP_)

/*
 * lab_may_go(FREE): for the other calls, out of line.  The table forbids them nothing
 * but NMIs; one that it allows there costs nothing, else a load, a test and a branch.
 */
#define lab_may_go(CALL)								\
	(likely(labyrinth_may[LABYRINTH_CALL_##CALL][LABYRINTH_IN_NMI] || !in_nmi()) ||	\
	 lab_wrong_place(LABYRINTH_CALL_##CALL, LABYRINTH_IN_NMI, _RET_IP_))

/*
 * lab_may_pinned(ALLOC_PINNED): for the out-of-line ends of the pinned calls.  The
 * inline part looks only where interrupts-off is traced anyway: see lab_unpinned().
 */
#define lab_may_pinned(CALL)								\
	(likely(irqs_disabled() && !in_nmi()) ||					\
	 lab_wrong_place(LABYRINTH_CALL_##CALL, lab_here(), _RET_IP_))

#endif /* LAB_PLACE_H */
