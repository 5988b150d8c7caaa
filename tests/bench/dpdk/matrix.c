/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rte_mempool's drivers, ours among them, by rte_mempool's own calls, in TSC cycles per object
 *	matrix ROUNDS
 *
 * The matrix: pattern (below) x driver x cache x bulk.  In each round every driver and cache runs a
 * pattern and bulk once, so that what else the machine does meets all alike; figures are over the rounds.
 * "One core" is EAL's first lcore, "the other" its second.
 *
 * Contract: a line for each cell: pattern, driver, cache, effective cache, bulk, lcores, p50, p99, p999, max,
 * with tabs between.  A get or put that fails ends it with status 1.
 */
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_version.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define POOL		8191u	/* the best size for a ring */
#define BATCH		2048u	/* objects that are out at once across cores */
#define LOCAL		8192u	/* objects of a round on one core */
#define ELEMENT		2048u
#define ROUNDS_MAX	1001u
#define BULK_MAX	64u

static const char *const drivers[] = { "ring_mp_mc", "stack", "lf_stack", "labyrinth" };
static const unsigned int caches[] = { 0, 64, 256, 512 };
static const unsigned int bulks[] = { 1, 8, 32, 64 };

#define CELLS	(RTE_DIM(drivers) * RTE_DIM(caches))

struct cell {
	struct rte_mempool *mp;
	double sample[ROUNDS_MAX];
};

/* A part of a round that an lcore times by itself */
struct work {
	struct rte_mempool *mp;
	unsigned int bulk;
	uint64_t cycles;
	bool failed;
};

static struct cell cells[CELLS];
static void *out[BATCH];
static unsigned int rounds, meeting;

