// SPDX-License-Identifier: GPL-2.0-only
/*
 * The adversary against the driver: hostile FIRST LAST
 *
 * Contract: for each seed the device lies as the seed says - how often, by which rules, with
 * which faults besides - while queues in both modes are bound, read, stopped, started, closed
 * and asked, and the device is reset; what ends by itself is bound again.  Then it stops
 * lying and is reset, or probed again if the driver gave it up, and
 *  - the driver and the reader account for each page of every session,
 *  - no page is out of the pool or quarantined,
 *  - every queue works from its first page to its last.
 * A seed that takes longer than SEED_MS of guest time is a hang.  The same seed does the same
 * to the device, but not at the same instruction.  Printed besides KTAP, at the end:
 *   # hostile seeds=N failed=N sessions=N cut=N pages=N refused=N recoveries=N probes=N seconds=N
 *   # rule NAME fired=N
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "bad.h"

#define SEED_MS		60000
#define BINDS		10	/* a seed; each is a session */
#define ROUNDS		60
#define PAGES		48
#define GOOD_PAGES	20
/* From so many seeds on each rule must have fired */
#define ENOUGH_SEEDS	30

static struct session session[LAB_QUEUES];
static struct account sum;
static uint64_t chance;
static unsigned int probes;

static uint32_t pick(uint32_t below)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (chance >> 16) % below;
}

/* What the device does wrong in this seed */
static int let_it_lie(uint64_t seed)
{
	static const unsigned int rates[] = { 500, 5000, 30000, 150000 };
	static const char *const besides[] = {
		"irq-lost rate=20000", "comp-lost rate=20000", "comp-twice rate=20000",
		"comp-reordered rate=20000", "dma-short rate=50000", "dma-stale rate=50000",
		"dma-torn rate=50000", "irq-spurious rate=100000", "irq-late rate=50000",
		"link-dead rate=500 limit=1 param=20000", "dma-stuck rate=1000 limit=1 param=50000",
		"flr-slow rate=500000 limit=1 param=50000", "irq-storm rate=1000 limit=1 param=3000",
	};
	uint32_t all = (1u << LABYRINTH_NR_RULES) - 1;
	/* Half of the seeds: all rules; else some, so that the others' effects are seen alone. */
	uint32_t rules = seed & 1 ? all : (pick(all) & pick(all)) | 1u << pick(LABYRINTH_NR_RULES);
	int err = bad_faults("seed=%llu\nhostile rate=%u rules=%#x\n", (unsigned long long)seed,
			     rates[pick(4)], rules);

	if (!err && !pick(3))
		err = bad_faults("%s\n", besides[pick(sizeof(besides) / sizeof(besides[0]))]);
	if (!err && !pick(8))
		err = bad_alloc("seed=%llu rate=200000\n", (unsigned long long)seed);
	return err;
}

/* 0 also if it could not be bound: the device may say no */
static int bind_one(int i)
{
	struct labyrinth_bind bind = lab_generator(i, pick(2), pick(8) ? PAGES : 0);
	int err;

	bind.depth = 4 << pick(3);
	bind.gen_min = 16;
	bind.gen_period = pick(4) ? 0 : 20000;
	bind.mod_usec = pick(4) ? 0 : 500;
	bind.mod_packets = bind.mod_usec ? 4 : 0;
	err = session_begin(&session[i], &sum, &bind, 50);
	switch (err) {
	case 0:
	case -EAGAIN:
	case -ENODEV:
	case -EINVAL:
		return 0;
	default:
		return err;
	}
}

static int end_one(int i, int how)
{
	return session_end(&session[i], how, true);
}

/* Something that its owner, or anybody, may do at any time */
static void meddle(int i)
{
	struct labyrinth_queue_stats q;
	struct labyrinth_pool_stats pool;

	switch (pick(10)) {
	case 0:
		labyrinth_io_stop(session[i].fd);
		break;
	case 1:
		labyrinth_io_start(session[i].fd);
		break;
	case 2:
		labyrinth_io_queue_stats(session[i].fd, pick(LAB_QUEUES), &q);
		break;
	case 3:
		labyrinth_io_pool_stats(session[i].fd, &pool);
		break;
	case 4:
		if (!pick(6))
			labyrinth_io_reset(session[i].fd);
		break;
	case 5:
		if (!pick(4))
			bad_faults("irq-storm nth=1 param=2000\n");
		break;
	default:
		break;
	}
}

static int turn(int i, unsigned int *binds)
{
	int how;

	if (session[i].fd < 0) {
		if (!*binds)
			return 0;
		--*binds;
		return bind_one(i);
	}
	how = session_read(&session[i]);
	if (how == -EAGAIN || how > 0) {
		if (!pick(4))
			meddle(i);
		return pick(40) ? 0 : end_one(i, how);
	}
	/* A record of a size that cannot be, or an error that nobody promised, is the driver's fault. */
	if (how && how != -ECONNRESET && how != -ENODEV && how != -EIO) {
		end_one(i, how);
		return how;
	}
	return end_one(i, how);
}

