// SPDX-License-Identifier: GPL-2.0-only
/* What the core promises in its head comment: F(CPUs), the reserve, epochs, routes, ends */
#include "pool.h"
#include "user.h"

#define CPUS	8

/* However the free pages lie, a refusal means that no more than F are free */
static void random_f(unsigned int pages, unsigned int expected)
{
	struct labyrinth *maze = unit_pool(CPUS, pages, LABYRINTH_POLICY_POOL);
	labyrinth_page_t *out = calloc(pages, sizeof(*out)), page;
	unsigned int n = 0, i, refusals = 0, worst = 0;
	uint64_t seed = 7;

	assert_non_null(out);
	assert_int_equal(labyrinth_may_strand(maze), expected);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (i = 0; i < 400000; i++) {
		labyrinth_set_cpu(unit_below(&seed, CPUS));
		if (unit_below(&seed, 16) < (i / 4096 % 2 ? 10 : 7)) {
			page = labyrinth_alloc(maze, 0);
			if (labyrinth_page_ok(page)) {
				out[n++] = page;
				continue;
			}
			refusals++;
			worst = pages - n > worst ? pages - n : worst;
			assert_true(pages - n <= expected);
			labyrinth_work(maze);
		} else if (n) {
			unsigned int pick = unit_below(&seed, n);

			assert_int_equal(labyrinth_free(maze, out[pick]), 0);
			out[pick] = out[--n];
		}
	}
	assert_true(refusals > 1000);
	/* the bound is not idle: pages did lie with other CPUs */
	assert_true(!expected || worst > 0);
	while (n)
		assert_int_equal(labyrinth_free(maze, out[--n]), 0);
	free(out);
	unit_end(maze);
}

/* 64 pages and 8 CPUs: too small for fronts, and refused only with none free */
static void test_f_of_small_pool(void **state)
{
	(void)state;
	random_f(64, 0);
}

static void test_f_of_cpus(void **state)
{
	(void)state;
	/* seven other blocks of 8, and tables of 4 */
	random_f(512, 7 * 8 + 8 * 4);
}

/* Leaves a block in each front but CPU 0's, and all tables full */
static unsigned int strand_most(struct labyrinth *maze, labyrinth_page_t *out, unsigned int pages,
				unsigned int cpus)
{
	unsigned int size = lab_size(&maze->core), most = maze->core.held_max;
	unsigned int cpu, i, n, left;

	/* every page out, taken in turn, so that each CPU's table gets another's pages */
	labyrinth_set_cpu(0);
	for (n = 0; n < pages; n++)
		assert_true(labyrinth_page_ok(out[n] = labyrinth_alloc(maze, 0)));
	/* the last (cpus - 1) blocks come back whole, each is taken by one CPU */
	left = pages - (cpus - 1) * size;
	assert_int_equal(labyrinth_free_bulk(maze, out + left, pages - left), pages - left);
	labyrinth_drain(maze);
	for (cpu = 1; cpu < cpus; cpu++) {
		labyrinth_set_cpu(cpu);
		out[left] = labyrinth_alloc(maze, 0);
		assert_true(labyrinth_page_ok(out[left]));
		assert_int_equal(labyrinth_free(maze, out[left]), 0);
		/* the issue is this CPU's own: it stays here */
	}
	/* one page of each block stays out: a table gives back what is complete */
	for (cpu = 0, i = left, n = 0; cpu < cpus; n = 0, cpu++) {
		labyrinth_set_cpu(cpu);
		while (n < most) {
			assert_true(i-- > 0);
			if (labyrinth_page_slot(out[i]) % size == 0)
				continue;
			assert_int_equal(labyrinth_free(maze, out[i]), 0);
			out[i] = out[--left];
			n++;
		}
	}
	return left;
}

