// SPDX-License-Identifier: GPL-2.0-only
/* The stream: cutting, dealing, back-pressure, flush, end and new beginning. */
#include "fixture.h"

#define RING LABYRINTH_CONFIG_RING

static struct labyrinth_fw *streaming(uint32_t nr_queues, uint32_t n,
				      uint32_t mode)
{
	struct labyrinth_fw *fw = bed(nr_queues);
	struct labyrinth_fw_config cfg = stream(mode);

	assert_true(labyrinth_fw_stream_deal(fw, n));
	for (uint32_t q = 0; q < n; q++)
		start(fw, q, &cfg);
	return fw;
}

/* The byte at @at of every test's stream */
static uint8_t byte_at(uint64_t at)
{
	return (uint8_t)(at * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/* Offer @n bytes of the stream, from @at on; how many were taken. */
static size_t push(struct labyrinth_fw *fw, uint64_t at, size_t n)
{
	uint8_t data[2 * SIZE];

	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(at + i);
	return labyrinth_fw_stream_push(fw, data, n, 0);
}

/* Deliver the oldest page of @q, which must hold the stream from @at on. */
static uint32_t take(struct labyrinth_fw *fw, uint32_t q, uint64_t at)
{
	const struct labyrinth_fw_page *page;
	uint32_t length;

	if (fw->queue[q].cfg.mode == LABYRINTH_CONFIG_DEMAND)
		assert_int_equal(labyrinth_fw_grant(fw, q,
						    labyrinth_fw_req_tag(fw, q),
						    SIZE),
				 0);
	page = labyrinth_fw_next(fw, q);
	assert_non_null(page);
	length = page->length;
	for (uint32_t i = 0; i < length; i++)
		assert_int_equal(page->data[i], byte_at(at + i));
	assert_int_equal(page->crc32c, labyrinth_crc32c(0, page->data, length));
	labyrinth_fw_done(fw, q, true);
	check_sane(fw);
	return length;
}

static void a_stream_comes_out_as_it_went_in(void **state)
{
	static const uint32_t modes[] = { RING, LABYRINTH_CONFIG_DEMAND };

	(void)state;
	for (uint32_t n = 1; n <= 16; n++) {
		struct labyrinth_fw *fw = streaming(16, n, modes[n % 2]);
		uint64_t in = 0, out = 0, random = n;
		uint32_t turn = 0;

		while (out < 64 * SIZE) {
			in += push(fw, in, draw(&random, 2 * SIZE));
			assert_int_equal(fw->stream_bytes, in);
			check_sane(fw);
			if (in - out >= SIZE) {
				assert_int_equal(take(fw, turn, out), SIZE);
				out += SIZE;
				turn = (turn + 1) % n;
			}
		}
	}
}

static void push_takes_what_room_says_and_room_keeps_its_word(void **state)
{
	struct labyrinth_fw *fw = streaming(2, 1, RING);
	struct labyrinth_fw_config cfg = generator(RING);

	(void)state;
	assert_int_equal(labyrinth_fw_stream_room(fw), SIZE);
	assert_int_equal(push(fw, 0, 100), 100);
	assert_int_equal(labyrinth_fw_stream_room(fw), SIZE - 100);
	assert_int_equal(push(fw, 100, SIZE), SIZE - 100);
	/* The promise stands, whoever takes the rest of the staging */
	assert_int_equal(labyrinth_fw_stream_room(fw), SIZE);
	start(fw, 1, &cfg);
	labyrinth_fw_poll(fw, 1, 0);
	labyrinth_fw_stop(fw, 0);
	assert_int_equal(labyrinth_fw_stream_room(fw), SIZE);
	assert_int_equal(push(fw, SIZE, SIZE), SIZE);
	/* And then the queue is stopped: no more */
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_int_equal(push(fw, 2 * SIZE, 1), 0);
	check_sane(fw);
	labyrinth_fw_reset(fw);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
}

static void it_waits_for_the_queue_whose_turn_it_is(void **state)
{
	struct labyrinth_fw *fw = bed(3);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_true(labyrinth_fw_stream_deal(fw, 3));
	start(fw, 0, &cfg);
	start(fw, 2, &cfg);
	assert_int_equal(push(fw, 0, SIZE), SIZE);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_int_equal(labyrinth_fw_waiting(fw), 0);
	/* A queue on something else is no help */
	start(fw, 1, &(struct labyrinth_fw_config){ .source = 0 });
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	labyrinth_fw_stop(fw, 1);
	start(fw, 1, &cfg);
	assert_int_equal(labyrinth_fw_waiting(fw), 1 << 1);
	assert_int_equal(push(fw, SIZE, SIZE), SIZE);
	take(fw, 0, 0);
	take(fw, 1, SIZE);
}

static void an_unread_stream_stops_and_goes_on_when_read(void **state)
{
	struct labyrinth_fw *fw = streaming(1, 1, RING);
	uint64_t in = 0;

	(void)state;
	while (labyrinth_fw_stream_room(fw))
		in += push(fw, in, SIZE);
	assert_int_equal(in, 4 * SIZE);
	assert_int_equal(labyrinth_fw_waiting(fw), 0);
	take(fw, 0, 0);
	assert_int_equal(labyrinth_fw_waiting(fw), 1);
	assert_int_equal(labyrinth_fw_stream_room(fw), SIZE);
	assert_int_equal(labyrinth_fw_waiting(fw), 0);
}

static void flush_hands_on_what_there_is(void **state)
{
	struct labyrinth_fw *fw = streaming(2, 2, RING);

	(void)state;
	labyrinth_fw_stream_flush(fw, 0);
	labyrinth_fw_stream_room(fw);
	labyrinth_fw_stream_flush(fw, 0);
	assert_int_equal(fw->queue[0].fifo_len, 0);
	push(fw, 0, 1);
	labyrinth_fw_stream_flush(fw, 77);
	assert_int_equal(labyrinth_fw_next(fw, 0)->ready_ns, 77);
	assert_int_equal(take(fw, 0, 0), 1);
	/* It was that queue's turn */
	push(fw, 1, 10);
	labyrinth_fw_stream_flush(fw, 0);
	assert_int_equal(take(fw, 1, 1), 10);
}

static void the_end_is_told_once_behind_the_last_page(void **state)
{
	struct labyrinth_fw *fw = streaming(3, 3, RING);

	(void)state;
	push(fw, 0, SIZE);
	push(fw, SIZE, 5);
	for (uint32_t q = 0; q < 3; q++)
		assert_false(labyrinth_fw_eos(fw, q));
	labyrinth_fw_stream_end(fw, 0);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_true(labyrinth_fw_eos(fw, 2));
	assert_false(labyrinth_fw_eos(fw, 0));
	take(fw, 0, 0);
	assert_true(labyrinth_fw_eos(fw, 0));
	assert_int_equal(take(fw, 1, SIZE), 5);
	assert_true(labyrinth_fw_eos(fw, 1));
	for (uint32_t q = 0; q < 3; q++)
		assert_false(labyrinth_fw_eos(fw, q));
	assert_int_equal(fw->maze.taken, 0);
}

static void an_empty_stream_is_an_end_and_no_page(void **state)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	/* It may come and go before anyone looks */
	labyrinth_fw_stream_begin(fw);
	assert_true(labyrinth_fw_stream_deal(fw, 2));
	labyrinth_fw_stream_end(fw, 0);
	start(fw, 0, &cfg);
	assert_null(labyrinth_fw_next(fw, 0));
	assert_true(labyrinth_fw_eos(fw, 0));
	assert_false(labyrinth_fw_eos(fw, 0));
	start(fw, 1, &cfg);
	assert_true(labyrinth_fw_eos(fw, 1));
	/* Who starts again while it is still at its end hears it again */
	labyrinth_fw_stop(fw, 1);
	start(fw, 1, &cfg);
	assert_true(labyrinth_fw_eos(fw, 1));
	assert_int_equal(fw->queue[1].count.produced, 0);
	/* The page that room had claimed is back */
	fw = streaming(1, 1, RING);
	labyrinth_fw_stream_room(fw);
	labyrinth_fw_stream_end(fw, 0);
	assert_int_equal(fw->maze.taken, 0);
	assert_true(labyrinth_fw_eos(fw, 0));
}

static void the_next_connection_begins_after_the_last_one_s_end(void **state)
{
	struct labyrinth_fw *fw = streaming(2, 2, RING);

	(void)state;
	push(fw, 0, SIZE);
	labyrinth_fw_stream_end(fw, 0);
	labyrinth_fw_stream_begin(fw);
	/* Nobody has heard of the end yet */
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_true(labyrinth_fw_eos(fw, 1));
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	take(fw, 0, 0);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_true(labyrinth_fw_eos(fw, 0));
	/* At queue 0, though it was the turn of queue 1 */
	assert_int_equal(push(fw, 0, SIZE), SIZE);
	take(fw, 0, 0);
	assert_false(labyrinth_fw_eos(fw, 0));
	assert_false(labyrinth_fw_eos(fw, 1));
	/* A begin without an end changes nothing */
	push(fw, SIZE, 10);
	labyrinth_fw_stream_begin(fw);
	push(fw, SIZE + 10, SIZE - 10);
	take(fw, 1, SIZE);
}

static void the_end_of_what_nobody_read_is_not_told_later(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	labyrinth_fw_stream_begin(fw);
	labyrinth_fw_stream_end(fw, 0);
	labyrinth_fw_stream_begin(fw);
	start(fw, 0, &cfg);
	assert_false(labyrinth_fw_eos(fw, 0));
	assert_int_equal(push(fw, 0, SIZE), SIZE);
	take(fw, 0, 0);
}

static void a_failed_transfer_loses_its_page_and_says_so(void **state)
{
	struct labyrinth_fw *fw = streaming(1, 1, RING);

	(void)state;
	push(fw, 0, SIZE);
	push(fw, SIZE, SIZE);
	labyrinth_fw_done(fw, 0, false);
	assert_int_equal(fw->queue[0].count.dropped[LABYRINTH_DROP_DMA], 1);
	assert_int_equal(labyrinth_fw_next(fw, 0)->seq, 1);
	take(fw, 0, SIZE);
}

SUITE(stream_suite, TEST(a_stream_comes_out_as_it_went_in),
      TEST(push_takes_what_room_says_and_room_keeps_its_word),
      TEST(it_waits_for_the_queue_whose_turn_it_is),
      TEST(an_unread_stream_stops_and_goes_on_when_read),
      TEST(flush_hands_on_what_there_is),
      TEST(the_end_is_told_once_behind_the_last_page),
      TEST(an_empty_stream_is_an_end_and_no_page),
      TEST(the_next_connection_begins_after_the_last_one_s_end),
      TEST(the_end_of_what_nobody_read_is_not_told_later),
      TEST(a_failed_transfer_loses_its_page_and_says_so));
