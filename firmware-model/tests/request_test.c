// SPDX-License-Identifier: GPL-2.0-only
/* Demand mode: tags, grants, denials, the timeout, and every refusal. */
#include "fixture.h"

#define DEMAND LABYRINTH_CONFIG_DEMAND
#define STALE (-(int)LABYRINTH_ERR_STALE_TAG)
#define BAD (-(int)LABYRINTH_ERR_BAD_GRANT)

static struct labyrinth_fw *asking(void)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(DEMAND);

	start(fw, 0, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(labyrinth_fw_req_waiting(fw, 0), 8);
	assert_int_equal(fw->queue[0].count.requests, 8);
	return fw;
}

static void each_request_is_asked_answered_and_served_in_order(void **state)
{
	struct labyrinth_fw *fw = asking();
	uint32_t tags[8];

	(void)state;
	assert_null(labyrinth_fw_next(fw, 0));
	for (uint32_t i = 0; i < 8; i++) {
		tags[i] = labyrinth_fw_req_tag(fw, 0);
		assert_int_not_equal(tags[i], 0);
		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(tags[i], tags[j]);
		assert_int_equal(
			labyrinth_fw_grant(fw, 0, tags[i], (i + 1) * SIZE), 0);
		assert_int_equal(labyrinth_fw_req_waiting(fw, 0), 7 - i);
	}
	assert_int_equal(labyrinth_fw_req_tag(fw, 0), 0);
	for (uint32_t i = 0; i < 8; i++) {
		const struct labyrinth_fw_page *page = labyrinth_fw_next(fw, 0);

		assert_int_equal(page->seq, i);
		assert_int_equal(page->tag, tags[i]);
		assert_int_equal(page->addr, (i + 1) * SIZE);
		labyrinth_fw_done(fw, 0, true);
		check_sane(fw);
	}
}

static void a_later_grant_waits_for_the_oldest_page(void **state)
{
	struct labyrinth_fw *fw = asking();
	uint32_t first = labyrinth_fw_req_tag(fw, 0);

	(void)state;
	assert_int_equal(labyrinth_fw_deny(fw, 0, first, 0), 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, labyrinth_fw_req_tag(fw, 0),
					    SIZE),
			 0);
	assert_null(labyrinth_fw_next(fw, 0));
	labyrinth_fw_done(fw, 0, true);
	assert_int_equal(fw->queue[0].fifo_len, 8);
	assert_int_equal(labyrinth_fw_grant(fw, 0, first, 2 * SIZE), 0);
	assert_int_equal(labyrinth_fw_next(fw, 0)->seq, 0);
	labyrinth_fw_done(fw, 0, true);
	assert_int_equal(labyrinth_fw_next(fw, 0)->seq, 1);
}

static void stale_tags_are_refused_and_change_nothing(void **state)
{
	struct labyrinth_fw *fw = asking();
	uint32_t tag = labyrinth_fw_req_tag(fw, 0);
	uint64_t refused = 0;

	(void)state;
	for (uint32_t slot = 0; slot < 16; slot++) {
		/* 0, generation 0, and generations that are not yet */
		const uint32_t wrong[] = { slot, slot | UINT32_C(1) << 31,
					   ~slot };

		for (size_t i = 0; i < 3; i++) {
			if (wrong[i] >= tag && wrong[i] < tag + 64)
				continue;
			assert_int_equal(labyrinth_fw_grant(fw, 0, wrong[i],
							    SIZE),
					 STALE);
			assert_int_equal(labyrinth_fw_deny(fw, 0, wrong[i], 0),
					 STALE);
			refused += 2;
		}
	}
	assert_true(refused > 40);
	assert_int_equal(fw->queue[0].count.refused, refused);
	assert_int_equal(labyrinth_fw_req_waiting(fw, 0), 8);

	/* Granted: neither again nor denied */
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, 2 * SIZE), STALE);
	assert_int_equal(labyrinth_fw_deny(fw, 0, tag, 0), STALE);
	assert_int_equal(labyrinth_fw_next(fw, 0)->addr, SIZE);
	/* Done, and the slot in use again */
	labyrinth_fw_done(fw, 0, true);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), STALE);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(fw->page[tag & 7].stage, LABYRINTH_FW_ASKED);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), STALE);
	assert_int_equal(labyrinth_fw_deny(fw, 0, tag, 0), STALE);
	/* Stopped, started: the tags from before are nobody's */
	tag = labyrinth_fw_req_tag(fw, 0);
	labyrinth_fw_stop(fw, 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), STALE);
	start(fw, 0, &(struct labyrinth_fw_config){ .source = 0 });
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), STALE);
	/* Nor after a reset */
	fw = asking();
	tag = labyrinth_fw_req_tag(fw, 0);
	labyrinth_fw_reset(fw);
	{
		struct labyrinth_fw_config cfg = generator(DEMAND);

		start(fw, 0, &cfg);
	}
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), STALE);
}

