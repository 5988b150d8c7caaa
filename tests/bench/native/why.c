// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why liblabyrinth costs what it costs: each row changes one cause, and nothing else
 *
 * Contract: JSON rows as native's, in TSC cycles a page, medians over the rounds.  One
 * thread shows the numbers of both CPUs in turn, so no cache line moves.  Status 1 if a
 * call fails.  docs/pool.md says what the rows mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "rows.h"
#include "user.h"
#include "why.h"

#define PAGES	8192
#define BATCH	2048
#define BULK	32
#define COUNT	16384
#define ROUNDS	201
#define WARM_UP	8

static struct labyrinth *maze;
static labyrinth_page_t item[PAGES], kept;
static unsigned int bad;
static uint64_t seed = 88172645463325252;
static double puts_cycles;	/* of the round's freeing side, for why_across() */

static unsigned int random_below(unsigned int bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 16) % bound;
}

static void shuffle(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int j = i + random_below(count - i);
		labyrinth_page_t swap = item[i];

		item[i] = item[j];
		item[j] = swap;
	}
}

static void get(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		item[i] = labyrinth_alloc_pinned(maze, 1);
		bad += !labyrinth_page_ok(item[i]);
	}
}

static void put(unsigned int from, unsigned int count)
{
	for (unsigned int i = from; i < from + count; i++)
		bad += labyrinth_free_pinned(maze, item[i]) != 0;
}

static double why_pair(void)
{
	uint64_t start = why_tsc();

	for (unsigned int i = 0; i < COUNT; i++) {
		labyrinth_page_t page = labyrinth_alloc_pinned(maze, 1);

		why_use(page.v);
		bad += labyrinth_free_pinned(maze, page) != 0;
	}
	return (double)(why_tsc() - start) / COUNT;
}

static double why_pair_in_register(void)
{
	double cycles = why_pair_kept(maze, COUNT);

	bad += cycles < 0;
	return cycles;
}

/* The chain that a word in memory makes: load, clear the lowest bit, store */
static double why_chain(void)
{
	static uint64_t word;
	uint64_t start = why_tsc();

	for (unsigned int i = 0; i < COUNT; i++)
		__asm__ volatile("mov %0, %%rax\n\tlea -1(%%rax), %%rcx\n\tand %%rcx, %%rax\n\tmov %%rax, %0"
				 : "+m"(word) : : "rax", "rcx", "cc");
	return (double)(why_tsc() - start) / COUNT;
}

/* What issuing a block anew cannot do without, of which 64 pages share one */
static double why_lock(void)
{
	static lab_lock_t lock;
	uint64_t start = why_tsc();

	for (unsigned int i = 0; i < COUNT; i++) {
		lab_lock(&lock);
		lab_unlock(&lock);
	}
	return (double)(why_tsc() - start) / COUNT;
}

static unsigned int get_run(struct labyrinth_run *run)
{
	unsigned int runs = 0, have = 0, got;

	for (; have < BULK; have += got) {
		got = labyrinth_alloc_run_pinned(maze, BULK - have, 1, &run[runs]);
		if (!got) {
			bad++;
			return runs;
		}
		runs++;
	}
	return runs;
}

static double why_tokens(bool for_nothing)
{
	struct lab_front *front = lab_front_here(&maze->core);
	struct labyrinth_run run[BULK];
	uint64_t start = why_tsc();

	for (unsigned int done = 0; done < COUNT; done += BULK) {
		unsigned int runs;

		/* the same issue again, which no allocator that checks anything may do */
		if (for_nothing && !front->hot.avail) {
			lab_store(&front->hot.avail, front->mask);
			lab_store(&front->hot.back, ~front->mask);
		}
		runs = get_run(run);
		__asm__ volatile("" : : "r"(run) : "memory");
		while (runs)
			bad += labyrinth_free_run_pinned(maze, &run[--runs]) != 0;
	}
	return (double)(why_tsc() - start) / COUNT;
}

static double why_token(void)
{
	return why_tokens(false);
}

static double why_token_for_nothing(void)
{
	return why_tokens(true);
}

/* Arrays on one side, tokens on the other */
static double why_array_get(void)
{
	uint64_t start = why_tsc();

	for (unsigned int done = 0; done < COUNT; done += BULK) {
		struct labyrinth_run run;

		bad += labyrinth_alloc_bulk(maze, 1, item, BULK) != BULK;
		__asm__ volatile("" : : "r"(item) : "memory");
		run.base = item[0].v & ~63ULL;
		run.mask = (lab_bit(BULK) - 1) << (item[0].v & 63);
		bad += labyrinth_free_run_pinned(maze, &run) != 0;
	}
	return (double)(why_tsc() - start) / COUNT;
}

