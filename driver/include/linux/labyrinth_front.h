/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pool's fast paths, inline
 *
 * One source for the kernel and for liblabyrinth.  What includes this file gives
 * (linux/labyrinth_pool.h and labyrinth.h do):
 *
 *   lab_front_t, lab_front_mine(maze)	this CPU's front; the caller is pinned
 *   lab_front_read(front, field)	its fields
 *   lab_front_write(front, field, v)
 *   lab_watched()			is somebody watching each allocation and free?
 *   lab_lowest(v)			number of the lowest bit of v, not 0
 *   lab_without(v, n)		v without bit n, which is its lowest
 *   lab_with(v, n)			v with bit n
 *   lab_peek(p)			load of what others may write at the same time
 *   lab_raise(p, n), lab_lower(p, n)	set and clear bit n, atomic, fully ordered; what
 *					it was
 *   lab_sync_device(maze, page),	the DMA syncs of a hand-over
 *   lab_sync_cpu(maze, page, len)
 *
 * and the out-of-line ways, labyrinth_*_slow().  The fields belong to driver/pool/core.c;
 * nobody else may touch them.
 */
#ifndef _LINUX_LABYRINTH_FRONT_H
#define _LINUX_LABYRINTH_FRONT_H

/* Whether the caller is known not to be pinned; what includes this may know how to tell */
#ifndef lab_unpinned
#define lab_unpinned()	0
#endif

/*
 * What one CPU keeps of the block that it allocates from.  Bit i stands for page
 * i of the block.  Only this CPU writes, pinned; others may read avail.
 */
struct labyrinth_front {
	__u64 avail;		/* pages to issue */
	__u64 key;		/* handle of page 0 in this issue; 0: no block */
	__u64 back;		/* issued pages that were freed here; all bits not of this issue */
	__u64 *busy;		/* two words: pages of the device or user, and the user's */
	unsigned long addr;	/* of page 0 if they are contiguous, else near no address */
	/* one other block, of which many pages are freed here in a row */
	__u64 other;		/* handle of its page 0 in that issue; 0: none */
	__u64 other_ok;		/* its pages that may be freed here; a free takes its bit out */
	__u64 *other_busy;
};

/* Pages of the current block that a handle may not name: free, or busy */
static __always_inline __u64 lab_front_barred(lab_front_t front, __u64 back)
{
	return lab_front_read(front, avail) | back | lab_peek(lab_front_read(front, busy));
}

/* Of the present issue, out, and this handle's: then this is its bit, else 64 or more */
static __always_inline __u64 lab_front_bit(lab_front_t front, labyrinth_page_t page)
{
	__u64 bit = page.v ^ lab_front_read(front, key);
	__u64 gone;

	if (__builtin_expect(bit >= LABYRINTH_BLOCK_MAX || lab_watched(), 0))
		return LABYRINTH_BLOCK_MAX;
	gone = lab_front_read(front, avail) | lab_front_read(front, back);
	if (__builtin_expect(gone >> bit & 1, 0))
		return LABYRINTH_BLOCK_MAX;
	return bit;
}

/**
 * labyrinth_alloc_pinned - take a page in a hard interrupt
 * @maze: the pool
 * @holder: names the caller's queue or purpose
 *
 * labyrinth_alloc() without the guards: at most 14 instructions if this CPU's block
 * has a page.
 *
 * Context: hard interrupt, or any with interrupts off; not NMI.
 * Return: a handle; one that is not labyrinth_page_ok() when there is no page.
 */
static __always_inline labyrinth_page_t labyrinth_alloc_pinned(struct labyrinth *maze, __u16 holder)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 avail = lab_front_read(front, avail);
	__u64 first;

	if (__builtin_expect(!avail || lab_watched(), 0))
		return labyrinth_alloc_slow(maze, holder);
	first = lab_lowest(avail);
	lab_front_write(front, avail, lab_without(avail, first));
	return (labyrinth_page_t){ lab_front_read(front, key) + first };
}

/* Not of the present issue of the own block; all but the last page of the other one */
static __always_inline int lab_free_other_pinned(struct labyrinth *maze, labyrinth_page_t page)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 bit = page.v ^ lab_front_read(front, other);
	__u64 ok = lab_front_read(front, other_ok);

	if (__builtin_expect(bit >= LABYRINTH_BLOCK_MAX || !(ok >> bit & 1) || lab_watched() ||
			     lab_peek(lab_front_read(front, other_busy)) >> bit & 1, 0))
		return labyrinth_free_slow(maze, page);
	ok &= ~(1ULL << bit);
	if (__builtin_expect(!ok, 0))
		return labyrinth_free_slow(maze, page);
	lab_front_write(front, other_ok, ok);
	return 0;
}

