// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Exclusive pages: the paths that interrupts take
 *
 * Pages are numbered by slots, and 8 to 64 slots in a row are a block.  A CPU
 * allocates from one block at a time, the one in its front.  The front has three
 * masks of it that only this CPU touches, without a lock or an atomic:
 *
 *	mask	pages of the present issue
 *	avail	of these, not issued yet
 *	back	of these, issued and freed again on this CPU (inverted outside mask)
 *
 * alloc takes the lowest bit of avail.  free of a page of the present issue sets
 * its bit in back.  The handle has slot, pool and epoch in such an order that one
 * XOR with the front's key says whether it is of the present issue, and which bit.
 * Both are inline, in labyrinth_front.h; this file has all else:
 *
 *	alloc:	own avail	  -> route cpu
 *		own block again, if the whole issue is back here -> cpu, or returned if
 *			more came from other CPUs: a new issue under the next epoch
 *		a block of the depot, whole -> returned, or depot if never issued
 *		the depot's last pages	    -> reserve, atomic callers only
 *	free:	own block	  -> back
 *		another's	  -> this CPU's table: entries of (block, epoch), two
 *			where a block's may be, each with the pages which
 *			may be freed and those which were; an entry goes to
 *			its block under the block's lock, at once
 *			From the second page in a row of one block on, inline: the
 *			front has the entry's mask meanwhile (hot.other_ok), or as much
 *			of it as the table has room for, and the last page of that, or a
 *			page of another block, brings it back
 *
 * A route is where the call found the page: the other pages of a block that came
 * from the depot count as cpu.
 *
 * Which frees are refused.  Own block: exactly, in the call.  Another's: when the
 * entry is made, the pages that are out since the handle's epoch are looked up
 * under the lock, and all others are refused in the call.  What is left is a
 * duplicate on another CPU than the first free, which may go by what that CPU
 * knew of the issue before: the one that comes to the block second is found there,
 * counted as late and reported with its CPU; the page goes back once.  Handles are
 * mistaken only if exactly a multiple of 65,536 issues of their block lie in between.
 * A bare address has no epoch: its stale free succeeds when the page is out again.
 *
 * Hand-over.  A page is the CPU's unless its bit in the block's busy word is set,
 * then it is the device's or (user word) the user's.  A busy page is not freed.
 * A hand-over at the very moment of the free can win both checks; then the page
 * is found busy when it comes back, or is to be issued, and is quarantined.
 *
 * Bounds.  No path retries.  The longest allocation gives one block back and takes
 * another, or kicks the worker and takes one page: never both, nor both the first and
 * the noting of pages one by one (lab_take()).  It holds two locks at the most, each
 * of which is waited for behind at most one such section for each other CPU.
 *
 * Who may go short.  What other CPUs keep cannot be taken: one block each, and in
 * the tables of all CPUs at most held_max pages each.  So an atomic caller is
 * refused only when at most
 *
 *	F(CPUs) = (CPUs - 1) * block + CPUs * held_max
 *
 * pages are free (and from an NMI, which takes from the depot only, one block
 * more).  All blocks in fronts are at most 1/8 of the pool and all tables 1/16; a
 * pool too small for that has no fronts, takes each page singly from the depot,
 * and F is 0.  Another caller is refused only when at most reserve + F and one block
 * are free.
 * (A page that another CPU is freeing at this very moment is not free yet, nor is
 * one that the worker is making.)  While a refusal stands (LAB_STARVED_*) all
 * calls bypass the fronts, so that the refused caller can have the next page.
 *
 * Taking a page back from the device asks no lock, unless the page is of an issue that is not
 * the present one as a whole any more: lab_from_device().
 *
 * Ordering.  (1) A page's contents go from the one who frees it to the one who is
 * issued it: on one CPU by program order, else through the lock of its block, under
 * which the entry is committed and the block is taken.  (2) avail is read by other
 * CPUs without the owner's knowledge: see lab_issued().  (3) busy and user change by
 * atomic read-modify-writes that are full barriers; of two hand-overs of a page one
 * wins.  (4) bypass is written under the depot's lock and read without: a call that
 * misses a new flag leaves its page in its front or table, and the worker's flush of
 * all CPUs, which comes after the flag, brings it out (refill.c).  (5) gen, out and
 * quarantined are written under the block's lock and read without by lab_is_lent().  Who has
 * a handle has it from the one who issued the page, and so sees that issue or a later one;
 * gen is stored with release after out was emptied, and loaded with acquire before out, so
 * that a later issue is not mistaken for pages of the former.  A look that
 * is too old is followed by an atomic operation that can only succeed after the new owner's,
 * which is ordered after its issue; the look after that sees it.
 *
 * Contexts: any, pinned by the caller; NMI only where said.
 */
