// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random steps against a model that knows for each page who holds it
 *
 * After each step the pool's answer must be the model's: no page is issued that
 * is out, each good step succeeds, each bad one gets its error and changes
 * nothing, and a refusal comes only when so few pages are free that the core's
 * head comment allows it.  Every so often the statistics must be the model's too.
 */
#include "pool.h"

#define STEPS		300000	/* for each of the shapes below */
#define MAX_OUT		512
#define DEAD		256	/* handles of the past, for bad frees */

struct shape {
	const char *name;
	struct labyrinth_params params;
};

static const struct shape shapes[] = {
	{ "one CPU", { .cpus = 1, .pages = 64, .policy = LABYRINTH_POLICY_POOL } },
	{ "no fronts", { .cpus = 8, .pages = 63, .policy = LABYRINTH_POLICY_POOL } },
	{ "fronts of one", { .cpus = 8, .pages = 64, .policy = LABYRINTH_POLICY_POOL } },
	{ "full fronts, reserve",
	  { .cpus = 2, .pages = 512, .reserve = 100, .policy = LABYRINTH_POLICY_POOL } },
	{ "one page", { .cpus = 3, .pages = 1, .policy = LABYRINTH_POLICY_POOL } },
	{ "fallback, marks",
	  { .cpus = 4, .pages = 100, .max_pages = 400, .low = 20, .high = 90, .reserve = 10,
	    .policy = LABYRINTH_POLICY_FALLBACK } },
	{ "direct", { .cpus = 2, .pages = 64, .policy = LABYRINTH_POLICY_DIRECT } },
};

struct entry {
	labyrinth_page_t page;
	enum labyrinth_owner owner;
};

struct model {
	struct labyrinth *maze;
	const struct labyrinth_params *params;
	uint64_t seed;
	unsigned int cpu;
	enum labyrinth_context context;
	struct entry out[MAX_OUT];
	unsigned int count;
	labyrinth_page_t dead[DEAD];
	unsigned int deaths;
	uint64_t allocs, fails, frees, refused;
};

static struct entry *model_by_addr(struct model *m, void *addr)
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (labyrinth_page_addr(m->out[i].page) == addr)
			return &m->out[i];
	return NULL;
}

static unsigned int model_free_pages(struct model *m)
{
	struct labyrinth_stats stats;

	labyrinth_stats(m->maze, &stats);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_FREE] + m->count, stats.total);
	return stats.owned[LABYRINTH_OWNER_FREE];
}

/* What a caller is promised even if other fronts hold all they can */
static void model_check_refusal(struct model *m)
{
	unsigned int others = labyrinth_may_strand(m->maze);
	unsigned int cap = m->params->cpus > 1 ? others / (m->params->cpus - 1) : 32;
	unsigned int limit = m->params->max_pages ? m->params->max_pages : m->params->pages;
	unsigned int allowed = others;

	if (m->context == LABYRINTH_CTX_PROCESS && m->params->reserve)
		allowed = m->params->reserve + others + cap;
	assert_true(model_free_pages(m) <= allowed);
	if (m->params->policy != LABYRINTH_POLICY_POOL)
		assert_true(m->count + model_free_pages(m) == limit);
}

static void model_alloc(struct model *m)
{
	labyrinth_page_t page;

	if (m->count == MAX_OUT)
		return;
	page = labyrinth_alloc(m->maze, m->count);
	if (!labyrinth_page_ok(page)) {
		m->fails++;
		model_check_refusal(m);
		return;
	}
	assert_null(model_by_addr(m, labyrinth_page_addr(page)));
	assert_int_equal((uintptr_t)labyrinth_page_addr(page) % PAGE, 0);
	assert_true(labyrinth_page_dma(m->maze, page) != UINT64_MAX);
	m->out[m->count++] = (struct entry){ page, LABYRINTH_OWNER_CPU };
	m->allocs++;
}

static void model_free(struct model *m, struct entry *e)
{
	bool may = e->owner == LABYRINTH_OWNER_CPU || e->owner == LABYRINTH_OWNER_USER;

	assert_int_equal(labyrinth_free(m->maze, e->page), may ? 0 : -EBUSY);
	if (!may) {
		m->refused++;
		return;
	}
	m->frees++;
	m->dead[m->deaths++ % DEAD] = e->page;
	*e = m->out[--m->count];
}

