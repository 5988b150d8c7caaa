// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCOV: which code of the driver a program's calls came to, and the programs that came to new code
 *
 * Contract: a step from one place in the code to the next counts, by a hash; the places
 * themselves are counted for the report. Where the kernel has no KCOV all of this is nothing.
 */
#include <fcntl.h>
#include <linux/kcov.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define ENTRIES		(1 << 16)
#define STEPS		(1 << 18)	/* bits */
#define KEPT		1024
#define HIGH_FILE	900		/* beyond what the calls of the programs close */

static uint64_t steps[STEPS / 64], places[STEPS / 64];
static unsigned int places_seen, kept;
static struct program corpus[KEPT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void open_cover(struct worker *w)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	w->cover = -1;
	if (fd < 0)
		return;
	w->cover = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FILE);
	close(fd);
	if (w->cover < 0 || ioctl(w->cover, KCOV_INIT_TRACE, ENTRIES))
		w->cover = -1;
	w->pcs = mmap(NULL, ENTRIES * sizeof(*w->pcs), PROT_READ | PROT_WRITE, MAP_SHARED, w->cover,
		      0);
	if (w->pcs == MAP_FAILED || ioctl(w->cover, KCOV_ENABLE, KCOV_TRACE_PC))
		w->cover = -1;
}

void begin_cover(struct worker *w)
{
	if (w->cover >= 0)
		__atomic_store_n(&w->pcs[0], 0, __ATOMIC_RELAXED);
}

static bool first(uint64_t *map, uint64_t value)
{
	uint64_t bit = (value * 0x9e3779b97f4a7c15ull) >> 46;

	return !(__atomic_fetch_or(&map[bit / 64], 1ull << bit % 64, __ATOMIC_RELAXED) &
		 1ull << bit % 64);
}

bool end_cover(struct worker *w)
{
	uint64_t i, n, before = 0;
	bool news = false;

	if (w->cover < 0)
		return false;
	n = __atomic_load_n(&w->pcs[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < ENTRIES; i++) {
		if (first(places, w->pcs[i]))
			__atomic_fetch_add(&places_seen, 1, __ATOMIC_RELAXED);
		news |= first(steps, w->pcs[i] ^ before >> 1);
		before = w->pcs[i];
	}
	return news;
}

void keep_program(const struct program *p)
{
	pthread_mutex_lock(&lock);
	corpus[kept++ % KEPT] = *p;
	pthread_mutex_unlock(&lock);
}

bool kept_program(struct program *p, uint64_t random)
{
	unsigned int there;

	pthread_mutex_lock(&lock);
	there = kept < KEPT ? kept : KEPT;
	if (there)
		*p = corpus[random % there];
	pthread_mutex_unlock(&lock);
	return there;
}

unsigned int pcs_seen(void)
{
	return places_seen;
}

unsigned int programs_kept(void)
{
	return kept;
}
