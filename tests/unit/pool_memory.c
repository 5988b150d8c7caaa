// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is not to be had, at every step; exhaustion and its end; the marks
 */
#include "pool.h"

static int fail_at;		/* the step that fails, counted from 1; 0: none */
static int fail_from;		/* all from this one on; 0: none */
static int steps;

static bool counting_hook(enum lab_hook_step step)
{
	(void)step;
	steps++;
	return steps == fail_at || (fail_from && steps >= fail_from);
}

static int hook_on(void **state)
{
	(void)state;
	fail_at = 0;
	fail_from = 0;
	steps = 0;
	lab_hook = counting_hook;
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	return 0;
}

static int hook_off(void **state)
{
	(void)state;
	lab_hook = NULL;
	return 0;
}

/* Arenas are the only mappings of this size */
#define ODD_PAGES	20743

static unsigned int arenas(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned int count = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 &&
		    to - from >= (unsigned long)ODD_PAGES * PAGE &&
		    to - from < (unsigned long)ODD_PAGES * PAGE * 2 && strstr(line, "rw-p"))
			count++;
	fclose(maps);
	return count;
}

/* Create fails whole at each of its steps; the sanitizer looks for what it left */
static void create_fails(unsigned int cpus, unsigned int pages, int expected)
{
	struct labyrinth_params params = {
		.cpus = cpus, .pages = pages, .max_pages = ODD_PAGES,
		.policy = LABYRINTH_POLICY_POOL,
	};
	unsigned int before = arenas();
	struct labyrinth *maze;

	fail_at = 0;
	steps = 0;
	maze = labyrinth_create(&params);
	assert_non_null(maze);
	assert_int_equal(arenas(), before + 1);
	unit_end(maze);
	assert_int_equal(steps, expected);
	for (fail_at = 1; fail_at <= expected; fail_at++) {
		steps = 0;
		errno = 0;
		assert_null(labyrinth_create(&params));
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(arenas(), before);
	}
	fail_at = 0;
}

#define TABLES	7	/* the pool, its four tables, fronts, arena */

static void test_create_fails(void **state)
{
	(void)state;
	create_fails(4, 10, TABLES + 10);
	/* 18 blocks of 16, and 12 pages */
	create_fails(2, 300, TABLES + 18 + 12);
}

/* What was made before the failure stays, counted; nothing else changes */
static void refill_fails(unsigned int pages, unsigned int step, unsigned int rounds)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = pages, .max_pages = 8 * pages, .high = 8 * pages,
		.policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	unsigned int total = pages, n;
	struct labyrinth_stats stats;

	assert_non_null(maze);
	for (n = 1; n <= rounds; n++) {
		int made = (n - 1) * step;

		steps = 0;
		fail_at = n;
		assert_int_equal(labyrinth_refill(maze, rounds * step), made ? made : -ENOMEM);
		total += made;
		labyrinth_stats(maze, &stats);
		assert_int_equal(stats.total, total);
		assert_int_equal(stats.refills, total - pages);
		assert_int_equal(stats.owned[LABYRINTH_OWNER_FREE], total);
	}
	fail_at = 0;
	assert_int_equal(labyrinth_refill(maze, 10 * pages), 8 * pages - total);
	assert_int_equal(labyrinth_refill(maze, 1), -ENOSPC);
	unit_end(maze);
}

static void test_refill_fails(void **state)
{
	(void)state;
	refill_fails(8, 1, 8);
	refill_fails(128, 8, 8);
}

/* The worker finds no memory, says so, and gets on when there is some again */
static void test_worker_fails(void **state)
{
	struct labyrinth_params params = {
		.cpus = 1, .pages = 16, .max_pages = 48, .low = 8, .high = 16,
		.policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	struct labyrinth_stats stats;
	labyrinth_page_t out[16];
	unsigned int i;

	(void)state;
	assert_non_null(maze);
	for (i = 0; i < 16; i++)
		assert_true(labyrinth_page_ok(out[i] = labyrinth_alloc(maze, 0)));
	fail_from = steps + 1;
	assert_int_equal(labyrinth_work(maze), -ENOMEM);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	fail_from = 0;
	assert_int_equal(labyrinth_work(maze), 0);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.total, 32);
	for (i = 0; i < 16; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	assert_int_equal(labyrinth_work(maze), 0);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.total, 16);
	assert_int_equal(stats.refills, 16);
	assert_int_equal(stats.shrunk, 32 - stats.total);
	unit_end(maze);
}

