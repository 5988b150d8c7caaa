// SPDX-License-Identifier: GPL-2.0-only
/*
 * States from outside: whatever the core comes to by itself is valid (the other
 * suites ask at each step), and what it could not come to is not.
 */
#include "maze.h"

#define RING LABYRINTH_CONFIG_RING

/*
 * Queue 0 has stream pages in demand mode, 1 a generator in ring mode, 2 stands;
 * there is a page that is filled and one that is kept.
 */
static struct labyrinth_fw *lively(void)
{
	struct labyrinth_fw *fw = bed(3);
	struct labyrinth_fw_config data = stream(LABYRINTH_CONFIG_DEMAND);
	struct labyrinth_fw_config gen = generator(RING);
	static const uint8_t page[SIZE];

	assert_true(labyrinth_fw_stream_deal(fw, 3));
	start(fw, 0, &data);
	start(fw, 1, &data);
	start(fw, 2, &data);
	for (int i = 0; i < 3; i++)
		labyrinth_fw_stream_push(fw, page, SIZE, 0);
	assert_int_equal(labyrinth_fw_stream_push(fw, page, 9, 0), 9);
	labyrinth_fw_stop(fw, 1);
	labyrinth_fw_stop(fw, 2);
	start(fw, 1, &gen);
	labyrinth_fw_poll(fw, 1, 0);
	assert_int_equal(fw->queue[0].fifo_len, 1);
	assert_true(fw->queue[1].fifo_len > 1);
	check_sane(fw);
	return fw;
}

static struct labyrinth_fw_page *in_stage(struct labyrinth_fw *fw, int stage)
{
	for (uint32_t i = 0; i < PAGES; i++) {
		if (fw->page[i].stage == stage)
			return &fw->page[i];
	}
	fail();
	return NULL;
}

/* One thing is changed, and the state is not valid any more. */
#define INVALID(change)                               \
	do {                                          \
		struct labyrinth_fw *fw = lively();   \
		change;                               \
		assert_false(labyrinth_fw_valid(fw)); \
	} while (0)

static void numbers_out_of_bounds_are_invalid(void **state)
{
	(void)state;
	INVALID(fw->nr_queues = 0);
	INVALID(fw->nr_queues = 1);
	INVALID(fw->nr_queues = 17);
	INVALID(fw->stream_queues = 0);
	INVALID(fw->stream_queues = 4);
	INVALID(fw->stream_turn = 3);
	INVALID(fw->stream_eos = 8);
	INVALID(fw->filling = -2);
	INVALID(fw->filling = 8);
	INVALID(fw->queue[0].fifo_len = 9);
	INVALID(fw->queue[0].fifo[0] = 8);
	INVALID(fw->queue[0].fifo[0] = 255);
	INVALID(in_stage(fw, LABYRINTH_FW_ASKED)->length = SIZE + 1);
	INVALID(in_stage(fw, LABYRINTH_FW_ASKED)->length = 0);
	INVALID(in_stage(fw, LABYRINTH_FW_READY)->length = UINT16_MAX);
	INVALID(in_stage(fw, LABYRINTH_FW_KEPT)->length = SIZE + 1);
	INVALID(in_stage(fw, LABYRINTH_FW_FILLING)->length = SIZE);
	INVALID(in_stage(fw, LABYRINTH_FW_FREE)->length = 1);
	INVALID(in_stage(fw, LABYRINTH_FW_FREE)->stage = 99);
	INVALID(in_stage(fw, LABYRINTH_FW_KEPT)->queue = 3);
	INVALID(in_stage(fw, LABYRINTH_FW_KEPT)->ordinal = UINT64_MAX);
}

static void configurations_that_start_refuses_are_invalid(void **state)
{
	(void)state;
	INVALID(fw->queue[1].cfg.gen_max = SIZE + 1);
	INVALID(fw->queue[1].cfg.gen_max = UINT32_MAX);
	INVALID(fw->queue[1].cfg.gen_min = 0);
	INVALID(fw->queue[1].cfg.gen_burst = 0);
	INVALID(fw->queue[1].cfg.source = 4);
	INVALID(fw->queue[1].cfg.mode = 2);
	INVALID(fw->queue[15].running = true);
	INVALID(fw->queue[3].running = true);
}

