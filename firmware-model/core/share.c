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
 * 4. Line.  When even first pages are short, queues get them in the order in
 *    which they first went without.  A generator with a period keeps its place
 *    until its next burst; so a fast queue cannot always snatch the page.
 *
 * Beyond that - five or more queues, of which the others all hold on to their
 * pages - a queue waits: the data of a page is never thrown away for another.
 */
#include "fw_internal.h"

#define RESERVE_IDLE 3u
#define STREAM_PAGES (LABYRINTH_STAGING_PAGES / 2)

static uint32_t held(const struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t n = fw->queue[q].fifo_len;

	if (fw->filling >= 0 && fw->page[fw->filling].queue == q &&
	    lfw_streams(fw, q))
		n++;
	return n;
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

/* Queues that stand in the line before @q; without a ticket, behind all. */
static uint32_t ahead(const struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t mine = fw->queue[q].ticket;
	uint32_t n = 0;

	for (uint32_t i = 0; i < fw->nr_queues; i++) {
		uint32_t ticket = fw->queue[i].ticket;

		n += i != q && ticket &&
		     (!mine || (int32_t)(ticket - mine) < 0);
	}
	return n;
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
	return held(fw, q) < quota && pages_free(fw) > without + idle;
}

/* @q runs. */
bool lfw_may_take(const struct labyrinth_fw *fw, uint32_t q)
{
	if (lfw_streams(fw, q) && pages_of_stream(fw) >= STREAM_PAGES)
		return false;
	if (held(fw, q))
		return within_share(fw, q);
	return pages_free(fw) > ahead(fw, q);
}

/* The index of a page for @q, or -1; a queue without any then stands in line. */
int lfw_take(struct labyrinth_fw *fw, uint32_t q)
{
	struct labyrinth_fw_queue *queue = &fw->queue[q];
	uint8_t *data;
	int page;

	if (!lfw_may_take(fw, q)) {
		if (!queue->ticket && !held(fw, q)) {
			/* 0 stands for none */
			fw->tickets += fw->tickets == UINT32_MAX ? 2 : 1;
			queue->ticket = fw->tickets;
		}
		return -1;
	}
	data = alloc_labyrinth_page_gfp_atomic_exclusive(&fw->maze);
	if (!data)
		return -1;
	page = (int)((size_t)(data - fw->maze.base) / LABYRINTH_PAGE_SIZE);
	queue->ticket = 0;
	fw->page[page].queue = (uint8_t)q;
	fw->page[page].stage = LABYRINTH_FW_FILLING;
	return page;
}

void lfw_release(struct labyrinth_fw *fw, int page)
{
	struct labyrinth_fw_page *freed = &fw->page[page];

	freed->stage = LABYRINTH_FW_FREE;
	freed->length = 0;
	dealloc_labyrinth_page_exclusive(&fw->maze, freed->data);
}
