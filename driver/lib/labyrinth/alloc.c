// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * liblabyrinth: allocation, free and hand-over
 *
 * Late frees, those after labyrinth_destroy(), are serialised by one mutex: the
 * last of them frees the pool, and none of the others may still be inside.
 */
#include <pthread.h>

#include "user.h"

static pthread_mutex_t lab_late = PTHREAD_MUTEX_INITIALIZER;

labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, uint16_t holder)
{
	struct lab_caller who = {
		.context = lab_user_context,
		.atomic = lab_user_context != LABYRINTH_CTX_PROCESS,
		.holder = holder,
	};
	struct lab_core *core = &maze->core;
	struct lab_grant grant = { .kick = false };

	if (!lab_user_enter(maze)) {
		errno = EUSERS;
		return (labyrinth_page_t){ 0 };
	}
	if (!core->direct && lab_alloc(core, &who, &grant))
		return lab_handle(core, &grant);
	if (maze->policy != LABYRINTH_POLICY_POOL && lab_alloc_new(core, &who, &grant))
		return lab_handle(core, &grant);
	lab_alloc_failed(core, &who, &grant);
	errno = ENOMEM;
	return (labyrinth_page_t){ 0 };
}

static int lab_free_late(struct labyrinth *maze, unsigned long addr, u32 epoch)
{
	struct lab_move move;
	int err;

	pthread_mutex_lock(&lab_late);
	err = lab_free(&maze->core, addr, epoch, &move);
	if (!err) {
		lab_trim(&maze->core, 0);
		if (lab_last(&maze->core))
			lab_user_end(maze);
	}
	pthread_mutex_unlock(&lab_late);
	return err;
}

static int lab_free_at(struct labyrinth *maze, unsigned long addr, u32 epoch)
{
	struct lab_move move;

	if (!lab_user_enter(maze))
		return -EUSERS;
	if (lab_load(&maze->core.bypass) & LAB_CLOSED)
		return lab_free_late(maze, addr, epoch);
	return lab_free(&maze->core, addr, epoch, &move);
}

int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page)
{
	return lab_free_at(maze, lab_handle_addr(page), lab_handle_epoch(page));
}

void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze)
{
	return labyrinth_page_addr(labyrinth_alloc(maze, 0));
}

void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page)
{
	if (page)
		lab_free_at(maze, (unsigned long)page, LAB_EPOCH_ANY);
}

static int lab_pass(struct labyrinth *maze, labyrinth_page_t page, enum labyrinth_owner from,
		    enum labyrinth_owner to, unsigned int len)
{
	struct lab_move move;

	if (!lab_user_enter(maze))
		return -EUSERS;
	if (len > LABYRINTH_PAGE_SIZE)
		return lab_refuse(&maze->core, -EMSGSIZE);
	return lab_hand_over(&maze->core, page, from, to, &move);
}

int labyrinth_to_device(struct labyrinth *maze, labyrinth_page_t page)
{
	return lab_pass(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE, 0);
}

int labyrinth_to_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	return lab_pass(maze, page, LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU, len);
}

int labyrinth_to_user(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	int err = lab_pass(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_USER, len);

	if (!err)
		memset((char *)labyrinth_page_addr(page) + len, 0,
		       LABYRINTH_PAGE_SIZE - len);
	return err;
}

void *labyrinth_page_addr(labyrinth_page_t page)
{
	return (void *)lab_handle_addr(page);
}

uint64_t labyrinth_page_dma(struct labyrinth *maze, labyrinth_page_t page)
{
	u32 index = lab_find(&maze->core, page);

	return index == LAB_NONE ? UINT64_MAX : maze->core.meta[index].dma;
}

void labyrinth_drain(struct labyrinth *maze)
{
	if (lab_user_enter(maze))
		lab_drain(&maze->core, lab_front_here(&maze->core));
}
