// SPDX-License-Identifier: GPL-2.0-only
#include "bench.h"

struct labyrinth pool;

void pool_set(uint32_t exclusive, uint32_t shared)
{
	labyrinth_fw_pool_init(&pool, (void *)POOL_BASE);
	for (uint32_t i = 0; i < POOL_PAGES; i++)
		alloc_labyrinth_page_gfp_atomic_exclusive(&pool);
	for (uint32_t i = 0; i < POOL_PAGES; i++) {
		if (shared >> i & 1)
			pool_share(&pool, page_at(i));
		else if (!(exclusive >> i & 1))
			pool_release(&pool, page_at(i));
	}
	pool.refused = 0;
	pool.failed = 0;
}

uint32_t count_call(const void *call, uint32_t a, uint32_t b, uint32_t c,
		    uint32_t d)
{
	uint32_t none, all;

	SYSTICK->LOAD = 0xffffff;
	SYSTICK->VAL = 0;
	SYSTICK->CTRL = SYSTICK_CTRL_ENABLE | SYSTICK_CTRL_CPU;
	none = cycles_of(a, b, c, d, empty_call);
	all = cycles_of(a, b, c, d, (void (*)(void))(uintptr_t)call);
	/* The empty call is an instruction itself. */
	return INSTRUCTIONS(all - none) + 1;
}
