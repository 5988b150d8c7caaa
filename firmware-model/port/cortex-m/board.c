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

#define UART0 ((struct uart *)0x40004000)
#define TIMER(n) ((struct timer *)(0x40000000 + 0x1000 * (n)))

#define UART_STATE_FULL 1u
#define UART_CTRL_SEND 1u
#define UART_FASTEST 16u
#define TIMER_CTRL_ON 9u /* counts, interrupts */
#define TIMER_IRQ(n) (8u + (n))

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

void board_timer_done(uint32_t n)
{
	TIMER(n)->INT = 1;
}
