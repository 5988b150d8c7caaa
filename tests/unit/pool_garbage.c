// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frees of what is no issued page: a million tries of many kinds by handle and as
 * many by address; none is accepted, each is counted, no page is lost
 *
 * Once with all pages in the depot, where each try is looked up, and once with the
 * pages in the front of the CPU that is handed the garbage.
 */
#include "pool.h"

#define TRIES	1000000
#define PAGES	128
#define SLOTS	(2 * PAGES)
#define LIVE	24	/* out all the time: the last third with the device */
#define DEVICE	(LIVE / 3)

struct range {
	struct labyrinth *maze, *other;
	uint64_t seed;
	labyrinth_page_t live[LIVE];
	labyrinth_page_t foreign;
	labyrinth_page_t dead;		/* freed, free still */
	labyrinth_page_t stale;		/* freed, its page is live[0] now */
	uintptr_t arena;
	void *heap;
	unsigned int cpus;		/* that are handed garbage */
};

struct kind {
	const char *name;
	uint64_t (*make)(struct range *r);
	int expected;		/* 0: any refusal */
};

static uint64_t any_live(struct range *r)
{
	return r->live[unit_below(&r->seed, LIVE)].v;
}

static uint64_t with_epoch(uint64_t v, uint64_t epoch)
{
	return (v & ((1ULL << LABYRINTH_EPOCH_SHIFT) - 1)) | epoch << LABYRINTH_EPOCH_SHIFT;
}

static uint64_t with_slot(uint64_t v, uint64_t slot)
{
	return (v & ~(uint64_t)LABYRINTH_SLOT_MASK) | slot;
}

static uint64_t epoch_of(uint64_t v)
{
	return v >> LABYRINTH_EPOCH_SHIFT;
}

static uintptr_t address(struct range *r, labyrinth_page_t page)
{
	return (uintptr_t)labyrinth_page_addr(r->maze, page);
}

static uintptr_t any_address(struct range *r)
{
	return address(r, (labyrinth_page_t){ any_live(r) });
}

/* Of both sorts */
static uint64_t g_zero(struct range *r) { return r->seed * 0; }
static uint64_t g_all_ones(struct range *r) { return ~(r->seed * 0); }
static uint64_t g_random(struct range *r) { return unit_random(&r->seed); }
static uint64_t g_small(struct range *r) { return 1 + unit_below(&r->seed, PAGE - 1); }
static uint64_t g_heap(struct range *r) { return (uintptr_t)r->heap; }
static uint64_t g_stack(struct range *r) { return (uintptr_t)&r & ~(uintptr_t)(PAGE - 1); }
static uint64_t g_code(struct range *r) { return (uintptr_t)g_code + r->seed * 0; }
static uint64_t g_the_pool(struct range *r) { return (uintptr_t)r->maze; }
static uint64_t g_non_canonical(struct range *r)
{
	return (1ULL << 47) + (unit_random(&r->seed) >> 18 << 12);
}
static uint64_t g_kernel_half(struct range *r)
{
	return 0xffff888000000000ULL + (unit_random(&r->seed) >> 28);
}

