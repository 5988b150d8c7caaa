// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The search: a shortest path through a maze of W x H cells, in three quarters of
 * a byte a cell, so that the most cells fit into three pages.
 *
 *   walls    2 bits a cell, as in the job
 *   trail    2 bits a cell: 0 for a cell that was not reached, else 1 + d % 3,
 *            with d its steps from the goal
 *   front    2 sets, a bit a cell: the cells of this distance, and of the next
 *
 * The flood goes from the goal outwards, a distance at a time, until it comes to
 * the start.  From there each step to a cell whose d is one less leads back to
 * the goal: neighbours differ by one or not at all, and 3 tells these apart.  So
 * nothing is stored of where one came from, and the path comes out in its order.
 * Which of several shortest paths it is depends on the maze alone.
 *
 * The sets have a summary, a bit for each 32 cells, so that finding the next cell
 * takes a bounded time however few there are.  A *unit* of work is a cell of the
 * flood, a distance, or a step of the path.  The flood removes a bit of a set, or
 * goes on to the next distance, with each; a cell enters a set once.  So it ends
 * whatever the memory holds, also after a load from outside.
 */
#include "fw_internal.h"

#define GROUP 32u

_Static_assert(LABYRINTH_MAZE_CELLS_MAX / 4 * 3 ==
		       LABYRINTH_FW_WORK_PAGES * LABYRINTH_PAGE_SIZE,
	       "all that the search needs");

static uint32_t cells_of(const struct labyrinth_fw_job *job)
{
	return (uint32_t)job->width * job->height;
}

/* Bytes of each part: of walls, of the trail, of both sets.  A group is whole. */
static uint32_t part(uint32_t cells)
{
	return (cells + GROUP - 1) / GROUP * (GROUP / 4);
}

uint32_t lfw_solve_pages(uint32_t cells)
{
	return (3 * part(cells) + LABYRINTH_PAGE_SIZE - 1) /
	       LABYRINTH_PAGE_SIZE;
}

static uint8_t *byte_at(struct labyrinth_fw *fw, uint32_t offset)
{
	return fw->page[fw->job.pages[offset / LABYRINTH_PAGE_SIZE]].data +
	       offset % LABYRINTH_PAGE_SIZE;
}

/* --- walls and trail ----------------------------------------------------------- */

static bool wall(struct labyrinth_fw *fw, uint32_t cell, uint32_t side)
{
	return lfw_pair(byte_at(fw, cell / 4), cell) & side;
}

/* The cell in direction @step, or the cell itself if a wall is there. */
static uint32_t neighbour(struct labyrinth_fw *fw, uint32_t cell, uint32_t step)
{
	uint32_t width = fw->job.width;
	uint32_t x = cell % width;

	switch (step) {
	case LABYRINTH_STEP_NORTH:
		if (cell >= width &&
		    !wall(fw, cell - width, LABYRINTH_MAZE_SOUTH))
			return cell - width;
		return cell;
	case LABYRINTH_STEP_EAST:
		if (x + 1 < width && !wall(fw, cell, LABYRINTH_MAZE_EAST))
			return cell + 1;
		return cell;
	case LABYRINTH_STEP_SOUTH:
		if (cell + width < cells_of(&fw->job) &&
		    !wall(fw, cell, LABYRINTH_MAZE_SOUTH))
			return cell + width;
		return cell;
	default:
		if (x && !wall(fw, cell - 1, LABYRINTH_MAZE_EAST))
			return cell - 1;
		return cell;
	}
}

static uint8_t *trail_byte(struct labyrinth_fw *fw, uint32_t cell)
{
	return byte_at(fw, part(cells_of(&fw->job)) + cell / 4);
}

static uint32_t trail(struct labyrinth_fw *fw, uint32_t cell)
{
	return lfw_pair(trail_byte(fw, cell), cell);
}

/* --- the two sets --------------------------------------------------------------- */

static uint8_t *front_byte(struct labyrinth_fw *fw, uint32_t level,
			   uint32_t cell)
{
	uint32_t size = part(cells_of(&fw->job));

	return byte_at(fw, 2 * size + level % 2 * (size / 2) + cell / 8);
}

/* @cell is @level steps from the goal, which nobody knew before. */
static void reach(struct labyrinth_fw *fw, uint32_t level, uint32_t cell)
{
	struct labyrinth_fw_job *job = &fw->job;
	uint32_t group = cell / GROUP;

	*trail_byte(fw, cell) |= (uint8_t)((1 + level % 3) << cell % 4 * 2);
	*front_byte(fw, level, cell) |= (uint8_t)(1u << cell % 8);
	job->summary[level % 2][group / 32] |= 1u << group % 32;
	job->visited++;
}

