// SPDX-License-Identifier: GPL-2.0-only
/* What the core promises in its head comment: F(CPUs), the reserve, epochs, routes, ends */
#include "pool.h"
#include "user.h"

#define CPUS	8
#define PAGES	64

/* However the free pages lie, a refusal means that no more than F are free */
static void test_f_of_cpus(void **state)
{
	struct labyrinth *maze = unit_pool(CPUS, PAGES, LABYRINTH_POLICY_POOL);
	labyrinth_page_t out[PAGES], page;
	unsigned int n = 0, i, refusals = 0, worst = 0;
	uint64_t seed = 7;

	(void)state;
	assert_int_equal(labyrinth_may_strand(maze), 7);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (i = 0; i < 200000; i++) {
		labyrinth_set_cpu(unit_below(&seed, CPUS));
		if (unit_below(&seed, 16) < 9) {
			page = labyrinth_alloc(maze, 0);
			if (labyrinth_page_ok(page)) {
				out[n++] = page;
				continue;
			}
			refusals++;
			worst = PAGES - n > worst ? PAGES - n : worst;
			assert_true(PAGES - n <= 7);
			labyrinth_work(maze);
		} else if (n) {
			unsigned int pick = unit_below(&seed, n);

			assert_int_equal(labyrinth_free(maze, out[pick]), 0);
			out[pick] = out[--n];
		}
	}
	assert_true(refusals > 1000);
	/* the bound is not idle: pages did lie in other fronts */
	assert_true(worst > 0);
	while (n)
		assert_int_equal(labyrinth_free(maze, out[--n]), 0);
	unit_end(maze);
}

/* The worst case on purpose: every other front is full */
static void test_f_worst_case(void **state)
{
	unsigned int cpus, pages, cap, i, cpu, got;
	labyrinth_page_t *out;
	struct labyrinth *maze;

	(void)state;
	for (cpus = 1; cpus <= 64; cpus *= 2) {
		for (pages = 1; pages <= 4096; pages *= 4) {
			maze = unit_pool(cpus, pages, LABYRINTH_POLICY_POOL);
			out = calloc(pages, sizeof(*out));
			assert_non_null(out);
			for (i = 0; i < pages; i++) {
				out[i] = labyrinth_alloc(maze, 0);
				assert_true(labyrinth_page_ok(out[i]));
			}
			cap = cpus > 1 ? labyrinth_may_strand(maze) / (cpus - 1) : 0;
			assert_true(labyrinth_may_strand(maze) <= pages / 8);
			/* each CPU but 0 frees as much as it keeps, 0 the rest */
			for (i = 0, cpu = 1; cpu < cpus; cpu++) {
				unsigned int keep = cap;

				labyrinth_set_cpu(cpu);
				while (keep--)
					assert_int_equal(labyrinth_free(maze, out[i++]), 0);
			}
			labyrinth_set_cpu(0);
			while (i < pages)
				assert_int_equal(labyrinth_free(maze, out[i++]), 0);
			for (got = 0; got < pages; got++) {
				out[got] = labyrinth_alloc(maze, 0);
				if (!labyrinth_page_ok(out[got]))
					break;
			}
			assert_int_equal(got, pages - labyrinth_may_strand(maze));
			/* while the refusal stands, frees are for the refused */
			labyrinth_set_cpu(cpus - 1);
			assert_int_equal(labyrinth_free(maze, out[--got]), 0);
			labyrinth_set_cpu(0);
			out[got] = labyrinth_alloc(maze, 0);
			assert_true(labyrinth_page_ok(out[got++]));
			while (got)
				assert_int_equal(labyrinth_free(maze, out[--got]), 0);
			free(out);
			unit_end(maze);
		}
	}
}