/* Handles */
static uint64_t g_address(struct range *r) { return any_address(r); }
static uint64_t g_double(struct range *r) { return r->dead.v; }
static uint64_t g_stale(struct range *r) { return r->stale.v; }
static uint64_t g_foreign(struct range *r) { return r->foreign.v; }
static uint64_t g_with_device(struct range *r)
{
	return r->live[LIVE - 1 - unit_below(&r->seed, DEVICE)].v;
}
static uint64_t g_next_epoch(struct range *r)
{
	uint64_t v = any_live(r);

	return with_epoch(v, epoch_of(v) + 1);
}
static uint64_t g_last_epoch(struct range *r)
{
	uint64_t v = any_live(r);

	return with_epoch(v, epoch_of(v) - 1);
}
static uint64_t g_any_epoch(struct range *r)
{
	uint64_t v = any_live(r);

	return with_epoch(v, epoch_of(v) + 1 + unit_below(&r->seed, 65535));
}
static uint64_t g_dead_next(struct range *r)
{
	return with_epoch(r->dead.v, epoch_of(r->dead.v) + 1);
}
static uint64_t g_never_made(struct range *r)
{
	return with_slot(any_live(r), PAGES + unit_below(&r->seed, SLOTS - PAGES));
}
static uint64_t g_behind_slots(struct range *r)
{
	return with_slot(any_live(r), SLOTS + unit_below(&r->seed, 1 << 20));
}
static uint64_t g_no_pool(struct range *r) { return with_slot(0, any_live(r) & LABYRINTH_SLOT_MASK); }
static uint64_t g_other_pool(struct range *r)
{
	return any_live(r) ^ 1ULL << (LABYRINTH_SLOT_BITS + unit_below(&r->seed, LABYRINTH_POOL_BITS));
}
static uint64_t g_other_slot(struct range *r)
{
	return any_live(r) ^ (1 + unit_below(&r->seed, PAGES - 1));
}
static uint64_t g_one_bit(struct range *r) { return any_live(r) ^ 1ULL << unit_below(&r->seed, 64); }
static uint64_t g_two_bits(struct range *r)
{
	return g_one_bit(r) ^ 1ULL << unit_below(&r->seed, 64);
}
static uint64_t g_low_half(struct range *r) { return any_live(r) & 0xffffffff; }
static uint64_t g_turned(struct range *r)
{
	uint64_t v = any_live(r);

	return v << 32 | v >> 32;
}
static uint64_t g_swapped(struct range *r) { return __builtin_bswap64(any_live(r)); }
static uint64_t g_inverted(struct range *r) { return ~any_live(r); }

static const struct kind handles[] = {
	{ "zero", g_zero, -EINVAL },
	{ "all ones", g_all_ones, -EINVAL },
	{ "random", g_random, 0 },
	{ "small number", g_small, -EINVAL },
	{ "heap", g_heap, 0 },
	{ "stack", g_stack, 0 },
	{ "code", g_code, 0 },
	{ "the pool itself", g_the_pool, 0 },
	{ "non-canonical address", g_non_canonical, 0 },
	{ "kernel address", g_kernel_half, 0 },
	{ "address of a page", g_address, 0 },
	{ "double", g_double, -ESTALE },
	{ "stale", g_stale, -ESTALE },
	{ "another pool's", g_foreign, -EINVAL },
	{ "with the device", g_with_device, -EBUSY },
	{ "next epoch", g_next_epoch, -ESTALE },
	{ "last epoch", g_last_epoch, -ESTALE },
	{ "any other epoch", g_any_epoch, -ESTALE },
	{ "next epoch of a free page", g_dead_next, -ESTALE },
	{ "slot without a page", g_never_made, -ESTALE },
	{ "slot that is not there", g_behind_slots, -EINVAL },
	{ "no pool", g_no_pool, -EINVAL },
	{ "pool number changed", g_other_pool, -EINVAL },
	{ "slot changed", g_other_slot, 0 },
	{ "one bit changed", g_one_bit, 0 },
	{ "two bits changed", g_two_bits, 0 },
	{ "lower half", g_low_half, 0 },
	{ "halves exchanged", g_turned, 0 },
	{ "bytes reversed", g_swapped, 0 },
	{ "inverted", g_inverted, -EINVAL },
};

/* Addresses */
static uint64_t a_handle(struct range *r) { return any_live(r); }
static uint64_t a_dead(struct range *r) { return address(r, r->dead); }
static uint64_t a_with_device(struct range *r)
{
	return address(r, (labyrinth_page_t){ g_with_device(r) });
}
static uint64_t a_foreign(struct range *r)
{
	return (uintptr_t)labyrinth_page_addr(r->other, r->foreign);
}
static uint64_t a_one_more(struct range *r) { return any_address(r) + 1; }
static uint64_t a_word_more(struct range *r) { return any_address(r) + 8; }
static uint64_t a_half(struct range *r) { return any_address(r) + PAGE / 2; }
static uint64_t a_last_byte(struct range *r) { return any_address(r) + PAGE - 1; }
static uint64_t a_inside(struct range *r) { return any_address(r) + 1 + unit_below(&r->seed, PAGE - 1); }
static uint64_t a_before(struct range *r) { return r->arena - PAGE; }
static uint64_t a_behind(struct range *r) { return r->arena + SLOTS * PAGE; }
static uint64_t a_far_behind(struct range *r)
{
	return r->arena + (SLOTS + unit_random(&r->seed) % (1ULL << 40)) * PAGE;
}
static uint64_t a_never_made(struct range *r)
{
	return r->arena + (PAGES + unit_below(&r->seed, SLOTS - PAGES)) * PAGE;
}
static uint64_t a_high_bit(struct range *r)
{
	return any_address(r) ^ 1ULL << (48 + unit_below(&r->seed, 16));
}
static uint64_t a_frame(struct range *r) { return any_address(r) / PAGE; }
static uint64_t a_offset(struct range *r) { return any_address(r) - r->arena; }
static uint64_t a_inverted(struct range *r) { return ~any_address(r); }

