// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool's tests on the target.  The number of stress steps is put where the
 * emulator is told to, STEPS_AT, before the start.
 */
#include "bench.h"

#define STEPS_AT (RAM_BASE + 0x7ffc) /* the last word of the kernel's data */

int main(void);

/* Nothing of the kernel's is run here but its MPU and pool. */
void app_note(uint32_t task, uint32_t what, uint32_t value)
{
	(void)task;
	(void)what;
	(void)value;
}

void app_page(uint32_t task, pool_name name)
{
	(void)task;
	(void)name;
}

int main(void)
{
	board_text("TAP version 13\n");
	traps_start();
	mpu_start();
	layout_tests();
	probe_tests();
	refusal_tests();
	name_tests();
	timing_tests();
	sweep_tests();
	stress_tests(*(volatile uint32_t *)STEPS_AT);
	tap_end();
}
