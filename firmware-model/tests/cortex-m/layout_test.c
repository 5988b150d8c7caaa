// SPDX-License-Identifier: GPL-2.0-only
/* A layout that opens the pool, in whatever way, is found at the start. */
#include "bench.h"

#define BIG (16u << 1)	/* 128 KiB */
#define HALF (14u << 1) /* 32 KiB: up to the pool */
#define SMALL (4u << 1)
#define RW (3u << 24)
#define READ (2u << 24)
#define KERNEL (1u << 24)

static void region(uint32_t n, uint32_t base, uint32_t rasr)
{
	MPU->RNR = n;
	MPU->RBAR = base;
	MPU->RASR = rasr;
	MPU->RNR = REGION_POOL;
	barrier();
}

static void unsound(const char *what, bool wanted)
{
	if (!mpu_unsound() == wanted)
		tap_bad(what, wanted, MPU->RNR);
	if (MPU->RNR != REGION_POOL)
		tap_bad("the pool's region is no longer selected", MPU->RNR, 0);
	mpu_start();
}

void layout_tests(void)
{
	mpu_start();
	unsound("as it is", false);
	region(REGION_TASK, RAM_BASE, RW | MPU_RASR_XN | BIG | MPU_RASR_ENABLE);
	unsound("a task's region under the pool", true);
	region(REGION_TASK, POOL_BASE + 7 * PAGE,
	       READ | MPU_RASR_XN | SMALL | MPU_RASR_ENABLE);
	unsound("32 bytes of the last page, to read", true);
	region(REGION_TASK, POOL_BASE, KERNEL | SMALL | MPU_RASR_ENABLE);
	unsound("32 bytes that the kernel may execute", true);
	region(REGION_TASK, TASK_MEMORY_BASE,
	       RW | MPU_RASR_XN | SMALL | MPU_RASR_ENABLE);
	unsound("a task's region beside the pool", false);
	region(REGION_RAM, RAM_BASE, KERNEL | BIG | MPU_RASR_ENABLE);
	unsound("RAM that the kernel may execute", true);
	region(REGION_RAM, RAM_BASE,
	       KERNEL | MPU_RASR_XN | HALF | MPU_RASR_ENABLE);
	unsound("nothing under the pool", true);
	region(REGION_POOL, POOL_BASE, MPU->RASR & ~(uint32_t)MPU_RASR_XN);
	unsound("a pool that may be executed", true);
	region(REGION_POOL, POOL_BASE, 0);
	unsound("no pool", true);
	MPU->CTRL = MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA;
	unsound("a background region", true);
	MPU->CTRL = 0;
	unsound("no MPU", true);
	tap_so("a layout that would open the pool is found out");

	labyrinth_fw_pool_init(&pool, (void *)(POOL_BASE + 1 * PAGE));
	if (alloc_labyrinth_page_gfp_atomic_exclusive(&pool))
		tap_bad("a page of a pool that is not behind the MPU", 0, 0);
	tap_so("a pool that is elsewhere has no pages");
	pool_set(0, 0);
}
