// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has which page: records of allocations, and the list of what is out
 *
 * Off, an allocation pays one patched no-op for this and for the trace together
 * (labyrinth_watching).  On, each allocation leaves the inline path and writes a
 * record of its page.  A record is of one issue: if its epoch is not that of the
 * page, the page was taken while tracking was off.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>

#include "place.h"
#include "pool.h"
#include "trace.h"

DEFINE_STATIC_KEY_FALSE(labyrinth_watching);
EXPORT_SYMBOL_GPL(labyrinth_watching);

static DEFINE_MUTEX(lab_track_lock);	/* of the list, the count and the making of tables */
static LIST_HEAD(lab_mazes);
static unsigned int lab_trackers;

static int lab_record_make(struct labyrinth *maze)
{
	struct lab_record *record;

	if (maze->record)
		return 0;
	record = kvcalloc(maze->core.hot.slots, sizeof(*record), GFP_KERNEL);
	if (!record)
		return -ENOMEM;
	/* pairs with the dependent load in lab_watch_alloc() */
	smp_store_release(&maze->record, record);
	return 0;
}

/* A pool is there, and known to labyrinth_track(); 0 or -ENOMEM */
int lab_track_add(struct labyrinth *maze)
{
	int err = 0;

	mutex_lock(&lab_track_lock);
	if (lab_trackers)
		err = lab_record_make(maze);
	if (!err)
		list_add(&maze->all, &lab_mazes);
	mutex_unlock(&lab_track_lock);
	return err;
}

void lab_track_remove(struct labyrinth *maze)
{
	mutex_lock(&lab_track_lock);
	list_del(&maze->all);
	mutex_unlock(&lab_track_lock);
}

bool lab_tracking(void)
{
	return READ_ONCE(lab_trackers);
}

/**
 * labyrinth_track - note who takes pages, in all pools, or no longer
 * @on: whether this caller wants it; each call with true needs one with false
 *
 * 40 bytes for each slot are taken at the first time and kept as long as the pool.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOMEM: not enough memory, nothing has changed; -EINVAL: it was not on;
 * -EPERM: in a wrong context.
 */
int labyrinth_track(bool on)
{
	struct labyrinth *maze;
	int err = 0;

	if (!lab_may_sleep(TRACK))
		return -EPERM;
	mutex_lock(&lab_track_lock);
	if (!on) {
		if (lab_trackers) {
			WRITE_ONCE(lab_trackers, lab_trackers - 1);
			static_branch_dec(&labyrinth_watching);
		} else {
			err = -EINVAL;
		}
	} else {
		list_for_each_entry(maze, &lab_mazes, all)
			err = err ?: lab_record_make(maze);
		if (!err) {
			WRITE_ONCE(lab_trackers, lab_trackers + 1);
			static_branch_inc(&labyrinth_watching);
		}
	}
	mutex_unlock(&lab_track_lock);
	return err;
}
EXPORT_SYMBOL_GPL(labyrinth_track);

/* The tracepoints have users: see TRACE_EVENT_FN in trace.h */
int lab_watch_start(void)
{
	static_branch_inc(&labyrinth_watching);
	return 0;
}

void lab_watch_stop(void)
{
	static_branch_dec(&labyrinth_watching);
}

/* An allocation while somebody is watching; of an NMI there is a record and no event */
void lab_watch_alloc(struct labyrinth *maze, const struct lab_caller *who,
		     const struct lab_grant *grant, u16 holder, unsigned long caller)
{
	struct lab_record *record = READ_ONCE(maze->record);

	if (record && labyrinth_page_ok(grant->page)) {
		record += labyrinth_page_slot(grant->page);
		*record = (struct lab_record){
			.time = local_clock(),
			.caller = caller,
			.epoch = labyrinth_page_epoch(grant->page),
			.holder = holder,
			.cpu = raw_smp_processor_id(),
			.context = who->context,
			.valid = true,
		};
	}
	if (who->context != LABYRINTH_CTX_NMI)
		trace_labyrinth_alloc(maze, who, grant, holder);
}

/* A page that is this caller's loses its mapping */
void lab_watch_unmap(struct labyrinth *maze, u32 slot)
{
	struct lab_record *record = READ_ONCE(maze->record);

	if (!record)
		return;
	record[slot].was = maze->core.hot.dma[slot];
	record[slot].unmapped = local_clock();
}

static void lab_holder_fill(struct labyrinth *maze, u32 slot, u16 epoch,
			    struct labyrinth_holder *holder)
{
	struct lab_record *record = READ_ONCE(maze->record);
	u64 now = local_clock();

	holder->page.v = (u64)epoch << LABYRINTH_EPOCH_SHIFT |
			 (u64)maze->core.id << LABYRINTH_SLOT_BITS | slot;
	if (!record || !record[slot].valid || record[slot].epoch != epoch)
		return;
	record += slot;
	holder->tracked = true;
	holder->holder = record->holder;
	holder->cpu = record->cpu;
	holder->context = record->context;
	holder->age_ns = now > record->time ? now - record->time : 0;
	holder->caller = record->caller;
}

