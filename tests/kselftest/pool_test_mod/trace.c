// SPDX-License-Identifier: GPL-2.0-only
/* One event for each allocation and each free, whichever call made it */
#include <linux/atomic.h>
#include <linux/bitops.h>

#include "test.h"

#define TRACE_PAGES	256
#define TRACE_COUNT	40

struct trace_count {
	struct labyrinth *maze;
	atomic_t events;
};

/* The tracepoints' first argument is the pool; the others are the module's own */
static void trace_probe(void *data, const struct labyrinth *maze)
{
	struct trace_count *count = data;

	if (maze == count->maze)
		atomic_inc(&count->events);
}

static void trace_do_pinned(void *arg)
{
	labyrinth_page_t page = labyrinth_alloc_pinned(arg, 1);

	labyrinth_free_pinned(arg, page);
}

static void trace_do_run(void *arg)
{
	struct labyrinth_run run;
	unsigned int got = labyrinth_alloc_run_pinned(arg, 1, 1, &run);

	if (got)
		labyrinth_free_run_pinned(arg, &run);
}

static void trace_do_bulk(void *arg)
{
	labyrinth_page_t pages[4];
	unsigned int got = labyrinth_alloc_bulk(arg, 1, pages, 4);

	labyrinth_free_bulk(arg, pages, got);
}

static void trace_do_seeds(void *arg)
{
	dealloc_labyrinth_page_exclusive(arg, alloc_labyrinth_page_gfp_atomic_exclusive(arg));
}

static void trace_do_plain(void *arg)
{
	labyrinth_free(arg, labyrinth_alloc(arg, 1));
}

static bool trace_expect(struct trace_count *allocs, struct trace_count *frees, const char *what,
			 int events)
{
	int a = atomic_xchg(&allocs->events, 0), f = atomic_xchg(&frees->events, 0);

	if (a != events || f != events)
		pr_info("# %s: %d alloc events, %d free events, expected %d\n", what, a, f,
			events);
	return POOL_EXPECT(a == events && f == events);
}

static void trace_calls(struct trace_count *allocs, struct trace_count *frees)
{
	static const struct {
		const char *what;
		void (*fn)(void *arg);
		int pages;
	} calls[] = {
		{ "plain", trace_do_plain, 1 },
		{ "seeds", trace_do_seeds, 1 },
		{ "pinned", trace_do_pinned, 1 },
		{ "run", trace_do_run, 1 },
		{ "bulk", trace_do_bulk, 4 },
	};
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		for (n = 0; n < TRACE_COUNT; n++)
			pool_go(LABYRINTH_IN_IRQS, calls[i].fn, allocs->maze);
		trace_expect(allocs, frees, calls[i].what, TRACE_COUNT * calls[i].pages);
		pool_in_hardirq(calls[i].fn, allocs->maze);
		trace_expect(allocs, frees, calls[i].what, calls[i].pages);
	}
}

static bool pool_case_trace(void)
{
	struct labyrinth_params params = pool_params(TRACE_PAGES, LABYRINTH_POLICY_POOL);
	struct trace_count allocs = { .maze = labyrinth_create(&params) };
	struct trace_count frees = { .maze = allocs.maze };
	struct pool_hook on_alloc, on_free;
	labyrinth_page_t page;

	if (!POOL_EXPECT(!IS_ERR(allocs.maze)))
		return false;
	if (!POOL_EXPECT(pool_hook(&on_alloc, "labyrinth_alloc", trace_probe, &allocs)))
		return false;
	if (!POOL_EXPECT(pool_hook(&on_free, "labyrinth_free", trace_probe, &frees)))
		return false;
	trace_calls(&allocs, &frees);
	/* a refused free has its event too */
	page = labyrinth_alloc(allocs.maze, 1);
	POOL_EXPECT(!labyrinth_free(allocs.maze, page));
	POOL_EXPECT(labyrinth_free(allocs.maze, (labyrinth_page_t){ 0 }) == -EINVAL);
	POOL_EXPECT(atomic_read(&allocs.events) == 1 && atomic_read(&frees.events) == 2);
	pool_unhook(&on_free);
	pool_unhook(&on_alloc);
	trace_do_plain(allocs.maze);
	POOL_EXPECT(atomic_read(&allocs.events) == 1 && atomic_read(&frees.events) == 2);
	return pool_end(allocs.maze);
}

const struct pool_case pool_trace_cases[] = {
	{ "one event an allocation, one a free", pool_case_trace },
	{ }
};
