/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What may be called where
 *
 * The one table of the pool's calls and contexts.  Made from it: the checks in the
 * module (driver/pool/place.h), the page docs/contexts.md (scripts/docs/contexts)
 * and the cases of the kernel test module (tests/kselftest/pool_test_mod).  To allow
 * or forbid something, change it here.
 *
 * Needs no kernel header, so that the page can be made by a program.
 */
#ifndef _LINUX_LABYRINTH_CONTEXTS_H
#define _LINUX_LABYRINTH_CONTEXTS_H

#include <linux/labyrinth_types.h>

/*
 * Where a call is made.  name: of the enum; text: of the page; the columns of
 * LABYRINTH_CALLS() are in this order.  The first seven and softirq are the same
 * with and without PREEMPT_RT except for the page allocator (LABYRINTH_BUDDY_NO_RT).
 */
#define LABYRINTH_PLACES(X)						\
	X(PROCESS,	"process")					\
	X(NOFS,		"`GFP_NOFS` scope")				\
	X(NOIO,		"`GFP_NOIO` scope")				\
	X(PREEMPT,	"preemption off")				\
	X(IRQS,		"interrupts off")				\
	X(SPIN,		"spinlock held")				\
	X(RAW,		"raw spinlock held")				\
	X(SOFTIRQ,	"softirq")					\
	X(HARDIRQ,	"hard interrupt")				\
	X(NMI,		"NMI")						\
	X(RT_HARDIRQ,	"hard interrupt, RT")				\
	X(RT_THREAD,	"thread, RT")

#define LABYRINTH_PLACE_ENUM(name, text)	LABYRINTH_IN_##name,
enum labyrinth_place {
	LABYRINTH_PLACES(LABYRINTH_PLACE_ENUM)
	LABYRINTH_NR_PLACES
};

/* A cell: routes that an allocation may take, as bits of enum labyrinth_route, and */
#define LABYRINTH_BUDDY_NO_RT	0x100	/* the page allocator too, but not by RT's rules */
#define LABYRINTH_MAY_SLEEP	0x200
#define LABYRINTH_MAY_CALL	0x400

#define LABYRINTH_POOLED	(1 << LABYRINTH_ROUTE_RETURNED | 1 << LABYRINTH_ROUTE_DEPOT | \
				 1 << LABYRINTH_ROUTE_FAIL | LABYRINTH_MAY_CALL)
#define LABYRINTH_ATOMIC	(LABYRINTH_POOLED | 1 << LABYRINTH_ROUTE_CPU |	\
				 1 << LABYRINTH_ROUTE_RESERVE)

/*
 * The words of the table.  An allocation in a task may take from the page allocator
 * what the pool has not; one that is atomic may take the reserve; where the CPU's own
 * block may be in use at the moment (NMI) it is left alone.
 */
#define LABYRINTH_CELL_NO	0
#define LABYRINTH_CELL_YES	LABYRINTH_MAY_CALL
#define LABYRINTH_CELL_SLEEPS	(LABYRINTH_MAY_CALL | LABYRINTH_MAY_SLEEP)
#define LABYRINTH_CELL_TASK	(LABYRINTH_POOLED | 1 << LABYRINTH_ROUTE_CPU |	\
				 1 << LABYRINTH_ROUTE_BUDDY)
#define LABYRINTH_CELL_HELD	(LABYRINTH_POOLED | 1 << LABYRINTH_ROUTE_CPU |	\
				 LABYRINTH_BUDDY_NO_RT)
#define LABYRINTH_CELL_SOFT	(LABYRINTH_ATOMIC | 1 << LABYRINTH_ROUTE_BUDDY)
#define LABYRINTH_CELL_HARD	(LABYRINTH_ATOMIC | LABYRINTH_BUDDY_NO_RT)
#define LABYRINTH_CELL_RT	LABYRINTH_ATOMIC
#define LABYRINTH_CELL_NMI	(LABYRINTH_POOLED | 1 << LABYRINTH_ROUTE_RESERVE)

/*
 * Rows: a call's name without labyrinth_, its number's name, then a word for each
 * place.  create, destroy, track and holders wait for others' locks and, destroy, for the
 * worker, which may be in the middle of reclaim: a NOFS or NOIO scope says that this
 * must not be waited for.  refill and isolate wait for nobody.
 */
