// SPDX-License-Identifier: GPL-2.0-only
#include "maze.h"

static uint8_t *cell(struct maze *maze, uint32_t x, uint32_t y)
{
	return &maze->walls[y * maze->width + x];
}

void maze_fill(struct maze *maze, uint32_t width, uint32_t height, bool open)
{
	memset(maze, 0, sizeof(*maze));
	maze->width = width;
	maze->height = height;
	maze->goal_x = width - 1;
	maze->goal_y = height - 1;
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++)
			*cell(maze, x, y) =
				(uint8_t)((!open || x + 1 == width) *
						  LABYRINTH_MAZE_EAST |
					  (!open || y + 1 == height) *
						  LABYRINTH_MAZE_SOUTH);
	}
}

void maze_open(struct maze *maze, uint32_t x, uint32_t y, uint32_t side)
{
	*cell(maze, x, y) &= (uint8_t)~side;
}

/* The wall in direction @step of a cell, to be there or not; false: the outer one */
static uint8_t *wall_of(struct maze *maze, uint32_t x, uint32_t y,
			uint32_t step, uint8_t *side)
{
	*side = step % 2 ? LABYRINTH_MAZE_EAST : LABYRINTH_MAZE_SOUTH;
	switch (step) {
	case LABYRINTH_STEP_NORTH:
		return y ? cell(maze, x, y - 1) : NULL;
	case LABYRINTH_STEP_EAST:
		return x + 1 < maze->width ? cell(maze, x, y) : NULL;
	case LABYRINTH_STEP_SOUTH:
		return y + 1 < maze->height ? cell(maze, x, y) : NULL;
	default:
		return x ? cell(maze, x - 1, y) : NULL;
	}
}

static void go(uint32_t *x, uint32_t *y, uint32_t step)
{
	*x += (step == LABYRINTH_STEP_EAST) - (step == LABYRINTH_STEP_WEST);
	*y += (step == LABYRINTH_STEP_SOUTH) - (step == LABYRINTH_STEP_NORTH);
}

void maze_carve(struct maze *maze, uint64_t seed, uint32_t loops)
{
	static uint16_t stack[CELLS];
	static bool seen[CELLS];
	uint32_t depth = 1;

	memset(seen, 0, sizeof(seen));
	stack[0] = 0;
	seen[0] = true;
	while (depth) {
		uint32_t ways[4], n = 0;
		uint8_t side;

		for (uint32_t step = 0; step < 4; step++) {
			uint32_t x = stack[depth - 1] % maze->width;
			uint32_t y = stack[depth - 1] / maze->width;

			if (!wall_of(maze, x, y, step, &side))
				continue;
			go(&x, &y, step);
			if (!seen[y * maze->width + x])
				ways[n++] = step;
		}
		if (!n) {
			depth--;
			continue;
		}
		n = ways[draw(&seed, n)];
		{
			uint32_t x = stack[depth - 1] % maze->width;
			uint32_t y = stack[depth - 1] / maze->width;
			uint8_t *wall = wall_of(maze, x, y, n, &side);

			*wall &= (uint8_t)~side;
			go(&x, &y, n);
			seen[y * maze->width + x] = true;
			stack[depth++] = (uint16_t)(y * maze->width + x);
		}
	}
	for (uint32_t i = 0; i < loops; i++) {
		uint8_t side, *wall = wall_of(maze, draw(&seed, maze->width),
					      draw(&seed, maze->height),
					      draw(&seed, 4), &side);

		if (wall)
			*wall &= (uint8_t)~side;
	}
}

void maze_spiral(struct maze *maze, uint32_t width, uint32_t height)
{
	static bool seen[CELLS];
	uint32_t x = 0, y = 0, step = LABYRINTH_STEP_EAST, turns = 0;

	memset(seen, 0, sizeof(seen));
	maze_fill(maze, width, height, false);
	seen[0] = true;
	while (turns < 2) {
		uint32_t to_x = x, to_y = y;
		uint8_t side, *wall = wall_of(maze, x, y, step, &side);

		go(&to_x, &to_y, step);
		if (!wall || seen[to_y * width + to_x]) {
			step = (step + 1) % 4;
			turns++;
			continue;
		}
		*wall &= (uint8_t)~side;
		x = to_x;
		y = to_y;
		seen[y * width + x] = true;
		turns = 0;
	}
	maze->goal_x = x;
	maze->goal_y = y;
}

static void put(uint8_t *to, uint32_t bytes, uint32_t value)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *from, uint32_t bytes)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint32_t)from[i] << 8 * i;
	return value;
}

uint32_t maze_job(const struct maze *maze, uint8_t *job)
{
	uint32_t cells = maze->width * maze->height;
	uint32_t size = 32 + (cells + 3) / 4;

	memset(job, 0, size);
	put(job, 4, LABYRINTH_MAZE_MAGIC);
	put(job + 4, 2, 1);
	put(job + 8, 4, size);
	put(job + 12, 2, maze->width);
	put(job + 14, 2, maze->height);
	put(job + 16, 2, maze->start_x);
	put(job + 18, 2, maze->start_y);
	put(job + 20, 2, maze->goal_x);
	put(job + 22, 2, maze->goal_y);
	for (uint32_t i = 0; i < cells; i++)
		job[32 + i / 4] |= (uint8_t)(maze->walls[i] << i % 4 * 2);
	return size;
}

