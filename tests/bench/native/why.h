/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of why.c share */
#ifndef BENCH_WHY_H
#define BENCH_WHY_H

#include <stdint.h>

struct labyrinth;

/* As fenced_tsc() of bench.h, which wants DPDK */
static inline uint64_t why_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("mfence\n\tlfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The compiler may keep nothing over this, as over a call */
#define why_use(value)	__asm__ volatile("" : "+r"(value) : : "memory")

/* Cycles of a pair of get and put; below 0: a call failed */
double why_pair_kept(struct labyrinth *maze, unsigned int count);

#endif /* BENCH_WHY_H */
