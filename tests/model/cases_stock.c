// SPDX-License-Identifier: GPL-2.0-only
/* Refill, trim, starvation, close, statistics, while others go on; cases_free.c has the manner */
#include "cases.h"

/* Pages are made while others are allocated and freed */
static void refill_setup(void)
{
	client_pool(&(struct client_shape){ .cpus = 2, .pages = 4, .slots = 8, .held_max = 1 });
	client_take(0, 0, 3);
	client_ready();
}

static void refill_singly_setup(void)
{
	client_pool(&(struct client_shape){ .cpus = 3, .pages = 5, .slots = 8, .held_max = 1 });
	client_take(0, 0, 3);
	client_ready();
}

static void refill_block(void)
{
	model_check(lab_refill(&maze->core, 4) == 4);
	model_check(lab_refill(&maze->core, 1) == -ENOSPC);
}

static void refill_pages(void)
{
	lab_refill(&maze->core, 2);
}

static void refill_alloc(void)
{
	client_alloc();
	client_free(P(0));
	client_alloc();
	client_alloc();
}

static void refill_alloc_new(void)
{
	struct lab_caller who = { .context = LABYRINTH_CTX_PROCESS };
	struct lab_grant grant = { .kick = false };

	if (lab_alloc_new(&maze->core, &who, &grant)) {
		client.handles[client.issued++] = grant.page.v;
		model_check(!client.out[labyrinth_page_slot(grant.page)]);
		client.out[labyrinth_page_slot(grant.page)] = grant.page.v;
		client_free(grant.page);
	}
}

/* The depot is below its mark: who finds that out takes one page and asks for the worker */
static void short_setup(void)
{
	client_pool(&(struct client_shape){
		.cpus = 3, .pages = 8, .slots = 12, .held_max = 1, .low = 9 });
	client_take(0, 0, 4);
	client_ready();
}

static void short_alloc(void)
{
	client_free(P(0));
	client_alloc();
	client_alloc();
	client_alloc();
}

static void short_free(void)
{
	client_free(P(1));
	client_drain();
	client_free(P(2));
	client_drain();
}

static void short_worker(void)
{
	lab_work_begin(&maze->core);
	model_check(!lab_work_balance(&maze->core));
}

/* Refused, flushed, served: the page may lie in the other CPU's table or front */
static void starve_setup(void)
{
	client_pool_of(2, 4, 2);
	client_take(1, 0, 4);
	client_ready();
}

static void starve_alloc(void)
{
	labyrinth_page_t page = client_alloc();

	model_give(&box[0], 1);
	model_take(&box[1]);
	if (!labyrinth_page_ok(page))
		page = client_alloc();
	model_check(labyrinth_page_ok(page));
}

static void starve_free(void)
{
	client_free(P(0));
	model_take(&box[0]);
	client_drain();
	model_give(&box[1], 1);
}

static void starve_other_setup(void)
{
	client_pool_of(2, 4, 2);
	client_take(0, 0, 4);
	client_ready();
}

/* The block is in no front */
static void starve_shared_setup(void)
{
	client_pool_of(2, 4, 2);
	client_take(1, 0, 4);
	client_drain();
	client_ready();
}

/*
 * Freed after the flush: the flag that the flush brought sends them to the depot, and
 * who takes one there takes no more
 */
static void starve_free_after(void)
{
	model_take(&box[0]);
	client_drain();
	client_free(P(0));
	client_free(P(1));
	client_alloc();
	model_give(&box[1], 1);
}

static void starve_refused(void)
{
	labyrinth_page_t page = client_alloc();

	model_check(!labyrinth_page_ok(page));
	model_give(&box[0], 1);
	model_take(&box[1]);
	model_check(labyrinth_page_ok(client_alloc()));
}

static void starve_worker(void)
{
	lab_work_begin(&maze->core);
	lab_work_fed(&maze->core);
}

static void starve_end(void)
{
	/* the worker was asked for: nobody waits for it unnoticed */
	model_check(client.kicks);
	client_end();
}

/* The depot is given back to the system while pages come in */
static void trim_setup(void)
{
	client_pool_of(3, 8, 1);
	client_take(0, 0, 2);
	client_drain();
	client_ready();
}

static void trim_whole_setup(void)
{
	client_pool(&(struct client_shape){ .cpus = 3, .pages = 8, .held_max = 1, .whole = true });
	client_take(0, 0, 2);
	client_drain();
	client_ready();
}

static void trim_worker(void)
{
	lab_trim(&maze->core, 0);
}

static void trim_free(void)
{
	client_free(P(0));
	client_drain();
}

