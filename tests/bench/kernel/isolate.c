// SPDX-License-Identifier: GPL-2.0-only
/*
 * What isolation costs: pages go from the device to a task and round again
 *
 * A round takes all pages of a small pool, hands them to the device and back, and frees
 * them.  With isolate=strict each must be mapped again before it can be taken: the task
 * waits until the worker has done that and says so, on the only processor.  So a round's
 * instructions are those of the task, the worker, and the changes between the two.  The
 * device is QEMU's edu, which need not do anything.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/labyrinth_pool.h>
#include <linux/math64.h>
#include <linux/pci.h>
#include <linux/seq_buf.h>
#include <linux/vmalloc.h>

#include "source.h"

#define BENCH_ROUND_PAGES	256
#define BENCH_ROUND_STEP	20	/* rounds of one reading */
#define BENCH_ROUND_WAIT	(10 * HZ)

struct bench_rounds {
	struct labyrinth *maze;
	enum labyrinth_isolate isolate;
	unsigned int done;		/* pages */
	struct completion refilled;
	const char *wrong;
	u64 total;			/* instructions of all rounds */
	labyrinth_page_t page[BENCH_ROUND_PAGES];
	struct bench_hist back;		/* the hand-over from the device */
	struct bench_hist free;
};

static const char *bench_isolation(const struct bench_rounds *rounds)
{
	return rounds->isolate == LABYRINTH_ISOLATE_STRICT ? "labyrinth isolated" : "labyrinth";
}

static void bench_refilled(void *arg)
{
	struct bench_rounds *rounds = arg;

	complete(&rounds->refilled);
}

static bool bench_take_all(struct bench_rounds *rounds)
{
	unsigned int taken = 0;

	while (taken < BENCH_ROUND_PAGES && !rounds->wrong) {
		labyrinth_page_t page = labyrinth_alloc(rounds->maze, 1);

		if (labyrinth_page_ok(page)) {
			rounds->page[taken++] = page;
			if (labyrinth_to_device(rounds->maze, page))
				rounds->wrong = "a page was not handed over";
		} else if (!wait_for_completion_timeout(&rounds->refilled, BENCH_ROUND_WAIT)) {
			rounds->wrong = "pages did not come back";
		}
	}
	return !rounds->wrong;
}

static void bench_round(struct bench_rounds *rounds)
{
	u32 skip = bench_overhead(), begin, end;
	u32 first = bench_now();
	unsigned int i;
	int err = 0;

	if (!bench_take_all(rounds))
		return;
	for (i = 0; i < BENCH_ROUND_PAGES; i++) {
		begin = bench_now();
		err |= labyrinth_isolate(rounds->maze, rounds->page[i], PAGE_SIZE);
		end = bench_now();
		bench_note(&rounds->back, end - begin - skip);
	}
	for (i = 0; i < BENCH_ROUND_PAGES; i++) {
		begin = bench_now();
		err |= labyrinth_free(rounds->maze, rounds->page[i]);
		end = bench_now();
		bench_note(&rounds->free, end - begin - skip);
	}
	rounds->total += (u32)(bench_now() - first);
	rounds->done += BENCH_ROUND_PAGES;
	if (err)
		rounds->wrong = "a page did not come back, or was not freed";
}

static void bench_rounds_rows(struct bench_rounds *rounds, struct seq_buf *text)
{
	struct bench_label label = {
		.pattern = "isolate",
		.allocator = bench_isolation(rounds),
		.entry = "exported",
		.policy = "pool",
		.watched = "no",
		.context = "process",
		.bulk = 1,
	};

	bench_row(text, &label, &rounds->back, 0);
	label.pattern = "free";
	bench_row(text, &label, &rounds->free, 0);
	label.pattern = "round";
	bench_clear(&rounds->back);
	rounds->back.count = rounds->done;
	bench_row(text, &label, &rounds->back, div64_u64(rounds->total * 100, rounds->done));
}

static bool bench_rounds_start(struct bench_rounds *rounds, struct seq_buf *text)
{
	struct labyrinth_params params = {
		.name = "bench",
		.dev = bench_edu_device(),
		.dir = DMA_FROM_DEVICE,
		.node = NUMA_NO_NODE,
		.pages = BENCH_ROUND_PAGES,
		.low = BENCH_ROUND_PAGES / 2,
		.policy = LABYRINTH_POLICY_POOL,
		.isolate = rounds->isolate,
		.refilled = bench_refilled,
		.arg = rounds,
	};

	init_completion(&rounds->refilled);
	rounds->maze = labyrinth_create(&params);
	if (IS_ERR(rounds->maze)) {
		seq_buf_printf(text, "error\tno pool for the rounds: error %ld\n",
			       PTR_ERR(rounds->maze));
		rounds->maze = NULL;
		return false;
	}
	bench_clear(&rounds->back);
	bench_clear(&rounds->free);
	rounds->total = 0;
	rounds->done = 0;
	return true;
}

static void bench_rounds_stop(struct bench_rounds *rounds)
{
	if (rounds->maze)
		labyrinth_destroy(rounds->maze, 100);
	rounds->maze = NULL;
}

static bool bench_rounds_next(void *state, struct seq_buf *text)
{
	struct bench_rounds *rounds = state;
	bool more;
	int i;

	if (!rounds->maze && !bench_rounds_start(rounds, text))
		return false;
	for (i = 0; i < BENCH_ROUND_STEP && rounds->done < bench_other_samples; i++)
		if (!rounds->wrong)
			bench_round(rounds);
	seq_buf_printf(text, "progress\t%u\t%u\tpages, %s\n", rounds->done, bench_other_samples,
		       bench_isolation(rounds));
	if (rounds->done < bench_other_samples && !rounds->wrong)
		return true;
	if (rounds->wrong)
		seq_buf_printf(text, "error\t%s\n", rounds->wrong);
	else
		bench_rounds_rows(rounds, text);
	more = rounds->isolate == LABYRINTH_ISOLATE_NONE && !rounds->wrong;
	bench_rounds_stop(rounds);
	rounds->isolate = LABYRINTH_ISOLATE_STRICT;
	return more;
}

static void *bench_rounds_open(void)
{
	struct bench_rounds *rounds;

	if (!bench_edu_device())
		return ERR_PTR(-ENODEV);
	rounds = vzalloc(sizeof(*rounds));
	return rounds ?: ERR_PTR(-ENOMEM);
}

static void bench_rounds_close(void *state)
{
	bench_rounds_stop(state);
	vfree(state);
}

const struct bench_source bench_isolations = {
	.open = bench_rounds_open,
	.next = bench_rounds_next,
	.close = bench_rounds_close,
};
