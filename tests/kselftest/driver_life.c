// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process or the driver goes away at a bad moment: nobody hangs, every page
 * comes back, and what comes after works.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab_fixture.h"

#define TEARDOWN_MS 2000

LAB_BOTH_MODES(life)

/* --- a process goes -------------------------------------------------------------- */

TEST_F(life, close_in_the_middle_returns_the_pages)
{
	struct labyrinth_queue_stats stats;
	int i, round;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < LAB_QUEUES; i++) {
			struct labyrinth_bind bind = lab_generator(i, variant->mode, 0);

			ASSERT_EQ(0, lab_bind(&self->rx[i], &bind));
		}
		ASSERT_EQ(0, lab_receive(&self->rx[0], 1));
		usleep(20000 * round);
		for (i = 0; i < LAB_QUEUES; i++)
			lab_close(&self->rx[i]);
		EXPECT_TRUE(lab_pages_back());
		for (i = 0; i < LAB_QUEUES; i++) {
			ASSERT_EQ(0, lab_queue_stats(i, &stats));
			EXPECT_EQ(stats.completions, stats.delivered + stats.discarded);
			EXPECT_EQ(stats.produced, stats.completions + lab_dropped(&stats));
			EXPECT_EQ(0, stats.pages[1] + stats.pages[2] + stats.backlog);
		}
	}
}

TEST_F(life, a_killed_reader_leaves_nothing)
{
	struct labyrinth_info info;
	int status;
	pid_t child = fork();

	ASSERT_GE(child, 0);
	if (!child) {
		struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);

		if (!lab_bind(&self->rx[0], &bind))
			lab_receive(&self->rx[0], 0);
		_exit(1);
	}
	EXPECT_TRUE(lab_wait_bound(1));
	EXPECT_TRUE(lab_wait_completions(0, 1));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(0, lab_info(&info));
	EXPECT_EQ(0, info.bound);
	EXPECT_TRUE(lab_pages_back());
	EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
}

/* --- the driver goes --------------------------------------------------------------- */

TEST_F(life, unbind_wakes_a_waiting_reader)
{
	struct labyrinth_bind bind = { .queue = 0, .mode = variant->mode };
	struct pollfd poll_in = { .events = POLLIN };
	struct lab_load load = { .rx = &self->rx[0] };
	struct labyrinth_info info;
	uint64_t begin;

	ASSERT_EQ(0, lab_bind(&self->rx[0], &bind));
	ASSERT_EQ(0, pthread_create(&load.thread, NULL, lab_read_on, &load));
	usleep(100000);
	begin = lab_ms();
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_LT(lab_ms() - begin, lab_patience(TEARDOWN_MS));
	pthread_join(load.thread, NULL);
	EXPECT_EQ(-ENODEV, load.err);

	/* and whatever the file is asked for from now on */
	EXPECT_EQ(-ENODEV, lab_read(&self->rx[0], 8192));
	EXPECT_EQ(-ENODEV, labyrinth_io_info(self->rx[0].fd, &info));
	EXPECT_EQ(-ENODEV, labyrinth_io_bind(self->rx[0].fd, &bind));
	EXPECT_EQ(-ENODEV, labyrinth_io_start(self->rx[0].fd));
	EXPECT_EQ(-ENODEV, labyrinth_io_reset(self->rx[0].fd));
	poll_in.fd = self->rx[0].fd;
	EXPECT_EQ(1, poll(&poll_in, 1, 0));
	EXPECT_TRUE(poll_in.revents & POLLHUP);
	EXPECT_EQ(0, lab_rebind(self->pci));
}

TEST_F_TIMEOUT(life, unbind_under_load, 120)
{
	struct lab_load load[LAB_QUEUES];
	uint64_t begin;
	int i, round;

	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, lab_begin_load(load, self->rx, variant->mode));
		EXPECT_TRUE(lab_wait_load(self->rx));
		usleep(100000);
		begin = lab_ms();
		EXPECT_EQ(0, lab_unbind(self->pci));
		EXPECT_LT(lab_ms() - begin, lab_patience(TEARDOWN_MS));
		lab_end_load(load);
		for (i = 0; i < LAB_QUEUES; i++) {
			EXPECT_EQ(-ENODEV, load[i].err);
			EXPECT_TRUE(lab_clean(&self->rx[i]));
			EXPECT_GT(self->rx[i].pages, 0);
		}
		EXPECT_EQ(0, lab_rebind(self->pci));
		/* the old files are still open, and close late */
		ASSERT_TRUE(lab_wait_device());
		for (i = 0; i < LAB_QUEUES; i++)
			lab_close(&self->rx[i]);
		EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
	}
}

