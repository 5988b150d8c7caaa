// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frees of what is no issued page: a million tries of many kinds, by handle and
 * by address; none is accepted, each is counted, no page is lost
 */
#include "pool.h"

#define TRIES	1000000
#define PAGES	64
#define LIVE	24	/* out all the time: the last third with the device */

struct range {
	struct labyrinth *maze, *other;
	uint64_t seed;
	labyrinth_page_t live[LIVE];
	labyrinth_page_t foreign;
	labyrinth_page_t dead;		/* freed, free still */
	labyrinth_page_t stale;		/* freed, its page is live[0] now */
	uintptr_t arena;
	void *heap;
};

typedef uintptr_t garbage_fn(struct range *r);

static labyrinth_page_t any_live(struct range *r)
{
	return r->live[unit_below(&r->seed, LIVE)];
}

static uintptr_t g_zero(struct range *r) { return r->live[0].v * 0; }
static uintptr_t g_all_ones(struct range *r) { return ~(r->live[0].v * 0); }
static uintptr_t g_random(struct range *r) { return unit_random(&r->seed); }
static uintptr_t g_small(struct range *r) { return 1 + unit_below(&r->seed, PAGE - 1); }
static uintptr_t g_double(struct range *r) { return r->dead.v; }
static uintptr_t g_stale(struct range *r) { return r->stale.v; }
static uintptr_t g_foreign(struct range *r) { return r->foreign.v; }
static uintptr_t g_next_epoch(struct range *r)
{
	uintptr_t v = any_live(r).v;

	return (v & ~(uintptr_t)0xfff) | ((v + 1) & 0xfff);
}
static uintptr_t g_last_epoch(struct range *r)
{
	uintptr_t v = any_live(r).v;

	return (v & ~(uintptr_t)0xfff) | ((v - 1) & 0xfff);
}
static uintptr_t g_any_epoch(struct range *r)
{
	return any_live(r).v ^ (1 + unit_below(&r->seed, 0xfff));
}
static uintptr_t g_never_issued(struct range *r)
{
	/* slots from PAGES on never had a page */
	return r->arena + (PAGES + unit_below(&r->seed, PAGES)) * PAGE;
}
static uintptr_t g_free_page(struct range *r)
{
	/* with the epoch that its next issue will have */
	return (r->dead.v & ~(uintptr_t)0xfff) | ((r->dead.v + 1) & 0xfff);
}
static uintptr_t g_before(struct range *r) { return r->arena - PAGE; }
static uintptr_t g_behind(struct range *r) { return r->arena + 2 * PAGES * PAGE; }
static uintptr_t g_heap(struct range *r) { return (uintptr_t)r->heap; }
static uintptr_t g_stack(struct range *r)
{
	uintptr_t here = (uintptr_t)&r;

	return here & ~(uintptr_t)0xfff;
}
static uintptr_t g_code(struct range *r) { return (uintptr_t)g_code + r->live[0].v * 0; }
static uintptr_t g_non_canonical(struct range *r)
{
	return (1ull << 47) + (unit_random(&r->seed) >> 18 << 12);
}
static uintptr_t g_kernel_half(struct range *r)
{
	return 0xffff888000000000ull + (unit_random(&r->seed) >> 28);
}
static uintptr_t g_high_bit(struct range *r)
{
	return any_live(r).v ^ (1ull << (48 + unit_below(&r->seed, 16)));
}
static uintptr_t g_one_bit(struct range *r)
{
	uintptr_t v = any_live(r).v;

	/* an address bit up to the arena's end, which makes it another page, is fair too */
	return v ^ (1ull << unit_below(&r->seed, 64));
}
static uintptr_t g_with_device(struct range *r)
{
	return r->live[LIVE - 1 - unit_below(&r->seed, LIVE / 3)].v;
}
static uintptr_t g_the_pool(struct range *r) { return (uintptr_t)r->maze; }

