// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random steps of several CPUs against an oracle that knows for each page who holds it
 *
 * After each step the pool's answer must be the oracle's: no page is issued that is
 * out, no handle is issued twice, each good step succeeds, each bad one gets its
 * error and changes nothing, and a refusal comes only when so few pages are free
 * that the core's head comment allows it.  The one freedom that a bad free has: a
 * duplicate on another CPU than the first free may return 0 while that may still wait
 * in a table, or if the other CPU knows the page's issue from before.  Then it is
 * found late, once, and never does harm.
 */
#include "pool.h"
#include "user.h"

#define STEPS		1250000	/* for each of the shapes below: 10 million in all */
#define MAX_OUT		1200
#define DEAD		256	/* handles of the past, for bad frees */

struct shape {
	const char *name;
	struct labyrinth_params params;
};

static const struct shape shapes[] = {
	{ "one CPU", { .cpus = 1, .pages = 64, .policy = LABYRINTH_POLICY_POOL } },
	{ "no fronts", { .cpus = 8, .pages = 63, .policy = LABYRINTH_POLICY_POOL } },
	{ "eight CPUs, blocks of 8", { .cpus = 8, .pages = 512, .policy = LABYRINTH_POLICY_POOL } },
	{ "blocks of 64, reserve",
	  { .cpus = 2, .pages = 1024, .reserve = 100, .policy = LABYRINTH_POLICY_POOL } },
	{ "blocks of 16, odd number", { .cpus = 4, .pages = 603, .policy = LABYRINTH_POLICY_POOL } },
	{ "one page", { .cpus = 3, .pages = 1, .policy = LABYRINTH_POLICY_POOL } },
	{ "fallback, marks",
	  { .cpus = 4, .pages = 256, .max_pages = 600, .low = 40, .high = 200, .reserve = 10,
	    .policy = LABYRINTH_POLICY_FALLBACK } },
	{ "direct", { .cpus = 2, .pages = 64, .policy = LABYRINTH_POLICY_DIRECT } },
};

struct entry {
	labyrinth_page_t page;
	enum labyrinth_owner owner;
};

/* A handle that was freed: on which CPUs a free returned 0, and on which it may wait */
struct grave {
	labyrinth_page_t page;
	unsigned int freed;
	unsigned int waiting;
};

struct model {
	struct labyrinth *maze;
	const struct labyrinth_params *params;
	uint64_t seed;
	unsigned int cpu;
	enum labyrinth_context context;
	struct entry out[MAX_OUT];
	int place[4096];		/* of a slot in out, plus 1 */
	unsigned int count;
	struct grave dead[DEAD];
	unsigned int deaths;
	uint64_t allocs, fails, frees, refused;
	uint64_t twice;			/* bad frees that returned 0 */
	uint64_t last_epoch[4096];	/* of a slot, not wrapped */
};

static struct entry *model_by_slot(struct model *m, unsigned int slot)
{
	return m->place[slot] ? &m->out[m->place[slot] - 1] : NULL;
}

static void model_add(struct model *m, labyrinth_page_t page)
{
	unsigned int slot = labyrinth_page_slot(page);
	uint64_t step;

	assert_in_range(slot, 0, m->maze->core.hot.slots - 1);
	assert_null(model_by_slot(m, slot));
	assert_int_equal((uintptr_t)labyrinth_page_addr(m->maze, page) % PAGE, 0);
	assert_true(labyrinth_page_dma(m->maze, page) != UINT64_MAX);
	/* epochs of a slot go forward, so no handle comes again before they wrap */
	step = (uint16_t)(labyrinth_page_epoch(page) - m->last_epoch[slot]);
	assert_true(step > 0 && step < 0x8000);
	m->last_epoch[slot] = labyrinth_page_epoch(page);
	m->out[m->count++] = (struct entry){ page, LABYRINTH_OWNER_CPU };
	m->place[slot] = m->count;
	m->allocs++;
}

