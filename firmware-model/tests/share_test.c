// SPDX-License-Identifier: GPL-2.0-only
/* Fairness: the four rules of core/share.c, by number and by consequence. */
#include "fixture.h"

#define RING LABYRINTH_CONFIG_RING
#define DEMAND LABYRINTH_CONFIG_DEMAND

static void a_queue_alone_leaves_room_for_those_that_may_start(void **state)
{
	static const uint8_t most[17] = { 0, 8, 7, 6, 5, 5, 5, 5, 5,
					  5, 5, 5, 5, 5, 5, 5, 5 };

	(void)state;
	for (uint32_t n = 1; n <= 16; n++) {
		struct labyrinth_fw *fw = bed(n);
		struct labyrinth_fw_config cfg = generator(RING);

		start(fw, 0, &cfg);
		labyrinth_fw_poll(fw, 0, 0);
		assert_int_equal(fw->queue[0].fifo_len, most[n]);
		check_sane(fw);
	}
}

static void queues_that_run_share_in_equal_parts(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 16; n++) {
		struct labyrinth_fw *fw = bed(n);
		struct labyrinth_fw_config cfg = generator(RING);
		uint32_t quota = PAGES / n ? PAGES / n : 1;

		for (uint32_t q = 0; q < n; q++)
			start(fw, q, &cfg);
		for (uint32_t q = 0; q < n; q++)
			labyrinth_fw_poll(fw, q, 0);
		for (uint32_t q = 0; q < n; q++)
			assert_int_equal(fw->queue[q].fifo_len,
					 q < PAGES ? quota : 0);
		check_sane(fw);
	}
}

/*
 * Whatever @stalled of four queues do - in whatever order they started, on
 * whatever source, stopped or not - the others go on.
 */
static void whoever_stalls_the_others_go_on(void **state)
{
	(void)state;
	for (uint32_t order = 0; order < 256; order++) {
		struct labyrinth_fw *fw = bed(4);
		struct labyrinth_fw_config cfg = generator(DEMAND);

		for (uint32_t step = 0; step < 4; step++) {
			uint32_t q = order >> 2 * step & 3;

			/* Those before took all that they could, and stall */
			if (fw->queue[q].running)
				continue;
			start(fw, q, &cfg);
			for (int i = 0; i < 50; i++) {
				labyrinth_fw_poll(fw, q, 0);
				assert_int_equal(deliver(fw, q, SIZE), i);
				check_sane(fw);
			}
			for (uint32_t other = 0; other < 4; other++)
				labyrinth_fw_poll(fw, other, 0);
		}
	}
}

static void a_stream_that_was_given_up_leaves_room(void **state)
{
	struct labyrinth_fw *fw = bed(4);
	struct labyrinth_fw_config cfg = stream(RING);
	uint8_t data[SIZE] = { 0 };

	(void)state;
	assert_true(labyrinth_fw_stream_deal(fw, 4));
	for (uint32_t q = 0; q < 4; q++)
		start(fw, q, &cfg);
	for (int i = 0; i < 100; i++)
		labyrinth_fw_stream_push(fw, data, SIZE, 0);
	for (uint32_t q = 0; q < 4; q++)
		labyrinth_fw_stop(fw, q);
	assert_int_equal(pages_taken(fw), 4);
	cfg = generator(RING);
	for (uint32_t q = 0; q < 4; q++) {
		start(fw, q, &cfg);
		labyrinth_fw_poll(fw, q, 0);
		assert_int_equal(fw->queue[q].fifo_len, 1);
	}
}

/* Sixteen queues and eight pages: each gets its turn, as often as any other. */
static void sixteen_queues_take_turns(void **state)
{
	struct labyrinth_fw *fw = bed(16);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	for (uint32_t q = 0; q < 16; q++)
		start(fw, q, &cfg);
	for (int round = 0; round < 100; round++) {
		for (uint32_t q = 0; q < 16; q++)
			labyrinth_fw_poll(fw, q, 0);
		for (uint32_t q = 0; q < 16; q++)
			labyrinth_fw_done(fw, q, true);
		check_sane(fw);
	}
	for (uint32_t q = 0; q < 16; q++)
		assert_int_equal(fw->queue[q].count.delivered, 50);
}

