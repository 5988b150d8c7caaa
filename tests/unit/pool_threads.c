// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four threads, one worker: pages taken by one are freed by another, handles
 * are freed by two at once, the pool runs dry and grows and shrinks meanwhile
 *
 * Run under ThreadSanitizer, which sees a page that two threads hold as a race
 * on its bytes, and once under AddressSanitizer.
 */
#include <pthread.h>

#include "pool.h"

#define THREADS		4
#define STEPS		150000
#define SHELF		64

struct stress {
	struct labyrinth *maze;
	unsigned long shelf[SHELF];	/* handles on their way to another thread */
	unsigned long duel;		/* a handle that all try to free */
	unsigned int running;
	unsigned int wins, duels;	/* frees of duel handles that returned 0; set up */
	unsigned int wrong;
	unsigned int told;
};

struct job {
	struct stress *stress;
	unsigned int number;
	pthread_t thread;
};

static void told(void *arg)
{
	struct stress *s = arg;

	__atomic_fetch_add(&s->told, 1, __ATOMIC_RELAXED);
}

static void wrong_if(struct stress *s, bool wrong)
{
	if (wrong)
		__atomic_fetch_add(&s->wrong, 1, __ATOMIC_RELAXED);
}

/* The whole page is written and read by each holder, plainly: two at once would be a race */
static void put_on_shelf(struct stress *s, unsigned int place, labyrinth_page_t page)
{
	unsigned long *words, old;
	unsigned int i;

	if (labyrinth_page_ok(page)) {
		words = labyrinth_page_addr(s->maze, page);
		for (i = 0; i < PAGE / sizeof(long); i += 64)
			words[i] = page.v;
	}
	old = __atomic_exchange_n(&s->shelf[place % SHELF], page.v, __ATOMIC_ACQ_REL);
	if (!old)
		return;
	page.v = old;
	words = labyrinth_page_addr(s->maze, page);
	for (i = 0; i < PAGE / sizeof(long); i += 64)
		wrong_if(s, words[i] != old);
	wrong_if(s, labyrinth_to_device(s->maze, page) != 0);
	wrong_if(s, labyrinth_free(s->maze, page) != -EBUSY);
	wrong_if(s, labyrinth_to_cpu(s->maze, page, 10) != 0);
	wrong_if(s, labyrinth_to_user(s->maze, page, 10) != 0);
	wrong_if(s, labyrinth_free(s->maze, page) != 0);
	/* the page may be gone to the system, or out again, or free */
	wrong_if(s, labyrinth_free(s->maze, page) == 0);
}