static const struct {
	const char *name;
	garbage_fn *make;
	int expected;		/* by handle; 0: either kind of refusal */
	bool address_valid;	/* by address it would be a live page: not tried */
} kinds[] = {
	{ "zero", g_zero, -EINVAL, false },
	{ "all ones", g_all_ones, -EINVAL, false },
	{ "random", g_random, -EINVAL, false },
	{ "small number", g_small, -EINVAL, false },
	{ "double", g_double, -ESTALE, false },
	{ "stale", g_stale, -ESTALE, true },
	{ "foreign", g_foreign, -EINVAL, false },
	{ "next epoch", g_next_epoch, -ESTALE, false },
	{ "last epoch", g_last_epoch, -ESTALE, false },
	{ "any other epoch", g_any_epoch, -ESTALE, false },
	{ "never issued", g_never_issued, -EINVAL, false },
	{ "free page", g_free_page, -ESTALE, false },
	{ "before the arena", g_before, -EINVAL, false },
	{ "behind the arena", g_behind, -EINVAL, false },
	{ "heap", g_heap, -EINVAL, false },
	{ "stack", g_stack, -EINVAL, false },
	{ "code", g_code, -EINVAL, false },
	{ "non-canonical", g_non_canonical, -EINVAL, false },
	{ "kernel half", g_kernel_half, -EINVAL, false },
	{ "high bit flipped", g_high_bit, -EINVAL, false },
	{ "one bit flipped", g_one_bit, 0, false },
	{ "with the device", g_with_device, -EBUSY, false },
	{ "the pool itself", g_the_pool, -EINVAL, false },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static bool is_live(struct range *r, uintptr_t v)
{
	unsigned int i;

	for (i = 0; i < LIVE - LIVE / 3; i++)
		if (r->live[i].v == v)
			return true;
	return false;
}

static bool is_live_address(struct range *r, uintptr_t v)
{
	unsigned int i;

	for (i = 0; i < LIVE; i++)
		if ((uintptr_t)labyrinth_page_addr(r->live[i]) == v)
			return true;
	return false;
}

static struct range *range_make(void)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = PAGES, .max_pages = 2 * PAGES,
		.policy = LABYRINTH_POLICY_POOL,
	};
	struct range *r = calloc(1, sizeof(*r));
	unsigned int i;

	assert_non_null(r);
	r->seed = 20240229;
	r->maze = labyrinth_create(&params);
	r->other = unit_pool(2, 4, LABYRINTH_POLICY_POOL);
	r->heap = aligned_alloc(PAGE, PAGE);
	assert_non_null(r->maze);
	assert_non_null(r->heap);

	/* move all epochs on, so that epoch 0 and its neighbours are past */
	for (i = 0; i < 20 * PAGES; i++) {
		r->live[0] = labyrinth_alloc(r->maze, 1);
		labyrinth_set_cpu(i / 50 % 2);
		assert_int_equal(labyrinth_free(r->maze, r->live[0]), 0);
	}
	r->stale = r->live[0];
	for (i = 0; i < LIVE; i++)
		r->live[i] = labyrinth_alloc(r->maze, 1);
	assert_ptr_equal(labyrinth_page_addr(r->stale), labyrinth_page_addr(r->live[0]));
	r->dead = labyrinth_alloc(r->maze, 1);
	assert_int_equal(labyrinth_free(r->maze, r->dead), 0);
	r->foreign = labyrinth_alloc(r->other, 1);
	r->arena = (uintptr_t)labyrinth_page_addr(r->live[0]) -
		   labyrinth_page_dma(r->maze, r->live[0]);
	for (i = LIVE - LIVE / 3; i < LIVE; i++)
		assert_int_equal(labyrinth_to_device(r->maze, r->live[i]), 0);
	return r;
}

/* Nothing was lost: every page can still be had, each once */
static void range_end(struct range *r)
{
	labyrinth_page_t rest[PAGES];
	unsigned int i;

	for (i = LIVE - LIVE / 3; i < LIVE; i++)
		assert_int_equal(labyrinth_to_cpu(r->maze, r->live[i], 0), 0);
	labyrinth_set_cpu(1);
	labyrinth_drain(r->maze);
	labyrinth_set_cpu(0);
	for (i = 0; i < PAGES - LIVE; i++) {
		rest[i] = labyrinth_alloc(r->maze, 2);
		assert_true(labyrinth_page_ok(rest[i]));
	}
	assert_false(labyrinth_page_ok(labyrinth_alloc(r->maze, 2)));
	for (i = 0; i < PAGES - LIVE; i++)
		assert_int_equal(labyrinth_free(r->maze, rest[i]), 0);
	for (i = 0; i < LIVE; i++)
		assert_int_equal(labyrinth_free(r->maze, r->live[i]), 0);
	assert_int_equal(labyrinth_free(r->other, r->foreign), 0);
	unit_end(r->maze);
	unit_end(r->other);
	free(r->heap);
	free(r);
}

static void test_handles(void **state)
{
	struct range *r = range_make();
	unsigned int i, tried = 0;

	(void)state;
	for (i = 0; tried < TRIES; i++) {
		unsigned int kind = i % KINDS;
		labyrinth_page_t page = { kinds[kind].make(r) };
		int got;

		if (is_live(r, page.v))
			continue;
		labyrinth_set_cpu(i / KINDS % 2);
		got = labyrinth_free(r->maze, page);
		if (kinds[kind].expected ? got != kinds[kind].expected : !got)
			fail_msg("kind %s: %#lx got %d", kinds[kind].name, page.v, got);
		tried++;
	}
	assert_int_equal(unit_refused(r->maze), tried);
	range_end(r);
}

static void test_addresses(void **state)
{
	struct range *r = range_make();
	struct labyrinth_stats stats;
	unsigned int i, tried = 0;

	(void)state;
	for (i = 0; tried < TRIES; i++) {
		unsigned int kind = i % KINDS;
		uintptr_t v = kinds[kind].make(r);

		if (!v || kinds[kind].address_valid || is_live_address(r, v))
			continue;
		labyrinth_set_cpu(i / KINDS % 2);
		dealloc_labyrinth_page_exclusive(r->maze, (void *)v);
		tried++;
	}
	labyrinth_stats(r->maze, &stats);
	assert_int_equal(stats.refused, tried);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_FREE], PAGES - LIVE);
	range_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests_name("garbage", tests, NULL, NULL);
}