static void pages_in_no_place_or_in_two_are_invalid(void **state)
{
	(void)state;
	INVALID(fw->queue[1].fifo[1] = fw->queue[1].fifo[0]);
	INVALID(fw->queue[1].fifo[0] = fw->queue[0].fifo[0]);
	INVALID(fw->queue[1].fifo_len--);
	INVALID(fw->queue[2].fifo_len = 1);
	INVALID(fw->queue[1].running = false);
	INVALID(fw->queue[0].fifo[0] = (uint8_t)fw->filling);
	INVALID(fw->filling = -1);
	INVALID(fw->filling = (int8_t)fw->queue[0].fifo[0]);
	INVALID(in_stage(fw, LABYRINTH_FW_FILLING)->queue ^= 1);
	INVALID(in_stage(fw, LABYRINTH_FW_ASKED)->queue = 2);
	INVALID(in_stage(fw, LABYRINTH_FW_KEPT)->stage = LABYRINTH_FW_READY);
	INVALID(in_stage(fw, LABYRINTH_FW_READY)->stage = LABYRINTH_FW_KEPT);
	INVALID(in_stage(fw, LABYRINTH_FW_READY)->stage = LABYRINTH_FW_ASKED);
	INVALID(in_stage(fw, LABYRINTH_FW_ASKED)->stage = LABYRINTH_FW_READY);
	INVALID(in_stage(fw, LABYRINTH_FW_READY)->stage = LABYRINTH_FW_FREE);
	INVALID(in_stage(fw, LABYRINTH_FW_ASKED)->tag = 0);
	INVALID(in_stage(fw, LABYRINTH_FW_ASKED)->tag ^= 1);
	INVALID(fw->maze.taken = 0);
	INVALID(fw->maze.taken |= 1u << 31);
	INVALID(fw->maze.taken = 0xff);
}

static void grants_that_would_be_refused_are_invalid(void **state)
{
	struct labyrinth_fw_config demand = generator(LABYRINTH_CONFIG_DEMAND);
	struct labyrinth_fw *fw = bed(1);
	struct labyrinth_fw_page *page;

	(void)state;
	start(fw, 0, &demand);
	labyrinth_fw_poll(fw, 0, 0);
	for (uint64_t addr = SIZE; addr <= 2 * SIZE; addr += SIZE)
		assert_int_equal(labyrinth_fw_grant(fw, 0,
						    labyrinth_fw_req_tag(fw, 0),
						    addr),
				 0);
	check_sane(fw);
	page = &fw->page[fw->queue[0].fifo[1]];
	assert_int_equal(page->stage, LABYRINTH_FW_GRANTED);
	page->addr += 8;
	assert_false(labyrinth_fw_valid(fw));
	page->addr -= 8 + SIZE;
	assert_false(labyrinth_fw_valid(fw));
}

static void counters_that_do_not_balance_are_invalid(void **state)
{
	(void)state;
	INVALID(fw->queue[1].count.produced++);
	INVALID(fw->queue[0].count.delivered++);
	INVALID(fw->queue[2].count.dropped[LABYRINTH_DROP_STOP]--);
	INVALID(fw->queue[15].count.dropped[LABYRINTH_DROP_FAULT]++);
}

/* Queue 0 has the solver, in that phase; queue 1 asked for it too. */
static struct labyrinth_fw *solving(enum labyrinth_fw_phase phase)
{
	struct labyrinth_fw *fw = solver(3);
	struct labyrinth_fw_config cfg = fw->queue[0].cfg;
	static uint8_t job[LABYRINTH_JOB_MAX];
	static struct maze maze;

