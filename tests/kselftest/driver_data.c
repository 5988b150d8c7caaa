// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every page is right and accounted for: on one queue and on several, in each
 * mode, for a reader that is slow, for a generator that does not wait, and with
 * moderated interrupts.  All allocations of the ISR are made in hard interrupts.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

#define PAGES 10000
#define RESCUED_PAGES 64	/* at most, at a time: LABYRINTH_IRQ_BUDGET of the driver */

FIXTURE(data) {
	struct lab_rx rx[LAB_QUEUES];
};

FIXTURE_VARIANT(data) {
	uint32_t mode;
	int queues;
};

FIXTURE_VARIANT_ADD(data, demand_1) { LABYRINTH_MODE_DEMAND, 1 };
FIXTURE_VARIANT_ADD(data, demand_2) { LABYRINTH_MODE_DEMAND, 2 };
FIXTURE_VARIANT_ADD(data, demand_4) { LABYRINTH_MODE_DEMAND, 4 };
FIXTURE_VARIANT_ADD(data, ring_1) { LABYRINTH_MODE_RING, 1 };
FIXTURE_VARIANT_ADD(data, ring_2) { LABYRINTH_MODE_RING, 2 };
FIXTURE_VARIANT_ADD(data, ring_4) { LABYRINTH_MODE_RING, 4 };

FIXTURE_SETUP(data)
{
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		self->rx[i].fd = -1;
}

FIXTURE_TEARDOWN(data)
{
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		lab_close(&self->rx[i]);
	EXPECT_TRUE(lab_pages_back());
}

struct job {
	pthread_t thread;
	struct lab_rx *rx;
	uint64_t stop_after;	/* pages, then STOP; 0: to the end */
	unsigned int pause_us;
	int err;
};

static void *run_job(void *arg)
{
	struct job *job = arg;
	ssize_t n;

	do {
		/* A slow reader takes single records. */
		n = lab_read(job->rx, job->pause_us ? LABYRINTH_IO_RECORD_MAX :
						      LABYRINTH_IO_BUFFER);
		if (job->pause_us)
			usleep(job->pause_us);
		if (job->stop_after && job->rx->pages >= job->stop_after) {
			job->err = labyrinth_io_stop(job->rx->fd);
			job->stop_after = 0;
		}
	} while (n > 0 && !job->err);
	if (n < 0)
		job->err = n;
	return NULL;
}

/* All queues to the end of their data; the first error. */
static int run_all(struct lab_rx *rx, int queues, uint64_t stop_after, unsigned int pause_us)
{
	struct job job[LAB_QUEUES];
	int i, err = 0;

	for (i = 0; i < queues; i++) {
		job[i] = (struct job){ .rx = &rx[i], .stop_after = stop_after,
				       .pause_us = pause_us };
		if (pthread_create(&job[i].thread, NULL, run_job, &job[i]))
			return -EAGAIN;
	}
	for (i = 0; i < queues; i++) {
		pthread_join(job[i].thread, NULL);
		err = err ? err : job[i].err;
	}
	return err;
}

static int bind_all(struct lab_rx *rx, int queues, const struct labyrinth_bind *bind)
{
	int i, err = 0;

	for (i = 0; i < queues && !err; i++) {
		struct labyrinth_bind one = *bind;

		one.queue = i;
		err = lab_bind(&rx[i], &one);
	}
	return err;
}

/* Device, driver and reader agree on each number. */
#define EXPECT_ACCOUNTED(rx_, stats_) do {						\
	EXPECT_TRUE(lab_clean(rx_));							\
	EXPECT_EQ((stats_).produced, (rx_)->pages + lab_dropped(&(stats_)));		\
	EXPECT_EQ((stats_).completed, (rx_)->pages);					\
	EXPECT_EQ((stats_).completions, (rx_)->pages);					\
	EXPECT_EQ((stats_).delivered, (rx_)->pages);					\
	EXPECT_EQ((stats_).delivered_bytes, (rx_)->bytes);				\
	EXPECT_EQ(lab_dropped(&(stats_)),						\
		  (rx_)->gaps + (stats_).produced - (rx_)->next_seq);			\
	EXPECT_EQ(0, (stats_).invalid);							\
	EXPECT_EQ(0, (stats_).failed);							\
	EXPECT_EQ(0, (stats_).refused);							\
	EXPECT_EQ(lab_isr_pages(&(stats_)), (stats_).isr_contexts[2]);			\
	EXPECT_EQ(0, (stats_).isr_contexts[0] + (stats_).isr_contexts[1]);		\
} while (0)

