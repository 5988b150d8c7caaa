// SPDX-License-Identifier: GPL-2.0-only
/* The stream over stops, starts and new deals: nothing of it is lost. */
#include "fixture.h"

#define RING LABYRINTH_CONFIG_RING

/* A page of the stream, filled with @mark */
static void push_page(struct labyrinth_fw *fw, uint8_t mark)
{
	uint8_t data[SIZE];

	memset(data, mark, sizeof(data));
	assert_int_equal(labyrinth_fw_stream_push(fw, data, SIZE, mark), SIZE);
}

static void take_page(struct labyrinth_fw *fw, uint32_t q, uint8_t mark,
		      uint64_t seq)
{
	const struct labyrinth_fw_page *page = labyrinth_fw_next(fw, q);

	assert_non_null(page);
	assert_int_equal(page->data[0], mark);
	assert_int_equal(page->data[page->length - 1], mark);
	/* Whole when it was whole, not when it was started anew */
	assert_int_equal(page->ready_ns, mark);
	assert_int_equal(page->seq, seq);
	labyrinth_fw_done(fw, q, true);
	check_sane(fw);
}

static void a_stop_keeps_the_pages_for_the_next_start(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	start(fw, 0, &cfg);
	for (uint8_t i = 1; i <= 4; i++)
		push_page(fw, i);
	take_page(fw, 0, 1, 0);
	labyrinth_fw_stop(fw, 0);
	check_sane(fw);
	assert_int_equal(fw->queue[0].count.produced, 1);
	assert_int_equal(dropped(fw, 0), 0);
	assert_null(labyrinth_fw_next(fw, 0));
	/* Numbered on without clear: no gap */
	assert_int_equal(labyrinth_fw_start(fw, 0, &cfg, false, 9), 0);
	assert_int_equal(fw->queue[0].count.produced, 4);
	take_page(fw, 0, 2, 1);
	labyrinth_fw_stop(fw, 0);
	/* From zero with it */
	start(fw, 0, &cfg);
	push_page(fw, 5);
	take_page(fw, 0, 3, 0);
	take_page(fw, 0, 4, 1);
	take_page(fw, 0, 5, 2);
	assert_int_equal(fw->queue[0].count.produced, 3);
}

static void kept_pages_ask_anew_under_new_tags(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = stream(LABYRINTH_CONFIG_DEMAND);
	uint32_t tag;

	(void)state;
	start(fw, 0, &cfg);
	push_page(fw, 1);
	tag = labyrinth_fw_req_tag(fw, 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), 0);
	labyrinth_fw_stop(fw, 0);
	start(fw, 0, &cfg);
	/* The grant is forgotten */
	assert_null(labyrinth_fw_next(fw, 0));
	assert_int_equal(labyrinth_fw_req_waiting(fw, 0), 1);
	assert_int_not_equal(labyrinth_fw_req_tag(fw, 0), tag);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, 2 * SIZE),
			 -(int)LABYRINTH_ERR_STALE_TAG);
	assert_int_equal(labyrinth_fw_grant(fw, 0, labyrinth_fw_req_tag(fw, 0),
					    SIZE),
			 0);
	take_page(fw, 0, 1, 0);
}

static void one_queue_of_several_restarts_in_its_place(void **state)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	assert_true(labyrinth_fw_stream_deal(fw, 2));
	start(fw, 0, &cfg);
	start(fw, 1, &cfg);
	for (uint8_t i = 1; i <= 3; i++)
		push_page(fw, i);
	labyrinth_fw_stop(fw, 1);
	take_page(fw, 0, 1, 0);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	start(fw, 1, &cfg);
	push_page(fw, 4);
	take_page(fw, 0, 3, 1);
	take_page(fw, 1, 2, 0);
	take_page(fw, 1, 4, 1);
}

static void when_all_have_stopped_the_next_page_goes_to_queue_0(void **state)
{
	struct labyrinth_fw *fw = bed(3);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	assert_true(labyrinth_fw_stream_deal(fw, 3));
	for (uint32_t q = 0; q < 3; q++)
		start(fw, q, &cfg);
	for (uint8_t i = 1; i <= 4; i++)
		push_page(fw, i);
	take_page(fw, 0, 1, 0);
	/* Half a page is under way for queue 1 */
	assert_int_equal(labyrinth_fw_stream_push(fw, (uint8_t[]){ 5 }, 1, 0),
			 1);
	for (uint32_t q = 0; q < 3; q++)
		labyrinth_fw_stop(fw, q);
	check_sane(fw);
	assert_int_equal(fw->stream_turn, 0);
	for (uint32_t q = 0; q < 3; q++)
		start(fw, q, &cfg);
	labyrinth_fw_stream_flush(fw, 5);
	take_page(fw, 0, 2, 0);
	push_page(fw, 6);
	take_page(fw, 1, 3, 0);
	take_page(fw, 2, 4, 0);
	take_page(fw, 0, 5, 1);
	take_page(fw, 1, 6, 1);
}

static void a_new_deal_deals_the_kept_pages_too(void **state)
{
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	for (uint32_t before = 1; before <= 4; before++) {
		for (uint32_t after = 1; after <= 4; after++) {
			struct labyrinth_fw *fw = bed(4);

			assert_true(labyrinth_fw_stream_deal(fw, before));
			for (uint32_t q = 0; q < before; q++)
				start(fw, q, &cfg);
			for (uint8_t i = 1; i <= 4; i++)
				push_page(fw, i);
			assert_false(labyrinth_fw_stream_deal(fw, after));
			for (uint32_t q = before; q--;)
				labyrinth_fw_stop(fw, q);
			assert_true(labyrinth_fw_stream_deal(fw, after));
			for (uint32_t q = 0; q < after; q++)
				start(fw, q, &cfg);
			for (uint8_t i = 1; i <= 4; i++)
				take_page(fw, (i - 1u) % after, i,
					  (i - 1u) / after);
			push_page(fw, 5);
			take_page(fw, 4 % after, 5, 4 / after);
		}
	}
}

