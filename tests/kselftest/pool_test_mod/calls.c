// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each call of labyrinth_contexts.h in each place: done where the table allows it,
 * by the routes that it names; elsewhere refused, counted and without effect
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "test.h"

#define CALL_PAGES	256	/* of the pool: enough that CPUs have blocks of their own */
#define CALL_GROWTH	64	/* what the page allocator may add */
#define CALL_RESERVE	40	/* more than a block has */
#define CALL_MOST	(CALL_PAGES + CALL_GROWTH + 1)
#define CALL_TRIES	5

#define NAME(name, ...)		"labyrinth_" #name,
static const char * const call_names[] = { LABYRINTH_CALLS(NAME) };

#define TEXT(name, text)	text,
static const char * const place_names[] = { LABYRINTH_PLACES(TEXT) };

/* One call: what it is made with, and what came of it */
struct call {
	enum labyrinth_call call;
	struct labyrinth *maze;
	struct labyrinth *victim;		/* for create and destroy */
	struct labyrinth_run run;
	labyrinth_page_t page;
	labyrinth_page_t *taken;		/* [CALL_MOST] */
	unsigned int count;
	u32 routes;				/* that labyrinth_alloc_route() named */
	bool done;
};

static bool call_is_alloc(enum labyrinth_call call)
{
	return call >= LABYRINTH_CALL_ALLOC && call <= LABYRINTH_CALL_ALLOC_RUN_PINNED;
}

static bool call_is_pinned(enum labyrinth_call call)
{
	return call == LABYRINTH_CALL_ALLOC_PINNED || call == LABYRINTH_CALL_ALLOC_RUN_PINNED ||
	       call == LABYRINTH_CALL_FREE_PINNED || call == LABYRINTH_CALL_FREE_RUN_PINNED ||
	       call == LABYRINTH_CALL_TO_DEVICE_PINNED || call == LABYRINTH_CALL_TO_CPU_PINNED;
}

static bool call_from_device(enum labyrinth_call call)
{
	return call == LABYRINTH_CALL_TO_CPU || call == LABYRINTH_CALL_TO_CPU_PINNED ||
	       call == LABYRINTH_CALL_ISOLATE;
}

static struct labyrinth_params call_params(void)
{
	struct labyrinth_params params = pool_params(CALL_PAGES, LABYRINTH_POLICY_FALLBACK);

	params.max_pages = CALL_PAGES + CALL_GROWTH;
	params.reserve = CALL_RESERVE;
	/* so that the worker leaves the growth to the page allocator's route */
	params.low = 1;
	params.high = CALL_RESERVE;
	return params;
}

static int call_one_holder(const struct labyrinth_holder *holder, void *arg)
{
	return 1;
}

static void call_take(struct call *call, labyrinth_page_t page)
{
	if (labyrinth_page_ok(page) && call->count < CALL_MOST)
		call->taken[call->count++] = page;
}

static void call_take_run(struct call *call, const struct labyrinth_run *run)
{
	u64 mask = run->mask;

	for (; mask; mask &= mask - 1)
		call_take(call, (labyrinth_page_t){ run->base + __ffs64(mask) });
}

/* Takes once; false at the end */
static bool call_alloc_once(struct call *call)
{
	unsigned int before = call->count, room = CALL_MOST - before;
	enum labyrinth_route route;
	struct labyrinth_run run = { 0 };

	switch (call->call) {
	case LABYRINTH_CALL_ALLOC:
		call_take(call, labyrinth_alloc(call->maze, 1));
		break;
	case LABYRINTH_CALL_ALLOC_ROUTE:
		call_take(call, labyrinth_alloc_route(call->maze, 1, &route));
		call->routes |= 1u << route;
		break;
	case LABYRINTH_CALL_ALLOC_BULK:
		call->count += labyrinth_alloc_bulk(call->maze, 1, call->taken + before,
						    min(room, 7u));
		break;
	case LABYRINTH_CALL_ALLOC_RUN:
		labyrinth_alloc_run(call->maze, min(room, 7u), 1, &run);
		break;
	case LABYRINTH_CALL_ALLOC_PINNED:
		call_take(call, labyrinth_alloc_pinned(call->maze, 1));
		break;
	default:
		labyrinth_alloc_run_pinned(call->maze, min(room, 7u), 1, &run);
	}
	call_take_run(call, &run);
	return call->count > before && call->count < CALL_MOST;
}

