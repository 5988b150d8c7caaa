// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * liblabyrinth: allocation, free and hand-over
 *
 * Late frees, those after labyrinth_destroy(), are serialised by one mutex: the
 * last of them frees the pool, and none of the others may still be inside.
 */
#include <pthread.h>

#include "user.h"

static pthread_mutex_t lab_late_lock = PTHREAD_MUTEX_INITIALIZER;

static struct lab_caller lab_caller_here(void)
{
	return (struct lab_caller){
		.context = lab_user_context,
		.atomic = lab_user_context != LABYRINTH_CTX_PROCESS,
	};
}

/* The pool had none for this caller */
static bool lab_alloc_elsewhere(struct labyrinth *maze, const struct lab_caller *who,
				struct lab_grant *grant)
{
	if (maze->policy != LABYRINTH_POLICY_POOL && who->context != LABYRINTH_CTX_NMI &&
	    lab_alloc_new(&maze->core, who, grant))
		return true;
	lab_alloc_failed(&maze->core, who, grant);
	errno = ENOMEM;
	return false;
}

labyrinth_page_t labyrinth_alloc_slow(struct labyrinth *maze, uint16_t holder)
{
	struct lab_caller who = lab_caller_here();
	struct lab_core *core = &maze->core;
	struct lab_grant grant = { .kick = false };
	labyrinth_page_t page;

	(void)holder;
	if (who.context == LABYRINTH_CTX_HARDIRQ && lab_round(core, lab_front_here(core))) {
		page = lab_again(core);
		if (labyrinth_page_ok(page))
			return page;
	}
	if (!lab_user_enter(maze)) {
		errno = EUSERS;
		return (labyrinth_page_t){ 0 };
	}
	if (who.context == LABYRINTH_CTX_NMI) {
		lab_alloc_nmi(core, &grant);
		return grant.page;
	}
	if (core->direct || !lab_alloc(core, &who, &grant))
		lab_alloc_elsewhere(maze, &who, &grant);
	return grant.page;
}

labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, uint16_t holder)
{
	if (lab_user_context != LABYRINTH_CTX_HARDIRQ)
		return labyrinth_alloc_slow(maze, holder);
	return labyrinth_alloc_pinned(maze, holder);
}

unsigned int labyrinth_alloc_run_slow(struct labyrinth *maze, unsigned int want, uint16_t holder,
				      struct labyrinth_run *run)
{
	struct lab_caller who = lab_caller_here();
	struct lab_grant grant = { .kick = false };
	u32 got;

	if (who.context == LABYRINTH_CTX_HARDIRQ) {
		got = lab_again_run(&maze->core, want, run);
		if (got)
			return got;
	}
	run->base = 0;
	run->mask = 0;
	if (!want || !lab_user_enter(maze))
		return 0;
	if (maze->core.direct || who.context == LABYRINTH_CTX_NMI) {
		run->base = labyrinth_alloc_slow(maze, holder).v;
		run->mask = !!run->base;
		return run->mask;
	}
	got = lab_alloc_run(&maze->core, &who, want, run, &grant);
	if (!got && lab_alloc_elsewhere(maze, &who, &grant)) {
		run->base = grant.page.v;
		run->mask = 1;
		got = 1;
	}
	return got;
}

unsigned int labyrinth_alloc_run(struct labyrinth *maze, unsigned int want, uint16_t holder,
				 struct labyrinth_run *run)
{
	if (lab_user_context != LABYRINTH_CTX_HARDIRQ)
		return labyrinth_alloc_run_slow(maze, want, holder, run);
	return labyrinth_alloc_run_pinned(maze, want, holder, run);
}

/* Two handles in a register, where the machine has such; four are looked at in a step */
typedef u64 lab_two_t __attribute__((vector_size(16), aligned(8), may_alias));

#define LAB_STEP	4

