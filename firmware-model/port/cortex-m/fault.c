// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A task reached for what is not its own: note what and whose, stop it, let
 * the others run.  Faults are handled above every interrupt and so are kept
 * short; what takes longer is done by the switch, below every interrupt.
 */
#include "armv7m.h"
#include "kernel.h"

#define EXC_RETURN_PSP 4u

static struct fault_report report_of[KERNEL_TASKS];
static bool faulted[KERNEL_TASKS];

void kernel_stop(uint32_t address, bool exact, uint32_t pc, uint32_t cfsr)
{
	uint32_t self = kernel_current();

	report_of[self] = (struct fault_report){
		.task = self,
		.address = address,
		.pc = pc,
		.cfsr = cfsr,
		.owner = exact ? pool_owner(&kernel_pool, address) : -1,
		.exact = exact,
	};
	faulted[self] = true;
	kernel_running->state = TASK_STOPPING;
	kernel_reschedule();
}

void kernel_fault(uint32_t psp, uint32_t exc_return)
{
	uint32_t cfsr = SCB->CFSR, pc = 0, address = 0;
	bool exact = true;

	if (!(exc_return & EXC_RETURN_PSP))
		kernel_panic("a fault of the kernel's own");
	if (cfsr & SCB_CFSR_MMARVALID)
		address = SCB->MMFAR;
	else if (cfsr & SCB_CFSR_BFARVALID)
		address = SCB->BFAR;
	else
		exact = false;
	SCB->CFSR = cfsr;
	SCB->HFSR = SCB->HFSR;
	if (!(cfsr & SCB_CFSR_STACKING) && kernel_frame_ok(psp))
		pc = ((const struct frame *)(uintptr_t)psp)->pc;
	kernel_stop(address, exact, pc, cfsr);
}

void kernel_report(void)
{
	for (uint32_t i = 0; i < KERNEL_TASKS; i++) {
		if (kernel_task[i].state != TASK_STOPPING)
			continue;
		kernel_task[i].state = TASK_STOPPED;
		pool_reclaim(&kernel_pool, POOL_TASK(i));
		if (faulted[i])
			app_fault(&report_of[i]);
	}
}
