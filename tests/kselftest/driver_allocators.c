// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same traffic with each allocator behind the interrupt, where it may be: every byte is
 * the generator's, every page comes back, also when the reader, the device or the driver
 * goes at a bad moment.  That what may not be is refused at load, driver_params.c shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"
#include "labyrinth_fw.h"

#define DEBUGFS	"/sys/kernel/debug"
#define FOLDER	DEBUGFS "/labyrinth/labyrinth0/"
#define PAGES	500

static const uint32_t modes[] = { LABYRINTH_MODE_DEMAND, LABYRINTH_MODE_RING };

static bool is_rt(void)
{
	return !access("/sys/kernel/realtime", F_OK);
}

/* --- debugfs: allocator -------------------------------------------------------------- */

struct counts {
	char name[32];
	char bottom[32];
	unsigned long long gets, fails, puts, out, most_out;
};

static bool read_counts(struct counts *counts)
{
	FILE *in = fopen(FOLDER "allocator", "re");
	int found = 0;

	if (!in)
		return false;
	if (fscanf(in, "name=%31s bottom=%31s configuration=%*[^\n] gets=%llu fails=%llu",
		   counts->name, counts->bottom, &counts->gets, &counts->fails) == 4)
		found = fscanf(in, " puts=%llu out=%llu most_out=%llu", &counts->puts, &counts->out,
			       &counts->most_out);
	fclose(in);
	return found == 3;
}

/* --- a boot of the driver for each pair ------------------------------------------------ */

FIXTURE(with) {
	struct lab_rx rx[LAB_QUEUES];
	char pci[32];
	const char *cannot;	/* why nothing can be tested */
};

FIXTURE_VARIANT(with) {
	const char *name;
	const char *bottom;
	bool not_rt;		/* refused on PREEMPT_RT */
	bool late;		/* a page may come back after its device */
};

FIXTURE_VARIANT_ADD(with, labyrinth) { "labyrinth", "hardirq", .late = true };
FIXTURE_VARIANT_ADD(with, page) { "page", "hardirq", .not_rt = true };
FIXTURE_VARIANT_ADD(with, mempool) { "mempool", "hardirq", .not_rt = true };
FIXTURE_VARIANT_ADD(with, dma_pool) { "dma_pool", "hardirq", .not_rt = true };
FIXTURE_VARIANT_ADD(with, labyrinth_softirq) { "labyrinth", "softirq", .late = true };
FIXTURE_VARIANT_ADD(with, page_softirq) { "page", "softirq" };
FIXTURE_VARIANT_ADD(with, mempool_softirq) { "mempool", "softirq" };
FIXTURE_VARIANT_ADD(with, dma_pool_softirq) { "dma_pool", "softirq" };
FIXTURE_VARIANT_ADD(with, page_pool_softirq) { "page_pool", "softirq" };

