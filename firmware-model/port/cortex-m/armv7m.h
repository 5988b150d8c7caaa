/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The registers of an ARMv7-M core that the port uses, under CMSIS's names,
 * and the few instructions that C has no words for.  Assembler includes it for
 * the numbers.
 */
#ifndef ARMV7M_H
#define ARMV7M_H

#define MPU_RASR_ADDRESS 0xe000eda0

#define MPU_RASR_ENABLE 0x1
#define MPU_RASR_SRD_SHIFT 8
#define MPU_RASR_SRD_MASK (0xff << MPU_RASR_SRD_SHIFT)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct scb {
	volatile uint32_t CPUID, ICSR, VTOR, AIRCR, SCR, CCR;
	volatile uint8_t SHPR[12];
	volatile uint32_t SHCSR, CFSR, HFSR, DFSR, MMFAR, BFAR, AFSR;
};

struct systick {
	volatile uint32_t CTRL, LOAD, VAL, CALIB;
};

struct nvic {
	volatile uint32_t ISER[8], reserved0[24], ICER[8], reserved1[24];
	volatile uint32_t ISPR[8], reserved2[24], ICPR[8], reserved3[24];
	volatile uint32_t IABR[8], reserved4[56];
	volatile uint8_t IPR[240];
};

struct mpu {
	volatile uint32_t TYPE, CTRL, RNR, RBAR, RASR;
};

#define SCB ((struct scb *)0xe000ed00)
#define SYSTICK ((struct systick *)0xe000e010)
#define NVIC ((struct nvic *)0xe000e100)
#define MPU ((struct mpu *)0xe000ed90)

#define SCB_ICSR_PENDSVSET (1u << 28)
#define SCB_ICSR_PENDSTSET (1u << 26)
#define SCB_SHCSR_FAULTS (7u << 16) /* MemManage, BusFault, UsageFault */
/* MUNSTKERR, MSTKERR, UNSTKERR, STKERR: there is no frame */
#define SCB_CFSR_STACKING 0x1818u
#define SCB_CFSR_MMARVALID (1u << 7)
#define SCB_CFSR_BFARVALID (1u << 15)

#define SYSTICK_CTRL_ENABLE 1u
#define SYSTICK_CTRL_TICKINT 2u
#define SYSTICK_CTRL_CPU 4u

#define MPU_TYPE_DREGION(type) ((type) >> 8 & 0xff)
#define MPU_CTRL_ENABLE 1u
#define MPU_CTRL_PRIVDEFENA 4u
#define MPU_RBAR_ADDRESS 0xffffffe0u
#define MPU_RASR_XN (1u << 28)
#define MPU_RASR_AP(rasr) ((rasr) >> 24 & 7)
#define MPU_RASR_SIZE(rasr) ((rasr) >> 1 & 0x1f)

/* Nobody preempts what comes next, but NMI and HardFault. */
static inline uint32_t mask_interrupts(void)
{
	uint32_t was;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(was) : : "memory");
	return was;
}

static inline void restore_interrupts(uint32_t was)
{
	__asm__ volatile("msr primask, %0" : : "r"(was) : "memory");
}

/* What was written to the system's registers holds from here on. */
static inline void barrier(void)
{
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}

/* Number of the exception that is being handled, 0 in a thread. */
static inline uint32_t exception_number(void)
{
	uint32_t ipsr;

	__asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
	return ipsr;
}
#endif

#endif /* ARMV7M_H */
