/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The MPU's regions.  There is no background region: what no region names,
 * nobody reaches, the kernel neither.
 */
#ifndef MPU_H
#define MPU_H

#include <stdint.h>

/* Regions as layout.h numbers them; MPU on; every page of the pool free. */
void mpu_start(void);
/* The region of the task that runs next: its stack, 1 << TASK_STACK_LOG2. */
void mpu_task(uint32_t stack);
/*
 * NULL, or what is wrong with the regions as the MPU has them: it reads them
 * back.  A pool that is exclusive in name only is worse than none.
 */
const char *mpu_unsound(void);

#endif /* MPU_H */
