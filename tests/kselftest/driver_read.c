// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and poll(): formats, blocking, several readers, buffers that do not fit
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"
#include "labyrinth_fw.h"

#define PAGES 300
#define SEED 7

FIXTURE(queue) {
	struct lab_rx rx;
};

FIXTURE_VARIANT(queue) {
	uint32_t mode;
};

FIXTURE_VARIANT_ADD(queue, demand) { .mode = LABYRINTH_MODE_DEMAND };
FIXTURE_VARIANT_ADD(queue, ring) { .mode = LABYRINTH_MODE_RING };

FIXTURE_SETUP(queue)
{
	self->rx.fd = -1;
}

FIXTURE_TEARDOWN(queue)
{
	lab_close(&self->rx);
	EXPECT_TRUE(lab_pages_back());
}

static int bind_stream(struct lab_rx *rx, uint32_t mode, uint64_t pages)
{
	struct labyrinth_bind bind = lab_generator(0, mode, pages);

	bind.format = LABYRINTH_FORMAT_STREAM;
	return lab_bind(rx, &bind);
}

static int bind_records(struct lab_rx *rx, uint32_t mode, uint64_t pages)
{
	struct labyrinth_bind bind = lab_generator(0, mode, pages);

	return lab_bind(rx, &bind);
}

/* What a stream of the first @pages pages must be; its length */
static size_t expected_stream(uint8_t *data, unsigned int pages)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < pages; i++)
		n += labyrinth_gen_page(SEED, 0, i, 1, 4096, data + n);
	return n;
}

static void nothing(int signal)
{
	(void)signal;
}

TEST_F(queue, records_are_whole_and_padded)
{
	uint64_t total = 0;
	ssize_t n;

	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, PAGES));
	while ((n = lab_read(&self->rx, LABYRINTH_IO_RECORD_MAX)) > 0) {
		EXPECT_EQ(0, n % 8);
		total += n;
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(PAGES, self->rx.pages);
	EXPECT_TRUE(lab_clean(&self->rx));
	/* the end stays the end */
	EXPECT_EQ(0, lab_read(&self->rx, LABYRINTH_IO_RECORD_MAX));
}

TEST_F(queue, the_stream_is_the_data_and_nothing_else)
{
	static uint8_t wanted[PAGES * 4096], got[PAGES * 4096];
	/* sizes that never fit a page, so that reads begin and end inside of pages */
	static const size_t sizes[] = { 1, 7, 4095, 4097, 100, 65536, 3 };
	size_t length = expected_stream(wanted, PAGES), have = 0;
	unsigned int i = 0;
	ssize_t n;

	ASSERT_EQ(0, bind_stream(&self->rx, variant->mode, PAGES));
	do {
		size_t size = sizes[i++ % (sizeof(sizes) / sizeof(sizes[0]))];

		if (size > sizeof(got) - have)
			size = sizeof(got) - have;
		n = read(self->rx.fd, got + have, size);
		ASSERT_GE(n, 0);
		EXPECT_LE(n, size);
		have += n;
	} while (n);
	ASSERT_EQ(length, have);
	EXPECT_EQ(0, memcmp(wanted, got, length));
}

TEST_F(queue, a_record_needs_room)
{
	char small[sizeof(struct labyrinth_record) + 8];
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 2);

	bind.gen_min = 100;
	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
	EXPECT_EQ(-EMSGSIZE, labyrinth_io_read(self->rx.fd, small, sizeof(small)));
	EXPECT_EQ(-EMSGSIZE, labyrinth_io_read(self->rx.fd, small, 1));
	/* and nothing was lost */
	EXPECT_EQ(0, lab_receive(&self->rx, 0));
	EXPECT_EQ(2, self->rx.pages);
	EXPECT_EQ(0, self->rx.gaps);
}

TEST_F(queue, a_faulting_buffer_loses_nothing)
{
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 3);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + 4096, 4096));
	bind.gen_min = 4096;
	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
	/* the header fits into the buffer, the data runs off its end */
	EXPECT_EQ(-EFAULT, labyrinth_io_read(self->rx.fd, map + 4096 - 64, 65536));
	EXPECT_EQ(-EFAULT, labyrinth_io_read(self->rx.fd, (void *)4096, 65536));
	EXPECT_EQ(0, lab_receive(&self->rx, 0));
	EXPECT_EQ(3, self->rx.pages);
	EXPECT_TRUE(lab_clean(&self->rx));
	munmap(map, 4096);
}

TEST_F(queue, a_read_of_nothing_is_nothing)
{
	char byte;

	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, 1));
	EXPECT_EQ(0, read(self->rx.fd, &byte, 0));
	EXPECT_EQ(0, lab_receive(&self->rx, 0));
	EXPECT_EQ(1, self->rx.pages);
}