/* All threads free one handle; one succeeds, the others are told so, or found late */
static void duel(struct stress *s, uint64_t *seed)
{
	labyrinth_page_t page;
	unsigned long none = 0;

	if (!unit_below(seed, 4)) {
		page = labyrinth_alloc(s->maze, 9);
		if (!labyrinth_page_ok(page))
			return;
		if (__atomic_compare_exchange_n(&s->duel, &none, page.v, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			__atomic_fetch_add(&s->duels, 1, __ATOMIC_RELAXED);
		else
			wrong_if(s, labyrinth_free(s->maze, page) != 0);
		return;
	}
	page.v = __atomic_load_n(&s->duel, __ATOMIC_ACQUIRE);
	if (!page.v || labyrinth_free(s->maze, page))
		return;
	__atomic_fetch_add(&s->wins, 1, __ATOMIC_RELAXED);
	none = page.v;
	__atomic_compare_exchange_n(&s->duel, &none, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void *work(void *arg)
{
	struct job *job = arg;
	struct stress *s = job->stress;
	uint64_t seed = 1000003 * (job->number + 1);
	unsigned int i;

	for (i = 0; i < STEPS; i++) {
		labyrinth_page_t page = { 0 };

		labyrinth_set_context(unit_below(&seed, LABYRINTH_NR_CONTEXTS));
		if (unit_below(&seed, 2))
			page = labyrinth_alloc(s->maze, job->number);
		put_on_shelf(s, unit_below(&seed, SHELF), page);
		duel(s, &seed);
		if (!unit_below(&seed, 500))
			labyrinth_drain(s->maze);
	}
	labyrinth_drain(s->maze);
	__atomic_fetch_sub(&s->running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *keep(void *arg)
{
	struct job *job = arg;
	struct stress *s = job->stress;
	struct labyrinth_stats stats;

	while (__atomic_load_n(&s->running, __ATOMIC_ACQUIRE)) {
		labyrinth_work(s->maze);
		labyrinth_refill(s->maze, 1);
		labyrinth_stats(s->maze, &stats);
		wrong_if(s, stats.total > stats.limit);
		sched_yield();
	}
	return NULL;
}

static void stress_ends(struct stress *s)
{
	struct labyrinth_stats stats;
	uint64_t allocs = 0;
	unsigned int i;

	labyrinth_set_cpu(0);
	for (i = 0; i < SHELF; i++)
		put_on_shelf(s, i, (labyrinth_page_t){ 0 });
	if (s->duel)
		assert_int_equal(labyrinth_free(s->maze, (labyrinth_page_t){ s->duel }), 0);
	labyrinth_drain(s->maze);
	labyrinth_stats(s->maze, &stats);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		allocs += stats.allocs[i];
	print_message("# %llu pages, cpu %llu returned %llu depot %llu reserve %llu buddy %llu fail %llu, refills %llu shrunk %llu, told %u, duels %u, late %llu\n",
		      (unsigned long long)allocs, stats.allocs[LABYRINTH_ROUTE_CPU],
		      stats.allocs[LABYRINTH_ROUTE_RETURNED], stats.allocs[LABYRINTH_ROUTE_DEPOT],
		      stats.allocs[LABYRINTH_ROUTE_RESERVE], stats.allocs[LABYRINTH_ROUTE_BUDDY],
		      stats.allocs[LABYRINTH_ROUTE_FAIL], stats.refills, stats.shrunk, s->told,
		      s->duels, (unsigned long long)stats.late);
	assert_int_equal(s->wrong, 0);
	assert_int_equal(s->wins - stats.late + !!s->duel, s->duels);
	assert_true(s->duels > 100);
	assert_int_equal(allocs, stats.frees);
	assert_true(stats.allocs[LABYRINTH_ROUTE_RETURNED] > 0);
	unit_end(s->maze);
}

static void stress_run(struct labyrinth_params params)
{
	struct stress s = { .running = THREADS };
	struct job jobs[THREADS + 1];
	unsigned int i;

	params.refilled = told;
	params.arg = &s;
	s.maze = labyrinth_create(&params);
	assert_non_null(s.maze);
	for (i = 0; i <= THREADS; i++) {
		jobs[i] = (struct job){ .stress = &s, .number = i };
		assert_int_equal(pthread_create(&jobs[i].thread, NULL, i < THREADS ? work : keep,
						&jobs[i]), 0);
	}
	for (i = 0; i <= THREADS; i++)
		pthread_join(jobs[i].thread, NULL);
	stress_ends(&s);
}

/* Numbers 0..4: four workers; the keeper's refill needs none */
static void test_dry(void **state)
{
	(void)state;
	stress_run((struct labyrinth_params){
		.cpus = THREADS + 2, .pages = 34, .reserve = 2, .policy = LABYRINTH_POLICY_POOL });
}

static void test_fronts(void **state)
{
	(void)state;
	stress_run((struct labyrinth_params){
		.cpus = THREADS + 2, .pages = 1024, .policy = LABYRINTH_POLICY_POOL });
}

static void test_breathing(void **state)
{
	(void)state;
	stress_run((struct labyrinth_params){
		.cpus = THREADS + 2, .pages = 512, .max_pages = 2048, .low = 400, .high = 512,
		.policy = LABYRINTH_POLICY_FALLBACK });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dry),
		cmocka_unit_test(test_fronts),
		cmocka_unit_test(test_breathing),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
