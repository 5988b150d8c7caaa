/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel benchmark: an allocator as the measuring loops see it
 *
 * Each allocator is a pair of always-inline functions.  BENCH_WORK() makes loops of
 * its own for it, without an indirect call and with the pool in a register, as in a
 * driver that has just found it in its queue.  The same loops around nothing say what
 * loop, test for "no page" and reading of the counter cost; that is taken off.
 */
#ifndef BENCH_H
#define BENCH_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "hist.h"

struct device;

#define BENCH_PAGES	1024		/* of a pool: what the loops hold, and more */
#define BENCH_HELD	192		/* the mixed loop holds up to so many */

enum bench_what {
	BENCH_PAIRS,			/* take, give: all together */
	BENCH_EACH,			/* take, give: each call on its own */
	BENCH_MIXED,			/* in random order, with up to BENCH_HELD out */
};

struct bench_work {
	enum bench_what what;
	void *pool;
	unsigned int count;
	u32 skip_take, skip_give, skip_pair;	/* what measuring itself costs */
	u64 total;			/* of BENCH_PAIRS */
	unsigned int failed;
	u32 random;
	unsigned int held;
	unsigned long page[BENCH_HELD];
	struct bench_hist take, give, pair;
};

struct bench_case {
	const char *allocator;
	const char *entry;		/* how it is called */
	const char *policy;
	const char *watched;		/* who watches: "no", "holders" or "trace" */
	unsigned int bulk;		/* pages per call */
	bool own;			/* the pool, and not what it is compared with */
	bool often;			/* called `samples` times, not `other_samples` */
	bool no_hardirq;		/* not allowed there */
	bool no_mixed;			/* gives back what it took last only */
	void *(*start)(struct device *dev);	/* what the calls get, or an ERR_PTR */
	void (*stop)(void *pool);
	void (*work)(struct bench_work *work);
};

/* Tables, each with an empty end */
extern const struct bench_case bench_own[];
extern const struct bench_case bench_own_bulk[];
extern const struct bench_case bench_others[];
extern const struct bench_case bench_page_pool[];

void bench_nothing(struct bench_work *work);

typedef unsigned long (*bench_take_t)(void *pool);
typedef void (*bench_give_t)(void *pool, unsigned long page);

/* From here the compiler knows nothing of a page: it has to be there, and may be 0 */
static __always_inline unsigned long bench_opaque(unsigned long page)
{
	asm volatile("" : "+r" (page) : : "memory");
	return page;
}

static __always_inline void bench_pairs(struct bench_work *work, bench_take_t take,
					bench_give_t give)
{
	unsigned int i, failed = 0;
	void *pool = work->pool;
	u32 begin = bench_now();

	for (i = work->count; i; i--) {
		unsigned long page = bench_opaque(take(pool));

		if (likely(page))
			give(pool, page);
		else
			failed++;
	}
	work->total += (u32)(bench_now() - begin);
	work->failed += failed;
}

static __always_inline void bench_each(struct bench_work *work, bench_take_t take,
				       bench_give_t give)
{
	void *pool = work->pool;
	unsigned int i;

	for (i = work->count; i; i--) {
		u32 begin = bench_now(), between, end;
		unsigned long page = bench_opaque(take(pool));

		between = bench_now();
		if (unlikely(!page)) {
			work->failed++;
			continue;
		}
		give(pool, page);
		end = bench_now();
		bench_note(&work->take, between - begin - work->skip_take);
		bench_note(&work->give, end - between - work->skip_give);
		bench_note(&work->pair, end - begin - work->skip_pair);
	}
}

static inline u32 bench_random(struct bench_work *work)
{
	work->random ^= work->random << 13;
	work->random ^= work->random >> 17;
	work->random ^= work->random << 5;
	return work->random;
}

static __always_inline void bench_mixed(struct bench_work *work, bench_take_t take,
					bench_give_t give)
{
	void *pool = work->pool;
	unsigned int i;

	for (i = work->count; i; i--) {
		u32 dice = bench_random(work), begin, end;
		unsigned long page;

		if (!work->held || (work->held < BENCH_HELD && dice & 0x10000)) {
			begin = bench_now();
			page = bench_opaque(take(pool));
			end = bench_now();
			if (unlikely(!page)) {
				work->failed++;
				continue;
			}
			work->page[work->held++] = page;
			bench_note(&work->take, end - begin - work->skip_take);
		} else {
			unsigned int which = (dice & 0xffff) % work->held;

			page = work->page[which];
			work->page[which] = work->page[--work->held];
			begin = bench_now();
			give(pool, bench_opaque(page));
			end = bench_now();
			bench_note(&work->give, end - begin - work->skip_take);
		}
	}
}

static __always_inline void bench_do(struct bench_work *work, bench_take_t take,
				     bench_give_t give)
{
	switch (work->what) {
	case BENCH_PAIRS:
		bench_pairs(work, take, give);
		break;
	case BENCH_EACH:
		bench_each(work, take, give);
		break;
	case BENCH_MIXED:
		bench_mixed(work, take, give);
		break;
	}
}

#define BENCH_WORK(name)						\
static noinline void name##_work(struct bench_work *work)		\
{									\
	bench_do(work, name##_take, name##_give);			\
}

#endif /* BENCH_H */
