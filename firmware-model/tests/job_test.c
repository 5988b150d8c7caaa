// SPDX-License-Identifier: GPL-2.0-only
/* Jobs: what is wrong with them, their memory, their turns, stop and reset. */
#include "maze.h"

static struct maze maze;
static struct result result;
static uint8_t job[2 * SIZE];

static uint32_t whole(uint32_t width, uint32_t height)
{
	memset(job, 0, sizeof(job));
	maze_fill(&maze, width, height, true);
	return maze_job(&maze, job);
}

/* One thing of a good job of 13 x 5 cells, which has a rest, is changed. */
#define GIVES(want, change)                                   \
	do {                                                  \
		uint32_t n = whole(13, 5);                    \
		change;                                       \
		assert_int_equal(job_status(job, n, &result), \
				 LABYRINTH_SOLVE_##want);     \
	} while (0)

static void put16(uint32_t at, uint32_t value)
{
	job[at] = (uint8_t)value;
	job[at + 1] = (uint8_t)(value >> 8);
}

static void what_is_no_maze_is_malformed(void **state)
{
	(void)state;
	GIVES(SOLVED, (void)n);
	for (uint32_t at = 0; at < 4; at++)
		GIVES(MALFORMED, job[at] ^= 1);
	GIVES(MALFORMED, put16(4, 0));
	GIVES(MALFORMED, put16(4, 2));
	GIVES(MALFORMED, put16(6, 1));
	for (uint32_t at = 24; at < 32; at++)
		GIVES(MALFORMED, job[at] = 0x80);
	GIVES(MALFORMED, job[8]++);
	GIVES(MALFORMED, job[8]--);
	GIVES(MALFORMED, job[11] = 0xff);
	GIVES(MALFORMED, n--);
	GIVES(MALFORMED, n++);
	GIVES(MALFORMED, n = 31);
	GIVES(MALFORMED, n = 32);
	GIVES(MALFORMED, n = 1);
	GIVES(MALFORMED, n = 0);
	GIVES(MALFORMED, n = LABYRINTH_JOB_MAX);
}

static void impossible_geometry_is_told(void **state)
{
	(void)state;
	GIVES(GEOMETRY, put16(12, 0));
	GIVES(GEOMETRY, put16(14, 0));
	GIVES(GEOMETRY, put16(16, 13));
	GIVES(GEOMETRY, put16(18, 5));
	GIVES(GEOMETRY, put16(20, 13));
	GIVES(GEOMETRY, put16(22, 5));
	GIVES(GEOMETRY, put16(22, 0xffff));
	/* beyond the last cell: 65 cells, so 3 are none */
	GIVES(GEOMETRY, job[n - 1] |= 4);
	GIVES(GEOMETRY, job[n - 1] |= 0x80);
	for (uint32_t y = 0; y < 5; y++) {
		uint32_t i = y * 13 + 12;

		GIVES(GEOMETRY, job[32 + i / 4] &= (uint8_t) ~(1 << i % 4 * 2));
	}
	for (uint32_t i = 52; i < 65; i++)
		GIVES(GEOMETRY, job[32 + i / 4] &= (uint8_t) ~(2 << i % 4 * 2));
}

static void too_much_is_oversize_or_endless(void **state)
{
	(void)state;
	GIVES(OVERSIZE, put16(12, 257));
	GIVES(OVERSIZE, put16(14, 257));
	GIVES(OVERSIZE, put16(12, 0xffff); put16(14, 0xffff));
	GIVES(OVERSIZE, put16(12, 129); put16(14, 128));
	GIVES(OVERSIZE, put16(12, 256); put16(14, 65));
	assert_int_equal(result.width, 256);
	assert_int_equal(result.height, 65);
	/* All of the largest job, and one byte */
	assert_int_equal(job_status(job, whole(128, 128), &result),
			 LABYRINTH_SOLVE_SOLVED);
	whole(128, 128);
	assert_int_equal(job_status(job, LABYRINTH_JOB_MAX + 1, &result),
			 LABYRINTH_SOLVE_ENDLESS);
}

/* The rest of a job that was answered is not looked at, however long it is. */
static void an_answered_job_is_skipped_to_its_end(void **state)
{
	struct labyrinth_fw *fw = solver(1);
	static uint8_t more[SIZE];

	(void)state;
	whole(128, 128);
	assert_true(labyrinth_fw_job_begin(fw, 0, 5, 0));
	for (int i = 0; i < 100; i++) {
		assert_true(labyrinth_fw_job_room(fw, 0));
		labyrinth_fw_job_push(fw, 0, i ? more : job, SIZE, 0);
		check_sane(fw);
	}
	assert_false(labyrinth_fw_job_begin(fw, 0, 6, 0));
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_ENDLESS);
	assert_int_equal(result.cookie, 5);
	labyrinth_fw_job_fail(fw, 0, LABYRINTH_SOLVE_DMA, 0);
	labyrinth_fw_job_end(fw, 0, 0);
	assert_null(labyrinth_fw_next(fw, 0));
	assert_int_equal(fw->jobs[0].answered, 1);
	/* The next one is a new one */
	assert_true(job_give(fw, 0, 6, job, whole(3, 3), SIZE));
	labyrinth_fw_job_end(fw, 0, 0);
	job_run(fw, 0);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_SOLVED);
	assert_int_equal(result.cookie, 6);
}

