// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions that -fsanitize=thread calls before each plain access
 *
 * The core is compiled with that option and linked without the sanitizer: its
 * accesses arrive here, and the checker's race detector sees them.  A report names
 * them by their place in the program, for addr2line.
 */
#include <stdio.h>

#include "inner.h"

#define SITES	4096	/* a power of two */

static const struct model_site *site_of(const void *place)
{
	static struct {
		const void *place;
		struct model_site site;
		char name[24];
	} sites[SITES];
	unsigned int i = ((uintptr_t)place * 2654435761u >> 8) % SITES;

	while (sites[i].place && sites[i].place != place)
		i = (i + 1) % SITES;
	if (!sites[i].place) {
		sites[i].place = place;
		snprintf(sites[i].name, sizeof(sites[i].name), "addr2line %p", place);
		sites[i].site = (struct model_site){ "a plain variable", sites[i].name, 0 };
	}
	return &sites[i].site;
}

static inline void seen(void *p, size_t size, bool write, void *place)
{
	if (!model_quiet && memory_in_arena(p))
		memory_plain(p, size, write, site_of(place));
}

#define ACCESS(name, size, write)						\
void __tsan_##name(void *p);							\
void __tsan_##name(void *p)							\
{										\
	seen(p, size, write, __builtin_return_address(0));			\
}

#define ACCESSES(size)								\
ACCESS(read##size, size, false)							\
ACCESS(write##size, size, true)							\
ACCESS(unaligned_read##size, size, false)					\
ACCESS(unaligned_write##size, size, true)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *p, unsigned long size);
void __tsan_write_range(void *p, unsigned long size);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_init(void);

void __tsan_read_range(void *p, unsigned long size)
{
	seen(p, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *p, unsigned long size)
{
	seen(p, size, true, __builtin_return_address(0));
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_init(void)
{
}
