/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - trace events of the data path, one for each step of a page:
 * request -> grant or deny -> completion, and what the driver refused.
 * They fire under the queue's lock, in the context that did the step.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM labyrinth

#if !defined(LABYRINTH_PCI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LABYRINTH_PCI_TRACE_H

#include <linux/labyrinth_pool.h>
#include <linux/tracepoint.h>

#include "labyrinth_hw.h"
#include "refusal.h"

TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_CPU);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_RETURNED);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_DEPOT);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_RESERVE);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_BUDDY);
TRACE_DEFINE_ENUM(LABYRINTH_ROUTE_FAIL);
TRACE_DEFINE_ENUM(LABYRINTH_NR_ROUTES);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_FLAGS);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_QUEUE);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_STATUS);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_COOKIE);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_LENGTH);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_SEQ);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_PAGE);
TRACE_DEFINE_ENUM(LABYRINTH_REFUSED_TAG);

#define labyrinth_show_route(route)				\
	__print_symbolic(route,					\
		{ LABYRINTH_ROUTE_CPU,		"cpu" },	\
		{ LABYRINTH_ROUTE_RETURNED,	"returned" },	\
		{ LABYRINTH_ROUTE_DEPOT,	"depot" },	\
		{ LABYRINTH_ROUTE_RESERVE,	"reserve" },	\
		{ LABYRINTH_ROUTE_BUDDY,	"buddy" },	\
		{ LABYRINTH_ROUTE_FAIL,		"fail" },	\
		{ LABYRINTH_NR_ROUTES,		"other" })

#define labyrinth_show_refusal(why)				\
	__print_symbolic(why,					\
		{ LABYRINTH_REFUSED_FLAGS,	"flags" },	\
		{ LABYRINTH_REFUSED_QUEUE,	"queue" },	\
		{ LABYRINTH_REFUSED_STATUS,	"status" },	\
		{ LABYRINTH_REFUSED_COOKIE,	"cookie" },	\
		{ LABYRINTH_REFUSED_LENGTH,	"length" },	\
		{ LABYRINTH_REFUSED_SEQ,	"seq" },	\
		{ LABYRINTH_REFUSED_PAGE,	"page" },	\
		{ LABYRINTH_REFUSED_TAG,	"tag" })

TRACE_EVENT(labyrinth_irq,
	TP_PROTO(unsigned int dev, unsigned int queue, unsigned int completions,
		 unsigned int requests, unsigned int taken),
	TP_ARGS(dev, queue, completions, requests, taken),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned int, queue)
		__field(unsigned int, completions)
		__field(unsigned int, requests)
		__field(unsigned int, taken)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->queue = queue;
		__entry->completions = completions;
		__entry->requests = requests;
		__entry->taken = taken;
	),
	TP_printk("dev=%u queue=%u completions=%u requests=%u taken=%u", __entry->dev,
		  __entry->queue, __entry->completions, __entry->requests, __entry->taken)
);

TRACE_EVENT(labyrinth_request,
	TP_PROTO(unsigned int dev, unsigned int queue, u32 tag),
	TP_ARGS(dev, queue, tag),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned int, queue)
		__field(u32, tag)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->queue = queue;
		__entry->tag = tag;
	),
	TP_printk("dev=%u queue=%u tag=%#x", __entry->dev, __entry->queue, __entry->tag)
);

/* A page became the device's: granted to a request, or posted. */
TRACE_EVENT(labyrinth_grant,
	TP_PROTO(unsigned int dev, unsigned int queue, u32 cookie, u64 dma,
		 enum labyrinth_route route, bool late),
	TP_ARGS(dev, queue, cookie, dma, route, late),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned int, queue)
		__field(u32, cookie)
		__field(u64, dma)
		__field(int, route)
		__field(bool, late)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->queue = queue;
		__entry->cookie = cookie;
		__entry->dma = dma;
		__entry->route = route;
		__entry->late = late;
	),
	TP_printk("dev=%u queue=%u cookie=%#x dma=%#llx route=%s late=%d", __entry->dev,
		  __entry->queue, __entry->cookie, __entry->dma,
		  labyrinth_show_route(__entry->route), __entry->late)
);

TRACE_EVENT(labyrinth_deny,
	TP_PROTO(unsigned int dev, unsigned int queue, u32 tag, unsigned int slots),
	TP_ARGS(dev, queue, tag, slots),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned int, queue)
		__field(u32, tag)
		__field(unsigned int, slots)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->queue = queue;
		__entry->tag = tag;
		__entry->slots = slots;
	),
	TP_printk("dev=%u queue=%u tag=%#x for want of a %s", __entry->dev, __entry->queue,
		  __entry->tag, __entry->slots ? "page" : "slot")
);

TRACE_EVENT(labyrinth_completion,
	TP_PROTO(unsigned int dev, unsigned int queue, u64 seq, u32 cookie,
		 unsigned int length, unsigned int status),
	TP_ARGS(dev, queue, seq, cookie, length, status),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(unsigned int, dev)
		__field(unsigned int, queue)
		__field(u32, cookie)
		__field(unsigned int, length)
		__field(unsigned int, status)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->dev = dev;
		__entry->queue = queue;
		__entry->cookie = cookie;
		__entry->length = length;
		__entry->status = status;
	),
	TP_printk("dev=%u queue=%u seq=%llu cookie=%#x length=%u status=%u", __entry->dev,
		  __entry->queue, __entry->seq, __entry->cookie, __entry->length,
		  __entry->status)
);

/* Something that the device must not say; @value is the offending one. */
TRACE_EVENT(labyrinth_refused,
	TP_PROTO(unsigned int dev, unsigned int queue, enum labyrinth_refusal why, u64 value),
	TP_ARGS(dev, queue, why, value),
	TP_STRUCT__entry(
		__field(unsigned int, dev)
		__field(unsigned int, queue)
		__field(int, why)
		__field(u64, value)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->queue = queue;
		__entry->why = why;
		__entry->value = value;
	),
	TP_printk("dev=%u queue=%u %s=%#llx", __entry->dev, __entry->queue,
		  labyrinth_show_refusal(__entry->why), __entry->value)
);

#endif /* LABYRINTH_PCI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
