// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the regions of an ARMv8-M MPU come to, page by page; a layout that opens
 * the pool, in whatever way, is found at the start; and an NMI after each
 * instruction of a change never finds a page open that must not be.
 */
#include "armv8m.h"
#include "bench.h"

struct watchdog {
	volatile uint32_t LOAD, VALUE, CONTROL, INTCLR;
};

#define WATCHDOG ((struct watchdog *)(DEVICE_BASE + 0x81000))
#define WATCHDOG_INTERRUPTS 1u
#define CHANGE_LAST 170 /* instructions of a change, and more */

/* Bits of the pages that tasks reach; BENCH_ODD if a page has two regions. */
static uint32_t reached(uint32_t *kernel)
{
	uint32_t rnr = MPU_V8M->RNR, open = 0, all = 0, odd = 0;

	for (uint32_t n = 0; n < MPU_TYPE_DREGION(MPU_V8M->TYPE); n++) {
		uint32_t rbar, rlar;

		MPU_V8M->RNR = n;
		rbar = MPU_V8M->REGION[0].RBAR;
		rlar = MPU_V8M->REGION[0].RLAR;
		for (uint32_t i = 0; i < POOL_PAGES; i++) {
			uint32_t first = POOL_BASE + i * PAGE;
			uint32_t last = first + PAGE - 1;

			if (!(rlar & MPU_RLAR_ENABLE) ||
			    (rbar & MPU_RBAR_BASE) > last ||
			    (rlar | ~MPU_RLAR_LIMIT) < first)
				continue;
			if ((rbar & MPU_RBAR_BASE) > first ||
			    (rlar | ~MPU_RLAR_LIMIT) < last || all >> i & 1)
				odd = BENCH_ODD;
			all |= 1u << i;
			if (rbar & MPU_RBAR_RW_RW)
				open |= 1u << i;
		}
	}
	MPU_V8M->RNR = rnr;
	*kernel = all & ~open;
	return open | odd;
}

uint32_t srd(void)
{
	uint32_t was = mask_interrupts(), kernel, open = reached(&kernel);

	restore_interrupts(was);
	/* A page that is nobody's is not the kernel's, but in the background. */
	if (bench_mpu() == MPU_PAGES && (kernel ^ open) != ALL)
		open |= BENCH_ODD;
	return open ^ ALL;
}

enum bench_mpu bench_mpu(void)
{
	return MPU_V8M->CTRL & MPU_CTRL_PRIVDEFENA ? MPU_RUNS : MPU_PAGES;
}

static void region(uint32_t n, uint32_t base, uint32_t access, uint32_t end)
{
	MPU_V8M->RNR = n;
	MPU_V8M->REGION[0].RLAR = 0;
	MPU_V8M->REGION[0].RBAR = base | access;
	if (end)
		MPU_V8M->REGION[0].RLAR = (end - 32) | MPU_RLAR_ENABLE;
}

/* The kernel's own stack may be out of reach meanwhile: the MPU is off. */
static void unsound(const char *what, uint32_t n, uint32_t base,
		    uint32_t access, uint32_t end, bool wanted)
{
	uint32_t control = MPU_V8M->CTRL;
	const char *wrong;

	MPU_V8M->CTRL = 0;
	barrier();
	region(n, base, access, end);
	MPU_V8M->CTRL = control;
	wrong = mpu_unsound();
	MPU_V8M->CTRL = 0;
	mpu_start();
	if (!wrong == wanted)
		tap_bad(what, wanted, n);
}

static void unsound_control(const char *what, uint32_t flip)
{
	MPU_V8M->CTRL ^= flip;
	barrier();
	if (!mpu_unsound())
		tap_bad(what, flip, 0);
	mpu_start();
}

