// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device goes away or is reset at a bad moment: nobody hangs, every page comes
 * back, and what comes after works.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab_fixture.h"

#define TEARDOWN_MS 2000

LAB_BOTH_MODES(gone)

TEST_F_TIMEOUT(gone, removal_from_the_bus_under_load, 120)
{
	struct lab_load load[LAB_QUEUES];
	char path[128];
	int i;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", self->pci);
	ASSERT_EQ(0, lab_begin_load(load, self->rx, variant->mode));
	usleep(200000);
	EXPECT_EQ(0, lab_write(path, "1"));
	lab_end_load(load);
	for (i = 0; i < LAB_QUEUES; i++) {
		EXPECT_EQ(-ENODEV, load[i].err);
		EXPECT_TRUE(lab_clean(&self->rx[i]));
	}
	EXPECT_EQ(0, lab_write("/sys/bus/pci/rescan", "1"));
	/* under its old name, though files of the one before are open */
	ASSERT_TRUE(lab_wait_device());
	for (i = 0; i < LAB_QUEUES; i++)
		lab_close(&self->rx[i]);
	EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
}

/* Pages that were complete are still read; then the file has to bind anew. */
static void expect_reset(struct __test_metadata *_metadata, struct lab_load *load,
			 struct lab_rx *rx, uint32_t mode)
{
	struct labyrinth_bind bind = lab_generator(0, mode, 100);
	int i;

	for (i = 0; i < LAB_QUEUES; i++) {
		EXPECT_EQ(-ECONNRESET, load[i].err);
		EXPECT_TRUE(lab_clean(&rx[i]));
		EXPECT_EQ(-ECONNRESET, lab_read(&rx[i], 8192));
	}
	for (i = 0; i < LAB_QUEUES; i++) {
		struct lab_rx *one = &rx[i];

		bind.queue = i;
		EXPECT_EQ(0, labyrinth_io_bind(one->fd, &bind));
		one->bind = bind;
		one->pages = 0;
		one->next_seq = 0;
		EXPECT_EQ(0, lab_receive(one, 0));
		EXPECT_EQ(100, one->pages);
		EXPECT_TRUE(lab_clean(one));
		lab_close(one);
	}
}

/* A bit of the PCI command register */
static int set_command(const char *pci, uint8_t bit, bool on)
{
	char path[128];
	uint8_t command;
	int fd, err = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, &command, 1, 4) == 1) {
		command = on ? command | bit : command & ~bit;
		if (pwrite(fd, &command, 1, 4) != 1)
			err = -errno;
	}
	close(fd);
	return err;
}

#define COMMAND_MEMORY 0x2
#define COMMAND_MASTER 0x4

/* Its registers are gone, but nobody says so: the driver brings them back. */
TEST_F(gone, a_device_that_answers_no_more_is_brought_back)
{
	struct lab_load load[LAB_QUEUES];
	uint64_t before, after;
	int i;

	ASSERT_TRUE(lab_read_number(LAB_SYS "/recoveries", &before));
	ASSERT_EQ(0, lab_begin_load(load, self->rx, variant->mode));
	EXPECT_TRUE(lab_wait_load(self->rx));
	ASSERT_EQ(0, set_command(self->pci, COMMAND_MEMORY, false));
	lab_end_load(load);
	for (i = 0; i < LAB_QUEUES; i++) {
		EXPECT_EQ(-ECONNRESET, load[i].err);
		EXPECT_TRUE(lab_clean(&self->rx[i]));
		lab_close(&self->rx[i]);
	}
	ASSERT_TRUE(lab_read_number(LAB_SYS "/recoveries", &after));
	EXPECT_EQ(before + 1, after);
	EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
}

/* Of the port above, which the driver has no say in */
static int set_port_memory(bool on)
{
	char path[PATH_MAX];

	if (!realpath(LAB_SYS "/device/..", path))
		return -errno;
	return set_command(basename(path), COMMAND_MEMORY, on);
}

