// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * liblabyrinth: making and ending pools, and their memory
 *
 * The arena is reserved whole at create and touched by nobody but the pages'
 * users; a page that is given back leaves its place in the arena empty.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "user.h"

bool (*lab_hook)(enum lab_hook_step step);

static bool lab_hook_fails(enum lab_hook_step step)
{
	return lab_hook && lab_hook(step);
}

static size_t lab_arena_size(const struct lab_core *core)
{
	return (size_t)core->limit << LAB_PAGE_BITS;
}

int lab_page_make(struct lab_core *core, u32 index, enum lab_how how)
{
	unsigned long offset = (unsigned long)index << LAB_PAGE_BITS;

	(void)how;
	if (lab_hook_fails(LAB_HOOK_PAGE))
		return -ENOMEM;
	core->meta[index].dma = offset;
	lab_store(&core->addr[index], core->place.arena + offset);
	return 0;
}

void lab_page_unmap(struct lab_core *core, u32 index)
{
	core->meta[index].dma = UINT64_MAX;
}

void lab_page_drop(struct lab_core *core, u32 index)
{
	madvise((void *)core->addr[index], LABYRINTH_PAGE_SIZE, MADV_DONTNEED);
	lab_page_unmap(core, index);
	lab_store(&core->addr[index], 0);
}

static void *lab_table(enum lab_hook_step step, size_t count, size_t size)
{
	void *table;

	if (lab_hook_fails(step))
		return NULL;
	table = aligned_alloc(64, (count * size + 63) & ~(size_t)63);
	if (table)
		memset(table, 0, count * size);
	return table;
}

static unsigned long lab_arena(const struct lab_core *core)
{
	void *arena = MAP_FAILED;

	if (!lab_hook_fails(LAB_HOOK_ARENA))
		arena = mmap(NULL, lab_arena_size(core), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return arena == MAP_FAILED ? 0 : (unsigned long)arena;
}

void lab_user_end(struct labyrinth *maze)
{
	struct lab_core *core = &maze->core;

	if (core->place.arena)
		munmap((void *)core->place.arena, lab_arena_size(core));
	free(core->front);
	free(core->addr);
	free(core->meta);
	free(maze);
}

static bool lab_params_good(const struct labyrinth_params *params)
{
	u32 max_pages = params->max_pages ? params->max_pages : params->pages;
	u32 low = params->low ? params->low : params->pages / 4;
	u32 high = params->high ? params->high : params->pages;

	return params->cpus && params->cpus <= LABYRINTH_MAX_CPUS && params->pages &&
	       params->pages <= max_pages && low <= high && high <= max_pages &&
	       params->reserve < params->pages &&
	       params->policy >= LABYRINTH_POLICY_FALLBACK &&
	       params->policy <= LABYRINTH_POLICY_DIRECT;
}

struct labyrinth *labyrinth_create(const struct labyrinth_params *params)
{
	struct labyrinth *maze;
	struct lab_core *core;

	if (!lab_params_good(params)) {
		errno = EINVAL;
		return NULL;
	}
	maze = lab_table(LAB_HOOK_POOL, 1, sizeof(*maze));
	if (!maze)
		goto no_memory;
	maze->policy = params->policy;
	maze->refilled = params->refilled;
	maze->arg = params->arg;

	core = &maze->core;
	core->cpus = params->cpus;
	core->pages = params->pages;
	core->limit = params->max_pages ? params->max_pages : params->pages;
	core->direct = params->policy == LABYRINTH_POLICY_DIRECT;
	core->reserve = core->direct ? 0 : params->reserve;
	core->high = params->high ? params->high : params->pages;
	if (!core->direct)
		core->low = params->low ? params->low : params->pages / 4;

	core->meta = lab_table(LAB_HOOK_META, core->limit, sizeof(*core->meta));
	core->addr = lab_table(LAB_HOOK_ADDR, core->limit, sizeof(*core->addr));
	core->front = lab_table(LAB_HOOK_FRONT, core->cpus, sizeof(*core->front));
	core->place.arena = lab_arena(core);
	if (!core->meta || !core->addr || !core->front || !core->place.arena)
		goto no_memory;
	lab_init(core);
	if (core->direct || lab_grow(core, core->pages) == (int)core->pages)
		return maze;

no_memory:
	if (maze)
		lab_user_end(maze);
	errno = ENOMEM;
	return NULL;
}

int labyrinth_destroy(struct labyrinth *maze)
{
	struct lab_core *core;
	u32 cpu, out;

	if (!maze)
		return 0;
	core = &maze->core;
	lab_close(core);
	lab_for_each_cpu(core, cpu)
		lab_drain(core, lab_front_of(core, cpu));
	lab_trim(core, 0);
	out = lab_quarantine(core);
	if (lab_leave(core))
		lab_user_end(maze);
	return out ? -EBUSY : 0;
}

int labyrinth_refill(struct labyrinth *maze, unsigned int want)
{
	return maze->core.direct ? -EOPNOTSUPP : lab_refill(&maze->core, want);
}

int labyrinth_work(struct labyrinth *maze)
{
	struct lab_core *core = &maze->core;
	int err;

	lab_work_begin(core);
	err = lab_work_balance(core);
	if (lab_starving(core) && lab_work_fed(core) && maze->refilled)
		maze->refilled(maze->arg);
	return err;
}

void labyrinth_stats(struct labyrinth *maze, struct labyrinth_stats *stats)
{
	lab_stats(&maze->core, stats);
}

unsigned int labyrinth_may_strand(const struct labyrinth *maze)
{
	return (maze->core.cpus - 1) * maze->core.cap;
}