static void refill_one_block(void)
{
	lab_refill(&maze->core, 4);
}

static void trim_refill(void)
{
	lab_trim(&maze->core, 0);
	lab_refill(&maze->core, 4);
}

/* The pool ends with pages out: once, by whoever is last */
static void close_setup(void)
{
	client_pool_of(3, 8, 1);
	client_take(0, 0, 4);
	client_free(P(0));
	client_free(P(1));
	client_take(1, 4, 4);
	client_free(P(4));
	client_free(P(5));
	client.worker = &box[2];
	client_ready();
}

static void close_owner(void)
{
	bool ended;

	client_free(P(2));
	lab_close(&maze->core);
	model_give(&box[0], 1);
	model_take(&box[1]);
	client_drain();
	lab_trim(&maze->core, 0);
	lab_quarantine(&maze->core);
	model_check(!labyrinth_page_ok(client_alloc()));
	model_pin(1);
	ended = lab_leave(&maze->core);
	model_pin(-1);
	P(8).v += ended;
	model_give(client.worker, ended ? 2 : 1);
}

static void close_late(void)
{
	labyrinth_page_t page;

	client_free(P(6));
	page = client_alloc();
	if (labyrinth_page_ok(page))
		client_free(page);
	model_take(&box[0]);
	client_drain();
	model_give(&box[1], 1);
	client_free(P(3));
	client_free(P(7));
}

/* Runs when it is kicked: 2 is the test's own sign that there is no more to do */
static void close_worker(void)
{
	u64 why;

	do {
		why = model_take(client.worker);
		lab_work_begin(&maze->core);
		lab_trim(&maze->core, 0);
		P(9).v += lab_last(&maze->core);
	} while (why == 1 && !P(9).v);
}

static void close_end(void)
{
	model_check(!maze->core.total);
	model_check(P(8).v + P(9).v == 1);
}

/* Somebody looks at all this */
static void look_stats(void)
{
	struct labyrinth_stats stats;

	lab_stats(&maze->core, &stats);
	model_check(stats.total == 4);
}

/* The same, while the pool runs dry and is flushed */
static void row_starve_setup(void)
{
	client_pool_of(2, 4, 6);
	client_take(0, 0, 4);
	client_ready();
}

static void row_starve_free(void)
{
	client_free(P(0));
	client_free(P(1));
	client_free(P(2));
	model_take(&box[0]);
	client_drain();
	model_give(&box[1], 1);
}

const struct model_test model_stock[] = {
	CASE("refill by a block and alloc", refill_setup, .cpu = { refill_alloc, refill_block },
	     .bound = 3, .full = 5),
	CASE("refill by pages and alloc", refill_singly_setup,
	     .cpu = { refill_alloc, refill_pages, refill_alloc_new }),
	CASE("a short depot and the worker", short_setup,
	     .cpu = { short_alloc, short_free, short_worker }),
	CASE("starvation: free, flush", starve_setup, .cpu = { starve_alloc, starve_free },
	     .end = client_end, .bound = 4, .full = 6),
	CASE("starvation: the page in another's table", starve_other_setup,
	     .cpu = { starve_alloc, starve_free }, .bound = 4, .full = 6),
	CASE("starvation: flush, free", starve_shared_setup,
	     .cpu = { starve_refused, starve_free_after }, .end = starve_end, .bound = 4, .full = 6),
	CASE("starvation and the worker", starve_setup,
	     .cpu = { starve_alloc, starve_free, starve_worker }),
	CASE("trim, remote free, alloc", trim_setup, .cpu = { trim_worker, trim_free, drain_third }),
	CASE("trim of whole blocks, remote free, alloc", trim_whole_setup,
	     .cpu = { trim_worker, trim_free, drain_third }),
	CASE("trim, refill, remote free", trim_whole_setup, .cpu = { trim_refill, trim_free, drain_third }),
	CASE("trim against refill by a block", trim_whole_setup,
	     .cpu = { trim_worker, refill_one_block, trim_free }),
	CASE("trim against refill by pages", trim_setup, .cpu = { trim_worker, refill_pages, trim_free }),
	CASE("close and late frees", close_setup, .cpu = { close_owner, close_late, close_worker },
	     .end = close_end, .full = 3),
	CASE("stats meanwhile", turn_setup, .cpu = { turn_owner, turn_other, look_stats }),
	CASE("frees in a row, starvation", row_starve_setup,
	     .cpu = { starve_alloc, row_starve_free }, .bound = 4, .full = 6),
};

const unsigned int model_stock_count = sizeof(model_stock) / sizeof(model_stock[0]);