#define LABYRINTH_CALLS(X)								\
	/* process NOFS   NOIO  preempt irqs  spin  raw   softirq hard NMI  RT hard, thread */	\
	X(create, CREATE,								\
	  SLEEPS, NO,     NO,     NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(destroy, DESTROY,								\
	  SLEEPS, NO,     NO,     NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(track, TRACK,									\
	  SLEEPS, NO,     NO,     NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(refill, REFILL,								\
	  SLEEPS, SLEEPS, SLEEPS, NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(isolate, ISOLATE,								\
	  SLEEPS, SLEEPS, SLEEPS, NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(stats, STATS,									\
	  SLEEPS, SLEEPS, SLEEPS, NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(holders, HOLDERS,								\
	  SLEEPS, NO,     NO,     NO,   NO,   NO,   NO,   NO,   NO,   NO,  NO,  SLEEPS)	\
	X(alloc, ALLOC,									\
	  TASK,   TASK,   TASK,   HELD, HARD, TASK, HELD, SOFT, HARD, NMI, RT,  TASK)	\
	X(alloc_route, ALLOC_ROUTE,							\
	  TASK,   TASK,   TASK,   HELD, HARD, TASK, HELD, SOFT, HARD, NMI, RT,  TASK)	\
	X(alloc_bulk, ALLOC_BULK,							\
	  TASK,   TASK,   TASK,   HELD, HARD, TASK, HELD, SOFT, HARD, NMI, RT,  TASK)	\
	X(alloc_run, ALLOC_RUN,								\
	  TASK,   TASK,   TASK,   HELD, HARD, TASK, HELD, SOFT, HARD, NMI, RT,  TASK)	\
	X(alloc_pinned, ALLOC_PINNED,							\
	  NO,     NO,     NO,     NO,   HARD, NO,   NO,   NO,   HARD, NO,  RT,  NO)	\
	X(alloc_run_pinned, ALLOC_RUN_PINNED,						\
	  NO,     NO,     NO,     NO,   HARD, NO,   NO,   NO,   HARD, NO,  RT,  NO)	\
	X(free, FREE,									\
	  YES,    YES,    YES,    YES,  YES,  YES,  YES,  YES,  YES,  NO,  YES, YES)	\
	X(free_bulk, FREE_BULK,								\
	  YES,    YES,    YES,    YES,  YES,  YES,  YES,  YES,  YES,  NO,  YES, YES)	\
	X(free_run, FREE_RUN,								\
	  YES,    YES,    YES,    YES,  YES,  YES,  YES,  YES,  YES,  NO,  YES, YES)	\
	X(free_pinned, FREE_PINNED,							\
	  NO,     NO,     NO,     NO,   YES,  NO,   NO,   NO,   YES,  NO,  YES, NO)	\
	X(free_run_pinned, FREE_RUN_PINNED,						\
	  NO,     NO,     NO,     NO,   YES,  NO,   NO,   NO,   YES,  NO,  YES, NO)	\
	X(to_device, TO_DEVICE,								\
	  YES,    YES,    YES,    YES,  YES,  YES,  YES,  YES,  YES,  NO,  YES, YES)	\
	X(to_cpu, TO_CPU,								\
	  YES,    YES,    YES,    YES,  YES,  YES,  YES,  YES,  YES,  NO,  YES, YES)	\
	X(to_device_pinned, TO_DEVICE_PINNED,						\
	  NO,     NO,     NO,     NO,   YES,  NO,   NO,   NO,   YES,  NO,  YES, NO)	\
	X(to_cpu_pinned, TO_CPU_PINNED,							\
	  NO,     NO,     NO,     NO,   YES,  NO,   NO,   NO,   YES,  NO,  YES, NO)	\
	X(to_user, TO_USER,								\
	  YES,    YES,    YES,    YES,  YES,  YES,  YES,  YES,  YES,  NO,  YES, YES)

#define LABYRINTH_CALL_ENUM(name, NAME, ...)	LABYRINTH_CALL_##NAME,
enum labyrinth_call {
	LABYRINTH_CALLS(LABYRINTH_CALL_ENUM)
	LABYRINTH_NR_CALLS
};

/*
 * The table as constants: { cells of a row } per call.  The documents' two symbols
 * are labyrinth_alloc() and labyrinth_free() by another name.
 */
#define LABYRINTH_ROW(name, NAME, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)	\
	[LABYRINTH_CALL_##NAME] = {							\
		LABYRINTH_CELL_##c0, LABYRINTH_CELL_##c1, LABYRINTH_CELL_##c2,		\
		LABYRINTH_CELL_##c3, LABYRINTH_CELL_##c4, LABYRINTH_CELL_##c5,		\
		LABYRINTH_CELL_##c6, LABYRINTH_CELL_##c7, LABYRINTH_CELL_##c8,		\
		LABYRINTH_CELL_##c9, LABYRINTH_CELL_##c10, LABYRINTH_CELL_##c11 },

static const __u16 labyrinth_may[LABYRINTH_NR_CALLS][LABYRINTH_NR_PLACES] = {
	LABYRINTH_CALLS(LABYRINTH_ROW)
};

#endif /* _LINUX_LABYRINTH_CONTEXTS_H */
