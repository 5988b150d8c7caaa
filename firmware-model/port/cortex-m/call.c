// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Supervisor calls: what a task asks for, checked and done. */
#include "armv7m.h"
#include "kernel.h"
#include "user.h"

static void sleep(uint32_t n)
{
	kernel_running->wake = kernel_ticks() + (n ? n : 1);
	kernel_running->state = TASK_SLEEPING;
	kernel_reschedule();
}

/* The next page in the mailbox; without one the task makes its call again. */
static void wait(struct frame *frame)
{
	struct task *task = kernel_running;
	uint32_t was = mask_interrupts();

	if (task->mail_count) {
		frame->r0 = task->mail[task->mail_first];
		task->mail_first = (task->mail_first + 1) % KERNEL_MAILBOX;
		task->mail_count--;
		task->mail_due--;
	} else {
		frame->pc -= 2;
		task->state = TASK_WAITING;
		kernel_reschedule();
	}
	restore_interrupts(was);
}

static int pass(uint32_t self, pool_name name, uint32_t to)
{
	int wrong;

	if (to)
		return kernel_post(name, POOL_TASK(self), to);
	wrong = pool_pass(&kernel_pool, name, POOL_TASK(self), POOL_KERNEL,
			  false);
	if (!wrong)
		app_page(self, name);
	return wrong;
}

void kernel_call(uint32_t psp)
{
	struct frame *frame = (struct frame *)(uintptr_t)psp;
	uint32_t self = kernel_current();

	/* Its frame could not be stacked, and it was stopped for that. */
	if (kernel_running->state != TASK_READY)
		return;
	if (!kernel_frame_ok(psp)) {
		kernel_stop(psp, true, 0, 0);
		return;
	}
	switch (frame->ip) {
	case CALL_YIELD:
		frame->r0 = POOL_OK;
		kernel_turn();
		kernel_reschedule();
		break;
	case CALL_SLEEP:
		sleep(frame->r0);
		break;
	case CALL_WAIT:
		wait(frame);
		break;
	case CALL_GET:
		frame->r0 = pool_get(&kernel_pool, POOL_TASK(self), true);
		break;
	case CALL_PUT:
		frame->r0 = (uint32_t)pool_put(&kernel_pool, frame->r0,
					       POOL_TASK(self));
		break;
	case CALL_PASS:
		frame->r0 = (uint32_t)pass(self, frame->r0, frame->r1);
		break;
	case CALL_NOTE:
		app_note(self, frame->r0, frame->r1);
		break;
	case CALL_EXIT:
		kernel_running->state = TASK_STOPPING;
		kernel_reschedule();
		break;
	default:
		frame->r0 = (uint32_t)KERNEL_NO_CALL;
	}
}

void kernel_user_leave(void)
{
	for (;;)
		user_exit();
}