static void deals_that_cannot_be_are_refused(void **state)
{
	struct labyrinth_fw *fw = bed(4);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	assert_int_equal(fw->stream_queues, 1);
	assert_false(labyrinth_fw_stream_deal(fw, 0));
	assert_false(labyrinth_fw_stream_deal(fw, 5));
	assert_false(labyrinth_fw_stream_deal(fw, UINT32_MAX));
	assert_int_equal(fw->stream_queues, 1);
	assert_true(labyrinth_fw_stream_deal(fw, 4));
	start(fw, 3, &cfg);
	assert_false(labyrinth_fw_stream_deal(fw, 4));
	labyrinth_fw_stop(fw, 3);
	/* A generator does not care */
	cfg = generator(RING);
	start(fw, 3, &cfg);
	assert_true(labyrinth_fw_stream_deal(fw, 2));
}

static void another_source_leaves_the_kept_pages_alone(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = stream(RING);
	struct labyrinth_fw_config gen = generator(RING);

	(void)state;
	start(fw, 0, &cfg);
	for (uint8_t i = 1; i <= 4; i++)
		push_page(fw, i);
	labyrinth_fw_stop(fw, 0);
	start(fw, 0, &gen);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(fw->queue[0].fifo_len, 4);
	check_generated(labyrinth_fw_next(fw, 0), &gen);
	labyrinth_fw_stop(fw, 0);
	start(fw, 0, &cfg);
	for (uint8_t i = 1; i <= 4; i++)
		take_page(fw, 0, i, i - 1u);
}

static void the_end_follows_the_kept_pages(void **state)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	assert_true(labyrinth_fw_stream_deal(fw, 2));
	start(fw, 0, &cfg);
	start(fw, 1, &cfg);
	push_page(fw, 1);
	push_page(fw, 2);
	labyrinth_fw_stream_end(fw, 0);
	take_page(fw, 0, 1, 0);
	assert_true(labyrinth_fw_eos(fw, 0));
	labyrinth_fw_stop(fw, 0);
	labyrinth_fw_stop(fw, 1);
	/* Another connection is there before the rest was read */
	labyrinth_fw_stream_begin(fw);
	start(fw, 0, &cfg);
	start(fw, 1, &cfg);
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	take_page(fw, 0, 2, 0);
	assert_true(labyrinth_fw_eos(fw, 0));
	assert_int_equal(labyrinth_fw_stream_room(fw), 0);
	assert_true(labyrinth_fw_eos(fw, 1));
	push_page(fw, 3);
	push_page(fw, 4);
	take_page(fw, 0, 3, 1);
	take_page(fw, 1, 4, 0);
}

/* The end is for the queues of the new deal, no more and no less. */
static void a_new_deal_deals_the_end_too(void **state)
{
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	for (uint32_t before = 1; before <= 4; before++) {
		for (uint32_t after = 1; after <= 4; after++) {
			struct labyrinth_fw *fw = bed(4);

			assert_true(labyrinth_fw_stream_deal(fw, before));
			start(fw, 0, &cfg);
			push_page(fw, 1);
			labyrinth_fw_stop(fw, 0);
			labyrinth_fw_stream_end(fw, 0);
			labyrinth_fw_stream_begin(fw);
			assert_true(labyrinth_fw_stream_deal(fw, after));
			for (uint32_t q = 0; q < after; q++)
				start(fw, q, &cfg);
			take_page(fw, 0, 1, 0);
			for (uint32_t q = 0; q < after; q++) {
				assert_int_equal(labyrinth_fw_stream_room(fw),
						 0);
				assert_true(labyrinth_fw_eos(fw, q));
			}
			push_page(fw, 2);
			take_page(fw, 0, 2, 1);
		}
	}
}

static void a_page_that_ends_while_its_queue_is_stopped_is_kept(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = stream(RING);

	(void)state;
	start(fw, 0, &cfg);
	labyrinth_fw_stream_push(fw, (uint8_t[]){ 7, 7 }, 2, 0);
	labyrinth_fw_stop(fw, 0);
	labyrinth_fw_stream_end(fw, 7);
	check_sane(fw);
	assert_int_equal(fw->queue[0].count.produced, 0);
	start(fw, 0, &cfg);
	assert_false(labyrinth_fw_eos(fw, 0));
	assert_int_equal(labyrinth_fw_next(fw, 0)->length, 2);
	take_page(fw, 0, 7, 0);
	assert_true(labyrinth_fw_eos(fw, 0));
}

SUITE(restart_suite, TEST(a_stop_keeps_the_pages_for_the_next_start),
      TEST(kept_pages_ask_anew_under_new_tags),
      TEST(one_queue_of_several_restarts_in_its_place),
      TEST(when_all_have_stopped_the_next_page_goes_to_queue_0),
      TEST(a_new_deal_deals_the_kept_pages_too),
      TEST(deals_that_cannot_be_are_refused),
      TEST(another_source_leaves_the_kept_pages_alone),
      TEST(the_end_follows_the_kept_pages), TEST(a_new_deal_deals_the_end_too),
      TEST(a_page_that_ends_while_its_queue_is_stopped_is_kept));
