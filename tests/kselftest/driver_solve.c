// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs for the solver: what write() takes and refuses, that each job is answered once and
 * in order, and that nothing is left of one whose queue, owner or device goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"
#include "labyrinth_hw.h"

#define RESULT_MAX (LABYRINTH_RESULT_HEADER + 4096)

/* An open maze from corner to corner; its bytes, LABYRINTH_JOB_MAX at most */
static size_t make_job(uint8_t *job, uint32_t width, uint32_t height)
{
	uint32_t cells = width * height, i;
	struct labyrinth_maze head = {
		.magic = LABYRINTH_MAZE_MAGIC,
		.version = LABYRINTH_MAZE_VERSION,
		.size = LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(cells),
		.width = width,
		.height = height,
		.goal_x = width - 1,
		.goal_y = height - 1,
	};

	memset(job, 0, head.size);
	memcpy(job, &head, sizeof(head));
	for (i = 0; i < cells; i++)
		job[LABYRINTH_MAZE_HEADER + i / 4] |=
			((i % width + 1 == width) * LABYRINTH_MAZE_EAST |
			 (i / width + 1 == height) * LABYRINTH_MAZE_SOUTH) << i % 4 * 2;
	return head.size;
}

static int open_solver(int queue, uint32_t mode, int flags)
{
	struct labyrinth_bind bind = {
		.queue = queue,
		.mode = mode,
		.source = LABYRINTH_SRC_SOLVE,
	};
	int fd = labyrinth_io_open(LAB_DEV, O_RDWR | flags), err;

	if (fd < 0)
		return fd;
	err = labyrinth_io_bind(fd, &bind);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The head of the next result, its path skipped; 0 or a negative errno */
static int next_result(int fd, struct labyrinth_result *result)
{
	uint8_t rest[RESULT_MAX];
	ssize_t n = labyrinth_io_read(fd, result, sizeof(*result));
	uint32_t left;

	if (n < 0)
		return n;
	if (n != sizeof(*result) || result->magic != LABYRINTH_RESULT_MAGIC)
		return -EBADMSG;
	for (left = result->size - n; left; left -= n) {
		n = labyrinth_io_read(fd, rest, left);
		if (n <= 0)
			return n ? n : -ENODATA;
	}
	return 0;
}

FIXTURE(solve) {
	int fd;
	uint8_t job[LABYRINTH_JOB_WRITE_MAX + 1];
};

FIXTURE_VARIANT(solve) {
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(solve, demand) { LABYRINTH_MODE_DEMAND };
FIXTURE_VARIANT_ADD(solve, ring) { LABYRINTH_MODE_RING };

FIXTURE_SETUP(solve)
{
	memset(self->job, 0, sizeof(self->job));
	self->fd = open_solver(0, variant->mode, 0);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(solve)
{
	close(self->fd);
	EXPECT_TRUE(lab_pages_back());
}

TEST_F(solve, each_job_is_answered_in_its_turn)
{
	struct labyrinth_queue_stats stats;
	struct labyrinth_result result;
	uint32_t i;

	for (i = 0; i < 40; i++) {
		uint32_t width = 1 + i * 3, height = 1 + i * 2;

		ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job,
						make_job(self->job, width, height)));
		/* Some wait, so that the ring is used as one */
		if (i % 4 < 3)
			continue;
		for (uint32_t k = i - 3; k <= i; k++) {
			ASSERT_EQ(0, next_result(self->fd, &result));
			EXPECT_EQ(k, result.cookie);
			EXPECT_EQ(LABYRINTH_SOLVE_SOLVED, result.status);
			EXPECT_EQ(k * 5, result.steps);
		}
	}
	ASSERT_EQ(0, lab_queue_stats(0, &stats));
	EXPECT_EQ(40, stats.jobs);
	EXPECT_EQ(40, stats.answered);
	EXPECT_EQ(stats.produced, stats.delivered + lab_dropped(&stats));
	EXPECT_EQ(0, stats.invalid);
	EXPECT_EQ(0, stats.refused);
	/* Every page of a result came to where the handler put it */
	EXPECT_EQ(stats.isr_contexts[2], lab_isr_pages(&stats));
	EXPECT_GT(lab_isr_pages(&stats), 0);
}

TEST_F(solve, what_is_wrong_with_a_job_is_its_status)
{
	struct labyrinth_result result;
	size_t n = make_job(self->job, 128, 128);

	ASSERT_EQ(0, labyrinth_io_write(self->fd, "x", 1));
	ASSERT_EQ(0, next_result(self->fd, &result));
	EXPECT_EQ(LABYRINTH_SOLVE_MALFORMED, result.status);
	ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n - 1));
	ASSERT_EQ(0, next_result(self->fd, &result));
	EXPECT_EQ(LABYRINTH_SOLVE_MALFORMED, result.status);
	ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n + 1));
	ASSERT_EQ(0, next_result(self->fd, &result));
	EXPECT_EQ(LABYRINTH_SOLVE_ENDLESS, result.status);
	ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, LABYRINTH_JOB_WRITE_MAX));
	ASSERT_EQ(0, next_result(self->fd, &result));
	EXPECT_EQ(LABYRINTH_SOLVE_ENDLESS, result.status);
	self->job[12] = 200;
	ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
	ASSERT_EQ(0, next_result(self->fd, &result));
	EXPECT_EQ(LABYRINTH_SOLVE_OVERSIZE, result.status);
	n = make_job(self->job, 5, 5);
	self->job[16] = 5;
	ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
	ASSERT_EQ(0, next_result(self->fd, &result));
	EXPECT_EQ(LABYRINTH_SOLVE_GEOMETRY, result.status);
	EXPECT_EQ(5, result.cookie);
	EXPECT_EQ(LABYRINTH_RESULT_HEADER, result.size);
}