/* Handles next to each other */
static inline void lab_row_write(labyrinth_page_t *page, u64 first, u32 count)
{
	lab_two_t low = { first, first + 1 }, high = low + 2;
	u32 i;

	for (i = 0; i + LAB_STEP <= count; i += LAB_STEP) {
		*(lab_two_t *)(page + i) = low;
		*(lab_two_t *)(page + i + 2) = high;
		low += LAB_STEP;
		high += LAB_STEP;
	}
	for (; i < count; i++)
		page[i].v = first + i;
}

static inline bool lab_row_is(const labyrinth_page_t *page, u64 first, u32 count)
{
	lab_two_t low = { first, first + 1 }, high = low + 2;
	lab_two_t odd = { 0 }, odd_high = { 0 };
	u64 odd_one = 0;
	u32 i;

	for (i = 0; i + LAB_STEP <= count; i += LAB_STEP) {
		odd |= *(const lab_two_t *)(page + i) ^ low;
		odd_high |= *(const lab_two_t *)(page + i + 2) ^ high;
		low += LAB_STEP;
		high += LAB_STEP;
	}
	for (; i < count; i++)
		odd_one |= page[i].v ^ (first + i);
	odd |= odd_high;
	return !(odd[0] | odd[1] | odd_one);
}

unsigned int labyrinth_alloc_bulk(struct labyrinth *maze, uint16_t holder, labyrinth_page_t *page,
				  unsigned int count)
{
	struct labyrinth_run run;
	unsigned int got = 0;

	while (got < count && labyrinth_alloc_run(maze, min(count - got, 64u), holder, &run)) {
		u32 first = lab_ctz(run.mask);
		u64 mask = run.mask >> first;

		if (!(mask & (mask + 1))) {
			u32 n = lab_popcount(mask);

			lab_row_write(page + got, run.base + first, n);
			got += n;
			continue;
		}
		for (; run.mask; run.mask &= run.mask - 1)
			page[got++].v = run.base + lab_ctz(run.mask);
	}
	return got;
}

static int lab_free_late(struct labyrinth *maze, labyrinth_page_t page, unsigned long addr)
{
	struct lab_move move;
	int err;

	pthread_mutex_lock(&lab_late_lock);
	err = page.v ? lab_free(&maze->core, page, &move) :
		       lab_free_addr(&maze->core, addr, &move);
	if (!err) {
		lab_trim(&maze->core, 0);
		if (lab_last(&maze->core))
			lab_user_end(maze);
	}
	pthread_mutex_unlock(&lab_late_lock);
	return err;
}

int labyrinth_free_slow(struct labyrinth *maze, labyrinth_page_t page)
{
	struct lab_move move;

	if (lab_free_known(&maze->core, page))
		return 0;
	if (!lab_user_enter(maze))
		return -EUSERS;
	if (lab_load(&maze->core.bypass) & LAB_CLOSED && page.v)
		return lab_free_late(maze, page, 0);
	return lab_free(&maze->core, page, &move);
}

int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page)
{
	return labyrinth_free_pinned(maze, page);
}

int labyrinth_free_run_slow(struct labyrinth *maze, const struct labyrinth_run *run)
{
	u64 left = run->mask;
	int err = 0, one;
	bool kick = false;

	if (lab_user_enter(maze))
		left &= ~lab_free_some(&maze->core, run->base, left, &kick);
	for (; left; left &= left - 1) {
		one = labyrinth_free_pinned(maze, (labyrinth_page_t){ run->base + lab_ctz(left) });
		err = err ? err : one;
	}
	return err;
}

int labyrinth_free_run(struct labyrinth *maze, const struct labyrinth_run *run)
{
	return labyrinth_free_run_pinned(maze, run);
}