/**
 * labyrinth_free_pinned - give a page back in a hard interrupt
 * @maze: the pool
 * @page: the handle
 *
 * labyrinth_free() without the guards; the same checks.
 *
 * Context: hard interrupt, or any with interrupts off; not NMI.
 * Return: as labyrinth_free().
 */
static __always_inline int labyrinth_free_pinned(struct labyrinth *maze, labyrinth_page_t page)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 bit = page.v ^ lab_front_read(front, key);
	__u64 back;

	if (__builtin_expect(bit >= LABYRINTH_BLOCK_MAX || lab_watched(), 0))
		return lab_free_other_pinned(maze, page);
	back = lab_front_read(front, back);
	if (__builtin_expect(lab_front_barred(front, back) >> bit & 1, 0))
		return labyrinth_free_slow(maze, page);
	lab_front_write(front, back, lab_with(back, bit));
	return 0;
}

/**
 * labyrinth_to_device_pinned - hand a page from the CPU to the device
 * @maze: the pool
 * @page: the handle
 *
 * labyrinth_to_device() without the guards; the same checks.
 *
 * Context: hard interrupt, or any with interrupts off; not NMI.
 * Return: as labyrinth_to_device().
 */
static __always_inline int labyrinth_to_device_pinned(struct labyrinth *maze, labyrinth_page_t page)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 bit = lab_front_bit(front, page);

	if (__builtin_expect(bit >= LABYRINTH_BLOCK_MAX || lab_unpinned() ||
			     lab_raise(lab_front_read(front, busy), bit), 0))
		return labyrinth_to_device_slow(maze, page);
	lab_sync_device(maze, page);
	return 0;
}

/**
 * labyrinth_to_cpu_pinned - take a page back from the device
 * @maze: the pool
 * @page: the handle
 * @len: bytes, from the start, that the device wrote
 *
 * labyrinth_to_cpu() without the guards; the same checks.
 *
 * Context: hard interrupt, or any with interrupts off; not NMI.
 * Return: as labyrinth_to_cpu().
 */
static __always_inline int labyrinth_to_cpu_pinned(struct labyrinth *maze, labyrinth_page_t page,
						   unsigned int len)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 bit = lab_front_bit(front, page);

	if (__builtin_expect(bit >= LABYRINTH_BLOCK_MAX || len > LABYRINTH_PAGE_BYTES ||
			     lab_unpinned() ||
			     lab_peek(lab_front_read(front, busy) + 1) >> (bit & 63) & 1 ||
			     !lab_lower(lab_front_read(front, busy), bit), 0))
		return labyrinth_to_cpu_slow(maze, page, len);
	lab_sync_cpu(maze, page, len);
	return 0;
}

/**
 * labyrinth_alloc_run_pinned - take many pages of one block by a token
 * @maze: the pool
 * @want: how many at most, 1 to 64
 * @holder: names the caller's queue or purpose
 * @run: filled; its mask is empty if there is no page
 *
 * Context: hard interrupt, or any with interrupts off; not NMI.
 * Return: how many; fewer than @want where this CPU's block ends, so call again.
 */
static __always_inline unsigned int labyrinth_alloc_run_pinned(struct labyrinth *maze,
							       unsigned int want, __u16 holder,
							       struct labyrinth_run *run)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 avail = lab_front_read(front, avail);
	__u64 below;

	if (__builtin_expect(!avail || lab_watched(), 0))
		return labyrinth_alloc_run_slow(maze, want, holder, run);
	run->base = lab_front_read(front, key);
	/* the usual case: the next `want` places are all there */
	below = (want < 64 ? 1ULL << want : 0) - 1;
	below <<= lab_lowest(avail);
	if (__builtin_expect((avail & below) != below || want - 1 >= 64 - lab_lowest(avail), 0))
		return labyrinth_alloc_run_slow(maze, want, holder, run);
	lab_front_write(front, avail, avail & ~below);
	run->mask = below;
	return want;
}

/**
 * labyrinth_free_run_pinned - give the pages of a token back
 * @maze: the pool
 * @run: as labyrinth_alloc_run_pinned() filled it, or with fewer bits
 *
 * If one of the pages may not be freed the others are, and the refusal is counted.
 *
 * Context: hard interrupt, or any with interrupts off; not NMI.
 * Return: 0, or the first refusal, as labyrinth_free().
 */
static __always_inline int labyrinth_free_run_pinned(struct labyrinth *maze,
						     const struct labyrinth_run *run)
{
	lab_front_t front = lab_front_mine(maze);
	__u64 back = lab_front_read(front, back);

	if (__builtin_expect(run->base != lab_front_read(front, key) || lab_watched() ||
			     run->mask & lab_front_barred(front, back), 0))
		return labyrinth_free_run_slow(maze, run);
	lab_front_write(front, back, back | run->mask);
	return 0;
}

#endif /* _LINUX_LABYRINTH_FRONT_H */
