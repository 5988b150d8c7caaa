// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's tests on the target: tasks that do what they must not, each in
 * its own way, beside tasks that must not notice.
 */
#include "bench.h"
#include "user.h"

#define CYCLES_A_TICK CYCLES(2000)
#define END_TICK 60
#define FAULT_MOST 260 /* instructions; a compiler's, so not exact */
#define TIMER1_VALUE (*(volatile uint32_t *)(TIMER_BASE + 0x1004))

/* Bits of CFSR */
#define DATA_AT 0x82u
#define CODE 0x01u
#define STACKING 0x10u
#define UNDEFINED 0x10000u

enum note {
	NOTE_BEAT,
	NOTE_MARK,
	NOTE_MAIL,
	NOTE_ALIVE, /* after what should have ended the task */
	NOTE_END,
	NOTE_CODE, /* and above: an answer of the kernel's */
};

int main(void);
void board_timer0(void);

#define FIRST_END 1u /* the task's number; idle is 0 */
/* Addresses that are known later */
#define CANARY 1u
#define ITS_PAGE 2u

/* What a task's end must look like */
struct end {
	const char *what;
	void (*entry)(void);
	uint32_t address, cfsr;
	int owner;
	bool exact;
};

static uint32_t canary[64];
static uint32_t beats[KERNEL_TASKS], mails, mail_sent, mark, fault_took, ends;
static uint32_t taker, codes_seen, ran_meanwhile;
static volatile bool mail_due;
static pool_name of_handler, passed;

KERNEL_STACK(stacks[KERNEL_TASKS]);

static void touch(uint32_t address)
{
	(void)*(volatile uint32_t *)address;
}

/* Pages 0 and 1 are the kernel's and the handler's from the beginning. */
static void reads(void)
{
	user_sleep(2);
	user_note(NOTE_MARK, 0);
	touch(POOL_BASE);
	user_note(NOTE_ALIVE, 0);
}

static void writes(void)
{
	user_sleep(4);
	*(volatile uint32_t *)(POOL_BASE + 2 * PAGE - 4) = 0;
	user_note(NOTE_ALIVE, 0);
}

static void passes(void)
{
	pool_name name;

	user_sleep(6);
	name = user_get();
	touch(name & ~POOL_ISSUE);
	user_pass(name, 0);
	touch(name & ~POOL_ISSUE);
	user_note(NOTE_ALIVE, 0);
}

static void looks(void)
{
	user_sleep(8);
	touch((uint32_t)(uintptr_t)canary);
	user_note(NOTE_ALIVE, 0);
}

static void stacks_on_kernel(void)
{
	user_sleep(10);
	__asm__ volatile("mov sp, %0\n\tmov ip, %1\n\tsvc 0"
			 :
			 : "r"(canary + 64), "i"(CALL_YIELD)
			 : "ip");
	for (;;)
		;
}

static void stacks_on_page(void)
{
	pool_name name;

	user_sleep(12);
	name = user_get();
	__asm__ volatile("mov sp, %0\n\tmov ip, %1\n\tsvc 0"
			 :
			 : "r"((name & ~POOL_ISSUE) + 64), "i"(CALL_YIELD)
			 : "ip");
	for (;;)
		;
}

static void runs_page(void)
{
	pool_name name;

	user_sleep(14);
	name = user_get();
	((void (*)(void))(uintptr_t)((name & ~POOL_ISSUE) + 1))();
	user_note(NOTE_ALIVE, 0);
}

static void undefined(void)
{
	user_get();
	user_get();
	user_sleep(16);
	__asm__ volatile("udf 0");
	user_note(NOTE_ALIVE, 0);
}

static void breaks(void)
{
	user_sleep(18);
	__asm__ volatile("bkpt 0");
	user_note(NOTE_ALIVE, 0);
}

