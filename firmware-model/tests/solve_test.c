// SPDX-License-Identifier: GPL-2.0-only
/* The search: shortest paths, the largest and the longest, bounded work. */
#include "maze.h"

static struct maze maze;
static struct result result;
static uint8_t job[LABYRINTH_JOB_MAX];

/* Solves it, and compares with the other way */
static void check_solved(void)
{
	uint32_t n = maze_job(&maze, job);
	int32_t distance = maze_distance(&maze);
	uint32_t status = job_status(job, n, &result);

	if (distance < 0) {
		assert_int_equal(status, LABYRINTH_SOLVE_UNSOLVABLE);
		return;
	}
	assert_int_equal(status, LABYRINTH_SOLVE_SOLVED);
	assert_int_equal(result.steps, distance);
	assert_true(maze_path_ok(&maze, result.bytes + 32, result.steps));
	assert_true(result.visited > result.steps &&
		    result.visited <= maze.width * maze.height);
}

static void small_mazes_are_solved(void **state)
{
	(void)state;
	for (uint32_t height = 1; height <= 9; height++) {
		for (uint32_t width = 1; width <= 9; width++) {
			for (uint64_t seed = 0; seed < 4; seed++) {
				maze_fill(&maze, width, height, false);
				maze_carve(&maze, seed, (uint32_t)seed * 4);
				check_solved();
			}
		}
	}
}

static void every_start_and_goal_is_right(void **state)
{
	uint32_t cells = 7 * 6;

	(void)state;
	maze_fill(&maze, 7, 6, false);
	maze_carve(&maze, 3, 6);
	for (uint32_t start = 0; start < cells; start++) {
		for (uint32_t goal = 0; goal < cells; goal++) {
			maze.start_x = start % 7;
			maze.start_y = start / 7;
			maze.goal_x = goal % 7;
			maze.goal_y = goal / 7;
			check_solved();
		}
	}
}

static void sides_and_page_borders_are_right(void **state)
{
	/* From one page to two and three, with and without a rest of a group */
	static const uint32_t sizes[][2] = {
		{ 256, 1 },   { 1, 256 },   { 256, 64 },  { 64, 256 },
		{ 128, 128 }, { 127, 129 }, { 85, 64 },	  { 5461, 1 },
		{ 73, 74 },   { 74, 74 },   { 104, 105 }, { 105, 105 },
		{ 31, 33 },   { 33, 31 },   { 13, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (sizes[i][0] > LABYRINTH_MAZE_SIDE_MAX)
			continue;
		maze_fill(&maze, sizes[i][0], sizes[i][1], false);
		maze_carve(&maze, i, (uint32_t)i * 20);
		check_solved();
	}
}

static void the_largest_open_one_is_solved(void **state)
{
	(void)state;
	maze_fill(&maze, 128, 128, true);
	check_solved();
	assert_int_equal(result.steps, 254);
	assert_int_equal(result.pages, 1);
}

static void the_longest_path_takes_two_pages(void **state)
{
	(void)state;
	maze_spiral(&maze, 128, 128);
	check_solved();
	assert_int_equal(result.steps, CELLS - 1);
	assert_int_equal(result.visited, CELLS);
	assert_int_equal(result.pages, 2);
}

/* Where the second page begins */
static void a_path_may_just_fill_a_page(void **state)
{
	uint32_t full = (SIZE - LABYRINTH_RESULT_HEADER) * 4;

	(void)state;
	for (uint32_t steps = full - 1; steps <= full + 1; steps++) {
		struct maze whole;
		uint32_t x = 0, y = 0;

		maze_spiral(&maze, 128, 128);
		whole = maze;
		/* Only the path's last part: begin so many steps later */
		assert_int_equal(job_status(job, maze_job(&whole, job),
					    &result),
				 LABYRINTH_SOLVE_SOLVED);
		for (uint32_t i = 0; i < CELLS - 1 - steps; i++) {
			uint32_t step =
				result.bytes[32 + i / 4] >> i % 4 * 2 & 3;

			x += (step == LABYRINTH_STEP_EAST) -
			     (step == LABYRINTH_STEP_WEST);
			y += (step == LABYRINTH_STEP_SOUTH) -
			     (step == LABYRINTH_STEP_NORTH);
		}
		maze.start_x = x;
		maze.start_y = y;
		check_solved();
		assert_int_equal(result.steps, steps);
		assert_int_equal(result.pages, steps > full ? 2 : 1);
	}
}

static void walls_all_round_are_unsolvable(void **state)
{
	(void)state;
	maze_fill(&maze, 128, 128, false);
	check_solved();
	assert_int_equal(result.visited, 1);
	assert_int_equal(result.status, LABYRINTH_SOLVE_UNSOLVABLE);
	maze_fill(&maze, 128, 128, true);
	for (uint32_t y = 0; y < 128; y++)
		maze.walls[y * 128 + 63] |= LABYRINTH_MAZE_EAST;
	check_solved();
	assert_int_equal(result.visited, CELLS / 2);
}

static void the_start_may_be_the_goal(void **state)
{
	(void)state;
	maze_fill(&maze, 1, 1, true);
	check_solved();
	assert_int_equal(result.steps, 0);
	assert_int_equal(result.size, 32);
	assert_int_equal(result.visited, 1);
}

/* Units are bounded by cells, distances and steps, and calls by units. */
static void the_work_is_bounded(void **state)
{
	struct labyrinth_fw *fw;
	uint32_t calls;

	(void)state;
	maze_spiral(&maze, 128, 128);
	fw = solver(1);
	assert_true(job_give(fw, 0, 7, job, maze_job(&maze, job), SIZE));
	labyrinth_fw_job_end(fw, 0, 0);
	calls = job_run(fw, 0);
	job_result(fw, 0, &result);
	assert_true(result.work <= 4 * CELLS);
	assert_true(calls <= 4 * CELLS / LABYRINTH_FW_JOB_STEPS);
	assert_true(calls >= result.work / LABYRINTH_FW_JOB_STEPS);
}

static void the_same_maze_gives_the_same_path(void **state)
{
	struct result first;

	(void)state;
	maze_fill(&maze, 60, 60, false);
	maze_carve(&maze, 11, 400);
	check_solved();
	first = result;
	check_solved();
	assert_memory_equal(&first, &result, sizeof(result));
}

/* What a job from outside may hold in its pages changes an answer, and no more. */
static void a_damaged_memory_ends_all_the_same(void **state)
{
	uint64_t seed = 5;
	uint32_t damaged = 0;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct labyrinth_fw *fw = solver(1);

		maze_fill(&maze, 128, 128, false);
		maze_carve(&maze, seed, 100);
		assert_true(
			job_give(fw, 0, 7, job, maze_job(&maze, job), SIZE));
		labyrinth_fw_job_end(fw, 0, 0);
		for (int i = 0; i < round; i++)
			labyrinth_fw_poll(fw, 0, 1);
		if (fw->job.phase == LABYRINTH_FW_IDLE)
			continue;
		for (uint32_t p = 0; p < fw->job.nr_pages; p++) {
			for (uint32_t i = 0; i < SIZE; i++)
				fw->page[fw->job.pages[p]].data[i] =
					(uint8_t)draw(&seed, 256);
		}
		for (uint32_t i = 0; i < LABYRINTH_FW_SUMMARY; i++)
			fw->job.summary[round % 2][i] = draw(&seed, UINT32_MAX);
		assert_true(labyrinth_fw_valid(fw));
		job_run(fw, 0);
		job_result(fw, 0, &result);
		damaged += result.status == LABYRINTH_SOLVE_DAMAGED;
	}
	assert_true(damaged);
}

