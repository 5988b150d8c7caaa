// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Is this a state that the core could have come to?  Each staging page is in
 * exactly one place and in a stage that belongs there, and every number that is
 * an index, a length or a bound of a loop is within what the code relies on.
 */
#include "fw_internal.h"

static bool stage_of_queue(const struct labyrinth_fw_queue *queue,
			   const struct labyrinth_fw_page *page, uint32_t index)
{
	if (queue->cfg.mode == LABYRINTH_CONFIG_RING)
		return page->stage == LABYRINTH_FW_READY;
	return (page->stage == LABYRINTH_FW_ASKED ||
		page->stage == LABYRINTH_FW_REFUSED ||
		page->stage == LABYRINTH_FW_GRANTED) &&
	       page->tag >= LABYRINTH_STAGING_PAGES &&
	       page->tag % LABYRINTH_STAGING_PAGES == index;
}

/* As it was granted: a page of the host's, which no other page of ours has. */
static bool grant_valid(const struct labyrinth_fw *fw, uint32_t index)
{
	uint64_t addr = fw->page[index].addr;

	if (fw->page[index].stage != LABYRINTH_FW_GRANTED)
		return true;
	for (uint32_t i = 0; i < index; i++) {
		if (fw->page[i].stage == LABYRINTH_FW_GRANTED &&
		    fw->page[i].addr == addr)
			return false;
	}
	return addr % LABYRINTH_PAGE_SIZE == 0;
}

/* Whatever the numbers are: what was produced is delivered, dropped or here. */
static bool balances(const struct labyrinth_fw_queue *queue)
{
	uint64_t gone = queue->count.delivered + queue->fifo_len;

	for (uint32_t r = 0; r < LABYRINTH_DROP_REASONS; r++)
		gone += queue->count.dropped[r];
	return gone == queue->count.produced;
}

/* Adds the pages of @q to @seen, none of which may be there already. */
static bool queue_valid(const struct labyrinth_fw *fw, uint32_t q,
			uint32_t *seen)
{
	const struct labyrinth_fw_queue *queue = &fw->queue[q];

	if (!balances(queue))
		return false;
	if (!queue->running)
		return queue->fifo_len == 0;
	if (q >= fw->nr_queues || !lfw_config_ok(fw, q, &queue->cfg) ||
	    queue->fifo_len > LABYRINTH_STAGING_PAGES)
		return false;
	for (uint32_t i = 0; i < queue->fifo_len; i++) {
		uint32_t index = queue->fifo[i];

		if (index >= LABYRINTH_STAGING_PAGES || *seen & 1u << index ||
		    fw->page[index].queue != q ||
		    !stage_of_queue(queue, &fw->page[index], index) ||
		    !grant_valid(fw, index))
			return false;
		*seen |= 1u << index;
	}
	return true;
}

/* Adds the page to @seen, if it is in the stream's hands. */
static bool page_valid(const struct labyrinth_fw *fw, uint32_t index,
		       uint32_t *seen)
{
	const struct labyrinth_fw_page *page = &fw->page[index];
	bool filling = fw->filling == (int)index;

	if (filling != (page->stage == LABYRINTH_FW_FILLING))
		return false;
	if (filling) {
		*seen |= 1u << index;
		return page->queue == fw->stream_turn &&
		       page->length < LABYRINTH_PAGE_SIZE;
	}
	if (page->stage == LABYRINTH_FW_FREE)
		return !(*seen & 1u << index) && page->length == 0;
	if (page->stage == LABYRINTH_FW_KEPT) {
		*seen |= 1u << index;
		if (page->queue >= fw->stream_queues ||
		    page->ordinal >= fw->stream_pages)
			return false;
	}
	if (page->stage == LABYRINTH_FW_WORK ||
	    page->stage == LABYRINTH_FW_RESULT)
		return *seen & 1u << index && page->length == 0;
	return *seen & 1u << index && page->length >= 1 &&
	       page->length <= LABYRINTH_PAGE_SIZE;
}

bool labyrinth_fw_valid(const struct labyrinth_fw *fw)
{
	uint32_t seen = 0;

	if (fw->nr_queues < 1 || fw->nr_queues > LABYRINTH_MAX_QUEUES ||
	    fw->stream_queues < 1 || fw->stream_queues > fw->nr_queues ||
	    fw->stream_turn >= fw->stream_queues ||
	    fw->stream_eos >> fw->stream_queues || fw->filling < -1 ||
	    fw->filling >= (int)LABYRINTH_STAGING_PAGES)
		return false;
	for (uint32_t q = 0; q < LABYRINTH_MAX_QUEUES; q++) {
		if (!queue_valid(fw, q, &seen))
			return false;
	}
	if (!lfw_job_valid(fw, &seen))
		return false;
	for (uint32_t i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
		if (!page_valid(fw, i, &seen))
			return false;
	}
	return seen == fw->maze.taken;
}
