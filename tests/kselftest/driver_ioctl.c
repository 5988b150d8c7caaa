// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls keep the user API header's word: ownership, sizes, reserved fields,
 * values that make no sense, and the order of BIND, START and STOP.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

/* The command's number for a struct of another size */
#define SIZED(cmd, size) _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size)

static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

FIXTURE(file) {
	int fd;
};

FIXTURE_SETUP(file)
{
	self->fd = labyrinth_io_open(LAB_DEV, 0);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(file)
{
	close(self->fd);
}

TEST_F(file, info_names_the_device)
{
	struct labyrinth_info info;

	ASSERT_EQ(0, labyrinth_io_info(self->fd, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(LAB_QUEUES, info.queues);
	EXPECT_EQ(0, info.bound);
	EXPECT_EQ(2048, info.depth_max);
	EXPECT_STREQ(lab_pci(), info.pci);
}

TEST_F(file, only_root_may_open)
{
	if (seteuid(65534))
		SKIP(return, "cannot become nobody");
	EXPECT_EQ(-EACCES, labyrinth_io_open(LAB_DEV, 0));
	EXPECT_EQ(0, seteuid(0));
}

TEST_F(file, reset_needs_the_capability)
{
	if (seteuid(65534))
		SKIP(return, "cannot become nobody");
	EXPECT_EQ(-EPERM, labyrinth_io_reset(self->fd));
	EXPECT_EQ(0, seteuid(0));
	EXPECT_EQ(0, labyrinth_io_reset(self->fd));
}

TEST_F(file, unknown_commands_are_enotty)
{
	struct labyrinth_info info = { .size = sizeof(info) };

	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(LABYRINTH_IOC_MAGIC, 0x7f), NULL));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO(0xb2, 0x00), NULL));
	/* the number of INFO, another direction */
	EXPECT_EQ(-ENOTTY, call(self->fd, _IOW(LABYRINTH_IOC_MAGIC, 0x00, struct labyrinth_info),
				&info));
	EXPECT_EQ(-EINVAL, call(self->fd, SIZED(LABYRINTH_IOC_STOP, 8), &info));
}