/* Its sets are whole bytes; from behind the last cell there is a way back in. */
static void a_cell_that_is_none_is_not_gone_on_from(void **state)
{
	struct labyrinth_fw *fw = solver(1);

	(void)state;
	/* The goal is walled in */
	maze_fill(&maze, 3, 3, true);
	maze.walls[7] |= LABYRINTH_MAZE_EAST;
	maze.walls[5] |= LABYRINTH_MAZE_SOUTH;
	assert_true(job_give(fw, 0, 7, job, maze_job(&maze, job), SIZE));
	labyrinth_fw_job_end(fw, 0, 0);
	fw->page[fw->job.pages[0]].data[2 * 8 + 15 / 8] |= 1u << 15 % 8;
	assert_true(labyrinth_fw_valid(fw));
	job_run(fw, 0);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_UNSOLVABLE);
	assert_int_equal(result.visited, 1);
}

/* Who forgets where it was goes on for no more distances than there are cells. */
static void a_memory_that_is_wiped_all_the_time_ends_it(void **state)
{
	struct labyrinth_fw *fw = solver(1);
	uint32_t cells = 40 * 40, calls = 0;

	(void)state;
	maze_spiral(&maze, 40, 40);
	maze.walls[0] = LABYRINTH_MAZE_EAST | LABYRINTH_MAZE_SOUTH;
	assert_true(job_give(fw, 0, 7, job, maze_job(&maze, job), SIZE));
	labyrinth_fw_job_end(fw, 0, 0);
	while (fw->job.phase == LABYRINTH_FW_FLOOD && calls++ < 8 * cells) {
		memset(fw->page[fw->job.pages[0]].data + cells / 4, 0,
		       cells / 4);
		labyrinth_fw_poll(fw, 0, 1);
	}
	assert_int_equal(fw->job.phase, LABYRINTH_FW_IDLE);
	job_result(fw, 0, &result);
	assert_int_equal(result.status, LABYRINTH_SOLVE_UNSOLVABLE);
	assert_true(result.visited > cells);
}

SUITE(solve_suite, TEST(small_mazes_are_solved),
      TEST(every_start_and_goal_is_right),
      TEST(sides_and_page_borders_are_right),
      TEST(the_largest_open_one_is_solved),
      TEST(the_longest_path_takes_two_pages), TEST(a_path_may_just_fill_a_page),
      TEST(walls_all_round_are_unsolvable), TEST(the_start_may_be_the_goal),
      TEST(the_work_is_bounded), TEST(the_same_maze_gives_the_same_path),
      TEST(a_damaged_memory_ends_all_the_same),
      TEST(a_cell_that_is_none_is_not_gone_on_from),
      TEST(a_memory_that_is_wiped_all_the_time_ends_it));
