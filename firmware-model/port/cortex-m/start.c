// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The vector table, and everything before main(). */
#include "armv7m.h"
#include "board.h"
#include "kernel.h"

extern uint32_t __data_start[], __data_end[], __data_load[];
extern uint32_t __bss_start[], __bss_end[];
extern uint32_t __main_stack_end[];

int main(void);
_Noreturn void reset(void);
void board_timer0(void);
void board_timer1(void);
void board_bell(void);
void board_watchdog(void);
/* A freestanding compiler may call these by itself. */
void *memset(void *s, int c, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

static _Noreturn void unexpected(void)
{
	kernel_panic("an exception nobody handles");
}

/* An application that switches none of these on needs no handler. */
__attribute__((weak)) void board_timer0(void)
{
	unexpected();
}

__attribute__((weak)) void board_timer1(void)
{
	unexpected();
}

__attribute__((weak)) void board_bell(void)
{
	unexpected();
}

__attribute__((weak)) void board_watchdog(void)
{
	unexpected();
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[] = {
	(vector)(uintptr_t)__main_stack_end,
	reset,
	board_watchdog,	    /* NMI */
	kernel_fault_entry, /* HardFault: a task's breakpoint */
	kernel_fault_entry, /* MemManage */
	kernel_fault_entry, /* BusFault */
	kernel_fault_entry, /* UsageFault */
	unexpected,
	unexpected,
	unexpected,
	unexpected,
	kernel_call_entry, /* SVCall */
	unexpected,
	unexpected,
	kernel_switch_entry, /* PendSV */
	kernel_tick,
	/* IRQ 0 */
	unexpected,
	unexpected,
#ifdef BOARD_AN505
	unexpected,
#else
	board_bell,
	unexpected,
	unexpected,
	unexpected,
	unexpected,
	unexpected,
#endif
	board_timer0,
	board_timer1,
};

void *memset(void *s, int c, size_t n)
{
	for (uint8_t *p = s; n; n--)
		*p++ = (uint8_t)c;
	return s;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	const uint8_t *q = from;

	for (uint8_t *p = to; n; n--)
		*p++ = *q++;
	return to;
}

_Noreturn void reset(void)
{
	const uint32_t *from = __data_load;

	for (uint32_t *to = __data_start; to < __data_end;)
		*to++ = *from++;
	for (uint32_t *to = __bss_start; to < __bss_end;)
		*to++ = 0;
	SCB->VTOR = (uint32_t)(uintptr_t)vectors;
	board_start();
	board_end(main() == 0);
}