static const struct kind addresses[] = {
	{ "all ones", g_all_ones, 0 },
	{ "random", g_random, 0 },
	{ "small number", g_small, 0 },
	{ "heap", g_heap, 0 },
	{ "stack", g_stack, 0 },
	{ "code", g_code, 0 },
	{ "the pool itself", g_the_pool, 0 },
	{ "non-canonical", g_non_canonical, 0 },
	{ "kernel half", g_kernel_half, 0 },
	{ "handle", a_handle, 0 },
	{ "double", a_dead, 0 },
	{ "with the device", a_with_device, 0 },
	{ "another pool's", a_foreign, 0 },
	{ "one byte more", a_one_more, 0 },
	{ "one word more", a_word_more, 0 },
	{ "half a page more", a_half, 0 },
	{ "last byte", a_last_byte, 0 },
	{ "anywhere inside", a_inside, 0 },
	{ "before the arena", a_before, 0 },
	{ "behind the arena", a_behind, 0 },
	{ "far behind the arena", a_far_behind, 0 },
	{ "slot without a page", a_never_made, 0 },
	{ "high bit changed", a_high_bit, 0 },
	{ "frame number", a_frame, 0 },
	{ "DMA address", a_offset, 0 },
	{ "inverted", a_inverted, 0 },
};

static bool is_live(struct range *r, uint64_t v)
{
	unsigned int i;

	for (i = 0; i < LIVE - DEVICE; i++)
		if (r->live[i].v == v)
			return true;
	return false;
}

static bool is_live_address(struct range *r, uint64_t v)
{
	unsigned int i;

	for (i = 0; i < LIVE - DEVICE; i++)
		if (address(r, r->live[i]) == v)
			return true;
	return false;
}

static void drain(struct range *r)
{
	unsigned int cpu;

	for (cpu = 2; cpu-- > 0; ) {
		labyrinth_set_cpu(cpu);
		labyrinth_drain(r->maze);
	}
}

static struct range *range_make(bool in_front)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = PAGES, .max_pages = SLOTS, .policy = LABYRINTH_POLICY_POOL,
	};
	struct range *r = calloc(1, sizeof(*r));
	unsigned int i;

	assert_non_null(r);
	r->seed = 20240229;
	r->cpus = in_front ? 1 : 2;
	r->maze = labyrinth_create(&params);
	r->other = unit_pool(2, 4, LABYRINTH_POLICY_POOL);
	r->heap = aligned_alloc(PAGE, PAGE);
	assert_non_null(r->maze);
	assert_true(labyrinth_may_strand(r->maze) > 0);
	assert_non_null(r->heap);

	/* move all epochs on, so that epoch 0 and its neighbours are past */
	for (i = 0; i < 20 * PAGES; i++) {
		labyrinth_page_t some[2] = { labyrinth_alloc(r->maze, 1), labyrinth_alloc(r->maze, 1) };

		assert_int_equal(labyrinth_free_bulk(r->maze, some, 2), 2);
		labyrinth_set_cpu(i / 50 % 2);
		if (!(i % 16))
			drain(r);
	}
	drain(r);
	r->stale = labyrinth_alloc(r->maze, 1);
	assert_int_equal(labyrinth_free(r->maze, r->stale), 0);
	labyrinth_drain(r->maze);
	for (i = 0; i < LIVE; i++)
		r->live[i] = labyrinth_alloc(r->maze, 1);
	assert_ptr_equal(address(r, r->stale), address(r, r->live[0]));
	r->dead = labyrinth_alloc(r->maze, 1);
	assert_int_equal(labyrinth_free(r->maze, r->dead), 0);
	r->foreign = labyrinth_alloc(r->other, 1);
	r->arena = address(r, (labyrinth_page_t){ 0 });
	for (i = LIVE - DEVICE; i < LIVE; i++)
		assert_int_equal(labyrinth_to_device(r->maze, r->live[i]), 0);
	if (!in_front)
		drain(r);
	return r;
}