static int under_attack(uint64_t seed, uint64_t end)
{
	unsigned int binds = BINDS, round;
	int i, err = let_it_lie(seed);

	for (round = 0; round < ROUNDS && !err && lab_ms() < end; round++) {
		for (i = 0; i < LAB_QUEUES && !err; i++)
			err = turn(i, &binds);
		usleep(500 + pick(1000));
	}
	for (i = 0; i < LAB_QUEUES; i++) {
		if (session[i].fd < 0)
			continue;
		if (err)
			close(session[i].fd);
		else
			err = end_one(i, -EAGAIN);
		session[i].fd = -1;
	}
	return err;
}

static const char *aftermath(int err)
{
	static char why[160];
	struct labyrinth_pool_stats pool;
	uint64_t lost = sum.lost_in_driver;
	uint64_t recovered = bad_number("recoveries");

	if (err)
		snprintf(why, sizeof(why), "under attack: %s", strerror(-err));
	if (err)
		return why;
	err = bad_end();
	probes += bad_number("recoveries") < recovered;
	if (err)
		snprintf(why, sizeof(why), "the device did not come back: %s", strerror(-err));
	else if (sum.lost_in_driver)
		snprintf(why, sizeof(why), "%llu pages that nobody accounts for", (unsigned long long)lost);
	if (err || lost)
		return why;
	if (lab_pool_stats(&pool) || pool.owned[4]) {
		snprintf(why, sizeof(why), "%u pages are quarantined", pool.owned[4]);
		return why;
	}
	if (!lab_pages_back())
		return "a page did not come back";
	err = bad_good_run(GOOD_PAGES);
	if (!err)
		return NULL;
	snprintf(why, sizeof(why), "honest again, a queue does not work: %s", strerror(-err));
	return why;
}

static bool one_seed(uint64_t seed)
{
	uint64_t begin = lab_ms();
	const char *why;
	int err;

	chance = (seed + 1) * 0x9e3779b97f4a7c15ull;
	sum.lost_in_driver = 0;
	err = under_attack(seed, begin + SEED_MS);
	why = aftermath(err);
	if (!why && lab_ms() - begin > SEED_MS)
		why = "it hung";
	if (why)
		bad_result(false, "seed %llu: %s (%llu ms)", (unsigned long long)seed, why,
			   (unsigned long long)(lab_ms() - begin));
	return !why;
}

static void report(uint64_t first, uint64_t last, unsigned int failed, const uint64_t *before, uint64_t begin)
{
	uint64_t fired[LABYRINTH_NR_RULES];
	bool read = bad_fired(fired), every = read;
	int i;

	printf("# hostile seeds=%llu failed=%u sessions=%llu cut=%llu pages=%llu refused=%llu probes=%u seconds=%llu\n",
	       (unsigned long long)(last - first + 1), failed, (unsigned long long)sum.sessions,
	       (unsigned long long)sum.cut, (unsigned long long)(sum.right + sum.wrong),
	       (unsigned long long)sum.invalid, probes, (unsigned long long)(lab_ms() - begin) / 1000);
	for (i = 0; read && i < LABYRINTH_NR_RULES; i++) {
		fired[i] -= before[i];
		printf("# rule %s fired=%llu\n", bad_rules[i], (unsigned long long)fired[i]);
		every &= fired[i] || last - first < ENOUGH_SEEDS;
	}
	bad_result(!failed, "seeds %llu to %llu", (unsigned long long)first, (unsigned long long)last);
	bad_result(every, "every rule of the adversary fired");
}

int main(int argc, char **argv)
{
	uint64_t before[LABYRINTH_NR_RULES], first, last, seed, begin = lab_ms();
	unsigned int failed = 0;
	int i;

	if (argc != 3 || !(first = strtoull(argv[1], NULL, 10)) ||
	    (last = strtoull(argv[2], NULL, 10)) < first) {
		fprintf(stderr, "usage: hostile FIRST LAST\n");
		return 2;
	}
	for (i = 0; i < LAB_QUEUES; i++)
		session[i].fd = -1;
	puts("TAP version 13");
	if (bad_end() || !bad_fired(before)) {
		bad_result(false, "a device with x-faults=on, live, and debugfs");
		return bad_plan_end();
	}
	for (seed = first; seed <= last; seed++) {
		failed += !one_seed(seed);
		if (!(seed % 25)) {
			printf("# at seed %llu\n", (unsigned long long)seed);
			fflush(stdout);
		}
	}
	report(first, last, failed, before, begin);
	return bad_plan_end();
}
