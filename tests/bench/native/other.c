/* SPDX-License-Identifier: GPL-2.0-only */
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench.h"
#include "other.h"
#include "rows.h"

#define LINE	__attribute__((aligned(128)))

static struct {
	uint32_t asked LINE;
	other_work work;
	void *arg;
	uint32_t done LINE;
	uint32_t met LINE;
	uint32_t ball LINE;
} mail LINE;

/* Gives the core away only after so long that the other thread can't be running */
static void spin_until(const uint32_t *word, uint32_t value)
{
	for (unsigned int i = 1; __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; i++) {
		rte_pause();
		if (!(i % 100000))
			sched_yield();
	}
}

static int other_main(void *arg)
{
	(void)arg;
	labyrinth_set_cpu(1);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	for (uint32_t turn = 1; ; turn++) {
		spin_until(&mail.asked, turn);
		if (!mail.work)
			return 0;
		mail.work(mail.arg);
		__atomic_store_n(&mail.done, turn, __ATOMIC_RELEASE);
	}
}

bool other_start(void)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	labyrinth_set_cpu(0);
	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	return lcore < RTE_MAX_LCORE && !rte_eal_remote_launch(other_main, NULL, lcore);
}

void other_begin(other_work work, void *arg)
{
	mail.work = work;
	mail.arg = arg;
	__atomic_store_n(&mail.asked, mail.asked + 1, __ATOMIC_RELEASE);
}

void other_wait(void)
{
	spin_until(&mail.done, mail.asked);
}

void other_stop(void)
{
	other_begin(NULL, NULL);
	rte_eal_mp_wait_lcore();
}

void other_meet(void)
{
	uint32_t both = (__atomic_fetch_add(&mail.met, 1, __ATOMIC_ACQ_REL) + 2) & ~1u;

	spin_until(&mail.met, both);
}

#define BALLS	64

/* Without the pause, which costs as much as a cache line's way */
static void ball_until(uint32_t value)
{
	for (unsigned int i = 1; __atomic_load_n(&mail.ball, __ATOMIC_ACQUIRE) != value; i++)
		if (!(i % 1000000))
			sched_yield();
}

static void pong(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < BALLS; i++) {
		ball_until(2 * i + 1);
		__atomic_store_n(&mail.ball, 2 * i + 2, __ATOMIC_RELEASE);
	}
}

double other_ping_pong(void)
{
	double sample[BALLS];

	mail.ball = 0;
	other_begin(pong, NULL);
	for (uint32_t i = 0; i < BALLS; i++) {
		uint64_t start = fenced_tsc();

		__atomic_store_n(&mail.ball, 2 * i + 1, __ATOMIC_RELEASE);
		ball_until(2 * i + 2);
		sample[i] = (fenced_tsc() - start) / 2.0;
	}
	other_wait();
	return median(sample, BALLS);
}