static void a_job_that_does_not_become_whole_ends_in_time(void **state)
{
	struct labyrinth_fw *fw = solver(1);
	uint64_t bound = LABYRINTH_JOB_USEC * UINT64_C(1000);

	(void)state;
	assert_true(job_give(fw, 0, 1, job, whole(9, 9) - 1, SIZE));
	assert_int_equal(labyrinth_fw_poll(fw, 0, 5), bound);
	assert_int_equal(labyrinth_fw_poll(fw, 0, bound - 1), bound);
	assert_null(labyrinth_fw_next(fw, 0));
	assert_int_equal(labyrinth_fw_poll(fw, 0, bound), LABYRINTH_FW_NEVER);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_ENDLESS);
	assert_int_equal(result.steps, 0);
}

static void it_may_come_in_any_pieces(void **state)
{
	(void)state;
	for (uint32_t piece = 1; piece <= 70; piece++) {
		struct labyrinth_fw *fw = solver(1);

		assert_true(job_give(fw, 0, piece, job, whole(15, 17), piece));
		labyrinth_fw_job_end(fw, 0, 0);
		job_run(fw, 0);
		job_result(fw, 0, &result);
		assert_int_equal(result.status, LABYRINTH_SOLVE_SOLVED);
		assert_int_equal(result.steps, 30);
		assert_int_equal(result.cookie, piece);
	}
}

static void what_the_caller_could_not_get_is_its_status(void **state)
{
	struct labyrinth_fw *fw = solver(1);

	(void)state;
	assert_true(job_give(fw, 0, 1, job, whole(9, 9), SIZE));
	labyrinth_fw_job_fail(fw, 0, LABYRINTH_SOLVE_DMA, 0);
	assert_true(labyrinth_fw_job_room(fw, 0));
	labyrinth_fw_job_push(fw, 0, job, SIZE, 0);
	labyrinth_fw_job_end(fw, 0, 0);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_DMA);
	assert_true(labyrinth_fw_job_begin(fw, 0, 2, 0));
	labyrinth_fw_job_fail(fw, 0, LABYRINTH_SOLVE_BAD_DESC, 0);
	labyrinth_fw_job_end(fw, 0, 0);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_BAD_DESC);
	assert_true(labyrinth_fw_job_begin(fw, 0, 3, 0));
	labyrinth_fw_job_fail(fw, 0, 77, 0);
	labyrinth_fw_job_end(fw, 0, 0);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_MALFORMED);
}

static void calls_that_make_no_sense_do_nothing(void **state)
{
	struct labyrinth_fw *fw = solver(2);
	struct labyrinth_fw_config gen = generator(LABYRINTH_CONFIG_RING);
	struct labyrinth_fw before;

	(void)state;
	start(fw, 1, &gen);
	before = *fw;
	assert_false(labyrinth_fw_job_begin(fw, 1, 1, 0));
	assert_false(labyrinth_fw_job_begin(fw, 2, 1, 0));
	assert_false(labyrinth_fw_job_begin(fw, UINT32_MAX, 1, 0));
	assert_false(labyrinth_fw_job_ready(fw, 1));
	assert_false(labyrinth_fw_job_ready(fw, UINT32_MAX));
	assert_false(labyrinth_fw_job_room(fw, 0));
	assert_false(labyrinth_fw_job_room(fw, UINT32_MAX));
	labyrinth_fw_job_push(fw, 0, job, 32, 0);
	labyrinth_fw_job_push(fw, UINT32_MAX, job, 32, 0);
	labyrinth_fw_job_end(fw, 0, 0);
	labyrinth_fw_job_end(fw, UINT32_MAX, 0);
	labyrinth_fw_job_fail(fw, 0, LABYRINTH_SOLVE_DMA, 0);
	labyrinth_fw_job_fail(fw, UINT32_MAX, LABYRINTH_SOLVE_DMA, 0);
	assert_memory_equal(fw, &before, sizeof(before));
}

