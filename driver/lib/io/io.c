// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * liblabyrinth-io: the calls; labyrinth_io.h says what they promise
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "labyrinth_io.h"

static int call(int fd, unsigned long cmd, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, cmd, arg);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

int labyrinth_io_open(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int labyrinth_io_info(int fd, struct labyrinth_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return call(fd, LABYRINTH_IOC_INFO, info);
}

int labyrinth_io_bind(int fd, struct labyrinth_bind *bind)
{
	bind->size = sizeof(*bind);
	return call(fd, LABYRINTH_IOC_BIND, bind);
}

int labyrinth_io_queue_stats(int fd, unsigned int queue, struct labyrinth_queue_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->queue = queue;
	return call(fd, LABYRINTH_IOC_QUEUE_STATS, stats);
}

int labyrinth_io_pool_stats(int fd, struct labyrinth_pool_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return call(fd, LABYRINTH_IOC_POOL_STATS, stats);
}

int labyrinth_io_start(int fd)
{
	return call(fd, LABYRINTH_IOC_START, NULL);
}

int labyrinth_io_stop(int fd)
{
	return call(fd, LABYRINTH_IOC_STOP, NULL);
}

int labyrinth_io_reset(int fd)
{
	return call(fd, LABYRINTH_IOC_RESET, NULL);
}

ssize_t labyrinth_io_read(int fd, void *buffer, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int labyrinth_io_write(int fd, const void *job, size_t size)
{
	ssize_t n;

	do
		n = write(fd, job, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

bool labyrinth_io_next(const void *buffer, size_t size, size_t *offset,
		       struct labyrinth_io_record *record)
{
	const struct labyrinth_record *head;
	size_t left = size - *offset;
	size_t whole;

	if (*offset > size || left < sizeof(*head))
		return false;
	head = (const void *)((const char *)buffer + *offset);
	if (head->length > 4096)
		return false;
	whole = sizeof(*head) + ((head->length + 7u) & ~7u);
	if (left < whole)
		return false;
	record->head = head;
	record->data = head + 1;
	*offset += whole;
	return true;
}

static const char *pick(const char *const *names, size_t n, unsigned int i)
{
	return i < n ? names[i] : "?";
}

#define PICK(names, i) pick(names, sizeof(names) / sizeof((names)[0]), i)

const char *labyrinth_io_route(unsigned int route)
{
	static const char *const names[LABYRINTH_ROUTES] = {
		"cpu", "returned", "depot", "reserve", "buddy", "fail",
	};

	return PICK(names, route);
}

const char *labyrinth_io_owner(unsigned int owner)
{
	static const char *const names[LABYRINTH_OWNERS] = {
		"free", "cpu", "device", "user", "quarantined",
	};

	return PICK(names, owner);
}

const char *labyrinth_io_context(unsigned int context)
{
	static const char *const names[LABYRINTH_CONTEXTS] = {
		"process", "softirq", "hardirq", "nmi",
	};

	return PICK(names, context);
}

const char *labyrinth_io_drop(unsigned int reason)
{
	static const char *const names[LABYRINTH_DROPS] = { "overrun", "stop", "dma", "fault" };

	return PICK(names, reason);
}

const char *labyrinth_io_policy(unsigned int policy)
{
	static const char *const names[] = { "fallback", "pool", "direct", "none" };

	return PICK(names, policy);
}

const char *labyrinth_io_advice(int error)
{
	switch (error) {
	case ENOENT:
		return "no such device: load labyrinth.ko, and see `labctl list`";
	case ENOTTY:
		return "this is no Labyrinth device: see `labctl list`";
	case EACCES:
		return "only root may open the device: use sudo";
	case EPERM:
		return "only root may do that: use sudo";
	case EBUSY:
		return "the queue has an owner: see `labctl stats`, or take another one";
	case ENODATA:
		return "the device has no such source: start it with one, or use --source generator";
	case ENOSPC:
		return "the pool is too small for ring mode: raise pool_max, or use demand mode";
	case ENODEV:
		return "the device is gone";
	case ECONNRESET:
		return "the device was reset meanwhile: start again";
	case EAGAIN:
		return "the device is just being reset: try again";
	default:
		return NULL;
	}
}
