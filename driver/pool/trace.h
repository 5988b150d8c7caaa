/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One tracepoint per allocation, successful or not, and one per free, good or refused,
 * but none in NMIs.  While one has a user the inline calls go out of line.
 *
 * `page` is the slot number, the same for a page's whole time in the pool;
 * (page, epoch) names one issue of it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM labyrinth_pool

#if !defined(LAB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LAB_TRACE_H

#include <linux/tracepoint.h>

#include "pool.h"

TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_CPU);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_RETURNED);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_DEPOT);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_RESERVE);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_BUDDY);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_FAIL);
TRACE_DEFINE_ENUM(LABYRINTH_CTX_PROCESS);
TRACE_DEFINE_ENUM(LABYRINTH_CTX_SOFTIRQ);
TRACE_DEFINE_ENUM(LABYRINTH_CTX_HARDIRQ);
TRACE_DEFINE_ENUM(LABYRINTH_CTX_NMI);
TRACE_DEFINE_ENUM(LABYRINTH_OWNER_FREE);
TRACE_DEFINE_ENUM(LABYRINTH_OWNER_CPU);
TRACE_DEFINE_ENUM(LABYRINTH_OWNER_DEVICE);
TRACE_DEFINE_ENUM(LABYRINTH_OWNER_USER);
TRACE_DEFINE_ENUM(LABYRINTH_OWNER_QUARANTINED);

#define lab_show_route(route)						\
	__print_symbolic(route,						\
			 { LABYRINTH_ROUTE_CPU, "cpu" },		\
			 { LABYRINTH_ROUTE_RETURNED, "returned" },	\
			 { LABYRINTH_ROUTE_DEPOT, "depot" },		\
			 { LABYRINTH_ROUTE_RESERVE, "reserve" },	\
			 { LABYRINTH_ROUTE_BUDDY, "buddy" },		\
			 { LABYRINTH_ROUTE_FAIL, "fail" })

#define lab_show_context(context)					\
	__print_symbolic(context,					\
			 { LABYRINTH_CTX_PROCESS, "process" },		\
			 { LABYRINTH_CTX_SOFTIRQ, "softirq" },		\
			 { LABYRINTH_CTX_HARDIRQ, "hardirq" },		\
			 { LABYRINTH_CTX_NMI, "nmi" })

#define lab_show_owner(owner)						\
	__print_symbolic(owner,						\
			 { LABYRINTH_OWNER_FREE, "free" },		\
			 { LABYRINTH_OWNER_CPU, "cpu" },		\
			 { LABYRINTH_OWNER_DEVICE, "device" },		\
			 { LABYRINTH_OWNER_USER, "user" },		\
			 { LABYRINTH_OWNER_QUARANTINED, "quarantined" })

TRACE_EVENT_FN(labyrinth_alloc,
	TP_PROTO(const struct labyrinth *maze, const struct lab_caller *who,
		 const struct lab_grant *grant, u16 holder),
	TP_ARGS(maze, who, grant, holder),
	TP_STRUCT__entry(
		__field(u32, pool)
		__field(u32, page)
		__field(u64, dma)
		__field(u16, epoch)
		__field(u16, holder)
		__field(u8, route)
		__field(u8, context)
	),
	TP_fast_assign(
		bool got = labyrinth_page_ok(grant->page);

		__entry->pool = maze->core.id;
		__entry->page = got ? labyrinth_page_slot(grant->page) : LAB_NONE;
		__entry->dma = got ? maze->core.hot.dma[labyrinth_page_slot(grant->page)] : 0;
		__entry->epoch = labyrinth_page_epoch(grant->page);
		__entry->holder = holder;
		__entry->route = grant->route;
		__entry->context = who->context;
	),
	TP_printk("pool=%u route=%s context=%s page=%d epoch=%u dma=%#llx holder=%u",
		  __entry->pool, lab_show_route(__entry->route),
		  lab_show_context(__entry->context), (int)__entry->page,
		  __entry->epoch, __entry->dma, __entry->holder),
	lab_watch_start, lab_watch_stop
);

TRACE_EVENT_FN(labyrinth_free,
	TP_PROTO(const struct labyrinth *maze, const struct lab_move *move, int err),
	TP_ARGS(maze, move, err),
	TP_STRUCT__entry(
		__field(u32, pool)
		__field(u32, page)
		__field(int, err)
		__field(u16, epoch)
		__field(u8, owner)
	),
	TP_fast_assign(
		__entry->pool = maze->core.id;
		__entry->page = move->slot;
		__entry->err = err;
		__entry->epoch = labyrinth_page_epoch(move->page);
		__entry->owner = move->owner;
	),
	TP_printk("pool=%u page=%d epoch=%u owner=%s result=%d",
		  __entry->pool, (int)__entry->page, __entry->epoch,
		  lab_show_owner(__entry->owner), __entry->err),
	lab_watch_start, lab_watch_stop
);

#endif /* LAB_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
