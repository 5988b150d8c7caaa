// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions each call takes, over every state and every page: the
 * least and the most, held to the exact numbers.
 */
#include "bench.h"

struct row {
	const char *what;
	const void *call;
	uint32_t wanted;
	bool exact; /* written by hand; else a compiler's, and at most */
	uint32_t least, most, cases;
};

enum row_name {
	ALLOC,
	EMPTY,
	RELEASE,
	DOUBLE,
	WRONG,
	SHARE,
	REVOKE,
	SCRUB,
	FREE,
	FAULT,
	ROWS
};

static struct row rows[ROWS] = {
	[ALLOC] = { "alloc", alloc_labyrinth_page_gfp_atomic_exclusive, 20,
		    true, 0, 0, 0 },
	[EMPTY] = { "alloc of an empty pool",
		    alloc_labyrinth_page_gfp_atomic_exclusive, 9, true, 0, 0,
		    0 },
	[RELEASE] = { "free, scrubbed before", pool_release, 22, true, 0, 0,
		      0 },
	[DOUBLE] = { "double free, found", pool_release, 52, false, 0, 0, 0 },
	[WRONG] = { "bad pointer, found", pool_release, 34, false, 0, 0, 0 },
	[SHARE] = { "hand-over to a task", pool_share, 20, true, 0, 0, 0 },
	[REVOKE] = { "hand-over to the kernel", pool_revoke, 22, true, 0, 0,
		     0 },
	[SCRUB] = { "scrubbing 4 KiB", pool_scrub, 203, true, 0, 0, 0 },
	[FREE] = { "free with scrubbing", dealloc_labyrinth_page_exclusive, 244,
		   true, 0, 0, 0 },
	[FAULT] = { "fault, until the task is stopped", NULL, 110, false, 0, 0,
		    0 },
};

static void note(enum row_name name, uint32_t n)
{
	struct row *row = &rows[name];

	if (!row->cases++ || n < row->least)
		row->least = n;
	if (n > row->most)
		row->most = n;
}

static void count(enum row_name name, void *page)
{
	note(name, count_call(rows[name].call, (uint32_t)(uintptr_t)&pool,
			      (uint32_t)(uintptr_t)page, 0, 0));
}

static void state(uint32_t mask)
{
	pool_set(mask & 0x5a, mask & 0xa5);
	count(mask == ALL ? EMPTY : ALLOC, NULL);
	for (uint32_t i = 0; i < POOL_PAGES; i++) {
		if (!(mask >> i & 1)) {
			pool_set(mask, 0);
			count(DOUBLE, page_at(i));
			continue;
		}
		pool_set(mask, 0);
		count(RELEASE, page_at(i));
		pool_set(mask, 0);
		count(SHARE, page_at(i));
		count(REVOKE, page_at(i));
		count(FREE, page_at(i));
	}
	count(WRONG, (uint8_t *)page_at(0) - PAGE);
}

/* The task that faults, and what app_fault() was told of it */
KERNEL_STACK(stack);
static uint32_t told, told_address;

void app_fault(const struct fault_report *report)
{
	told++;
	told_address = report->address;
}

/* From a task's access to its end: a fault, the report noted, the stop */
static void fault(uint32_t mask, uint32_t address)
{
	uint32_t top = (uint32_t)(uintptr_t)stack + sizeof(stack);
	uint32_t none, all, before = told;

	kernel_running = &kernel_task[1];
	*kernel_running = (struct task){ .state = TASK_READY,
					 .stack = top - sizeof(stack) };
	kernel_pool = pool;
	none = cycles_of(FLASH_BASE, top, 0, 0, (void (*)(void))user_load);
	traps_of_kernel(true);
	all = cycles_of(address, top, 0, 0, (void (*)(void))user_load);
	traps_of_kernel(false);
	note(FAULT, INSTRUCTIONS(all - none) - TRAP_SWITCH);
	if (kernel_running->state != TASK_STOPPING)
		tap_bad("the task is not stopped", mask, address);
	kernel_report();
	if (told != before + 1 || told_address != address)
		tap_bad("not reported", mask, told_address);
}

static void faults(void)
{
	mpu_task((uint32_t)(uintptr_t)stack);
	for (uint32_t mask = 0; mask <= ALL; mask++) {
		pool_set(mask, ~mask & 0x0f);
		for (uint32_t i = 0; i < POOL_PAGES; i++)
			if (mask >> i & 1)
				fault(mask, POOL_BASE + i * PAGE + 4 * mask);
	}
}

static void print(const struct row *row)
{
	board_text("# | ");
	board_text(row->what);
	board_text(" | ");
	board_number(row->least);
	board_text(" | ");
	board_number(row->most);
	board_text(" | ");
	board_number(row->cases);
	board_text(" |\n");
}

void timing_tests(void)
{
	for (uint32_t mask = 0; mask <= ALL; mask++)
		state(mask);
	/* The scrub is given the page where the others have the pool. */
	for (uint32_t i = 0; i < POOL_PAGES; i++)
		note(SCRUB,
		     count_call(rows[SCRUB].call,
				(uint32_t)(uintptr_t)page_at(i), 0, 0, 0));
	faults();
	board_text("# | instructions | least | most | cases |\n");
	for (uint32_t i = 0; i < ROWS; i++) {
		print(&rows[i]);
		if (rows[i].most > rows[i].wanted ||
		    (rows[i].exact && rows[i].least != rows[i].wanted))
			tap_bad(rows[i].what, rows[i].least, rows[i].most);
	}
	if (rows[ALLOC].cases != 255 || rows[RELEASE].cases != 1024 ||
	    rows[DOUBLE].cases != 1024 || rows[FAULT].cases != 1024)
		tap_bad("cases", rows[ALLOC].cases, rows[RELEASE].cases);
	tap_so("instruction counts: the same in every state, and no more than "
	       "they were");
}