static int lab_each_out(struct labyrinth *maze,
			int (*fn)(const struct labyrinth_holder *holder, void *arg), void *arg)
{
	struct lab_core *core = &maze->core;
	u16 epoch[LABYRINTH_BLOCK_MAX];
	u8 owner[LABYRINTH_BLOCK_MAX];
	lab_pin_t flags;
	u32 i, bit;
	u64 out;
	int err;

	for (i = 0; i < core->blocks; i++) {
		struct lab_block *b = &core->block[i];

		lab_pin(flags);
		lab_lock(&b->lock);
		out = lab_out(core, b);
		for (bit = 0; bit < lab_size(core); bit++) {
			epoch[bit] = lab_epoch_of(core, b, bit);
			owner[bit] = lab_owner_of(b, bit);
		}
		lab_unlock(&b->lock);
		lab_unpin(flags);
		for (; out; out &= out - 1) {
			struct labyrinth_holder holder = { };

			bit = lab_ctz(out);
			holder.owner = owner[bit];
			lab_holder_fill(maze, lab_first(core, b) + bit, epoch[bit], &holder);
			err = fn(&holder, arg);
			if (err)
				return err;
		}
		if (!(i % 64))
			cond_resched();
	}
	return 0;
}

/**
 * labyrinth_holders - who has the pages that are out
 * @maze: the pool
 * @fn: called for each, in process context; ends the listing if it returns non-zero
 * @arg: for @fn
 *
 * Has each CPU give what it keeps to the depot first.  Pages that are taken or freed
 * meanwhile may be listed or not.
 *
 * Context: process; may sleep.
 * Return: 0, or what @fn returned; -EPERM in a wrong context.
 */
int labyrinth_holders(struct labyrinth *maze,
		      int (*fn)(const struct labyrinth_holder *holder, void *arg), void *arg)
{
	if (!lab_may_sleep(HOLDERS))
		return -EPERM;
	lab_flush_fronts(maze);
	return lab_each_out(maze, fn, arg);
}
EXPORT_SYMBOL_GPL(labyrinth_holders);

struct lab_listing {
	struct labyrinth *maze;
	void (*show)(void *arg, const char *line);
	void *arg;
	u32 most;
	u32 out;
};

static int lab_list_one(const struct labyrinth_holder *holder, void *arg)
{
	struct lab_listing *listing = arg;
	dma_addr_t dma;
	char line[240];
	int used;

	if (listing->out++ >= listing->most)
		return 0;
	dma = labyrinth_page_dma(listing->maze, holder->page);
	used = scnprintf(line, sizeof(line), "slot=%u epoch=%u owner=%s",
			 labyrinth_page_slot(holder->page), labyrinth_page_epoch(holder->page),
			 labyrinth_owner_name(holder->owner));
	if (holder->tracked)
		used += scnprintf(line + used, sizeof(line) - used,
				  " cpu=%u context=%s queue=%u age_ns=%llu caller=%pS", holder->cpu,
				  labyrinth_context_name(holder->context), holder->holder,
				  holder->age_ns, (void *)holder->caller);
	else
		used += scnprintf(line + used, sizeof(line) - used,
				  " cpu=? context=? queue=? age_ns=? caller=?");
	scnprintf(line + used, sizeof(line) - used, " dma=%pad", &dma);
	listing->show(listing->arg, line);
	return 0;
}

/* One line for each page that is out, @most at the most; returns how many are out */
u32 lab_list_holders(struct labyrinth *maze, void (*show)(void *arg, const char *line),
		     void *arg, u32 most)
{
	struct lab_listing listing = {
		.maze = maze,
		.show = show,
		.arg = arg,
		.most = most,
	};

	lab_each_out(maze, lab_list_one, &listing);
	return listing.out;
}

/*
 * One line for each page that is without a mapping: where it was mapped last, until when
 * (as in the kernel's log), and who had it.  Of pages whose mapping ended while tracking
 * was on.
 */
void lab_list_unmapped(struct labyrinth *maze, void (*show)(void *arg, const char *line),
		       void *arg)
{
	struct lab_record *record = READ_ONCE(maze->record);
	struct lab_core *core = &maze->core;
	char line[240];
	u32 slot;

	for (slot = 0; record && slot < core->hot.slots; slot++, record++) {
		u64 usec = div_u64(record->unmapped, NSEC_PER_USEC);
		u32 rest;

		if (!record->valid || !record->unmapped ||
		    READ_ONCE(core->hot.dma[slot]) != DMA_MAPPING_ERROR)
			continue;
		usec = div_u64_rem(usec, USEC_PER_SEC, &rest);
		scnprintf(line, sizeof(line),
			  "slot=%u epoch=%u was=%#llx unmapped=%llu.%06u cpu=%u context=%s queue=%u caller=%pS",
			  slot, record->epoch, record->was, usec, rest, record->cpu,
			  labyrinth_context_name(record->context), record->holder,
			  (void *)record->caller);
		show(arg, line);
		cond_resched();
	}
}
