// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The queues: start, stop, the generator, and which page is transferred next.
 *
 * A page enters its queue when it is whole, with the queue's next sequence
 * number, and leaves it strictly in that order.  For each queue and always:
 * produced == delivered + dropped + staged.  A generator without a period
 * waits for staging room and drops nothing; one with a period drops what is due
 * while there is no room, consuming sequence numbers so that the gap shows.
 * All of it depends on the calls and the times that they are given, on nothing else.
 */
#include "fw_internal.h"

void labyrinth_fw_init(struct labyrinth_fw *fw, void *memory,
		       uint32_t nr_queues)
{
	memset(fw, 0, sizeof(*fw));
	fw->maze.base = memory;
	if (nr_queues > LABYRINTH_MAX_QUEUES)
		nr_queues = LABYRINTH_MAX_QUEUES;
	fw->nr_queues = nr_queues;
	labyrinth_fw_reset(fw);
}

void labyrinth_fw_reset(struct labyrinth_fw *fw)
{
	uint8_t *base = fw->maze.base;
	uint32_t nr_queues = fw->nr_queues;
	uint32_t generation = fw->generation;

	memset(fw, 0, sizeof(*fw));
	labyrinth_fw_pool_init(&fw->maze, base);
	for (size_t i = 0; i < LABYRINTH_STAGING_PAGES; i++)
		fw->page[i].data = base + i * LABYRINTH_PAGE_SIZE;
	fw->nr_queues = nr_queues;
	fw->generation = generation;
	fw->stream_queues = 1;
	fw->filling = -1;
}

static bool runs(const struct labyrinth_fw *fw, uint32_t q)
{
	return q < fw->nr_queues && fw->queue[q].running;
}

bool lfw_config_ok(const struct labyrinth_fw *fw, uint32_t q,
		   const struct labyrinth_fw_config *cfg)
{
	if (cfg->mode != LABYRINTH_CONFIG_DEMAND &&
	    cfg->mode != LABYRINTH_CONFIG_RING)
		return false;
	switch (cfg->source) {
	case LABYRINTH_SOURCE_NONE:
	case LABYRINTH_SOURCE_SOLVE:
		return true;
	case LABYRINTH_SOURCE_STREAM:
		return q < fw->stream_queues;
	case LABYRINTH_SOURCE_GENERATOR:
		return cfg->gen_burst >= 1 &&
		       cfg->gen_burst <= LABYRINTH_GEN_BURST_MAX &&
		       cfg->gen_min >= 1 && cfg->gen_min <= cfg->gen_max &&
		       cfg->gen_max <= LABYRINTH_PAGE_SIZE;
	default:
		return false;
	}
}

int labyrinth_fw_start(struct labyrinth_fw *fw, uint32_t q,
		       const struct labyrinth_fw_config *cfg, bool clear,
		       uint64_t now)
{
	struct labyrinth_fw_queue *queue;

	if (q >= fw->nr_queues || fw->queue[q].running ||
	    !lfw_config_ok(fw, q, cfg))
		return -(int)LABYRINTH_ERR_BAD_CONFIG;
	queue = &fw->queue[q];
	queue->cfg = *cfg;
	if (clear) {
		memset(&queue->count, 0, sizeof(queue->count));
		memset(&fw->jobs[q], 0, sizeof(fw->jobs[q]));
		queue->next_seq = 0;
	}
	queue->gen_next = now;
	queue->gen_left = cfg->gen_count;
	queue->eos_due = false;
	queue->running = true;
	if (cfg->source == LABYRINTH_SOURCE_STREAM)
		lfw_stream_resume(fw, q);
	return 0;
}

void labyrinth_fw_stop(struct labyrinth_fw *fw, uint32_t q)
{
	struct labyrinth_fw_queue *queue;

	if (!runs(fw, q))
		return;
	queue = &fw->queue[q];
	if (queue->cfg.source == LABYRINTH_SOURCE_STREAM) {
		lfw_stream_halt(fw, q);
	} else {
		lfw_job_halt(fw, q);
		for (uint32_t i = 0; i < queue->fifo_len; i++)
			lfw_release(fw, queue->fifo[i]);
		queue->count.dropped[LABYRINTH_DROP_STOP] += queue->fifo_len;
	}
	queue->fifo_len = 0;
	queue->ticket = 0;
	queue->running = false;
}

void lfw_stage(struct labyrinth_fw *fw, int page)
{
	struct labyrinth_fw_page *whole = &fw->page[page];
	struct labyrinth_fw_queue *queue = &fw->queue[whole->queue];

	whole->seq = queue->next_seq++;
	queue->count.produced++;
	queue->fifo[queue->fifo_len++] = (uint8_t)page;
	if (queue->cfg.mode == LABYRINTH_CONFIG_DEMAND)
		lfw_ask(fw, page);
	else
		whole->stage = LABYRINTH_FW_READY;
}