FIXTURE_SETUP(with)
{
	char params[80];
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		self->rx[i].fd = -1;
	/* The harness does not heed a SKIP in here. */
	self->cannot = getenv("LAB_MODULE_DIR") ? NULL : "LAB_MODULE_DIR is not set";
	if (self->cannot)
		return;
	if (access(DEBUGFS "/labyrinth", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (variant->not_rt && is_rt())
		self->cannot = "refused on PREEMPT_RT, as it has to be";
	snprintf(params, sizeof(params), "allocator=%s bottom=%s", variant->name, variant->bottom);
	ASSERT_EQ(0, lab_unload());
	ASSERT_EQ(self->cannot ? -EOPNOTSUPP : 0, lab_load(params));
	if (self->cannot)
		return;
	ASSERT_TRUE(lab_wait_device());
	ASSERT_NE(NULL, lab_pci());
	strcpy(self->pci, lab_pci());
}

FIXTURE_TEARDOWN(with)
{
	struct counts counts;
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		lab_close(&self->rx[i]);
	if (!getenv("LAB_MODULE_DIR"))
		return;
	if (!self->cannot) {
		EXPECT_TRUE(lab_wait_device());
		EXPECT_TRUE(lab_pages_back());
		EXPECT_TRUE(read_counts(&counts));
		EXPECT_EQ(0, counts.out);
		EXPECT_EQ(counts.gets, counts.puts);
		EXPECT_EQ(0, lab_unload());
	}
	EXPECT_EQ(0, lab_load(""));
	EXPECT_TRUE(lab_wait_device());
}

struct job {
	pthread_t thread;
	struct lab_rx *rx;
	int err;
};

static void *run_job(void *arg)
{
	struct job *job = arg;

	job->err = lab_receive(job->rx, 0);
	return NULL;
}

/* All queues, each from its first page to its last; the first error */
static int run_all(struct lab_rx *rx, uint32_t mode)
{
	struct job job[LAB_QUEUES];
	int i, err = 0;

	for (i = 0; i < LAB_QUEUES; i++) {
		struct labyrinth_bind bind = lab_generator(i, mode, PAGES);

		err = lab_bind(&rx[i], &bind);
		if (err)
			return err;
		job[i] = (struct job){ .rx = &rx[i] };
	}
	for (i = 0; i < LAB_QUEUES; i++)
		if (pthread_create(&job[i].thread, NULL, run_job, &job[i]))
			return -EAGAIN;
	for (i = 0; i < LAB_QUEUES; i++) {
		pthread_join(job[i].thread, NULL);
		err = err ? err : job[i].err;
	}
	return err;
}

TEST_F_TIMEOUT(with, the_same_traffic_has_the_same_bytes, 300)
{
	bool softirq = !strcmp(variant->bottom, "softirq");
	bool own = !strcmp(variant->name, "labyrinth");
	struct labyrinth_queue_stats stats;
	struct counts counts;
	unsigned int m;
	int i;

	if (self->cannot)
		SKIP(return, "%s", self->cannot);
	for (m = 0; m < 2; m++) {
		ASSERT_EQ(0, run_all(self->rx, modes[m]));
		for (i = 0; i < LAB_QUEUES; i++) {
			uint64_t taken;

			ASSERT_EQ(0, lab_queue_stats(i, &stats));
			taken = lab_isr_pages(&stats);
			EXPECT_EQ(PAGES, self->rx[i].pages);
			EXPECT_EQ(0, self->rx[i].gaps);
			EXPECT_TRUE(lab_clean(&self->rx[i]));
			EXPECT_EQ(PAGES, stats.delivered);
			EXPECT_EQ(0, lab_dropped(&stats) + stats.invalid + stats.failed);
			EXPECT_GT(taken, 0);
			EXPECT_EQ(own ? 0 : taken, stats.isr_other);
			/* all of them where bottom= says */
			EXPECT_EQ(taken, stats.isr_contexts[softirq ? 1 : 2]);
			EXPECT_EQ(0, stats.isr_contexts[0] + stats.isr_contexts[softirq ? 2 : 1]);
			lab_close(&self->rx[i]);
		}
	}
	ASSERT_TRUE(read_counts(&counts));
	EXPECT_STREQ(variant->name, counts.name);
	EXPECT_STREQ(variant->bottom, counts.bottom);
	EXPECT_GE(counts.gets, 2 * LAB_QUEUES * PAGES);
	EXPECT_EQ(0, counts.fails);
	EXPECT_GT(counts.most_out, 0);
	EXPECT_LE(counts.most_out, LAB_QUEUES * 256);
}

/* More than there was room for at the first bind, then less */
static void other_depths(struct __test_metadata *_metadata, struct lab_rx *rx)
{
	static const uint32_t depths[] = { 16, 1024, 2 };
	unsigned int m, d;

	for (m = 0; m < 2; m++) {
		for (d = 0; d < 3; d++) {
			struct labyrinth_bind bind = lab_generator(0, modes[m], 300);

			bind.depth = depths[d];
			ASSERT_EQ(0, lab_bind(rx, &bind));
			EXPECT_EQ(0, lab_receive(rx, 0));
			EXPECT_EQ(300, rx->pages);
			EXPECT_TRUE(lab_clean(rx));
			lab_close(rx);
		}
	}
	EXPECT_TRUE(lab_pages_back());
}

static void failing_allocations(struct __test_metadata *_metadata, struct lab_rx *rx)
{
	struct labyrinth_queue_stats stats;
	unsigned int m;
	int i;

	for (m = 0; m < 2; m++) {
		uint64_t injected = 0;

		ASSERT_EQ(0, lab_write(FOLDER "fail_alloc", "rate=300000 seed=5"));
		ASSERT_EQ(0, run_all(rx, modes[m]));
		ASSERT_EQ(0, lab_write(FOLDER "fail_alloc", "off"));
		for (i = 0; i < LAB_QUEUES; i++) {
			ASSERT_EQ(0, lab_queue_stats(i, &stats));
			EXPECT_EQ(PAGES, rx[i].pages);
			EXPECT_TRUE(lab_clean(&rx[i]));
			EXPECT_EQ(0, lab_dropped(&stats));
			EXPECT_EQ(stats.injected, stats.isr_allocs[5]);
			injected += stats.injected;
			lab_close(&rx[i]);
		}
		EXPECT_GT(injected, 0);
	}
}

static void close_in_the_middle(struct __test_metadata *_metadata, struct lab_rx *rx)
{
	unsigned int m;
	int i;

	for (m = 0; m < 2; m++) {
		for (i = 0; i < LAB_QUEUES; i++) {
			struct labyrinth_bind bind = lab_generator(i, modes[m], 0);

			ASSERT_EQ(0, lab_bind(&rx[i], &bind));
		}
		ASSERT_EQ(0, lab_receive(&rx[0], 1));
		for (i = 0; i < LAB_QUEUES; i++)
			lab_close(&rx[i]);
		EXPECT_TRUE(lab_pages_back());
	}
}

/* Each load of the driver takes its time: what leaves it as it was shares one. */
TEST_F_TIMEOUT(with, what_is_short_or_cut_short_loses_nothing, 300)
{
	if (self->cannot)
		SKIP(return, "%s", self->cannot);
	other_depths(_metadata, self->rx);
	failing_allocations(_metadata, self->rx);
	close_in_the_middle(_metadata, self->rx);
}

/* --- something goes ------------------------------------------------------------------ */

static void reset_under_load(struct __test_metadata *_metadata, struct lab_rx *rx, const char *pci)
{
	struct lab_load load[LAB_QUEUES];
	unsigned int m;
	int i;

	for (m = 0; m < 2; m++) {
		ASSERT_EQ(0, lab_begin_load(load, rx, modes[m]));
		EXPECT_TRUE(lab_wait_load(rx));
		EXPECT_EQ(0, lab_reset_function(pci));
		lab_end_load(load);
		for (i = 0; i < LAB_QUEUES; i++) {
			EXPECT_EQ(-ECONNRESET, load[i].err);
			EXPECT_TRUE(lab_clean(&rx[i]));
			lab_close(&rx[i]);
		}
		EXPECT_TRUE(lab_pages_back());
		EXPECT_EQ(0, lab_good_run(&rx[0], modes[m]));
	}
}

static void unbind_under_load(struct __test_metadata *_metadata, struct lab_rx *rx,
			      const char *pci)
{
	struct lab_load load[LAB_QUEUES];
	unsigned int m;
	int i;

	for (m = 0; m < 2; m++) {
		ASSERT_EQ(0, lab_begin_load(load, rx, modes[m]));
		EXPECT_TRUE(lab_wait_load(rx));
		EXPECT_EQ(0, lab_unbind(pci));
		lab_end_load(load);
		EXPECT_EQ(0, lab_rebind(pci));
		ASSERT_TRUE(lab_wait_device());
		for (i = 0; i < LAB_QUEUES; i++) {
			EXPECT_EQ(-ENODEV, load[i].err);
			EXPECT_TRUE(lab_clean(&rx[i]));
			lab_close(&rx[i]);
		}
		EXPECT_EQ(0, lab_good_run(&rx[0], modes[m]));
	}
}

TEST_F_TIMEOUT(with, reset_and_unbind_under_load_are_survived, 240)
{
	if (self->cannot)
		SKIP(return, "%s", self->cannot);
	reset_under_load(_metadata, self->rx, self->pci);
	unbind_under_load(_metadata, self->rx, self->pci);
}

/* --- a reader whose memory is not there ------------------------------------------------ */

/* Each read begins in memory that nobody touched, and is copied there all the same. */
static void fresh_memory(struct __test_metadata *_metadata, struct lab_rx *rx)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_RING, 100);
	struct labyrinth_io_record record;
	size_t size = 16 * 4096;
	uint64_t pages = 0, wrong = 0;
	ssize_t n;

	bind.gen_min = 4096;
	ASSERT_EQ(0, lab_bind(rx, &bind));
	do {
		char *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		size_t offset = 0;

		ASSERT_NE(MAP_FAILED, fresh);
		n = labyrinth_io_read(rx->fd, fresh, size);
		while (n > 0 && labyrinth_io_next(fresh, n, &offset, &record)) {
			wrong += record.head->seq != pages ||
				 labyrinth_crc32c(0, record.data, record.head->length) !=
				 record.head->crc32c;
			pages++;
		}
		munmap(fresh, size);
	} while (n > 0);
	EXPECT_EQ(0, n);
	EXPECT_EQ(100, pages);
	EXPECT_EQ(0, wrong);
}

