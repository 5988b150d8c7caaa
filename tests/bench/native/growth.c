/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools of many sizes with many CPU numbers, for callgrind to count instructions
 *   growth
 *
 * Contract: growth.py runs this under callgrind.  The CPUs are numbers that one
 * thread shows in turn; the metadata is real and the pages are never touched.  Each
 * pool first gets a mixed history: three quarters of its pages are taken, by all
 * CPUs, and two thirds of these freed in random order by random CPUs, so that free
 * pages lie between pages that are out.  Then every section runs once with the
 * counter on; its dump is named "PATTERN PAGES CPUS OPERATIONS".  A line on
 * standard output for each pool: "PAGES CPUS BYTES", and first "front BYTES", what a
 * CPU takes.  A call that fails ends the program with status 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

#include "labyrinth.h"

#define OPERATIONS	32768	/* in a section: half of them allocations, half frees */
#define ACROSS		16	/* pages that one CPU takes before the next one frees them */
#define HISTORY_MIN	65536	/* small pools get their history several times over */

static const unsigned int pages[] = { 64, 512, 4096, 32768, 262144, 1048576, 4194304 };
static const unsigned int cpus[] = { 1, 4, 16, 64 };

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static uint64_t seed = 88172645463325252;

static uint32_t random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) * limit >> 32;
}

static void check(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "growth: %s\n", what);
	exit(1);
}

static labyrinth_page_t take(struct labyrinth *maze)
{
	labyrinth_page_t page = labyrinth_alloc_pinned(maze, 1);

	check(labyrinth_page_ok(page), "a pool with free pages had none");
	return page;
}

static void give(struct labyrinth *maze, labyrinth_page_t page)
{
	check(!labyrinth_free_pinned(maze, page), "a good free was refused");
}

/* One round of history; out has room for the pool's pages.  How many are out afterwards */
static unsigned int history(struct labyrinth *maze, unsigned int size, unsigned int cpu_count,
			    labyrinth_page_t *out, unsigned int count)
{
	for (; count < size / 4 * 3; count++) {
		labyrinth_set_cpu(random_below(cpu_count));
		out[count] = take(maze);
	}
	for (; count > size / 4; count--) {
		unsigned int i = random_below(count);

		labyrinth_set_cpu(random_below(cpu_count));
		give(maze, out[i]);
		out[i] = out[count - 1];
	}
	return count;
}

static void same_cpu(struct labyrinth *maze, unsigned int cpu_count)
{
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		labyrinth_set_cpu(cpu);
		for (unsigned int i = 0; i < OPERATIONS / 2 / cpu_count; i++)
			give(maze, take(maze));
	}
}

static void next_cpu(struct labyrinth *maze, unsigned int cpu_count)
{
	labyrinth_page_t page[ACROSS];

	for (unsigned int done = 0, cpu = 0; done < OPERATIONS / 2; done += ACROSS) {
		labyrinth_set_cpu(cpu);
		for (unsigned int i = 0; i < ACROSS; i++)
			page[i] = take(maze);
		cpu = (cpu + 1) % cpu_count;
		labyrinth_set_cpu(cpu);
		for (unsigned int i = 0; i < ACROSS; i++)
			give(maze, page[i]);
	}
}

static void section(const char *name, void (*run)(struct labyrinth *, unsigned int),
		    struct labyrinth *maze, unsigned int size, unsigned int cpu_count)
{
	char text[96];

	snprintf(text, sizeof(text), "%s %u %u %u", name, size, cpu_count, OPERATIONS);
	run(maze, cpu_count);
	CALLGRIND_START_INSTRUMENTATION;
	CALLGRIND_ZERO_STATS;
	run(maze, cpu_count);
	CALLGRIND_DUMP_STATS_AT(text);
	CALLGRIND_STOP_INSTRUMENTATION;
}

static void measure(unsigned int size, unsigned int cpu_count)
{
	struct labyrinth_params params = {
		.cpus = cpu_count,
		.pages = size,
		.policy = LABYRINTH_POLICY_POOL,
	};
	labyrinth_page_t *out = calloc(size, sizeof(*out));
	struct labyrinth *maze = labyrinth_create(&params);
	unsigned int count = 0, done = 0;

	check(out && maze, "no memory for a pool");
	printf("%u %u %zu\n", size, cpu_count, labyrinth_footprint(maze));
	while (done < HISTORY_MIN) {
		count = history(maze, size, cpu_count, out, count);
		done += size;
	}
	section("same", same_cpu, maze, size, cpu_count);
	section("next", next_cpu, maze, size, cpu_count);
	while (count)
		give(maze, out[--count]);
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		labyrinth_set_cpu(cpu);
		labyrinth_drain(maze);
	}
	check(!labyrinth_destroy(maze), "pages were out at the end");
	free(out);
}

int main(void)
{
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	printf("front %d\n", LABYRINTH_FRONT_SIZE);
	for (unsigned int i = 0; i < COUNT(pages); i++)
		for (unsigned int j = 0; j < COUNT(cpus); j++)
			measure(pages[i], cpus[j]);
	return 0;
}
