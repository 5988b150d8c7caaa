// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Demand mode: a whole page asks the host for a buffer, under a tag.
 *
 * A tag names one request until its page is done or its queue stops, also when
 * it was denied and when it is raised anew; it is never 0 and comes back only
 * after 2^29 other requests.  An answer to anything else is refused and counted.
 */
#include "fw_internal.h"

#define SLOT_BITS 3
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define GENERATION_MAX (UINT32_MAX >> SLOT_BITS)

_Static_assert(SLOT_MASK + 1 == LABYRINTH_STAGING_PAGES,
	       "a slot per staging page");

void lfw_ask(struct labyrinth_fw *fw, int page)
{
	struct labyrinth_fw_page *asks = &fw->page[page];

	/* From 1, so that no tag is 0 */
	fw->generation = fw->generation % GENERATION_MAX + 1;
	asks->tag = fw->generation << SLOT_BITS | (uint32_t)page;
	asks->stage = LABYRINTH_FW_ASKED;
	asks->deadline = LABYRINTH_FW_NEVER;
	fw->queue[asks->queue].count.requests++;
}

/* Raise the refused requests of @q that are due; when is the next one? */
uint64_t lfw_ask_again(struct labyrinth_fw *fw, uint32_t q, uint64_t now)
{
	struct labyrinth_fw_queue *queue = &fw->queue[q];
	uint64_t next = LABYRINTH_FW_NEVER;

	for (uint32_t i = 0; i < queue->fifo_len; i++) {
		struct labyrinth_fw_page *page = &fw->page[queue->fifo[i]];

		if (page->stage != LABYRINTH_FW_REFUSED)
			continue;
		if (page->deadline <= now) {
			page->stage = LABYRINTH_FW_ASKED;
			queue->count.reraised++;
		} else if (page->deadline < next) {
			next = page->deadline;
		}
	}
	return next;
}

uint32_t labyrinth_fw_req_tag(const struct labyrinth_fw *fw, uint32_t q)
{
	if (q >= fw->nr_queues)
		return 0;
	for (uint32_t i = 0; i < fw->queue[q].fifo_len; i++) {
		const struct labyrinth_fw_page *page =
			&fw->page[fw->queue[q].fifo[i]];

		if (page->stage == LABYRINTH_FW_ASKED)
			return page->tag;
	}
	return 0;
}

uint32_t labyrinth_fw_req_waiting(const struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t asked = 0, refused = 0;

	if (q >= fw->nr_queues)
		return 0;
	for (uint32_t i = 0; i < fw->queue[q].fifo_len; i++) {
		uint8_t stage = fw->page[fw->queue[q].fifo[i]].stage;

		asked += stage == LABYRINTH_FW_ASKED;
		refused += stage == LABYRINTH_FW_REFUSED;
	}
	return refused << 16 | asked;
}

/* The page that waits under @tag in @q, denied or not; else counts a refusal. */
static struct labyrinth_fw_page *pending(struct labyrinth_fw *fw, uint32_t q,
					 uint32_t tag)
{
	struct labyrinth_fw_page *page = &fw->page[tag & SLOT_MASK];

	if (page->tag == tag && page->queue == q &&
	    (page->stage == LABYRINTH_FW_ASKED ||
	     page->stage == LABYRINTH_FW_REFUSED))
		return page;
	fw->queue[q].count.refused++;
	return NULL;
}

static bool granted_already(const struct labyrinth_fw *fw, uint64_t addr)
{
	for (uint32_t i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
		if (fw->page[i].stage == LABYRINTH_FW_GRANTED &&
		    fw->page[i].addr == addr)
			return true;
	}
	return false;
}

int labyrinth_fw_grant(struct labyrinth_fw *fw, uint32_t q, uint32_t tag,
		       uint64_t addr)
{
	struct labyrinth_fw_page *page;

	if (q >= fw->nr_queues)
		return -(int)LABYRINTH_ERR_STALE_TAG;
	page = pending(fw, q, tag);
	if (!page)
		return -(int)LABYRINTH_ERR_STALE_TAG;
	if (addr % LABYRINTH_PAGE_SIZE || granted_already(fw, addr)) {
		fw->queue[q].count.refused++;
		return -(int)LABYRINTH_ERR_BAD_GRANT;
	}
	page->addr = addr;
	page->stage = LABYRINTH_FW_GRANTED;
	return 0;
}

int labyrinth_fw_deny(struct labyrinth_fw *fw, uint32_t q, uint32_t tag,
		      uint64_t now)
{
	struct labyrinth_fw_queue *queue;
	struct labyrinth_fw_page *page;

	if (q >= fw->nr_queues)
		return -(int)LABYRINTH_ERR_STALE_TAG;
	page = pending(fw, q, tag);
	if (!page)
		return -(int)LABYRINTH_ERR_STALE_TAG;
	queue = &fw->queue[q];
	if (page->stage == LABYRINTH_FW_REFUSED) {
		queue->count.refused++;
		return -(int)LABYRINTH_ERR_STALE_TAG;
	}
	page->stage = LABYRINTH_FW_REFUSED;
	page->deadline = LABYRINTH_FW_NEVER;
	if (queue->req_timeout_us)
		page->deadline = now + queue->req_timeout_us * UINT64_C(1000);
	queue->count.denied++;
	return 0;
}