#include "block.h"
#include "core.h"
#include "depot.h"

/* busy and user of a front without a block; nothing writes them, for back bars it */
static u64 lab_nothing[2] = { ~0ULL, ~0ULL };

/* A front without a block: every test of the inline calls fails */
void lab_front_clear(struct lab_front *front)
{
	lab_store(&front->hot.avail, 0);
	lab_store(&front->hot.key, 0);
	lab_store(&front->hot.back, ~0ULL);
	front->hot.busy = lab_nothing;
	front->hot.addr = LAB_NO_ADDR;
	lab_store(&front->mask, 0);
	front->block = LAB_NONE;
}

int lab_refuse(struct lab_core *core, int err)
{
	lab_count(&lab_front_here(core)->refused, 1);
	return err;
}

/* Frees that were good for their CPU, and are not for the block */
void lab_late(struct lab_core *core, u64 key, u64 pages)
{
	struct lab_front *front = lab_front_here(core);

	/* the calls had counted them as good */
	lab_count(&front->frees, -(u64)lab_popcount(pages));
	lab_count(&front->refused, lab_popcount(pages));
	lab_count(&front->late, lab_popcount(pages));
	lab_found_late(core, key, pages);
}

/*
 * With the block's lock held: what was freed of it on this CPU goes back.  Returns
 * what had gone back before, from another CPU.
 */
static inline u64 lab_front_back(struct lab_core *core, struct lab_front *front,
				 struct lab_block *b)
{
	u64 freed = front->hot.back & front->mask;
	u64 good = freed & b->out;
	u32 count;

	if (!freed)
		return 0;
	lab_store(&front->hot.back, ~front->mask);
	/* late ones too: lab_late() takes them off again */
	count = lab_popcount(freed);
	lab_count(&front->frees, count);
	if (good != freed || good & (lab_load(&b->busy) | lab_load(&b->user) | b->quarantined))
		return lab_take_back(core, b, b->gen, freed);
	lab_store(&b->out, b->out & ~good);
	b->back |= good;
	b->free += count;
	return 0;
}

/* With the block's lock held: this CPU issues its free pages from now on */
static inline void lab_front_take(struct lab_core *core, struct lab_front *front,
				  struct lab_block *b)
{
	u64 mask = lab_fresh_issue(core, b);

	front->pages = b->free;
	b->free = 0;
	b->owner = front->cpu;
	front->block = lab_block_index(core, b);
	lab_store(&front->mask, mask);
	front->hot.busy = &b->busy;
	front->hot.addr = b->whole ? lab_slot_addr(core, lab_first(core, b)) : LAB_NO_ADDR;
	lab_store(&front->hot.back, ~mask);
	lab_store(&front->hot.key, lab_key(core, b, b->gen));
	lab_store(&front->hot.avail, mask);
	lab_count(&front->loaded, front->pages);
}

/* Issues the lowest page of avail, of which there is one */
static inline void lab_pop(struct lab_front *front, struct lab_grant *grant)
{
	u64 avail = front->hot.avail;

	lab_store(&front->hot.avail, avail & (avail - 1));
	grant->page.v = front->hot.key + lab_ctz(avail);
	if (grant->route != LABYRINTH_ROUTE_CPU) {
		lab_count(&front->other, 1);
		lab_count(&front->allocs[grant->route], 1);
	}
}

/* With the block's lock held: is all that was issued of it here, and nothing else to heed? */
static inline bool lab_plain_round(const struct lab_front *front, struct lab_block *b)
{
	return b->out == front->mask && !b->back &&
	       !(lab_load(&b->busy) | lab_load(&b->user) | b->quarantined);
}

/*
 * Where lab_round() says that all that was issued of the own block is back here: it is
 * issued anew, the pages `taken` to the caller at once.  The new key, or 0.
 */
