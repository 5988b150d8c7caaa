// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The firmware's demonstration: a device's interrupt, four tasks, one pool.
 *
 *	timer 0		the device has data: an exclusive page is taken in the
 *			handler, filled, and handed to `reader`
 *	reader		checks what came, gives the page back
 *	writer		asks for a page, fills it, hands it to the kernel
 *	rogue		reads a page that is the kernel's
 *	clerk		sees that the others ran on, and ends it all
 *
 * Prints TAP.
 */
#include "armv7m.h"
#include "board.h"
#include "kernel.h"
#include "user.h"

#define PAGES_TO_COME 100
#define SEED 7
#define END_TICK 450
#define CYCLES_A_TICK 250000 /* 10 ms */
#define CYCLES_A_PAGE 1000000

enum note { NOTE_GOOD_PAGE, NOTE_BAD_PAGE, NOTE_END };

int main(void);
void board_timer0(void);

static uint32_t reader, rogue;
static void *secret; /* the first page, so at POOL_BASE */
static struct {
	uint32_t made, refused, good, bad, written, faults;
} seen;

KERNEL_STACK(reader_stack);
KERNEL_STACK(writer_stack);
KERNEL_STACK(rogue_stack);
KERNEL_STACK(clerk_stack);

void board_timer0(void)
{
	pool_name name;

	board_timer_done(0);
	if (seen.made == PAGES_TO_COME)
		return;
	name = pool_get(&kernel_pool, (uint8_t)exception_number(), false);
	if (name == POOL_NO_NAME) {
		seen.refused++;
		return;
	}
	labyrinth_gen_page(SEED, 0, seen.made, LABYRINTH_PAGE_SIZE,
			   LABYRINTH_PAGE_SIZE, pool_page(name));
	if (kernel_post(name, (uint8_t)exception_number(), reader)) {
		seen.refused++;
		pool_put(&kernel_pool, name, (uint8_t)exception_number());
		return;
	}
	seen.made++;
}

static void reader_task(void)
{
	for (uint32_t expected = 0;; expected++) {
		pool_name name = user_wait();
		const uint32_t *page = pool_page(name);

		/* A page begins with its number. */
		user_note(page[0] == expected ? NOTE_GOOD_PAGE : NOTE_BAD_PAGE,
			  page[0]);
		user_put(name);
	}
}

static void writer_task(void)
{
	for (uint32_t n = 0;; n++) {
		pool_name name = user_get();

		if (name) {
			*(uint32_t *)pool_page(name) = n;
			user_pass(name, 0);
		}
		user_sleep(3);
	}
}

static void rogue_task(void)
{
	user_sleep(5);
	(void)*(volatile uint32_t *)POOL_BASE;
	user_note(NOTE_BAD_PAGE, 0);
}

static void clerk_task(void)
{
	user_sleep(END_TICK);
	user_note(NOTE_END, 0);
}

void app_page(uint32_t task, pool_name name)
{
	(void)task;
	seen.written++;
	pool_put(&kernel_pool, name, POOL_KERNEL);
}

void app_fault(const struct fault_report *report)
{
	seen.faults++;
	board_text("# task ");
	board_text(kernel_task[report->task].name);
	board_text(" stopped: it reached for ");
	board_hex(report->address);
	board_text(", which is ");
	board_text(report->owner == POOL_KERNEL ? "the kernel's"
						: "somebody else's");
	board_text("; at ");
	board_hex(report->pc);
	board_text("\n");
}

static void check(bool good, const char *what, uint32_t n)
{
	static uint32_t number;

	seen.bad += !good;
	board_text(good ? "ok " : "not ok ");
	board_number(++number);
	board_text(" - ");
	board_text(what);
	board_text(" (");
	board_number(n);
	board_text(")\n");
}

static void end(void)
{
	check(!seen.bad && seen.good == PAGES_TO_COME,
	      "each page of the device's came to its reader, in order",
	      seen.good);
	check(!seen.refused, "none was refused", seen.refused);
	check(seen.written > 10, "a task's pages came to the kernel",
	      seen.written);
	check(seen.faults == 1 && kernel_task[rogue].state == TASK_STOPPED,
	      "the task that reached for the kernel's page was stopped",
	      seen.faults);
	dealloc_labyrinth_page_exclusive(&kernel_pool, secret);
	check(!kernel_pool.taken, "every page is back", kernel_pool.taken);
	board_end(!seen.bad);
}

void app_note(uint32_t task, uint32_t what, uint32_t value)
{
	(void)task;
	(void)value;
	if (what == NOTE_GOOD_PAGE)
		seen.good++;
	else if (what == NOTE_END)
		end();
	else
		seen.bad++;
}

int main(void)
{
	board_text("TAP version 13\n1..5\n");
	kernel_init();
	secret = alloc_labyrinth_page_gfp_atomic_exclusive(&kernel_pool);
	reader = kernel_task_add("reader", reader_task, reader_stack, 4);
	kernel_task_add("writer", writer_task, writer_stack, 3);
	rogue = kernel_task_add("rogue", rogue_task, rogue_stack, 2);
	kernel_task_add("clerk", clerk_task, clerk_stack, 1);
	board_timer(0, CYCLES_A_PAGE);
	kernel_run(CYCLES_A_TICK);
}
