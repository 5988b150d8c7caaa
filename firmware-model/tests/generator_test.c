// SPDX-License-Identifier: GPL-2.0-only
/* Queues on a generator: start's refusals, order, time, drops, the end. */
#include "fixture.h"

#define RING LABYRINTH_CONFIG_RING

static void start_refuses_what_it_cannot_do(void **state)
{
	struct labyrinth_fw *fw = bed(4);
	static const struct {
		uint32_t min, max, burst;
	} bad[] = {
		{ 0, 64, 1 },
		{ 65, 64, 1 },
		{ 1, SIZE + 1, 1 },
		{ 0, 0, 1 },
		{ 1, UINT32_MAX, 1 },
		{ UINT32_MAX, 64, 1 },
		{ 1, SIZE, 0 },
		{ 1, SIZE, LABYRINTH_GEN_BURST_MAX + 1 },
		{ 1, SIZE, UINT32_MAX },
	};
	struct labyrinth_fw_config cfg;
	const int refused = -(int)LABYRINTH_ERR_BAD_CONFIG;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cfg = generator(RING);
		cfg.gen_min = bad[i].min;
		cfg.gen_max = bad[i].max;
		cfg.gen_burst = bad[i].burst;
		assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 0),
				 refused);
	}
	cfg = generator(RING);
	cfg.source = 4;
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 0), refused);
	cfg = generator(2);
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 0), refused);
	cfg = generator(RING);
	assert_int_equal(labyrinth_fw_start(fw, 4, &cfg, true, 0), refused);
	assert_int_equal(labyrinth_fw_start(fw, UINT32_MAX, &cfg, true, 0),
			 refused);
	cfg = stream(RING);
	assert_int_equal(labyrinth_fw_start(fw, 1, &cfg, true, 0), refused);
	for (uint32_t q = 0; q < 4; q++)
		assert_false(fw->queue[q].running);
	assert_int_equal(fw->maze.taken, 0);

	cfg = generator(RING);
	start(fw, 0, &cfg);
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 0), refused);
	cfg.gen_min = cfg.gen_max = SIZE;
	cfg.gen_burst = LABYRINTH_GEN_BURST_MAX;
	start(fw, 1, &cfg);
	cfg = (struct labyrinth_fw_config){ .source = LABYRINTH_SOURCE_NONE };
	start(fw, 2, &cfg);
	check_sane(fw);
}

static void calls_for_no_such_queue_do_nothing(void **state)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw before;

	(void)state;
	memcpy(&before, fw, sizeof(before));
	for (uint32_t q = 0; q < 40; q++) {
		/* 0 and 1 exist, but do not run */
		labyrinth_fw_stop(fw, q);
		labyrinth_fw_done(fw, q, true);
		assert_true(labyrinth_fw_poll(fw, q, 5) == LABYRINTH_FW_NEVER);
		assert_null(labyrinth_fw_next(fw, q));
		assert_false(labyrinth_fw_eos(fw, q));
		assert_int_equal(labyrinth_fw_req_tag(fw, q), 0);
		assert_int_equal(labyrinth_fw_req_waiting(fw, q), 0);
	}
	for (uint32_t q = 2; q < 40; q++) {
		assert_int_equal(labyrinth_fw_grant(fw, q, 8, 0),
				 -(int)LABYRINTH_ERR_STALE_TAG);
		assert_int_equal(labyrinth_fw_deny(fw, q, 8, 0),
				 -(int)LABYRINTH_ERR_STALE_TAG);
	}
	assert_int_equal(labyrinth_fw_waiting(fw), 0);
	assert_memory_equal(fw, &before, sizeof(before));
}

static void more_queues_than_there_are_is_the_most_there_are(void **state)
{
	(void)state;
	assert_int_equal(bed(17)->nr_queues, LABYRINTH_MAX_QUEUES);
	assert_int_equal(bed(UINT32_MAX)->nr_queues, LABYRINTH_MAX_QUEUES);
}

static void without_a_period_nothing_is_dropped_and_order_holds(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);
	uint64_t seq = 0;

	(void)state;
	cfg.gen_count = 1000;
	start(fw, 0, &cfg);
	while (seq < 1000) {
		const struct labyrinth_fw_page *page;

		assert_true(labyrinth_fw_poll(fw, 0, seq) ==
			    LABYRINTH_FW_NEVER);
		check_sane(fw);
		assert_false(labyrinth_fw_eos(fw, 0));
		page = labyrinth_fw_next(fw, 0);
		assert_non_null(page);
		assert_int_equal(page->seq, seq);
		assert_int_equal(page->queue, 0);
		check_generated(page, &cfg);
		/* Looking does not change anything */
		assert_ptr_equal(labyrinth_fw_next(fw, 0), page);
		labyrinth_fw_done(fw, 0, true);
		seq++;
	}
	labyrinth_fw_poll(fw, 0, seq);
	assert_null(labyrinth_fw_next(fw, 0));
	assert_int_equal(fw->queue[0].count.produced, 1000);
	assert_int_equal(fw->queue[0].count.delivered, 1000);
	assert_int_equal(dropped(fw, 0), 0);
	assert_true(labyrinth_fw_eos(fw, 0));
	assert_false(labyrinth_fw_eos(fw, 0));
	assert_int_equal(fw->maze.taken, 0);
}

