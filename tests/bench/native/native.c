/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * liblabyrinth against rte_mempool, in TSC cycles per page
 *   native [rounds [log [pattern]]]
 *
 * Contract: one process, two cores, one thread on each.  In each round every
 * allocator runs the pattern once, in an order that moves on by one from round to
 * round, and the way of a cache line between the cores is measured beside it;
 * medians are over the rounds, ratios over the rounds' own ratios.  Each pattern
 * gets new pools, twice: as made, and after a history in random order.  A row for
 * each allocator, one for each comparison with rte_mempool.  The log has each
 * round's figures; pattern, part of a name, picks patterns.  A call that fails ends the benchmark with status 1.
 */
#include <errno.h>
#include <rte_eal.h>
#include <rte_log.h>
#include <rte_version.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "other.h"
#include "patterns.h"
#include "rows.h"

#define ROUNDS_MAX	10001
#define WARM_UP		3
#define PATTERN_SECONDS	300	/* a hundred times what one takes */

static const struct allocator *const contestants[] = {
	&labyrinth_inline, &labyrinth_call, &labyrinth_void,
	&mempool_ring, &mempool_stack, &mempool_ring_bare, &mempool_stack_bare,
};

#define CONTESTANTS	(sizeof(contestants) / sizeof(contestants[0]))

static struct pool pools[CONTESTANTS];
static struct timing *timing[CONTESTANTS];	/* [rounds] */
static bool runs[CONTESTANTS];
static double *line, *sample;			/* [rounds] */
static unsigned int rounds = 301;
static FILE *logged;

static bool fail(const char *what)
{
	fprintf(stderr, "native: %s\n", what);
	return false;
}

static bool pools_make(bool aged)
{
	for (unsigned int i = 0; i < CONTESTANTS; i++) {
		memset(&pools[i], 0, sizeof(pools[i]));
		pools[i].it = contestants[i]->create(contestants[i]);
		if (!pools[i].it) {
			fprintf(stderr, "native: no memory for %s\n", contestants[i]->name);
			return false;
		}
		if (aged)
			random_history(contestants[i], &pools[i]);
	}
	return true;
}

static bool pools_end(void)
{
	bool good = true;

	for (unsigned int i = 0; i < CONTESTANTS; i++) {
		if (pools[i].failed[0] || pools[i].failed[1]) {
			fprintf(stderr, "native: %s: %llu gets and %llu puts failed\n", contestants[i]->name,
				(unsigned long long)pools[i].failed[0],
				(unsigned long long)pools[i].failed[1]);
			good = false;
		}
		contestants[i]->destroy(pools[i].it);
	}
	return good;
}

static void measure(const struct pattern *pattern)
{
	for (unsigned int round = 0; round < rounds + WARM_UP; round++) {
		unsigned int at = round < WARM_UP ? 0 : round - WARM_UP;

		line[at] = other_ping_pong();
		for (unsigned int turn = 0; turn < CONTESTANTS; turn++) {
			unsigned int i = (turn + round) % CONTESTANTS;

			runs[i] = pattern->run(pattern, contestants[i], &pools[i], &timing[i][at]);
		}
	}
}

static void log_rounds(const struct pattern *pattern, const char *history)
{
	for (unsigned int round = 0; logged && round < rounds; round++) {
		fprintf(logged, "%s\t%s\t%u\t%.0f", pattern->name, history, round, line[round]);
		for (unsigned int i = 0; i < CONTESTANTS; i++)
			fprintf(logged, "\t%.2f", runs[i] ? timing[i][round].total : 0.0);
		fputc('\n', logged);
	}
}

static void print_cycles(const struct row *row, const struct timing *timings, size_t offset)
{
	for (unsigned int round = 0; round < rounds; round++)
		sample[round] = *(const double *)((const char *)&timings[round] + offset);
	row_print(row, sample, rounds);
}

static void print_contestant(const struct pattern *pattern, const char *name, unsigned int i,
			     const char *about)
{
	const struct allocator *how = contestants[i];
	char side[128], params[512];
	struct row row = { name, how->name, "cycles", params };

	if (how->handler)
		snprintf(params, sizeof(params), "%s%s,\"handler\":\"%s\",\"cache\":%u,\"effective_cache\":%u",
			 pattern->params, about, how->handler, how->cache,
			 how->effective_cache(pools[i].it));
	else
		snprintf(params, sizeof(params), "%s%s%s", pattern->params, about, how->params);
	print_cycles(&row, timing[i], offsetof(struct timing, total));
	if (!pattern->sides)
		return;
	row.pattern = side;
	snprintf(side, sizeof(side), "%s: allocating side", name);
	print_cycles(&row, timing[i], offsetof(struct timing, get));
	snprintf(side, sizeof(side), "%s: freeing side", name);
	print_cycles(&row, timing[i], offsetof(struct timing, put));
}

/* The target is against the handler that rte_mempool has by default, with its cache */
static void print_figure(const struct pattern *pattern, const char *name, double seen)
{
	printf("{\"figure\":\"%s, rte_mempool ring with cache 512 / labyrinth\",\"suite\":\"native\","
	       "\"unit\":\"ratio\",\"sense\":\">=\",\"target\":%.1f,\"seen\":%.3f,\"must\":false}\n",
	       name, pattern->target, seen);
}