/* The worst case on purpose: what other fronts keep, and all tables */
static void test_f_worst_case(void **state)
{
	static const struct { unsigned int cpus, pages; } pools[] = {
		{ 1, 64 }, { 1, 4096 }, { 2, 128 }, { 2, 1024 }, { 4, 2048 }, { 8, 512 },
		{ 8, 4096 }, { 64, 4096 }, { 64, 32768 },
	};
	unsigned int i, cpu, n, strand, got;
	struct labyrinth *maze;
	labyrinth_page_t *out;

	(void)state;
	for (i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		unsigned int cpus = pools[i].cpus, pages = pools[i].pages;

		maze = unit_pool(cpus, pages, LABYRINTH_POLICY_POOL);
		labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
		strand = labyrinth_may_strand(maze);
		assert_true(strand > 0 && strand <= pages / 8 + pages / 16);
		out = calloc(pages, sizeof(*out));
		assert_non_null(out);
		n = strand_most(maze, out, pages, cpus);
		labyrinth_set_cpu(0);
		assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
		assert_int_equal(pages - n, strand);
		/* while the refusal stands, frees are for the refused */
		labyrinth_set_cpu(cpus - 1);
		assert_int_equal(labyrinth_free(maze, out[--n]), 0);
		labyrinth_set_cpu(0);
		assert_true(labyrinth_page_ok(out[n++] = labyrinth_alloc(maze, 0)));
		/* the flush, which the worker does, brings out all */
		for (cpu = 0; cpu < cpus; cpu++) {
			labyrinth_set_cpu(cpu);
			labyrinth_drain(maze);
		}
		labyrinth_set_cpu(0);
		for (got = 0; got < strand; got++)
			assert_true(labyrinth_page_ok(out[n + got] = labyrinth_alloc(maze, 0)));
		assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
		assert_int_equal(labyrinth_free_bulk(maze, out, pages), pages);
		free(out);
		unit_end(maze);
	}
}

#define PAGES	1024