static void bytes_and_failed_transfers_are_counted(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);
	uint64_t bytes = 0;

	(void)state;
	cfg.gen_count = 100;
	start(fw, 0, &cfg);
	for (int i = 0; i < 100; i++) {
		labyrinth_fw_poll(fw, 0, 0);
		if (i % 3)
			bytes += labyrinth_fw_next(fw, 0)->length;
		labyrinth_fw_done(fw, 0, i % 3);
		check_sane(fw);
	}
	assert_int_equal(fw->queue[0].count.bytes, bytes);
	assert_int_equal(fw->queue[0].count.delivered, 66);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_DMA], 34);
	/* Nothing is left: a further done is nobody's */
	labyrinth_fw_done(fw, 0, true);
	assert_int_equal(fw->queue[0].count.delivered, 66);
	check_sane(fw);
}

static void a_page_is_dropped_for_the_reason_that_is_given(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	start(fw, 0, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	labyrinth_fw_drop(fw, 0, LABYRINTH_DROP_FAULT);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_FAULT], 1);
	assert_int_equal(dropped(fw, 0), 1);
	assert_int_equal(labyrinth_fw_next(fw, 0)->seq, 1);
	check_sane(fw);
	/* No reason at all, and no page */
	labyrinth_fw_drop(fw, 0, LABYRINTH_DROP_REASONS);
	assert_int_equal(labyrinth_fw_next(fw, 0)->seq, 1);
	labyrinth_fw_stop(fw, 0);
	labyrinth_fw_drop(fw, 0, LABYRINTH_DROP_FAULT);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_FAULT], 1);
	check_sane(fw);
}

static void bursts_come_when_they_are_due(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	cfg.gen_period = 1000;
	cfg.gen_burst = 3;
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 500), 0);
	/* It is not for want of room that it waits */
	assert_int_equal(labyrinth_fw_waiting(fw), 0);
	/* The first at once, then one a period */
	assert_int_equal(labyrinth_fw_poll(fw, 0, 500), 1500);
	assert_int_equal(fw->queue[0].count.produced, 3);
	assert_int_equal(labyrinth_fw_poll(fw, 0, 1499), 1500);
	assert_int_equal(fw->queue[0].count.produced, 3);
	assert_int_equal(labyrinth_fw_poll(fw, 0, 1500), 2500);
	assert_int_equal(fw->queue[0].count.produced, 6);
	assert_int_equal(labyrinth_fw_next(fw, 0)->ready_ns, 500);
	/* Late is late, the beat stays */
	assert_int_equal(labyrinth_fw_poll(fw, 0, 2999), 3500);
	assert_int_equal(fw->queue[0].count.produced, 9);
	check_sane(fw);
}

static void with_a_period_what_finds_no_room_is_dropped_and_shows(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	cfg.gen_period = 1000;
	cfg.gen_burst = 10;
	cfg.gen_count = 25;
	start(fw, 0, &cfg);
	assert_int_equal(labyrinth_fw_poll(fw, 0, 0), 1000);
	assert_int_equal(fw->queue[0].count.produced, 10);
	assert_int_equal(fw->queue[0].fifo_len, 8);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_OVERRUN], 2);
	check_sane(fw);
	for (uint64_t seq = 0; seq < 8; seq++)
		assert_int_equal(deliver(fw, 0, 0), seq);
	assert_int_equal(labyrinth_fw_poll(fw, 0, 1000), 2000);
	/* 8 and 9 were dropped */
	check_generated(labyrinth_fw_next(fw, 0), &cfg);
	assert_int_equal(deliver(fw, 0, 0), 10);
	/* The last burst is cut short by the count */
	assert_true(labyrinth_fw_poll(fw, 0, 2000) == LABYRINTH_FW_NEVER);
	assert_int_equal(fw->queue[0].count.produced, 25);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_OVERRUN],
			 2 + 2 + 4);
	check_sane(fw);
	for (uint64_t seq = 11; seq < 18; seq++)
		assert_int_equal(deliver(fw, 0, 0), seq);
	assert_false(labyrinth_fw_eos(fw, 0));
	assert_int_equal(deliver(fw, 0, 0), 20);
	assert_true(labyrinth_fw_eos(fw, 0));
}