static void print_ratios(const struct pattern *pattern, const char *name, const char *about)
{
	for (unsigned int i = 0; i < CONTESTANTS; i++) {
		char params[512], who[64], target[32] = "";
		bool aimed = pattern->target && contestants[i] == &mempool_ring;
		struct row row = { name, who, "ratio", params };

		if (!contestants[i]->handler || !runs[i])
			continue;
		if (aimed)
			snprintf(target, sizeof(target), ",\"target\":%.1f", pattern->target);
		snprintf(who, sizeof(who), "%s / labyrinth", contestants[i]->name);
		snprintf(params, sizeof(params), "%s%s,\"handler\":\"%s\",\"cache\":%u,\"effective_cache\":%u%s",
			 pattern->params, about, contestants[i]->handler, contestants[i]->cache,
			 contestants[i]->effective_cache(pools[i].it), target);
		for (unsigned int round = 0; round < rounds; round++)
			sample[round] = timing[i][round].total / timing[0][round].total;
		row_print(&row, sample, rounds);
		if (aimed)
			print_figure(pattern, name, median(sample, rounds));
	}
}

/* A lost page would let the two sides of a ring wait for each other for ever */
static void stuck(int number)
{
	static const char text[] = "native: a pattern did not end in time; the last row says after which\n";

	(void)number;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 2 : 1);
}

static bool run_pattern(const struct pattern *pattern, bool aged)
{
	const char *history = aged ? "random order" : "none";
	char about[128], name[96];

	alarm(PATTERN_SECONDS);
	if (!pools_make(aged))
		return false;
	measure(pattern);
	log_rounds(pattern, history);
	snprintf(name, sizeof(name), "%s%s", pattern->name, aged ? ", aged" : "");
	snprintf(about, sizeof(about), ",\"history\":\"%s\",\"ping_pong\":%.0f", history, median(line, rounds));
	for (unsigned int i = 0; i < CONTESTANTS; i++)
		if (runs[i])
			print_contestant(pattern, name, i, about);
	print_ratios(pattern, name, about);
	return pools_end();
}

/* What the patterns' figures stand on: the cache line's way, the ring by itself */
static void print_floors(void)
{
	struct row row = { "ping-pong, one way", "none", "cycles", ",\"cpus\":2" };

	for (unsigned int round = 0; round < rounds; round++)
		sample[round] = other_ping_pong();
	row_print(&row, sample, rounds);
	row = (struct row){ "ring alone, bulk 32", "none", "cycles", ",\"bulk\":32,\"cpus\":2,\"ring\":1024" };
	for (unsigned int round = 0; round < rounds; round++)
		sample[round] = ring_alone();
	row_print(&row, sample, rounds);
}

/* The first two cores that this process may use, as EAL wants them */
static bool two_cores(char *text, size_t size)
{
	unsigned int core[2], found = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return fail("sched_getaffinity failed");
	for (unsigned int i = 0; i < CPU_SETSIZE && found < 2; i++)
		if (CPU_ISSET(i, &set))
			core[found++] = i;
	if (found < 2)
		return fail("needs two cores; this process may use only one (see taskset, or the container's cpuset)");
	snprintf(text, size, "%u,%u", core[0], core[1]);
	return true;
}

static bool start(const char *cores)
{
	char *eal[] = { "native", "-l", (char *)cores, "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"-m", "1024", "--log-level", "4", NULL };

	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]) - 1, eal) < 0)
		return fail("DPDK's environment does not start; its reason is above");
	return patterns_init() || fail("no memory for the rings");
}

static void describe(const char *cores)
{
	char model[128], text[1024];
	struct utsname system;

	cpu_model(model, sizeof(model));
	uname(&system);
	snprintf(text, sizeof(text),
		 "\"cpu\":\"%s\",\"cores\":\"%s\",\"kernel\":\"%s\",\"compiler\":\"%s\",\"flags\":\"%s\","
		 "\"dpdk\":\"%s\",\"rounds\":%u,\"pool_pages\":%u,\"huge_pages\":false,\"init_on_alloc\":null",
		 model, cores, system.release, "gcc " __VERSION__, BENCH_FLAGS, rte_version(), rounds, POOL_PAGES);
	row_common(text);
}

static bool arguments(int argc, char **argv)
{
	char *end = "";

	if (argc > 1)
		rounds = strtoul(argv[1], &end, 10);
	if (*end || !rounds || rounds > ROUNDS_MAX)
		return fail("usage: native [rounds [log [pattern]]], with 1 to 10001 rounds");
	logged = argc > 2 ? fopen(argv[2], "w") : NULL;
	if (argc > 2 && !logged) {
		fprintf(stderr, "native: %s: %s\n", argv[2], strerror(errno));
		return false;
	}
	line = calloc(rounds, sizeof(*line));
	sample = calloc(rounds, sizeof(*sample));
	for (unsigned int i = 0; i < CONTESTANTS; i++)
		timing[i] = calloc(rounds, sizeof(*timing[i]));
	return true;
}

int main(int argc, char **argv)
{
	bool good = true;
	char cores[32];

	if (!arguments(argc, argv) || !two_cores(cores, sizeof(cores)) || !start(cores) || !other_start())
		return 1;
	describe(cores);
	signal(SIGALRM, stuck);
	if (logged) {
		fprintf(logged, "pattern\thistory\tround\tping-pong");
		for (unsigned int i = 0; i < CONTESTANTS; i++)
			fprintf(logged, "\t%s", contestants[i]->name);
		fputc('\n', logged);
	}
	print_floors();
	for (unsigned int aged = 0; aged < 2; aged++)
		for (unsigned int i = 0; good && i < pattern_count; i++)
			if (argc < 4 || strstr(patterns[i].name, argv[3]))
				good = run_pattern(&patterns[i], aged);
	other_stop();
	if (logged && fclose(logged))
		return !fail("the log could not be written");
	return !good;
}
