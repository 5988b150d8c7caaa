/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* pool.h says what it does; with interrupts on, outside of any window. */
#include "layout.h"

	.syntax unified
	.thumb
	.section .text.pool_scrub, "ax", %progbits

/* void pool_scrub(void *page) */
	.global	pool_scrub
	.type	pool_scrub, %function
	.thumb_func
pool_scrub:
	push	{r4-r8, lr}
	movs	r1, #0
	movs	r2, #0
	movs	r3, #0
	movs	r4, #0
	movs	r5, #0
	movs	r6, #0
	movs	r7, #0
	mov	r8, r1
	add	ip, r0, #1 << POOL_PAGE_LOG2
1:
	.rept	4
	stmia	r0!, {r1-r8}
	.endr
	cmp	r0, ip
	bne	1b
	pop	{r4-r8, pc}
	.size	pool_scrub, . - pool_scrub
