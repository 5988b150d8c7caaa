// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation and free, as other drivers call them
 *
 * Any context but NMI; nothing sleeps, nothing retries.  Around the core's
 * paths this file adds what only the kernel knows: the caller's context, the
 * way to the page allocator where that is legal, the kick of the worker, the
 * tracepoints.  With the tracepoints off, a hit costs interrupts off and on
 * around the core's few stores.
 *
 * A free runs with interrupts off to its last access of the pool: it may be the
 * late free that lets the worker free the pool (pool.h).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/preempt.h>
#include <linux/printk.h>

#include "pool.h"
#include "trace.h"

static void lab_caller_here(struct lab_caller *who, u16 holder)
{
	if (in_hardirq())
		who->context = LABYRINTH_CTX_HARDIRQ;
	else if (in_serving_softirq())
		who->context = LABYRINTH_CTX_SOFTIRQ;
	else
		who->context = LABYRINTH_CTX_PROCESS;
	who->atomic = in_interrupt() || irqs_disabled();
	who->holder = holder;
}

/* NMIs do not nest on a CPU, so this counter of their own needs no guard */
static void lab_refuse_nmi(struct labyrinth *maze)
{
	lab_count(&raw_cpu_ptr(maze->core.front)->nmi);
}

/* The pool had none for this caller */
static noinline bool lab_alloc_slow(struct labyrinth *maze, const struct lab_caller *who,
				    struct lab_grant *grant)
{
	unsigned long flags;

	if (maze->policy != LABYRINTH_POLICY_POOL && lab_buddy_legal() &&
	    lab_alloc_new(&maze->core, who, grant))
		return true;

	local_irq_save(flags);
	lab_alloc_failed(&maze->core, who, grant);
	local_irq_restore(flags);
	return false;
}

/**
 * labyrinth_alloc_route - take a page, and learn which way it came
 * @maze: the pool
 * @holder: names the caller's queue or purpose in traces, listings and log lines
 * @route: set to the way, LABYRINTH_ROUTE_FAIL when there is no page
 *
 * The page belongs to the CPU owner: nobody else has it, and the device must not
 * be given its address before labyrinth_to_device().  Its contents are undefined.
 *
 * Context: any but NMI.  Does not sleep.  Under policy fallback, and only where
 * the page allocator may be called, a miss goes on to alloc_page(GFP_ATOMIC).  With
 * PREEMPT_RT, or PROVE_RAW_LOCK_NESTING, that is not in hard interrupts nor with
 * interrupts or preemption off.
 *
 * Return: a handle; one that is not labyrinth_page_ok() when there is no page.
 */
labyrinth_page_t labyrinth_alloc_route(struct labyrinth *maze, u16 holder,
				       enum labyrinth_route *route)
{
	struct lab_caller who;
	struct lab_grant grant;
	unsigned long flags;
	bool got = false;

	if (unlikely(in_nmi())) {
		lab_refuse_nmi(maze);
		*route = LABYRINTH_ROUTE_FAIL;
		return (labyrinth_page_t){ 0 };
	}
	lab_caller_here(&who, holder);
	grant.kick = false;
	if (likely(!maze->core.direct)) {
		local_irq_save(flags);
		got = lab_alloc(&maze->core, &who, &grant);
		local_irq_restore(flags);
	}
	if (unlikely(!got))
		got = lab_alloc_slow(maze, &who, &grant);
	if (unlikely(grant.kick))
		irq_work_queue(&maze->irq);
	trace_labyrinth_alloc(maze, &who, &grant);
	*route = grant.route;
	return got ? lab_handle(&maze->core, &grant) : (labyrinth_page_t){ 0 };
}
EXPORT_SYMBOL_GPL(labyrinth_alloc_route);

/**
 * labyrinth_alloc - take a page
 * @maze: the pool
 * @holder: as for labyrinth_alloc_route()
 *
 * Context and return as there.
 */
labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, u16 holder)
{
	enum labyrinth_route route;

	return labyrinth_alloc_route(maze, holder, &route);
}
EXPORT_SYMBOL_GPL(labyrinth_alloc);

static __always_inline int lab_free_at(struct labyrinth *maze, unsigned long addr, u32 epoch,
				       const char *call, unsigned long caller)
{
	struct lab_move move;
	unsigned long flags;
	int err;

	if (unlikely(in_nmi())) {
		lab_refuse_nmi(maze);
		return -EPERM;
	}
	local_irq_save(flags);
	err = lab_free(&maze->core, addr, epoch, &move);
	trace_labyrinth_free(maze, &move, err);
	if (unlikely(err))
		lab_report_refusal(maze, call, addr, &move, err, caller);
	else if (unlikely(move.kick))
		irq_work_queue(&maze->irq);
	local_irq_restore(flags);
	return err;
}

/**
 * labyrinth_free - give a page back
 * @maze: the pool; it may have been destroyed since, if the page was out then
 * @page: the handle from labyrinth_alloc(), owned by CPU or USER
 *
 * A bad free is refused, counted and (the first one) reported; the page stays
 * with its owner.  A handle that was freed before is told from a good one for
 * 4095 further issues of the same page.
 *
 * Context: any but NMI.  Does not sleep.
 *
 * Return: 0; -EINVAL: not a page of this pool; -ESTALE: already free, or issued
 * again since; -EBUSY: the device owns it; -EPERM: in NMI.
 */
int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page)
{
	return lab_free_at(maze, lab_handle_addr(page), lab_handle_epoch(page), __func__,
			   _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_free);

/**
 * alloc_labyrinth_page_gfp_atomic_exclusive - take a page, by its address
 * @maze: the pool
 *
 * As labyrinth_alloc() with holder 0.
 *
 * Context: any but NMI.  Does not sleep.
 * Return: the page's kernel virtual address, or NULL.
 */
void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze)
{
	labyrinth_page_t page;

	if (IS_ERR_OR_NULL(maze)) {
		pr_warn_once("no pool given by %pS\n", (void *)_RET_IP_);
		return NULL;
	}
	page = labyrinth_alloc(maze, 0);
	return (void *)lab_handle_addr(page);
}
EXPORT_SYMBOL_GPL(alloc_labyrinth_page_gfp_atomic_exclusive);

/**
 * dealloc_labyrinth_page_exclusive - give a page back, by its address
 * @maze: the pool
 * @page: kernel virtual address of the page; NULL does nothing
 *
 * Refuses and reports what labyrinth_free() would, except one thing that an
 * address cannot tell: a second free of a page which was issued again in
 * between takes it from its new holder.  Use handles where that can happen.
 *
 * Context: any but NMI.  Does not sleep.
 */
void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page)
{
	if (!page)
		return;
	if (IS_ERR_OR_NULL(maze)) {
		pr_warn_once("no pool given by %pS\n", (void *)_RET_IP_);
		return;
	}
	lab_free_at(maze, (unsigned long)page, LAB_EPOCH_ANY, __func__, _RET_IP_);
}
EXPORT_SYMBOL_GPL(dealloc_labyrinth_page_exclusive);