/* In the place: no printing, no sleeping but in the call */
static void call_do(void *arg)
{
	struct call *call = arg;
	struct labyrinth_params params = call_params();
	struct labyrinth_stats stats;

	switch (call->call) {
	case LABYRINTH_CALL_CREATE:
		call->victim = labyrinth_create(&params);
		call->done = !IS_ERR(call->victim);
		break;
	case LABYRINTH_CALL_DESTROY:
		call->done = !labyrinth_destroy(call->victim, 0);
		break;
	case LABYRINTH_CALL_TRACK:
		call->done = !labyrinth_track(true);
		if (call->done)
			labyrinth_track(false);
		break;
	case LABYRINTH_CALL_REFILL:
		call->done = labyrinth_refill(call->maze, 1) > 0;
		break;
	case LABYRINTH_CALL_ISOLATE:
		call->done = !labyrinth_isolate(call->maze, call->page, 64);
		break;
	case LABYRINTH_CALL_STATS:
		labyrinth_stats(call->maze, &stats);
		call->done = stats.limit != 0;
		break;
	case LABYRINTH_CALL_HOLDERS:
		call->done = labyrinth_holders(call->maze, call_one_holder, NULL) == 1;
		break;
	case LABYRINTH_CALL_FREE:
		call->done = !labyrinth_free(call->maze, call->page);
		break;
	case LABYRINTH_CALL_FREE_BULK:
		call->done = labyrinth_free_bulk(call->maze, &call->page, 1) == 1;
		break;
	case LABYRINTH_CALL_FREE_RUN:
		call->done = !labyrinth_free_run(call->maze, &call->run);
		break;
	case LABYRINTH_CALL_FREE_PINNED:
		call->done = !labyrinth_free_pinned(call->maze, call->page);
		break;
	case LABYRINTH_CALL_FREE_RUN_PINNED:
		call->done = !labyrinth_free_run_pinned(call->maze, &call->run);
		break;
	case LABYRINTH_CALL_TO_DEVICE:
		call->done = !labyrinth_to_device(call->maze, call->page);
		break;
	case LABYRINTH_CALL_TO_CPU:
		call->done = !labyrinth_to_cpu(call->maze, call->page, 64);
		break;
	case LABYRINTH_CALL_TO_DEVICE_PINNED:
		call->done = !labyrinth_to_device_pinned(call->maze, call->page);
		break;
	case LABYRINTH_CALL_TO_CPU_PINNED:
		call->done = !labyrinth_to_cpu_pinned(call->maze, call->page, 64);
		break;
	case LABYRINTH_CALL_TO_USER:
		call->done = !labyrinth_to_user(call->maze, call->page, 64);
		break;
	default:
		while (call_alloc_once(call))
			;
		call->done = call->count != 0;
	}
}

/* What the call needs beforehand: a page that is out, a pool to end */
static bool call_prepare(struct call *call)
{
	struct labyrinth_params params = call_params();

	call->maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(call->maze)))
		return false;
	if (call->call == LABYRINTH_CALL_DESTROY) {
		call->victim = labyrinth_create(&params);
		if (!POOL_EXPECT(!IS_ERR(call->victim)))
			return false;
	}
	if (call_is_alloc(call->call))
		return true;
	call->page = labyrinth_alloc(call->maze, 2);
	call->run = (struct labyrinth_run){ call->page.v, 1 };
	POOL_EXPECT(labyrinth_page_ok(call->page));
	if (call_from_device(call->call))
		POOL_EXPECT(labyrinth_to_device(call->maze, call->page) == 0);
	return true;
}

static bool call_frees(enum labyrinth_call call)
{
	return call >= LABYRINTH_CALL_FREE && call <= LABYRINTH_CALL_FREE_RUN_PINNED;
}

/* In process context again: the page is where the answer says, and nothing is lost */
static void call_clean_up(struct call *call)
{
	bool to_device = call->call == LABYRINTH_CALL_TO_DEVICE ||
			 call->call == LABYRINTH_CALL_TO_DEVICE_PINNED;

	if ((to_device && call->done) || (call_from_device(call->call) && !call->done))
		POOL_EXPECT(labyrinth_to_cpu(call->maze, call->page, 0) == 0);
	if (labyrinth_page_ok(call->page) && !(call_frees(call->call) && call->done))
		POOL_EXPECT(labyrinth_free(call->maze, call->page) == 0);
	while (call->count)
		POOL_EXPECT(labyrinth_free(call->maze, call->taken[--call->count]) == 0);
	if (call->call == LABYRINTH_CALL_CREATE && call->done)
		pool_end(call->victim);
	if (call->call == LABYRINTH_CALL_DESTROY && !call->done)
		pool_end(call->victim);
	pool_end(call->maze);
}