static void model_pass(struct model *m, struct entry *e, enum labyrinth_owner to)
{
	enum labyrinth_owner from = to == LABYRINTH_OWNER_CPU ? LABYRINTH_OWNER_DEVICE :
								LABYRINTH_OWNER_CPU;
	int got;

	if (to == LABYRINTH_OWNER_DEVICE)
		got = labyrinth_to_device(m->maze, e->page);
	else if (to == LABYRINTH_OWNER_CPU)
		got = labyrinth_to_cpu(m->maze, e->page, unit_below(&m->seed, PAGE + 1));
	else
		got = labyrinth_to_user(m->maze, e->page, unit_below(&m->seed, PAGE + 1));
	assert_int_equal(got, e->owner == from ? 0 : -EBUSY);
	if (got)
		m->refused++;
	else
		e->owner = to;
}

/* Any use of a handle that is dead is refused, also if its page is out again */
static void model_stale(struct model *m)
{
	labyrinth_page_t page = m->dead[unit_below(&m->seed, DEAD)];
	bool gone = m->params->policy != LABYRINTH_POLICY_POOL;
	int got;

	if (!labyrinth_page_ok(page))
		return;
	switch (unit_below(&m->seed, 3)) {
	case 0:
		got = labyrinth_free(m->maze, page);
		break;
	case 1:
		got = labyrinth_to_device(m->maze, page);
		break;
	default:
		got = labyrinth_to_user(m->maze, page, 1);
	}
	/* a page that went back to the system is none of the pool's */
	assert_true(got == -ESTALE || (gone && got == -EINVAL));
	assert_true(labyrinth_page_dma(m->maze, page) == UINT64_MAX);
	m->refused++;
}

static void model_compare(struct model *m)
{
	unsigned int owned[LABYRINTH_NR_OWNERS] = { 0 };
	struct labyrinth_stats stats;
	uint64_t allocs = 0;
	unsigned int i;

	for (i = 0; i < m->count; i++)
		owned[m->out[i].owner]++;
	labyrinth_stats(m->maze, &stats);
	for (i = LABYRINTH_OWNER_CPU; i < LABYRINTH_NR_OWNERS; i++)
		assert_int_equal(stats.owned[i], owned[i]);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_FREE], stats.total - m->count);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		allocs += stats.allocs[i];
	assert_int_equal(allocs, m->allocs);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], m->fails);
	assert_int_equal(stats.frees, m->frees);
	assert_int_equal(stats.refused, m->refused);
	assert_true(stats.total <= stats.limit);
}

static void model_step(struct model *m, bool filling)
{
	unsigned int dice = unit_below(&m->seed, 100);
	struct entry *e = m->count ? &m->out[unit_below(&m->seed, m->count)] : NULL;

	if (dice < 15) {
		m->cpu = unit_below(&m->seed, m->params->cpus);
		labyrinth_set_cpu(m->cpu);
		m->context = unit_below(&m->seed, LABYRINTH_NR_CONTEXTS);
		labyrinth_set_context(m->context);
	} else if (dice < (filling ? 55 : 35)) {
		model_alloc(m);
	} else if (dice < 70 && e) {
		model_free(m, e);
	} else if (dice < 85 && e) {
		model_pass(m, e, LABYRINTH_OWNER_CPU + unit_below(&m->seed, 3));
	} else if (dice < 95) {
		model_stale(m);
	} else if (dice < 96) {
		labyrinth_work(m->maze);
	} else if (dice < 97) {
		labyrinth_drain(m->maze);
	} else if (dice < 98) {
		labyrinth_refill(m->maze, unit_below(&m->seed, 4));
	}
}

static void model_empty(struct model *m)
{
	while (m->count) {
		if (m->out[0].owner == LABYRINTH_OWNER_DEVICE)
			model_pass(m, &m->out[0], LABYRINTH_OWNER_CPU);
		model_free(m, &m->out[0]);
	}
}

static void test_oracle(void **state)
{
	const struct shape *shape = *state;
	struct model *m = calloc(1, sizeof(*m));
	unsigned int i;

	assert_non_null(m);
	m->params = &shape->params;
	m->seed = 88172645463325252ull;
	m->maze = labyrinth_create(&shape->params);
	assert_non_null(m->maze);
	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_PROCESS);
	for (i = 0; i < STEPS; i++) {
		/* fill up and run dry in turn */
		model_step(m, i / 5000 % 2);
		if (!(i % 64))
			model_compare(m);
	}
	model_compare(m);
	assert_true(m->allocs > STEPS / 20 && m->refused > STEPS / 50);
	if (shape->params.pages < MAX_OUT / 2 && !shape->params.max_pages)
		assert_true(m->fails > 0);
	model_empty(m);
	model_compare(m);
	unit_end(m->maze);
	free(m);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(shapes) / sizeof(shapes[0])];
	char names[sizeof(shapes) / sizeof(shapes[0])][64];
	unsigned int i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		snprintf(names[i], sizeof(names[i]), "random steps, %s", shapes[i].name);
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = test_oracle,
			.initial_state = (void *)&shapes[i],
		};
	}
	return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
