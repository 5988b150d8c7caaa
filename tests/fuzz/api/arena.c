// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that a caller could pass: good, at the very end of what is mapped, and bad
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGE 4096

static char *map(size_t size, int protection)
{
	char *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool make_arena(struct arena *arena)
{
	int file = memfd_create("cut", MFD_CLOEXEC);

	arena->good = map(ARENA_GOOD + PAGE, PROT_READ | PROT_WRITE);
	arena->sealed = map(PAGE, PROT_READ);
	arena->none = map(PAGE, PROT_NONE);
	if (!arena->good || !arena->sealed || !arena->none || file < 0 || ftruncate(file, PAGE))
		return false;
	arena->cut = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (arena->cut == MAP_FAILED || ftruncate(file, 0))
		return false;
	close(file);
	return !munmap(arena->good + ARENA_GOOD, PAGE);
}

void *pick_address(const struct arena *arena, const struct call *c, size_t size, bool *fillable)
{
	char *end = arena->good + ARENA_GOOD;

	*fillable = c->where < 176;
	if (c->where < 128)
		return arena->good + (c->b % PAGE & ~7ull);
	if (c->where < 160)		/* its last byte is the last one that is mapped */
		return size <= ARENA_GOOD ? end - size : arena->good;
	if (c->where < 176)		/* across a page's end, and not aligned */
		return arena->good + PAGE - 1 - c->b % 64;
	if (c->where < 192)		/* begins in what is mapped, and ends beyond it */
		return end - 1 - c->b % (size ? size : 1) % PAGE;
	if (c->where < 204)
		return arena->sealed + c->b % PAGE;
	if (c->where < 216)
		return arena->none + c->b % PAGE;
	if (c->where < 228)
		return arena->cut + c->b % PAGE;
	if (c->where < 236)
		return NULL;
	if (c->where < 244)		/* the kernel's */
		return (void *)(0xffff888000000000ull + (c->b & 0xfffffff));
	return (void *)interesting(c->b);
}
