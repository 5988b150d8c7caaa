// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tests' own exceptions: a fault is noted and its instruction passed over,
 * so that a test may provoke as many as it likes.
 */
#include "bench.h"

#define VECTORS 26
#define TIMER0_VALUE (*(volatile uint32_t *)(TIMER_BASE + 4))
#define TIMER0_RELOAD (*(volatile uint32_t *)(TIMER_BASE + 8))
#define CFSR_IACCVIOL 1u

volatile struct trap trap;
volatile bool trap_wanted;
void (*volatile trap_timer[BOARD_TIMERS])(void);
volatile uint32_t trap_pc, trap_late;

typedef void (*vector)(void);
static _Alignas(256) vector table[VECTORS];

void trap_fault(struct frame *frame);
void trap_time(const struct frame *frame, uint32_t value);
void trap_fault_entry(void);
void trap_time_entry(void);
void trap_back_entry(void);
void trap_switch_entry(void);

void trap_fault(struct frame *frame)
{
	uint32_t cfsr = SCB->CFSR;

	if (!trap_wanted)
		kernel_panic("a fault that no test asked for");
	trap.count++;
	trap.cfsr = cfsr;
	trap.address = SCB->MMFAR;
	SCB->CFSR = cfsr;
	if (cfsr & CFSR_IACCVIOL)
		frame->pc = frame->lr & ~1u;
	else /* The first half-word tells whether there is a second. */
		frame->pc += *(const uint16_t *)frame->pc >> 11 > 0x1c ? 4 : 2;
}

void trap_time(const struct frame *frame, uint32_t value)
{
	trap_late = INSTRUCTIONS(TIMER0_RELOAD - value);
	trap_pc = frame->pc;
	board_timer_done(0);
	trap_timer[0]();
}

static void timer1(void)
{
	board_timer_done(1);
	trap_timer[1]();
}

static void unwanted(void)
{
	kernel_panic("an exception that no test asked for");
}

void traps_of_kernel(bool on)
{
	table[4] = on ? kernel_fault_entry : trap_fault_entry;
	barrier();
}

void traps_start(void)
{
	for (uint32_t i = 0; i < VECTORS; i++)
		table[i] = unwanted;
#ifdef ARMV8M
	table[2] = trap_nmi;
#endif
	table[4] = trap_fault_entry;
	table[5] = trap_fault_entry; /* a task at the core's own registers */
	table[11] = trap_back_entry;
	table[14] = trap_switch_entry;
	table[TIMER0_EXCEPTION] = trap_time_entry;
	table[TIMER0_EXCEPTION + 1] = timer1;
	SCB->SHPR[0] = PRIORITY_FAULT;
	SCB->SHPR[7] = PRIORITY_KERNEL;
	SCB->SHPR[10] = PRIORITY_SWITCH;
	SCB->SHCSR |= SCB_SHCSR_FAULTS;
	SCB->VTOR = (uint32_t)(uintptr_t)table;
	barrier();
}
