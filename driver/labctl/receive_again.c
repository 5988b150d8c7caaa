// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl receive --retry - going on after a reset, and after the device was gone
 *
 * Contract: a session is what came between a BIND and the reset that ended it.
 * It is checked like a whole run before the next one begins, and its counts are
 * kept; the next session asks for the pages that this one did not get.  Where
 * the driver has no counts of it, or ended it without the device, which had
 * something on its way, the session is "cut".
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "counts.h"
#include "labctl.h"
#include "receive.h"

#define WAIT_SECONDS	30
#define PAUSE_NS	2000000		/* between two tries */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Whether labyrinthN, an entry of the class, is the accelerator at that PCI address */
static bool is_at(const char *name, const char *pci)
{
	char link[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t length;

	snprintf(link, sizeof(link), LABCTL_CLASS "/%s/device", name);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = 0;
	base = strrchr(target, '/');
	return base && !strcmp(base + 1, pci);
}

int receive_find(const struct receive *run)
{
	DIR *dir = opendir(LABCTL_CLASS);
	char path[sizeof("/dev/") + NAME_MAX];
	struct dirent *entry;
	int fd = -ENODEV;

	if (!dir)
		return -ENODEV;
	while (fd < 0 && (entry = readdir(dir))) {
		if (!is_at(entry->d_name, run->info.pci))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = labyrinth_io_open(path, 0);
	}
	closedir(dir);
	return fd < 0 ? -ENODEV : fd;
}

static uint64_t known_pages(const struct labyrinth_queue_stats *stats)
{
	return stats->delivered + stats->discarded + stats->corrupt + counts_dropped(stats);
}

/* Pages that the device had in hand when it was reset because it stood still */
static uint64_t on_its_way(const struct labyrinth_queue_stats *stats)
{
	uint64_t known = known_pages(stats);

	return stats->stuck && stats->produced > known ? stats->produced - known : 0;
}

/* Files a session that ended, as what it was */
static void end_session(struct receive *run, unsigned int i)
{
	struct receive_past *past = &run->past[i];
	struct labyrinth_queue_stats stats = { 0 };
	struct rx *rx = &run->rx[i];
	int err = labyrinth_io_queue_stats(rx->fd, rx->queue, &stats);

	past->sessions++;
	past->resets += rx->error == -ECONNRESET;
	past->gone += rx->error == -ENODEV;
	seen_add(&past->seen, &rx->seen);
	/* Where the device could not be read any more, its counts are older than the driver's. */
	if (err || stats.produced < known_pages(&stats)) {
		past->cut++;
	} else {
		uint64_t lost = on_its_way(&stats);

		past->cut += lost != 0;
		past->cut_pages += lost;
		counts_add(&past->stats, &stats);
		past->bad |= !receive_session_good(rx, &stats);
	}
	rx->ended = true;
}

/* Binds the queue on @fd, which is new or the old one, unless all was stopped meanwhile. */
static int bind_again(struct receive *run, unsigned int i, int fd, uint64_t left)
{
	struct labyrinth_bind bind = run->order->bind;
	int err;

	bind.queue = run->rx[i].queue;
	bind.format = LABYRINTH_FORMAT_RECORD;
	bind.gen_count = left;
	pthread_mutex_lock(&run->fds);
	err = run->stopped ? -ECANCELED : labyrinth_io_bind(fd, &bind);
	if (!err)
		rx_restart(&run->rx[i], fd);
	pthread_mutex_unlock(&run->fds);
	return err;
}

/* So that nobody holds on to a device that is gone */
static void drop_fd(struct receive *run, unsigned int i)
{
	pthread_mutex_lock(&run->fds);
	if (run->rx[i].fd >= 0)
		close(run->rx[i].fd);
	run->rx[i].fd = -1;
	pthread_mutex_unlock(&run->fds);
}

static int try_again(struct receive *run, unsigned int i, uint64_t left)
{
	int fd = run->rx[i].fd, err;

	if (fd >= 0) {
		err = bind_again(run, i, fd, left);
		if (err == -ENODEV)
			drop_fd(run, i);
		return err;
	}
	fd = receive_find(run);
	if (fd < 0)
		return fd;
	err = bind_again(run, i, fd, left);
	if (err)
		close(fd);
	return err;
}

/* The pages that this queue has still to get; false if it has got them all. */
static bool pages_left(const struct receive *run, unsigned int i, uint64_t *left)
{
	const struct receive_order *order = run->order;
	uint64_t share = order->pages / order->queues + (i < order->pages % order->queues);
	const struct rx_seen *seen = &run->past[i].seen;
	uint64_t got = seen->pages + seen->gaps + seen->lost;

	*left = order->pages && got < share ? share - got : 0;
	return !order->pages || *left;
}

bool receive_again(struct receive *run, unsigned int i)
{
	struct rx *rx = &run->rx[i];
	double limit = now() + WAIT_SECONDS;
	uint64_t left;
	int err;

	if (!run->order->retry || (rx->error != -ECONNRESET && rx->error != -ENODEV))
		return false;
	end_session(run, i);
	if (rx->error == -ENODEV)
		drop_fd(run, i);
	rx->error = 0;
	if (!pages_left(run, i, &left))
		return false;
	for (;;) {
		const struct timespec pause = { .tv_nsec = PAUSE_NS };

		err = try_again(run, i, left);
		if (err == -ECANCELED)
			return false;
		if (!err)
			return true;
		if ((err != -EAGAIN && err != -ENODEV && err != -ECONNRESET) || now() > limit)
			break;
		nanosleep(&pause, NULL);
	}
	rx->error = err;
	return false;
}
