// SPDX-License-Identifier: GPL-2.0-only
/* Distribution of instruction counts */
#include <linux/math64.h>
#include <linux/string.h>

#include "hist.h"

void bench_clear(struct bench_hist *hist)
{
	memset(hist, 0, sizeof(*hist));
}

noinline u32 bench_overhead(void)
{
	u32 begin = bench_now();

	return bench_now() - begin;
}

u32 bench_quantile(const struct bench_hist *hist, unsigned int per_mille)
{
	u64 rank = div_u64((u64)hist->count * per_mille + 999, 1000), seen = 0;
	u32 i;

	for (i = 0; i < BENCH_BINS - 1; i++) {
		seen += hist->bin[i];
		if (seen >= rank)
			return i;
	}
	return hist->max;
}