/* A caller that is not atomic never takes one of the last `reserve` pages */
static void test_reserve(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 512, .reserve = 20, .policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t out[512];
	unsigned int n = 0, i, denied = 0;
	struct labyrinth_stats stats;
	uint64_t seed = 99;

	(void)state;
	assert_non_null(maze);
	for (i = 0; i < 100000; i++) {
		bool atomic = !unit_below(&seed, 4);

		labyrinth_set_cpu(unit_below(&seed, 2));
		labyrinth_set_context(atomic ? LABYRINTH_CTX_SOFTIRQ : LABYRINTH_CTX_PROCESS);
		if (unit_below(&seed, 100) < (i / 5000 % 2 ? 60 : 40)) {
			labyrinth_page_t page = labyrinth_alloc(maze, 0);

			if (labyrinth_page_ok(page)) {
				out[n++] = page;
				assert_true(atomic || 512 - n >= 20);
			} else {
				denied++;
				/* fronts: two of 32 */
				assert_true(512 - n <= (atomic ? 32 : 20 + 64));
				labyrinth_work(maze);
			}
		} else if (n) {
			assert_int_equal(labyrinth_free(maze, out[--n]), 0);
		}
	}
	labyrinth_stats(maze, &stats);
	assert_true(denied > 100);
	assert_true(stats.allocs[LABYRINTH_ROUTE_RESERVE] > 100);
	while (n)
		assert_int_equal(labyrinth_free(maze, out[--n]), 0);
	unit_end(maze);
}

/* Takes pages until there is none for this caller; returns how many */
static unsigned int take_all(struct labyrinth *maze, labyrinth_page_t *out)
{
	unsigned int n = 0;

	while (labyrinth_page_ok(out[n] = labyrinth_alloc(maze, 0)))
		n++;
	labyrinth_work(maze);
	return n;
}

static void take(struct labyrinth *maze, labyrinth_page_t *out, unsigned int count)
{
	while (count--)
		assert_true(labyrinth_page_ok(out[count] = labyrinth_alloc(maze, 0)));
}

static void give(struct labyrinth *maze, labyrinth_page_t *out, unsigned int count)
{
	while (count--)
		assert_int_equal(labyrinth_free(maze, out[count]), 0);
}

/* Frees fill the reserve before they fill a front, also when nobody was refused */
static void test_reserve_filled_first(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 160, .reserve = 20, .policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t out[140], last[20];

	(void)state;
	assert_non_null(maze);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	take(maze, out, 140);
	take(maze, last, 20);
	labyrinth_set_cpu(1);
	give(maze, last, 20);
	labyrinth_set_cpu(0);
	take(maze, last, 20);
	give(maze, last, 20);
	give(maze, out, 140);
	unit_end(maze);
}

