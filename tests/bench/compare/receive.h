/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receiver of the comparison: what its files share
 */
#ifndef COMPARE_RECEIVE_H
#define COMPARE_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "labyrinth_hw.h"
#include "labyrinth_io.h"

/* What the command line asks for */
struct order {
	struct labyrinth_bind bind;	/* what is the same for all queues */
	uint32_t queues;
	uint64_t pages;			/* over all queues */
	uint64_t warm;			/* of these, before what is counted, and behind it */
	uint32_t every;			/* pages between two looks at the pool; 0: none */
	bool crc;			/* compute it over the data, or leave the data alone */
	bool marks;
	const char *start;		/* what to write there before the first page: PATH=TEXT */
};

/* A look at the pool */
struct look {
	uint64_t when;			/* device time, ns */
	uint32_t free;
	uint64_t allocs[LABYRINTH_ROUTES];
};

#define LOOKS_MAX	1000

/* What one pass over all pages saw */
struct pass {
	uint64_t pages;			/* delivered ... */
	uint64_t counted;		/* ... between the marks */
	uint64_t bytes;
	uint64_t wrong;			/* pages whose CRC or place in the sequence is */
	uint64_t lost;			/* missing in the sequence between the marks */
	uint64_t drops;			/* what the device says, of all pages */
	uint64_t interrupts;
	uint64_t reads;
	uint64_t hash;
	uint64_t begin;			/* device time at the marks */
	uint64_t end;
	uint64_t *delay;		/* of each counted page: from data ready to the reader */
	struct look *look;
	unsigned int looks;
	uint32_t depth;
};

/* order.c: a negative errno and one line on standard error, or 0 */
int order_read(struct order *order, int argc, char **argv);

/* pass.c: binds, receives all pages, gives the queues back */
int pass_run(const struct order *order, struct pass *pass);

/* report.c: the line "# compare {...}" */
void report(const struct order *order, struct pass *pass);

#endif /* COMPARE_RECEIVE_H */