TEST_F(solve, errors_of_write)
{
	struct labyrinth_bind bind = lab_generator(1, variant->mode, 1);
	int other = labyrinth_io_open(LAB_DEV, O_RDWR);
	void *nowhere = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t n = make_job(self->job, 3, 3);

	ASSERT_NE(MAP_FAILED, nowhere);
	EXPECT_EQ(-EMSGSIZE, labyrinth_io_write(self->fd, self->job, LABYRINTH_JOB_WRITE_MAX + 1));
	EXPECT_EQ(0, write(self->fd, self->job, 0));
	EXPECT_EQ(-EFAULT, labyrinth_io_write(self->fd, nowhere, 40));
	munmap(nowhere, 8192);
	/* Nothing of these became a job */
	ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));

	ASSERT_GE(other, 0);
	EXPECT_EQ(-ENOTCONN, labyrinth_io_write(other, self->job, n));
	ASSERT_EQ(0, labyrinth_io_bind(other, &bind));
	EXPECT_EQ(-EINVAL, labyrinth_io_write(other, self->job, n));
	close(other);

	ASSERT_EQ(0, labyrinth_io_stop(self->fd));
	EXPECT_EQ(-EPIPE, labyrinth_io_write(self->fd, self->job, n));
	ASSERT_EQ(0, labyrinth_io_start(self->fd));
	EXPECT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
}

/* Nobody reads: the results fill the queue, then the ring, and then write() has to wait. */
TEST_F(solve, a_full_ring_waits_or_says_so)
{
	int fd = open_solver(1, variant->mode, O_NONBLOCK);
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	struct labyrinth_result result;
	size_t n = make_job(self->job, 2, 2);
	uint32_t jobs = 0, i;
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	int err = 0;

	ASSERT_GE(fd, 0);
	/* The device goes on for a while, until all slots are taken */
	while (jobs < 100000 && lab_ms() < end) {
		err = labyrinth_io_write(fd, self->job, n);
		jobs += !err;
		if (err && !poll(&writable, 1, 1000))
			break;
	}
	EXPECT_EQ(-EAGAIN, err);
	for (i = 0; i < jobs; i++) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };

		ASSERT_EQ(1, poll(&readable, 1, LAB_WAIT_MS));
		ASSERT_EQ(0, next_result(fd, &result));
		ASSERT_EQ(i, result.cookie);
		ASSERT_EQ(2, result.steps);
	}
	EXPECT_EQ(1, poll(&writable, 1, LAB_WAIT_MS));
	close(fd);
}

/* Whoever has jobs pending may close, be killed, stop; others are not held up. */
TEST_F(solve, an_owner_that_goes_leaves_nothing)
{
	struct labyrinth_result result;
	size_t n = make_job(self->job, 128, 128);
	int round, i, status;

	for (round = 0; round < 20; round++) {
		pid_t child = fork();

		if (!child) {
			int fd = open_solver(2, variant->mode, 0);

			for (i = 0; i < 5; i++)
				labyrinth_io_write(fd, self->job, n);
			if (round % 2)
				kill(getpid(), SIGKILL);
			_exit(fd < 0);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_TRUE(round % 2 ? WIFSIGNALED(status) : !status);
		ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
		ASSERT_EQ(0, next_result(self->fd, &result));
		ASSERT_EQ(254, result.steps);
	}
}

TEST_F(solve, a_reset_cancels_a_job)
{
	struct labyrinth_result result;
	size_t n = make_job(self->job, 128, 128);
	const char *pci = lab_pci();
	int round, i, err;

	ASSERT_NE(NULL, pci);
	for (round = 0; round < 6; round++) {
		for (i = 0; i < 5; i++)
			ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
		err = round % 2 ? lab_reset_function(pci) : labyrinth_io_reset(self->fd);
		ASSERT_EQ(0, err);
		/* What was complete, then why there is no more */
		do
			err = next_result(self->fd, &result);
		while (!err);
		EXPECT_EQ(-ECONNRESET, err);
		EXPECT_EQ(-ECONNRESET, labyrinth_io_write(self->fd, self->job, n));
		close(self->fd);
		EXPECT_TRUE(lab_pages_back());
		self->fd = open_solver(0, variant->mode, 0);
		ASSERT_GE(self->fd, 0);
		ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
		ASSERT_EQ(0, next_result(self->fd, &result));
		EXPECT_EQ(0, result.cookie);
		EXPECT_EQ(254, result.steps);
	}
}

/* Two queues with jobs beside one with data: all come to their end. */
TEST_F(solve, beside_other_traffic)
{
	struct labyrinth_bind bind = lab_generator(3, variant->mode, 3000);
	static struct lab_rx rx;
	struct lab_load load = { .rx = &rx };
	struct labyrinth_result result;
	size_t n = make_job(self->job, 100, 100);
	int other = open_solver(1, variant->mode, 0), i;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, lab_bind(&rx, &bind));
	ASSERT_EQ(0, pthread_create(&load.thread, NULL, lab_read_on, &load));
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, labyrinth_io_write(self->fd, self->job, n));
		ASSERT_EQ(0, labyrinth_io_write(other, self->job, n));
		ASSERT_EQ(0, next_result(self->fd, &result));
		EXPECT_EQ(198, result.steps);
		ASSERT_EQ(0, next_result(other, &result));
		EXPECT_EQ(198, result.steps);
	}
	pthread_join(load.thread, NULL);
	EXPECT_EQ(3000, rx.pages);
	EXPECT_TRUE(lab_clean(&rx));
	lab_close(&rx);
	close(other);
}

TEST_HARNESS_MAIN
