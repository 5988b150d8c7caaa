// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - seeded mazes: a walk that goes on wherever it was not yet, and back where it
 * cannot; all chance is from one SplitMix64
 */
#include <string.h>

#include "maze.h"

static uint64_t chance(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

bool maze_size_ok(uint64_t width, uint64_t height)
{
	return width >= 1 && height >= 1 && width <= LABYRINTH_MAZE_SIDE_MAX &&
	       height <= LABYRINTH_MAZE_SIDE_MAX && width * height <= LABYRINTH_MAZE_CELLS_MAX;
}

uint32_t maze_neighbour(const struct maze *maze, uint32_t cell, unsigned int step)
{
	uint32_t x = cell % maze->width, y = cell / maze->width;

	switch (step) {
	case LABYRINTH_STEP_NORTH:
		return y ? cell - maze->width : UINT32_MAX;
	case LABYRINTH_STEP_EAST:
		return x + 1 < maze->width ? cell + 1 : UINT32_MAX;
	case LABYRINTH_STEP_SOUTH:
		return y + 1 < maze->height ? cell + maze->width : UINT32_MAX;
	default:
		return x ? cell - 1 : UINT32_MAX;
	}
}

uint8_t *maze_wall(struct maze *maze, uint32_t cell, unsigned int step, uint8_t *side)
{
	uint32_t next = maze_neighbour(maze, cell, step);

	*side = step % 2 ? LABYRINTH_MAZE_EAST : LABYRINTH_MAZE_SOUTH;
	if (next == UINT32_MAX)
		return NULL;
	/* The cell in the west, or north, has it */
	return &maze->walls[step == LABYRINTH_STEP_EAST || step == LABYRINTH_STEP_SOUTH ? cell :
											  next];
}

static void take_wall(struct maze *maze, uint32_t cell, unsigned int step)
{
	uint8_t side, *wall = maze_wall(maze, cell, step, &side);

	*wall &= ~side;
}

void maze_make(struct maze *maze, uint32_t width, uint32_t height, uint64_t seed,
	       unsigned int loops)
{
	static uint16_t walk[LABYRINTH_MAZE_CELLS_MAX];
	static bool seen[LABYRINTH_MAZE_CELLS_MAX];
	uint32_t cells = width * height, depth = 1, cell;

	memset(maze, 0, sizeof(*maze));
	memset(seen, 0, sizeof(seen));
	maze->width = width;
	maze->height = height;
	maze->goal = cells - 1;
	memset(maze->walls, LABYRINTH_MAZE_EAST | LABYRINTH_MAZE_SOUTH, cells);
	walk[0] = 0;
	seen[0] = true;
	while (depth) {
		unsigned int ways[4], n = 0, step;

		cell = walk[depth - 1];
		for (step = 0; step < 4; step++) {
			uint32_t next = maze_neighbour(maze, cell, step);

			if (next != UINT32_MAX && !seen[next])
				ways[n++] = step;
		}
		if (!n) {
			depth--;
			continue;
		}
		step = ways[chance(&seed) % n];
		take_wall(maze, cell, step);
		cell = maze_neighbour(maze, cell, step);
		seen[cell] = true;
		walk[depth++] = cell;
	}
	for (cell = 0; cell < cells; cell++) {
		unsigned int step;

		for (step = LABYRINTH_STEP_EAST; step <= LABYRINTH_STEP_SOUTH; step++) {
			uint8_t side, *wall = maze_wall(maze, cell, step, &side);

			if (wall && *wall & side && chance(&seed) % 100 < loops)
				*wall &= ~side;
		}
	}
}
