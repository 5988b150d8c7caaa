// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "board.h"

#include "armv7m.h"
#include "layout.h"

/* CMSDK UART and timer */
struct uart {
	volatile uint32_t DATA, STATE, CTRL, INT, BAUDDIV;
};

struct timer {
	volatile uint32_t CTRL, VALUE, RELOAD, INT;
};

struct watchdog {
	volatile uint32_t LOAD, VALUE, CONTROL, INTCLR;
};

#define UART0 ((struct uart *)UART_BASE)
#define UART1 ((struct uart *)0x40005000) /* the doorbell */
#define WATCHDOG ((struct watchdog *)0x40008000)
#define TIMER(n) ((struct timer *)(TIMER_BASE + 0x1000 * (n)))

#define UART_STATE_FULL 1u
#define UART_CTRL_SEND 1u
#define UART_CTRL_BELL 11u /* sends, receives, interrupts for what came */
#define UART_INT_CAME 2u
#define BELL_IRQ 2u
#define BELL 7u
#define WATCHDOG_INTERRUPTS 1u
#define AIRCR_RESET 0x05fa0004u
#define UART_FASTEST 16u
#define TIMER_CTRL_ON 9u /* counts, interrupts */
#define TIMER_IRQ(n) (TIMER0_IRQ + (n))

/* Semihosting: what to call, and what a good end is told with */
#define SYS_EXIT 0x18u
#define STOPPED_BY_ITSELF 0x20026u
#define STOPPED_BY_ERROR 0x20023u

void board_start(void)
{
	static const uint8_t priority[BOARD_TIMERS] = { PRIORITY_URGENT,
							PRIORITY_LATER };

	UART0->BAUDDIV = UART_FASTEST;
	UART0->CTRL = UART_CTRL_SEND;
	for (uint32_t n = 0; n < BOARD_TIMERS; n++) {
		NVIC->IPR[TIMER_IRQ(n)] = priority[n];
		NVIC->ISER[0] = 1u << TIMER_IRQ(n);
	}
}

static void put(char c)
{
	while (UART0->STATE & UART_STATE_FULL)
		;
	UART0->DATA = (uint8_t)c;
}

void board_text(const char *text)
{
	while (*text)
		put(*text++);
}

void board_number(uint32_t n)
{
	char digits[11];
	char *first = digits + sizeof(digits) - 1;

	*first = 0;
	do {
		*--first = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	board_text(first);
}

void board_hex(uint32_t n)
{
	board_text("0x");
	for (int shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[n >> shift & 0xf]);
}

_Noreturn void board_end(bool good)
{
	register uint32_t call __asm__("r0") = SYS_EXIT;
	register uint32_t why __asm__("r1") =
		good ? STOPPED_BY_ITSELF : STOPPED_BY_ERROR;

	mask_interrupts();
	for (;;)
		__asm__ volatile("bkpt 0xab" : "+r"(call) : "r"(why));
}

void board_timer(uint32_t n, uint32_t cycles)
{
	TIMER(n)->CTRL = 0;
	TIMER(n)->INT = 1;
	NVIC->ICPR[0] = 1u << TIMER_IRQ(n);
	if (!cycles)
		return;
	TIMER(n)->RELOAD = cycles;
	TIMER(n)->VALUE = cycles;
	TIMER(n)->CTRL = TIMER_CTRL_ON;
}

#ifdef HOST_LINK /* which is on AN385 */
void board_bell_start(void)
{
	UART1->BAUDDIV = UART_FASTEST;
	UART1->CTRL = UART_CTRL_BELL;
	NVIC->IPR[BELL_IRQ] = PRIORITY_LATER;
	NVIC->ISER[0] = 1u << BELL_IRQ;
}

void board_bell_ring(void)
{
	/* One that still rings is heard, too. */
	if (!(UART1->STATE & UART_STATE_FULL))
		UART1->DATA = BELL;
}

void board_bell_done(void)
{
	/* In this order: once it is read, the next may come and interrupt. */
	UART1->INT = UART_INT_CAME;
	(void)UART1->DATA;
}

void board_watchdog_start(uint32_t cycles)
{
	WATCHDOG->LOAD = cycles;
	WATCHDOG->CONTROL = WATCHDOG_INTERRUPTS;
}

void board_watchdog_done(void)
{
	WATCHDOG->INTCLR = 1;
	/* A second one before this has stopped its clock. */
	WATCHDOG->LOAD = WATCHDOG->LOAD;
}

_Noreturn void board_reset(void)
{
	SCB->AIRCR = AIRCR_RESET;
	for (;;)
		;
}
#endif

void board_timer_done(uint32_t n)
{
	TIMER(n)->INT = 1;
}
