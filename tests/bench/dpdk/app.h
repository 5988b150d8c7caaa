/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DPDK application of the comparison: what its files share
 */
#ifndef LABYRINTH_DPDK_APP_H
#define LABYRINTH_DPDK_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "queue.h"

/* Exit statuses beside 0, 1 (something was not as it should be) and 2 (bad arguments) */
enum {
	EXIT_NO_HUGEPAGES = 82,
	EXIT_NO_IOMMU = 83,
	EXIT_NOT_VFIO = 84,	/* the device is bound elsewhere, or to nothing */
	EXIT_NO_DEVICE = 85,
	EXIT_EAL = 86,		/* DPDK's environment does not start; it says why */
	EXIT_STUCK = 87,	/* the device or the queue stood still */
};

#define BURST_MAX	32	/* pages taken from a queue at a time */

/* What the command line asks for */
struct order {
	struct queue_config config;	/* what is the same for all queues */
	uint32_t queues;
	uint64_t pages;			/* over all queues */
	uint64_t warm;			/* of these, before what is counted */
	uint32_t least, most;		/* ns between pages over all queues, for --find */
	bool find;
	uint32_t sparse;		/* so many times less often than the period says */
	uint32_t cache;			/* of the mempool, objects per lcore */
	uint32_t buffers;		/* in the mempool; 0: as many as it takes */
	uint32_t patience;		/* seconds without a page before it is given up */
	bool crc;
	bool marks;
	bool no_tap;
	const char *ops;		/* of the mempool; NULL: DPDK's default */
	const char *lcores;		/* as EAL takes them */
	char **eal;			/* more words for EAL */
	int eal_words;
};

/* What a queue's pages were; written by its lcore alone */
struct __rte_cache_aligned seen {
	uint64_t count;			/* pages that the generator makes */
	uint64_t next_seq;
	uint64_t hash;
	uint64_t pages;
	uint64_t bytes;
	uint64_t gaps;
	uint64_t bad_crc;
	uint64_t bad_seq;
};

/* One pass over all pages */
struct pass {
	const struct order *order;
	uint32_t period;
	bool quick;			/* a page that is missing ends it: it is only tried how fast it may be */
	struct rte_mempool *pool;
	struct queue queue[LABYRINTH_MAX_QUEUES];
	struct seen seen[LABYRINTH_MAX_QUEUES];
	unsigned int lcores;
	volatile bool stuck;
	volatile bool stop;		/* a signal came, or a page is missing in a quick pass */
	bool begun, over;		/* the marks */
	uint64_t begin, end;		/* device time at the marks */
	bool one;			/* lane: only then is it known what is between the marks */
	uint64_t *delay;		/* of each page between them; with --marks only */
	uint64_t counted;		/* pages between them */
	uint64_t missed;		/* ... that did not come */
};

/* options.c: 0, or -EINVAL and one line on standard error */
int order_read(struct order *order, int argc, char **argv);

/* machine.c: 0, or an exit status and one line on standard error; the device's address for EAL */
int machine_check(char *address, size_t size);

/* lane.c: all queues of @pass from START to the end of their data and STOP; 0 or an exit status */
int pass_run(struct pass *pass);

/* report.c: TAP and the line "# compare {json}"; whether all is as it should be */
bool report(const struct order *order, const struct pass *pass);

#endif /* LABYRINTH_DPDK_APP_H */
