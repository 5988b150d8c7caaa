// SPDX-License-Identifier: GPL-2.0-only
/*
 * An interrupt at every instruction of every call, whose handler changes the
 * pool itself: whatever the two do, both get what they asked for, and the MPU
 * has what the pool says.  And how late the interrupt is at worst: as many
 * instructions as the call has interrupts masked.
 */
#include "bench.h"

/* Instructions; a call with its scrubbing takes fewer than LAST. */
#ifdef ARMV8M
#define MORE 160 /* than on ARMv7-M */
#define LAST 560
#define MIDDLE 200
#else
#define MORE 0
#define LAST 260
#define MIDDLE 100
#endif

struct sweep {
	const char *what;
	uint32_t (*call)(void);
	uint32_t last; /* interrupted up to here */
	/* instructions that the interrupt may be late */
	uint32_t limit[MPU_KINDS];
};

static uint32_t (*handler)(void);
static volatile uint32_t handler_got, handler_ran;
static uint32_t runs;
static pool_name named_page;

static uint32_t do_alloc(void)
{
	return (uint32_t)(uintptr_t)alloc_labyrinth_page_gfp_atomic_exclusive(
		&pool);
}

static uint32_t do_alloc_free(void)
{
	void *page = alloc_labyrinth_page_gfp_atomic_exclusive(&pool);

	return page ? (uint32_t)pool_release(&pool, page) : 1;
}

/* Pages 6 and 7 are the handler's, 4 and 5 the interrupted call's. */
static uint32_t do_release(void)
{
	return (uint32_t)pool_release(&pool, page_at(4));
}

static uint32_t do_share(void)
{
	return (uint32_t)pool_share(&pool, page_at(4));
}

static uint32_t do_revoke(void)
{
	return (uint32_t)pool_revoke(&pool, page_at(5));
}

static uint32_t do_free(void)
{
	return (uint32_t)pool_free(&pool, page_at(4));
}

static uint32_t do_get(void)
{
	named_page = pool_get(&pool, POOL_TASK(1), true);
	return named_page & ~POOL_ISSUE;
}

static uint32_t do_pass(void)
{
	return (uint32_t)pool_pass(&pool, (POOL_BASE + 4 * PAGE) | issue_of(4),
				   POOL_KERNEL, POOL_TASK(1), true);
}

static uint32_t do_put(void)
{
	return (uint32_t)pool_put(&pool, (POOL_BASE + 4 * PAGE) | issue_of(4),
				  POOL_KERNEL);
}

static uint32_t do_switch(void)
{
	mpu_task(TASK_MEMORY_BASE);
	return 0;
}

static uint32_t irq_release(void)
{
	return (uint32_t)pool_release(&pool, page_at(6));
}

static uint32_t irq_share(void)
{
	return (uint32_t)pool_share(&pool, page_at(6));
}

static uint32_t irq_revoke(void)
{
	return (uint32_t)pool_revoke(&pool, page_at(7));
}

static const struct sweep sweeps[] = {
	{ "alloc", do_alloc, 60 + MORE, { 4, 23, 60 } },
	{ "free, scrubbed before", do_release, 40 + MORE, { 9, 25, 62 } },
	{ "hand-over to a task", do_share, 40 + MORE, { 7, 23, 60 } },
	{ "hand-over to the kernel", do_revoke, 40 + MORE, { 9, 24, 61 } },
	{ "free with scrubbing", do_free, LAST, { 9, 24, 98 } },
	{ "task's alloc", do_get, 100 + 2 * MORE, { 9, 25, 123 } },
	{ "hand-over by name", do_pass, 140 + MORE, { 9, 25, 99 } },
	{ "free by name", do_put, LAST + 80, { 9, 27, 101 } },
	{ "switch of the task's region", do_switch, 40 + MORE, { 9, 34, 17 } },
};

static uint32_t (*const handlers[])(void) = {
	do_alloc, do_alloc_free, irq_release, irq_share, irq_revoke,
};

static void on_timer(void)
{
	board_timer(0, 0);
	handler_ran++;
	if (handler)
		handler_got = handler();
}

/* Bits that a call adds to (or takes from) `taken` and the subregions */
static void expect(uint32_t (*call)(void), uint32_t got, uint32_t *taken,
		   uint32_t *bits)
{
	uint32_t bit = 1u << (got - POOL_BASE) / PAGE % 32;

	if (call == do_alloc || call == do_get) {
		if (got < POOL_BASE || got >= POOL_BASE + POOL_PAGES * PAGE ||
		    *taken & bit)
			tap_bad("given away twice, or none", got, *taken);
		*taken |= bit;
		*bits |= call == do_alloc ? bit : 0;
		return;
	}
	if (got)
		tap_bad("refused", got, *taken);
	if (call == do_release || call == do_free || call == do_put) {
		*taken &= ~0x10u;
		*bits &= ~0x10u;
	} else if (call == do_share || call == do_pass) {
		*bits &= ~0x10u;
	} else if (call == do_revoke) {
		*bits |= 0x20u;
	} else if (call == irq_release) {
		*taken &= ~0x40u;
		*bits &= ~0x40u;
	} else if (call == irq_share) {
		*bits &= ~0x40u;
	} else if (call == irq_revoke) {
		*bits |= 0x80u;
	}
}

