// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver's self-tests share: receiving and asking
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"
#include "labyrinth_fw.h"

struct labyrinth_bind lab_generator(int queue, uint32_t mode, uint64_t pages)
{
	return (struct labyrinth_bind){
		.queue = queue,
		.mode = mode,
		.source = LABYRINTH_SRC_GENERATOR,
		.format = LABYRINTH_FORMAT_RECORD,
		.gen_seed = 7,
		.gen_count = pages,
		.gen_min = 1,
		.gen_max = 4096,
	};
}

int lab_bind(struct lab_rx *rx, const struct labyrinth_bind *bind)
{
	int err;

	memset(rx, 0, offsetof(struct lab_rx, buffer));
	rx->fd = labyrinth_io_open(LAB_DEV, 0);
	if (rx->fd < 0)
		return rx->fd;
	rx->bind = *bind;
	err = labyrinth_io_bind(rx->fd, &rx->bind);
	if (err)
		lab_close(rx);
	return err;
}

static void check(struct lab_rx *rx, const struct labyrinth_io_record *record)
{
	const struct labyrinth_record *head = record->head;
	static __thread uint8_t wanted[4096];
	uint32_t length;

	if (head->seq < rx->next_seq)
		rx->seq_errors++;
	else
		rx->gaps += head->seq - rx->next_seq;
	rx->next_seq = head->seq + 1;
	rx->pages++;
	rx->bytes += head->length;
	if (head->status || labyrinth_crc32c(0, record->data, head->length) != head->crc32c)
		rx->crc_errors++;
	if (rx->bind.source != LABYRINTH_SRC_GENERATOR)
		return;
	length = labyrinth_gen_page(rx->bind.gen_seed, rx->bind.queue, head->seq, rx->bind.gen_min,
				    rx->bind.gen_max, wanted);
	if (length != head->length || memcmp(wanted, record->data, length))
		rx->data_errors++;
}

ssize_t lab_read(struct lab_rx *rx, size_t size)
{
	struct labyrinth_io_record record;
	size_t offset = 0;
	ssize_t n;

	n = read(rx->fd, rx->buffer, size);
	if (n < 0)
		return -errno;
	while (labyrinth_io_next(rx->buffer, n, &offset, &record))
		check(rx, &record);
	return offset == (size_t)n ? n : -EPROTO;
}

int lab_receive(struct lab_rx *rx, uint64_t pages)
{
	uint64_t end = rx->pages + pages;
	ssize_t n;

	do {
		n = lab_read(rx, sizeof(rx->buffer));
		if (n == -EINTR)
			n = 1;
	} while (n > 0 && (!pages || rx->pages < end));
	return n < 0 ? n : 0;
}

bool lab_clean(const struct lab_rx *rx)
{
	return !rx->crc_errors && !rx->seq_errors && !rx->data_errors;
}

void lab_close(struct lab_rx *rx)
{
	if (rx->fd >= 0)
		close(rx->fd);
	rx->fd = -1;
}

void *lab_read_on(void *arg)
{
	struct lab_load *load = arg;

	load->err = lab_receive(load->rx, 0);
	return NULL;
}

int lab_begin_load(struct lab_load *load, struct lab_rx *rx, uint32_t mode)
{
	int i, err = 0;

	for (i = 0; i < LAB_QUEUES && !err; i++) {
		struct labyrinth_bind bind = lab_generator(i, mode, 0);

		bind.depth = 32;
		err = lab_bind(&rx[i], &bind);
		load[i].rx = &rx[i];
		if (!err)
			err = -pthread_create(&load[i].thread, NULL, lab_read_on, &load[i]);
	}
	return err;
}

void lab_end_load(struct lab_load *load)
{
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		pthread_join(load[i].thread, NULL);
}

int lab_good_run(struct lab_rx *rx, uint32_t mode)
{
	struct labyrinth_bind bind = lab_generator(0, mode, 200);
	int err = lab_bind(rx, &bind);

	err = err ? err : lab_receive(rx, 0);
	err = err ? err : rx->pages == 200 && lab_clean(rx) ? 0 : -EBADMSG;
	lab_close(rx);
	return err;
}

static int ask(int (*question)(int fd, void *arg), void *arg)
{
	int fd = labyrinth_io_open(LAB_DEV, 0);
	int err;

	if (fd < 0)
		return fd;
	err = question(fd, arg);
	close(fd);
	return err;
}

static int ask_queue(int fd, void *arg)
{
	struct labyrinth_queue_stats *stats = arg;

	return labyrinth_io_queue_stats(fd, stats->queue, stats);
}

static int ask_pool(int fd, void *arg)
{
	return labyrinth_io_pool_stats(fd, arg);
}

static int ask_info(int fd, void *arg)
{
	return labyrinth_io_info(fd, arg);
}

int lab_queue_stats(unsigned int queue, struct labyrinth_queue_stats *stats)
{
	stats->queue = queue;
	return ask(ask_queue, stats);
}

int lab_pool_stats(struct labyrinth_pool_stats *stats)
{
	return ask(ask_pool, stats);
}

int lab_info(struct labyrinth_info *info)
{
	return ask(ask_info, info);
}

uint64_t lab_dropped(const struct labyrinth_queue_stats *stats)
{
	return stats->dropped[0] + stats->dropped[1] + stats->dropped[2] + stats->dropped[3];
}

uint64_t lab_isr_pages(const struct labyrinth_queue_stats *stats)
{
	uint64_t sum = stats->isr_other;
	int i;

	for (i = 0; i < LABYRINTH_ROUTES - 1; i++)
		sum += stats->isr_allocs[i];
	return sum;
}

bool lab_pages_back(void)
{
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	struct labyrinth_pool_stats pool;

	do {
		if (lab_pool_stats(&pool))
			return false;
		if (pool.owned[0] == pool.total)
			return true;
		usleep(10000);
	} while (lab_ms() < end);
	return false;
}

bool lab_wait_completions(unsigned int queue, uint64_t count)
{
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	struct labyrinth_queue_stats stats;

	do {
		if (lab_queue_stats(queue, &stats))
			return false;
		if (stats.completions >= count)
			return true;
		usleep(10000);
	} while (lab_ms() < end);
	return false;
}

bool lab_wait_bound(unsigned int count)
{
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	struct labyrinth_info info;

	do {
		if (lab_info(&info))
			return false;
		if (info.bound == count)
			return true;
		usleep(10000);
	} while (lab_ms() < end);
	return false;
}

bool lab_wait_load(const struct lab_rx *rx)
{
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	int i = 0;

	do {
		while (i < LAB_QUEUES && __atomic_load_n(&rx[i].pages, __ATOMIC_RELAXED))
			i++;
		if (i == LAB_QUEUES)
			return true;
		usleep(10000);
	} while (lab_ms() < end);
	return false;
}

uint64_t lab_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}