/* A record that does not fit into what there is of the memory stays; a stream goes on. */
static void missing_memory(struct __test_metadata *_metadata, struct lab_rx *rx)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_RING, 50);
	char *half = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char whole[4096], parts[4096];

	ASSERT_NE(MAP_FAILED, half);
	ASSERT_EQ(0, mprotect(half + 4096, 4096, PROT_NONE));
	bind.gen_min = 4096;
	ASSERT_EQ(0, lab_bind(rx, &bind));
	EXPECT_EQ(-EFAULT, labyrinth_io_read(rx->fd, half + 2048, 6144));
	EXPECT_EQ(0, lab_receive(rx, 0));
	EXPECT_EQ(50, rx->pages);
	EXPECT_EQ(0, rx->gaps);
	EXPECT_TRUE(lab_clean(rx));
	lab_close(rx);

	bind.format = LABYRINTH_FORMAT_STREAM;
	bind.gen_count = 1;
	ASSERT_EQ(0, lab_bind(rx, &bind));
	EXPECT_EQ(1000, labyrinth_io_read(rx->fd, half + 3096, 4096));
	memcpy(parts, half + 3096, 1000);
	EXPECT_EQ(3096, labyrinth_io_read(rx->fd, parts + 1000, 4096));
	labyrinth_gen_page(bind.gen_seed, 0, 0, 4096, 4096, (uint8_t *)whole);
	EXPECT_EQ(0, memcmp(whole, parts, 4096));
	munmap(half, 8192);
}