static inline u64 lab_anew(struct lab_core *core, struct lab_front *front, u64 taken)
{
	struct lab_block *b = &core->block[front->block];
	u64 key = 0;

	lab_lock(&b->lock);
	if (lab_plain_round(front, b)) {
		lab_store_release(&b->gen, ++b->last);
		lab_count(&front->frees, front->pages);
		lab_count(&front->loaded, front->pages);
		key = lab_key(core, b, b->gen);
		lab_store(&front->hot.back, ~front->mask);
		lab_store(&front->hot.key, key);
		lab_store(&front->hot.avail, front->mask & ~taken);
	}
	lab_unlock(&b->lock);
	return key;
}

/* The next page after avail has become empty, if lab_round(); no page: lab_alloc() finds one */
labyrinth_page_t lab_again(struct lab_core *core)
{
	struct lab_front *front = lab_front_here(core);
	u32 first = lab_ctz(front->mask);
	u64 key = lab_anew(core, front, lab_bit(first));

	return (labyrinth_page_t){ key ? key + first : 0 };
}

/* The lowest `want` of some pages, or all; in bounded time */
static inline u64 lab_lowest_of(u64 pages, u32 want)
{
	u32 at = 0, step, count;
	u64 row;

	if (want >= lab_popcount(pages))
		return pages;
	/* the usual case: they are next to each other */
	row = (lab_bit(want) - 1) << lab_ctz(pages);
	if ((pages & row) == row)
		return row;
	for (step = LABYRINTH_BLOCK_MAX / 2; step; step /= 2) {
		count = lab_popcount(pages >> at & (lab_bit(step) - 1));
		if (count <= want) {
			want -= count;
			at += step;
		}
	}
	return pages & (lab_bit(at) - 1);
}

/*
 * A run for a hard interrupt: of avail, also where it has gaps, or of the block issued anew.
 * How many; 0: lab_alloc_run() finds some.
 */
u32 lab_again_run(struct lab_core *core, u32 want, struct labyrinth_run *run)
{
	struct lab_front *front = lab_front_here(core);
	u64 avail = front->hot.avail;

	if (avail) {
		run->base = front->hot.key;
		run->mask = lab_lowest_of(avail, want);
		lab_store(&front->hot.avail, avail & ~run->mask);
		return lab_popcount(run->mask);
	}
	if (!want || !lab_round(core, front))
		return 0;
	run->mask = lab_lowest_of(front->mask, want);
	run->base = lab_anew(core, front, run->mask);
	return run->base ? lab_popcount(run->mask) : 0;
}

/* The same when the block needs a closer look */
static bool lab_turn(struct lab_core *core, struct lab_front *front, struct lab_grant *grant)
{
	struct lab_block *b = &core->block[front->block];
	u64 key = front->hot.key, bad, remote;

	lab_lock(&b->lock);
	remote = b->back;
	bad = lab_front_back(core, front, b);
	lab_front_take(core, front, b);
	lab_unlock(&b->lock);
	if (bad)
		lab_late(core, key, bad);
	if (!front->hot.avail)
		return false;
	grant->route = remote ? LABYRINTH_ROUTE_RETURNED : LABYRINTH_ROUTE_CPU;
	lab_pop(front, grant);
	return true;
}

static bool lab_round_again(struct lab_core *core, struct lab_front *front,
			    struct lab_grant *grant)
{
	grant->page = lab_again(core);
	return labyrinth_page_ok(grant->page) || lab_turn(core, front, grant);
}

/* With the depot's lock held: the front lets go of its block, of which avail is empty */
static inline u64 lab_leave_block(struct lab_core *core, struct lab_front *front)
{
	struct lab_block *b;
	u64 bad;

	if (front->block == LAB_NONE)
		return 0;
	b = &core->block[front->block];
	lab_lock(&b->lock);
	bad = lab_front_back(core, front, b);
	b->owner = LAB_NO_CPU;
	lab_depot_enter(core, b);
	lab_unlock(&b->lock);
	lab_front_clear(front);
	return bad;
}

/* With both locks held: just one page of a block, that no front has, to the caller */
static inline bool lab_take_one(struct lab_core *core, struct lab_front *front,
				struct lab_block *b, struct lab_grant *grant)
{
	grant->page = lab_issue_any(core, b);
	lab_depot_less(core, b);
	lab_unlock(&b->lock);
	if (labyrinth_page_ok(grant->page))
		lab_count(&front->allocs[grant->route], 1);
	return labyrinth_page_ok(grant->page);
}