TEST_F(gone, a_device_that_stays_away_is_given_up)
{
	struct lab_load load[LAB_QUEUES];
	char line[16];
	int i;

	ASSERT_EQ(0, lab_begin_load(load, self->rx, variant->mode));
	EXPECT_TRUE(lab_wait_load(self->rx));
	ASSERT_EQ(0, set_port_memory(false));
	lab_end_load(load);
	for (i = 0; i < LAB_QUEUES; i++) {
		EXPECT_EQ(-ENODEV, load[i].err);
		EXPECT_TRUE(lab_clean(&self->rx[i]));
		lab_close(&self->rx[i]);
	}
	ASSERT_TRUE(lab_read_line(LAB_SYS "/state", line, sizeof(line)));
	EXPECT_STREQ("dead", line);
	ASSERT_EQ(0, set_port_memory(true));
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_EQ(0, lab_rebind(self->pci));
	ASSERT_TRUE(lab_wait_device());
	EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
}

/* Its transfers are refused by the bus: no data comes, and close() ends it all the same. */
TEST_F(gone, a_device_that_may_not_write_is_closed_in_time)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);
	uint64_t begin;

	ASSERT_EQ(0, lab_bind(&self->rx[0], &bind));
	ASSERT_EQ(0, lab_receive(&self->rx[0], 10));
	ASSERT_EQ(0, set_command(self->pci, COMMAND_MASTER, false));
	usleep(50000);
	begin = lab_ms();
	lab_close(&self->rx[0]);
	EXPECT_LT(lab_ms() - begin, lab_patience(TEARDOWN_MS));
	EXPECT_TRUE(lab_pages_back());
	ASSERT_EQ(0, set_command(self->pci, COMMAND_MASTER, true));
	EXPECT_EQ(0, lab_good_run(&self->rx[0], variant->mode));
	/* the device says that the bus refused it, and is right; begin its count anew */
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_EQ(0, lab_rebind(self->pci));
}

TEST_F(gone, start_after_a_reset_needs_a_bind)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 0);

	ASSERT_EQ(0, lab_bind(&self->rx[0], &bind));
	ASSERT_EQ(0, lab_receive(&self->rx[0], 10));
	ASSERT_EQ(0, labyrinth_io_stop(self->rx[0].fd));
	ASSERT_EQ(0, labyrinth_io_reset(self->rx[0].fd));
	EXPECT_EQ(-ECONNRESET, labyrinth_io_start(self->rx[0].fd));
	EXPECT_EQ(0, labyrinth_io_bind(self->rx[0].fd, &bind));
}

TEST_F_TIMEOUT(gone, function_level_reset_under_load, 120)
{
	struct lab_load load[LAB_QUEUES];
	uint64_t begin;
	int round;

	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, lab_begin_load(load, self->rx, variant->mode));
		usleep(50000 + 50000 * round);
		begin = lab_ms();
		ASSERT_EQ(0, lab_reset_function(self->pci));
		EXPECT_LT(lab_ms() - begin, lab_patience(TEARDOWN_MS));
		lab_end_load(load);
		expect_reset(_metadata, load, self->rx, variant->mode);
		EXPECT_TRUE(lab_pages_back());
	}
}

TEST_F_TIMEOUT(gone, device_reset_under_load, 120)
{
	struct lab_load load[LAB_QUEUES];
	int round;

	for (round = 0; round < 5; round++) {
		int fd = labyrinth_io_open(LAB_DEV, 0);

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, lab_begin_load(load, self->rx, variant->mode));
		usleep(50000 + 50000 * round);
		EXPECT_EQ(0, labyrinth_io_reset(fd));
		close(fd);
		lab_end_load(load);
		expect_reset(_metadata, load, self->rx, variant->mode);
		EXPECT_TRUE(lab_pages_back());
	}
}

TEST_HARNESS_MAIN
