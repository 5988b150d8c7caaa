// SPDX-License-Identifier: GPL-2.0-only
#include "fixture.h"

static struct bed the_bed;

struct labyrinth_fw *bed(uint32_t nr_queues)
{
	/* Whatever a test before it left: init relies on nothing */
	memset(&the_bed, 0xa5, sizeof(the_bed));
	labyrinth_fw_init(&the_bed.fw, the_bed.memory, nr_queues);
	return &the_bed.fw;
}

struct labyrinth_fw_config generator(uint32_t mode)
{
	return (struct labyrinth_fw_config){
		.mode = mode,
		.source = LABYRINTH_SOURCE_GENERATOR,
		.gen_seed = ANY_SEED,
		.gen_burst = 1,
		.gen_min = 1,
		.gen_max = SIZE,
	};
}

struct labyrinth_fw_config stream(uint32_t mode)
{
	return (struct labyrinth_fw_config){
		.mode = mode,
		.source = LABYRINTH_SOURCE_STREAM,
	};
}

void start(struct labyrinth_fw *fw, uint32_t q,
	   const struct labyrinth_fw_config *cfg)
{
	assert_int_equal(labyrinth_fw_start(fw, q, cfg, true, 0), 0);
}

uint64_t dropped(const struct labyrinth_fw *fw, uint32_t q)
{
	uint64_t n = 0;

	for (int r = 0; r < LABYRINTH_DROP_REASONS; r++)
		n += fw->queue[q].count.dropped[r];
	return n;
}

uint32_t pages_taken(const struct labyrinth_fw *fw)
{
	return (uint32_t)__builtin_popcount(fw->maze.taken);
}

void check_sane(const struct labyrinth_fw *fw)
{
	uint32_t seen = 0;

	assert_true(labyrinth_fw_valid(fw));
	for (uint32_t q = 0; q < fw->nr_queues; q++) {
		const struct labyrinth_fw_queue *queue = &fw->queue[q];

		assert_true(queue->fifo_len <= PAGES);
		assert_int_equal(queue->count.produced,
				 queue->count.delivered + dropped(fw, q) +
					 queue->fifo_len);
		for (uint32_t i = 0; i < queue->fifo_len; i++) {
			const struct labyrinth_fw_page *page;

			assert_true(queue->fifo[i] < PAGES);
			assert_int_equal(seen & 1u << queue->fifo[i], 0);
			seen |= 1u << queue->fifo[i];
			page = &fw->page[queue->fifo[i]];
			assert_int_equal(page->queue, q);
			assert_true(page->stage >= LABYRINTH_FW_READY &&
				    page->stage <= LABYRINTH_FW_GRANTED);
		}
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		assert_ptr_equal(fw->page[i].data, fw->maze.base + i * SIZE);
		if (fw->page[i].stage == LABYRINTH_FW_FILLING) {
			assert_int_equal(fw->filling, i);
			seen |= 1u << i;
		} else if (fw->page[i].stage == LABYRINTH_FW_KEPT) {
			assert_int_equal(seen & 1u << i, 0);
			seen |= 1u << i;
		} else if (fw->page[i].stage == LABYRINTH_FW_WORK ||
			   fw->page[i].stage == LABYRINTH_FW_RESULT) {
			assert_int_not_equal(fw->job.phase, LABYRINTH_FW_IDLE);
			assert_int_equal(fw->page[i].queue, fw->job.queue);
			seen |= 1u << i;
		}
	}
	assert_int_equal(seen, fw->maze.taken);
	assert_int_equal(fw->maze.refused, 0);
	assert_int_equal(fw->maze.failed, 0);
}

void check_generated(const struct labyrinth_fw_page *page,
		     const struct labyrinth_fw_config *cfg)
{
	uint8_t want[SIZE];
	uint32_t length =
		labyrinth_gen_page(cfg->gen_seed, page->queue, page->seq,
				   cfg->gen_min, cfg->gen_max, want);

	assert_int_equal(page->length, length);
	assert_memory_equal(page->data, want, length);
	assert_int_equal(page->crc32c, labyrinth_crc32c(0, want, length));
}

uint64_t deliver(struct labyrinth_fw *fw, uint32_t q, uint64_t addr)
{
	const struct labyrinth_fw_page *page;
	uint64_t seq;

	if (fw->queue[q].cfg.mode == LABYRINTH_CONFIG_DEMAND)
		assert_int_equal(labyrinth_fw_grant(fw, q,
						    labyrinth_fw_req_tag(fw, q),
						    addr),
				 0);
	page = labyrinth_fw_next(fw, q);
	assert_non_null(page);
	seq = page->seq;
	labyrinth_fw_done(fw, q, true);
	return seq;
}

uint32_t draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}
