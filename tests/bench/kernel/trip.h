/* SPDX-License-Identifier: GPL-2.0-only */
/* Into an interrupt and back */
#ifndef BENCH_TRIP_H
#define BENCH_TRIP_H

#include <linux/types.h>

#define BENCH_ROUND	1000	/* calls in one interrupt */

/*
 * Runs @fn in a hard interrupt (a self-IPI) or in softirq (a tasklet), in both with
 * interrupts off, so that no other interrupt is in a figure.  May sleep.
 */
void bench_trip(bool softirq, void (*fn)(void *arg), void *arg);

#endif /* BENCH_TRIP_H */
