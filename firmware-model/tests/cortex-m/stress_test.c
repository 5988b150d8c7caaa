// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread and two interrupts of different priority, each preempting the ones
 * below it, take pages, hand them over and give them back at random.  After
 * each step what one holds must be what one left there, and the MPU must bar
 * tasks from exactly what is exclusive.
 */
#include "bench.h"

#define HELD 3 /* so that the pool is empty now and then */

struct holder {
	uint32_t state; /* of the random numbers */
	uint32_t tag;
	uint32_t count;
	struct {
		void *page;
		bool shared;
	} held[HELD];
};

static struct holder holder[3];
static uint32_t steps, steps_left, violations, refusals, nested, depth;
static volatile uint8_t whose[POOL_PAGES];

static uint32_t draw(struct holder *who, uint32_t below)
{
	who->state ^= who->state << 13;
	who->state ^= who->state >> 17;
	who->state ^= who->state << 5;
	return who->state % below;
}

static void violated(const char *what, const void *page, uint32_t n)
{
	violations++;
	tap_bad(what, (uint32_t)(uintptr_t)page, n);
}

static uint32_t bit_of(const void *page)
{
	return 1u << ((uintptr_t)page - POOL_BASE) / PAGE;
}

/* A task's access to a page of one's own */
static void look(struct holder *who, void *page, bool shared)
{
	uint32_t *word = page;
	uint32_t before;

	if (word[0] != who->tag || word[PAGE / 4 - 1] != ~who->tag)
		violated("somebody wrote to it", page, word[0]);
	if (!(pool.taken & bit_of(page)))
		violated("it is free", page, pool.taken);
	if (!(srd() & bit_of(page)) != shared)
		violated("the MPU has it otherwise", page, srd());
	before = trap.count;
	as_user_load((uint32_t)(uintptr_t)page);
	/* A handler in between probes too, so not by the difference alone. */
	if (shared ? trap.count == before + 1 && who == &holder[2]
		   : trap.count == before)
		violated("a task's access", page, shared);
}

static void take(struct holder *who)
{
	uint32_t *page = alloc_labyrinth_page_gfp_atomic_exclusive(&pool);

	if (!page) {
		refusals++;
		return;
	}
	if (whose[((uintptr_t)page - POOL_BASE) / PAGE])
		violated("given away twice", page, 0);
	whose[((uintptr_t)page - POOL_BASE) / PAGE] = 1;
	page[0] = who->tag;
	page[PAGE / 4 - 1] = ~who->tag;
	who->held[who->count].page = page;
	who->held[who->count++].shared = false;
}

static void give(struct holder *who, uint32_t i)
{
	void *page = who->held[i].page;

	if (who->held[i].shared && pool_revoke(&pool, page))
		violated("not revoked", page, 0);
	whose[((uintptr_t)page - POOL_BASE) / PAGE] = 0;
	if (pool_free(&pool, page))
		violated("not freed", page, 0);
	who->held[i] = who->held[--who->count];
}

static void turn(struct holder *who, uint32_t i)
{
	void *page = who->held[i].page;

	if (who->held[i].shared ? pool_revoke(&pool, page)
				: pool_share(&pool, page))
		violated("not handed over", page, who->held[i].shared);
	who->held[i].shared = !who->held[i].shared;
}

static void step(struct holder *who)
{
	uint32_t i, dice = draw(who, 8);

	if (!who->count || (dice < 3 && who->count < HELD)) {
		take(who);
	} else {
		i = draw(who, who->count);
		look(who, who->held[i].page, who->held[i].shared);
		if (dice < 6)
			turn(who, i);
		else
			give(who, i);
	}
	if (who->count) {
		i = draw(who, who->count);
		look(who, who->held[i].page, who->held[i].shared);
	}
	steps++;
	steps_left -= steps_left != 0;
}

static void urgent(void)
{
	nested += depth++ != 0;
	step(&holder[2]);
	board_timer(0, CYCLES(150 + draw(&holder[2], 900)));
	depth--;
}

static void later(void)
{
	depth++;
	step(&holder[1]);
	board_timer(1, CYCLES(300 + draw(&holder[1], 1200)));
	depth--;
}

static void end(struct holder *who)
{
	while (who->count) {
		look(who, who->held[0].page, who->held[0].shared);
		give(who, 0);
	}
}

void stress_tests(uint32_t wanted)
{
	pool_set(0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		holder[i].state = 0x9e3779b9u * (i + 1);
		holder[i].tag = 0x1abe1000u + i;
	}
	steps_left = wanted;
	trap_wanted = true;
	trap_timer[0] = urgent;
	trap_timer[1] = later;
	board_timer(0, CYCLES(500));
	board_timer(1, CYCLES(700));
	while (steps_left)
		step(&holder[0]);
	board_timer(0, 0);
	board_timer(1, 0);
	for (uint32_t i = 0; i < 3; i++)
		end(&holder[i]);
	trap_wanted = false;
	tap_line("steps:", steps);
	tap_line("interrupts within an interrupt:", nested);
	tap_line("allocations of an empty pool:", refusals);
	tap_line("faults that were wanted:", trap.count);
	tap_line("violations:", violations);
	if (pool.taken || srd() || pool.refused || pool.failed != refusals)
		violated("what is left", (void *)pool.taken, srd());
	if (!nested || !refusals || steps < wanted)
		tap_bad("it was no stress", nested, refusals);
	tap_so("thread and two interrupts: no violation");
}
