/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For LD_PRELOAD: DPDK's clock runs HURRY times as fast as it says
 *
 * mempool_perf_autotest gives each of its 720 cells five seconds, an hour in all, and divides by five.  With
 * this it gives each a hundredth of that, and what it prints as a rate is to be taken HURRY times.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define HURRY	100

uint64_t rte_get_tsc_hz(void);

uint64_t rte_get_tsc_hz(void)
{
	uint64_t (*real)(void) = (uint64_t (*)(void))dlsym(RTLD_NEXT, "rte_get_tsc_hz");

	return real() / HURRY;
}
