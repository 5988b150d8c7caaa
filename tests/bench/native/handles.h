/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls on arrays of handles, and a handle's address: functions of the library
 * for all labyrinth allocators
 */
#ifndef BENCH_HANDLES_H
#define BENCH_HANDLES_H

#include "bench.h"

static __always_inline bool get_bulk(void *it, union item *item, unsigned int count)
{
	return labyrinth_alloc_bulk(it, 1, &item->page, count) == count;
}

static __always_inline bool put_bulk(void *it, union item *item, unsigned int count)
{
	return labyrinth_free_bulk(it, &item->page, count) == count;
}

static __always_inline void *address(void *it, union item item)
{
	return labyrinth_page_addr(it, item.page);
}

#endif /* BENCH_HANDLES_H */
