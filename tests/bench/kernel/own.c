// SPDX-License-Identifier: GPL-2.0-only
/* The pool, page by page: each way to call it, each policy, watched or not */
#include <linux/err.h>
#include <linux/labyrinth_pool.h>
#include <linux/trace_events.h>

#include "bench.h"
#include "own.h"

static void *bench_maze_start(struct device *dev, enum labyrinth_policy policy)
{
	struct labyrinth_params params = {
		.name = "bench",
		.dev = dev,
		.dir = DMA_FROM_DEVICE,
		.node = NUMA_NO_NODE,
		.pages = BENCH_PAGES,
		.policy = policy,
	};

	return labyrinth_create(&params);
}

void *bench_pool_start(struct device *dev)
{
	return bench_maze_start(dev, LABYRINTH_POLICY_POOL);
}

static void *fallback_start(struct device *dev)
{
	return bench_maze_start(dev, LABYRINTH_POLICY_FALLBACK);
}

static void *direct_start(struct device *dev)
{
	return bench_maze_start(dev, LABYRINTH_POLICY_DIRECT);
}

void bench_maze_stop(void *maze)
{
	labyrinth_destroy(maze, 0);
}

static void *holders_start(struct device *dev)
{
	void *maze = bench_pool_start(dev);
	int err;

	if (IS_ERR(maze))
		return maze;
	err = labyrinth_track(true);
	if (!err)
		return maze;
	bench_maze_stop(maze);
	return ERR_PTR(err);
}

static void holders_stop(void *maze)
{
	labyrinth_track(false);
	bench_maze_stop(maze);
}

/* Every event of the pool into the kernel's trace buffer, as `labctl` and tracefs read it */
static int bench_trace(bool on)
{
#ifdef CONFIG_EVENT_TRACING
	return trace_set_clr_event("labyrinth_pool", NULL, on);
#else
	return -EOPNOTSUPP;
#endif
}

static void *trace_start(struct device *dev)
{
	void *maze = bench_pool_start(dev);
	int err;

	if (IS_ERR(maze))
		return maze;
	err = bench_trace(true);
	if (!err)
		return maze;
	bench_maze_stop(maze);
	return ERR_PTR(err);
}

static void trace_stop(void *maze)
{
	bench_trace(false);
	bench_maze_stop(maze);
}

static __always_inline unsigned long inline_take(void *maze)
{
	return labyrinth_alloc_pinned(maze, 1).v;
}

static __always_inline void inline_give(void *maze, unsigned long page)
{
	labyrinth_free_pinned(maze, (labyrinth_page_t){ page });
}

static __always_inline unsigned long exported_take(void *maze)
{
	return labyrinth_alloc(maze, 1).v;
}

static __always_inline void exported_give(void *maze, unsigned long page)
{
	labyrinth_free(maze, (labyrinth_page_t){ page });
}

static __always_inline unsigned long symbol_take(void *maze)
{
	return (unsigned long)alloc_labyrinth_page_gfp_atomic_exclusive(maze);
}

static __always_inline void symbol_give(void *maze, unsigned long page)
{
	dealloc_labyrinth_page_exclusive(maze, (void *)page);
}

/* One received page: its address for the descriptor, to the device and back, synced */
static __always_inline unsigned long cycle_take(void *maze)
{
	labyrinth_page_t page = labyrinth_alloc_pinned(maze, 1);

	if (unlikely(!labyrinth_page_ok(page)))
		return 0;
	bench_opaque(labyrinth_page_dma(maze, page));
	if (unlikely(labyrinth_to_device_pinned(maze, page)))
		return 0;
	return page.v;
}

static __always_inline void cycle_give(void *maze, unsigned long v)
{
	labyrinth_page_t page = { v };

	if (unlikely(labyrinth_to_cpu_pinned(maze, page, PAGE_SIZE)))
		return;
	labyrinth_free_pinned(maze, page);
}

BENCH_WORK(inline)
BENCH_WORK(exported)
BENCH_WORK(symbol)
BENCH_WORK(cycle)

#define OWN(name, how, call, kind, begin, many) {			\
	.allocator = (name), .entry = (how), .policy = (kind), .watched = "no", .bulk = 1,	\
	.own = true, .often = (many),					\
	.start = begin##_start, .stop = bench_maze_stop, .work = call##_work,	\
}

#define WATCHED(name, who, begin) {					\
	.allocator = (name), .entry = "inline", .policy = "pool", .watched = (who),	\
	.bulk = 1, .own = true,						\
	.start = begin##_start, .stop = begin##_stop, .work = inline_work,	\
}

const struct bench_case bench_own[] = {
	OWN("labyrinth", "inline", inline, "pool", bench_pool, true),
	OWN("labyrinth exported", "exported", exported, "pool", bench_pool, true),
	OWN("labyrinth void *", "void *", symbol, "pool", bench_pool, true),
	OWN("labyrinth to device and back", "inline", cycle, "pool", bench_pool, true),
	OWN("labyrinth fallback", "inline", inline, "fallback", fallback, true),
	OWN("labyrinth direct", "inline", inline, "direct", direct, false),
	WATCHED("labyrinth + holders", "holders", holders),
	WATCHED("labyrinth + trace", "trace", trace),
	{ }
};
