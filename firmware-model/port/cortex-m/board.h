/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the board gives: text out, two timers that interrupt, a doorbell, a watchdog, an end.  board.c
 * is for Arm's MPS2 images AN385 (M3), AN386 (M4) and AN500 (M7), on which
 * these are at the same places, and for AN505 (M33), where layout.h says.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#define BOARD_TIMERS 2

void board_start(void);
void board_text(const char *text);
void board_number(uint32_t n);
void board_hex(uint32_t n);

/* A line to another machine that carries nothing but that it was rung. */
void board_bell_start(void);
void board_bell_ring(void);
/* Its handler has seen it. */
void board_bell_done(void);

/* An NMI each @cycles, and that it was seen */
void board_watchdog_start(uint32_t cycles);
void board_watchdog_done(void);
/* Everything anew, the memory's contents too. */
_Noreturn void board_reset(void);

/* Whoever started the emulator gets the status. */
_Noreturn void board_end(bool good);

/*
 * Timer 0 interrupts at PRIORITY_URGENT, timer 1 at PRIORITY_LATER, each
 * @cycles (0: off); board_timer0() and board_timer1() are called for it, and
 * say so with board_timer_done().
 */
void board_timer(uint32_t n, uint32_t cycles);
void board_timer_done(uint32_t n);

#endif /* BOARD_H */
