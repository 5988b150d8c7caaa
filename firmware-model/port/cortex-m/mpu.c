// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "mpu.h"

#include <stdbool.h>
#include <stddef.h>

#include "armv7m.h"
#include "layout.h"

/* Access: the first word is the kernel's right, the second the tasks' */
#define RW_NONE (1u << 24)
#define RW_RW (3u << 24)
#define RO_NONE (5u << 24)
#define RO_RO (6u << 24)

/* TEX, C, B: normal memory without write-back, and device memory */
#define MEMORY (1u << 17)
#define DEVICE (1u << 16)
#define NOT_CACHED (1u << 19 | 1u << 18)

/* the field has log2 - 1, from bit 1 on */
#define SIZE(log2) (-2u + 2u * (log2))

#define RASR_TASK \
	(RW_RW | MPU_RASR_XN | MEMORY | SIZE(TASK_STACK_LOG2) | MPU_RASR_ENABLE)
#define RASR_POOL \
	(RW_RW | MPU_RASR_XN | MEMORY | SIZE(POOL_SIZE_LOG2) | MPU_RASR_ENABLE)

static const struct {
	uint8_t number;
	uint32_t base;
	uint32_t rasr;
} regions[] = {
	{ REGION_FLASH, FLASH_BASE,
	  RO_RO | MEMORY | SIZE(FLASH_SIZE_LOG2) | MPU_RASR_ENABLE },
	/* It also lies under the pool: XN, or the kernel could run a page. */
	{ REGION_RAM, RAM_BASE,
	  RW_NONE | MPU_RASR_XN | MEMORY | SIZE(RAM_SIZE_LOG2) |
		  MPU_RASR_ENABLE },
	{ REGION_DEVICE, DEVICE_BASE,
	  RW_NONE | MPU_RASR_XN | DEVICE | SIZE(DEVICE_SIZE_LOG2) |
		  MPU_RASR_ENABLE },
#ifdef HOST_LINK
	{ REGION_LINK, LINK_BASE,
	  RW_NONE | MPU_RASR_XN | NOT_CACHED | SIZE(LINK_SIZE_LOG2) |
		  MPU_RASR_ENABLE },
	{ REGION_CALLS, LINK_BASE,
	  RO_NONE | MPU_RASR_XN | NOT_CACHED | SIZE(LINK_CALLS_LOG2) |
		  MPU_RASR_ENABLE },
#endif
	/* Last, so that MPU_RNR stays there */
	{ REGION_POOL, POOL_BASE, RASR_POOL },
};

void mpu_start(void)
{
	MPU->CTRL = 0;
	barrier();
	for (uint32_t n = 0; n < MPU_TYPE_DREGION(MPU->TYPE); n++) {
		MPU->RNR = n;
		MPU->RASR = 0;
	}
	for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++) {
		MPU->RNR = regions[i].number;
		MPU->RBAR = regions[i].base;
		MPU->RASR = regions[i].rasr;
	}
	MPU->CTRL = MPU_CTRL_ENABLE;
	barrier();
}

void mpu_task(uint32_t stack)
{
	/* A handler that allocates in between must find the pool's region. */
	uint32_t was = mask_interrupts();

	MPU->RNR = REGION_TASK;
	MPU->RASR = 0; /* never moved while it is on */
	MPU->RBAR = stack;
	MPU->RASR = RASR_TASK;
	MPU->RNR = REGION_POOL;
	restore_interrupts(was);
	barrier();
}

static bool for_tasks(uint32_t rasr)
{
	uint32_t ap = MPU_RASR_AP(rasr);

	return ap != 0 && ap != 1 && ap != 5;
}

/* All of the pool, or any of it, is in the region. */
static bool covers(uint32_t base, uint32_t rasr, bool all)
{
	uint64_t end = base + (2ull << MPU_RASR_SIZE(rasr));
	uint64_t pool_end = POOL_BASE + (1u << POOL_SIZE_LOG2);

	if (all)
		return base <= POOL_BASE && end >= pool_end;
	return base < pool_end && end > POOL_BASE;
}

static const char *region_unsound(uint32_t n, bool *under)
{
	uint32_t base, rasr;

	MPU->RNR = n;
	base = MPU->RBAR & MPU_RBAR_ADDRESS;
	rasr = MPU->RASR;
	if (n == REGION_POOL) {
		if (base != POOL_BASE ||
		    (rasr | MPU_RASR_SRD_MASK) !=
			    (RASR_POOL | MPU_RASR_SRD_MASK))
			return "the pool's region is not the pool's";
	} else if (rasr & MPU_RASR_ENABLE && covers(base, rasr, false)) {
		if (for_tasks(rasr))
			return "another region gives the pool to tasks";
		if (n > REGION_POOL)
			return "another region is over the pool's";
		if (!(rasr & MPU_RASR_XN))
			return "the kernel could run what is in a page";
		*under |= covers(base, rasr, true) && MPU_RASR_AP(rasr) == 1;
	}
	return NULL;
}

const char *mpu_unsound(void)
{
	uint32_t was, count = MPU_TYPE_DREGION(MPU->TYPE);
	const char *wrong = NULL;
	bool under = false;

	if (count <= REGION_POOL)
		return "the MPU has too few regions";
	if ((MPU->CTRL & (MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA)) !=
	    MPU_CTRL_ENABLE)
		return "the MPU is off, or has a background region";
	was = mask_interrupts();
	for (uint32_t n = 0; n < count && !wrong; n++)
		wrong = region_unsound(n, &under);
	MPU->RNR = REGION_POOL;
	restore_interrupts(was);
	if (!wrong && !under)
		wrong = "no region of the kernel's is under the pool";
	return wrong;
}
