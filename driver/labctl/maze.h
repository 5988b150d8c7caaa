/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labctl - mazes: made, read, written, drawn
 *
 * A maze is cells with walls between them.  As text it is either *thin*, a character
 * for each cell, wall and corner, (2 W + 1) x (2 H + 1) of them; or *thick*, a
 * character for each cell, of which some are solid.  As a job it is what the hardware
 * header says, where a solid cell has a wall on each side.
 */
#ifndef LABCTL_MAZE_H
#define LABCTL_MAZE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "labyrinth_hw.h"

struct maze {
	uint32_t width;
	uint32_t height;
	uint32_t start;		/* cell: y * width + x */
	uint32_t goal;
	bool thick;
	uint8_t walls[LABYRINTH_MAZE_CELLS_MAX];	/* LABYRINTH_MAZE_EAST, _SOUTH */
	bool solid[LABYRINTH_MAZE_CELLS_MAX];
	bool trodden[LABYRINTH_MAZE_CELLS_MAX];		/* on the path */
};

/* What the device said */
struct maze_result {
	uint32_t status;	/* enum labyrinth_solve_status */
	uint32_t cookie;
	uint32_t steps;
	uint32_t visited;
	uint32_t work;
	uint32_t pages;
	const uint8_t *path;	/* two bits a step */
};

/* maze_make.c: false for a size that the device does not take. */
bool maze_size_ok(uint64_t width, uint64_t height);
/*
 * One way between any two cells, from corner to corner; then @loops of a hundred of the
 * walls that are left are taken.  The same seed makes the same maze.
 */
void maze_make(struct maze *maze, uint32_t width, uint32_t height, uint64_t seed,
	       unsigned int loops);
/* The neighbour's cell, whatever is between; UINT32_MAX: outside */
uint32_t maze_neighbour(const struct maze *maze, uint32_t cell, unsigned int step);
/* Where the wall on that side of a cell is kept, with @side; NULL: the outer one */
uint8_t *maze_wall(struct maze *maze, uint32_t cell, unsigned int step, uint8_t *side);

/* maze_job.c; @job has room for LABYRINTH_JOB_MAX bytes; how many they are */
uint32_t maze_to_job(const struct maze *maze, uint8_t *job);
/* Of a job that the device took: false if it is none. */
bool maze_from_job(struct maze *maze, const uint8_t *job, size_t size);
bool maze_is_job(const uint8_t *data, size_t size);
/* The head of a result; false if it is none. */
bool maze_read_result(struct maze_result *result, const uint8_t *data, size_t size);
/* Marks its cells; false if it does not lead through the maze, from start to goal. */
bool maze_tread(struct maze *maze, const struct maze_result *result);
const char *maze_status(uint32_t status);
char maze_step_letter(const struct maze_result *result, uint32_t step);

/* maze_text.c: false with the error printed, which names @path. */
bool maze_parse(struct maze *maze, const char *path, const char *text, size_t size);
void maze_print(const struct maze *maze, FILE *out);

/* maze_svg.c */
void maze_svg(const struct maze *maze, const struct maze_result *result, FILE *out);

#endif /* LABCTL_MAZE_H */