TEST_F(queue, nonblocking_is_eagain)
{
	struct labyrinth_bind bind = { .queue = 0, .mode = variant->mode };
	struct pollfd poll_in = { .events = POLLIN };
	char byte;

	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
	ASSERT_EQ(0, fcntl(self->rx.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, labyrinth_io_read(self->rx.fd, &byte, 1));
	poll_in.fd = self->rx.fd;
	EXPECT_EQ(0, poll(&poll_in, 1, 50));
}

TEST_F(queue, poll_tells_of_data_and_of_the_end)
{
	struct labyrinth_bind bind = lab_generator(0, variant->mode, 1);
	struct pollfd poll_in = { .events = POLLIN };

	bind.flags = LABYRINTH_BIND_HOLD;
	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
	poll_in.fd = self->rx.fd;
	EXPECT_EQ(0, poll(&poll_in, 1, 50));
	ASSERT_EQ(0, labyrinth_io_start(self->rx.fd));
	EXPECT_EQ(1, poll(&poll_in, 1, LAB_WAIT_MS));
	EXPECT_EQ(POLLIN, poll_in.revents);
	EXPECT_EQ(0, lab_receive(&self->rx, 1));
	EXPECT_EQ(1, poll(&poll_in, 1, LAB_WAIT_MS));
	EXPECT_EQ(POLLIN, poll_in.revents);
	EXPECT_EQ(0, lab_read(&self->rx, 8192));
}

TEST_F(queue, a_signal_ends_the_wait)
{
	struct sigaction act = { .sa_handler = nothing };
	struct labyrinth_bind bind = { .queue = 0, .mode = variant->mode };
	pid_t parent = getpid(), child;
	char byte;

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	ASSERT_EQ(0, lab_bind(&self->rx, &bind));
	child = fork();
	ASSERT_GE(child, 0);
	/* again and again: one that comes before the wait does not end it */
	while (!child) {
		usleep(100000);
		kill(parent, SIGUSR1);
	}
	EXPECT_EQ(-1, read(self->rx.fd, &byte, 1));
	EXPECT_EQ(EINTR, errno);
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

TEST_F(queue, stop_ends_the_data_after_what_was_complete)
{
	struct labyrinth_queue_stats stats;

	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, 0));
	ASSERT_EQ(0, lab_receive(&self->rx, 50));
	ASSERT_EQ(0, labyrinth_io_stop(self->rx.fd));
	ASSERT_EQ(0, lab_receive(&self->rx, 0));
	EXPECT_TRUE(lab_clean(&self->rx));
	EXPECT_EQ(0, self->rx.gaps);
	ASSERT_EQ(0, lab_queue_stats(0, &stats));
	EXPECT_EQ(stats.produced, self->rx.pages + lab_dropped(&stats));
	EXPECT_EQ(stats.delivered, self->rx.pages);
	EXPECT_EQ(0, stats.pages[2]);
}

TEST_F(queue, start_after_stop_goes_on)
{
	struct labyrinth_queue_stats stats;
	uint64_t before;

	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, 0));
	ASSERT_EQ(0, lab_receive(&self->rx, 50));
	ASSERT_EQ(0, labyrinth_io_stop(self->rx.fd));
	ASSERT_EQ(0, lab_receive(&self->rx, 0));
	before = self->rx.pages;
	ASSERT_EQ(0, labyrinth_io_start(self->rx.fd));
	ASSERT_EQ(0, lab_receive(&self->rx, 50));
	EXPECT_GE(self->rx.pages, before + 50);
	ASSERT_EQ(0, labyrinth_io_stop(self->rx.fd));
	ASSERT_EQ(0, lab_receive(&self->rx, 0));
	ASSERT_EQ(0, lab_queue_stats(0, &stats));
	EXPECT_EQ(0, self->rx.seq_errors);
	EXPECT_EQ(stats.produced, self->rx.pages + lab_dropped(&stats));
}

TEST_F(queue, close_on_exec_is_kept)
{
	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, 1));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->rx.fd, F_GETFD));
}

TEST_F(queue, a_shared_file_keeps_its_queue_until_the_last_close)
{
	struct labyrinth_info info;
	int copy;

	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, 4));
	copy = dup(self->rx.fd);
	close(self->rx.fd);
	ASSERT_EQ(0, lab_info(&info));
	EXPECT_EQ(1, info.bound);
	self->rx.fd = copy;
	EXPECT_EQ(0, lab_receive(&self->rx, 0));
	EXPECT_EQ(4, self->rx.pages);
}

/* --- several readers of one file: each record whole, and once --------------------- */

#define READERS 4
#define SHARED_PAGES 4000

struct reader {
	pthread_t thread;
	struct lab_rx rx;
	uint8_t *seen;		/* by sequence number, shared */
	uint64_t twice;
	int err;
};

static void *read_shared(void *arg)
{
	struct reader *reader = arg;
	struct labyrinth_io_record record;
	ssize_t n;

	while ((n = read(reader->rx.fd, reader->rx.buffer, 3 * LABYRINTH_IO_RECORD_MAX)) > 0) {
		size_t offset = 0;

		while (labyrinth_io_next(reader->rx.buffer, n, &offset, &record)) {
			reader->rx.pages++;
			if (labyrinth_crc32c(0, record.data, record.head->length) !=
			    record.head->crc32c)
				reader->rx.crc_errors++;
			if (record.head->seq >= SHARED_PAGES ||
			    __atomic_fetch_add(&reader->seen[record.head->seq], 1,
					       __ATOMIC_RELAXED))
				reader->twice++;
		}
		if (offset != (size_t)n)
			reader->err = EPROTO;
	}
	if (n < 0)
		reader->err = errno;
	return NULL;
}

TEST_F_TIMEOUT(queue, several_readers_share_whole_records, 120)
{
	static struct reader readers[READERS];
	static uint8_t seen[SHARED_PAGES];
	uint64_t pages = 0;
	int i;

	ASSERT_EQ(0, bind_records(&self->rx, variant->mode, SHARED_PAGES));
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < READERS; i++) {
		memset(&readers[i], 0, sizeof(readers[i]));
		readers[i].rx.fd = self->rx.fd;
		readers[i].seen = seen;
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_shared, &readers[i]));
	}
	for (i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT_EQ(0, readers[i].err);
		EXPECT_EQ(0, readers[i].twice);
		EXPECT_EQ(0, readers[i].rx.crc_errors);
		pages += readers[i].rx.pages;
	}
	EXPECT_EQ(SHARED_PAGES, pages);
}

TEST_HARNESS_MAIN