/* In every phase: nothing is left of a job whose queue stops. */
static void stop_cancels_it(void **state)
{
	(void)state;
	for (uint32_t polls = 0; polls < 200; polls++) {
		struct labyrinth_fw *fw = solver(1);
		struct labyrinth_fw_config cfg = fw->queue[0].cfg;

		maze_fill(&maze, 128, 128, false);
		maze_carve(&maze, 1, 50);
		assert_true(
			job_give(fw, 0, 1, job, maze_job(&maze, job), SIZE));
		if (polls)
			labyrinth_fw_job_end(fw, 0, 0);
		for (uint32_t i = 1; i < polls; i++)
			labyrinth_fw_poll(fw, 0, 1);
		labyrinth_fw_stop(fw, 0);
		check_sane(fw);
		assert_int_equal(pages_taken(fw), 0);
		assert_int_equal(fw->job.phase, LABYRINTH_FW_IDLE);
		start(fw, 0, &cfg);
		assert_true(job_give(fw, 0, 2, job, whole(2, 2), SIZE));
		labyrinth_fw_job_end(fw, 0, 0);
		job_run(fw, 0);
		job_result(fw, 0, &result);
		assert_int_equal(result.cookie, 2);
		assert_int_equal(result.steps, 2);
	}
}

/* Of @askers queues that always ask, whoever asks first, each has the same turns. */
static void take_turns(uint32_t askers)
{
	struct labyrinth_fw *fw = solver(3);
	struct labyrinth_fw_config cfg = fw->queue[0].cfg;
	uint32_t done[3] = { 0 };

	start(fw, 1, &cfg);
	start(fw, 2, &cfg);
	for (int turn = 0; turn < 30; turn++) {
		uint32_t mine = askers, n;

		for (uint32_t q = 0; q < askers; q++) {
			if (labyrinth_fw_job_begin(fw, q, 0, 0))
				mine = q;
		}
		/* They asked before the one whose turn it is */
		for (uint32_t q = 0; q < askers && mine == askers; q++) {
			if (labyrinth_fw_job_begin(fw, q, 0, 0))
				mine = q;
		}
		assert_true(mine < askers);
		n = whole(20, 20);
		labyrinth_fw_job_push(fw, mine, job, n, 0);
		labyrinth_fw_job_end(fw, mine, 0);
		for (uint32_t q = 0; q < askers; q++)
			assert_false(labyrinth_fw_job_begin(fw, q, 0, 0));
		job_run(fw, mine);
		job_result(fw, mine, &result);
		done[mine]++;
	}
	for (uint32_t q = 0; q < 3; q++)
		assert_int_equal(done[q], q < askers ? 30 / askers : 0);
}

static void queues_have_the_solver_in_turn(void **state)
{
	(void)state;
	take_turns(1);
	take_turns(2);
	take_turns(3);
}

/* It leaves the queue of those that ask for the solver. */
static void who_stops_does_not_wait(void **state)
{
	struct labyrinth_fw *fw = solver(2);
	struct labyrinth_fw_config cfg = fw->queue[0].cfg;

	(void)state;
	start(fw, 1, &cfg);
	assert_true(labyrinth_fw_job_begin(fw, 0, 1, 0));
	assert_false(labyrinth_fw_job_begin(fw, 1, 2, 0));
	assert_int_equal(fw->job.waits, 1u << 1);
	labyrinth_fw_stop(fw, 1);
	assert_int_equal(fw->job.waits, 0);
	check_sane(fw);
}

/* A queue whose results nobody takes holds up only itself. */
static void a_queue_that_nobody_reads_is_passed_over(void **state)
{
	struct labyrinth_fw *fw = solver(4);
	struct labyrinth_fw_config cfg = fw->queue[0].cfg;
	uint32_t stalled = 0;

	(void)state;
	start(fw, 1, &cfg);
	while (job_give(fw, 0, 0, job, whole(128, 128), SIZE)) {
		labyrinth_fw_job_end(fw, 0, 0);
		while (fw->job.phase != LABYRINTH_FW_IDLE)
			labyrinth_fw_poll(fw, 0, 1);
		assert_true(++stalled < 8);
	}
	assert_true(stalled >= 1);
	for (int i = 0; i < 5; i++) {
		assert_true(labyrinth_fw_job_ready(fw, 1));
		assert_false(labyrinth_fw_job_ready(fw, 0));
		assert_true(job_give(fw, 1, 0, job, whole(128, 128), SIZE));
		labyrinth_fw_job_end(fw, 1, 0);
		job_run(fw, 1);
		job_result(fw, 1, &result);
		assert_int_equal(result.status, LABYRINTH_SOLVE_SOLVED);
	}
}