static void test_fallback_fails(void **state)
{
	struct labyrinth_params params = {
		.cpus = 1, .pages = 1, .max_pages = 4, .policy = LABYRINTH_POLICY_FALLBACK,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t first, second;
	struct labyrinth_stats stats;

	(void)state;
	assert_non_null(maze);
	first = labyrinth_alloc(maze, 0);
	fail_from = steps + 1;
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	assert_int_equal(errno, ENOMEM);
	fail_from = 0;
	second = labyrinth_alloc(maze, 0);
	assert_true(labyrinth_page_ok(second));
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_BUDDY], 1);
	assert_int_equal(stats.total, 2);
	assert_int_equal(labyrinth_free(maze, first), 0);
	assert_int_equal(labyrinth_free(maze, second), 0);
	unit_end(maze);
}

static void count_calls(void *arg)
{
	++*(unsigned int *)arg;
}

/* Down to the last page, NULL, back; the owner is told once per refusal that ends */
static void test_exhaustion(void **state)
{
	unsigned int told = 0, i;
	struct labyrinth_params params = {
		.cpus = 2, .pages = 100, .policy = LABYRINTH_POLICY_POOL,
		.refilled = count_calls, .arg = &told,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t out[100];
	struct labyrinth_stats stats;
	int round;

	(void)state;
	assert_non_null(maze);
	for (round = 1; round <= 3; round++) {
		labyrinth_set_cpu(0);
		for (i = 0; i < 100; i++)
			assert_true(labyrinth_page_ok(out[i] = labyrinth_alloc(maze, i)));
		for (i = 0; i < 10; i++) {
			assert_false(labyrinth_page_ok(labyrinth_alloc(maze, i)));
			assert_null(alloc_labyrinth_page_gfp_atomic_exclusive(maze));
		}
		labyrinth_work(maze);
		assert_int_equal(told, round - 1);
		labyrinth_set_cpu(1);
		assert_int_equal(labyrinth_free(maze, out[0]), 0);
		labyrinth_work(maze);
		labyrinth_work(maze);
		assert_int_equal(told, round);
		for (i = 1; i < 100; i++)
			assert_int_equal(labyrinth_free(maze, out[i]), 0);
		labyrinth_drain(maze);
	}
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], 60);
	unit_end(maze);
}

static void test_bad_parameters(void **state)
{
	const struct labyrinth_params good = { .cpus = 2, .pages = 8 };
	struct labyrinth_params bad[] = { good, good, good, good, good, good, good, good };
	unsigned int i;

	(void)state;
	bad[0].cpus = 0;
	bad[1].cpus = LABYRINTH_MAX_CPUS + 1;
	bad[2].pages = 0;
	bad[3].max_pages = 7;
	bad[4].low = 9;
	bad[5].high = 9;
	bad[6].reserve = 8;
	bad[7].policy = LABYRINTH_POLICY_DIRECT + 1;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_null(labyrinth_create(&bad[i]));
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(steps, 0);
}

/* What is kept back stays so, also for the CPU whose present issue it is of */
static void test_quarantine_holds(void **state)
{
	struct labyrinth *maze = unit_pool(2, 128, LABYRINTH_POLICY_POOL);
	labyrinth_page_t page, out[9], next;
	struct labyrinth_stats stats;
	unsigned int n, i;

	(void)state;
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	page = labyrinth_alloc(maze, 1);
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, page), 0);
	labyrinth_set_cpu(0);
	assert_int_equal(labyrinth_to_device(maze, page), 0);
	labyrinth_set_cpu(1);
	labyrinth_drain(maze);
	/* the owner of the block does not know, and goes on as if nothing were wrong */
	labyrinth_set_cpu(0);
	labyrinth_to_cpu(maze, page, 0);
	labyrinth_free(maze, page);
	for (i = 0; i < 500; i++) {
		n = 0;
		while (n < 9) {
			next = labyrinth_alloc(maze, 1);
			assert_true(labyrinth_page_ok(next));
			assert_int_not_equal(labyrinth_page_slot(next), labyrinth_page_slot(page));
			out[n++] = next;
		}
		while (n)
			assert_int_equal(labyrinth_free(maze, out[--n]), 0);
	}
	labyrinth_drain(maze);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_QUARANTINED], 1);
	assert_int_equal(labyrinth_destroy(maze), -EBUSY);
	assert_int_equal(labyrinth_free(maze, page), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quarantine_holds),
		cmocka_unit_test_setup_teardown(test_create_fails, hook_on, hook_off),
		cmocka_unit_test_setup_teardown(test_refill_fails, hook_on, hook_off),
		cmocka_unit_test_setup_teardown(test_worker_fails, hook_on, hook_off),
		cmocka_unit_test_setup_teardown(test_fallback_fails, hook_on, hook_off),
		cmocka_unit_test_setup_teardown(test_exhaustion, hook_on, hook_off),
		cmocka_unit_test_setup_teardown(test_bad_parameters, hook_on, hook_off),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
