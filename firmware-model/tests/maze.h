/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mazes for the solver's tests: as jobs, and what must come out of them by
 * another way: distances in a plain array, spread until nothing changes.
 */
#ifndef LABYRINTH_FW_TEST_MAZE_H
#define LABYRINTH_FW_TEST_MAZE_H

#include "fixture.h"

#define CELLS LABYRINTH_MAZE_CELLS_MAX
#define RESULT_MAX (LABYRINTH_RESULT_HEADER + LABYRINTH_MAZE_BYTES(CELLS))

struct maze {
	uint32_t width, height;
	uint32_t start_x, start_y, goal_x, goal_y;
	uint8_t walls[CELLS]; /* a cell each, EAST and SOUTH */
};

/* All walls, or only the outer ones; from one corner to the opposite one */
void maze_fill(struct maze *maze, uint32_t width, uint32_t height, bool open);
/* Takes the wall between a cell and the one east, or south, of it. */
void maze_open(struct maze *maze, uint32_t x, uint32_t y, uint32_t side);
/* One way between any two cells; then @loops more walls are taken. */
void maze_carve(struct maze *maze, uint64_t seed, uint32_t loops);
/* One corridor through every cell, from the corner to the middle */
void maze_spiral(struct maze *maze, uint32_t width, uint32_t height);

/* Its bytes; how many.  @job has room for LABYRINTH_JOB_MAX. */
uint32_t maze_job(const struct maze *maze, uint8_t *job);
/* Steps of a shortest path, -1: there is none. */
int32_t maze_distance(const struct maze *maze);
/* Does the path lead through the maze, from the start to the goal? */
bool maze_path_ok(const struct maze *maze, const uint8_t *path, uint32_t steps);

struct result {
	uint32_t status, cookie, steps, visited, work, width, height, size;
	uint8_t bytes[RESULT_MAX];
	uint32_t pages;
};

/* A queue of the bed with jobs; @nr_queues in all */
struct labyrinth_fw *solver(uint32_t nr_queues);
/*
 * Begins a job of @q and gives it @n bytes in pieces of @piece; false where it
 * could not begin.  It is not ended.
 */
bool job_give(struct labyrinth_fw *fw, uint32_t q, uint32_t cookie,
	      const uint8_t *data, uint32_t n, uint32_t piece);
/* Lets time pass until a result of @q is there; how many calls that took. */
uint32_t job_run(struct labyrinth_fw *fw, uint32_t q);
/* Takes the result of @q, which must be there, in as many pages as it has. */
void job_result(struct labyrinth_fw *fw, uint32_t q, struct result *result);
/* All of it: the status of a job of @n bytes */
uint32_t job_status(const uint8_t *data, uint32_t n, struct result *result);

#endif /* LABYRINTH_FW_TEST_MAZE_H */