/* The same, where random steps seldom come: fronts with pages, depot below the reserve */
static void test_reserve_corners(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 160, .reserve = 20, .policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t out[161], more[161];
	unsigned int n, i;

	(void)state;
	assert_non_null(maze);
	assert_int_equal(labyrinth_may_strand(maze), 10);
	/* what a plain caller's front takes along is not taken from the reserve */
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	labyrinth_set_cpu(0);
	assert_int_equal(take_all(maze, out), 140);
	labyrinth_set_cpu(1);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	assert_int_equal(take_all(maze, more), 20);

	/* frees fill the reserve before a front: a plain caller still gets none */
	for (i = 0; i < 20; i++)
		assert_int_equal(labyrinth_free(maze, more[i]), 0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	assert_int_equal(take_all(maze, more), 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(labyrinth_free(maze, more[i]), 0);
	labyrinth_work(maze);

	/* with the depot below the reserve the own front is barred, but not to all */
	labyrinth_set_cpu(1);
	for (i = 0; i < 6; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	labyrinth_work(maze);
	for (; i < 9; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	labyrinth_set_cpu(0);
	n = take_all(maze, more);
	assert_in_range(n, 20, 28);
	labyrinth_set_cpu(1);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	n += take_all(maze, more + n);
	assert_int_equal(n, 29);

	while (n)
		assert_int_equal(labyrinth_free(maze, more[--n]), 0);
	for (i = 9; i < 140; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	unit_end(maze);
}

/* A closed pool issues and makes nothing, whatever it still has */
static void test_closed(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 8, .max_pages = 16, .policy = LABYRINTH_POLICY_FALLBACK,
	};
	struct labyrinth *maze = labyrinth_create(&params);

	(void)state;
	assert_non_null(maze);
	labyrinth_set_cpu(0);
	lab_close(&maze->core);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	assert_int_equal(labyrinth_refill(maze, 1), -ENOSPC);
	unit_end(maze);
}

/* A stale handle is told for 4095 further frees of its page, not for 4096 */
static void test_epoch_wrap(void **state)
{
	struct labyrinth *maze = unit_pool(1, 1, LABYRINTH_POLICY_POOL);
	labyrinth_page_t first = labyrinth_alloc(maze, 1), page = first;
	unsigned int i;

	(void)state;
	for (i = 1; i < 4096; i++) {
		assert_int_equal(labyrinth_free(maze, page), 0);
		page = labyrinth_alloc(maze, 1);
		assert_ptr_equal(labyrinth_page_addr(page), labyrinth_page_addr(first));
		assert_int_equal(labyrinth_free(maze, first), -ESTALE);
	}
	assert_int_equal(labyrinth_free(maze, page), 0);
	page = labyrinth_alloc(maze, 1);
	assert_int_equal(page.v, first.v);
	assert_int_equal(labyrinth_free(maze, first), 0);
	unit_end(maze);
}

/* The one bad free that an address cannot tell, and those that it can */
static void test_address_limits(void **state)
{
	struct labyrinth *maze = unit_pool(1, 8, LABYRINTH_POLICY_POOL);
	void *page = alloc_labyrinth_page_gfp_atomic_exclusive(maze);
	labyrinth_page_t other;

	(void)state;
	assert_non_null(page);
	dealloc_labyrinth_page_exclusive(maze, (char *)page + 8);
	assert_int_equal(unit_refused(maze), 1);
	dealloc_labyrinth_page_exclusive(maze, page);
	dealloc_labyrinth_page_exclusive(maze, page);
	assert_int_equal(unit_refused(maze), 2);
	dealloc_labyrinth_page_exclusive(maze, NULL);
	assert_int_equal(unit_refused(maze), 2);

	other = labyrinth_alloc(maze, 5);
	assert_ptr_equal(labyrinth_page_addr(other), page);
	assert_int_equal(labyrinth_to_device(maze, other), 0);
	dealloc_labyrinth_page_exclusive(maze, page);
	assert_int_equal(unit_refused(maze), 3);
	assert_int_equal(labyrinth_to_cpu(maze, other, 0), 0);
	/* stale, after re-issue: taken from its new holder, who is told */
	dealloc_labyrinth_page_exclusive(maze, page);
	assert_int_equal(unit_refused(maze), 3);
	assert_int_equal(labyrinth_free(maze, other), -ESTALE);
	unit_end(maze);
}

/* Which way a page came, on the paths whose order is known */
static void test_routes(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 64, .max_pages = 65, .reserve = 4,
		.policy = LABYRINTH_POLICY_FALLBACK,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	struct labyrinth_stats stats;
	labyrinth_page_t out[65];
	unsigned int i;

	(void)state;
	assert_non_null(maze);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	/* fronts have 4 places: one page for the caller, two move to the front */
	for (i = 0; i < 65; i++)
		assert_true(labyrinth_page_ok(out[i] = labyrinth_alloc(maze, 0)));
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_DEPOT], 20);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_CPU], 40);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_RESERVE], 4);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_BUDDY], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], 1);
	assert_int_equal(stats.contexts[LABYRINTH_CTX_HARDIRQ], 65);
	/* another CPU frees; what it gave back comes as returned */
	labyrinth_set_cpu(1);
	for (i = 0; i < 65; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	labyrinth_set_cpu(0);
	out[0] = labyrinth_alloc(maze, 0);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_RETURNED], 1);
	assert_int_equal(labyrinth_free(maze, out[0]), 0);
	unit_end(maze);

	/* what came back goes before what was never issued */
	maze = unit_pool(8, 8, LABYRINTH_POLICY_POOL);
	for (i = 0; i < 10; i++) {
		out[0] = labyrinth_alloc(maze, 0);
		assert_int_equal(labyrinth_free(maze, out[0]), 0);
	}
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_DEPOT], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_RETURNED], 9);
	unit_end(maze);
}

