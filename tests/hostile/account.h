/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session is one BIND of one queue and what was read until it ended; an account is the
 * sum of many, by all three who count: the device, the driver and the reader.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "lab.h"

struct account {
	/* how sessions ended */
	uint64_t sessions;
	uint64_t finished;	/* with the end of the source */
	uint64_t cut;		/* by a reset, a dead device, or an error */
	/* the device */
	uint64_t produced;
	uint64_t completed;
	uint64_t dropped;
	/* the driver */
	uint64_t completions;
	uint64_t delivered;
	uint64_t discarded;
	uint64_t failed;
	uint64_t invalid;
	uint64_t corrupt;
	uint64_t irqs;
	uint64_t rescued;
	uint64_t injected;
	uint64_t alloc_fail;
	uint64_t late_grants;
	/* the reader */
	uint64_t right;		/* pages that are the generator's */
	uint64_t wrong;		/* said to be good, and are not */
	uint64_t marked;	/* records without data */
	uint64_t gaps;
	/* what nobody accounts for */
	uint64_t lost_in_device;
	uint64_t lost_in_driver;
};

struct session {
	struct account *sum;
	int fd;
	struct labyrinth_bind bind;
	uint64_t next_seq;
	uint64_t read;		/* records with data */
	char buffer[LABYRINTH_IO_BUFFER];
};

/*
 * Binds within @ms, as long as the device is being reset; 0 or a negative errno, and then
 * nothing is open.
 */
int session_begin(struct session *s, struct account *sum, const struct labyrinth_bind *bind, unsigned int ms);
/* What is there now: 1 for something, 0 at the end of the source, or a negative errno; -EAGAIN: nothing yet */
int session_read(struct session *s);
/* Closes, and adds what all three counted; @how as session_read() ended.  0 or a negative errno. */
int session_end(struct session *s, int how, bool device_lies);

/*
 * The three in one: until its end, at most @ms.  With @usec nothing is read before the last
 * page is that old: all of them must fit the depth of the queue.
 */
int account_session(struct account *sum, const struct labyrinth_bind *bind, unsigned int ms, unsigned int usec);

#endif /* ACCOUNT_H */
