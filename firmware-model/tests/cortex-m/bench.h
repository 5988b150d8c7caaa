/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tests on the target share: results as TAP, faults that are wanted,
 * accesses without privileges, instruction counts.
 *
 * The emulator runs with -icount shift=10: an instruction takes 1024 ns, which
 * is 25.6 cycles of the board's timers (20.48 of AN505's), so that they count
 * instructions.
 */
#ifndef BENCH_H
#define BENCH_H

#include "armv7m.h"
#include "board.h"
#include "kernel.h"
#include "mpu.h"

#define PAGE LABYRINTH_PAGE_SIZE
#define ALL 0xffu

/* Timer cycles of @n instructions, to the next whole one; and back */
#ifdef BOARD_AN505
#define CYCLES(n) ((512u * (n) + 24) / 25)
#define INSTRUCTIONS(cycles) ((25u * (cycles) + 256) / 512)
#else
#define CYCLES(n) ((256u * (n) + 9) / 10)
#define INSTRUCTIONS(cycles) ((10u * (cycles) + 128) / 256)
#endif
#define TIMER0_EXCEPTION (16 + TIMER0_IRQ)

/* How the MPU bars a page; what the instruction counts depend on */
enum bench_mpu { MPU_SUBREGIONS, MPU_PAGES, MPU_RUNS, MPU_KINDS };

/* --- tap.c ------------------------------------------------------------------ */
void tap_result(bool good, const char *what);
/* Note a failure of the result that comes next, with two numbers; false. */
bool tap_bad(const char *what, uint32_t a, uint32_t b);
/* The result of everything since the one before. */
void tap_so(const char *what);
_Noreturn void tap_end(void);
void tap_line(const char *what, uint32_t n);

/* --- traps.c ---------------------------------------------------------------- */
/* The last fault; a fault that is not wanted ends the test. */
struct trap {
	uint32_t count, address, cfsr;
};
extern volatile struct trap trap;
extern volatile bool trap_wanted;
extern void (*volatile trap_timer[BOARD_TIMERS])(void);
/* Where the last interrupt of timer 0 came, and how late, in instructions */
extern volatile uint32_t trap_pc, trap_late;

/* A vector table of the tests' own. */
void traps_start(void);
/*
 * The kernel's own handling of a fault, in place of the tests'.  Its switch
 * passes over the instruction, which takes TRAP_SWITCH instructions.
 */
void traps_of_kernel(bool on);
#define TRAP_SWITCH 5

/* --- unprivileged.S ---------------------------------------------------------- */
/* From a thread without privileges, on a stack of its own */
uint32_t user_load(uint32_t address, uint32_t stack);
void user_store(uint32_t address, uint32_t stack, uint32_t value);
/* From where one is, with the rights of a task */
uint32_t as_user_load(uint32_t address);
/* SysTick cycles of a call */
uint32_t cycles_of(uint32_t a, uint32_t b, uint32_t c, uint32_t d,
		   void (*call)(void));
void empty_call(void);

/* --- pools.c ----------------------------------------------------------------- */
extern struct labyrinth pool;
static inline void *page_at(uint32_t n)
{
	return (void *)(POOL_BASE + n * PAGE);
}
static inline uint32_t issue_of(uint32_t n)
{
	return pool_hold[n] & POOL_ISSUE;
}
/*
 * The pages that are exclusive, and how it is done: read from the MPU.  On
 * ARMv8-M with BENCH_ODD, if the regions are not what a pool's must be.
 */
#ifdef ARMV8M
#define BENCH_ODD 0x100u
uint32_t srd(void);
enum bench_mpu bench_mpu(void);
/* The tests' NMI */
void trap_nmi(void);
#else
static inline uint32_t srd(void)
{
	return MPU->RASR >> MPU_RASR_SRD_SHIFT & ALL;
}
static inline enum bench_mpu bench_mpu(void)
{
	return MPU_SUBREGIONS;
}
#endif
/* @exclusive and @shared pages are allocated so, the others are free. */
void pool_set(uint32_t exclusive, uint32_t shared);
/* How many instructions a call with these arguments takes, on the target */
uint32_t count_call(const void *call, uint32_t a, uint32_t b, uint32_t c,
		    uint32_t d);

/* The suites */
void probe_tests(void);
void refusal_tests(void);
void layout_tests(void);
void name_tests(void);
void timing_tests(void);
void sweep_tests(void);
void stress_tests(uint32_t steps);

#endif /* BENCH_H */