static void a_tag_of_another_queue_is_stale(void **state)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw_config cfg = generator(DEMAND);
	uint32_t tag;

	(void)state;
	start(fw, 0, &cfg);
	start(fw, 1, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	tag = labyrinth_fw_req_tag(fw, 0);
	assert_int_equal(labyrinth_fw_grant(fw, 1, tag, SIZE), STALE);
	assert_int_equal(labyrinth_fw_deny(fw, 1, tag, 0), STALE);
	assert_int_equal(fw->queue[1].count.refused, 2);
	assert_int_equal(fw->queue[0].count.refused, 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), 0);
}

static void a_ring_queue_takes_no_grant(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(LABYRINTH_CONFIG_RING);

	(void)state;
	start(fw, 0, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	assert_int_equal(labyrinth_fw_req_tag(fw, 0), 0);
	for (uint32_t tag = 0; tag < 64; tag++)
		assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), STALE);
	assert_int_equal(fw->queue[0].count.requests, 0);
}

static void misaligned_and_double_grants_are_refused(void **state)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw_config cfg = generator(DEMAND);
	uint32_t tag, other;

	(void)state;
	start(fw, 0, &cfg);
	start(fw, 1, &cfg);
	labyrinth_fw_poll(fw, 0, 0);
	labyrinth_fw_poll(fw, 1, 0);
	tag = labyrinth_fw_req_tag(fw, 0);
	for (uint64_t bit = 1; bit < SIZE; bit <<= 1)
		assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE + bit),
				 BAD);
	assert_int_equal(fw->queue[0].count.refused, 12);
	/* It was not used up by them */
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), 0);
	/* One address, two pages: of the queue, of another */
	tag = labyrinth_fw_req_tag(fw, 0);
	other = labyrinth_fw_req_tag(fw, 1);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), BAD);
	assert_int_equal(labyrinth_fw_grant(fw, 1, other, SIZE), BAD);
	assert_int_equal(fw->queue[1].count.refused, 1);
	assert_int_equal(labyrinth_fw_grant(fw, 1, other, UINT64_MAX << 12), 0);
	/* Free again once the page is delivered */
	labyrinth_fw_done(fw, 0, true);
	assert_int_equal(labyrinth_fw_grant(fw, 0, tag, SIZE), 0);
	/* And once its queue has stopped */
	labyrinth_fw_stop(fw, 0);
	assert_int_equal(labyrinth_fw_grant(fw, 1, labyrinth_fw_req_tag(fw, 1),
					    SIZE),
			 0);
	check_sane(fw);
}