/* Pages that are due now; more than can be staged, if it is without a period. */
static uint64_t generator_due(struct labyrinth_fw_queue *queue, uint64_t now)
{
	const struct labyrinth_fw_config *cfg = &queue->cfg;
	uint64_t due = LABYRINTH_STAGING_PAGES;

	if (cfg->gen_period) {
		uint64_t bursts = 1;

		if (now < queue->gen_next)
			return 0;
		/* A 64-bit division only when bursts were missed */
		if (now - queue->gen_next >= cfg->gen_period)
			bursts += (now - queue->gen_next) / cfg->gen_period;
		queue->gen_next += bursts * cfg->gen_period;
		due = bursts * cfg->gen_burst;
	}
	if (cfg->gen_count && due > queue->gen_left)
		due = queue->gen_left;
	return due;
}

static void generate(struct labyrinth_fw *fw, uint32_t q, uint64_t now)
{
	struct labyrinth_fw_queue *queue = &fw->queue[q];
	const struct labyrinth_fw_config *cfg = &queue->cfg;
	uint64_t due = generator_due(queue, now);
	uint64_t made = 0;
	int i;

	/* At most LABYRINTH_STAGING_PAGES turns: each takes a page */
	for (; made < due && (i = lfw_take(fw, q)) >= 0; made++) {
		struct labyrinth_fw_page *page = &fw->page[i];

		page->length = (uint16_t)labyrinth_gen_page(
			cfg->gen_seed, q, queue->next_seq, cfg->gen_min,
			cfg->gen_max, page->data);
		page->crc32c = labyrinth_crc32c(0, page->data, page->length);
		page->ready_ns = now;
		lfw_stage(fw, i);
	}
	if (cfg->gen_period) {
		uint64_t lost = due - made;

		queue->next_seq += lost;
		queue->count.produced += lost;
		queue->count.dropped[LABYRINTH_DROP_OVERRUN] += lost;
		made = due;
	}
	if (!cfg->gen_count)
		return;
	queue->gen_left -= made;
	if (!queue->gen_left) {
		queue->eos_due = true;
		queue->ticket = 0;
	}
}

uint64_t labyrinth_fw_poll(struct labyrinth_fw *fw, uint32_t q, uint64_t now)
{
	struct labyrinth_fw_queue *queue;
	uint64_t next, job = LABYRINTH_FW_NEVER;

	if (!runs(fw, q))
		return LABYRINTH_FW_NEVER;
	queue = &fw->queue[q];
	if (lfw_generates(fw, q))
		generate(fw, q, now);
	if (lfw_job_of(fw, q))
		job = lfw_job_poll(fw, q, now);
	next = lfw_ask_again(fw, q, now);
	if (job < next)
		next = job;
	if (lfw_generates(fw, q) && queue->cfg.gen_period &&
	    queue->gen_next < next)
		next = queue->gen_next;
	return next;
}

uint32_t labyrinth_fw_waiting(const struct labyrinth_fw *fw)
{
	uint32_t mask = 0;

	for (uint32_t q = 0; q < fw->nr_queues; q++) {
		if (lfw_generates(fw, q) && !fw->queue[q].cfg.gen_period &&
		    lfw_may_take(fw, q))
			mask |= 1u << q;
	}
	if (lfw_stream_waiting(fw))
		mask |= 1u << fw->stream_turn;
	if (lfw_job_waiting(fw))
		mask |= 1u << fw->job.queue;
	return mask;
}

const struct labyrinth_fw_page *labyrinth_fw_next(const struct labyrinth_fw *fw,
						  uint32_t q)
{
	const struct labyrinth_fw_page *oldest;

	if (!runs(fw, q) || !fw->queue[q].fifo_len)
		return NULL;
	oldest = &fw->page[fw->queue[q].fifo[0]];
	if (oldest->stage != LABYRINTH_FW_READY &&
	    oldest->stage != LABYRINTH_FW_GRANTED)
		return NULL;
	return oldest;
}

/* The oldest page, which next() gave, leaves the queue. */
static void leave(struct labyrinth_fw *fw, uint32_t q)
{
	struct labyrinth_fw_queue *queue = &fw->queue[q];

	lfw_release(fw, queue->fifo[0]);
	queue->fifo_len--;
	for (uint32_t i = 0; i < queue->fifo_len; i++)
		queue->fifo[i] = queue->fifo[i + 1];
}

void labyrinth_fw_done(struct labyrinth_fw *fw, uint32_t q, bool delivered)
{
	const struct labyrinth_fw_page *page = labyrinth_fw_next(fw, q);

	if (!page)
		return;
	if (!delivered) {
		labyrinth_fw_drop(fw, q, LABYRINTH_DROP_DMA);
		return;
	}
	fw->queue[q].count.delivered++;
	fw->queue[q].count.bytes += page->length;
	leave(fw, q);
}

void labyrinth_fw_drop(struct labyrinth_fw *fw, uint32_t q,
		       enum labyrinth_drop why)
{
	if (!labyrinth_fw_next(fw, q) || why >= LABYRINTH_DROP_REASONS)
		return;
	fw->queue[q].count.dropped[why]++;
	leave(fw, q);
}

bool labyrinth_fw_eos(struct labyrinth_fw *fw, uint32_t q)
{
	struct labyrinth_fw_queue *queue;

	if (!runs(fw, q) || fw->queue[q].fifo_len)
		return false;
	queue = &fw->queue[q];
	if (queue->cfg.source == LABYRINTH_SOURCE_STREAM)
		return lfw_stream_eos(fw, q);
	if (!queue->eos_due)
		return false;
	queue->eos_due = false;
	return true;
}
