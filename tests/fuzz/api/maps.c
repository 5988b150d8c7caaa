// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that map: the device's file has no pages to map, whatever the offset
 */
#include <errno.h>
#include <sys/mman.h>

#include "fuzz.h"

static long make_mmap(struct worker *w, const struct call *c)
{
	size_t size = c->size % (1 << 22) + 1;
	void *p = mmap(NULL, size, c->a & 7, c->other & 1 ? MAP_SHARED : MAP_PRIVATE,
		       get_file(w, c->file), c->b & ~0xfffull);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, size);
	return 0;
}

/* A page of the good part is taken away, and a read into it fails half-way. */
static long make_hole(struct worker *w, const struct call *c)
{
	char *hole = w->arena.good + (c->b % (ARENA_GOOD / 2) & ~0xfffull) + 8192;
	struct call read_call = *c;
	long err;

	if (mprotect(hole, 4096, c->a & 1 ? PROT_NONE : PROT_READ))
		return -errno;
	read_call.where = 0;
	read_call.size = ARENA_GOOD / 2 - 1;
	err = file_kinds[3].make(w, &read_call);
	if (mprotect(hole, 4096, PROT_READ | PROT_WRITE))
		return -errno;
	return err;
}

static long make_forget(struct worker *w, const struct call *c)
{
	return madvise(w->arena.good + (c->b % ARENA_GOOD & ~0xfffull), 4096,
		       c->a & 1 ? MADV_DONTNEED : MADV_COLD) ?
		       -errno :
		       0;
}

const struct kind memory_kinds[] = {
	{ "mmap", 15, false, true, make_mmap },
	{ "hole", 15, false, false, make_hole },
	{ "forget", 10, false, false, make_forget },
	{ 0 }
};