/* Pages in a row of one block and issue, as a token; how many, 0: one of them twice */
static unsigned int lab_run_of(const struct lab_core *core, const labyrinth_page_t *page,
			       unsigned int count, struct labyrinth_run *run)
{
	u64 size = lab_size(core), mask = 0, bit;
	u64 base = page[0].v & ~(size - 1);
	unsigned int i, n = min(count, (unsigned int)(size - (page[0].v - base)));

	/* the usual case, without a branch for each: they are next to each other */
	if (page[n - 1].v - page[0].v == n - 1 && lab_row_is(page, page[0].v, n)) {
		run->base = base;
		run->mask = ~0ULL >> (64 - n) << (page[0].v - base);
		return n;
	}
	for (i = 0; i < count && (bit = page[i].v ^ base) < size; i++)
		mask |= 1ULL << bit;
	run->base = base;
	run->mask = mask;
	return lab_popcount(mask) == i ? i : 0;
}

unsigned int labyrinth_free_bulk(struct labyrinth *maze, const labyrinth_page_t *page,
				 unsigned int count)
{
	unsigned int i, n, done = 0;
	struct labyrinth_run run;
	bool kick = false;

	if (!lab_user_enter(maze))
		return 0;
	for (i = 0; i < count; i += n) {
		n = lab_run_of(&maze->core, page + i, count - i, &run);
		if (n) {
			run.mask &= ~lab_free_some(&maze->core, run.base, run.mask, &kick);
			done += n - lab_popcount(run.mask);
		} else {
			run.base = page[i].v;
			run.mask = 1;
			n = 1;
		}
		for (; run.mask; run.mask &= run.mask - 1)
			done += !labyrinth_free_pinned(maze, (labyrinth_page_t){ run.base + lab_ctz(run.mask) });
	}
	return done;
}

void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze)
{
	labyrinth_page_t page = labyrinth_alloc(maze, 0);

	return labyrinth_page_ok(page) ? labyrinth_page_addr(maze, page) : NULL;
}

void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page)
{
	struct lab_move move;

	if (!page || !lab_user_enter(maze))
		return;
	if (lab_load(&maze->core.bypass) & LAB_CLOSED)
		lab_free_late(maze, (labyrinth_page_t){ 0 }, (unsigned long)page);
	else
		lab_free_addr(&maze->core, (unsigned long)page, &move);
}

static int lab_pass_on(struct labyrinth *maze, labyrinth_page_t page, enum labyrinth_owner from,
		       enum labyrinth_owner to, unsigned int len)
{
	struct lab_move move;

	if (!lab_user_enter(maze))
		return -EUSERS;
	if (len > LABYRINTH_PAGE_SIZE)
		return lab_refuse(&maze->core, -EMSGSIZE);
	return lab_hand_over(&maze->core, page, from, to, &move);
}

int labyrinth_to_device(struct labyrinth *maze, labyrinth_page_t page)
{
	return lab_pass_on(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_DEVICE, 0);
}

int labyrinth_to_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	if (lab_user_enter(maze) && len <= LABYRINTH_PAGE_SIZE &&
	    lab_from_device(&maze->core, page))
		return 0;
	return lab_pass_on(maze, page, LABYRINTH_OWNER_DEVICE, LABYRINTH_OWNER_CPU, len);
}

int labyrinth_to_user(struct labyrinth *maze, labyrinth_page_t page, unsigned int len)
{
	int err = lab_pass_on(maze, page, LABYRINTH_OWNER_CPU, LABYRINTH_OWNER_USER, len);

	if (!err)
		memset((char *)labyrinth_page_addr(maze, page) + len, 0,
		       LABYRINTH_PAGE_SIZE - len);
	return err;
}

void *labyrinth_page_addr(struct labyrinth *maze, labyrinth_page_t page)
{
	return (void *)lab_slot_addr(&maze->core, labyrinth_page_slot(page));
}

uint64_t labyrinth_page_dma(struct labyrinth *maze, labyrinth_page_t page)
{
	u32 slot = labyrinth_page_slot(page);

	return slot < maze->core.hot.slots ? maze->core.hot.dma[slot] : UINT64_MAX;
}

void labyrinth_drain(struct labyrinth *maze)
{
	if (lab_user_enter(maze))
		lab_drain(&maze->core, lab_front_here(&maze->core));
}
