// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that come back from other CPUs, on one CPU that counts
 *
 * Counting instructions needs a guest with one CPU.  So this is the pool's own core,
 * compiled a second time with several fronts and a number that says whose turn it is.
 * Pages are slots and nothing else.  All calls are made in a hard interrupt; between
 * the interrupts the worker does what it does in refill.c, on the same numbers.
 *
 * Around the core's allocation is what labyrinth_alloc() has around it in a hard
 * interrupt: the test for that, the front's next page, the kick of the worker.
 */
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/labyrinth_pool.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <../pool/core.h>

#include "source.h"
#include "trip.h"

#define REMOTE_STEP	100	/* interrupts of one reading */
#define REMOTE_ALL	LABYRINTH_NR_ROUTES

struct remote_shape {
	const char *pattern;
	u32 pages;
	u32 cpus;
	bool all_take;		/* every CPU allocates, not just CPU 0 */
	bool random;		/* pages come back in random order, else as they went */
};

static const struct remote_shape remote_shapes[] = {
	{ "alloc, freed on 7 other CPUs", 4096, 8, false, false },
	{ "alloc, freed on 7 other CPUs in random order", 4096, 8, false, true },
	{ "alloc, 8 CPUs, random order", 4096, 8, true, true },
	{ "alloc, 8 CPUs, random order, blocks of 8", 512, 8, true, true },
	{ "alloc, 8 CPUs, random order, no fronts", 64, 8, true, true },
	{ "alloc, 2 CPUs, random order", 1024, 2, true, true },
};

struct remote {
	struct lab_core core;
	const struct remote_shape *shape;
	struct lab_front *front;
	struct irq_work irq;
	enum labyrinth_route route;
	labyrinth_page_t *page;		/* that are out: a ring */
	u32 first, held, want;
	u32 random;
	u32 skip;
	u32 done;
	u32 late;
	u32 refused;
	struct bench_hist take[REMOTE_ALL + 1];
	struct bench_hist give;
};

unsigned int lab_sim_cpu;

static struct remote *remote_of(struct lab_core *core)
{
	return container_of(core, struct remote, core);
}

/* The platform's part: a page is its number */
int lab_page_make(struct lab_core *core, u32 slot, enum lab_how how)
{
	core->hot.frame[slot] = slot;
	core->hot.dma[slot] = PFN_PHYS((u64)slot);
	return 0;
}

void lab_page_drop(struct lab_core *core, u32 slot)
{
	core->hot.dma[slot] = DMA_MAPPING_ERROR;
}

int lab_block_make(struct lab_core *core, struct lab_block *b, bool *whole)
{
	u32 i;

	for (i = 0; i < lab_size(core); i++)
		lab_page_make(core, lab_first(core, b) + i, LAB_MAY_SLEEP);
	*whole = true;
	return 0;
}

void lab_block_drop(struct lab_core *core, struct lab_block *b)
{
	lab_block_unmap(core, b);
}

void lab_block_unmap(struct lab_core *core, struct lab_block *b)
{
	u32 i;

	for (i = 0; i < lab_size(core); i++)
		lab_page_drop(core, lab_first(core, b) + i);
}

void lab_found_late(struct lab_core *core, u64 key, u64 pages)
{
	remote_of(core)->late++;
}

static void remote_kicked(struct irq_work *irq)
{
}

/* What labyrinth_alloc() does in a hard interrupt when this CPU's block has no page */
static noinline labyrinth_page_t remote_more(struct remote *remote, bool empty)
{
	static const struct lab_caller who = { .context = LABYRINTH_CTX_HARDIRQ, .atomic = true };
	struct lab_core *core = &remote->core;
	struct lab_grant grant;
	bool got;

	grant.kick = false;
	if (likely(empty))
		got = lab_take(core, lab_front_here(core), &who, &grant);
	else
		got = lab_alloc(core, &who, &grant);
	if (unlikely(!got))
		lab_alloc_failed(core, &who, &grant);
	if (unlikely(grant.kick))
		irq_work_queue(&remote->irq);
	remote->route = grant.route;
	return grant.page;
}

static noinline labyrinth_page_t remote_alloc(struct remote *remote)
{
	struct lab_front *front = lab_front_here(&remote->core);
	u64 avail = front->hot.avail, first;
	labyrinth_page_t page;

	if (unlikely((preempt_count() & (HARDIRQ_MASK | NMI_MASK)) != HARDIRQ_OFFSET ||
		     lab_watched()))
		return (labyrinth_page_t){ 0 };
	remote->route = LABYRINTH_ROUTE_CPU;
	if (likely(avail)) {
		first = lab_lowest(avail);
		front->hot.avail = lab_without(avail, first);
		return (labyrinth_page_t){ front->hot.key + first };
	}
	if (!lab_round(&remote->core, front))
		return remote_more(remote, !front->hot.avail);
	page = lab_again(&remote->core);
	return likely(labyrinth_page_ok(page)) ? page : remote_more(remote, false);
}

