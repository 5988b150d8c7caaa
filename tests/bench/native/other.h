/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other core: a thread that spins for work from the first one
 *
 * Both spin, so a hand-over costs a few hundred cycles and the sections that are
 * timed begin on a core that is awake.
 */
#ifndef BENCH_OTHER_H
#define BENCH_OTHER_H

#include <stdbool.h>
#include <stdint.h>

typedef void (*other_work)(void *arg);

/* false, after a message: no second core to run on */
bool other_start(void);
void other_stop(void);

/* One piece of work at a time: the first core waits before it gives the next */
void other_begin(other_work work, void *arg);
void other_wait(void);

/* Called by both cores: neither returns before the other has called */
void other_meet(void);

/* Median cycles for a cache line to reach the other core */
double other_ping_pong(void);

#endif /* BENCH_OTHER_H */
