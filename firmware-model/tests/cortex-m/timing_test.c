// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions each call takes, over every state and every page: the
 * least and the most, held to the exact numbers.
 */
#include "bench.h"

struct row {
	const char *what;
	const void *call;
	uint32_t wanted[MPU_KINDS];
	uint32_t fewest; /* of runs, if that is not as many */
	bool exact;	 /* else a compiler's, and at most */
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

#define ALLOC_CALL alloc_labyrinth_page_gfp_atomic_exclusive
#define FREE_CALL dealloc_labyrinth_page_exclusive

/* By subregions, a region a page, runs */
static struct row rows[ROWS] = {
	[ALLOC] = { .what = "alloc",
		    .call = ALLOC_CALL,
		    .wanted = { 20, 53, 151 },
		    .fewest = 79,
		    .exact = true },
	[EMPTY] = { .what = "alloc of an empty pool",
		    .call = ALLOC_CALL,
		    .wanted = { 9, 14, 14 },
		    .exact = true },
	[RELEASE] = { .what = "free, scrubbed before",
		      .call = pool_release,
		      .wanted = { 22, 53, 151 },
		      .fewest = 79,
		      .exact = true },
	[DOUBLE] = { .what = "double free, found",
		     .call = pool_release,
		     .wanted = { 52, 64, 64 },
		     .exact = false },
	[WRONG] = { .what = "bad pointer, found",
		    .call = pool_release,
		    .wanted = { 34, 34, 34 },
		    .exact = false },
	[SHARE] = { .what = "hand-over to a task",
		    .call = pool_share,
		    .wanted = { 20, 49, 147 },
		    .fewest = 75,
		    .exact = true },
	[REVOKE] = { .what = "hand-over to the kernel",
		     .call = pool_revoke,
		     .wanted = { 22, 51, 149 },
		     .fewest = 53,
		     .exact = true },
	[SCRUB] = { .what = "scrubbing 4 KiB",
		    .call = pool_scrub,
		    .wanted = { 203, 203, 203 },
		    .exact = true },
	[FREE] = { .what = "free with scrubbing",
		   .call = FREE_CALL,
		   .wanted = { 244, 288, 386 },
		   .fewest = 314,
		   .exact = true },
	[FAULT] = { .what = "fault, until the task is stopped",
		    .call = NULL,
		    .wanted = { 110, 110, 110 },
		    .exact = false },
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
		uint32_t most = rows[i].wanted[bench_mpu()], least = most;

		if (bench_mpu() == MPU_RUNS && rows[i].fewest)
			least = rows[i].fewest;
		print(&rows[i]);
		if (rows[i].most > most ||
		    (rows[i].exact &&
		     (rows[i].least != least || rows[i].most != most)))
			tap_bad(rows[i].what, rows[i].least, rows[i].most);
	}
	if (rows[ALLOC].cases != 255 || rows[RELEASE].cases != 1024 ||
	    rows[DOUBLE].cases != 1024 || rows[FAULT].cases != 1024)
		tap_bad("cases", rows[ALLOC].cases, rows[RELEASE].cases);
	tap_so(bench_mpu() == MPU_RUNS
		       ? "instruction counts: no more than they were"
		       : "instruction counts: the same in every state, and no "
			 "more than they were");
}