/* A caller that is not atomic never takes one of the last `reserve` pages */
static void test_reserve(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = PAGES, .reserve = 20, .policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	unsigned int n = 0, i, denied = 0, strand, own;
	struct labyrinth_stats stats;
	labyrinth_page_t out[PAGES];
	uint64_t seed = 99;

	(void)state;
	assert_non_null(maze);
	strand = labyrinth_may_strand(maze);
	own = lab_size(&maze->core);
	for (i = 0; i < 400000; i++) {
		bool atomic = !unit_below(&seed, 4);

		labyrinth_set_cpu(unit_below(&seed, 2));
		labyrinth_set_context(atomic ? LABYRINTH_CTX_SOFTIRQ : LABYRINTH_CTX_PROCESS);
		if (unit_below(&seed, 100) < (i / 5000 % 2 ? 70 : 30)) {
			labyrinth_page_t page = labyrinth_alloc(maze, 0);

			if (labyrinth_page_ok(page)) {
				out[n++] = page;
				assert_true(atomic || PAGES - n >= 20);
			} else {
				denied++;
				/* a caller that is barred may have its own block besides */
				assert_true(PAGES - n <= (atomic ? strand : 20 + strand + own));
				labyrinth_work(maze);
			}
		} else if (n) {
			assert_int_equal(labyrinth_free(maze, out[--n]), 0);
		}
	}
	labyrinth_stats(maze, &stats);
	assert_true(denied > 100);
	assert_true(stats.allocs[LABYRINTH_ROUTE_RESERVE] > 20);
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

/* Singly, where nothing lies in fronts, the reserve is exact */
static void test_reserve_exact(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 60, .reserve = 20, .policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t out[61], more[61];
	unsigned int i;

	(void)state;
	assert_non_null(maze);
	assert_int_equal(labyrinth_may_strand(maze), 0);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	assert_int_equal(take_all(maze, out), 40);
	labyrinth_set_cpu(1);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	assert_int_equal(take_all(maze, more), 20);
	/* frees fill the reserve first: a plain caller still gets none */
	for (i = 0; i < 20; i++)
		assert_int_equal(labyrinth_free(maze, more[i]), 0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	assert_int_equal(labyrinth_free(maze, out[0]), 0);
	labyrinth_work(maze);
	assert_true(labyrinth_page_ok(out[0] = labyrinth_alloc(maze, 0)));
	assert_int_equal(labyrinth_free_bulk(maze, out, 40), 40);
	unit_end(maze);
}

/* With the depot below the reserve a plain caller does not even get its own block's */
static void test_reserve_bars_front(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 256, .reserve = 20, .policy = LABYRINTH_POLICY_POOL,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t out[256], own;
	unsigned int n;

	(void)state;
	assert_non_null(maze);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	own = labyrinth_alloc(maze, 0);
	assert_true(labyrinth_page_ok(own));
	labyrinth_set_cpu(1);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	n = take_all(maze, out);
	assert_int_equal(n, 256 - 16);
	labyrinth_set_cpu(0);
	/* the other took no page of this CPU's block, and this context may */
	out[n] = labyrinth_alloc(maze, 0);
	assert_true(labyrinth_page_ok(out[n++]));
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	assert_int_equal(labyrinth_free(maze, own), 0);
	assert_int_equal(labyrinth_free_bulk(maze, out, n), n);
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

/* A stale handle is told for 65,535 further issues of its block, not for 65,536 */
static void test_epoch_wrap(void **state)
{
	struct labyrinth *maze = unit_pool(1, 1, LABYRINTH_POLICY_POOL);
	labyrinth_page_t first = labyrinth_alloc(maze, 1), page = first;
	unsigned int i;

	(void)state;
	for (i = 1; i < 65536; i++) {
		assert_int_equal(labyrinth_free(maze, page), 0);
		page = labyrinth_alloc(maze, 1);
		assert_int_equal(labyrinth_page_slot(page), labyrinth_page_slot(first));
		assert_int_equal(labyrinth_free(maze, first), -ESTALE);
	}
	assert_int_equal(labyrinth_free(maze, page), 0);
	page = labyrinth_alloc(maze, 1);
	assert_int_equal(page.v, first.v);
	assert_int_equal(labyrinth_free(maze, first), 0);
	unit_end(maze);
}

/* The same of a whole block, whose pages share an issue */
static void test_epoch_wrap_block(void **state)
{
	struct labyrinth *maze = unit_pool(1, 64, LABYRINTH_POLICY_POOL);
	labyrinth_page_t first = labyrinth_alloc(maze, 1), page = first;
	unsigned int i;

	(void)state;
	assert_true(labyrinth_may_strand(maze) > 0);
	for (i = 1; i <= 65536; i++) {
		assert_int_equal(labyrinth_free(maze, page), 0);
		labyrinth_drain(maze);
		page = labyrinth_alloc(maze, 1);
		assert_int_equal(labyrinth_page_slot(page), labyrinth_page_slot(first));
		assert_int_equal(page.v == first.v, i == 65536);
		if (i < 65536)
			assert_int_equal(labyrinth_free(maze, first), -ESTALE);
	}
	assert_int_equal(labyrinth_free(maze, first), 0);
	unit_end(maze);
}

/* The one bad free that an address cannot tell, and those that it can */
static void address_limits(unsigned int pages)
{
	struct labyrinth *maze = unit_pool(1, pages, LABYRINTH_POLICY_POOL);
	labyrinth_page_t other;
	void *page;

	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	page = alloc_labyrinth_page_gfp_atomic_exclusive(maze);
	assert_non_null(page);
	dealloc_labyrinth_page_exclusive(maze, (char *)page + 8);
	assert_int_equal(unit_refused(maze), 1);
	dealloc_labyrinth_page_exclusive(maze, page);
	dealloc_labyrinth_page_exclusive(maze, page);
	assert_int_equal(unit_refused(maze), 2);
	dealloc_labyrinth_page_exclusive(maze, NULL);
	assert_int_equal(unit_refused(maze), 2);

	labyrinth_drain(maze);
	other = labyrinth_alloc(maze, 5);
	assert_ptr_equal(labyrinth_page_addr(maze, other), page);
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

static void test_address_limits(void **state)
{
	(void)state;
	address_limits(8);
	address_limits(64);
}

/* On the same CPU a duplicate is refused in the call, wherever the first free waits */
static void test_found_at_once(void **state)
{
	struct labyrinth *maze = unit_pool(3, 192, LABYRINTH_POLICY_POOL);
	labyrinth_page_t page, all[192];
	struct labyrinth_stats stats;
	unsigned int i, n;

	(void)state;
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (i = 0; i < 3; i++) {
		labyrinth_set_cpu(0);
		page = labyrinth_alloc(maze, 1);
		labyrinth_set_cpu(i);
		assert_int_equal(labyrinth_free(maze, page), 0);
		assert_int_equal(labyrinth_free(maze, page), -ESTALE);
		labyrinth_drain(maze);
		assert_int_equal(labyrinth_free(maze, page), -ESTALE);
	}
	/* and when a refusal comes between the two, so that frees go to the depot at once */
	labyrinth_set_cpu(0);
	for (n = 0; n < 192 && labyrinth_page_ok(all[n] = labyrinth_alloc(maze, 1)); n++)
		continue;
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, all[5]), 0);
	labyrinth_set_cpu(2);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 1)));
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, all[5]), -ESTALE);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.refused, 7);
	assert_int_equal(stats.late, 0);
	all[5] = all[--n];
	assert_int_equal(labyrinth_free_bulk(maze, all, n), n);
	unit_end(maze);
}

