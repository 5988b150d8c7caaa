// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader is killed with pages in hand: kill [ROUNDS]
 *
 * Contract: each round kills a process that has two queues, with pages that it did not read
 * yet, at a moment of its own; every page is the pool's again within TARGET_MS of guest time
 * as a figure, and within BOUND_MS or the test fails.  Printed besides KTAP:
 *   # kill rounds=N held=N most_ms=N p50_us=N p99_us=N over=N
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bad.h"

#define TARGET_MS	100
#define BOUND_MS	5000
#define HELD		8

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

/* Two queues, some pages read; then as killed, or busy reading if @busy */
static void reader(unsigned int round)
{
	static struct lab_rx rx[2];
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < 2; i++) {
		struct labyrinth_bind bind = lab_generator((round + i) % LAB_QUEUES, (round >> i) & 1, 0);

		bind.depth = 32;
		if (lab_bind(&rx[i], &bind) || lab_receive(&rx[i], 1))
			_exit(1);
	}
	while (round & 4)
		if (lab_receive(&rx[round & 1], 1))
			_exit(1);
	for (;;)
		pause();
}

/* Until both of its queues have pages for it; how many the pool has out, or -1 */
static int wait_held(int fd, unsigned int round)
{
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	struct labyrinth_queue_stats q;
	struct labyrinth_pool_stats pool;
	int i;

	for (i = 0; i < 2 && lab_ms() < end;) {
		if (labyrinth_io_queue_stats(fd, (round + i) % LAB_QUEUES, &q))
			return -1;
		/* One that reads all the time has not always HELD of them. */
		if (q.backlog >= HELD || (round & 4 && q.delivered >= HELD))
			i++;
		else
			usleep(200);
	}
	if (i < 2 || labyrinth_io_pool_stats(fd, &pool))
		return -1;
	return pool.total - pool.owned[0];
}

static bool all_back(int fd, uint64_t begin, uint64_t *us)
{
	struct labyrinth_pool_stats pool;

	do {
		if (labyrinth_io_pool_stats(fd, &pool))
			return false;
		*us = now_us() - begin;
		if (pool.owned[0] == pool.total)
			return true;
		usleep(50);
	} while (*us < BOUND_MS * 1000ull);
	return false;
}

/* How long the pages took; false: they did not come, or the reader failed */
static bool round_of(int fd, unsigned int round, uint64_t *us, uint64_t *held)
{
	uint64_t begin;
	int out, status;
	pid_t pid;
	bool back;

	pid = fork();
	if (pid < 0)
		return false;
	if (!pid)
		reader(round);
	out = wait_held(fd, round);
	begin = now_us();
	kill(pid, SIGKILL);
	back = all_back(fd, begin, us);
	waitpid(pid, &status, 0);
	if (out > 0)
		*held += out;
	return back && out >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int earlier(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100, i, over = 0;
	int fd = labyrinth_io_open(LAB_DEV, 0);
	uint64_t *us, held = 0;

	if (!rounds) {
		fprintf(stderr, "usage: kill [ROUNDS]\n");
		return 2;
	}
	us = calloc(rounds, sizeof(*us));
	puts("TAP version 13");
	for (i = 0; us && fd >= 0 && i < rounds; i++) {
		if (!round_of(fd, i, &us[i], &held))
			break;
		over += us[i] > TARGET_MS * 1000;
	}
	bad_result(us && fd >= 0 && i == rounds, "killed with pages in hand, %u times", rounds);
	if (i < rounds)
		printf("# round %u: %s\n", i, strerror(errno));
	bad_result(held / rounds >= HELD, "it had pages in hand");
	bad_result(lab_pages_back(), "every page is back");
	bad_result(!bad_good_run(100), "every queue works");
	if (us)
		qsort(us, i, sizeof(*us), earlier);
	if (us && i)
		printf("# kill rounds=%u held=%llu most_ms=%llu p50_us=%llu p99_us=%llu over=%u\n", i,
		       (unsigned long long)held, (unsigned long long)us[i - 1] / 1000,
		       (unsigned long long)us[i / 2], (unsigned long long)us[(uint64_t)i * 99 / 100], over);
	return bad_plan_end();
}
