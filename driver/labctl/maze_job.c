// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - mazes as the device takes them, and what it answers
 */
#include <endian.h>
#include <string.h>

#include "maze.h"

static unsigned int pair(const uint8_t *bytes, uint32_t i)
{
	return bytes[i / 4] >> i % 4 * 2 & 3;
}

uint32_t maze_to_job(const struct maze *maze, uint8_t *job)
{
	uint32_t cells = maze->width * maze->height, i;
	uint32_t size = LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(cells);
	struct labyrinth_maze head = {
		.magic = htole32(LABYRINTH_MAZE_MAGIC),
		.version = htole16(LABYRINTH_MAZE_VERSION),
		.size = htole32(size),
		.width = htole16(maze->width),
		.height = htole16(maze->height),
		.start_x = htole16(maze->start % maze->width),
		.start_y = htole16(maze->start / maze->width),
		.goal_x = htole16(maze->goal % maze->width),
		.goal_y = htole16(maze->goal / maze->width),
	};

	memset(job, 0, size);
	memcpy(job, &head, sizeof(head));
	for (i = 0; i < cells; i++)
		job[LABYRINTH_MAZE_HEADER + i / 4] |= maze->walls[i] << i % 4 * 2;
	return size;
}

bool maze_is_job(const uint8_t *data, size_t size)
{
	uint32_t magic;

	if (size < sizeof(magic))
		return false;
	memcpy(&magic, data, sizeof(magic));
	return le32toh(magic) == LABYRINTH_MAZE_MAGIC;
}

bool maze_from_job(struct maze *maze, const uint8_t *job, size_t size)
{
	struct labyrinth_maze head;
	uint32_t cells, i;

	memset(maze, 0, sizeof(*maze));
	if (size < sizeof(head) || !maze_is_job(job, size))
		return false;
	memcpy(&head, job, sizeof(head));
	maze->width = le16toh(head.width);
	maze->height = le16toh(head.height);
	if (!maze_size_ok(maze->width, maze->height) || le16toh(head.start_x) >= maze->width ||
	    le16toh(head.start_y) >= maze->height || le16toh(head.goal_x) >= maze->width ||
	    le16toh(head.goal_y) >= maze->height)
		return false;
	cells = maze->width * maze->height;
	if (size != LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(cells))
		return false;
	maze->start = le16toh(head.start_y) * maze->width + le16toh(head.start_x);
	maze->goal = le16toh(head.goal_y) * maze->width + le16toh(head.goal_x);
	for (i = 0; i < cells; i++)
		maze->walls[i] = pair(job + LABYRINTH_MAZE_HEADER, i);
	return true;
}

bool maze_read_result(struct maze_result *result, const uint8_t *data, size_t size)
{
	struct labyrinth_result head;

	if (size < sizeof(head))
		return false;
	memcpy(&head, data, sizeof(head));
	*result = (struct maze_result){
		.status = le16toh(head.status),
		.cookie = le32toh(head.cookie),
		.steps = le32toh(head.steps),
		.visited = le32toh(head.visited),
		.work = le32toh(head.work),
		.pages = 1 + (size > LABYRINTH_PAGE_SIZE),
		.path = data + sizeof(head),
	};
	return le32toh(head.magic) == LABYRINTH_RESULT_MAGIC && le32toh(head.size) == size &&
	       result->steps < LABYRINTH_MAZE_CELLS_MAX &&
	       size == LABYRINTH_RESULT_HEADER + LABYRINTH_MAZE_BYTES(result->steps);
}

bool maze_tread(struct maze *maze, const struct maze_result *result)
{
	uint32_t cell = maze->start, i;

	maze->trodden[cell] = true;
	for (i = 0; i < result->steps; i++) {
		unsigned int step = pair(result->path, i);
		uint8_t side, *wall = maze_wall(maze, cell, step, &side);

		if (!wall || *wall & side)
			return false;
		cell = maze_neighbour(maze, cell, step);
		maze->trodden[cell] = true;
	}
	return cell == maze->goal;
}

const char *maze_status(uint32_t status)
{
	static const char *const names[LABYRINTH_SOLVE_STATUSES] = {
		"solved", "unsolvable", "malformed", "geometry", "oversize",
		"endless", "busy", "bad-desc", "dma", "damaged",
	};

	return status < LABYRINTH_SOLVE_STATUSES ? names[status] : "unknown";
}

char maze_step_letter(const struct maze_result *result, uint32_t step)
{
	return "NESW"[pair(result->path, step)];
}
