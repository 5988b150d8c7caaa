/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One tracepoint per allocation, successful or not, and one per free, good or refused
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
			 { LABYRINTH_CTX_HARDIRQ, "hardirq" })

#define lab_show_owner(owner)						\
	__print_symbolic(owner,						\
			 { LABYRINTH_OWNER_FREE, "free" },		\
			 { LABYRINTH_OWNER_CPU, "cpu" },		\
			 { LABYRINTH_OWNER_DEVICE, "device" },		\
			 { LABYRINTH_OWNER_USER, "user" },		\
			 { LABYRINTH_OWNER_QUARANTINED, "quarantined" },\
			 { LAB_OWNER_NONE, "none" })

TRACE_EVENT(labyrinth_alloc,
	TP_PROTO(const struct labyrinth *maze, const struct lab_caller *who,
		 const struct lab_grant *grant),
	TP_ARGS(maze, who, grant),
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
		__entry->pool = maze->id;
		__entry->page = grant->index;
		__entry->dma = grant->index == LAB_NONE ? 0 :
			       maze->core.meta[grant->index].dma;
		__entry->epoch = lab_epoch(grant->state);
		__entry->holder = who->holder;
		__entry->route = grant->route;
		__entry->context = who->context;
	),
	TP_printk("pool=%u route=%s context=%s page=%d epoch=%u dma=%#llx holder=%u",
		  __entry->pool, lab_show_route(__entry->route),
		  lab_show_context(__entry->context), (int)__entry->page,
		  __entry->epoch, __entry->dma, __entry->holder)
);

TRACE_EVENT(labyrinth_free,
	TP_PROTO(const struct labyrinth *maze, const struct lab_move *move, int err),
	TP_ARGS(maze, move, err),
	TP_STRUCT__entry(
		__field(u32, pool)
		__field(u32, page)
		__field(int, err)
		__field(u16, epoch)
		__field(u16, holder)
		__field(u8, owner)
	),
	TP_fast_assign(
		__entry->pool = maze->id;
		__entry->page = move->index;
		__entry->err = err;
		__entry->epoch = lab_epoch(move->before);
		__entry->holder = lab_holder(move->before);
		__entry->owner = lab_owner(move->before);
	),
	TP_printk("pool=%u page=%d epoch=%u owner=%s holder=%u result=%d",
		  __entry->pool, (int)__entry->page, __entry->epoch,
		  lab_show_owner(__entry->owner), __entry->holder, __entry->err)
);

#endif /* LAB_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