static noinline int remote_free(struct remote *remote, labyrinth_page_t page)
{
	struct lab_move move;
	unsigned long flags;
	int err;

	local_irq_save(flags);
	if (lab_free_known(&remote->core, page)) {
		local_irq_restore(flags);
		return 0;
	}
	err = lab_free(&remote->core, page, &move);
	local_irq_restore(flags);
	if (unlikely(!err && move.kick))
		irq_work_queue(&remote->irq);
	return err;
}

static u32 remote_dice(struct remote *remote, u32 below)
{
	remote->random ^= remote->random << 13;
	remote->random ^= remote->random >> 17;
	remote->random ^= remote->random << 5;
	return remote->random % below;
}

static void remote_take_one(struct remote *remote)
{
	labyrinth_page_t page;
	u32 begin, took;

	lab_sim_cpu = remote->shape->all_take ? remote_dice(remote, remote->shape->cpus) : 0;
	begin = bench_now();
	page = remote_alloc(remote);
	took = bench_now() - begin - remote->skip;
	bench_note(&remote->take[REMOTE_ALL], took);
	bench_note(&remote->take[remote->route], took);
	remote->done++;
	if (labyrinth_page_ok(page))
		remote->page[(remote->first + remote->held++) % remote->shape->pages] = page;
}

static void remote_give_one(struct remote *remote)
{
	u32 which = remote->shape->random ? remote_dice(remote, remote->held) : 0;
	labyrinth_page_t *first = &remote->page[remote->first];
	u32 begin, took;
	int err;

	swap(*first, remote->page[(remote->first + which) % remote->shape->pages]);
	lab_sim_cpu = remote->shape->all_take ? remote_dice(remote, remote->shape->cpus) :
					      1 + remote_dice(remote, remote->shape->cpus - 1);
	begin = bench_now();
	err = remote_free(remote, *first);
	took = bench_now() - begin - remote->skip;
	bench_note(&remote->give, took);
	remote->refused += !!err;
	remote->first = (remote->first + 1) % remote->shape->pages;
	remote->held--;
}

static void remote_round(void *arg)
{
	struct remote *remote = arg;
	u32 i;

	remote->skip = bench_overhead();
	for (i = 0; i < BENCH_ROUND; i++) {
		if (remote->held > remote->want ||
		    (remote->held && remote_dice(remote, 2)))
			remote_give_one(remote);
		else
			remote_take_one(remote);
	}
}

static void remote_flush(struct remote *remote)
{
	unsigned long flags;
	u32 cpu;

	for (cpu = 0; cpu < remote->shape->cpus; cpu++) {
		local_irq_save(flags);
		lab_sim_cpu = cpu;
		lab_drain(&remote->core, lab_front_of(&remote->core, cpu));
		local_irq_restore(flags);
	}
	lab_sim_cpu = 0;
}

static void remote_worker(struct remote *remote)
{
	irq_work_sync(&remote->irq);
	lab_sim_cpu = 0;
	lab_work_begin(&remote->core);
	if (lab_starving(&remote->core))
		remote_flush(remote);
	lab_work_balance(&remote->core);
	lab_work_fed(&remote->core);
}

static void remote_tables_free(struct remote *remote)
{
	kvfree(remote->core.block);
	kvfree(remote->core.epoch);
	kvfree(remote->core.hot.frame);
	kvfree(remote->core.hot.dma);
	kvfree(remote->front);
	kvfree(remote->page);
	memset(&remote->core, 0, sizeof(remote->core));
	remote->front = NULL;
	remote->page = NULL;
}