static void missed_bursts_cost_no_time_and_are_all_counted(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);
	const uint64_t late = UINT64_C(1) << 50;

	(void)state;
	cfg.gen_period = 1;
	cfg.gen_burst = LABYRINTH_GEN_BURST_MAX;
	start(fw, 0, &cfg);
	/* A million times as long as any test may take, were it a loop */
	assert_int_equal(labyrinth_fw_poll(fw, 0, late), late + 1);
	assert_int_equal(fw->queue[0].count.produced, (late + 1) * 256);
	check_sane(fw);
	labyrinth_fw_stop(fw, 0);

	cfg.gen_count = 1000000;
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 10), 0);
	assert_true(labyrinth_fw_poll(fw, 0, late) == LABYRINTH_FW_NEVER);
	assert_int_equal(fw->queue[0].count.produced, 1000000);
	check_sane(fw);
}

static void poll_never_asks_for_the_present(void **state)
{
	static const uint32_t periods[] = { 1, 2, 999, UINT32_MAX };

	(void)state;
	for (size_t p = 0; p < 4; p++) {
		struct labyrinth_fw *fw = bed(1);
		struct labyrinth_fw_config cfg = generator(RING);
		uint64_t random = p, now = 0;

		cfg.gen_period = periods[p];
		cfg.gen_burst = 5;
		start(fw, 0, &cfg);
		for (int i = 0; i < 1000; i++) {
			now += draw(&random, 3) * (uint64_t)periods[p] +
			       draw(&random, 3);
			assert_true(labyrinth_fw_poll(fw, 0, now) > now);
			assert_true(labyrinth_fw_poll(fw, 0, now) > now);
		}
	}
}

static void stop_drops_what_is_staged_and_clear_starts_from_zero(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	start(fw, 0, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(deliver(fw, 0, 0), 0);
	labyrinth_fw_stop(fw, 0);
	check_sane(fw);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_STOP], 7);
	assert_int_equal(fw->maze.taken, 0);
	assert_null(labyrinth_fw_next(fw, 0));
	assert_true(labyrinth_fw_poll(fw, 0, 1) == LABYRINTH_FW_NEVER);

	/* Without clear the sequence and the counters go on */
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, false, 0), 0);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(deliver(fw, 0, 0), 8);
	labyrinth_fw_stop(fw, 0);
	assert_int_equal(fw->queue[0].count.delivered, 2);

	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, true, 0), 0);
	assert_int_equal(fw->queue[0].count.produced, 0);
	assert_int_equal(dropped(fw, 0), 0);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(deliver(fw, 0, 0), 0);
}

static void an_end_that_was_not_told_is_forgotten_by_a_stop(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	cfg.gen_count = 1;
	start(fw, 0, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	deliver(fw, 0, 0);
	labyrinth_fw_stop(fw, 0);
	assert_false(labyrinth_fw_eos(fw, 0));
	cfg.gen_count = 0;
	start(fw, 0, &cfg);
	assert_false(labyrinth_fw_eos(fw, 0));
}

static void reset_is_power_on(void **state)
{
	struct labyrinth_fw *fw = bed(3);
	struct labyrinth_fw fresh;
	struct labyrinth_fw_config cfg = generator(LABYRINTH_CONFIG_DEMAND);

	(void)state;
	memcpy(&fresh, fw, sizeof(fresh));
	start(fw, 1, &cfg);
	cfg = stream(RING);
	assert_true(labyrinth_fw_stream_deal(fw, 3));
	start(fw, 0, &cfg);
	labyrinth_fw_poll(fw, 1, 7);
	labyrinth_fw_stream_push(fw, (const uint8_t *)"abc", 3, 9);
	labyrinth_fw_stream_end(fw, 9);
	fw->queue[1].req_timeout_us = 5;
	labyrinth_fw_reset(fw);
	check_sane(fw);
	/* All but the tags, which are not used again */
	assert_int_not_equal(fw->generation, 0);
	fw->generation = 0;
	assert_memory_equal(fw, &fresh, sizeof(fresh));
}

SUITE(generator_suite, TEST(start_refuses_what_it_cannot_do),
      TEST(calls_for_no_such_queue_do_nothing),
      TEST(more_queues_than_there_are_is_the_most_there_are),
      TEST(without_a_period_nothing_is_dropped_and_order_holds),
      TEST(bytes_and_failed_transfers_are_counted),
      TEST(a_page_is_dropped_for_the_reason_that_is_given),
      TEST(bursts_come_when_they_are_due),
      TEST(with_a_period_what_finds_no_room_is_dropped_and_shows),
      TEST(missed_bursts_cost_no_time_and_are_all_counted),
      TEST(poll_never_asks_for_the_present),
      TEST(stop_drops_what_is_staged_and_clear_starts_from_zero),
      TEST(an_end_that_was_not_told_is_forgotten_by_a_stop),
      TEST(reset_is_power_on));