TEST_F(life, unbind_between_two_reads_of_a_page)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);
	char part[100];

	bind.format = LABYRINTH_FORMAT_STREAM;
	bind.gen_min = 4096;
	ASSERT_EQ(0, lab_bind(&self->rx[0], &bind));
	EXPECT_EQ(sizeof(part), labyrinth_io_read(self->rx[0].fd, part, sizeof(part)));
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_EQ(-ENODEV, labyrinth_io_read(self->rx[0].fd, part, sizeof(part)));
	EXPECT_EQ(0, lab_rebind(self->pci));
}

/* --- a reader that copies a page, and does not get on with it ----------------------- */

struct stuck {
	pthread_t thread;
	int fd;
	void *buffer;		/* its pages come when the test lets them */
	ssize_t got;
};

static void *read_stuck(void *arg)
{
	struct stuck *stuck = arg;

	stuck->got = labyrinth_io_read(stuck->fd, stuck->buffer, 4096);
	return NULL;
}

/* A page of memory that faults until it is given; the userfaultfd, or -1. */
static int faulting_page(void **page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return -1;
	*page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (unsigned long)*page;
	range.range.len = 4096;
	if (*page != MAP_FAILED && !ioctl(fd, UFFDIO_API, &api) &&
	    !ioctl(fd, UFFDIO_REGISTER, &range))
		return fd;
	close(fd);
	return -1;
}

static int give_page(int fd, void *page)
{
	struct uffdio_zeropage zero = { .range = { (unsigned long)page, 4096 } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &zero);
}

/* Its page is freed late, into a pool whose device is gone. */
TEST_F(life, a_stuck_reader_does_not_hold_up_unbind)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);
	struct stuck stuck = { 0 };
	uint64_t begin, before, after, end;
	struct uffd_msg fault;
	int fd = faulting_page(&stuck.buffer);

	if (fd < 0)
		SKIP(return, "no userfaultfd");
	ASSERT_TRUE(lab_read_number("/sys/module/labyrinth_pool/refcnt", &before));
	bind.format = LABYRINTH_FORMAT_STREAM;
	bind.gen_min = 4096;
	ASSERT_EQ(0, lab_bind(&self->rx[0], &bind));
	stuck.fd = self->rx[0].fd;
	ASSERT_EQ(0, pthread_create(&stuck.thread, NULL, read_stuck, &stuck));
	/* it has come to the page */
	ASSERT_EQ(sizeof(fault), read(fd, &fault, sizeof(fault)));

	begin = lab_ms();
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_LT(lab_ms() - begin, lab_patience(TEARDOWN_MS));
	EXPECT_EQ(0, lab_rebind(self->pci));
	ASSERT_TRUE(lab_wait_device());
	EXPECT_EQ(0, lab_good_run(&self->rx[1], variant->mode));

	EXPECT_EQ(0, give_page(fd, stuck.buffer));
	pthread_join(stuck.thread, NULL);
	EXPECT_EQ(4096, stuck.got);
	EXPECT_EQ(-ENODEV, labyrinth_io_read(stuck.fd, stuck.buffer, 4096));
	/* the old pool lets its module go */
	end = lab_ms() + LAB_WAIT_MS;
	do {
		ASSERT_TRUE(lab_read_number("/sys/module/labyrinth_pool/refcnt", &after));
	} while (after != before && lab_ms() < end && !usleep(10000));
	EXPECT_EQ(before, after);
	close(fd);
}

TEST_F_TIMEOUT(life, the_module_is_held_by_open_files, 120)
{
	int round;

	if (!getenv("LAB_MODULE_DIR"))
		SKIP(return, "LAB_MODULE_DIR is not set");
	for (round = 0; round < 3; round++) {
		int fd = labyrinth_io_open(LAB_DEV, 0);

		ASSERT_GE(fd, 0);
		EXPECT_EQ(-EWOULDBLOCK, lab_unload());
		close(fd);
		ASSERT_EQ(0, lab_unload());
		EXPECT_EQ(-ENOENT, labyrinth_io_open(LAB_DEV, 0));
		ASSERT_EQ(0, lab_load(""));
		ASSERT_TRUE(lab_wait_device());
		EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
	}
}

/* The module stays while a file is open, though its device is gone. */
TEST_F(life, close_after_unbind_lets_the_module_go)
{
	int fd;

	if (!getenv("LAB_MODULE_DIR"))
		SKIP(return, "LAB_MODULE_DIR is not set");
	fd = labyrinth_io_open(LAB_DEV, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_EQ(-EWOULDBLOCK, lab_unload());
	close(fd);
	EXPECT_EQ(0, lab_unload());
	ASSERT_EQ(0, lab_load(""));
}

TEST_HARNESS_MAIN
