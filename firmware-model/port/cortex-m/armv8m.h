/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an ARMv8-M core has otherwise than ARMv7-M: the MPU's registers. */
#ifndef ARMV8M_H
#define ARMV8M_H

#include <stddef.h>

#include "armv7m.h"

struct mpu_v8m {
	volatile uint32_t TYPE, CTRL, RNR;
	/* Of region RNR, and with RNR & ~3 of the three that follow it */
	struct {
		volatile uint32_t RBAR, RLAR;
	} REGION[4];
	volatile uint32_t reserved;
	volatile uint32_t MAIR0, MAIR1;
};

_Static_assert(offsetof(struct mpu_v8m, MAIR0) == 0x30, "MPU_MAIR0");

#define MPU_V8M ((struct mpu_v8m *)0xe000ed90)

#define MPU_RBAR_BASE 0xffffffe0u
#define MPU_RBAR_XN 1u
/* Access: the first word is the kernel's right, the second the tasks' */
#define MPU_RBAR_AP_MASK (3u << 1)
#define MPU_RBAR_RW_NONE (0u << 1)
#define MPU_RBAR_RW_RW (1u << 1)
#define MPU_RBAR_RO_RO (3u << 1)
#define MPU_RLAR_LIMIT 0xffffffe0u
#define MPU_RLAR_DEVICE (1u << 1) /* attribute 1 of MPU_MAIR0; else 0 */
#define MPU_RLAR_ENABLE 1u
/* Normal memory without write-back; device memory that may buffer writes */
#define MPU_MAIR0_VALUE 0x000004aau

#endif /* ARMV8M_H */