static void model_remove(struct model *m, struct entry *e)
{
	m->dead[m->deaths++ % DEAD] = (struct grave){ e->page, 1u << m->cpu, 1u << m->cpu };
	m->frees++;
	m->place[labyrinth_page_slot(e->page)] = 0;
	*e = m->out[--m->count];
	if (e != &m->out[m->count])
		m->place[labyrinth_page_slot(e->page)] = e - m->out + 1;
}

/* What a caller is promised however the free pages lie */
static void model_check_refusal(struct model *m)
{
	unsigned int allowed = labyrinth_may_strand(m->maze);
	unsigned int limit = m->params->max_pages ? m->params->max_pages : m->params->pages;
	struct labyrinth_stats stats;

	labyrinth_stats(m->maze, &stats);
	if (m->context == LABYRINTH_CTX_PROCESS)
		allowed += m->params->reserve;
	if (m->context == LABYRINTH_CTX_NMI && allowed)
		allowed += lab_size(&m->maze->core);
	assert_in_range(stats.total - m->count, 0, allowed);
	if (m->params->policy != LABYRINTH_POLICY_POOL && m->context != LABYRINTH_CTX_NMI)
		assert_int_equal(stats.total, limit);
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
	model_add(m, page);
}

static void model_alloc_many(struct model *m)
{
	unsigned int want = 1 + unit_below(&m->seed, 64), got, i;
	labyrinth_page_t pages[64];
	struct labyrinth_run run;
	uint64_t left;

	if (m->count + want > MAX_OUT)
		return;
	if (unit_below(&m->seed, 2)) {
		got = labyrinth_alloc_run(m->maze, want, 1, &run);
		assert_in_range(got, 0, want);
		assert_int_equal(got, __builtin_popcountll(run.mask));
		for (left = run.mask; left; left &= left - 1)
			model_add(m, (labyrinth_page_t){ run.base + __builtin_ctzll(left) });
		m->fails += !got;
		if (!got)
			model_check_refusal(m);
		return;
	}
	got = labyrinth_alloc_bulk(m->maze, 1, pages, want);
	assert_in_range(got, 0, want);
	for (i = 0; i < got; i++)
		model_add(m, pages[i]);
	m->fails += got < want;
	if (got < want)
		model_check_refusal(m);
}

static void model_free(struct model *m, struct entry *e)
{
	bool may = e->owner == LABYRINTH_OWNER_CPU || e->owner == LABYRINTH_OWNER_USER;

	assert_int_equal(labyrinth_free(m->maze, e->page), may ? 0 : -EBUSY);
	if (may)
		model_remove(m, e);
	else
		m->refused++;
}

static void model_free_run(struct model *m, struct entry *e)
{
	uint64_t bit, size = lab_size(&m->maze->core);
	struct labyrinth_run run = { e->page.v & ~(size - 1), 0 };
	unsigned int slot = labyrinth_page_slot(e->page) & ~(size - 1);

	for (bit = 0; bit < size; bit++) {
		e = model_by_slot(m, slot + bit);
		if (e && e->page.v == run.base + bit && e->owner == LABYRINTH_OWNER_CPU)
			run.mask |= 1ULL << bit;
	}
	assert_int_equal(labyrinth_free_run(m->maze, &run), 0);
	for (bit = 0; bit < size; bit++)
		if (run.mask >> bit & 1)
			model_remove(m, model_by_slot(m, slot + bit));
}