/* to_user leaves the data and nothing of what was there before */
static void test_zeroed_tail(void **state)
{
	struct labyrinth *maze = unit_pool(1, 1, LABYRINTH_POLICY_POOL);
	static const unsigned int lengths[] = { 0, 1, 8, 100, PAGE - 1, PAGE };
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		labyrinth_page_t page = labyrinth_alloc(maze, 0);
		unsigned char *data = labyrinth_page_addr(page);

		memset(data, 0xee, PAGE);
		assert_int_equal(labyrinth_to_user(maze, page, PAGE + 1), -EMSGSIZE);
		assert_int_equal(labyrinth_to_user(maze, page, lengths[i]), 0);
		for (j = 0; j < PAGE; j++)
			assert_int_equal(data[j], j < lengths[i] ? 0xee : 0);
		assert_int_equal(labyrinth_free(maze, page), 0);
	}
	unit_end(maze);
}

/* Pages that are out at destroy stay good for their holders, and end the pool */
static void test_late_frees(void **state)
{
	struct labyrinth *maze = unit_pool(2, 64, LABYRINTH_POLICY_POOL);
	labyrinth_page_t cpu = labyrinth_alloc(maze, 1), device = labyrinth_alloc(maze, 2);
	labyrinth_page_t user = labyrinth_alloc(maze, 3), gone = labyrinth_alloc(maze, 4);

	(void)state;
	assert_int_equal(labyrinth_to_device(maze, device), 0);
	assert_int_equal(labyrinth_to_user(maze, user, 0), 0);
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, gone), 0);
	assert_int_equal(labyrinth_destroy(maze), -EBUSY);
	assert_true(labyrinth_page_dma(maze, cpu) == UINT64_MAX);
	assert_true(labyrinth_page_dma(maze, device) == UINT64_MAX);
	assert_true(labyrinth_page_dma(maze, user) == UINT64_MAX);

	memset(labyrinth_page_addr(cpu), 1, PAGE);
	memset(labyrinth_page_addr(device), 2, PAGE);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 5)));
	assert_int_equal(labyrinth_to_device(maze, cpu), -EBUSY);
	assert_int_equal(labyrinth_to_cpu(maze, device, 0), -EBUSY);
	assert_int_not_equal(labyrinth_free(maze, gone), 0);
	assert_int_equal(labyrinth_free(maze, device), 0);
	assert_int_not_equal(labyrinth_free(maze, device), 0);
	assert_int_equal(labyrinth_free(maze, user), 0);
	/* the last one; a leak of the pool would be the sanitizer's to report */
	assert_int_equal(labyrinth_free(maze, cpu), 0);
}

/* A thread with no front in this pool is refused, not let at another's */
static void test_cpu_number(void **state)
{
	struct labyrinth *maze = unit_pool(2, 4, LABYRINTH_POLICY_POOL);
	labyrinth_page_t page = labyrinth_alloc(maze, 1);

	(void)state;
	labyrinth_set_cpu(2);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 1)));
	assert_int_equal(errno, EUSERS);
	assert_int_equal(labyrinth_free(maze, page), -EUSERS);
	assert_int_equal(labyrinth_to_device(maze, page), -EUSERS);
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, page), 0);
	unit_end(maze);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_f_of_cpus),
		cmocka_unit_test(test_f_worst_case),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_reserve_filled_first),
		cmocka_unit_test(test_reserve_corners),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_epoch_wrap),
		cmocka_unit_test(test_address_limits),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_zeroed_tail),
		cmocka_unit_test(test_late_frees),
		cmocka_unit_test(test_cpu_number),
	};

	return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