static const struct end end_of[] = {
	{ "reads the kernel's page", reads, POOL_BASE, DATA_AT, POOL_KERNEL,
	  true },
	{ "writes to a handler's page", writes, POOL_BASE + 2 * PAGE - 4,
	  DATA_AT, TIMER0_EXCEPTION, true },
	{ "touches a page that it passed on", passes, ITS_PAGE, DATA_AT,
	  POOL_KERNEL, true },
	{ "looks at the kernel's data", looks, CANARY, DATA_AT, -1, true },
	{ "has its stack in the kernel's data", stacks_on_kernel, 0, STACKING,
	  -1, false },
	{ "has its stack in a page", stacks_on_page, ITS_PAGE, 0,
	  POOL_TASK(FIRST_END + 5), true },
	{ "runs a page", runs_page, 0, CODE, -1, false },
	{ "has an undefined instruction", undefined, 0, UNDEFINED, -1, false },
	{ "has a breakpoint", breaks, 0, 0, -1, false },
};
#define ENDS (sizeof(end_of) / sizeof(*end_of))

static const struct {
	uint32_t call, argument, more;
	int answer;
} questions[] = {
	{ CALL_PUT, 0, 0, POOL_NULL },
	{ CALL_PUT, RAM_BASE, 0, POOL_OUTSIDE },
	{ CALL_PUT, POOL_BASE + 8 * PAGE, 0, POOL_OUTSIDE },
	{ CALL_PUT, POOL_BASE, 0, POOL_OWNED },
	{ CALL_PUT, POOL_BASE | 77, 0, POOL_STALE },
	{ CALL_PUT, POOL_BASE + 7 * PAGE, 0, POOL_FREE },
	{ CALL_PASS, POOL_BASE, 0, POOL_OWNED },
	{ CALL_PASS, POOL_BASE, 99, KERNEL_NO_TASK },
	{ CALL_COUNT, 0, 0, KERNEL_NO_CALL },
	{ 0xffffffff, 0, 0, KERNEL_NO_CALL },
};
#define QUESTIONS (sizeof(questions) / sizeof(*questions))

static void asks(void)
{
	for (uint32_t i = 0; i < QUESTIONS; i++)
		user_note(NOTE_CODE + i,
			  user_call(questions[i].call, questions[i].argument,
				    questions[i].more));
}

static void beats_on(void)
{
	for (;;)
		user_note(NOTE_BEAT, 0);
}

static void takes(void)
{
	for (;;) {
		pool_name name = user_wait();

		user_note(NOTE_MAIL, *(uint32_t *)pool_page(name));
		user_put(name);
	}
}

static void clerk(void)
{
	user_sleep(END_TICK);
	user_note(NOTE_END, 0);
}

void board_timer0(void)
{
	uint8_t self = (uint8_t)exception_number();
	pool_name name = pool_get(&kernel_pool, self, false);

	board_timer_done(0);
	if (mail_due)
		tap_bad("the page before was not looked at", mails, 0);
	if (name == POOL_NO_NAME) {
		tap_bad("no page", kernel_pool.taken, 0);
		return;
	}
	*(uint32_t *)pool_page(name) = mail_sent++;
	mail_due = true;
	if (kernel_post(name, self, taker))
		tap_bad("not posted", name, 0);
}

void app_page(uint32_t task, pool_name name)
{
	if (task != FIRST_END + 2 || pool_owner(&kernel_pool, name) != 0)
		tap_bad("a page from", task, name);
	passed = name;
}

static bool address_ok(const struct end *end, uint32_t address)
{
	if (end->address == CANARY)
		return address == (uint32_t)(uintptr_t)canary;
	if (end->address == ITS_PAGE)
		return address - POOL_BASE < POOL_PAGES * PAGE &&
		       (address & ~POOL_ISSUE) != POOL_BASE &&
		       (address & ~POOL_ISSUE) != POOL_BASE + PAGE;
	return address == end->address;
}

void app_fault(const struct fault_report *report)
{
	uint32_t n = report->task - FIRST_END;
	const struct end *end = &end_of[n];

	if (!n) {
		fault_took = INSTRUCTIONS(mark - TIMER1_VALUE);
		/* Not before: its interrupt would be counted too. */
		board_timer(0, CYCLES(3701));
	}
	if (report->cfsr != end->cfsr || report->owner != end->owner ||
	    report->exact != end->exact ||
	    (end->exact && !address_ok(end, report->address))) {
		tap_bad(end->what, report->address, report->cfsr);
		tap_bad("owner, exact", (uint32_t)report->owner, report->exact);
	}
	if (kernel_task[report->task].state != TASK_STOPPED)
		tap_bad("not stopped", report->task, 0);
	ends |= 1u << n;
}