/* Distances from the start, each round one further, with no queue and no sets */
int32_t maze_distance(const struct maze *maze)
{
	static int32_t at[CELLS];
	struct maze copy = *maze;
	uint32_t cells = maze->width * maze->height;
	uint32_t goal = maze->goal_y * maze->width + maze->goal_x;
	bool more = true;

	for (uint32_t i = 0; i < cells; i++)
		at[i] = INT32_MAX - 1;
	at[maze->start_y * maze->width + maze->start_x] = 0;
	while (more) {
		more = false;
		for (uint32_t k = 0; k < 2 * cells; k++) {
			/* Forth and back, so that few rounds do */
			uint32_t i = k < cells ? k : 2 * cells - 1 - k;

			for (uint32_t step = 0; step < 4; step++) {
				uint32_t x = i % maze->width;
				uint32_t y = i / maze->width;
				uint8_t side, *wall = wall_of(&copy, x, y, step,
							      &side);

				if (!wall || *wall & side)
					continue;
				go(&x, &y, step);
				if (at[y * maze->width + x] > at[i] + 1) {
					at[y * maze->width + x] = at[i] + 1;
					more = true;
				}
			}
		}
	}
	return at[goal] == INT32_MAX - 1 ? -1 : at[goal];
}

bool maze_path_ok(const struct maze *maze, const uint8_t *path, uint32_t steps)
{
	struct maze copy = *maze;
	uint32_t x = maze->start_x, y = maze->start_y;

	for (uint32_t i = 0; i < steps; i++) {
		uint32_t step = path[i / 4] >> i % 4 * 2 & 3;
		uint8_t side, *wall = wall_of(&copy, x, y, step, &side);

		if (!wall || *wall & side)
			return false;
		go(&x, &y, step);
	}
	return x == maze->goal_x && y == maze->goal_y;
}

/* --- the core ------------------------------------------------------------------ */

struct labyrinth_fw *solver(uint32_t nr_queues)
{
	struct labyrinth_fw *fw = bed(nr_queues);
	struct labyrinth_fw_config cfg = {
		.mode = LABYRINTH_CONFIG_RING,
		.source = LABYRINTH_SOURCE_SOLVE,
	};

	start(fw, 0, &cfg);
	return fw;
}

bool job_give(struct labyrinth_fw *fw, uint32_t q, uint32_t cookie,
	      const uint8_t *data, uint32_t n, uint32_t piece)
{
	if (!labyrinth_fw_job_begin(fw, q, cookie, 0))
		return false;
	for (uint32_t at = 0; at < n; at += piece) {
		uint32_t now = n - at < piece ? n - at : piece;

		assert_true(labyrinth_fw_job_room(fw, q));
		labyrinth_fw_job_push(fw, q, data + at, now, 0);
		check_sane(fw);
	}
	return true;
}

uint32_t job_run(struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t calls = 0;
	uint64_t now = 1;

	while (!fw->queue[q].fifo_len) {
		uint64_t next = labyrinth_fw_poll(fw, q, now);

		assert_true(next > now);
		assert_true(++calls < 1000);
		check_sane(fw);
		now = next;
	}
	return calls;
}

void job_result(struct labyrinth_fw *fw, uint32_t q, struct result *result)
{
	uint32_t got = 0;

	memset(result, 0, sizeof(*result));
	do {
		const struct labyrinth_fw_page *page = labyrinth_fw_next(fw, q);

		assert_non_null(page);
		assert_true(got + page->length <= sizeof(result->bytes));
		assert_int_equal(page->crc32c,
				 labyrinth_crc32c(0, page->data, page->length));
		memcpy(result->bytes + got, page->data, page->length);
		got += page->length;
		result->pages++;
		labyrinth_fw_done(fw, q, true);
		check_sane(fw);
		assert_true(got >= LABYRINTH_RESULT_HEADER);
		result->size = get(result->bytes + 12, 4);
	} while (got < result->size);
	assert_int_equal(got, result->size);
	assert_int_equal(get(result->bytes, 4), LABYRINTH_RESULT_MAGIC);
	assert_int_equal(get(result->bytes + 6, 2), 0);
	result->status = get(result->bytes + 4, 2);
	result->cookie = get(result->bytes + 8, 4);
	result->steps = get(result->bytes + 16, 4);
	result->visited = get(result->bytes + 20, 4);
	result->work = get(result->bytes + 24, 4);
	result->width = get(result->bytes + 28, 2);
	result->height = get(result->bytes + 30, 2);
	assert_int_equal(result->size, 32 + (result->steps + 3) / 4);
}

uint32_t job_status(const uint8_t *data, uint32_t n, struct result *result)
{
	struct labyrinth_fw *fw = solver(1);

	assert_true(job_give(fw, 0, 1, data, n, SIZE));
	labyrinth_fw_job_end(fw, 0, 0);
	job_run(fw, 0);
	job_result(fw, 0, result);
	assert_int_equal(result->cookie, 1);
	assert_int_equal(pages_taken(fw), 0);
	assert_int_equal(fw->jobs[0].begun, 1);
	assert_int_equal(fw->jobs[0].answered, 1);
	/* Whatever came out, nothing but a solution has a path */
	if (result->status)
		assert_int_equal(result->steps, 0);
	return result->status;
}