TEST_F(with, memory_that_is_not_there_costs_no_data)
{
	if (self->cannot)
		SKIP(return, "%s", self->cannot);
	fresh_memory(_metadata, &self->rx[0]);
	lab_close(&self->rx[0]);
	missing_memory(_metadata, &self->rx[0]);
}

struct stuck {
	pthread_t thread;
	int fd;
	void *buffer;		/* its page comes when the test lets it */
	ssize_t got;
};

static void *read_stuck(void *arg)
{
	struct stuck *stuck = arg;

	stuck->got = labyrinth_io_read(stuck->fd, stuck->buffer, 4096);
	return NULL;
}

/* The page is nobody's while the reader waits for its memory, or labyrinth's to take back late. */
TEST_F(with, a_stuck_reader_does_not_hold_up_unbind)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_DEMAND, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero;
	struct stuck stuck = { 0 };
	struct uffd_msg fault;
	uint64_t begin;
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (self->cannot)
		SKIP(return, "%s", self->cannot);
	if (fd < 0)
		SKIP(return, "no userfaultfd");
	stuck.buffer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (unsigned long)stuck.buffer;
	range.range.len = 4096;
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &range));
	bind.format = LABYRINTH_FORMAT_STREAM;
	bind.gen_min = 4096;
	ASSERT_EQ(0, lab_bind(&self->rx[0], &bind));
	stuck.fd = self->rx[0].fd;
	ASSERT_EQ(0, pthread_create(&stuck.thread, NULL, read_stuck, &stuck));
	ASSERT_EQ(sizeof(fault), read(fd, &fault, sizeof(fault)));

	begin = lab_ms();
	EXPECT_EQ(0, lab_unbind(self->pci));
	EXPECT_LT(lab_ms() - begin, lab_patience(2000));
	EXPECT_EQ(0, lab_rebind(self->pci));
	ASSERT_TRUE(lab_wait_device());
	EXPECT_EQ(0, lab_good_run(&self->rx[1], LABYRINTH_MODE_DEMAND));

	zero.range = range.range;
	zero.mode = 0;
	EXPECT_EQ(0, ioctl(fd, UFFDIO_ZEROPAGE, &zero));
	pthread_join(stuck.thread, NULL);
	EXPECT_EQ(variant->late ? 4096 : -ENODEV, stuck.got);
	close(fd);
}

TEST_HARNESS_MAIN
