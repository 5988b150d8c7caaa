/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an exception into the kernel's C, and from one task to the next.
 *
 * A task chooses its stack pointer, so nothing is saved through it but what
 * the core itself stacks with the task's rights: r4-r11 go to the task's
 * record (struct task: saved, psp).
 */
#define PSP 32

	.syntax unified
	.thumb
	.text

	.macro	function name
	.global	\name
	.type	\name, %function
	.thumb_func
\name:
	.endm

/* PendSV */
function kernel_switch_entry
	ldr	r0, =kernel_running
	ldr	r0, [r0]
	mrs	r1, psp
	stmia	r0!, {r4-r11}
	str	r1, [r0]
	bl	kernel_pick		/* r0: the task that runs now */
	add	r1, r0, #PSP
	ldr	r1, [r1]
	msr	psp, r1
	ldmia	r0, {r4-r11}
	movs	r1, #1			/* in a thread: without privileges */
	msr	control, r1
	isb
	mvn	lr, #2			/* return to a thread, on PSP */
	bx	lr
	.size	kernel_switch_entry, . - kernel_switch_entry

/* SVCall */
function kernel_call_entry
	mrs	r0, psp
	b	kernel_call
	.size	kernel_call_entry, . - kernel_call_entry

/* MemManage, BusFault, UsageFault, HardFault */
function kernel_fault_entry
	mrs	r0, psp
	mov	r1, lr
	b	kernel_fault
	.size	kernel_fault_entry, . - kernel_fault_entry
