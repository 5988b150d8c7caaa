/* SPDX-License-Identifier: GPL-2.0-only */
/* Distribution of instruction counts: exact below BENCH_BINS, and the exact sum and maximum */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <linux/types.h>

#define BENCH_BINS	16384

struct bench_hist {
	u64 sum;
	u32 count;
	u32 max;
	u32 bin[BENCH_BINS];		/* the last one has all that are longer */
};

static inline void bench_note(struct bench_hist *hist, u32 instructions)
{
	hist->sum += instructions;
	hist->count++;
	if (instructions > hist->max)
		hist->max = instructions;
	hist->bin[instructions < BENCH_BINS ? instructions : BENCH_BINS - 1]++;
}

void bench_clear(struct bench_hist *hist);

/* What the reading of the counter itself costs */
u32 bench_overhead(void);

/* The smallest number that @per_mille of 1000 samples do not exceed */
u32 bench_quantile(const struct bench_hist *hist, unsigned int per_mille);

/*
 * The time stamp counter's low half; under instruction counting it advances by one
 * per instruction.  Nothing that touches memory moves across it.
 */
static __always_inline u32 bench_now(void)
{
	u32 low;

	asm volatile("rdtsc" : "=a" (low) : : "edx", "memory");
	return low;
}

#endif /* BENCH_HIST_H */
