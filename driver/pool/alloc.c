// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation and free, as other drivers call them
 *
 * Nothing sleeps, nothing retries.  Around the core's paths this file adds what
 * only the kernel knows: the caller's context, the way to the page allocator where
 * that is legal, the kick of the worker, the trace, the report of a refusal.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/preempt.h>
#include <linux/printk.h>

#include "place.h"
#include "pool.h"
#include "trace.h"

#define LAB_NO_PAGE	((labyrinth_page_t){ 0 })

/* Pages of one run that a bulk call asks for */
#define LAB_RUN_MAX	64u

static void lab_caller_here(struct lab_caller *who)
{
	if (in_hardirq())
		who->context = LABYRINTH_CTX_HARDIRQ;
	else if (in_serving_softirq())
		who->context = LABYRINTH_CTX_SOFTIRQ;
	else
		who->context = LABYRINTH_CTX_PROCESS;
	who->atomic = in_interrupt() || irqs_disabled();
}

/* The pool had none for this caller */
static noinline bool lab_alloc_elsewhere(struct labyrinth *maze, const struct lab_caller *who,
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

/* No trace: what hangs on it may not be made for NMIs */
static noinline labyrinth_page_t lab_get_nmi(struct labyrinth *maze, u16 holder,
					     enum labyrinth_route *route, unsigned long caller)
{
	struct lab_caller who = { .context = LABYRINTH_CTX_NMI };
	struct lab_grant grant;

	if (maze->core.direct) {
		lab_count(&lab_front_here(&maze->core)->nmi_allocs[LABYRINTH_ROUTE_FAIL], 1);
		*route = LABYRINTH_ROUTE_FAIL;
		return LAB_NO_PAGE;
	}
	lab_alloc_nmi(&maze->core, &grant);
	if (grant.kick)
		irq_work_queue(&maze->irq);
	if (static_branch_unlikely(&labyrinth_watching))
		lab_watch_alloc(maze, &who, &grant, holder, caller);
	*route = grant.route;
	return grant.page;
}

static noinline labyrinth_page_t lab_get_route(struct labyrinth *maze, u16 holder,
					       enum labyrinth_route *route, unsigned long caller)
{
	struct lab_caller who;
	struct lab_grant grant;
	unsigned long flags;
	bool got = false;

	if (unlikely(in_nmi()))
		return lab_get_nmi(maze, holder, route, caller);
	lab_caller_here(&who);
	grant.kick = false;
	if (likely(!maze->core.direct)) {
		local_irq_save(flags);
		got = lab_alloc(&maze->core, &who, &grant);
		local_irq_restore(flags);
	}
	if (unlikely(!got))
		lab_alloc_elsewhere(maze, &who, &grant);
	if (unlikely(grant.kick))
		irq_work_queue(&maze->irq);
	if (static_branch_unlikely(&labyrinth_watching))
		lab_watch_alloc(maze, &who, &grant, holder, caller);
	*route = grant.route;
	return grant.page;
}

static noinline labyrinth_page_t lab_get(struct labyrinth *maze, u16 holder, unsigned long caller)
{
	enum labyrinth_route route;

	return lab_get_route(maze, holder, &route, caller);
}

/*
 * In a hard interrupt, and nobody is watching: then this CPU's front is ours.  A handler
 * that enables interrupts is a bug which the kernel warns of, lockdep finds it here.
 */
static __always_inline bool lab_hard(void)
{
	return likely((preempt_count() & (HARDIRQ_MASK | NMI_MASK)) == HARDIRQ_OFFSET) &&
	       !lab_watched();
}

/* The next page of this CPU's block, or none; only where lab_hard() */
static __always_inline labyrinth_page_t lab_get_hard(struct labyrinth *maze)
{
	lab_front_t front = lab_front_mine(maze);
	u64 avail = lab_front_read(front, avail), first;

	if (unlikely(!avail))
		return LAB_NO_PAGE;
	first = lab_lowest(avail);
	lab_front_write(front, avail, lab_without(avail, first));
	return (labyrinth_page_t){ lab_front_read(front, key) + first };
}

/* Past the fronts of the core, if `empty` says that this CPU's block has nothing at all */
static noinline labyrinth_page_t lab_get_more(struct labyrinth *maze,
					      enum labyrinth_route *route, bool empty)
{
	static const struct lab_caller who = { .context = LABYRINTH_CTX_HARDIRQ, .atomic = true };
	struct lab_core *core = &maze->core;
	struct lab_grant grant;
	bool got = false;

	grant.kick = false;
	if (likely(empty))
		got = lab_take(core, lab_front_here(core), &who, &grant);
	else if (!core->direct)
		got = lab_alloc(core, &who, &grant);
	if (unlikely(!got))
		lab_alloc_elsewhere(maze, &who, &grant);
	if (unlikely(grant.kick))
		irq_work_queue(&maze->irq);
	if (route)
		*route = grant.route;
	return grant.page;
}

/* This CPU's block has none; only where lab_hard() */
static __always_inline labyrinth_page_t lab_get_block(struct labyrinth *maze,
						      enum labyrinth_route *route)
{
	struct lab_core *core = &maze->core;
	struct lab_front *front = lab_front_here(core);
	labyrinth_page_t page;

	if (!lab_round(core, front))
		return lab_get_more(maze, route, !front->hot.avail && !core->direct);
	page = lab_again(core);
	return likely(labyrinth_page_ok(page)) ? page : lab_get_more(maze, route, false);
}

/**
 * labyrinth_alloc_route - take a page, and learn which way it came
 * @maze: the pool
 * @holder: names the caller's queue or purpose in traces and listings
 * @route: set to the way, LABYRINTH_ROUTE_FAIL when there is no page
 *
 * The page belongs to the CPU owner: nobody else has it, and the device must not
 * be given its address before labyrinth_to_device().  Its contents are undefined.
 *
 * Context: any.  Does not sleep.  Under policy fallback, and only where the page
 * allocator may be called, a miss goes on to alloc_page(GFP_ATOMIC).  With PREEMPT_RT,
 * or PROVE_RAW_LOCK_NESTING, that is not in hard interrupts nor with interrupts or
 * preemption off.  In an NMI there is no page also while the locks that it would
 * take are held.
 *
 * Return: a handle; one that is not labyrinth_page_ok() when there is no page.
 */
labyrinth_page_t labyrinth_alloc_route(struct labyrinth *maze, u16 holder,
				       enum labyrinth_route *route)
{
	labyrinth_page_t page;

	if (!lab_hard())
		return lab_get_route(maze, holder, route, _RET_IP_);
	*route = LABYRINTH_ROUTE_CPU;
	page = lab_get_hard(maze);
	return likely(labyrinth_page_ok(page)) ? page : lab_get_block(maze, route);
}
EXPORT_SYMBOL_GPL(labyrinth_alloc_route);

/* The same in tasks and softirqs, guarded; what the core must look at goes to it */
static noinline labyrinth_page_t lab_get_soft(struct labyrinth *maze, u16 holder,
					      unsigned long caller)
{
	struct lab_core *core = &maze->core;
	labyrinth_page_t page = LAB_NO_PAGE;
	enum labyrinth_context context;
	unsigned long flags;

	if (unlikely(preempt_count() & (HARDIRQ_MASK | NMI_MASK)) || core->reserve ||
	    static_branch_unlikely(&labyrinth_watching))
		return lab_get(maze, holder, caller);
	context = in_serving_softirq() ? LABYRINTH_CTX_SOFTIRQ : LABYRINTH_CTX_PROCESS;
	local_irq_save(flags);
	page = lab_get_hard(maze);
	if (likely(labyrinth_page_ok(page)))
		lab_count(&lab_front_here(core)->contexts[context], 1);
	local_irq_restore(flags);
	return likely(labyrinth_page_ok(page)) ? page : lab_get(maze, holder, caller);
}

/**
 * labyrinth_alloc - take a page
 * @maze: the pool
 * @holder: as for labyrinth_alloc_route()
 *
 * Context and return as there.
 */
labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, u16 holder)
{
	labyrinth_page_t page;

	if (lab_hard()) {
		page = lab_get_hard(maze);
		return likely(labyrinth_page_ok(page)) ? page : lab_get_block(maze, NULL);
	}
	return lab_get_soft(maze, holder, _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_alloc);

/* Where labyrinth_alloc_pinned() goes when this CPU's block has no page, or is watched */
labyrinth_page_t labyrinth_alloc_slow(struct labyrinth *maze, u16 holder)
{
	if (lab_hard())
		return lab_get_block(maze, NULL);
	if (!lab_may_pinned(ALLOC_PINNED))
		return LAB_NO_PAGE;
	return lab_get(maze, holder, _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_alloc_slow);

static u32 lab_get_run(struct labyrinth *maze, u32 want, u16 holder, struct labyrinth_run *run,
		       unsigned long caller)
{
	struct lab_caller who;
	struct lab_grant grant;
	unsigned long flags;
	labyrinth_page_t page;
	u32 got;

	run->base = 0;
	run->mask = 0;
	if (!want)
		return 0;
	if (in_nmi() || maze->core.direct || static_branch_unlikely(&labyrinth_watching)) {
		page = lab_get(maze, holder, caller);
	} else {
		lab_caller_here(&who);
		local_irq_save(flags);
		got = lab_alloc_run(&maze->core, &who, want, run, &grant);
		local_irq_restore(flags);
		if (unlikely(!got))
			lab_alloc_elsewhere(maze, &who, &grant);
		if (unlikely(grant.kick))
			irq_work_queue(&maze->irq);
		if (got)
			return got;
		page = grant.page;
	}
	run->base = page.v;
	run->mask = labyrinth_page_ok(page);
	return run->mask;
}

/**
 * labyrinth_alloc_run - take many pages of one block by a token
 * @maze: the pool
 * @want: how many at most
 * @holder: as for labyrinth_alloc_route()
 * @run: filled; its mask is empty if there is no page
 *
 * Page i of the run, where bit i of @run->mask is set, has the handle @run->base + i.
 *
 * Context: as for labyrinth_alloc_route().
 * Return: how many; fewer than @want where the block ends, so call again.
 */
unsigned int labyrinth_alloc_run(struct labyrinth *maze, unsigned int want, u16 holder,
				 struct labyrinth_run *run)
{
	return lab_get_run(maze, want, holder, run, _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_alloc_run);

unsigned int labyrinth_alloc_run_slow(struct labyrinth *maze, unsigned int want, u16 holder,
				      struct labyrinth_run *run)
{
	if (!lab_may_pinned(ALLOC_RUN_PINNED)) {
		*run = (struct labyrinth_run){ 0 };
		return 0;
	}
	return lab_get_run(maze, want, holder, run, _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_alloc_run_slow);

/**
 * labyrinth_alloc_bulk - take many pages
 * @maze: the pool
 * @holder: as for labyrinth_alloc_route()
 * @page: filled with handles
 * @count: how many
 *
 * Context: as for labyrinth_alloc_route().
 * Return: how many were taken; less than @count when there are no more.
 */
unsigned int labyrinth_alloc_bulk(struct labyrinth *maze, u16 holder, labyrinth_page_t *page,
				  unsigned int count)
{
	struct labyrinth_run run;
	unsigned int got = 0;

	while (got < count &&
	       lab_get_run(maze, min(count - got, LAB_RUN_MAX), holder, &run, _RET_IP_))
		for (; run.mask; run.mask &= run.mask - 1)
			page[got++].v = run.base + lab_ctz(run.mask);
	return got;
}
EXPORT_SYMBOL_GPL(labyrinth_alloc_bulk);

static __always_inline int lab_put_end(struct labyrinth *maze, u64 what, struct lab_move *move,
				       int err, const char *call, unsigned long caller)
{
	if (static_branch_unlikely(&labyrinth_watching))
		trace_labyrinth_free(maze, move, err);
	if (unlikely(err))
		lab_report_refusal(maze, call, what, move, err, caller);
	/* a refused free too may have brought others' pages back */
	if (unlikely(move->kick))
		irq_work_queue(&maze->irq);
	return err;
}

/* A page of this CPU's block goes back to it; pinned */
static __always_inline bool lab_put_hard(lab_front_t front, u64 bit)
{
	u64 back = lab_front_read(front, back);

	if (unlikely(lab_front_barred(front, back) >> bit & 1))
		return false;
	lab_front_write(front, back, back | 1ULL << bit);
	return true;
}

/* The same by its handle, if it is of this block */
static __always_inline bool lab_put_own(struct labyrinth *maze, labyrinth_page_t page)
{
	lab_front_t front = lab_front_mine(maze);
	u64 bit = page.v ^ lab_front_read(front, key);

	return likely(bit < LABYRINTH_BLOCK_MAX) && lab_put_hard(front, bit);
}

static __always_inline bool lab_put_here(struct labyrinth *maze, labyrinth_page_t page)
{
	return lab_hard() && lab_put_own(maze, page);
}

static noinline int lab_put(struct labyrinth *maze, labyrinth_page_t page, const char *call,
			    unsigned long caller)
{
	struct lab_move move;
	unsigned long flags;
	int err;

	/* the trace and the kick too: the last late free lets the pool go */
	local_irq_save(flags);
	if (!static_branch_unlikely(&labyrinth_watching) &&
	    (lab_put_own(maze, page) || lab_free_known(&maze->core, page))) {
		local_irq_restore(flags);
		return 0;
	}
	err = lab_free(&maze->core, page, &move);
	err = lab_put_end(maze, page.v, &move, err, call, caller);
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
 * 65,535 further issues of its block.  Only a second free on another CPU, while the
 * first CPU still keeps the page, returns 0 here and is refused when it is found.
 *
 * Context: any but NMI.  Does not sleep.
 *
 * Return: 0; -EINVAL: not a page of this pool; -ESTALE: already free, or issued
 * again since; -EBUSY: the device owns it, or it is quarantined; -EPERM: in NMI.
 */
int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page)
{
	if (likely(lab_put_here(maze, page)))
		return 0;
	if (unlikely(!lab_may_go(FREE))) {
		lab_count(&lab_front_here(&maze->core)->nmi_refused, 1);
		return -EPERM;
	}
	return lab_put(maze, page, __func__, _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_free);

/* Where labyrinth_free_pinned() goes with all but a page of this CPU's block */
int labyrinth_free_slow(struct labyrinth *maze, labyrinth_page_t page)
{
	if (!lab_may_pinned(FREE_PINNED))
		return -EPERM;
	return lab_put(maze, page, "labyrinth_free_pinned", _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_free_slow);

/*
 * All that can go back in one step does; each other page goes the way of a single one.
 * What is refused is taken off @done.
 */
static int lab_put_run(struct labyrinth *maze, const struct labyrinth_run *run,
		       unsigned int *done, const char *call, unsigned long caller)
{
	u64 left = run->mask;
	bool kick = false;
	unsigned long flags;
	int first = 0, err;

	if (!static_branch_unlikely(&labyrinth_watching)) {
		/* the kick too: the pool may be destroyed once its pages are back */
		local_irq_save(flags);
		left &= ~lab_free_some(&maze->core, run->base, left, &kick);
		if (unlikely(kick))
			irq_work_queue(&maze->irq);
		local_irq_restore(flags);
	}
	for (; left; left &= left - 1) {
		labyrinth_page_t page = { run->base + lab_ctz(left) };

		err = lab_put(maze, page, call, caller);
		*done -= !!err;
		first = first ?: err;
	}
	return first;
}

/**
 * labyrinth_free_run - give the pages of a token back
 * @maze: the pool
 * @run: as labyrinth_alloc_run() filled it, or with fewer bits
 *
 * If one of the pages may not be freed the others are, and the refusal is counted.
 *
 * Context: any but NMI.  Does not sleep.
 * Return: 0, or the first refusal, as labyrinth_free().
 */
int labyrinth_free_run(struct labyrinth *maze, const struct labyrinth_run *run)
{
	unsigned int done = 0;

	if (unlikely(!lab_may_go(FREE_RUN)))
		return -EPERM;
	return lab_put_run(maze, run, &done, __func__, _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_free_run);

int labyrinth_free_run_slow(struct labyrinth *maze, const struct labyrinth_run *run)
{
	unsigned int done = 0;

	if (!lab_may_pinned(FREE_RUN_PINNED))
		return -EPERM;
	return lab_put_run(maze, run, &done, "labyrinth_free_run_pinned", _RET_IP_);
}
EXPORT_SYMBOL_GPL(labyrinth_free_run_slow);

/**
 * labyrinth_free_bulk - give many pages back
 * @maze: the pool
 * @page: their handles
 * @count: how many
 *
 * Context: any but NMI.  Does not sleep.
 * Return: how many were freed; the others are refused, as by labyrinth_free().
 */
unsigned int labyrinth_free_bulk(struct labyrinth *maze, const labyrinth_page_t *page,
				 unsigned int count)
{
	u64 size = lab_size(&maze->core), bit;
	struct labyrinth_run run;
	unsigned int i = 0, done = 0;

	if (unlikely(!lab_may_go(FREE_BULK)))
		return 0;
	while (i < count) {
		/* those of one block and issue go back in one step */
		run.base = page[i].v & ~(size - 1);
		for (run.mask = 0; i < count; run.mask |= lab_bit(bit), i++) {
			bit = page[i].v - run.base;
			if (bit >= size || run.mask >> bit & 1)
				break;
		}
		if (!(run.mask & (run.mask - 1))) {
			done += lab_put_here(maze, page[i - 1]) ||
				!lab_put(maze, page[i - 1], __func__, _RET_IP_);
			continue;
		}
		done += hweight64(run.mask);
		lab_put_run(maze, &run, &done, __func__, _RET_IP_);
	}
	return done;
}
EXPORT_SYMBOL_GPL(labyrinth_free_bulk);

/* NULL or an error pointer, in one comparison */
static __always_inline bool lab_no_maze(const struct labyrinth *maze)
{
	return unlikely((unsigned long)maze - 1 >= (unsigned long)-MAX_ERRNO - 1);
}

static noinline void *lab_say_no_maze(unsigned long caller)
{
	pr_warn_once("no pool given by %pS\n", (void *)caller);
	return NULL;
}

static noinline void *lab_get_addr(struct labyrinth *maze, unsigned long caller)
{
	labyrinth_page_t page = lab_hard() ? lab_get_block(maze, NULL) :
					     lab_get_soft(maze, 0, caller);

	return labyrinth_page_ok(page) ? labyrinth_page_addr(maze, page) : NULL;
}

/**
 * alloc_labyrinth_page_gfp_atomic_exclusive - take a page, by its address
 * @maze: the pool
 *
 * As labyrinth_alloc() with holder 0.
 *
 * Context: any.  Does not sleep.
 * Return: the page's kernel virtual address, or NULL.
 */
void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze)
{
	unsigned long addr;
	lab_front_t front;
	u64 avail, first;

	if (lab_no_maze(maze))
		return lab_say_no_maze(_RET_IP_);
	if (!lab_hard())
		return lab_get_addr(maze, _RET_IP_);
	/* a contiguous block, as most are, saves the look into the table of frames */
	front = lab_front_mine(maze);
	avail = lab_front_read(front, avail);
	addr = lab_front_read(front, addr);
	if (unlikely(!avail || addr & 1))
		return lab_get_addr(maze, _RET_IP_);
	first = lab_lowest(avail);
	lab_front_write(front, avail, lab_without(avail, first));
	return (void *)(addr + (first << PAGE_SHIFT));
}
EXPORT_SYMBOL_GPL(alloc_labyrinth_page_gfp_atomic_exclusive);

static noinline void lab_put_addr(struct labyrinth *maze, unsigned long addr, const char *call,
				  unsigned long caller)
{
	struct lab_move move;
	unsigned long flags;
	int err;

	if (!addr)
		return;
	if (unlikely(in_nmi())) {
		lab_wrong_place(LABYRINTH_CALL_FREE, LABYRINTH_IN_NMI, caller);
		lab_count(&lab_front_here(&maze->core)->nmi_refused, 1);
		return;
	}
	local_irq_save(flags);
	err = lab_free_addr(&maze->core, addr, &move);
	lab_put_end(maze, addr, &move, err, call, caller);
	local_irq_restore(flags);
}

/* An address in this CPU's block, if that is contiguous, is as good as a handle */
static __always_inline bool lab_put_addr_here(struct labyrinth *maze, unsigned long addr)
{
	lab_front_t front = lab_front_mine(maze);
	unsigned long ahead;

	if (!lab_hard())
		return false;
	ahead = addr - lab_front_read(front, addr);
	if (unlikely(ahead & ~((LABYRINTH_BLOCK_MAX - 1UL) << PAGE_SHIFT)))
		return false;
	return lab_put_hard(front, ahead >> PAGE_SHIFT);
}

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
	if (lab_no_maze(maze))
		lab_say_no_maze(_RET_IP_);
	else if (unlikely(!lab_put_addr_here(maze, (unsigned long)page)))
		lab_put_addr(maze, (unsigned long)page, __func__, _RET_IP_);
}
EXPORT_SYMBOL_GPL(dealloc_labyrinth_page_exclusive);