	start(fw, 1, &cfg);
	maze_fill(&maze, 128, 128, false);
	maze_carve(&maze, 1, 0);
	assert_true(job_give(fw, 0, 1, job, maze_job(&maze, job), SIZE));
	assert_false(labyrinth_fw_job_begin(fw, 1, 2, 0));
	if (phase > LABYRINTH_FW_TAKE)
		labyrinth_fw_job_end(fw, 0, 0);
	while (fw->job.phase < phase)
		labyrinth_fw_poll(fw, 0, 1);
	assert_int_equal(fw->job.phase, phase);
	check_sane(fw);
	return fw;
}

#define INVALID_JOB(phase, change)                                       \
	do {                                                             \
		struct labyrinth_fw *fw = solving(LABYRINTH_FW_##phase); \
		change;                                                  \
		assert_false(labyrinth_fw_valid(fw));                    \
	} while (0)

/* The last page of the search is free, and nobody says otherwise. */
static void give_up_a_page(struct labyrinth_fw *fw)
{
	struct labyrinth_fw_page *page =
		&fw->page[fw->job.pages[--fw->job.nr_pages]];

	page->stage = LABYRINTH_FW_FREE;
	dealloc_labyrinth_page_exclusive(&fw->maze, page->data);
}

static void jobs_that_cannot_be_are_invalid(void **state)
{
	(void)state;
	INVALID_JOB(TAKE, fw->jobs[0].open = false);
	INVALID_JOB(TAKE, fw->jobs[0].skip = true);
	INVALID_JOB(TAKE, fw->jobs[1].open = true);
	INVALID_JOB(TAKE, fw->jobs[0].answered = 1);
	INVALID_JOB(TAKE, fw->jobs[1].answered = 1);
	INVALID_JOB(TAKE, fw->jobs[15].answered = UINT64_MAX);
	INVALID_JOB(TAKE, fw->job.got = LABYRINTH_JOB_MAX + 1);
	INVALID_JOB(TAKE, fw->job.waits |= 1u << 2);
	INVALID_JOB(TAKE, fw->job.waits |= 1u << 3);
	INVALID_JOB(TAKE, fw->job.queue = 1);
	INVALID_JOB(TAKE, fw->job.queue = 3);
	INVALID_JOB(TAKE, fw->job.phase = LABYRINTH_FW_IDLE);
	INVALID_JOB(TAKE, fw->job.phase = LABYRINTH_FW_CLAIM);
	INVALID_JOB(TAKE, fw->job.phase = LABYRINTH_FW_PHASES);
	INVALID_JOB(TAKE, fw->job.width = 127);
	INVALID_JOB(FLOOD, fw->jobs[0].open = true);
	INVALID_JOB(FLOOD, fw->job.got--);
	INVALID_JOB(FLOOD, fw->job.size++);
	INVALID_JOB(FLOOD, fw->job.header[0] ^= 1);
	INVALID_JOB(FLOOD, fw->job.goal--);
	INVALID_JOB(FLOOD, fw->job.level = 128 * 128);
	INVALID_JOB(FLOOD, fw->job.nr_pages = 4);
	INVALID_JOB(FLOOD, fw->job.pages[0] = PAGES);
	INVALID_JOB(FLOOD, fw->job.pages[0] = fw->job.pages[1]);
	INVALID_JOB(FLOOD, fw->job.result = fw->job.pages[0]);
	INVALID_JOB(FLOOD, fw->page[fw->job.result].queue = 1);
	INVALID_JOB(FLOOD, give_up_a_page(fw));
	INVALID_JOB(TRACE, fw->job.steps = 128 * 128);
	INVALID_JOB(TRACE, fw->job.traced = fw->job.steps + 1);
	INVALID_JOB(TRACE, fw->job.at = 128 * 128);
}

SUITE(valid_suite, TEST(jobs_that_cannot_be_are_invalid),
      TEST(counters_that_do_not_balance_are_invalid),
      TEST(numbers_out_of_bounds_are_invalid),
      TEST(grants_that_would_be_refused_are_invalid),
      TEST(configurations_that_start_refuses_are_invalid),
      TEST(pages_in_no_place_or_in_two_are_invalid));
