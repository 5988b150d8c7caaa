/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The MPU's regions.  There is no background region: what no region names,
 * nobody reaches, the kernel neither.
 */
#ifndef MPU_H
#define MPU_H

#include <stdint.h>

#include "armv7m.h"
#include "layout.h"

/* Regions as layout.h numbers them; MPU on; every page of the pool free. */
void mpu_start(void);
/* The region of the task that runs next: its stack, 1 << TASK_STACK_LOG2. */
void mpu_task(uint32_t stack);
/*
 * NULL, or what is wrong with the regions as the MPU has them: it reads them
 * back.  A pool that is exclusive in name only is worse than none.
 */
const char *mpu_unsound(void);

/*
 * Which pages are exclusive, a bit each; and to make all of them open.  What
 * changes a single one is pool_fast.S, which knows the register, or where
 * there are more registers than one, pool_v8m.c with mpu_bar().
 */
#ifdef ARMV8M
extern uint32_t mpu_barred; /* to be changed with interrupts masked */
static inline uint32_t mpu_exclusive(void)
{
	return *(volatile uint32_t *)&mpu_barred;
}
void mpu_open_all(void);
/* Pages @barred are exclusive; page @changed was not so, or is no longer. */
void mpu_bar(uint32_t barred, uint32_t changed);
#else
static inline uint32_t mpu_exclusive(void)
{
	return MPU->RASR >> MPU_RASR_SRD_SHIFT & 0xff;
}
static inline void mpu_open_all(void)
{
	MPU->RASR &= ~(uint32_t)MPU_RASR_SRD_MASK;
}
#endif

#endif /* MPU_H */