static void model_free_many(struct model *m)
{
	unsigned int want = 1 + unit_below(&m->seed, 40), i, n = 0;
	labyrinth_page_t pages[40];

	for (i = m->count; i-- > 0 && n < want; )
		if (m->out[i].owner == LABYRINTH_OWNER_CPU)
			pages[n++] = m->out[i].page;
	assert_int_equal(labyrinth_free_bulk(m->maze, pages, n), n);
	while (n)
		model_remove(m, model_by_slot(m, labyrinth_page_slot(pages[--n])));
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

/* Does this CPU know the handle's issue, as the one it allocates from or in its table? */
static bool model_known(struct model *m, labyrinth_page_t page)
{
	struct lab_front *front = lab_front_of(&m->maze->core, m->cpu);
	unsigned int i;

	if ((page.v ^ front->hot.key) < LABYRINTH_BLOCK_MAX)
		return true;
	for (i = 0; i < LAB_TABLE; i++)
		if (page.v - front->table[i].key < LABYRINTH_BLOCK_MAX &&
		    front->table[i].ok >> (page.v - front->table[i].key) & 1)
			return true;
	return false;
}

/* A free of a handle that is dead, also if its page is out again */
static void model_stale_free(struct model *m, struct grave *g)
{
	bool known = model_known(m, g->page);
	int got = labyrinth_free(m->maze, g->page);

	if (!got) {
		assert_false(g->freed >> m->cpu & 1);
		assert_true(g->waiting || known);
		g->freed |= 1u << m->cpu;
		g->waiting |= 1u << m->cpu;
		m->twice++;
		return;
	}
	assert_true(got == -ESTALE || got == -EBUSY);
	m->refused++;
}

/* A hand-over of one; on another CPU than its free's it could be mistaken: another test's */
static void model_stale_pass(struct model *m, struct grave *g)
{
	if (!(g->freed >> m->cpu & 1) && (g->waiting || model_known(m, g->page)))
		return;
	assert_true(labyrinth_to_device(m->maze, g->page) < 0);
	assert_true(labyrinth_to_cpu(m->maze, g->page, 0) < 0);
	assert_true(labyrinth_to_user(m->maze, g->page, 0) < 0);
	m->refused += 3;
}

/* Of an issue before the page's last one, so perhaps a good handle in its time? */
static bool model_older(struct model *m, uint64_t v)
{
	unsigned int slot = v & LABYRINTH_SLOT_MASK;

	return slot < m->maze->core.hot.slots &&
	       (uint16_t)(m->last_epoch[slot] - (v >> LABYRINTH_EPOCH_SHIFT)) < 0x8000;
}

/* A handle that nobody was given: anything, or near to one that is good */
static void model_forged(struct model *m)
{
	uint64_t v = unit_random(&m->seed), dice = unit_below(&m->seed, 8);
	unsigned int i, slot;

	if (m->count && dice) {
		uint64_t good = m->out[unit_below(&m->seed, m->count)].page.v;

		/* one of the 16-bit quarters, or a neighbour in the block and its issue */
		v = dice < 5 ? good ^ (v & 0xffffULL << (16 * (dice - 1))) : good ^ v % 64;
	}
	slot = v & LABYRINTH_SLOT_MASK;
	/* given to somebody once, if no longer among the dead: not forged */
	if (slot < m->maze->core.hot.slots &&
	    v >> LABYRINTH_EPOCH_SHIFT == m->last_epoch[slot])
		return;
	if (model_known(m, (labyrinth_page_t){ v }) && model_older(m, v))
		return;
	for (i = 0; i < DEAD; i++)
		if (m->dead[i].page.v == v)
			return;
	assert_true(labyrinth_free(m->maze, (labyrinth_page_t){ v }) < 0);
	m->refused++;
}

static void model_drain(struct model *m)
{
	unsigned int i;

	labyrinth_drain(m->maze);
	for (i = 0; i < DEAD; i++)
		m->dead[i].waiting &= ~(1u << m->cpu);
}

static void model_compare(struct model *m)
{
	unsigned int owned[LABYRINTH_NR_OWNERS] = { 0 };
	struct labyrinth_stats stats;
	uint64_t allocs = 0, hidden;
	unsigned int i;

	for (i = 0; i < m->count; i++)
		owned[m->out[i].owner]++;
	labyrinth_stats(m->maze, &stats);
	/* bad frees that are not found yet count as frees of pages that are free */
	hidden = m->twice - stats.late;
	assert_in_range(stats.owned[LABYRINTH_OWNER_CPU] + hidden, owned[LABYRINTH_OWNER_CPU],
			owned[LABYRINTH_OWNER_CPU] + hidden);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_DEVICE], owned[LABYRINTH_OWNER_DEVICE]);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_USER], owned[LABYRINTH_OWNER_USER]);
	assert_int_equal(stats.owned[LABYRINTH_OWNER_QUARANTINED], 0);
	assert_in_range(stats.owned[LABYRINTH_OWNER_FREE], stats.total - m->count,
			stats.total - m->count + hidden);
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		allocs += stats.allocs[i];
	assert_int_equal(allocs, m->allocs);
	allocs = 0;
	for (i = 0; i < LABYRINTH_NR_CONTEXTS; i++)
		allocs += stats.contexts[i];
	assert_int_equal(allocs, m->allocs);
	assert_int_equal(stats.allocs[LABYRINTH_ROUTE_FAIL], m->fails);
	assert_int_equal(stats.frees + stats.late, m->frees + m->twice);
	assert_int_equal(stats.refused - stats.late, m->refused);
	assert_true(stats.total <= stats.limit);
}

