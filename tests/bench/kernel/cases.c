// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool and what the kernel has, call by call, in hard interrupts and in softirq
 *
 * pair: take one, give it back; the average is over loops without a reading of the
 * counter inside.  alloc, free: the calls of such pairs, one by one.  The same "in
 * random order": up to 192 pages are out, and come back in random order, so that
 * the pool's fronts run empty and over all the time.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/seq_buf.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "source.h"
#include "trip.h"

#define BENCH_SEED	0x9e3779b9

struct bench_state {
	struct platform_device *pdev;
	unsigned int table;
	const struct bench_case *next;
	bool softirq;
	void (*fn)(struct bench_work *work);
	u32 skip_take, skip_give, skip_pair;	/* of each call */
	struct bench_work work;
};

static const struct bench_case * const bench_tables[] = {
	bench_own, bench_own_bulk, bench_others,
#ifdef CONFIG_PAGE_POOL
	bench_page_pool,
#endif
};

static __always_inline unsigned long nothing_take(void *pool)
{
	unsigned long page;

	asm volatile("" : "=r" (page));
	return page;
}

static __always_inline void nothing_give(void *pool, unsigned long page)
{
	asm volatile("" : : "r" (page));
}

BENCH_WORK(nothing)

static void bench_round(void *arg)
{
	struct bench_state *state = arg;

	state->fn(&state->work);
}

/* @count calls of one kind */
static void bench_run(struct bench_state *state, void (*fn)(struct bench_work *work),
		      enum bench_what what, unsigned int count)
{
	state->fn = fn;
	state->work.what = what;
	while (count) {
		state->work.count = min_t(unsigned int, count, BENCH_ROUND);
		count -= state->work.count;
		bench_trip(state->softirq, bench_round, state);
	}
}

static void bench_reset(struct bench_state *state)
{
	bench_clear(&state->work.take);
	bench_clear(&state->work.give);
	bench_clear(&state->work.pair);
	state->work.failed = 0;
	state->work.total = 0;
	state->work.random = BENCH_SEED;
}

static bool bench_constant(const struct bench_hist *hist, u32 *value)
{
	*value = bench_quantile(hist, 1);
	return *value == hist->max;
}

/* What measuring costs; false if that is not constant, for then nothing is counted */
static bool bench_calibrate(struct bench_state *state)
{
	bool constant;

	bench_reset(state);
	state->work.skip_take = 0;
	state->work.skip_give = 0;
	state->work.skip_pair = 0;
	bench_run(state, nothing_work, BENCH_EACH, 4 * BENCH_ROUND);
	constant = bench_constant(&state->work.take, &state->skip_take) &&
		   bench_constant(&state->work.give, &state->skip_give) &&
		   bench_constant(&state->work.pair, &state->skip_pair);
	state->work.skip_take = state->skip_take;
	state->work.skip_give = state->skip_give;
	state->work.skip_pair = state->skip_pair;
	return constant;
}

/* Hundredths of an instruction per pair of one page */
static u64 bench_average(struct bench_state *state, const struct bench_case *c,
			 unsigned int samples)
{
	u64 loops;

	bench_reset(state);
	bench_run(state, nothing_work, BENCH_PAIRS, samples);
	loops = state->work.total;
	/* the caches of the others fill first */
	bench_run(state, c->work, BENCH_PAIRS, BENCH_ROUND);
	bench_reset(state);
	bench_run(state, c->work, BENCH_PAIRS, samples);
	return div_u64((state->work.total - loops) * 100, samples * c->bulk);
}

static void bench_label_row(struct bench_state *state, const struct bench_case *c,
			    struct seq_buf *text, const char *pattern,
			    const struct bench_hist *hist, u64 hundredths)
{
	struct bench_label label = {
		.pattern = pattern,
		.allocator = c->allocator,
		.entry = c->entry,
		.policy = c->policy,
		.watched = c->watched,
		.context = state->softirq ? "softirq" : "hardirq",
		.bulk = c->bulk,
	};

	bench_row(text, &label, hist, hundredths);
}

/* Gives back what the mixed loop still holds */
static void bench_drain(struct bench_state *state, const struct bench_case *c)
{
	state->work.random = 0;		/* xorshift stays there, and means to give */
	bench_run(state, c->work, BENCH_MIXED, state->work.held);
}

static void bench_measure(struct bench_state *state, const struct bench_case *c,
			  struct seq_buf *text)
{
	unsigned int samples = max(1u, (c->often ? bench_samples : bench_other_samples) / c->bulk);
	unsigned int failed;
	u64 average;

	average = bench_average(state, c, samples);
	failed = state->work.failed;

	bench_reset(state);
	bench_run(state, c->work, BENCH_EACH, samples);
	failed += state->work.failed;
	bench_label_row(state, c, text, "pair", &state->work.pair, average);
	bench_label_row(state, c, text, "alloc", &state->work.take, 0);
	bench_label_row(state, c, text, "free", &state->work.give, 0);

	if (!c->no_mixed) {
		bench_reset(state);
		/* half of the calls are allocations */
		bench_run(state, c->work, BENCH_MIXED, 2 * samples);
		failed += state->work.failed;
		bench_label_row(state, c, text, "alloc, random order", &state->work.take, 0);
		bench_label_row(state, c, text, "free, random order", &state->work.give, 0);
		bench_drain(state, c);
	}
	if (failed)
		seq_buf_printf(text, "error\t%s, %s: %u calls got no page\n", c->allocator,
			       state->softirq ? "softirq" : "hardirq", failed);
}

static void bench_case_in(struct bench_state *state, const struct bench_case *c,
			  struct seq_buf *text)
{
	void *pool;

	if (c->no_hardirq && !state->softirq)
		return;
	/* There these take sleeping locks, and it is the pool's point that it does not */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && (!c->own || strcmp(c->policy, "pool")))
		return;
	if (!bench_calibrate(state)) {
		seq_buf_printf(text, "error\tthis guest does not count instructions (-icount)\n");
		return;
	}
	pool = c->start(&state->pdev->dev);
	if (IS_ERR(pool)) {
		seq_buf_printf(text, "error\t%s cannot be made: error %ld\n", c->allocator,
			       PTR_ERR(pool));
		return;
	}
	state->work.pool = pool;
	bench_measure(state, c, text);
	c->stop(pool);
}

static bool bench_next(void *arg, struct seq_buf *text)
{
	struct bench_state *state = arg;

	while (!state->next->allocator) {
		if (++state->table == ARRAY_SIZE(bench_tables))
			return false;
		state->next = bench_tables[state->table];
	}
	bench_case_in(state, state->next, text);
	if (state->softirq)
		state->next++;
	state->softirq = !state->softirq;
	return true;
}

static void *bench_open(void)
{
	struct bench_state *state = vzalloc(sizeof(*state));
	int err;

	if (!state)
		return ERR_PTR(-ENOMEM);
	state->next = bench_tables[0];
	state->pdev = platform_device_register_simple("labyrinth-bench", PLATFORM_DEVID_NONE,
						      NULL, 0);
	err = PTR_ERR_OR_ZERO(state->pdev);
	if (!err) {
		err = dma_coerce_mask_and_coherent(&state->pdev->dev, DMA_BIT_MASK(64));
		if (!err)
			return state;
		platform_device_unregister(state->pdev);
	}
	vfree(state);
	return ERR_PTR(err);
}

static void bench_close(void *arg)
{
	struct bench_state *state = arg;

	platform_device_unregister(state->pdev);
	vfree(state);
}

const struct bench_source bench_cases = {
	.open = bench_open,
	.next = bench_next,
	.close = bench_close,
};
