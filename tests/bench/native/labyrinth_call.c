/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * liblabyrinth through the library's functions, as a program calls that knows
 * nothing of pinning
 */
#include "pool.h"

static __always_inline bool get(void *it, union item *item)
{
	item->page = labyrinth_alloc(it, 1);
	return labyrinth_page_ok(item->page);
}

static __always_inline bool put(void *it, union item item)
{
	return labyrinth_free(it, item.page) == 0;
}

#include "handles.h"
#include "sections.h"

const struct allocator labyrinth_call = {
	.name = "labyrinth functions",
	.params = ",\"calls\":\"functions\"",
	.create = maze_create,
	.destroy = maze_destroy,
	COMMON_SECTIONS,
};