/* A duplicate on another CPU: accepted there, found when it is to go back, once */
static void test_found_late(void **state)
{
	struct labyrinth *maze = unit_pool(3, 192, LABYRINTH_POLICY_POOL);
	struct labyrinth_stats stats;
	labyrinth_page_t page, rest[192];
	unsigned int n = 0;

	(void)state;
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	page = labyrinth_alloc(maze, 1);
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, page), 0);
	labyrinth_set_cpu(2);
	assert_int_equal(labyrinth_free(maze, page), 0);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.refused, 0);
	assert_int_equal(stats.late, 0);
	labyrinth_drain(maze);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.late, 0);
	labyrinth_set_cpu(1);
	labyrinth_drain(maze);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.late, 1);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.frees, 1);
	assert_int_equal(labyrinth_free(maze, page), -ESTALE);
	/* the page went back once */
	labyrinth_set_cpu(0);
	labyrinth_drain(maze);
	while (n < 192 && labyrinth_page_ok(rest[n] = labyrinth_alloc(maze, 1)))
		n++;
	assert_int_equal(n, 192);
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 1)));
	assert_int_equal(labyrinth_free_bulk(maze, rest, n), n);
	unit_end(maze);
}

/* A hand-over that comes after the free, where nobody can know: the page is kept back */
static void test_quarantine(void **state)
{
	struct labyrinth *maze = unit_pool(2, 128, LABYRINTH_POLICY_POOL);
	labyrinth_page_t page, out[128];
	struct labyrinth_stats stats;
	unsigned int n = 0, tries;

	(void)state;
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	page = labyrinth_alloc(maze, 1);
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, page), 0);
	labyrinth_set_cpu(0);
	assert_int_equal(labyrinth_to_device(maze, page), 0);
	labyrinth_set_cpu(1);
	labyrinth_drain(maze);
	labyrinth_set_cpu(0);
	labyrinth_drain(maze);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_QUARANTINED], 1);
	for (tries = 0; tries < 200; tries++) {
		out[n] = labyrinth_alloc(maze, 1);
		if (labyrinth_page_ok(out[n])) {
			assert_int_not_equal(labyrinth_page_slot(out[n]), labyrinth_page_slot(page));
			n++;
		}
	}
	assert_int_equal(n, 127);
	assert_int_equal(labyrinth_free(maze, page), -EBUSY);
	assert_int_equal(labyrinth_free_bulk(maze, out, n), n);
	assert_int_equal(labyrinth_destroy(maze), -EBUSY);
	/* the end of its holder's story frees it, and the pool */
	assert_int_equal(labyrinth_free(maze, page), 0);
}

/* Which way a page came, on the paths whose order is known */
static void test_routes(void **state)
{
	struct labyrinth_params params = {
		.cpus = 2, .pages = 128, .max_pages = 129, .low = 1, .reserve = 12,
		.policy = LABYRINTH_POLICY_FALLBACK,
	};
	struct labyrinth *maze = labyrinth_create(&params);
	struct labyrinth_stats stats;
	labyrinth_page_t out[129];
	unsigned int i;

	(void)state;
	assert_non_null(maze);
	assert_int_equal(lab_size(&maze->core), 8);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	/* the first page of each of the 16 blocks comes from the depot, the last from its reserve */
	for (i = 0; i < 129; i++)
		assert_true(labyrinth_page_ok(out[i] = labyrinth_alloc(maze, 0)));
	assert_false(labyrinth_page_ok(labyrinth_alloc(maze, 0)));
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_DEPOT], 15);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_RESERVE], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_CPU], 16 * 7);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_BUDDY], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], 1);
	assert_int_equal(stats.contexts[LABYRINTH_CTX_HARDIRQ], 129);
	/* another CPU frees; what it gave back comes as returned */
	labyrinth_set_cpu(1);
	for (i = 0; i < 129; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	labyrinth_drain(maze);
	labyrinth_work(maze);
	labyrinth_set_cpu(0);
	labyrinth_drain(maze);
	out[0] = labyrinth_alloc(maze, 0);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_RETURNED], 1);
	assert_int_equal(labyrinth_free(maze, out[0]), 0);
	unit_end(maze);

	/* a used-up block whose pages came back on this CPU is issued again, as cpu */
	maze = unit_pool(1, 64, LABYRINTH_POLICY_POOL);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (i = 0; i < 80; i++) {
		out[0] = labyrinth_alloc(maze, 0);
		assert_int_equal(labyrinth_free(maze, out[0]), 0);
	}
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_DEPOT], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_CPU], 79);
	unit_end(maze);

	/* singly: what came back goes before what was never issued */
	maze = unit_pool(8, 128, LABYRINTH_POLICY_POOL);
	for (i = 0; i < 10; i++) {
		out[0] = labyrinth_alloc(maze, 0);
		assert_int_equal(labyrinth_free(maze, out[0]), 0);
	}
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_DEPOT], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_RETURNED], 9);
	unit_end(maze);
}

