// SPDX-License-Identifier: GPL-2.0-only
/*
 * One pass: all queues bound, all pages received, all given back
 *
 * Contract: one thread.  With one queue it sleeps in read(), with several in epoll_wait(), as a program
 * would that has nothing else to do.  Between the marks nothing is done for a page but what the order
 * asks for: its place in the sequence is checked, its header hashed, and its CRC computed or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "labyrinth_fw.h"
#include "meter.h"
#include "receive.h"

#define DEVICE	"/dev/labyrinth0"

struct lane {
	int fd;
	uint64_t next_seq;
	uint64_t hash;
	bool ended;
};

struct work {
	const struct order *order;
	struct pass *pass;
	struct lane lane[LABYRINTH_MAX_QUEUES];
	int ctl;
	int poll;
	unsigned int open;		/* lanes that did not end */
	uint64_t next_look;
	bool begun;
	bool over;
	char buffer[LABYRINTH_IO_BUFFER];
};

static void mark(const struct work *work, unsigned int which, uint64_t *when)
{
	if (work->order->marks)
		meter_mark(which);
	*when = meter_now();
}

static void look(struct work *work)
{
	struct labyrinth_pool_stats stats;
	struct pass *pass = work->pass;

	if (pass->looks == LOOKS_MAX || labyrinth_io_pool_stats(work->ctl, &stats))
		return;
	pass->look[pass->looks] = (struct look){ .when = meter_now(), .free = stats.owned[0] };
	memcpy(pass->look[pass->looks].allocs, stats.allocs, sizeof(stats.allocs));
	pass->looks++;
	work->next_look = pass->pages + work->order->every;
}

static void take_page(struct work *work, struct lane *lane, const struct labyrinth_io_record *record, uint64_t now)
{
	const struct labyrinth_record *head = record->head;
	struct pass *pass = work->pass;

	if (head->seq < lane->next_seq || head->status)
		pass->wrong++;
	else if (work->begun && !work->over)
		pass->lost += head->seq - lane->next_seq;
	lane->next_seq = head->seq + 1;
	lane->hash = meter_hash_page(lane->hash, head->queue, head->seq, head->length, head->crc32c);
	if (work->order->crc && labyrinth_crc32c(0, record->data, head->length) != head->crc32c)
		pass->wrong++;
	if (work->begun && !work->over)
		pass->delay[pass->counted++] = now - head->ready_ns;
	pass->pages++;
	pass->bytes += head->length;
}

/* Before and behind what is counted a part of the pages is left out, so that both ends are alike. */
static void marks(struct work *work)
{
	const struct order *order = work->order;
	uint64_t seen = 0;
	unsigned int i;

	for (i = 0; i < order->queues; i++)
		seen += work->lane[i].next_seq;
	if (work->begun && !work->over && seen >= order->pages - order->warm) {
		mark(work, METER_END, &work->pass->end);
		work->over = true;
	}
	if (!work->begun && seen >= order->warm) {
		work->begun = true;
		mark(work, METER_BEGIN, &work->pass->begin);
	}
}

/* 0; 1 with nothing there; a negative errno */
static int take(struct work *work, struct lane *lane)
{
	ssize_t n = labyrinth_io_read(lane->fd, work->buffer, sizeof(work->buffer));
	struct labyrinth_io_record record;
	uint64_t now = meter_now();
	size_t offset = 0;

	if (n == -EAGAIN)
		return 1;
	if (n < 0)
		return n;
	if (!n) {
		lane->ended = true;
		work->open--;
		return 0;
	}
	work->pass->reads++;
	while (labyrinth_io_next(work->buffer, n, &offset, &record))
		take_page(work, lane, &record, now);
	if (offset != (size_t)n)
		return -EPROTO;
	marks(work);
	if (work->order->every && work->pass->pages >= work->next_look)
		look(work);
	return 0;
}

static int take_any(struct work *work)
{
	struct epoll_event event[LABYRINTH_MAX_QUEUES];
	int i, n, err;

	n = epoll_wait(work->poll, event, LABYRINTH_MAX_QUEUES, -1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < n; i++) {
		struct lane *lane = event[i].data.ptr;

		err = lane->ended ? 0 : take(work, lane);
		if (err < 0)
			return err;
		if (lane->ended)
			epoll_ctl(work->poll, EPOLL_CTL_DEL, lane->fd, NULL);
	}
	return 0;
}