/* Any cell of the set @level, which loses it; -1: there is none. */
static int32_t draw(struct labyrinth_fw *fw, uint32_t level)
{
	uint32_t *summary = fw->job.summary[level % 2];

	for (uint32_t i = 0; i < LABYRINTH_FW_SUMMARY; i++) {
		uint32_t group, cell;

		if (!summary[i])
			continue;
		group = i * 32 + (uint32_t)__builtin_ctz(summary[i]);
		for (cell = group * GROUP;
		     cell < cells_of(&fw->job) && cell < (group + 1) * GROUP;
		     cell += 8) {
			uint8_t *set = front_byte(fw, level, cell);

			if (*set) {
				cell += (uint32_t)__builtin_ctz(*set);
				*set &= (uint8_t)(*set - 1);
				return (int32_t)cell;
			}
		}
		/* The group is empty: whoever looks next sees the next one */
		summary[i] &= summary[i] - 1;
		return -1;
	}
	return -1;
}

static bool empty(const struct labyrinth_fw *fw, uint32_t level)
{
	uint32_t any = 0;

	for (uint32_t i = 0; i < LABYRINTH_FW_SUMMARY; i++)
		any |= fw->job.summary[level % 2][i];
	return !any;
}

/* --- the search ------------------------------------------------------------------ */

static void clear(struct labyrinth_fw *fw, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint32_t n = LABYRINTH_PAGE_SIZE - from % LABYRINTH_PAGE_SIZE;

		if (n > to - from)
			n = to - from;
		memset(byte_at(fw, from), 0, n);
		from += n;
	}
}

/* The job has all of its pages, and its walls are in the first. */
void lfw_solve_begin(struct labyrinth_fw *fw)
{
	struct labyrinth_fw_job *job = &fw->job;
	uint32_t size = part(cells_of(job));

	clear(fw, size, 3 * size);
	reach(fw, 0, job->goal);
}

/* The start is @steps from the goal. */
static void found(struct labyrinth_fw *fw, uint32_t steps)
{
	struct labyrinth_fw_job *job = &fw->job;

	job->steps = steps;
	job->at = job->start;
	job->phase = LABYRINTH_FW_TRACE;
}

/* One unit; true: the job is answered. */
static bool flood(struct labyrinth_fw *fw, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;
	int32_t drawn = draw(fw, job->level);

	if (drawn < 0) {
		if (!empty(fw, job->level))
			return false;
		job->level++;
		if (job->level < cells_of(job) && !empty(fw, job->level))
			return false;
		lfw_job_answer(fw, LABYRINTH_SOLVE_UNSOLVABLE, now);
		return true;
	}
	if (drawn == job->start) {
		found(fw, job->level);
		return false;
	}
	if ((uint32_t)drawn >= cells_of(job))
		return false;
	for (uint32_t step = 0; step < 4; step++) {
		uint32_t next = neighbour(fw, (uint32_t)drawn, step);

		if (next != (uint32_t)drawn && !trail(fw, next))
			reach(fw, job->level + 1, next);
	}
	return false;
}

/* Where step @n of the path is written: behind the header, then in the last page */
static uint8_t *path_byte(struct labyrinth_fw *fw, uint32_t n)
{
	struct labyrinth_fw_job *job = &fw->job;
	uint32_t offset = LABYRINTH_RESULT_HEADER + n / 4;
	uint32_t page = job->result;

	if (offset >= LABYRINTH_PAGE_SIZE)
		page = job->pages[LABYRINTH_FW_WORK_PAGES - 1];
	return fw->page[page].data + offset % LABYRINTH_PAGE_SIZE;
}

/* One unit; true: the job is answered. */
static bool trace(struct labyrinth_fw *fw, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;
	/* Two more, modulo 3, is one less */
	uint32_t want = 1 + (trail(fw, job->at) + 1) % 3;
	uint8_t *to;

	if (job->traced == job->steps) {
		lfw_job_answer(fw,
			       job->at == job->goal ? LABYRINTH_SOLVE_SOLVED
						    : LABYRINTH_SOLVE_DAMAGED,
			       now);
		return true;
	}
	for (uint32_t step = 0; step < 4; step++) {
		uint32_t next = neighbour(fw, job->at, step);

		if (next == job->at || trail(fw, next) != want)
			continue;
		to = path_byte(fw, job->traced);
		if (job->traced % 4 == 0)
			*to = 0;
		*to |= (uint8_t)(step << job->traced % 4 * 2);
		job->traced++;
		job->at = (uint16_t)next;
		return false;
	}
	lfw_job_answer(fw, LABYRINTH_SOLVE_DAMAGED, now);
	return true;
}

void lfw_solve_run(struct labyrinth_fw *fw, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;
	bool answered = false;

	for (uint32_t n = 0; n < LABYRINTH_FW_JOB_STEPS && !answered; n++) {
		job->work++;
		answered = job->phase == LABYRINTH_FW_FLOOD ? flood(fw, now)
							    : trace(fw, now);
	}
}
