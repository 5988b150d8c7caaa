/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labctl receive - what its files share: the order, the workers, the report
 */
#ifndef LABCTL_RECEIVE_H
#define LABCTL_RECEIVE_H

#include <pthread.h>

#include "labyrinth_hw.h"
#include "rx.h"
#include "sink.h"

/* What the user asked for */
struct receive_order {
	unsigned int queues;
	unsigned int first;		/* the lowest of them */
	uint64_t pages;			/* generator, over all queues; 0: until Ctrl-C */
	struct labyrinth_bind bind;	/* what is the same for all queues */
	const char *out;
	const char *json_out;
	unsigned int slow;		/* us between pages */
	bool retry;
	bool quiet;
};

/* The sessions of a queue that a reset or the loss of the device has ended, summed */
struct receive_past {
	struct labyrinth_queue_stats stats;
	struct rx_seen seen;
	uint64_t sessions;
	uint64_t resets;		/* ended by ECONNRESET */
	uint64_t gone;			/* ended by ENODEV */
	uint64_t cut;			/* the device could not be asked for its counts any more */
	uint64_t cut_pages;		/* produced, and known neither as delivered nor as dropped */
	bool bad;			/* it was said why */
};

/* A run of it */
struct receive {
	const struct receive_order *order;
	int ctl;			/* for questions; owns no queue */
	struct labyrinth_info info;
	struct rx rx[LABYRINTH_MAX_QUEUES];
	struct sink sink[LABYRINTH_MAX_QUEUES];	/* the first one only, where all share it */
	struct receive_past past[LABYRINTH_MAX_QUEUES];
	pthread_mutex_t fds;		/* a worker changes its queue's while the main thread stops them */
	bool stopped;			/* with fds */
	pthread_t worker[LABYRINTH_MAX_QUEUES];
	unsigned int workers;
	_Atomic unsigned int working;
	_Atomic bool gave_up;		/* it said why: data was taken and not kept */
	bool interrupted;
	double seconds;
	struct labyrinth_queue_stats stats[LABYRINTH_MAX_QUEUES];
	struct labyrinth_pool_stats pool;
};

/* receive_work.c: all workers, until the last has come to the end of its data */
void receive_work(struct receive *run);

/*
 * receive_again.c: after the end of a queue's data, whether there is more, from a queue that was bound
 * again.  The session that ended was checked and added to the past ones.
 */
bool receive_again(struct receive *run, unsigned int i);
/* Opens the device that this run began with, whatever its number is now: a file descriptor or -ENODEV */
int receive_find(const struct receive *run);

/* receive_report.c: false if something is not right, which it says on standard error */
bool receive_session_good(const struct rx *rx, const struct labyrinth_queue_stats *stats);
bool receive_verdict(const struct receive *run);
bool receive_report(const struct receive *run, bool good);

/* A stream over several queues is put together again, into one output. */
static inline bool receive_merges(const struct receive_order *order)
{
	return order->bind.source == LABYRINTH_SRC_STREAM && order->queues > 1;
}

#endif /* LABCTL_RECEIVE_H */