/* Nothing was lost: every page can still be had, each once */
static void range_end(struct range *r)
{
	labyrinth_page_t rest[PAGES];
	struct labyrinth_stats stats;
	unsigned int i;

	labyrinth_stats(r->maze, &stats);
	assert_int_equal(stats.late, 0);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_FREE], PAGES - LIVE);
	for (i = LIVE - DEVICE; i < LIVE; i++)
		assert_int_equal(labyrinth_to_cpu(r->maze, r->live[i], 0), 0);
	drain(r);
	for (i = 0; i < PAGES - LIVE; i++) {
		rest[i] = labyrinth_alloc(r->maze, 2);
		assert_true(labyrinth_page_ok(rest[i]));
	}
	assert_false(labyrinth_page_ok(labyrinth_alloc(r->maze, 2)));
	assert_int_equal(labyrinth_free_bulk(r->maze, rest, PAGES - LIVE), PAGES - LIVE);
	assert_int_equal(labyrinth_free_bulk(r->maze, r->live, LIVE), LIVE);
	assert_int_equal(labyrinth_free(r->other, r->foreign), 0);
	unit_end(r->maze);
	unit_end(r->other);
	free(r->heap);
	free(r);
}

static void try_handles(bool in_front)
{
	const unsigned int kinds = sizeof(handles) / sizeof(handles[0]);
	struct range *r = range_make(in_front);
	unsigned int i, tried = 0;

	assert_true(kinds >= 20);
	for (i = 0; tried < TRIES / 2; i++) {
		const struct kind *kind = &handles[i % kinds];
		labyrinth_page_t page = { kind->make(r) };
		int got;

		if (is_live(r, page.v))
			continue;
		labyrinth_set_cpu(i / kinds % r->cpus);
		got = labyrinth_free(r->maze, page);
		if (kind->expected ? got != kind->expected : !got)
			fail_msg("kind %s: %#llx got %d", kind->name, (unsigned long long)page.v, got);
		tried++;
	}
	assert_int_equal(unit_refused(r->maze), tried);
	range_end(r);
}

static void try_addresses(bool in_front)
{
	const unsigned int kinds = sizeof(addresses) / sizeof(addresses[0]);
	struct range *r = range_make(in_front);
	unsigned int i, tried = 0;

	assert_true(kinds >= 20);
	for (i = 0; tried < TRIES / 2; i++) {
		const struct kind *kind = &addresses[i % kinds];
		uint64_t v = kind->make(r);

		if (!v || is_live_address(r, v))
			continue;
		labyrinth_set_cpu(i / kinds % r->cpus);
		dealloc_labyrinth_page_exclusive(r->maze, (void *)v);
		tried++;
		if (unit_refused(r->maze) != tried)
			fail_msg("kind %s: %#llx was taken", kind->name, (unsigned long long)v);
	}
	range_end(r);
}

static void test_handles(void **state)
{
	(void)state;
	try_handles(false);
}

static void test_handles_in_front(void **state)
{
	(void)state;
	try_handles(true);
}

static void test_addresses(void **state)
{
	(void)state;
	try_addresses(false);
}

static void test_addresses_in_front(void **state)
{
	(void)state;
	try_addresses(true);
}

/* What the device had at the end is nobody's, also where its block's issue is the present one */
static void test_late_device(void **state)
{
	struct labyrinth *maze = unit_pool(2, 128, LABYRINTH_POLICY_POOL);
	labyrinth_page_t page = labyrinth_alloc(maze, 1);

	(void)state;
	assert_int_equal(labyrinth_to_device(maze, page), 0);
	assert_int_equal(labyrinth_destroy(maze), -EBUSY);
	assert_int_equal(labyrinth_to_cpu(maze, page, 0), -EBUSY);
	assert_int_equal(labyrinth_free(maze, page), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_handles_in_front),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_in_front),
		cmocka_unit_test(test_late_device),
	};

	return cmocka_run_group_tests_name("garbage", tests, NULL, NULL);
}