static int remote_make(struct remote *remote)
{
	const struct remote_shape *shape = remote->shape;
	struct lab_core *core = &remote->core;
	int i;

	core->limit = shape->pages;
	core->pages = shape->pages;
	core->cpus = shape->cpus;
	/* so that the worker has to drop pages and make new ones all the time */
	core->low = shape->pages / 4;
	core->high = shape->pages / 8 * 5;
	core->id = 1;
	lab_shape(core);
	core->block = kvcalloc(core->blocks, sizeof(*core->block), GFP_KERNEL);
	core->epoch = kvcalloc(core->hot.slots, sizeof(*core->epoch), GFP_KERNEL);
	core->hot.frame = kvcalloc(core->hot.slots, sizeof(*core->hot.frame), GFP_KERNEL);
	core->hot.dma = kvcalloc(core->hot.slots, sizeof(*core->hot.dma), GFP_KERNEL);
	remote->front = kvcalloc(shape->cpus, sizeof(*remote->front), GFP_KERNEL);
	remote->page = kvcalloc(shape->pages, sizeof(*remote->page), GFP_KERNEL);
	if (!core->block || !core->epoch || !core->hot.frame || !core->hot.dma ||
	    !remote->front || !remote->page) {
		remote_tables_free(remote);
		return -ENOMEM;
	}
	core->hot.front = (struct labyrinth_front __force __percpu *)remote->front;
	lab_init(core);
	if (lab_grow(core, shape->pages) != shape->pages) {
		remote_tables_free(remote);
		return -ENOMEM;
	}
	for (i = 0; i <= REMOTE_ALL; i++)
		bench_clear(&remote->take[i]);
	bench_clear(&remote->give);
	remote->random = 0x9e3779b9;
	remote->first = 0;
	remote->held = 0;
	remote->done = 0;
	remote->late = 0;
	remote->refused = 0;
	return 0;
}

/* All pages back, and all there; what was wrong, or NULL */
static const char *remote_end(struct remote *remote)
{
	struct labyrinth_stats stats;
	const char *wrong = NULL;

	while (remote->held)
		remote_give_one(remote);
	remote_flush(remote);
	lab_stats(&remote->core, &stats);
	if (remote->refused || remote->late || stats.refused)
		wrong = "a good free was refused";
	else if (stats.owned[LABYRINTH_OWNER_FREE] != stats.total)
		wrong = "not all pages came back";
	irq_work_sync(&remote->irq);
	remote_tables_free(remote);
	return wrong;
}

static void remote_rows(struct remote *remote, struct seq_buf *text)
{
	char pattern[80], more[80];
	struct bench_label label = {
		.pattern = pattern,
		.allocator = "labyrinth",
		.entry = "exported",
		.policy = "pool",
		.watched = "no",
		.context = "hardirq",
		.bulk = 1,
		.more = more,
	};
	int i;

	snprintf(more, sizeof(more), "\tpages=%u\tsimulated_cpus=%u", remote->shape->pages,
		 remote->shape->cpus);
	snprintf(pattern, sizeof(pattern), "%s", remote->shape->pattern);
	bench_row(text, &label, &remote->take[REMOTE_ALL], 0);
	for (i = 0; i < REMOTE_ALL; i++) {
		if (!remote->take[i].count)
			continue;
		snprintf(pattern, sizeof(pattern), "%s, route %s", remote->shape->pattern,
			 labyrinth_route_name(i));
		bench_row(text, &label, &remote->take[i], 0);
	}
	snprintf(pattern, sizeof(pattern), "free%s", remote->shape->pattern + strlen("alloc"));
	bench_row(text, &label, &remote->give, 0);
}

/* How many may be out: mostly some, at times none, all, and more than there are */
static u32 remote_wanted(struct remote *remote)
{
	switch (remote_dice(remote, 4)) {
	case 0:
		return remote_dice(remote, 8);
	case 1:
		return remote->shape->pages;
	default:
		return remote_dice(remote, remote->shape->pages);
	}
}

static bool remote_next(void *state, struct seq_buf *text)
{
	struct remote *remote = state;
	const char *wrong;
	int i;

	if (!remote->front && remote_make(remote)) {
		seq_buf_printf(text, "error\tno memory for a pool with simulated CPUs\n");
		return false;
	}
	for (i = 0; i < REMOTE_STEP && remote->done < bench_samples; i++) {
		if (!(i % 4))
			remote->want = remote_wanted(remote);
		bench_trip(false, remote_round, remote);
		remote_worker(remote);
	}
	seq_buf_printf(text, "progress\t%u\t%u\t%s\n", min(remote->done, bench_samples),
		       bench_samples, remote->shape->pattern);
	if (remote->done < bench_samples)
		return true;
	remote_rows(remote, text);
	wrong = remote_end(remote);
	if (wrong)
		seq_buf_printf(text, "error\t%s: %s\n", remote->shape->pattern, wrong);
	remote->shape++;
	return !wrong && remote->shape < remote_shapes + ARRAY_SIZE(remote_shapes);
}

static void *remote_open(void)
{
	struct remote *remote = vzalloc(sizeof(*remote));

	if (!remote)
		return ERR_PTR(-ENOMEM);
	remote->shape = remote_shapes;
	init_irq_work(&remote->irq, remote_kicked);
	return remote;
}

static void remote_close(void *state)
{
	struct remote *remote = state;

	irq_work_sync(&remote->irq);
	if (remote->front)
		remote_tables_free(remote);
	vfree(remote);
}

const struct bench_source bench_remote = {
	.open = remote_open,
	.next = remote_next,
	.close = remote_close,
};