static void once(const struct sweep *sweep, uint32_t (*irq)(void),
		 uint32_t cycles)
{
	/* Page 1 is somebody's all the time; 0, 2 and 3 are free. */
	uint32_t taken = 0xf2, bits = 0x52, got;

	pool_reclaim(&pool, POOL_TASK(1)); /* of the run before */
	pool_set(bits, 0xa0);
	handler = irq;
	runs++;
	handler_ran = 0;
	board_timer(0, cycles);
	got = sweep->call();
	while (!handler_ran)
		;
	expect(sweep->call, got, &taken, &bits);
	if (irq)
		expect(irq, handler_got, &taken, &bits);
	if (pool.taken != taken || srd() != bits || pool.refused ||
	    pool.failed) {
		tap_bad(sweep->what, cycles, trap_pc);
		tap_bad("taken, subregions", pool.taken, srd());
	}
#ifndef ARMV8M
	if (MPU->RNR != REGION_POOL)
		tap_bad("another region is selected", MPU->RNR, trap_pc);
#endif
}

/* After each instruction, from before the call to behind it */
static uint32_t worst_of(const struct sweep *sweep, uint32_t (*irq)(void))
{
	uint32_t worst = 0;

	for (uint32_t n = 2; n < sweep->last; n++) {
		once(sweep, irq, CYCLES(n));
		if (trap_late > worst)
			worst = trap_late;
		/* The scrubbing's middle is one loop. */
		if (n > MIDDLE && n < sweep->last - MIDDLE)
			n += 6;
	}
	return worst;
}

static pool_name again;

static uint32_t irq_put_and_get(void)
{
	int wrong = pool_put(&pool, named_page, POOL_KERNEL);

	again = wrong ? POOL_NO_NAME : pool_get(&pool, POOL_TASK(2), false);
	return (uint32_t)wrong;
}

/*
 * A call and its interrupt free the same page under the same name, and the
 * handler takes it anew: one of the two frees it, and the handler keeps what
 * it took.
 */
static void race(void)
{
	uint32_t firsts = 0, n;

	handler = irq_put_and_get;
	for (n = 2; n < 120; n++) {
		int got;

		pool_reclaim(&pool, POOL_TASK(2));
		pool_set(ALL, 0);
		named_page = (POOL_BASE + 4 * PAGE) | issue_of(4);
		handler_ran = 0;
		board_timer(0, CYCLES(n));
		got = pool_put(&pool, named_page, POOL_KERNEL);
		while (!handler_ran)
			;
		if (!got == !handler_got)
			tap_bad("not one of the two freed it", n, handler_got);
		if (pool.taken != (again ? ALL : 0xefu) || srd() != pool.taken)
			tap_bad("taken, subregions", pool.taken, srd());
		if (again && pool_owner(&pool, again) != POOL_TASK(2))
			tap_bad("taken away from the handler", n, trap_pc);
		firsts += !got;
	}
	pool_reclaim(&pool, POOL_TASK(2));
	if (!firsts || firsts == n - 2)
		tap_bad("the handler always came too late, or too early",
			firsts, n);
	tap_so("a page that two free at once is freed once");
}

static uint32_t do_nothing(void)
{
	for (volatile uint32_t i = 0; i < 10; i++)
		;
	return 0;
}

void sweep_tests(void)
{
	static const struct sweep nothing = {
		"nothing", do_nothing, 40, { 0 }
	};
	uint32_t least;

	trap_timer[0] = on_timer;
	least = worst_of(&nothing, NULL);
	board_text("# | an interrupt during | late by at most (instructions) "
		   "|\n");
	for (uint32_t s = 0; s < sizeof(sweeps) / sizeof(*sweeps); s++) {
		const struct sweep *sweep = &sweeps[s];
		uint32_t late = worst_of(sweep, NULL) - least;

		for (uint32_t h = 0; h < sizeof(handlers) / sizeof(*handlers);
		     h++) {
			worst_of(sweep, handlers[h]);
		}
		board_text("# | ");
		board_text(sweep->what);
		board_text(" | ");
		board_number(late);
		board_text(" |\n");
		if (late > sweep->limit[bench_mpu()])
			tap_bad(sweep->what, late, sweep->limit[bench_mpu()]);
	}
	board_timer(0, 0);
	tap_line("interrupted calls:", runs);
	tap_so("an interrupt at every instruction: both get what they asked "
	       "for, and in time");
	race();
}
