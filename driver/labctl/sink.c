// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - where received data is written to; sink.h has the contract
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "labctl.h"
#include "sink.h"

static bool failed(const char *path, int error)
{
	const char *advice = strerror(error);

	if (error == ENOSPC || error == EDQUOT)
		advice = "the disk is full: make room, or name another --out";
	else if (error == EPIPE)
		advice = "the program that read it is gone";
	labctl_error("%s: %s", path, advice);
	return false;
}

static bool open_at(struct sink *sink, const char *path, int flags)
{
	sink->fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
	return sink->fd >= 0 ? true : failed(sink->path, errno);
}

bool sink_open(struct sink *sink, const char *path)
{
	struct stat st;

	*sink = (struct sink){ .fd = -1, .path = path };
	if (!path)
		return true;
	if (!strcmp(path, "-")) {
		sink->path = "standard output";
		sink->fd = STDOUT_FILENO;
		return true;
	}
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return open_at(sink, path, 0);
	if (asprintf(&sink->partial, "%s.partial", path) < 0)
		return failed(path, ENOMEM);
	if (open_at(sink, sink->partial, O_CREAT | O_TRUNC))
		return true;
	free(sink->partial);
	sink->partial = NULL;
	return false;
}

bool sink_write(struct sink *sink, const void *data, size_t size)
{
	sink->bytes += size;
	while (sink->fd >= 0 && size) {
		ssize_t n = write(sink->fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(sink->path, errno);
		data = (const char *)data + n;
		size -= n;
	}
	return true;
}

static bool shut(struct sink *sink)
{
	int fd = sink->fd;

	sink->fd = -1;
	if (fd < 0 || fd == STDOUT_FILENO)
		return true;
	return !close(fd) || failed(sink->path, errno);
}

bool sink_finish(struct sink *sink)
{
	bool good = shut(sink);

	if (good && sink->partial && rename(sink->partial, sink->path))
		good = failed(sink->path, errno);
	if (!good)
		sink_abandon(sink);
	free(sink->partial);
	sink->partial = NULL;
	return good;
}

void sink_abandon(struct sink *sink)
{
	shut(sink);
	if (sink->partial)
		unlink(sink->partial);
	free(sink->partial);
	sink->partial = NULL;
}