static double why_array(void)
{
	uint64_t start = why_tsc();

	for (unsigned int done = 0; done < COUNT; done += BULK) {
		bad += labyrinth_alloc_bulk(maze, 1, item, BULK) != BULK;
		__asm__ volatile("" : : "r"(item) : "memory");
		bad += labyrinth_free_bulk(maze, item, BULK) != BULK;
	}
	return (double)(why_tsc() - start) / COUNT;
}

static double why_kept(void)
{
	uint64_t start = why_tsc();

	for (unsigned int done = 0; done < COUNT; done += 64) {
		get(64);
		put(0, 64);
	}
	return (double)(why_tsc() - start) / COUNT;
}

/* A batch is taken by one number and freed by the other; the allocating side's cycles */
static double across(bool random)
{
	uint64_t start, taken;

	labyrinth_set_cpu(0);
	start = why_tsc();
	get(BATCH);
	taken = why_tsc() - start;
	if (random)
		shuffle(BATCH);
	labyrinth_set_cpu(1);
	start = why_tsc();
	put(0, BATCH);
	puts_cycles = (double)(why_tsc() - start) / BATCH;
	labyrinth_set_cpu(0);
	return (double)taken / BATCH;
}

static double why_across_get(void)
{
	return across(false);
}

static double why_across_put(void)
{
	across(false);
	return puts_cycles;
}

static double why_random_put(void)
{
	across(true);
	return puts_cycles;
}

/* As native's: random batches, freed in random order by both */
static void age(void)
{
	for (unsigned int turn = 0; turn < 32; turn++) {
		unsigned int count = 1 + random_below(PAGES / 2), here = random_below(count);

		get(count);
		shuffle(count);
		put(0, here);
		labyrinth_set_cpu(1);
		put(here, count - here);
		labyrinth_set_cpu(0);
	}
}

/* Blocks and batches begin at different places from now on */
static void keep_one(void)
{
	kept = labyrinth_alloc_pinned(maze, 1);
}

static const struct {
	const char *pattern;
	double (*run)(void);
	void (*before)(void);
} rows[] = {
	{ "why: get then put", why_pair, NULL },
	{ "why: get then put, the front's address in a register", why_pair_in_register, NULL },
	{ "why: load, clear the lowest bit, store", why_chain, NULL },
	{ "why: lock and unlock", why_lock, NULL },
	{ "why: bulk 32, tokens", why_token, NULL },
	{ "why: bulk 32, tokens, block issued anew for nothing", why_token_for_nothing, NULL },
	{ "why: bulk 32, arrays", why_array, NULL },
	{ "why: bulk 32, array got, token put", why_array_get, NULL },
	{ "why: other number frees, allocating side", why_across_get, NULL },
	{ "why: other number frees, freeing side", why_across_put, NULL },
	{ "why: other number frees in random order, freeing side", why_random_put, NULL },
	{ "why: other number frees in random order, freeing side, aged", why_random_put, age },
	{ "why: 64 gets then 64 puts", why_kept, NULL },
	{ "why: 64 gets then 64 puts, aged", why_kept, age },
	{ "why: 64 gets then 64 puts, one page out besides", why_kept, keep_one },
	{ "why: bulk 32, tokens, aged", why_token, age },
	{ "why: bulk 32, tokens, one page out besides", why_token, keep_one },
};

static void measure(unsigned int i)
{
	struct labyrinth_params params = { .cpus = 2, .pages = PAGES, .policy = LABYRINTH_POLICY_POOL };
	struct row row = { rows[i].pattern, "labyrinth", "cycles", ",\"cpus\":1" };
	static double sample[ROUNDS];

	maze = labyrinth_create(&params);
	if (!maze) {
		fprintf(stderr, "why: no memory for a pool of %u pages\n", PAGES);
		exit(1);
	}
	labyrinth_set_cpu(0);
	if (rows[i].before)
		rows[i].before();
	for (unsigned int round = 0; round < ROUNDS + WARM_UP; round++)
		sample[round < WARM_UP ? 0 : round - WARM_UP] = rows[i].run();
	row_print(&row, sample, ROUNDS);
	if (labyrinth_page_ok(kept))
		bad += labyrinth_free(maze, kept) != 0;
	kept.v = 0;
	bad += labyrinth_destroy(maze) != 0;
}

int main(void)
{
	char model[128], text[512];
	struct utsname system;

	cpu_model(model, sizeof(model));
	uname(&system);
	snprintf(text, sizeof(text),
		 "\"cpu\":\"%s\",\"kernel\":\"%s\",\"compiler\":\"%s\",\"flags\":\"%s\",\"rounds\":%u,"
		 "\"pool_pages\":%u,\"bulk\":null,\"init_on_alloc\":null",
		 model, system.release, "gcc " __VERSION__, BENCH_FLAGS, ROUNDS, PAGES);
	row_common(text);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(i);
	if (bad)
		fprintf(stderr, "why: %u calls failed\n", bad);
	return bad != 0;
}