/* An NMI takes from the depot only, whatever the front has */
static void test_nmi(void **state)
{
	struct labyrinth *maze = unit_pool(2, 128, LABYRINTH_POLICY_FALLBACK);
	labyrinth_page_t first, page, out[128];
	struct labyrinth_stats stats;
	unsigned int n = 0;

	(void)state;
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	first = labyrinth_alloc(maze, 1);
	labyrinth_set_context(LABYRINTH_CTX_NMI);
	while (labyrinth_page_ok(page = labyrinth_alloc(maze, 1))) {
		assert_true(labyrinth_page_slot(page) / 8 != labyrinth_page_slot(first) / 8);
		out[n++] = page;
	}
	assert_int_equal(n, 128 - 8);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.contexts[LABYRINTH_CTX_NMI], n);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], 1);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_BUDDY], 0);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	assert_int_equal(labyrinth_free_bulk(maze, out, n), n);
	assert_int_equal(labyrinth_free(maze, first), 0);
	unit_end(maze);
}

/* Tokens: as many pages as the mask has bits, of one issue; freed whole or in part */
static void test_runs(void **state)
{
	struct labyrinth *maze = unit_pool(2, 1024, LABYRINTH_POLICY_POOL);
	struct labyrinth_run run, part, none = { 0, 0 };
	unsigned int want, got, all = 0;
	struct labyrinth_stats stats;

	(void)state;
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (want = 1; want <= 64; want++) {
		labyrinth_set_cpu(0);
		got = labyrinth_alloc_run(maze, want, 1, &run);
		assert_in_range(got, 1, want);
		assert_int_equal(__builtin_popcountll(run.mask), got);
		all += got;
		part = (struct labyrinth_run){ run.base, run.mask & 0x5555555555555555ULL };
		labyrinth_set_cpu(want % 2);
		assert_int_equal(labyrinth_free_run(maze, &part), 0);
		assert_int_equal(labyrinth_free_run(maze, &part), part.mask ? -ESTALE : 0);
		part.mask ^= run.mask;
		assert_int_equal(labyrinth_free_run(maze, &part), 0);
	}
	assert_int_equal(labyrinth_alloc_run(maze, 0, 1, &run), 0);
	assert_int_equal(run.mask, 0);
	assert_int_equal(labyrinth_free_run(maze, &none), 0);
	labyrinth_stats(maze, &stats);
	assert_int_equal(stats.frees, all);
	assert_int_equal(stats.contexts[LABYRINTH_CTX_HARDIRQ], all);
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
		unsigned char *data = labyrinth_page_addr(maze, page);

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

	memset(labyrinth_page_addr(maze, cpu), 1, PAGE);
	memset(labyrinth_page_addr(maze, device), 2, PAGE);
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
		cmocka_unit_test(test_f_of_small_pool),
		cmocka_unit_test(test_f_of_cpus),
		cmocka_unit_test(test_f_worst_case),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_reserve_exact),
		cmocka_unit_test(test_reserve_bars_front),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_epoch_wrap),
		cmocka_unit_test(test_epoch_wrap_block),
		cmocka_unit_test(test_address_limits),
		cmocka_unit_test(test_found_at_once),
		cmocka_unit_test(test_found_late),
		cmocka_unit_test(test_quarantine),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_nmi),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_zeroed_tail),
		cmocka_unit_test(test_late_frees),
		cmocka_unit_test(test_cpu_number),
	};

	return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
