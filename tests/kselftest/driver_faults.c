// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of the driver's own making, which every kernel and device has: fail_alloc in
 * debugfs; and what can be asked of a device that is gone.  Faults of the device are
 * tests/hostile's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

#define DEBUGFS	"/sys/kernel/debug"
#define FOLDER	DEBUGFS "/labyrinth/labyrinth0/"
#define PAGES	400

static int fail_alloc(const char *line)
{
	return lab_write(FOLDER "fail_alloc", line);
}

static unsigned long long so_far(void)
{
	unsigned long long number = 0;
	char line[160], *at;

	if (lab_read_line(FOLDER "fail_alloc", line, sizeof(line))) {
		at = strstr(line, "injected=");
		if (at)
			sscanf(at, "injected=%llu", &number);
	}
	return number;
}

FIXTURE(failing) {
	struct lab_rx rx;
};

FIXTURE_VARIANT(failing) {
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(failing, demand) { .mode = LABYRINTH_MODE_DEMAND };
FIXTURE_VARIANT_ADD(failing, ring) { .mode = LABYRINTH_MODE_RING };

FIXTURE_SETUP(failing)
{
	self->rx.fd = -1;
	if (access(FOLDER, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	ASSERT_EQ(0, fail_alloc("off"));
}

FIXTURE_TEARDOWN(failing)
{
	EXPECT_EQ(0, fail_alloc("off"));
	lab_close(&self->rx);
	EXPECT_TRUE(lab_pages_back());
}

/* A page is late then, and nothing else. */
static void expect_all(struct __test_metadata *_metadata, struct lab_rx *rx, uint32_t mode,
		       const char *line)
{
	struct labyrinth_bind bind = lab_generator(1, mode, PAGES);
	unsigned long long before = so_far();
	struct labyrinth_queue_stats q;

	ASSERT_EQ(0, fail_alloc(line));
	ASSERT_EQ(0, lab_bind(rx, &bind));
	ASSERT_EQ(0, lab_receive(rx, 0));
	EXPECT_EQ(PAGES, rx->pages);
	EXPECT_EQ(0, rx->gaps);
	EXPECT_TRUE(lab_clean(rx));
	ASSERT_EQ(0, fail_alloc("off"));
	ASSERT_EQ(0, labyrinth_io_queue_stats(rx->fd, 1, &q));
	EXPECT_LT(0, q.injected);
	EXPECT_EQ(so_far() - before, q.injected);
	EXPECT_LE(q.injected, q.isr_allocs[LABYRINTH_ROUTES - 1]);
	EXPECT_EQ(PAGES, q.produced);
	EXPECT_EQ(PAGES, q.delivered);
	lab_close(rx);
}

TEST_F(failing, every_allocation_of_the_interrupt)
{
	struct labyrinth_bind bind = lab_generator(1, variant->mode, PAGES);
	struct labyrinth_queue_stats q;

	expect_all(_metadata, &self->rx, variant->mode, "rate=1000000");
	/* and when it ends, all is as before */
	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
	ASSERT_EQ(0, lab_receive(&self->rx, 0));
	ASSERT_EQ(0, labyrinth_io_queue_stats(self->rx.fd, 1, &q));
	EXPECT_EQ(0, q.injected);
	EXPECT_LT(0, lab_isr_pages(&q));
}

TEST_F(failing, half_of_them)
{
	expect_all(_metadata, &self->rx, variant->mode, "seed=3 rate=500000");
}

TEST_F(failing, one)
{
	unsigned long long before = so_far();

	expect_all(_metadata, &self->rx, variant->mode, "nth=10");
	EXPECT_EQ(before + 1, so_far());
}

TEST_F(failing, not_more_than_the_limit)
{
	unsigned long long before = so_far();

	expect_all(_metadata, &self->rx, variant->mode, "limit=7 rate=1000000");
	EXPECT_EQ(before + 7, so_far());
}

TEST(words_that_are_none)
{
	static const char *const lines[] = {
		"rate", "rate=", "rate=x", "rate=-1", "rate=1000001", "nth=4294967296", "param=1",
		"on", "off rate=1", "rate=1 bogus=2",
	};
	char line[160];
	size_t i;

	if (access(FOLDER, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(-EINVAL, fail_alloc(lines[i]))
			TH_LOG("'%s'", lines[i]);
	}
	EXPECT_EQ(0, fail_alloc("rate=5\n\n  nth=0x10   limit=3\n"));
	ASSERT_TRUE(lab_read_line(FOLDER "fail_alloc", line, sizeof(line)));
	EXPECT_EQ(0, strncmp(line, "rate=5 nth=16 limit=3 ", 22));
	EXPECT_EQ(0, fail_alloc("off"));
}

/* What the driver counted can still be asked for, by who has the file open. */
TEST(the_counts_outlive_the_device)
{
	struct labyrinth_bind bind = lab_generator(2, LABYRINTH_MODE_DEMAND, 0);
	struct labyrinth_queue_stats q;
	struct labyrinth_pool_stats pool;
	struct lab_rx rx;
	char pci[32];

	ASSERT_NE(NULL, lab_pci());
	snprintf(pci, sizeof(pci), "%s", lab_pci());
	ASSERT_EQ(0, lab_bind(&rx, &bind));
	ASSERT_EQ(0, lab_receive(&rx, 20));
	ASSERT_EQ(0, lab_unbind(pci));
	EXPECT_EQ(0, labyrinth_io_queue_stats(rx.fd, 2, &q));
	EXPECT_EQ(rx.pages, q.delivered);
	EXPECT_EQ(q.completions, q.delivered + q.discarded);
	EXPECT_EQ(q.produced, q.completed + lab_dropped(&q));
	EXPECT_EQ(0, q.pages[1] + q.pages[2]);
	EXPECT_EQ(0, labyrinth_io_pool_stats(rx.fd, &pool));
	EXPECT_LT(0, pool.total);
	EXPECT_EQ(pool.total, pool.owned[0]);
	lab_close(&rx);
	ASSERT_EQ(0, lab_rebind(pci));
	EXPECT_TRUE(lab_wait_device());
}

TEST_HARNESS_MAIN
