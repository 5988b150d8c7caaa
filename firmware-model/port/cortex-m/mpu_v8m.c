// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The regions of an ARMv8-M MPU.  It has no subregions, and what two regions
 * name at once is a fault, the kernel's too.  So nothing lies under the pool:
 *
 *	16 regions	one for each page.  To make it exclusive, or open, is one
 *			write of its MPU_RBAR: never in between.
 *	8 regions	one for each run of pages that tasks may reach, at most 4
 *			for 8 pages.  The kernel has the rest by the background
 *			region.
 *
 * When runs change, all are switched off before the first is anew: every page
 * is exclusive in between, and no two runs overlap.  That takes several writes,
 * so interrupts are masked from reading which pages are exclusive until the
 * MPU has them: a handler's allocation comes before or behind, never within.
 * An NMI within finds pages that are exclusive too early, never too late.
 */
#include <stdbool.h>

#include "armv8m.h"
#include "layout.h"
#include "mpu.h"

#define ALL_PAGES ((1u << POOL_PAGES) - 1)
#define POOL_END (POOL_BASE + (1u << POOL_SIZE_LOG2))
#define RAM_END (RAM_BASE + (1u << RAM_SIZE_LOG2))
#define PAGE_SIZE (1u << POOL_PAGE_LOG2)
#define STACK_SIZE (1u << TASK_STACK_LOG2)
#define RUNS 4u

#define TASK_ACCESS (MPU_RBAR_RW_RW | MPU_RBAR_XN)
#define KERNEL_ACCESS (MPU_RBAR_RW_NONE | MPU_RBAR_XN)

uint32_t mpu_barred;
static bool page_regions;

/* Not known to the compiler: the code is the same with 8 and with more. */
static const volatile uint32_t regions_most = MPU_REGIONS_MOST;

static uint32_t region_count(void)
{
	uint32_t count = MPU_TYPE_DREGION(MPU_V8M->TYPE), most = regions_most;

	return count < most ? count : most;
}

/* From @base to before @end; none, if there is nothing between them. */
static void region(uint32_t n, uint32_t base, uint32_t end, uint32_t access,
		   uint32_t attribute)
{
	MPU_V8M->RNR = n;
	MPU_V8M->REGION[0].RLAR = 0; /* never moved while it is on */
	if (base == end)
		return;
	MPU_V8M->REGION[0].RBAR = base | access;
	MPU_V8M->REGION[0].RLAR =
		((end - 1) & MPU_RLAR_LIMIT) | attribute | MPU_RLAR_ENABLE;
}

static void set_runs(uint32_t open)
{
	MPU_V8M->RNR = REGION_RUNS;
	for (uint32_t i = 0; i < RUNS; i++)
		MPU_V8M->REGION[i].RLAR = 0;
	for (uint32_t i = 0; open; i++) {
		uint32_t first = (uint32_t)__builtin_ctz(open);
		uint32_t end =
			first + (uint32_t)__builtin_ctz(~(open >> first));

		MPU_V8M->REGION[i].RBAR =
			(POOL_BASE + first * PAGE_SIZE) | TASK_ACCESS;
		MPU_V8M->REGION[i].RLAR =
			((POOL_BASE + end * PAGE_SIZE - 1) & MPU_RLAR_LIMIT) |
			MPU_RLAR_ENABLE;
		open &= ~0u << end;
	}
}

void mpu_bar(uint32_t barred, uint32_t changed)
{
	mpu_barred = barred;
	if (page_regions) {
		MPU_V8M->RNR = REGION_PAGES + changed;
		MPU_V8M->REGION[0].RBAR =
			(POOL_BASE + changed * PAGE_SIZE) |
			(barred >> changed & 1 ? KERNEL_ACCESS : TASK_ACCESS);
	} else {
		set_runs(~barred & ALL_PAGES);
	}
}

void mpu_open_all(void)
{
	uint32_t was = mask_interrupts();

	for (uint32_t i = 0; i < POOL_PAGES; i++)
		mpu_bar(0, i);
	restore_interrupts(was);
}