static void finish(void)
{
	uint32_t least = ~0u, most = 0, n = 0;

	board_timer(0, 0);
	tap_so("while they ran: reports name task, address and owner, and the "
	       "tasks came in their order");
	board_text("# a task that ... was stopped, and no other:\n");
	for (uint32_t i = 0; i < ENDS; i++)
		tap_result(ends >> i & 1, end_of[i].what);
	for (uint32_t i = 0; i < 64; i++)
		if (canary[i] != i)
			tap_bad("the kernel's data was written to", i, 0);
	tap_so("nothing of the kernel's was changed by any of them");
	if (codes_seen != (1u << QUESTIONS) - 1)
		tap_bad("answers", codes_seen, 0);
	tap_so("a task's bad calls are answered, each by name");
	for (uint32_t i = 0; i < KERNEL_TASKS; i++) {
		if (!beats[i])
			continue;
		n++;
		least = beats[i] < least ? beats[i] : least;
		most = beats[i] > most ? beats[i] : most;
	}
	/* A tick ends a turn, whoever had most of it. */
	if (n != 2 || least < most / 2)
		tap_bad("beats of two tasks", least, most);
	tap_so("two tasks of the same priority ran on, in turn");
	if (mails < 20 || mails + mail_due != mail_sent)
		tap_bad("pages sent, taken", mail_sent, mails);
	tap_so("a handler's pages came to a task at once, before all others");
	pool_put(&kernel_pool, of_handler, TIMER0_EXCEPTION);
	pool_put(&kernel_pool, passed, POOL_KERNEL);
	dealloc_labyrinth_page_exclusive(&kernel_pool, (void *)POOL_BASE);
	if (pool_reclaim(&kernel_pool, POOL_TASK(taker)) != mail_due)
		tap_bad("pages in a mailbox", kernel_pool.taken, mail_due);
	if (kernel_pool.taken || mpu_exclusive())
		tap_bad("pages that did not come back", kernel_pool.taken, 0);
	tap_so("stopped tasks' pages came back");
	tap_line("instructions from a task's call before its fault to the "
		 "report:",
		 fault_took);
	if (fault_took > FAULT_MOST)
		tap_bad("instructions", fault_took, 0);
	tap_so("a fault is reported in a bounded number of instructions");
	tap_end();
}

void app_note(uint32_t task, uint32_t what, uint32_t value)
{
	switch (what) {
	case NOTE_BEAT:
		/* It may have been in its call when the page came. */
		if (mail_due && ++ran_meanwhile > 1)
			tap_bad("ran before the one that has mail", task, 0);
		beats[task]++;
		break;
	case NOTE_MARK:
		mark = TIMER1_VALUE;
		break;
	case NOTE_MAIL:
		if (value != mails++)
			tap_bad("pages out of order", value, mails);
		mail_due = false;
		ran_meanwhile = 0;
		break;
	case NOTE_ALIVE:
		tap_bad("a task that should be stopped", task, 0);
		break;
	case NOTE_END:
		finish();
		break;
	default:
		what -= NOTE_CODE;
		if ((int)value != questions[what].answer)
			tap_bad("answer", what, value);
		codes_seen |= 1u << what;
	}
}

int main(void)
{
	uint32_t n = 0;

	board_text("TAP version 13\n");
	for (uint32_t i = 0; i < 64; i++)
		canary[i] = i;
	kernel_init();
	alloc_labyrinth_page_gfp_atomic_exclusive(&kernel_pool);
	of_handler = pool_get(&kernel_pool, TIMER0_EXCEPTION, false);
	for (uint32_t i = 0; i < ENDS; i++)
		kernel_task_add(end_of[i].what, end_of[i].entry, stacks[n++],
				4);
	kernel_task_add("asks", asks, stacks[n++], 3);
	kernel_task_add("beats", beats_on, stacks[n++], 2);
	kernel_task_add("beats too", beats_on, stacks[n++], 2);
	taker = kernel_task_add("takes", takes, stacks[n++], 5);
	kernel_task_add("clerk", clerk, stacks[n++], 4);
	board_timer(1, 0x40000000);
	kernel_run(CYCLES_A_TICK);
}
