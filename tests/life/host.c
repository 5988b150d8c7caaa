// SPDX-License-Identifier: GPL-2.0-only
/*
 * The launcher's port for requests: lines to it, lines from it
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rounds.h"

#define PORTS "/sys/class/virtio-ports"

static int port = -1;
static char waiting[256];
static size_t filled;

bool host_there(void)
{
	DIR *ports = port < 0 ? opendir(PORTS) : NULL;
	struct dirent *entry;
	char path[PATH_MAX], name[32];

	while (ports && port < 0 && (entry = readdir(ports))) {
		snprintf(path, sizeof(path), PORTS "/%s/name", entry->d_name);
		if (!lab_read_line(path, name, sizeof(name)) || strcmp(name, "lab.host"))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port = open(path, O_RDWR | O_CLOEXEC);
	}
	if (ports)
		closedir(ports);
	return port >= 0;
}

bool host_ask(const char *request)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s\n", request);

	return write(port, line, n) == n;
}

/* The next line, without its end */
static bool next_line(char *line, size_t size, uint64_t end)
{
	struct pollfd in = { .fd = port, .events = POLLIN };
	char *stop;
	ssize_t n;

	while (!(stop = memchr(waiting, '\n', filled))) {
		uint64_t now = lab_ms();

		if (now >= end || filled == sizeof(waiting) || poll(&in, 1, end - now) < 0)
			return false;
		n = in.revents ? read(port, waiting + filled, sizeof(waiting) - filled) : 0;
		if (n < 0 && errno != EINTR)
			return false;
		filled += n > 0 ? n : 0;
	}
	snprintf(line, size, "%.*s", (int)(stop - waiting), waiting);
	filled -= stop + 1 - waiting;
	memmove(waiting, stop + 1, filled);
	return true;
}

bool host_hear(const char *word, int ms)
{
	char line[256];

	if (!next_line(line, sizeof(line), lab_ms() + ms))
		return false;
	if (strcmp(line, word))
		printf("# the host said: %s\n", line);
	return !strcmp(line, word);
}