void mpu_start(void)
{
	MPU_V8M->CTRL = 0;
	barrier();
	MPU_V8M->MAIR0 = MPU_MAIR0_VALUE;
	for (uint32_t n = 0; n < MPU_TYPE_DREGION(MPU_V8M->TYPE); n++)
		region(n, 0, 0, 0, 0);
	page_regions = region_count() >= REGION_PAGES + POOL_PAGES;
	region(REGION_FLASH, FLASH_BASE, FLASH_BASE + (1u << FLASH_SIZE_LOG2),
	       MPU_RBAR_RO_RO, 0);
	region(REGION_RAM, RAM_BASE, POOL_BASE, KERNEL_ACCESS, 0);
	region(REGION_DEVICE, DEVICE_BASE,
	       DEVICE_BASE + (1u << DEVICE_SIZE_LOG2), KERNEL_ACCESS,
	       MPU_RLAR_DEVICE);
	if (page_regions) {
		region(REGION_BELOW, TASK_MEMORY_BASE, RAM_END, KERNEL_ACCESS,
		       0);
		for (uint32_t i = 0; i < POOL_PAGES; i++)
			region(REGION_PAGES + i, POOL_BASE + i * PAGE_SIZE,
			       POOL_BASE + (i + 1) * PAGE_SIZE, TASK_ACCESS, 0);
	}
	mpu_open_all();
	MPU_V8M->CTRL = page_regions ? MPU_CTRL_ENABLE
				     : MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA;
	barrier();
}

void mpu_task(uint32_t stack)
{
	/* A handler that allocates in between selects another region. */
	uint32_t was = mask_interrupts();

	region(REGION_TASK, 0, 0, 0, 0);
	if (page_regions) {
		/* The other stacks are the kernel's: beside this one. */
		region(REGION_BELOW, 0, 0, 0, 0);
		region(REGION_ABOVE, stack + STACK_SIZE, RAM_END, KERNEL_ACCESS,
		       0);
		region(REGION_BELOW, TASK_MEMORY_BASE, stack, KERNEL_ACCESS, 0);
	}
	region(REGION_TASK, stack, stack + STACK_SIZE, TASK_ACCESS, 0);
	restore_interrupts(was);
	barrier();
}

static bool is_pools(uint32_t n)
{
	uint32_t first = page_regions ? REGION_PAGES : REGION_RUNS;

	return n >= first && n < first + (page_regions ? POOL_PAGES : RUNS);
}

/* @open: the pages that tasks reach; @reached: those that anybody does */
static const char *region_unsound(uint32_t n, uint32_t *open, uint32_t *reached)
{
	uint32_t rbar, rlar, base, last, pages = 0;

	MPU_V8M->RNR = n;
	rbar = MPU_V8M->REGION[0].RBAR;
	rlar = MPU_V8M->REGION[0].RLAR;
	base = rbar & MPU_RBAR_BASE;
	last = rlar | ~MPU_RLAR_LIMIT;
	if (!(rlar & MPU_RLAR_ENABLE) || base >= POOL_END || last < POOL_BASE)
		return NULL;
	if (!is_pools(n))
		return "another region is over the pool's";
	if (!(rbar & MPU_RBAR_XN))
		return "the kernel could run what is in a page";
	if (base < POOL_BASE || last >= POOL_END || base % PAGE_SIZE ||
	    (last + 1) % PAGE_SIZE)
		return "the pool's region is not the pool's";
	for (uint32_t page = base; page < last; page += PAGE_SIZE)
		pages |= 1u << (page - POOL_BASE) / PAGE_SIZE;
	if (*reached & pages)
		return "two regions are over one page";
	*reached |= pages;
	if ((rbar & MPU_RBAR_AP_MASK) == MPU_RBAR_RW_RW)
		*open |= pages;
	return NULL;
}

const char *mpu_unsound(void)
{
	uint32_t count = MPU_TYPE_DREGION(MPU_V8M->TYPE);
	uint32_t control = MPU_CTRL_ENABLE, open = 0, reached = 0, was;
	const char *wrong = NULL;

	if (region_count() < REGION_RUNS + RUNS)
		return "the MPU has too few regions";
	if (!page_regions)
		control |= MPU_CTRL_PRIVDEFENA;
	if ((MPU_V8M->CTRL & (MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA)) !=
	    control)
		return "the MPU is off, or has another background region";
	was = mask_interrupts();
	for (uint32_t n = 0; n < count && !wrong; n++)
		wrong = region_unsound(n, &open, &reached);
	if (!wrong && open != (~mpu_barred & ALL_PAGES))
		wrong = "tasks reach other pages than they must";
	if (!wrong && page_regions && reached != ALL_PAGES)
		wrong = "a page has no region";
	restore_interrupts(was);
	return wrong;
}
