/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * liblabyrinth - the page pool of labyrinth_pool.ko in user space
 *
 * The same core, over an anonymous mapping instead of DMA memory: for
 * programs that want such a pool, and for benchmarks, sanitizers and model
 * checks of the kernel's algorithm.  Pages have 4096 bytes.
 *
 * Threads.  A pool has params.cpus fronts, and a thread uses the one of its CPU
 * number.  A thread gets a number at its first call, the lowest that no living
 * thread has, or sets one itself (labyrinth_set_cpu()); a number that is not
 * below params.cpus gets EUSERS.  No two threads may use one number at a time.
 *
 * Nothing runs behind the caller's back: what the kernel's worker does happens
 * in labyrinth_work().
 */
#ifndef LABYRINTH_H
#define LABYRINTH_H

#include <linux/labyrinth_types.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LABYRINTH_PAGE_SIZE	4096
#define LABYRINTH_MAX_CPUS	128

struct labyrinth;

/*
 * As the kernel's struct labyrinth_params where the names agree.  0 for
 * max_pages, low, high means: pages, a quarter of pages, pages.
 */
struct labyrinth_params {
	unsigned int cpus;		/* 1..LABYRINTH_MAX_CPUS */
	unsigned int pages;		/* made at create; at least 1 */
	unsigned int max_pages;		/* bound */
	unsigned int low;
	unsigned int high;
	unsigned int reserve;		/* for callers whose context is not process */
	enum labyrinth_policy policy;
	void (*refilled)(void *arg);	/* from labyrinth_work(), after a refusal */
	void *arg;
};

/* NULL and errno: EINVAL (parameters make no sense), ENOMEM */
struct labyrinth *labyrinth_create(const struct labyrinth_params *params);

/*
 * 0, or -EBUSY when pages are out: they are quarantined, each stays readable
 * until its free, and the last such free ends the pool.  Until then no call but
 * those frees may be made.
 */
int labyrinth_destroy(struct labyrinth *maze);

/* A handle; not labyrinth_page_ok(), and errno ENOMEM or EUSERS, if there is no page */
labyrinth_page_t labyrinth_alloc(struct labyrinth *maze, uint16_t holder);

/*
 * 0, -EINVAL (no page of this pool), -ESTALE (free already, or issued again),
 * -EBUSY (another owner), -EUSERS; to_cpu and to_user also -EMSGSIZE.  What another
 * CPU freed and still keeps may be found stale late: counted, at its drain.
 */
int labyrinth_free(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_device(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_cpu(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);
int labyrinth_to_user(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);

/* Many at once: how many were taken; how many were freed (the others are refused) */
unsigned int labyrinth_alloc_bulk(struct labyrinth *maze, uint16_t holder, labyrinth_page_t *page,
				  unsigned int count);
unsigned int labyrinth_free_bulk(struct labyrinth *maze, const labyrinth_page_t *page,
				 unsigned int count);

/* Tokens: as the kernel's labyrinth_alloc_run(), labyrinth_free_run() */
unsigned int labyrinth_alloc_run(struct labyrinth *maze, unsigned int want, uint16_t holder,
				 struct labyrinth_run *run);
int labyrinth_free_run(struct labyrinth *maze, const struct labyrinth_run *run);

void *labyrinth_page_addr(struct labyrinth *maze, labyrinth_page_t page);

/* Offset of the page in the arena, as a DMA address; UINT64_MAX for garbage */
uint64_t labyrinth_page_dma(struct labyrinth *maze, labyrinth_page_t page);

/* The documents' symbols: no epoch, so a stale free after re-issue is not refused */
void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze);
void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page);

/* Makes pages now: how many, or -ENOSPC (bound), -ENOMEM, -EOPNOTSUPP (policy direct) */
int labyrinth_refill(struct labyrinth *maze, unsigned int want);

/*
 * One round of the worker: back between the marks, refilled() if due.  One
 * caller at a time.  0, or -ENOMEM: try again later.
 */
int labyrinth_work(struct labyrinth *maze);

/* Gives all that this thread's CPU keeps to the others */
void labyrinth_drain(struct labyrinth *maze);