static void a_denied_request_waits_and_is_raised_again(void **state)
{
	struct labyrinth_fw *fw = asking();
	uint32_t first = labyrinth_fw_req_tag(fw, 0), second;

	(void)state;
	/* Without a timeout, for good */
	assert_int_equal(labyrinth_fw_deny(fw, 0, first, 1000), 0);
	assert_int_equal(labyrinth_fw_req_waiting(fw, 0), 1 << 16 | 7);
	assert_true(labyrinth_fw_poll(fw, 0, UINT64_MAX - 1) ==
		    LABYRINTH_FW_NEVER);
	assert_int_equal(labyrinth_fw_deny(fw, 0, first, 1000), STALE);

	fw->queue[0].req_timeout_us = 3;
	second = labyrinth_fw_req_tag(fw, 0);
	assert_int_not_equal(second, first);
	assert_int_equal(labyrinth_fw_deny(fw, 0, second, 1000), 0);
	assert_int_equal(labyrinth_fw_req_waiting(fw, 0), 2 << 16 | 6);
	assert_int_equal(labyrinth_fw_poll(fw, 0, 3999), 4000);
	assert_int_not_equal(labyrinth_fw_req_tag(fw, 0), second);
	assert_true(labyrinth_fw_poll(fw, 0, 4000) == LABYRINTH_FW_NEVER);
	/* Under the tag that it had */
	assert_int_equal(labyrinth_fw_req_tag(fw, 0), second);
	assert_int_equal(fw->queue[0].count.reraised, 1);
	assert_int_equal(fw->queue[0].count.denied, 2);
	assert_int_equal(fw->queue[0].count.requests, 8);
	/* It can be denied again, and granted while denied */
	assert_int_equal(labyrinth_fw_deny(fw, 0, second, 5000), 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, first, SIZE), 0);
	assert_int_equal(labyrinth_fw_grant(fw, 0, second, 2 * SIZE), 0);
	assert_true(labyrinth_fw_poll(fw, 0, 1000000) == LABYRINTH_FW_NEVER);
	assert_int_equal(fw->queue[0].count.reraised, 1);
	assert_int_equal(labyrinth_fw_next(fw, 0)->tag, first);
	check_sane(fw);
}

static void the_longest_timeout_does_not_overflow(void **state)
{
	struct labyrinth_fw *fw = asking();
	const uint64_t due = 7 + UINT32_MAX * UINT64_C(1000);

	(void)state;
	fw->queue[0].req_timeout_us = UINT32_MAX;
	assert_int_equal(
		labyrinth_fw_deny(fw, 0, labyrinth_fw_req_tag(fw, 0), 7), 0);
	assert_int_equal(labyrinth_fw_poll(fw, 0, 7), due);
	assert_int_equal(labyrinth_fw_poll(fw, 0, due - 1), due);
	assert_true(labyrinth_fw_poll(fw, 0, due) == LABYRINTH_FW_NEVER);
	assert_int_equal(fw->queue[0].count.reraised, 1);
}

static void tags_wrap_without_becoming_zero_or_alike(void **state)
{
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_config cfg = generator(DEMAND);
	uint32_t last = 0;

	(void)state;
	fw->generation = (UINT32_MAX >> 3) - 20;
	start(fw, 0, &cfg);
	for (int i = 0; i < 100; i++) {
		uint32_t tag;

		labyrinth_fw_poll(fw, 0, 0);
		tag = labyrinth_fw_req_tag(fw, 0);
		assert_true(tag >= 8);
		assert_int_not_equal(tag, last);
		last = tag;
		deliver(fw, 0, SIZE);
	}
	assert_true(fw->generation < 100);
}

SUITE(request_suite, TEST(each_request_is_asked_answered_and_served_in_order),
      TEST(a_later_grant_waits_for_the_oldest_page),
      TEST(stale_tags_are_refused_and_change_nothing),
      TEST(a_tag_of_another_queue_is_stale), TEST(a_ring_queue_takes_no_grant),
      TEST(misaligned_and_double_grants_are_refused),
      TEST(a_denied_request_waits_and_is_raised_again),
      TEST(the_longest_timeout_does_not_overflow),
      TEST(tags_wrap_without_becoming_zero_or_alike));
