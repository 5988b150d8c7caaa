// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inline calls of the library with the address of this CPU's front in a register all the
 * time, and nothing else changed: what it costs to find it in each call.
 */
#include "why.h"

/* No call that this file makes may use the register, but the library's slow ways keep it */
register struct labyrinth_front *why_front __asm__("r15");

#define lab_front_mine(maze)	((void)(maze), why_front)
#include "labyrinth.h"

double why_pair_kept(struct labyrinth *maze, unsigned int count)
{
	struct labyrinth_front *saved = why_front;
	unsigned int bad = 0;
	uint64_t start;

	why_front = (struct labyrinth_front *)(((const struct labyrinth_hot *)maze)->front + labyrinth_ahead);
	start = why_tsc();
	for (unsigned int i = 0; i < count; i++) {
		labyrinth_page_t page = labyrinth_alloc_pinned(maze, 1);

		why_use(page.v);
		bad += labyrinth_free_pinned(maze, page) != 0;
	}
	start = why_tsc() - start;
	why_front = saved;
	return bad ? -1 : (double)start / count;
}
