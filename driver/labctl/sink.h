/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labctl - where received data is written to
 *
 * Contract: a regular file appears under its name only when it is whole: it is
 * written as NAME.partial and renamed by sink_finish(); sink_abandon() removes
 * it.  "-" is standard output; no path at all counts the bytes only.
 */
#ifndef LABCTL_SINK_H
#define LABCTL_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink {
	int fd;			/* -1: nowhere */
	const char *path;
	char *partial;		/* NULL: not a file of ours */
	uint64_t bytes;
};

/* Each is false with the error printed. */
bool sink_open(struct sink *sink, const char *path);
bool sink_write(struct sink *sink, const void *data, size_t size);
bool sink_finish(struct sink *sink);
void sink_abandon(struct sink *sink);

#endif /* LABCTL_SINK_H */