/* Generators that were there before and stand still keep their pages. */
static struct labyrinth_fw *crowded(uint32_t pages)
{
	struct labyrinth_fw *fw = bed(2);
	struct labyrinth_fw_config cfg = { .source = LABYRINTH_SOURCE_SOLVE,
					   .mode = LABYRINTH_CONFIG_RING };
	struct labyrinth_fw_config gen = generator(LABYRINTH_CONFIG_RING);

	gen.gen_count = pages;
	start(fw, 1, &gen);
	labyrinth_fw_poll(fw, 1, 0);
	assert_int_equal(pages_taken(fw), pages);
	start(fw, 0, &cfg);
	return fw;
}

static void without_memory_it_is_busy(void **state)
{
	uint64_t bound = LABYRINTH_JOB_USEC * UINT64_C(1000);

	(void)state;
	for (uint32_t pages = 1; pages <= 7; pages++) {
		struct labyrinth_fw *fw = crowded(pages);
		/* One is for the result */
		bool room = pages + 1 + 3 <= PAGES;
		uint32_t n = whole(128, 128);

		assert_true(labyrinth_fw_job_begin(fw, 0, 1, 0));
		if (pages == 7) {
			assert_false(labyrinth_fw_job_room(fw, 0));
			assert_int_equal(labyrinth_fw_poll(fw, 0, 9), bound);
			assert_int_equal(labyrinth_fw_waiting(fw), 0);
			labyrinth_fw_poll(fw, 0, bound);
			assert_true(labyrinth_fw_job_room(fw, 0));
		}
		labyrinth_fw_job_push(fw, 0, job, n, 0);
		labyrinth_fw_job_end(fw, 0, 0);
		if (!room && pages < 7)
			assert_int_equal(labyrinth_fw_poll(fw, 0, 9), bound);
		check_sane(fw);
		job_run(fw, 0);
		job_result(fw, 0, &result);
		assert_int_equal(result.status, room ? LABYRINTH_SOLVE_SOLVED
						     : LABYRINTH_SOLVE_BUSY);
		check_sane(fw);
		/* A small one needs only one page */
		if (pages == 6)
			assert_true(
				job_give(fw, 0, 2, job, whole(64, 64), SIZE));
	}
}

static void it_goes_on_when_there_is_memory(void **state)
{
	struct labyrinth_fw *fw = crowded(7);
	uint32_t n = whole(128, 128);

	(void)state;
	assert_true(labyrinth_fw_job_begin(fw, 0, 1, 0));
	assert_false(labyrinth_fw_job_room(fw, 0));
	labyrinth_fw_done(fw, 1, true);
	assert_int_equal(labyrinth_fw_waiting(fw), 1);
	labyrinth_fw_poll(fw, 0, 1);
	assert_true(labyrinth_fw_job_room(fw, 0));
	labyrinth_fw_job_push(fw, 0, job, n, 1);
	labyrinth_fw_job_end(fw, 0, 1);
	labyrinth_fw_done(fw, 1, true);
	labyrinth_fw_poll(fw, 0, 1);
	assert_int_equal(fw->job.phase, LABYRINTH_FW_ROOM);
	labyrinth_fw_done(fw, 1, true);
	assert_int_equal(labyrinth_fw_waiting(fw), 1);
	job_run(fw, 0);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_SOLVED);
}

/* Four queues, of which any stall, always have a page each; the solver its three. */
static void four_queues_and_a_solver_have_room(void **state)
{
	struct labyrinth_fw *fw = solver(4);
	struct labyrinth_fw_config gen = generator(LABYRINTH_CONFIG_RING);

	(void)state;
	for (uint32_t q = 1; q < 4; q++) {
		start(fw, q, &gen);
		labyrinth_fw_poll(fw, q, 0);
		assert_true(fw->queue[q].fifo_len >= 1);
	}
	for (int i = 0; i < 3; i++) {
		for (uint32_t q = 1; q < 4; q++)
			labyrinth_fw_poll(fw, q, 0);
		assert_true(job_give(fw, 0, 1, job, whole(128, 128), SIZE));
		labyrinth_fw_job_end(fw, 0, 0);
		assert_int_equal(fw->job.phase, LABYRINTH_FW_FLOOD);
		for (uint32_t q = 1; q < 4; q++)
			labyrinth_fw_poll(fw, q, 0);
		job_run(fw, 0);
		job_result(fw, 0, &result);
		assert_int_equal(result.status, LABYRINTH_SOLVE_SOLVED);
	}
}

