// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who has what, and how often: sums over CPUs and blocks
 *
 * The fast paths count nothing.  What a front put into avail less what is still in
 * it was issued; what is not counted under another route, or another context, is
 * cpu, or hardirq.  All numbers are exact at a quiet moment, and each for itself a
 * recent one otherwise.
 */
#include "core.h"

/* Pages of a block that clients have; its lock is held, or nothing goes on */
u64 lab_out(struct lab_core *core, struct lab_block *b)
{
	u64 out = b->out;

	if (b->owner != LAB_NO_CPU)
		out &= ~lab_load(&lab_front_of(core, b->owner)->hot.avail);
	return out | b->old;
}

/* Since when one of them is out */
u16 lab_epoch_of(struct lab_core *core, struct lab_block *b, u32 bit)
{
	return b->old >> bit & 1 ? core->epoch[lab_first(core, b) + bit] : b->gen;
}

static void lab_front_stats(struct lab_front *front, struct labyrinth_stats *stats, u64 *issued,
			    u32 *kept)
{
	u64 avail = lab_load(&front->hot.avail);
	u64 back = lab_load(&front->hot.back) & lab_load(&front->mask);
	u64 other = lab_load(&front->opened) & ~lab_load(&front->hot.other_ok);
	u32 i;

	*issued += lab_load(&front->loaded) - lab_popcount(avail);
	stats->allocs[LABYRINTH_ROUTE_CPU] -= lab_load(&front->other);
	for (i = 0; i < LABYRINTH_NR_ROUTES; i++) {
		u64 nmi = lab_load(&front->nmi_allocs[i]);

		stats->allocs[i] += lab_load(&front->allocs[i]) + nmi;
		if (i != LABYRINTH_ROUTE_FAIL)
			stats->contexts[LABYRINTH_CTX_NMI] += nmi;
	}
	for (i = 0; i < LABYRINTH_NR_CONTEXTS; i++)
		stats->contexts[i] += lab_load(&front->contexts[i]);
	stats->frees += lab_load(&front->frees) + lab_popcount(back) + lab_popcount(other);
	stats->refused += lab_load(&front->refused) + lab_load(&front->nmi_refused);
	stats->late += lab_load(&front->late);
	stats->isolated += lab_load(&front->isolated);
	*kept += lab_popcount(avail) + lab_popcount(back) + lab_popcount(other) +
		 lab_load(&front->held);
}

static void lab_block_stats(struct lab_block *b, struct labyrinth_stats *stats)
{
	u64 here, back, quarantined, busy, user, lent, waiting;
	lab_pin_t pin;

	lab_pin(pin);
	lab_lock(&b->lock);
	here = b->here;
	back = b->back;
	quarantined = b->quarantined;
	busy = lab_load(&b->busy) & ~quarantined;
	user = lab_load(&b->user) & ~quarantined;
	lent = b->lent & ~quarantined;
	waiting = busy & user & ~(b->out | b->old);
	busy &= ~(b->apart | waiting);
	lab_unlock(&b->lock);
	lab_unpin(pin);
	stats->total += lab_popcount(here);
	stats->owned[LABYRINTH_OWNER_FREE] += lab_popcount(back) + lab_popcount(waiting);
	stats->unmapped += lab_popcount(waiting);
	stats->owned[LABYRINTH_OWNER_QUARANTINED] += lab_popcount(quarantined);
	stats->owned[LABYRINTH_OWNER_USER] += lab_popcount(busy & user) + lab_popcount(lent);
	stats->owned[LABYRINTH_OWNER_DEVICE] += lab_popcount(busy & ~user);
}

/* Fills @stats */
void lab_stats(struct lab_core *core, struct labyrinth_stats *stats)
{
	u64 issued = 0, all = 0;
	u32 i, kept = 0, rest;
	lab_pin_t pin;
	int cpu;

	memset(stats, 0, sizeof(*stats));
	lab_for_each_cpu(core, cpu)
		lab_front_stats(lab_front_of(core, cpu), stats, &issued, &kept);
	stats->allocs[LABYRINTH_ROUTE_CPU] += issued;
	for (i = 0; i < LABYRINTH_ROUTE_FAIL; i++)
		all += stats->allocs[i];
	stats->contexts[LABYRINTH_CTX_HARDIRQ] =
		all - stats->contexts[LABYRINTH_CTX_PROCESS] -
		stats->contexts[LABYRINTH_CTX_SOFTIRQ] - stats->contexts[LABYRINTH_CTX_NMI];

	lab_pin(pin);
	lab_lock(&core->lock);
	stats->refills = core->refills;
	stats->shrunk = core->shrunk;
	stats->map_failed = core->map_failed;
	lab_unlock(&core->lock);
	lab_unpin(pin);

	stats->limit = core->limit;
	for (i = 0; i < core->blocks; i++) {
		lab_block_stats(&core->block[i], stats);
		if (!(i % 1024))
			lab_relax();
	}
	/* what fronts keep is free; at a busy moment it may have been counted twice */
	rest = stats->total - stats->owned[LABYRINTH_OWNER_QUARANTINED] -
	       stats->owned[LABYRINTH_OWNER_USER] - stats->owned[LABYRINTH_OWNER_DEVICE];
	stats->owned[LABYRINTH_OWNER_FREE] =
		min(stats->owned[LABYRINTH_OWNER_FREE] + kept, rest);
	stats->owned[LABYRINTH_OWNER_CPU] = rest - stats->owned[LABYRINTH_OWNER_FREE];
}