static int take_all(struct work *work)
{
	int err = 0;

	while (work->open && err >= 0)
		err = work->order->queues == 1 ? take(work, &work->lane[0]) : take_any(work);
	if (work->begun && !work->over)
		mark(work, METER_END, &work->pass->end);
	return err < 0 ? err : 0;
}

static int open_lane(struct work *work, unsigned int i)
{
	const struct order *order = work->order;
	struct lane *lane = &work->lane[i];
	struct labyrinth_bind bind = order->bind;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };
	int err;

	lane->hash = METER_HASH;
	lane->fd = labyrinth_io_open(DEVICE, order->queues > 1 ? O_NONBLOCK : 0);
	if (lane->fd < 0)
		return lane->fd;
	bind.queue = i;
	bind.gen_count = order->pages / order->queues;
	err = labyrinth_io_bind(lane->fd, &bind);
	work->pass->depth = bind.depth;
	if (!err && order->queues > 1 && epoll_ctl(work->poll, EPOLL_CTL_ADD, lane->fd, &event))
		err = -errno;
	return err;
}

static int open_all(struct work *work)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < work->order->queues && !err; i++)
		err = open_lane(work, i);
	for (i = 0; i < work->order->queues && !err; i++)
		err = labyrinth_io_start(work->lane[i].fd);
	work->open = work->order->queues;
	return err;
}

static int close_all(struct work *work)
{
	uint64_t hashes[LABYRINTH_MAX_QUEUES];
	unsigned int i, r;
	int err = 0;

	for (i = 0; i < work->order->queues; i++) {
		struct labyrinth_queue_stats stats;

		hashes[i] = work->lane[i].hash;
		if (work->lane[i].fd < 0)
			continue;
		close(work->lane[i].fd);
		err = err ?: labyrinth_io_queue_stats(work->ctl, i, &stats);
		if (err)
			continue;
		work->pass->interrupts += stats.irqs;
		for (r = 0; r < LABYRINTH_DROPS; r++)
			work->pass->drops += stats.dropped[r];
	}
	work->pass->hash = meter_hash_all(hashes, work->order->queues);
	close(work->poll);
	close(work->ctl);
	return err;
}

/* PATH=TEXT: something that begins with the traffic, like pressure on memory */
static int start_other(const char *start)
{
	const char *text = start ? strchr(start, '=') + 1 : NULL;
	char path[256];
	int fd, err = 0;

	if (!start)
		return 0;
	snprintf(path, sizeof(path), "%.*s", (int)(text - start - 1), start);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* What a pass needs is there before it begins, and in memory. */
static int make_room(const struct order *order, struct pass *pass)
{
	size_t delays = order->pages * sizeof(*pass->delay), looks = LOOKS_MAX * sizeof(*pass->look);

	pass->delay = malloc(delays);
	pass->look = malloc(looks);
	if (!pass->delay || !pass->look)
		return -ENOMEM;
	memset(pass->delay, 0, delays);
	memset(pass->look, 0, looks);
	return 0;
}

int pass_run(const struct order *order, struct pass *pass)
{
	static struct work work;
	unsigned int i;
	int err, ended;

	err = make_room(order, pass);
	if (err)
		return err;
	memset(&work, 0, sizeof(work));
	work.order = order;
	work.pass = pass;
	for (i = 0; i < LABYRINTH_MAX_QUEUES; i++)
		work.lane[i].fd = -1;
	work.poll = epoll_create1(EPOLL_CLOEXEC);
	work.ctl = labyrinth_io_open(DEVICE, 0);
	if (work.ctl < 0)
		return work.ctl;
	err = start_other(order->start);
	if (!err && !order->warm) {
		work.begun = true;
		mark(&work, METER_BEGIN, &pass->begin);
	}
	err = err ?: open_all(&work);
	err = err ?: take_all(&work);
	ended = close_all(&work);
	return err ?: ended;
}
