/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The library's own view of a pool: the core over an arena */
#ifndef LAB_USER_H
#define LAB_USER_H

#include "core.h"
#include "hook.h"
#include "labyrinth.h"

struct labyrinth {
	struct lab_core core;	/* first: the inline calls read its beginning */
	enum labyrinth_policy policy;
	void (*refilled)(void *arg);
	void *arg;
};

/* pool.c */
void lab_user_end(struct labyrinth *maze);

/* thread.c */
extern __thread enum labyrinth_context lab_user_context;

bool lab_user_number(const struct labyrinth *maze);

/* May this thread use the pool's fronts?  A thread without a number has one above all CPUs. */
static inline bool lab_user_enter(const struct labyrinth *maze)
{
	return labyrinth_cpu < maze->core.cpus || lab_user_number(maze);
}

#endif /* LAB_USER_H */