TEST_F(file, reading_only_through_read)
{
	EXPECT_EQ(-1, write(self->fd, "x", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
}

/* --- sizes, for each struct ---------------------------------------------------- */

FIXTURE(size) {
	int fd;
};

FIXTURE_VARIANT(size) {
	unsigned long cmd;
	size_t reserved;	/* offset of a field that must be zero; 0: it has none */
	size_t first;		/* size of the first version; 0: this is it */
};

FIXTURE_VARIANT_ADD(size, info) {
	.cmd = LABYRINTH_IOC_INFO,
};

FIXTURE_VARIANT_ADD(size, bind) {
	.cmd = LABYRINTH_IOC_BIND,
	.reserved = offsetof(struct labyrinth_bind, reserved),
};

FIXTURE_VARIANT_ADD(size, queue_stats) {
	.cmd = LABYRINTH_IOC_QUEUE_STATS,
	.reserved = offsetof(struct labyrinth_queue_stats, reserved),
	.first = offsetof(struct labyrinth_queue_stats, rescued),
};

FIXTURE_VARIANT_ADD(size, pool_stats) {
	.cmd = LABYRINTH_IOC_POOL_STATS,
	.reserved = offsetof(struct labyrinth_pool_stats, reserved),
};

FIXTURE_SETUP(size)
{
	self->fd = labyrinth_io_open(LAB_DEV, 0);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(size)
{
	close(self->fd);
}

union any {
	__u32 size;
	struct labyrinth_bind bind;
	char bytes[8192];
};

/* What a size gets; the struct is otherwise a valid one. */
static int sized_call(int fd, unsigned long cmd, size_t size, size_t tail)
{
	static union any arg;

	memset(&arg, 0, sizeof(arg));
	arg.size = size;
	if (_IOC_NR(cmd) == _IOC_NR(LABYRINTH_IOC_BIND))
		arg.bind.queue = -1;
	if (tail)
		arg.bytes[tail] = 1;
	return call(fd, SIZED(cmd, size), &arg);
}

TEST_F(size, the_right_one_is_taken)
{
	EXPECT_EQ(0, sized_call(self->fd, variant->cmd, _IOC_SIZE(variant->cmd), 0));
}

TEST_F(size, less_is_einval)
{
	size_t first = variant->first ?: _IOC_SIZE(variant->cmd);

	EXPECT_EQ(0, sized_call(self->fd, variant->cmd, first, 0));
	EXPECT_EQ(-EINVAL, sized_call(self->fd, variant->cmd, first - 8, 0));
	EXPECT_EQ(-EINVAL, sized_call(self->fd, variant->cmd, 4, 0));
	EXPECT_EQ(-EINVAL, sized_call(self->fd, variant->cmd, 0, 0));
}

TEST_F(size, more_is_taken_if_the_rest_is_zero)
{
	size_t size = _IOC_SIZE(variant->cmd);

	EXPECT_EQ(-E2BIG, sized_call(self->fd, variant->cmd, size + 8, size));
	EXPECT_EQ(-E2BIG, sized_call(self->fd, variant->cmd, 8000, 7999));
	EXPECT_EQ(0, sized_call(self->fd, variant->cmd, size + 8, 0));
}

TEST_F(size, the_commands_size_must_agree)
{
	union any arg = { .size = _IOC_SIZE(variant->cmd) + 8 };

	EXPECT_EQ(-EINVAL, call(self->fd, variant->cmd, &arg));
}

TEST_F(size, reserved_must_be_zero)
{
	if (!variant->reserved)
		SKIP(return, "nothing is reserved");
	EXPECT_EQ(-EINVAL, sized_call(self->fd, variant->cmd, _IOC_SIZE(variant->cmd),
				      variant->reserved));
}

TEST_F(size, bad_addresses_are_efault)
{
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, NULL));
	EXPECT_EQ(-EFAULT, call(self->fd, variant->cmd, (void *)-4096L));
}

/* --- BIND's values: each variant spoils one field ------------------------------- */

FIXTURE(value) {
	int fd;
};

FIXTURE_VARIANT(value) {
	struct labyrinth_bind bind;
	int wanted;
};

#define GENERATOR(queue_) .queue = (queue_), .source = LABYRINTH_SRC_GENERATOR

FIXTURE_VARIANT_ADD(value, good) { { GENERATOR(-1) }, 0 };
FIXTURE_VARIANT_ADD(value, no_source) { { .queue = -1 }, 0 };
FIXTURE_VARIANT_ADD(value, last_queue) { { GENERATOR(LAB_QUEUES - 1) }, 0 };
FIXTURE_VARIANT_ADD(value, queue_beyond) { { GENERATOR(LAB_QUEUES) }, -EINVAL };
FIXTURE_VARIANT_ADD(value, queue_negative) { { GENERATOR(-2) }, -EINVAL };
FIXTURE_VARIANT_ADD(value, mode) { { GENERATOR(-1), .mode = 2 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, solver) { { .queue = -1, .source = LABYRINTH_SRC_SOLVE }, 0 };
FIXTURE_VARIANT_ADD(value, source) { { .queue = -1, .source = LABYRINTH_SRC_SOLVE + 1 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, format) { { GENERATOR(-1), .format = 2 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, flags) { { GENERATOR(-1), .flags = 2 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, depth_least) { { GENERATOR(-1), .depth = 2 }, 0 };
FIXTURE_VARIANT_ADD(value, depth_most) { { GENERATOR(-1), .depth = 2048 }, 0 };
FIXTURE_VARIANT_ADD(value, depth_one) { { GENERATOR(-1), .depth = 1 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, depth_beyond) { { GENERATOR(-1), .depth = 4096 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, depth_odd) { { GENERATOR(-1), .depth = 12 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, burst_most) { { GENERATOR(-1), .gen_burst = 256 }, 0 };
FIXTURE_VARIANT_ADD(value, burst_beyond) { { GENERATOR(-1), .gen_burst = 257 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, sizes_crossed) {
	{ GENERATOR(-1), .gen_min = 100, .gen_max = 99 }, -EINVAL
};
FIXTURE_VARIANT_ADD(value, size_beyond) { { GENERATOR(-1), .gen_max = 4097 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, generator_without) { { .queue = -1, .gen_count = 1 }, -EINVAL };
FIXTURE_VARIANT_ADD(value, deal_without) { { GENERATOR(-1), .stream_queues = 1 }, -EINVAL };

FIXTURE_SETUP(value)
{
	self->fd = labyrinth_io_open(LAB_DEV, 0);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(value)
{
	close(self->fd);
	EXPECT_TRUE(lab_pages_back());
}

TEST_F(value, bind)
{
	struct labyrinth_bind bind = variant->bind;

	EXPECT_EQ(variant->wanted, labyrinth_io_bind(self->fd, &bind));
	if (!variant->wanted)
		EXPECT_EQ(variant->bind.queue < 0 ? 0 : variant->bind.queue, bind.queue);
}

/* --- who owns a queue, and what he may do with it -------------------------------- */

FIXTURE(owner) {
	int fd;
	int other;
};

FIXTURE_SETUP(owner)
{
	self->fd = labyrinth_io_open(LAB_DEV, 0);
	self->other = labyrinth_io_open(LAB_DEV, 0);
	ASSERT_GE(self->fd, 0);
	ASSERT_GE(self->other, 0);
}

FIXTURE_TEARDOWN(owner)
{
	close(self->fd);
	close(self->other);
	EXPECT_TRUE(lab_pages_back());
}

TEST_F(owner, a_queue_has_one_owner)
{
	struct labyrinth_bind bind = lab_generator(2, LABYRINTH_MODE_DEMAND, 1);
	struct labyrinth_info info;

	ASSERT_EQ(0, labyrinth_io_bind(self->fd, &bind));
	EXPECT_EQ(-EBUSY, labyrinth_io_bind(self->other, &bind));
	ASSERT_EQ(0, labyrinth_io_info(self->other, &info));
	EXPECT_EQ(1u << 2, info.bound);

	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, labyrinth_io_bind(self->other, &bind));
}

TEST_F(owner, a_file_has_one_queue)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_DEMAND, 1);

	ASSERT_EQ(0, labyrinth_io_bind(self->fd, &bind));
	bind.queue = 1;
	EXPECT_EQ(-EBUSY, labyrinth_io_bind(self->fd, &bind));
}

TEST_F(owner, the_lowest_free_queue_is_taken)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_DEMAND, 1);

	ASSERT_EQ(0, labyrinth_io_bind(self->fd, &bind));
	bind.queue = -1;
	ASSERT_EQ(0, labyrinth_io_bind(self->other, &bind));
	EXPECT_EQ(1, bind.queue);
}

TEST_F(owner, all_taken_is_ebusy)
{
	struct labyrinth_bind bind = lab_generator(-1, LABYRINTH_MODE_RING, 1);
	int fd[LAB_QUEUES];
	int i;

	for (i = 0; i < LAB_QUEUES; i++) {
		bind.queue = -1;
		fd[i] = labyrinth_io_open(LAB_DEV, 0);
		ASSERT_GE(fd[i], 0);
		EXPECT_EQ(0, labyrinth_io_bind(fd[i], &bind));
	}
	bind.queue = -1;
	EXPECT_EQ(-EBUSY, labyrinth_io_bind(self->fd, &bind));
	for (i = 0; i < LAB_QUEUES; i++)
		close(fd[i]);
}

TEST_F(owner, start_and_stop_need_a_queue)
{
	EXPECT_EQ(-ENOTCONN, labyrinth_io_start(self->fd));
	EXPECT_EQ(-ENOTCONN, labyrinth_io_stop(self->fd));
}

TEST_F(owner, hold_waits_for_start)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_RING, 5);
	struct labyrinth_queue_stats stats;

	bind.flags = LABYRINTH_BIND_HOLD;
	ASSERT_EQ(0, labyrinth_io_bind(self->fd, &bind));
	EXPECT_EQ(-EINVAL, labyrinth_io_stop(self->fd));
	usleep(50000);
	ASSERT_EQ(0, labyrinth_io_queue_stats(self->fd, 0, &stats));
	EXPECT_EQ(0, stats.produced);
	EXPECT_EQ(0, stats.state);

	ASSERT_EQ(0, labyrinth_io_start(self->fd));
	EXPECT_EQ(-EINVAL, labyrinth_io_start(self->fd));
	EXPECT_TRUE(lab_wait_completions(0, 5));
	ASSERT_EQ(0, labyrinth_io_queue_stats(self->fd, 0, &stats));
	EXPECT_EQ(5, stats.produced);
	EXPECT_EQ(1, stats.state);
}

TEST_F(owner, counters_begin_anew_with_bind)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_RING, 5);
	struct labyrinth_queue_stats stats;

	ASSERT_EQ(0, labyrinth_io_bind(self->fd, &bind));
	EXPECT_TRUE(lab_wait_completions(bind.queue, 5));
	close(self->fd);
	self->fd = -1;
	bind.gen_count = 3;
	ASSERT_EQ(0, labyrinth_io_bind(self->other, &bind));
	EXPECT_TRUE(lab_wait_completions(bind.queue, 3));
	ASSERT_EQ(0, labyrinth_io_queue_stats(self->other, 0, &stats));
	EXPECT_EQ(3, stats.produced);
	EXPECT_EQ(3, stats.completions);
}

TEST_F(owner, stats_of_no_queue_is_einval)
{
	struct labyrinth_queue_stats stats;

	EXPECT_EQ(-EINVAL, labyrinth_io_queue_stats(self->fd, LAB_QUEUES, &stats));
	EXPECT_EQ(-EINVAL, labyrinth_io_queue_stats(self->fd, 0xffffffff, &stats));
}

TEST_F(owner, a_missing_source_is_enodata)
{
	struct labyrinth_bind bind = { .queue = 0, .source = LABYRINTH_SRC_STREAM };
	struct labyrinth_info info;
	char byte;

	ASSERT_EQ(0, labyrinth_io_info(self->fd, &info));
	if (info.caps & 1u << 16)
		SKIP(return, "this device has a stream");
	EXPECT_EQ(-ENODATA, labyrinth_io_bind(self->fd, &bind));
	/* an unbound file reads the stream */
	EXPECT_EQ(-ENODATA, labyrinth_io_read(self->fd, &byte, 1));
}

TEST_HARNESS_MAIN
