/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labctl - one queue while it is received from: its records, checked
 *
 * Contract: each page's CRC-32C is computed anew, and sequence numbers may only
 * go up; a gap is a page that was dropped, and the device's count of drops must
 * come to the same.
 */
#ifndef LABCTL_RX_H
#define LABCTL_RX_H

#include <stdatomic.h>

#include "labyrinth_io.h"

/* What the consumer saw */
struct rx_seen {
	uint64_t pages;
	uint64_t bytes;
	uint64_t lost;		/* records without data: the transfer failed */
	uint64_t gaps;		/* sequence numbers that never came */
	uint64_t crc_errors;
	uint64_t seq_errors;	/* numbers that went back */
};

void seen_add(struct rx_seen *sum, const struct rx_seen *seen);

struct rx {
	int fd;
	unsigned int queue;
	const struct labyrinth_bind *bind;
	struct rx_seen seen;
	uint64_t next_seq;
	char *buffer;
	size_t filled;
	size_t offset;
	int error;			/* negative errno that ended it, or 0 */
	bool ended;			/* and it was counted; nothing was bound after it */
	_Atomic uint64_t progress;	/* bytes, for whoever shows them */
};

/* Takes the queue, and does not start it.  0 or a negative errno. */
int rx_open(struct rx *rx, const char *device, struct labyrinth_bind *bind);

/*
 * The next page of the queue, checked and counted; the record stays valid until
 * the next call.  False at the end of the data and after an error.
 */
bool rx_next(struct rx *rx, struct labyrinth_io_record *record);

/* The same of a queue that was bound again, on @fd: begins with page 0. */
void rx_restart(struct rx *rx, int fd);

/* Gives the queue back. */
void rx_close(struct rx *rx);

#endif /* LABCTL_RX_H */
