// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The accelerator's firmware, in a machine of its own: the core at the doorbell,
 * and a task without privileges that shows that tasks run beside it.
 */
#include "link.h"

#include "board.h"
#include "kernel.h"
#include "user.h"

#define CYCLES_A_TICK 2500000 /* 100 ms */

int main(void);

KERNEL_STACK(pulse_stack);

static void pulse_task(void)
{
	for (;;) {
		user_note(0, 0);
		user_sleep(1);
	}
}

void app_note(uint32_t task, uint32_t what, uint32_t value)
{
	(void)task;
	(void)what;
	(void)value;
	link_beat();
}

void app_page(uint32_t task, pool_name name)
{
	pool_put(&kernel_pool, name, POOL_TASK(task));
}

void app_fault(const struct fault_report *report)
{
	(void)report;
	kernel_panic("the firmware's task did wrong");
}

int main(void)
{
	kernel_init();
	kernel_task_add("pulse", pulse_task, pulse_stack, 1);
	link_start();
	kernel_run(CYCLES_A_TICK);
}