void labyrinth_stats(struct labyrinth *maze, struct labyrinth_stats *stats);

/* F(CPUs): an atomic caller is refused only when no more than these are free */
unsigned int labyrinth_may_strand(const struct labyrinth *maze);

/* Bytes that the pool takes besides its pages */
size_t labyrinth_footprint(const struct labyrinth *maze);

/* Which CPU number, and which context, this thread shows to the pools from now on */
void labyrinth_set_cpu(unsigned int cpu);
void labyrinth_set_context(enum labyrinth_context context);

/*
 * The inline calls of <linux/labyrinth_front.h>: labyrinth_alloc_pinned(),
 * labyrinth_free_pinned(), labyrinth_alloc_run_pinned(), labyrinth_free_run_pinned().
 * As the calls without _pinned, which a program may use as well.
 */
struct labyrinth_front;

/* The beginning of a struct labyrinth; inside information of the inline calls */
struct labyrinth_hot {
	char *front;		/* of CPU 0; each has LABYRINTH_FRONT_SIZE bytes */
	uint64_t *dma;
	uint32_t *frame;
	uint32_t slots;
};

#define LABYRINTH_FRONT_SIZE	4608

/*
 * This thread's number, and how far its front is from CPU 0's; starts as, and above all
 * pools' CPUs is, an empty front
 */
extern __thread unsigned int labyrinth_cpu;
extern __thread size_t labyrinth_ahead;

labyrinth_page_t labyrinth_alloc_slow(struct labyrinth *maze, uint16_t holder);
int labyrinth_free_slow(struct labyrinth *maze, labyrinth_page_t page);
unsigned int labyrinth_alloc_run_slow(struct labyrinth *maze, unsigned int want, uint16_t holder,
				      struct labyrinth_run *run);
int labyrinth_free_run_slow(struct labyrinth *maze, const struct labyrinth_run *run);

#ifndef __always_inline
#define __always_inline			inline __attribute__((always_inline))
#endif

typedef struct labyrinth_front *lab_front_t;

#ifndef lab_front_mine
#define lab_front_mine(maze)						\
	((lab_front_t)(((const struct labyrinth_hot *)(maze))->front + labyrinth_ahead))
#endif
#define lab_front_read(front, field)	__atomic_load_n(&(front)->field, __ATOMIC_RELAXED)
#define lab_front_write(front, field, v)	\
	__atomic_store_n(&(front)->field, v, __ATOMIC_RELAXED)
#define lab_watched()			0
#define lab_raise(p, n)			(__atomic_fetch_or(p, 1ULL << (n), __ATOMIC_SEQ_CST) >> (n) & 1)
#define lab_lower(p, n)			(__atomic_fetch_and(p, ~(1ULL << (n)), __ATOMIC_SEQ_CST) >> (n) & 1)
#define lab_sync_device(maze, page)	((void)(maze))
#define lab_sync_cpu(maze, page, len)	((void)(maze))
#define LABYRINTH_PAGE_BYTES		LABYRINTH_PAGE_SIZE
#define labyrinth_to_device_slow(maze, page)	labyrinth_to_device(maze, page)
#define labyrinth_to_cpu_slow(maze, page, len)	labyrinth_to_cpu(maze, page, len)
#ifdef __x86_64__
/* As "tzcnt", which older processors take as "bsf"; that one is slow on newer ones */
static __always_inline uint64_t lab_lowest(uint64_t v)
{
	uint64_t n;

	__asm__("rep bsfq %1, %0" : "=r" (n) : "rm" (v) : "cc");
	return n;
}
#else
#define lab_lowest(v)			((uint64_t)__builtin_ctzll(v))
#endif
/* does not wait for the number */
#define lab_without(v, n)		((v) & ((v) - 1))
#define lab_with(v, n)			((v) | 1ULL << (n))
#define lab_peek(p)			__atomic_load_n(p, __ATOMIC_RELAXED)
#include <linux/labyrinth_front.h>

#ifdef __cplusplus
}
#endif

#endif /* LABYRINTH_H */
