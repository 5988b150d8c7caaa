// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fairness: how eight staging pages serve up to sixteen queues, of which any
 * may stall for ever (nobody reads it, each of its requests is denied) and any
 * may start at a bad moment.  A queue *holds* its staged pages and the page
 * that is being filled for it.
 *
 * 1. Quota.  A queue holds at most max(1, 8 / queues that run).
 * 2. Reserve.  A page beyond a queue's first is taken only if enough stay free
 *    that each other running queue without a page can have one, and as many of
 *    the queues that do not run, three at most.  So a queue that is alone
 *    among two holds seven, among four or more five, and whatever stalls, in
 *    any order, up to four queues always have a page each to go on with.
 * 3. Stream.  All of the stream's pages, those kept for stopped queues
 *    included, are at most four: a stream that was given up never fills the
 *    staging.
 * 4. Solver.  While a queue with jobs runs, three pages are part of the reserve,
 *    less those that the solver's job has.  It takes them only if each of four
 *    queues can still have one; among five or more it stands in line instead.
 * 5. Line.  When even first pages are short, queues get them in the order in
 *    which they first went without.  A generator with a period keeps its place
 *    until its next burst; so a fast queue cannot always snatch the page.
 *
 * Beyond that - five or more queues, of which the others all hold on to their
 * pages - a queue waits: the data of a page is never thrown away for another.
 */
#include "fw_internal.h"

#define RESERVE_IDLE 3u
#define QUEUES_SERVED (RESERVE_IDLE + 1)
#define STREAM_PAGES (LABYRINTH_STAGING_PAGES / 2)

static uint32_t held(const struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t n = fw->queue[q].fifo_len;

	if (fw->filling >= 0 && fw->page[fw->filling].queue == q &&
	    lfw_streams(fw, q))
		n++;
	return n + lfw_job_of(fw, q);
}

static uint32_t pages_free(const struct labyrinth_fw *fw)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < LABYRINTH_STAGING_PAGES; i++)
		n += fw->page[i].stage == LABYRINTH_FW_FREE;
	return n;
}

static uint32_t pages_of_stream(const struct labyrinth_fw *fw)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
		const struct labyrinth_fw_page *page = &fw->page[i];

		n += page->stage == LABYRINTH_FW_KEPT ||
		     page->stage == LABYRINTH_FW_FILLING ||
		     (page->stage != LABYRINTH_FW_FREE &&
		      lfw_streams(fw, page->queue));
	}
	return n;
}

static bool before(uint32_t ticket, uint32_t mine)
{
	return ticket && ticket != mine &&
	       (!mine || (int32_t)(ticket - mine) < 0);
}

/* Who stands in the line before @mine; without a ticket, behind all. */
static uint32_t ahead(const struct labyrinth_fw *fw, uint32_t mine)
{
	uint32_t n = before(fw->job.ticket, mine);

	for (uint32_t i = 0; i < fw->nr_queues; i++)
		n += before(fw->queue[i].ticket, mine);
	return n;
}

static uint32_t ticket(struct labyrinth_fw *fw)
{
	/* 0 stands for none */
	fw->tickets += fw->tickets == UINT32_MAX ? 2 : 1;
	return fw->tickets;
}

/* Pages that the solver may still want, if there is anybody to want it. */
static uint32_t for_solver(const struct labyrinth_fw *fw)
{
	for (uint32_t i = 0; i < fw->nr_queues; i++) {
		if (lfw_solves(fw, i))
			return LABYRINTH_FW_WORK_PAGES - fw->job.nr_pages;
	}
	return 0;
}

static bool within_share(const struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t running = 0, without = 0, idle = 0, quota;

	for (uint32_t i = 0; i < fw->nr_queues; i++) {
		if (fw->queue[i].running) {
			running++;
			without += i != q && !held(fw, i);
		} else {
			idle++;
		}
	}
	quota = LABYRINTH_STAGING_PAGES / running;
	if (idle > RESERVE_IDLE)
		idle = RESERVE_IDLE;
	return held(fw, q) < quota &&
	       pages_free(fw) > without + idle + for_solver(fw);
}

/* @q runs. */
bool lfw_may_take(const struct labyrinth_fw *fw, uint32_t q)
{
	if (lfw_streams(fw, q) && pages_of_stream(fw) >= STREAM_PAGES)
		return false;
	if (held(fw, q))
		return within_share(fw, q);
	return pages_free(fw) > ahead(fw, fw->queue[q].ticket);
}

static int take(struct labyrinth_fw *fw, uint32_t q,
		enum labyrinth_fw_stage stage)
{
	uint8_t *data = alloc_labyrinth_page_gfp_atomic_exclusive(&fw->maze);
	int page;

	if (!data)
		return -1;
	page = (int)((size_t)(data - fw->maze.base) / LABYRINTH_PAGE_SIZE);
	fw->page[page].queue = (uint8_t)q;
	fw->page[page].stage = (uint8_t)stage;
	return page;
}

/* The index of a page for @q, or -1; a queue without any then stands in line. */
int lfw_take(struct labyrinth_fw *fw, uint32_t q)
{
	struct labyrinth_fw_queue *queue = &fw->queue[q];
	int page;

	if (!lfw_may_take(fw, q)) {
		if (!queue->ticket && !held(fw, q))
			queue->ticket = ticket(fw);
		return -1;
	}
	page = take(fw, q, LABYRINTH_FW_FILLING);
	if (page >= 0)
		queue->ticket = 0;
	return page;
}

bool lfw_may_work(const struct labyrinth_fw *fw)
{
	uint32_t running = 0, without = 0, keep = 0;

	for (uint32_t i = 0; i < fw->nr_queues; i++) {
		running += fw->queue[i].running;
		without += fw->queue[i].running && !held(fw, i);
	}
	if (running <= QUEUES_SERVED) {
		keep = QUEUES_SERVED - running;
		if (keep > fw->nr_queues - running)
			keep = fw->nr_queues - running;
		keep += without;
	}
	return pages_free(fw) > keep &&
	       pages_free(fw) > ahead(fw, fw->job.ticket);
}

bool lfw_take_work(struct labyrinth_fw *fw)
{
	struct labyrinth_fw_job *job = &fw->job;
	int page;

	if (!lfw_may_work(fw)) {
		if (!job->ticket)
			job->ticket = ticket(fw);
		return false;
	}
	page = take(fw, job->queue, LABYRINTH_FW_WORK);
	if (page < 0)
		return false;
	job->ticket = 0;
	job->pages[job->nr_pages++] = (uint8_t)page;
	return true;
}

void lfw_release(struct labyrinth_fw *fw, int page)
{
	struct labyrinth_fw_page *freed = &fw->page[page];

	freed->stage = LABYRINTH_FW_FREE;
	freed->length = 0;
	dealloc_labyrinth_page_exclusive(&fw->maze, freed->data);
}
