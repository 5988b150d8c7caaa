/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The smallest kernel that is useful: unprivileged tasks with priorities, and
 * pages that go between them, the kernel and interrupt handlers.
 *
 * A task sees its stack, the flash, and every page of the pool that is not
 * exclusive.  It asks for the rest with a supervisor call (user.h).  What it
 * reaches for beyond that is a fault: it is reported, the task is stopped, its
 * pages are taken back, and the others run on.
 *
 * Of the tasks that are ready the one with the highest priority runs; of those
 * of the same priority the one whose last turn is the longest ago.  A turn ends
 * with a tick or a yield, not with a more urgent task's.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>

#include "pool.h"

#define KERNEL_TASKS 16 /* with the idle task, which is number 0 */
#define KERNEL_MAILBOX 8

/* Supervisor calls: number in r12, arguments from r0 on, answer in r0 */
enum kernel_call {
	CALL_YIELD,
	CALL_SLEEP, /* ticks */
	CALL_WAIT,  /* for a page; its name */
	CALL_GET,   /* a shared page's name, or POOL_NO_NAME */
	CALL_PUT,   /* name: enum pool_error */
	CALL_PASS,  /* name, task or 0 for the kernel: enum pool_error */
	CALL_NOTE,  /* what, value: for the application */
	CALL_EXIT,
	CALL_COUNT
};

/* To a call that is none, and to a task that is none */
#define KERNEL_NO_CALL (-100)
#define KERNEL_NO_TASK (-101)
#define KERNEL_FULL (-102) /* the mailbox */

enum task_state {
	TASK_NONE,
	TASK_READY,
	TASK_SLEEPING,
	TASK_WAITING,
	TASK_STOPPING, /* its pages are still to be taken back */
	TASK_STOPPED,
};

struct task {
	uint32_t saved[8]; /* r4-r11; kernel_entry.S knows these two */
	uint32_t psp;
	uint32_t stack;
	const char *name;
	uint32_t wake; /* tick */
	uint32_t turn; /* when its last one ended */
	pool_name mail[KERNEL_MAILBOX];
	uint32_t mail_first, mail_count;
	uint32_t mail_due; /* with those that are still being handed over */
	uint8_t priority;  /* the higher, the sooner */
	uint8_t state;
};

/* What the core stacks */
struct frame {
	uint32_t r0, r1, r2, r3, ip, lr, pc, xpsr;
};

/* What a task was stopped for */
struct fault_report {
	uint32_t task;
	uint32_t address; /* it was reached for, if `exact` */
	uint32_t pc;
	uint32_t cfsr;
	int owner; /* of the page at the address: pool_owner() */
	bool exact;
};

extern struct labyrinth kernel_pool;
extern struct task kernel_task[KERNEL_TASKS];

/* MPU and pool; before any task. */
void kernel_init(void);
/*
 * A task that begins at @entry; its number.  @stack is one of the .tasks
 * section's, and nobody else's.
 */
uint32_t kernel_task_add(const char *name, void (*entry)(void), void *stack,
			 uint8_t priority);
/* clang-format off */
#define KERNEL_STACK(name) \
	static _Alignas(1 << TASK_STACK_LOG2) \
		__attribute__((section(".tasks"))) \
		uint8_t name[1 << TASK_STACK_LOG2]
/* clang-format on */

/* Run the tasks; a tick each @cycles. */
_Noreturn void kernel_run(uint32_t cycles);

/*
 * From an interrupt handler or the kernel: hand the page @name, which @owner
 * has, to a task.  It is shared then, and its name in the task's mailbox.
 */
int kernel_post(pool_name name, uint8_t owner, uint32_t task);
uint32_t kernel_current(void);
uint32_t kernel_ticks(void);
_Noreturn void kernel_panic(const char *why);

/* --- what the application has to say; all run below every interrupt -------- */
/* A task's CALL_NOTE. */
void app_note(uint32_t task, uint32_t what, uint32_t value);
/* A task passed the page to the kernel: it is POOL_KERNEL's, exclusive. */
void app_page(uint32_t task, pool_name name);
/* A task was stopped. */
void app_fault(const struct fault_report *report);

/* --- within the kernel ----------------------------------------------------- */
/* NULL before kernel_run() */
extern struct task *kernel_running;
/* kernel_entry.S: the exceptions, and what each calls */
void kernel_call_entry(void);
void kernel_switch_entry(void);
void kernel_fault_entry(void);
void kernel_call(uint32_t psp);
struct task *kernel_pick(void);
void kernel_fault(uint32_t psp, uint32_t exc_return);
void kernel_tick(void);
void kernel_turn(void);
void kernel_reschedule(void);
/* The running task's frame is in its own stack: it may be read and written. */
bool kernel_frame_ok(uint32_t psp);
/* Where a task's first function returns to */
void kernel_user_leave(void);
/* fault.c: tidy up after the tasks that were stopped, and report faults. */
void kernel_report(void);
/* fault.c: the running task reached for what it must not. */
void kernel_stop(uint32_t address, bool exact, uint32_t pc, uint32_t cfsr);

#endif /* KERNEL_H */