/* A page of the own block was issued singly, or is apart: not of the front's issue any more */
void lab_front_forget(struct lab_front *front, u64 one)
{
	if (!(front->mask & one))
		return;
	lab_store(&front->mask, front->mask & ~one);
	lab_store(&front->hot.back, front->hot.back | one);
	front->pages--;
}

/*
 * With the depot's lock held: the worker must be kicked, which costs as much as
 * changing blocks.  So that is left to the next call: one page of the depot, or else of
 * what has come back to the own block.
 */
static bool lab_take_short(struct lab_core *core, struct lab_front *front,
			   const struct lab_caller *who, struct lab_grant *grant, u64 *bad)
{
	struct lab_block *b = lab_depot_first(core, who->atomic, &grant->route);

	if (b) {
		lab_lock(&b->lock);
		return lab_take_one(core, front, b, grant);
	}
	if (front->block == LAB_NONE || core->bypass & LAB_CLOSED)
		return false;
	b = &core->block[front->block];
	lab_lock(&b->lock);
	*bad = lab_front_back(core, front, b);
	grant->page = lab_issue_any(core, b);
	lab_unlock(&b->lock);
	if (!labyrinth_page_ok(grant->page))
		return false;
	lab_front_forget(front, lab_bit(labyrinth_page_slot(grant->page) - lab_first(core, b)));
	grant->route = LABYRINTH_ROUTE_RETURNED;
	lab_count(&front->allocs[LABYRINTH_ROUTE_RETURNED], 1);
	return true;
}

/*
 * A block of the depot comes into the front, or just one page of it to the caller: if
 * there are no fronts, and if pages of its last issue are out and would have to be noted
 * one by one first.  Many are noted when one of them comes back, not here; a few are
 * here, but not in a call that has given back a block as well.  False, and no page in
 * @grant, if there is none.
 */
bool lab_take(struct lab_core *core, struct lab_front *front, const struct lab_caller *who,
	      struct lab_grant *grant)
{
	struct lab_block *b;
	u32 few = front->block == LAB_NONE ? LAB_RETIRE_FEW : 0;
	u64 key = front->hot.key, bad = 0;
	bool got = false;

	lab_lock(&core->lock);
	grant->kick = lab_depot_short(core);
	if (grant->kick && !front->hot.avail && !core->bypass) {
		got = lab_take_short(core, front, who, grant, &bad);
		lab_unlock(&core->lock);
		goto out;
	}
	if (!front->hot.avail)
		bad = lab_leave_block(core, front);
	b = lab_depot_first(core, who->atomic, &grant->route);
	if (!b) {
		lab_unlock(&core->lock);
		goto out;
	}
	lab_lock(&b->lock);
	if (core->fronts && !core->bypass && front->block == LAB_NONE &&
	    lab_popcount(b->out) <= few) {
		lab_depot_leave(core, b);
		lab_unlock(&core->lock);
		lab_front_take(core, front, b);
		lab_unlock(&b->lock);
		got = front->hot.avail;
		if (got)
			lab_pop(front, grant);
	} else {
		got = lab_take_one(core, front, b, grant);
		lab_unlock(&core->lock);
	}
out:
	if (bad)
		lab_late(core, key, bad);
	return got;
}

/*
 * False: nothing in the pool for this caller.  The caller may then look
 * elsewhere (lab_alloc_new()) and must end with lab_alloc_failed() otherwise.
 */
bool lab_alloc(struct lab_core *core, const struct lab_caller *who, struct lab_grant *grant)
{
	struct lab_front *front = lab_front_here(core);
	bool barred = core->reserve && !who->atomic && lab_load(&core->depot) < core->reserve;
	bool got;

	grant->kick = false;
	grant->page.v = 0;
	grant->route = LABYRINTH_ROUTE_CPU;
	if (barred)
		return false;
	if (front->hot.avail) {
		lab_pop(front, grant);
		got = true;
	} else {
		got = lab_round(core, front) && lab_round_again(core, front, grant);
		if (!got)
			got = lab_take(core, front, who, grant);
	}
	if (got && who->context != LABYRINTH_CTX_HARDIRQ)
		lab_count(&front->contexts[who->context], 1);
	return got;
}

