/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reliability scoreboard: what each fault is, and by what one knows that it was found
 * and made good
 */
#ifndef ROWS_H
#define ROWS_H

#include "account.h"

/* What a fault of one kind came to, over all sessions */
struct outcome {
	struct account sum;
	uint64_t injected;
	uint64_t recoveries;	/* resets that the driver did by itself */
	uint64_t resets;
	uint64_t storms;
	uint64_t stuck;
	uint64_t seen;		/* by the test itself: config-lie, flr-slow, removed */
};

struct row {
	const char *fault;	/* as in the hardware header, or "alloc" */
	const char *settings;
	uint64_t least;		/* injections, or nothing was tested */
	unsigned int pages;	/* a session */
	unsigned int usec;	/* how old the last page is before the first is read */
	unsigned int period;	/* ns between pages, 0: as fast as they go */
	/* meanwhile, or instead of sessions with `alone`; 0 or a negative errno */
	int (*act)(struct outcome *outcome);
	bool alone;
	/* How many of the injected ones were found, and made good */
	uint64_t (*detected)(const struct outcome *outcome);
	uint64_t (*recovered)(const struct outcome *outcome);
	const char *name;	/* in the scoreboard, where it is not the fault's */
};

extern const struct row rows[];
extern const unsigned int nr_rows;

#endif /* ROWS_H */