static uint64_t fenced_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("mfence\n\tlfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static void meet(void)
{
	unsigned int both = (__atomic_fetch_add(&meeting, 1, __ATOMIC_ACQ_REL) + 2) & ~1u;

	while ((int)(__atomic_load_n(&meeting, __ATOMIC_ACQUIRE) - both) < 0)
		rte_pause();
}

/* What bulk is a constant the compiler unrolls, as in programs that are written for speed */
static __rte_always_inline void turn_around(struct work *work, unsigned int bulk)
{
	struct rte_mempool *mp = work->mp;
	void *object[BULK_MAX];
	uint64_t start = fenced_tsc();

	for (unsigned int done = 0; done < LOCAL; done += bulk) {
		if (unlikely(rte_mempool_get_bulk(mp, object, bulk))) {
			work->failed = true;
			return;
		}
		__asm__ volatile("" : : "r"(object) : "memory");
		rte_mempool_put_bulk(mp, object, bulk);
	}
	work->cycles = fenced_tsc() - start;
}

static __rte_always_inline void take(struct work *work, unsigned int bulk)
{
	uint64_t start = fenced_tsc();

	for (unsigned int i = 0; i < BATCH; i += bulk)
		work->failed |= rte_mempool_get_bulk(work->mp, &out[i], bulk) < 0;
	work->cycles = fenced_tsc() - start;
}

static __rte_always_inline void give(struct work *work, unsigned int bulk)
{
	uint64_t start = fenced_tsc();

	for (unsigned int i = 0; i < BATCH; i += bulk)
		rte_mempool_put_bulk(work->mp, &out[i], bulk);
	work->cycles = fenced_tsc() - start;
}

#define BY_BULK(name)					\
	static int name##_any(void *argument)		\
	{						\
		struct work *work = argument;		\
							\
		switch (work->bulk) {			\
		case 1:  name(work, 1); break;		\
		case 8:  name(work, 8); break;		\
		case 32: name(work, 32); break;		\
		default: name(work, 64); break;		\
		}					\
		return 0;				\
	}

BY_BULK(turn_around)
BY_BULK(take)
BY_BULK(give)

static int turn_around_together(void *argument)
{
	meet();
	return turn_around_any(argument);
}

static unsigned int other_lcore(void)
{
	return rte_get_next_lcore(-1, 1, 0);
}

static double alone(struct work *work)
{
	turn_around_any(work);
	return (double)work->cycles / LOCAL;
}

static double together(struct work *work)
{
	struct work other = *work;

	rte_eal_remote_launch(turn_around_together, &other, other_lcore());
	turn_around_together(work);
	rte_eal_wait_lcore(other_lcore());
	work->failed |= other.failed;
	return (double)(work->cycles + other.cycles) / (2 * LOCAL);
}

static void shuffle(void)
{
	static uint64_t state = 88172645463325252;

	for (unsigned int i = BATCH - 1; i; i--) {
		unsigned int j;
		void *swap = out[i];

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		j = state % (i + 1);
		out[i] = out[j];
		out[j] = swap;
	}
}

/* The names of the objects are written by one core and read by the other before the clock runs */
static int give_there(void *argument)
{
	uintptr_t sum = 0;

	for (unsigned int i = 0; i < BATCH; i++)
		sum += (uintptr_t)out[i];
	__asm__ volatile("" : : "r"(sum));
	return give_any(argument);
}

static double across(struct work *work, bool mixed)
{
	struct work other = *work;

	take_any(work);
	if (work->failed)
		return 0;
	if (mixed)
		shuffle();
	rte_eal_remote_launch(give_there, &other, other_lcore());
	rte_eal_wait_lcore(other_lcore());
	return (double)(work->cycles + other.cycles) / BATCH;
}

static double in_order(struct work *work)
{
	return across(work, false);
}

static double in_random_order(struct work *work)
{
	return across(work, true);
}

static const struct {
	const char *name;
	unsigned int lcores;
	double (*run)(struct work *work);
} patterns[] = {
	{ "same core, get then put", 1, alone },
	{ "two cores at once, each get then put", 2, together },
	{ "across cores, 2048 out, in order", 2, in_order },
	{ "across cores, 2048 out, in random order", 2, in_random_order },
};

/* Before 26.07 a cache grows to 1.5 times its size and is then flushed */
static unsigned int effective(const struct rte_mempool *mp)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache((struct rte_mempool *)(uintptr_t)mp, rte_lcore_id());

	if (!cache)
		return 0;
#if RTE_VERSION < RTE_VERSION_NUM(26, 7, 0, 0)
	return cache->flushthresh;
#else
	return cache->size;
#endif
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(unsigned int p, unsigned int c, unsigned int bulk)
{
	const struct rte_mempool *mp = cells[c].mp;
	double *s = cells[c].sample;

	qsort(s, rounds, sizeof(*s), compare);
	printf("%s\t%s\t%u\t%u\t%u\t%u\t%.3f\t%.3f\t%.3f\t%.3f\n", patterns[p].name, drivers[c / RTE_DIM(caches)],
	       mp->cache_size, effective(mp), bulk, patterns[p].lcores, s[rounds / 2], s[rounds - 1 - rounds / 100],
	       s[rounds - 1 - rounds / 1000], s[rounds - 1]);
	fflush(stdout);
}

static bool measure(unsigned int p, unsigned int bulk)
{
	for (unsigned int round = 0; round < rounds + 2; round++) {
		for (unsigned int turn = 0; turn < CELLS; turn++) {
			unsigned int c = (turn + round) % CELLS;
			struct work work = { .mp = cells[c].mp, .bulk = bulk };
			double cycles = patterns[p].run(&work);

			if (work.failed) {
				fprintf(stderr, "matrix: %s, %s, bulk %u: a get failed\n", patterns[p].name,
					cells[c].mp->name, bulk);
				return false;
			}
			/* the first two rounds warm up */
			if (round >= 2)
				cells[c].sample[round - 2] = cycles;
		}
	}
	for (unsigned int c = 0; c < CELLS; c++)
		print(p, c, bulk);
	return true;
}

static bool make_pools(void)
{
	for (unsigned int c = 0; c < CELLS; c++) {
		const char *driver = drivers[c / RTE_DIM(caches)];
		char name[RTE_MEMPOOL_NAMESIZE];
		struct rte_mempool *mp;

		snprintf(name, sizeof(name), "%s-%u", driver, caches[c % RTE_DIM(caches)]);
		mp = rte_mempool_create_empty(name, POOL, ELEMENT, caches[c % RTE_DIM(caches)], 0, SOCKET_ID_ANY, 0);
		if (!mp || rte_mempool_set_ops_byname(mp, driver, NULL) || rte_mempool_populate_default(mp) != POOL) {
			fprintf(stderr, "matrix: no memory for %s\n", name);
			return false;
		}
		cells[c].mp = mp;
	}
	return true;
}

int main(int argc, char **argv)
{
	char *eal[] = { "matrix", "-l", "0,1", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", "1024",
			"--log-level", "lib.eal:4", NULL };

	rounds = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	if (!rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: matrix ROUNDS, 1 to %u\n", ROUNDS_MAX);
		return 2;
	}
	if (rte_eal_init(RTE_DIM(eal) - 1, eal) < 0 || rte_lcore_count() < 2) {
		fprintf(stderr, "matrix: DPDK does not start with two lcores on the first two processors\n");
		return 1;
	}
	if (!make_pools())
		return 1;
	for (unsigned int p = 0; p < RTE_DIM(patterns); p++)
		for (unsigned int b = 0; b < RTE_DIM(bulks); b++)
			if (!measure(p, bulks[b]))
				return 1;
	return 0;
}
