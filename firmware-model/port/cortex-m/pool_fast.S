/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What must not take long: pool.h says what each call does.
 *
 * Written by hand so that its length is the same with every compiler; the
 * tests hold it to the exact number.  The subregion-disable byte is changed by
 * read and write of MPU_RASR with interrupts masked, never from an image that
 * was made before: an interrupt handler's allocation in between would lose its
 * protection.  `taken` is claimed with LDREX and STREX outside of that window;
 * each exception in between costs one more round of eight instructions.
 *
 * DSB and ISB: when a call returns, the MPU has what it wrote.
 */
#include "armv7m.h"
#include "layout.h"

#define TAKEN 4	/* struct labyrinth; pool.c asserts them */
#define FAILED 12
#define ALL_PAGES 0xff

	.syntax unified
	.thumb
	.section .text.pool, "ax", %progbits

	.macro	function name
	.global	\name
	.type	\name, %function
	.thumb_func
\name:
	.endm

	.macro	end name
	.size	\name, . - \name
	.endm

/* void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *) */
function alloc_labyrinth_page_gfp_atomic_exclusive
.Lclaim:
	ldrex	r1, [r0, #TAKEN]
	cmp	r1, #ALL_PAGES
	beq	.Lfull
	adds	r2, r1, #1
	bics	r2, r1			/* the lowest page that is free */
	orrs	r1, r2
	strex	r3, r1, [r0, #TAKEN]
	cbnz	r3, .Lagain
	ldrd	r0, r1, .Lbeyond
	mrs	ip, primask
	cpsid	i
	ldr	r3, [r1]
	orr	r3, r3, r2, lsl #MPU_RASR_SRD_SHIFT
	str	r3, [r1]		/* exclusive from here on */
	msr	primask, ip
	dsb
	isb
	clz	r2, r2
	sub	r0, r0, r2, lsl #POOL_PAGE_LOG2
	bx	lr
.Lagain:
	b	.Lclaim
.Lfull:
	ldrex	r1, [r0, #FAILED]
	adds	r1, #1
	strex	r2, r1, [r0, #FAILED]
	cbnz	r2, .Lcount
	movs	r0, #0
	bx	lr
.Lcount:
	b	.Lfull
	.balign	4
.Lbeyond:				/* bit n has 31 - n zeros before it */
	.word	POOL_BASE + (31 << POOL_PAGE_LOG2)
.Lwhere:
	.word	MPU_RASR_ADDRESS
	.word	POOL_BASE
end alloc_labyrinth_page_gfp_atomic_exclusive

/*
 * r0 pool, r1 page.  index: r2 &MPU_RASR, r3 the page's number; rotated, every
 * address that is not a page's is beyond them.  enter: r1 the page's bit, ip
 * PRIMASK, interrupts are masked.
 */
	.macro	index
	ldrd	r2, r3, .Lwhere
	subs	r3, r1, r3
	ror	r3, r3, #POOL_PAGE_LOG2
	cmp	r3, #POOL_PAGES
	bhs	.Lno_page
	.endm

	.macro	enter
	index
	movs	r1, #1
	lsls	r1, r3
	mrs	ip, primask
	cpsid	i
	.endm

	.macro	leave
	msr	primask, ip
	dsb
	isb
	movs	r0, #0
	bx	lr
	.endm

/* int pool_release(struct labyrinth *, void *) */
function pool_release
.Lrelease:
	enter
	ldr	r3, [r2]
	tst	r3, r1, lsl #MPU_RASR_SRD_SHIFT
	beq	.Lnot_exclusive
	bic	r3, r3, r1, lsl #MPU_RASR_SRD_SHIFT
	str	r3, [r2]		/* open before it can be taken anew */
	ldr	r3, [r0, #TAKEN]
	bics	r3, r1
	str	r3, [r0, #TAKEN]
	leave
end pool_release

/* int pool_share(struct labyrinth *, void *) */
function pool_share
	enter
	ldr	r3, [r2]
	tst	r3, r1, lsl #MPU_RASR_SRD_SHIFT
	beq	.Lnot_exclusive
	bic	r3, r3, r1, lsl #MPU_RASR_SRD_SHIFT
	b	.Lpublish
end pool_share

/* int pool_revoke(struct labyrinth *, void *) */
function pool_revoke
	enter
	ldr	r3, [r0, #TAKEN]
	tst	r3, r1
	beq	.Lnot_shared
	ldr	r3, [r2]
	tst	r3, r1, lsl #MPU_RASR_SRD_SHIFT
	bne	.Lnot_shared
	orr	r3, r3, r1, lsl #MPU_RASR_SRD_SHIFT
.Lpublish:
	str	r3, [r2]
	leave
end pool_revoke

/*
 * int pool_free(struct labyrinth *, void *)
 * The page's names are stale before the page can be somebody else's.
 */
function dealloc_labyrinth_page_exclusive
function pool_free
	index
	ldr	r2, [r2]
	lsrs	r2, r3
	lsls	r2, r2, #31 - MPU_RASR_SRD_SHIFT
	bpl	.Lno_page		/* not exclusive */
	push	{r0, r1, r2, lr}
	ldr	r2, .Lhold
	lsls	r3, r3, #2
	ldrh	r0, [r2, r3]
	adds	r0, #1
	strh	r0, [r2, r3]
	mov	r0, r1
	bl	pool_scrub
	pop	{r0, r1, r2, lr}
	b	.Lrelease
end pool_free
end dealloc_labyrinth_page_exclusive

	.type	refusals, %function
refusals:
.Lnot_exclusive:
.Lnot_shared:
	msr	primask, ip
	ldr	r3, .Lbeyond
	clz	r1, r1
	sub	r1, r3, r1, lsl #POOL_PAGE_LOG2
.Lno_page:
	b	pool_refuse
	.balign	4
.Lhold:
	.word	pool_hold
end refusals
