// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The stream: bytes from outside, cut into pages that are dealt in strict turn
 * to queues 0..stream_queues-1, so that whoever reads all of them can put the
 * stream together again.
 *
 * Nothing of it is lost.  When the queue whose turn it is cannot take a page,
 * the stream waits (room is 0).  A page that is whole while its queue is stopped,
 * or staged when it stops, is KEPT for it.  Once no stream queue runs, the kept
 * pages are dealt anew from queue 0, so that the next reader finds the stream's
 * next page there.  After an end each queue is told so once, behind its last
 * page, and only then is anything of the next connection taken.
 */
#include "fw_internal.h"

static uint32_t deal_mask(const struct labyrinth_fw *fw)
{
	return (1u << fw->stream_queues) - 1;
}

static uint32_t running_mask(const struct labyrinth_fw *fw)
{
	uint32_t mask = 0;

	for (uint32_t q = 0; q < fw->nr_queues; q++)
		mask |= (uint32_t)lfw_streams(fw, q) << q;
	return mask;
}

/*
 * The kept page with the lowest ordinal from @from on, of queues in @queues,
 * or -1.  Ordinals, because slots say nothing about the order.
 */
static int kept_from(const struct labyrinth_fw *fw, uint64_t from,
		     uint32_t queues)
{
	int oldest = -1;

	for (int i = 0; i < (int)LABYRINTH_STAGING_PAGES; i++) {
		const struct labyrinth_fw_page *page = &fw->page[i];

		if (page->stage == LABYRINTH_FW_KEPT && page->ordinal >= from &&
		    (queues & (1u << page->queue)) &&
		    (oldest < 0 || page->ordinal < fw->page[oldest].ordinal))
			oldest = i;
	}
	return oldest;
}

/* No stream queue runs. */
static void deal_anew(struct labyrinth_fw *fw)
{
	uint32_t turn = 0;
	uint64_t from = 0;
	int i;

	while ((i = kept_from(fw, from, UINT32_MAX)) >= 0) {
		fw->page[i].queue = (uint8_t)turn;
		from = fw->page[i].ordinal + 1;
		turn = (turn + 1) % fw->stream_queues;
	}
	if (fw->stream_eos) {
		/* The end comes behind these on each queue, then a new start */
		if (from)
			fw->stream_eos = deal_mask(fw);
		turn = 0;
	}
	fw->stream_turn = turn;
	if (fw->filling >= 0)
		fw->page[fw->filling].queue = (uint8_t)fw->stream_turn;
}

void lfw_stream_resume(struct labyrinth_fw *fw, uint32_t q)
{
	int i;

	/* Staging takes the page out of the kept ones */
	while ((i = kept_from(fw, 0, 1u << q)) >= 0)
		lfw_stage(fw, i);
	if (fw->stream_ended)
		fw->stream_eos |= 1u << q;
}

void lfw_stream_halt(struct labyrinth_fw *fw, uint32_t q)
{
	struct labyrinth_fw_queue *queue = &fw->queue[q];

	for (uint32_t i = 0; i < queue->fifo_len; i++)
		fw->page[queue->fifo[i]].stage = LABYRINTH_FW_KEPT;
	/* They are the newest of the queue: no gap where they were */
	queue->next_seq -= queue->fifo_len;
	queue->count.produced -= queue->fifo_len;
	queue->fifo_len = 0;
	queue->running = false;
	if (!running_mask(fw))
		deal_anew(fw);
}

bool labyrinth_fw_stream_deal(struct labyrinth_fw *fw, uint32_t n)
{
	if (n < 1 || n > fw->nr_queues || running_mask(fw))
		return false;
	fw->stream_queues = n;
	if (fw->stream_eos)
		fw->stream_eos = deal_mask(fw);
	deal_anew(fw);
	return true;
}

/* The stream could go on, if there is a page for the queue whose turn it is. */
static bool wants_page(const struct labyrinth_fw *fw)
{
	return fw->filling < 0 && !fw->stream_ended && !fw->stream_eos &&
	       lfw_streams(fw, fw->stream_turn);
}

bool lfw_stream_waiting(const struct labyrinth_fw *fw)
{
	return wants_page(fw) && lfw_may_take(fw, fw->stream_turn);
}

size_t labyrinth_fw_stream_room(struct labyrinth_fw *fw)
{
	if (wants_page(fw))
		fw->filling = (int8_t)lfw_take(fw, fw->stream_turn);
	if (fw->filling < 0)
		return 0;
	return LABYRINTH_PAGE_SIZE - fw->page[fw->filling].length;
}

/* The page that is being filled is whole. */
static void whole(struct labyrinth_fw *fw, uint64_t now)
{
	int i = fw->filling;
	struct labyrinth_fw_page *page = &fw->page[i];

	page->crc32c = labyrinth_crc32c(0, page->data, page->length);
	page->ready_ns = now;
	page->ordinal = fw->stream_pages++;
	fw->filling = -1;
	fw->stream_turn = (fw->stream_turn + 1) % fw->stream_queues;
	if (lfw_streams(fw, page->queue))
		lfw_stage(fw, i);
	else
		page->stage = LABYRINTH_FW_KEPT;
}

size_t labyrinth_fw_stream_push(struct labyrinth_fw *fw, const uint8_t *data,
				size_t n, uint64_t now)
{
	size_t room = labyrinth_fw_stream_room(fw);
	struct labyrinth_fw_page *page;

	if (n > room)
		n = room;
	if (!n)
		return 0;
	page = &fw->page[fw->filling];
	memcpy(page->data + page->length, data, n);
	page->length = (uint16_t)(page->length + n);
	fw->stream_bytes += n;
	if (page->length == LABYRINTH_PAGE_SIZE)
		whole(fw, now);
	return n;
}

void labyrinth_fw_stream_flush(struct labyrinth_fw *fw, uint64_t now)
{
	if (fw->filling >= 0 && fw->page[fw->filling].length)
		whole(fw, now);
}

void labyrinth_fw_stream_end(struct labyrinth_fw *fw, uint64_t now)
{
	labyrinth_fw_stream_flush(fw, now);
	if (fw->filling >= 0) {
		lfw_release(fw, fw->filling);
		fw->filling = -1;
	}
	fw->stream_ended = true;
	fw->stream_eos = deal_mask(fw);
	/* Who waited for a page of the stream waits no more */
	for (uint32_t q = 0; q < fw->nr_queues; q++) {
		if (lfw_streams(fw, q))
			fw->queue[q].ticket = 0;
	}
}

void labyrinth_fw_stream_begin(struct labyrinth_fw *fw)
{
	if (!fw->stream_ended)
		return;
	fw->stream_ended = false;
	fw->stream_turn = 0;
	/* A stopped queue need not hear of the end of what it has nothing of */
	if (kept_from(fw, 0, UINT32_MAX) < 0)
		fw->stream_eos &= running_mask(fw);
}

bool lfw_stream_eos(struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t bit = 1u << q;

	if (!(fw->stream_eos & bit))
		return false;
	fw->stream_eos &= ~bit;
	return true;
}