/* With the depot's lock held: somebody was refused; true: kick the worker */
static bool lab_starve(struct lab_core *core, u32 starved)
{
	bool first;

	if (core->bypass & (starved | LAB_CLOSED))
		return false;
	lab_store(&core->bypass, core->bypass | starved);
	/* the first refusal asks for the flush, even if nothing is free now */
	first = !core->kicked;
	core->kicked = true;
	return first;
}

/* A call ends without a page: note who is to be told when there are some again */
void lab_alloc_failed(struct lab_core *core, const struct lab_caller *who,
		      struct lab_grant *grant)
{
	grant->page.v = 0;
	grant->route = LABYRINTH_ROUTE_FAIL;
	lab_count(&lab_front_here(core)->allocs[LABYRINTH_ROUTE_FAIL], 1);
	lab_lock(&core->lock);
	grant->kick |= lab_starve(core, who->atomic ? LAB_STARVED_ATOMIC : LAB_STARVED_PLAIN);
	lab_unlock(&core->lock);
}

static bool lab_nmi_take(struct lab_core *core, struct lab_grant *grant)
{
	struct lab_block *b = lab_depot_first(core, true, &grant->route);
	u32 tries;

	for (tries = 0; b && tries < LAB_NMI_TRIES; tries++) {
		if (lab_trylock(&b->lock)) {
			grant->page = lab_issue_any(core, b);
			lab_depot_less(core, b);
			lab_unlock(&b->lock);
			break;
		}
		b = b->next == LAB_NONE ? NULL : &core->block[b->next];
	}
	return labyrinth_page_ok(grant->page);
}

/*
 * One page for an NMI, from the depot.  It may have interrupted anything, so it
 * only tries the locks: no page also when they are held at this moment.
 */
bool lab_alloc_nmi(struct lab_core *core, struct lab_grant *grant)
{
	struct lab_front *front = lab_front_here(core);
	bool got = false;

	grant->kick = false;
	grant->page.v = 0;
	if (lab_trylock(&core->lock)) {
		got = lab_nmi_take(core, grant);
		grant->kick = got ? lab_depot_short(core) :
				    lab_starve(core, LAB_STARVED_ATOMIC);
		lab_unlock(&core->lock);
	}
	if (!got)
		grant->route = LABYRINTH_ROUTE_FAIL;
	lab_count(&front->nmi_allocs[grant->route], 1);
	return got;
}

/* Up to @want pages of one block and issue; how many */
u32 lab_alloc_run(struct lab_core *core, const struct lab_caller *who, u32 want,
		  struct labyrinth_run *run, struct lab_grant *grant)
{
	struct lab_front *front = lab_front_here(core);
	u64 avail, more, bit;

	run->base = 0;
	run->mask = 0;
	if (!want || !lab_alloc(core, who, grant))
		return 0;
	bit = grant->page.v ^ front->hot.key;
	if (bit >= LABYRINTH_BLOCK_MAX || !(front->mask >> bit & 1)) {
		run->base = grant->page.v;
		run->mask = 1;
		return 1;
	}
	run->base = front->hot.key;
	run->mask = lab_bit(bit);
	avail = front->hot.avail;
	more = lab_lowest_of(avail, want - 1);
	lab_store(&front->hot.avail, avail & ~more);
	run->mask |= more;
	if (who->context != LABYRINTH_CTX_HARDIRQ)
		lab_count(&front->contexts[who->context], lab_popcount(more));
	return lab_popcount(run->mask);
}

/* Gives all that a front keeps to the depot; true: kick.  Its CPU must be this one, or dead. */
bool lab_drain(struct lab_core *core, struct lab_front *front)
{
	struct lab_block *b;
	u64 avail, bad = 0;
	u64 key = front->hot.key;
	bool kick = false;

	if (front->block != LAB_NONE) {
		b = &core->block[front->block];
		lab_lock(&core->lock);
		lab_lock(&b->lock);
		avail = front->hot.avail;
		lab_store(&front->hot.avail, 0);
		lab_store(&b->out, b->out & ~avail);
		b->back |= avail;
		b->free += lab_popcount(avail);
		lab_unlock(&b->lock);
		lab_count(&front->loaded, -(u64)lab_popcount(avail));
		bad = lab_leave_block(core, front);
		lab_unlock(&core->lock);
	}
	kick = lab_commit_all(core, front);
	if (bad)
		lab_late(core, key, bad);
	return kick;
}