static bool isolating(void)
{
	char line[32];

	return lab_read_line("/sys/module/labyrinth/parameters/isolate", line, sizeof(line)) &&
	       !strncmp(line, "strict", 6);
}

TEST_F_TIMEOUT(data, all_pages_are_right, 300)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, PAGES / variant->queues);
	struct labyrinth_queue_stats stats;
	int i;

	ASSERT_EQ(0, bind_all(self->rx, variant->queues, &bind));
	ASSERT_EQ(0, run_all(self->rx, variant->queues, 0, 0));
	for (i = 0; i < variant->queues; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_EQ(PAGES / variant->queues, self->rx[i].pages);
		EXPECT_EQ(0, lab_dropped(&stats));
		/* a page that comes back to an isolating pool is no use before its worker ran */
		if (!isolating())
			EXPECT_EQ(0, stats.isr_allocs[5]);
		EXPECT_GT(lab_isr_pages(&stats), 0);
		if (variant->mode == LABYRINTH_MODE_DEMAND) {
			EXPECT_EQ(stats.requests, stats.produced);
			/*
			 * Each page came through the ISR, or was denied there and granted late;
			 * where the host is so busy that the driver does not wait any longer for
			 * an interrupt, it serves as many requests as one.
			 */
			EXPECT_LE(stats.produced, lab_isr_pages(&stats) + stats.late_grants +
						  RESCUED_PAGES * stats.rescued);
			EXPECT_LE(stats.late_grants, stats.denied);
		}
		EXPECT_ACCOUNTED(&self->rx[i], stats);
	}
}

TEST_F_TIMEOUT(data, a_slow_reader_loses_nothing, 300)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 300);
	struct labyrinth_queue_stats stats;
	int i;

	bind.depth = 16;
	ASSERT_EQ(0, bind_all(self->rx, variant->queues, &bind));
	usleep(100000);
	for (i = 0; i < variant->queues; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		/* the queue fills to its depth, and not beyond */
		EXPECT_LE(stats.pages[1] + stats.pages[2], 16);
	}
	ASSERT_EQ(0, run_all(self->rx, variant->queues, 0, 200));
	for (i = 0; i < variant->queues; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_EQ(300, self->rx[i].pages);
		EXPECT_EQ(0, lab_dropped(&stats));
		EXPECT_ACCOUNTED(&self->rx[i], stats);
	}
}

TEST_F_TIMEOUT(data, a_generator_that_does_not_wait_counts_its_drops, 300)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 20000);
	struct labyrinth_queue_stats stats;
	uint64_t dropped = 0;
	int i;

	/* more than anybody can take: the staging pages are 8 */
	bind.gen_period = 20000;
	bind.gen_burst = 32;
	ASSERT_EQ(0, bind_all(self->rx, variant->queues, &bind));
	ASSERT_EQ(0, run_all(self->rx, variant->queues, 0, 0));
	for (i = 0; i < variant->queues; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_EQ(20000, stats.produced);
		EXPECT_EQ(lab_dropped(&stats), stats.dropped[0]);
		dropped += stats.dropped[0];
		EXPECT_ACCOUNTED(&self->rx[i], stats);
	}
	EXPECT_GT(dropped, 0);
}

TEST_F_TIMEOUT(data, stop_in_the_middle_accounts_for_what_was_staged, 300)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);
	struct labyrinth_queue_stats stats;
	int i;

	ASSERT_EQ(0, bind_all(self->rx, variant->queues, &bind));
	ASSERT_EQ(0, run_all(self->rx, variant->queues, 500, 0));
	for (i = 0; i < variant->queues; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_GE(self->rx[i].pages, 500);
		EXPECT_EQ(lab_dropped(&stats), stats.dropped[1]);
		EXPECT_ACCOUNTED(&self->rx[i], stats);
		EXPECT_EQ(0, stats.pages[1] + stats.pages[2] + stats.pages[3]);
	}
}

TEST_F_TIMEOUT(data, moderation_saves_interrupts, 300)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 2000);
	struct labyrinth_queue_stats stats;
	int i;

	if (variant->mode == LABYRINTH_MODE_DEMAND)
		SKIP(return, "a request is not moderated");
	bind.mod_packets = 16;
	/* so long that it is the packets that count, however slow the reader */
	bind.mod_usec = 1000000;
	ASSERT_EQ(0, bind_all(self->rx, variant->queues, &bind));
	ASSERT_EQ(0, run_all(self->rx, variant->queues, 0, 0));
	for (i = 0; i < variant->queues; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_LE(stats.irqs, 2000 / 8);
		EXPECT_EQ(stats.irqs, stats.device_irqs);
		EXPECT_ACCOUNTED(&self->rx[i], stats);
	}
}

TEST_HARNESS_MAIN
