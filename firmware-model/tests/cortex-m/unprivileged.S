/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench.h says; and the first instructions of the tests' exceptions. */
#include "layout.h"

#define SYST_CVR 0xe000e018

	.syntax unified
	.thumb
	.text

	.macro	function name
	.balign	4
	.global	\name
	.type	\name, %function
	.thumb_func
\name:
	.endm

	.macro	to_user
	msr	psp, r1
	movs	r1, #3
	msr	control, r1
	isb
	.endm

	.macro	back		/* the supervisor call gives the rights back */
	svc	0
	movs	r1, #0
	msr	control, r1
	isb
	bx	lr
	.endm

function user_load
	to_user
	ldr	r0, [r0]
	back

function user_store
	to_user
	str	r2, [r0]
	back

function as_user_load
	ldrt	r0, [r0]
	bx	lr

/* The arguments are in their registers; the call is on the stack. */
function cycles_of
	push	{r4, r5, r6, lr}
	ldr	r4, =SYST_CVR
	ldr	r6, [sp, #16]
	ldr	r5, [r4]
	blx	r6
	ldr	r0, [r4]
	subs	r0, r5, r0
	bic	r0, r0, #0xff000000
	pop	{r4, r5, r6, pc}

function empty_call
	bx	lr

function trap_back_entry
	movs	r0, #0
	msr	control, r0
	isb
	bx	lr

function trap_fault_entry
	tst	lr, #4
	ite	eq
	mrseq	r0, msp
	mrsne	r0, psp
	b	trap_fault

/* user_load()'s access is a half-word long. */
function trap_switch_entry
	mrs	r0, psp
	ldr	r1, [r0, #24]
	adds	r1, #2
	str	r1, [r0, #24]
	bx	lr

/* Timer 0's value comes first: it tells how late it is. */
function trap_time_entry
	ldr	r2, =TIMER_BASE
	ldr	r1, [r2, #4]
	mov	r0, sp
	b	trap_time
