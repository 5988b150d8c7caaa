/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * liblabyrinth through the documents' two symbols with their void *
 */
#include "pool.h"

static __always_inline bool get(void *it, union item *item)
{
	item->pointer = alloc_labyrinth_page_gfp_atomic_exclusive(it);
	return item->pointer != NULL;
}

static __always_inline bool put(void *it, union item item)
{
	dealloc_labyrinth_page_exclusive(it, item.pointer);
	return true;
}

static __always_inline bool get_bulk(void *it, union item *item, unsigned int count)
{
	bool good = true;

	for (unsigned int i = 0; i < count; i++)
		good &= get(it, &item[i]);
	return good;
}

static __always_inline bool put_bulk(void *it, union item *item, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		put(it, item[i]);
	return true;
}

static __always_inline void *address(void *it, union item item)
{
	(void)it;
	return item.pointer;
}

#include "sections.h"

const struct allocator labyrinth_void = {
	.name = "labyrinth void *",
	.params = ",\"calls\":\"void * functions\"",
	.create = maze_create,
	.destroy = maze_destroy,
	COMMON_SECTIONS,
};