static void layouts(void)
{
	const uint32_t end = POOL_BASE + POOL_PAGES * PAGE;
	bool pages = bench_mpu() == MPU_PAGES;
	uint32_t n = pages ? REGION_PAGES : REGION_RUNS;
	uint32_t whole = pages ? POOL_BASE + PAGE : end;
	uint32_t rw = MPU_RBAR_RW_RW, xn = MPU_RBAR_XN;

	if (mpu_unsound())
		tap_bad("as it is", 0, 0);
	unsound("a task's region beside the pool", REGION_TASK,
		TASK_MEMORY_BASE + 0x7000, rw | xn, TASK_MEMORY_BASE + 0x7400,
		false);
	unsound("a task's region over the pool", REGION_TASK, POOL_BASE,
		rw | xn, end, true);
	unsound("32 bytes of the last page, to read", REGION_TASK,
		POOL_BASE + 7 * PAGE, 2u << 1 | MPU_RBAR_RO_RO | xn,
		POOL_BASE + 7 * PAGE + 32, true);
	unsound("the kernel's region over a page", REGION_RAM, RAM_BASE, xn,
		POOL_BASE + 32, true);
	unsound("a page that may be executed", n, POOL_BASE, rw, whole, true);
	unsound("a page that begins too early", n, POOL_BASE - 32, rw | xn,
		whole, true);
	unsound("a page that ends too late", n, POOL_BASE, rw | xn, whole + 32,
		true);
	unsound("two regions over a page", n + 1, POOL_BASE, rw | xn,
		POOL_BASE + PAGE, true);
	unsound("a page that no task reaches", n, POOL_BASE, xn, whole, true);
	unsound("a page without region", n, POOL_BASE, rw | xn, 0, true);
	unsound_control("another background region", MPU_CTRL_PRIVDEFENA);
	unsound_control("no MPU", MPU_CTRL_ENABLE);
	tap_so("a layout that would open the pool is found out");
}

/* What no NMI may find open; how many came, and came while masked */
static volatile uint32_t barred, nmis, nmis_within;

void trap_nmi(void)
{
	uint32_t masked, kernel, open = reached(&kernel);

	WATCHDOG->CONTROL = 0;
	WATCHDOG->INTCLR = 1;
	__asm__ volatile("mrs %0, primask" : "=r"(masked));
	nmis++;
	nmis_within += masked;
	if (open & (barred | BENCH_ODD))
		tap_bad("open within a change (found, barred)", open, barred);
}

static void change(uint32_t mask, uint32_t which)
{
	uint32_t index = (uint32_t)__builtin_ctz(mask);

	switch (which) {
	case 0:
		alloc_labyrinth_page_gfp_atomic_exclusive(&pool);
		break;
	case 1:
		pool_release(&pool, page_at(index));
		break;
	case 2:
		pool_share(&pool, page_at(index));
		break;
	case 3:
		pool_revoke(&pool, page_at((uint32_t)__builtin_ctz(~mask)));
		break;
	}
}

/* Of each state some: from one run to four, and changes that part or join */
static void within(void)
{
	static const uint8_t masks[] = { 0x01, 0x08, 0x55, 0xaa, 0x92, 0x7e };

	for (uint32_t m = 0; m < sizeof(masks); m++) {
		for (uint32_t n = 1; n < CHANGE_LAST * 4; n++) {
			uint32_t before = nmis, mask = masks[m];
			uint32_t lowest = mask & -mask;

			/* Open pages are free, but where one is taken back. */
			pool_set(mask, n % 4 == 3 ? ~mask & ALL : 0);
			barred = n % 4 == 1 || n % 4 == 2 ? mask & ~lowest
							  : mask;
			WATCHDOG->LOAD = CYCLES(n / 4 + 1);
			WATCHDOG->CONTROL = WATCHDOG_INTERRUPTS;
			change(mask, n % 4);
			while (nmis == before)
				;
		}
	}
	tap_line("NMIs:", nmis);
	tap_line("of these while the MPU was being changed:", nmis_within);
	if (nmis_within < nmis / 10)
		tap_bad("they came beside", nmis, nmis_within);
	tap_so("an NMI at every instruction of a change finds no page open "
	       "that is exclusive, and no two regions over one");
}

void layout_tests(void)
{
	mpu_start();
	layouts();
	within();
	labyrinth_fw_pool_init(&pool, (void *)(POOL_BASE + 1 * PAGE));
	if (alloc_labyrinth_page_gfp_atomic_exclusive(&pool))
		tap_bad("a page of a pool that is not behind the MPU", 0, 0);
	tap_so("a pool that is elsewhere has no pages");
	pool_set(0, 0);
}