/* Seven stall with a page each; of the rest one is served at once, each time. */
static void a_fast_queue_does_not_outrun_one_that_waits(void **state)
{
	struct labyrinth_fw *fw = bed(16);
	struct labyrinth_fw_config cfg = generator(RING);
	struct labyrinth_fw_config timed = cfg;

	(void)state;
	for (uint32_t q = 0; q < 7; q++) {
		start(fw, q, &cfg);
		labyrinth_fw_poll(fw, q, 0);
		while (fw->queue[q].fifo_len > 1)
			labyrinth_fw_done(fw, q, true);
	}
	start(fw, 7, &cfg);
	timed.gen_period = 1000;
	start(fw, 8, &timed);
	labyrinth_fw_poll(fw, 7, 0);
	assert_int_equal(fw->queue[7].fifo_len, 1);
	for (uint64_t now = 0; now < 10000; now += 10) {
		labyrinth_fw_poll(fw, 8, now);
		labyrinth_fw_done(fw, 7, true);
		labyrinth_fw_poll(fw, 7, now);
		labyrinth_fw_done(fw, 8, true);
		check_sane(fw);
	}
	/* They take turns: each burst that was missed earns the next */
	assert_int_equal(fw->queue[8].count.produced, 10);
	assert_int_equal(dropped(fw, 8), 5);
	assert_true(fw->queue[7].count.delivered > 400);
}

static void who_gave_up_waiting_holds_nobody_back(void **state)
{
	struct labyrinth_fw *fw = bed(16);
	struct labyrinth_fw_config cfg = generator(RING);
	struct labyrinth_fw_config last = cfg;

	(void)state;
	for (uint32_t q = 0; q < 8; q++)
		start(fw, q, &cfg);
	for (uint32_t q = 0; q < 8; q++)
		labyrinth_fw_poll(fw, q, 0);
	/* One is stopped while it waits, one has missed its only page */
	start(fw, 8, &cfg);
	labyrinth_fw_poll(fw, 8, 0);
	last.gen_period = 10;
	last.gen_count = 1;
	start(fw, 9, &last);
	labyrinth_fw_poll(fw, 9, 0);
	start(fw, 10, &cfg);
	labyrinth_fw_poll(fw, 10, 0);
	labyrinth_fw_done(fw, 0, true);
	assert_int_equal(labyrinth_fw_waiting(fw), 1 << 8);
	labyrinth_fw_stop(fw, 8);
	assert_int_equal(labyrinth_fw_waiting(fw), 1 << 10);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(fw->queue[0].fifo_len, 0);
	labyrinth_fw_poll(fw, 10, 0);
	assert_int_equal(fw->queue[10].fifo_len, 1);
	assert_int_equal(labyrinth_fw_waiting(fw), 0);
}

static void a_stream_that_waits_gets_the_next_page(void **state)
{
	struct labyrinth_fw *fw = bed(16);
	struct labyrinth_fw_config cfg = generator(RING);
	struct labyrinth_fw_config data = stream(RING);

	(void)state;
	for (uint32_t q = 1; q < 9; q++)
		start(fw, q, &cfg);
	for (uint32_t q = 1; q < 9; q++)
		labyrinth_fw_poll(fw, q, 0);
	start(fw, 0, &data);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	labyrinth_fw_done(fw, 1, true);
	assert_int_equal(labyrinth_fw_waiting(fw), 1);
	labyrinth_fw_poll(fw, 1, 0);
	assert_int_equal(fw->queue[1].fifo_len, 0);
	/* At its end it waits for nothing */
	labyrinth_fw_stream_end(fw, 0);
	assert_int_equal(labyrinth_fw_waiting(fw), 1 << 1);
	labyrinth_fw_poll(fw, 1, 0);
	assert_int_equal(fw->queue[1].fifo_len, 1);
}

static void the_line_survives_the_wrap_of_its_numbers(void **state)
{
	struct labyrinth_fw *fw = bed(16);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	fw->tickets = UINT32_MAX - 3;
	for (uint32_t q = 0; q < 16; q++)
		start(fw, q, &cfg);
	for (uint32_t q = 0; q < 16; q++)
		labyrinth_fw_poll(fw, q, 0);
	/* One page at a time becomes free: 8 to 15 get theirs in order */
	for (uint32_t q = 8; q < 16; q++) {
		labyrinth_fw_done(fw, q - 8, true);
		assert_int_equal(labyrinth_fw_waiting(fw), 1 << q);
		for (uint32_t i = 16; i--;)
			labyrinth_fw_poll(fw, i, 0);
		assert_int_equal(fw->queue[q].fifo_len, 1);
	}
}

SUITE(share_suite, TEST(a_queue_alone_leaves_room_for_those_that_may_start),
      TEST(queues_that_run_share_in_equal_parts),
      TEST(whoever_stalls_the_others_go_on),
      TEST(a_stream_that_was_given_up_leaves_room),
      TEST(sixteen_queues_take_turns),
      TEST(a_fast_queue_does_not_outrun_one_that_waits),
      TEST(who_gave_up_waiting_holds_nobody_back),
      TEST(a_stream_that_waits_gets_the_next_page),
      TEST(the_line_survives_the_wrap_of_its_numbers));
