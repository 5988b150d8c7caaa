/* SPDX-License-Identifier: GPL-2.0-only */
/* How own.c and own_bulk.c make the pool that they measure */
#ifndef BENCH_OWN_H
#define BENCH_OWN_H

struct device;

void *bench_pool_start(struct device *dev);
void bench_maze_stop(void *maze);

#endif /* BENCH_OWN_H */