/*
 * A search that waits for a page and a queue that came after it and has none:
 * neither takes the one that the other is to have.
 */
static void a_search_and_a_queue_wait_in_their_order(void **state)
{
	struct labyrinth_fw *fw = bed(3);
	struct labyrinth_fw_config cfg = { .source = LABYRINTH_SOURCE_SOLVE,
					   .mode = LABYRINTH_CONFIG_RING };
	struct labyrinth_fw_config gen = generator(LABYRINTH_CONFIG_RING);

	(void)state;
	start(fw, 1, &gen);
	while (pages_taken(fw) < PAGES - 2)
		labyrinth_fw_poll(fw, 1, 0);
	start(fw, 0, &cfg);
	assert_true(labyrinth_fw_job_begin(fw, 0, 1, 0));
	/* One is free, and is kept for the third queue until it runs */
	assert_false(labyrinth_fw_job_room(fw, 0));
	start(fw, 2, &gen);
	labyrinth_fw_poll(fw, 0, 1);
	assert_false(labyrinth_fw_job_room(fw, 0));
	labyrinth_fw_poll(fw, 2, 1);
	assert_int_equal(fw->queue[2].fifo_len, 0);
	labyrinth_fw_done(fw, 1, true);
	labyrinth_fw_poll(fw, 2, 1);
	assert_int_equal(fw->queue[2].fifo_len, 1);
	labyrinth_fw_poll(fw, 0, 1);
	assert_true(labyrinth_fw_job_room(fw, 0));
	check_sane(fw);
}

/* Sixteen queues take what they can get; the solver gets its pages in the line. */
static void among_many_it_stands_in_line(void **state)
{
	struct labyrinth_fw *fw = solver(16);
	struct labyrinth_fw_config gen = generator(LABYRINTH_CONFIG_RING);
	uint64_t now = 0;
	uint32_t solved = 0;
	bool given = false;

	(void)state;
	for (uint32_t q = 1; q < 16; q++)
		start(fw, q, &gen);
	for (int round = 0; round < 400; round++, now += 1000) {
		for (uint32_t q = 0; q < 16; q++) {
			labyrinth_fw_poll(fw, q, now);
			if (q && labyrinth_fw_next(fw, q))
				labyrinth_fw_done(fw, q, true);
		}
		if (!given && !fw->jobs[0].open &&
		    labyrinth_fw_job_begin(fw, 0, 1, now))
			given = true;
		if (given && labyrinth_fw_job_room(fw, 0)) {
			uint32_t n = whole(128, 128);

			labyrinth_fw_job_push(fw, 0, job, n, now);
			labyrinth_fw_job_end(fw, 0, now);
			given = false;
		}
		if (labyrinth_fw_next(fw, 0)) {
			job_result(fw, 0, &result);
			assert_int_equal(result.status, LABYRINTH_SOLVE_SOLVED);
			solved++;
		}
		check_sane(fw);
	}
	assert_true(solved >= 2);
	for (uint32_t q = 1; q < 16; q++)
		assert_true(fw->queue[q].count.delivered > 50);
}

SUITE(job_suite, TEST(what_is_no_maze_is_malformed),
      TEST(impossible_geometry_is_told), TEST(too_much_is_oversize_or_endless),
      TEST(an_answered_job_is_skipped_to_its_end),
      TEST(a_job_that_does_not_become_whole_ends_in_time),
      TEST(it_may_come_in_any_pieces),
      TEST(what_the_caller_could_not_get_is_its_status),
      TEST(calls_that_make_no_sense_do_nothing), TEST(stop_cancels_it),
      TEST(queues_have_the_solver_in_turn), TEST(who_stops_does_not_wait),
      TEST(a_search_and_a_queue_wait_in_their_order),
      TEST(a_queue_that_nobody_reads_is_passed_over),
      TEST(without_memory_it_is_busy), TEST(it_goes_on_when_there_is_memory),
      TEST(four_queues_and_a_solver_have_room),
      TEST(among_many_it_stands_in_line));