static void model_step(struct model *m, bool filling)
{
	unsigned int dice = unit_below(&m->seed, 200);
	struct entry *e = m->count ? &m->out[unit_below(&m->seed, m->count)] : NULL;
	struct grave *g = m->deaths ? &m->dead[unit_below(&m->seed, min(m->deaths, DEAD))] : NULL;

	if (dice < 30) {
		m->cpu = unit_below(&m->seed, m->params->cpus);
		labyrinth_set_cpu(m->cpu);
		m->context = unit_below(&m->seed, LABYRINTH_NR_CONTEXTS);
		labyrinth_set_context(m->context);
	} else if (dice < (filling ? 110 : 70)) {
		model_alloc(m);
	} else if (dice < 140 && e) {
		model_free(m, e);
	} else if (dice < 160 && e) {
		model_pass(m, e, LABYRINTH_OWNER_CPU + unit_below(&m->seed, 3));
	} else if (dice < 170 && g) {
		model_stale_free(m, g);
	} else if (dice < 174 && g) {
		model_stale_pass(m, g);
	} else if (dice < 180) {
		model_forged(m);
	} else if (dice < 182) {
		labyrinth_work(m->maze);
	} else if (dice < 185) {
		model_drain(m);
	} else if (dice < 187) {
		labyrinth_refill(m->maze, unit_below(&m->seed, 4));
	} else if (dice < 190) {
		if (filling)
			model_alloc_many(m);
		else
			model_free_many(m);
	} else if (dice < 192 && e && e->owner == LABYRINTH_OWNER_CPU) {
		model_free_run(m, e);
	}
}

static void model_drain_all(struct model *m)
{
	for (m->cpu = 0; m->cpu < m->params->cpus; m->cpu++) {
		labyrinth_set_cpu(m->cpu);
		model_drain(m);
	}
	labyrinth_set_cpu(m->cpu = 0);
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
	struct labyrinth_stats stats;
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
		if (!(i % 256))
			model_compare(m);
	}
	model_compare(m);
	assert_true(m->allocs > STEPS / 20 && m->refused > STEPS / 50);
	if (shape->params.pages < MAX_OUT / 2 && !shape->params.max_pages)
		assert_true(m->fails > 0);
	model_drain_all(m);
	labyrinth_stats(m->maze, &stats);
	assert_int_equal(stats.late, m->twice);
	if (labyrinth_may_strand(m->maze) && shape->params.cpus > 1)
		assert_true(m->twice > 100);
	model_empty(m);
	model_drain_all(m);
	model_compare(m);
	print_message("# %llu pages, %llu bad calls refused, %llu found late, %llu refusals\n",
		      (unsigned long long)m->allocs, (unsigned long long)m->refused,
		      (unsigned long long)m->twice, (unsigned long long)m->fails);
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
