// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a thread without privileges can reach: every state of the pool, every
 * page, its first and its last word, by reading and by writing.
 */
#include "bench.h"

#define CFSR_DATA 0x82u /* access violation, address valid */
#define CFSR_CODE 0x01u

KERNEL_STACK(stack);

static uint32_t stack_top(void)
{
	return (uint32_t)(uintptr_t)stack + sizeof(stack);
}

/* One access; it must fault if @barred, and otherwise do what it says. */
static void probe(uint32_t mask, uint32_t address, bool write, bool barred)
{
	volatile uint32_t *word = (volatile uint32_t *)address;
	uint32_t before = trap.count, got = 0;

	*word = address ^ mask;
	trap.cfsr = 0;
	trap.address = 0;
	if (write)
		user_store(address, stack_top(), ~address);
	else
		got = user_load(address, stack_top());
	if (barred) {
		if (trap.count != before + 1 || trap.cfsr != CFSR_DATA ||
		    trap.address != address)
			tap_bad("not the fault that it must be (mask, address)",
				mask, address);
		if (*word != (address ^ mask))
			tap_bad("written all the same", mask, address);
	} else if (trap.count != before) {
		tap_bad("a fault (mask, address)", mask, address);
	} else if (write ? *word != ~address : got != (address ^ mask)) {
		tap_bad("not done (mask, address)", mask, address);
	}
}

static void every_state(void)
{
	uint32_t probes = 0, faults = trap.count;

	for (uint32_t mask = 0; mask <= ALL; mask++) {
		/* Of the others every second is shared, the rest are free. */
		pool_set(mask, (mask & 1 ? 0x55u : 0xaau) & ~mask);
		if (srd() != mask)
			tap_bad("subregions, mask", srd(), mask);
		for (uint32_t i = 0; i < POOL_PAGES * 4; i++) {
			uint32_t page = i / 4;
			uint32_t address = POOL_BASE + page * PAGE +
					   (i & 2 ? PAGE - 4 : 0);

			probe(mask, address, i & 1, mask >> page & 1);
			probes++;
		}
	}
	tap_line("probes without privileges:", probes);
	tap_line("of these faults:", trap.count - faults);
	if (probes != 8192 || trap.count - faults != 4096)
		tap_bad("probes, faults", probes, trap.count - faults);
	tap_so("8192 unprivileged probes: every mask, page, end and direction");
}

static void around(void)
{
	static const uint32_t barred[] = {
		RAM_BASE,
		POOL_BASE - 4,
		TASK_MEMORY_BASE + 0x8000,
		DEVICE_BASE + 0x4000,
		0xe000eda0,
	};
	uint32_t before;

	pool_set(0, 0);
	for (uint32_t i = 0; i < sizeof(barred) / sizeof(*barred); i++) {
		before = trap.count;
		user_load(barred[i], stack_top());
		if (trap.count != before + 1)
			tap_bad("reached by a task", barred[i], i);
	}
	before = trap.count;
	user_store(FLASH_BASE, stack_top(), 0);
	if (trap.count != before + 1)
		tap_bad("flash written by a task", 0, 0);
	tap_so("a task does not reach kernel data, devices, MPU or flash");
}

static void execute(void)
{
	uint32_t before = trap.count;

	/* Of runs, an exclusive page is in the background region alone. */
	for (uint32_t mask = 0; mask <= (bench_mpu() != MPU_RUNS); mask++) {
		pool_set(mask, 0);
		*(volatile uint16_t *)POOL_BASE = 0x4770; /* bx lr */
		barrier();
		((void (*)(void))(uintptr_t)(POOL_BASE + 1))();
		if (trap.count != ++before || !(trap.cfsr & CFSR_CODE))
			tap_bad("the kernel ran a page", mask, trap.cfsr);
	}
	tap_so(bench_mpu() == MPU_RUNS
		       ? "the kernel cannot execute a free page"
		       : "the kernel cannot execute a page, exclusive or free");
}

void probe_tests(void)
{
	mpu_task((uint32_t)(uintptr_t)stack);
	trap_wanted = true;
	every_state();
	around();
	execute();
	trap_wanted = false;
	pool_set(0, 0);
}
