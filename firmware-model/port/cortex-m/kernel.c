// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tasks: who runs, who sleeps, who waits, and the ticks.
 *
 * A task's record is changed by its own calls and by the tick, which have the
 * same priority, by the switch below them, and - its mailbox and its waking -
 * by interrupt handlers above them, for which those few lines are masked.
 */
#include "armv7m.h"
#include "board.h"
#include "kernel.h"
#include "mpu.h"

#define XPSR_THUMB (1u << 24)
#define STACK_SIZE (1u << TASK_STACK_LOG2)

_Static_assert(offsetof(struct task, psp) == 32, "kernel_entry.S: PSP");

struct labyrinth kernel_pool;
struct task kernel_task[KERNEL_TASKS];
struct task *kernel_running;

/* What the first switch is from */
static struct task before_tasks;
static volatile uint32_t ticks;
static uint32_t turns;
static uint32_t task_count;

KERNEL_STACK(idle_stack);

static void idle(void)
{
	for (;;)
		__asm__ volatile("wfi");
}

void kernel_init(void)
{
	const char *wrong;

	mpu_start();
	wrong = mpu_unsound();
	if (wrong)
		kernel_panic(wrong);
	labyrinth_fw_pool_init(&kernel_pool, (void *)POOL_BASE);
	kernel_task_add("idle", idle, idle_stack, 0);
}

uint32_t kernel_task_add(const char *name, void (*entry)(void), void *stack,
			 uint8_t priority)
{
	uint32_t bottom = (uint32_t)(uintptr_t)stack;
	struct task *task = &kernel_task[task_count];
	struct frame *frame;

	if (task_count == KERNEL_TASKS)
		kernel_panic("too many tasks");
	/* Anywhere else it might open the pool, or the kernel's data. */
	if (bottom < TASK_MEMORY_BASE || bottom % STACK_SIZE ||
	    bottom > RAM_BASE + (1u << RAM_SIZE_LOG2) - STACK_SIZE)
		kernel_panic("a task's stack must be in .tasks");
	frame = (struct frame *)((uint8_t *)stack + STACK_SIZE) - 1;
	*frame = (struct frame){
		.lr = (uint32_t)(uintptr_t)kernel_user_leave,
		.pc = (uint32_t)(uintptr_t)entry & ~1u,
		.xpsr = XPSR_THUMB,
	};
	*task = (struct task){
		.psp = (uint32_t)(uintptr_t)frame,
		.stack = bottom,
		.name = name,
		.priority = priority,
		.state = TASK_READY,
	};
	return task_count++;
}

void kernel_reschedule(void)
{
	/* A handler may hand a page to a task before there is any running. */
	if (kernel_running)
		SCB->ICSR = SCB_ICSR_PENDSVSET;
}

_Noreturn void kernel_run(uint32_t cycles)
{
	SCB->SHPR[0] = PRIORITY_FAULT;
	SCB->SHPR[1] = PRIORITY_FAULT;
	SCB->SHPR[2] = PRIORITY_FAULT;
	SCB->SHPR[7] = PRIORITY_KERNEL;
	SCB->SHPR[10] = PRIORITY_SWITCH;
	SCB->SHPR[11] = PRIORITY_KERNEL;
	SCB->SHCSR |= SCB_SHCSR_FAULTS;
	kernel_running = &before_tasks;
	SYSTICK->LOAD = cycles - 1;
	SYSTICK->VAL = 0;
	SYSTICK->CTRL =
		SYSTICK_CTRL_ENABLE | SYSTICK_CTRL_TICKINT | SYSTICK_CTRL_CPU;
	kernel_reschedule();
	barrier();
	kernel_panic("the switch came back");
}

uint32_t kernel_current(void)
{
	return (uint32_t)(kernel_running - kernel_task);
}

uint32_t kernel_ticks(void)
{
	return ticks;
}

_Noreturn void kernel_panic(const char *why)
{
	mask_interrupts();
	board_text("Bail out! ");
	board_text(why);
	board_text("\n");
	board_end(false);
}

bool kernel_frame_ok(uint32_t psp)
{
	uint32_t into = psp - kernel_running->stack;

	return psp % 8 == 0 && into <= STACK_SIZE - sizeof(struct frame);
}

/* Its turn is over: those of the same priority come first. */
void kernel_turn(void)
{
	kernel_running->turn = ++turns;
}

static bool before(const struct task *a, const struct task *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return (int32_t)(a->turn - b->turn) < 0;
}

struct task *kernel_pick(void)
{
	struct task *next = kernel_task;

	kernel_report();
	for (uint32_t i = 1; i < task_count; i++) {
		struct task *task = &kernel_task[i];

		if (task->state == TASK_READY && before(task, next))
			next = task;
	}
	if (next != kernel_running)
		mpu_task(next->stack);
	kernel_running = next;
	return next;
}

void kernel_tick(void)
{
	ticks++;
	kernel_turn();
	for (uint32_t i = 0; i < task_count; i++) {
		struct task *task = &kernel_task[i];

		if (task->state == TASK_SLEEPING && task->wake == ticks)
			task->state = TASK_READY;
	}
	kernel_reschedule();
}

int kernel_post(pool_name name, uint8_t owner, uint32_t to)
{
	struct task *task = &kernel_task[to];
	uint32_t was, last;
	int wrong;

	if (!to || to >= task_count || task->state >= TASK_STOPPING)
		return KERNEL_NO_TASK;
	was = mask_interrupts();
	if (task->mail_due == KERNEL_MAILBOX) {
		restore_interrupts(was);
		return KERNEL_FULL;
	}
	task->mail_due++;
	restore_interrupts(was);
	wrong = pool_pass(&kernel_pool, name, owner, POOL_TASK(to), true);
	was = mask_interrupts();
	if (wrong) {
		task->mail_due--;
	} else {
		last = task->mail_first + task->mail_count++;
		task->mail[last % KERNEL_MAILBOX] = name;
		if (task->state == TASK_WAITING)
			task->state = TASK_READY;
	}
	restore_interrupts(was);
	kernel_reschedule();
	return wrong;
}