/* The ways that a place has here, of those that show for certain: reserve, buddy, fail */
static u32 call_routes(u32 cell)
{
	u32 routes = cell & (BIT(LABYRINTH_NR_ROUTES) - 1);

	if (cell & LABYRINTH_BUDDY_NO_RT && !POOL_RT_RULES)
		routes |= BIT(LABYRINTH_ROUTE_BUDDY);
	return routes;
}

static u32 call_seen(const struct call *call)
{
	struct labyrinth_stats stats;
	u32 i, seen = 0;

	labyrinth_stats(call->maze, &stats);
	for (i = 0; i < LABYRINTH_NR_ROUTES; i++)
		if (stats.allocs[i])
			seen |= BIT(i);
	return seen;
}

/* Once; the routes seen are added to @seen */
static bool call_try(struct call *call, enum labyrinth_place place, u32 *seen)
{
	u32 cell = labyrinth_may[call->call][place];
	bool allowed = cell & LABYRINTH_MAY_CALL;
	u64 wrong = labyrinth_wrong_calls();
	bool good = true;
	u32 routes;

	call->page.v = 0;
	call->count = 0;
	call->routes = 0;
	if (!call_prepare(call))
		return false;
	good &= POOL_EXPECT(pool_go(place, call_do, call));
	good &= POOL_EXPECT(call->done == allowed);
	good &= POOL_EXPECT(labyrinth_wrong_calls() - wrong == !allowed);
	if (call->call == LABYRINTH_CALL_CREATE && !allowed)
		good &= POOL_EXPECT(PTR_ERR(call->victim) == -EPERM);
	if (call_is_alloc(call->call)) {
		routes = call_seen(call);
		if (allowed)
			good &= POOL_EXPECT(!(routes & ~call_routes(cell)));
		good &= POOL_EXPECT(!(call->routes & ~routes));
		*seen |= routes;
	}
	call_clean_up(call);
	return good;
}

/* Of a shared pool's ways some show only if the worker was not quicker: a few tries */
static bool call_in_place(struct call *call, enum labyrinth_place place)
{
	u32 cell = labyrinth_may[call->call][place];
	u32 sure = BIT(LABYRINTH_ROUTE_RESERVE) | BIT(LABYRINTH_ROUTE_BUDDY) |
		   BIT(LABYRINTH_ROUTE_FAIL);
	u32 seen = 0, wanted = call_is_alloc(call->call) ? call_routes(cell) & sure : 0;
	unsigned int i;

	if (!(cell & LABYRINTH_MAY_CALL))
		wanted = 0;
	for (i = 0; i < CALL_TRIES; i++) {
		if (!call_try(call, place, &seen))
			return false;
		if ((seen & wanted) == wanted)
			return true;
	}
	pr_info("# routes seen %#x, wanted %#x\n", seen, wanted);
	return POOL_EXPECT((seen & wanted) == wanted);
}

static bool call_everywhere(enum labyrinth_call which)
{
	struct call *call = kzalloc(sizeof(*call), GFP_KERNEL);
	enum labyrinth_place place;
	unsigned int places = 0;

	if (!POOL_EXPECT(call))
		return false;
	call->call = which;
	call->taken = kcalloc(CALL_MOST, sizeof(*call->taken), GFP_KERNEL);
	for (place = 0; call->taken && place < LABYRINTH_NR_PLACES; place++) {
		bool allowed = labyrinth_may[which][place] & LABYRINTH_MAY_CALL;

		if (!pool_has_place(place))
			continue;
		/* unseen without lock debugging, and then as harmful as it says */
		if (call_is_pinned(which) && !allowed && !IS_ENABLED(CONFIG_PROVE_LOCKING))
			continue;
		places++;
		if (!call_in_place(call, place))
			pr_info("# %s, %s\n", call_names[which], place_names[place]);
	}
	POOL_EXPECT(places > 0);
	kfree(call->taken);
	kfree(call);
	return true;
}

#define CASE(name, NAME, ...)						\
	static bool call_case_##name(void)				\
	{								\
		return call_everywhere(LABYRINTH_CALL_##NAME);		\
	}
LABYRINTH_CALLS(CASE)

#define ENTRY(name, ...)	{ #name " in every place", call_case_##name },
const struct pool_case pool_call_cases[] = {
	LABYRINTH_CALLS(ENTRY)
	{ }
};
