/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * liblabyrinth as a mempool driver of DPDK's, by the name "labyrinth"
 *
 *	dpdk-app -d librte_mempool_labyrinth.so --mbuf-pool-ops-name labyrinth ...
 *
 * Contract: what a put may do wrong - the same object twice, one of another pool, one that is none - is
 * refused, counted and logged, and the pool stays as it was; but a bare pointer carries no epoch, so an
 * object that was put twice and got again in between is not told from a good one.  With a cache in front
 * (rte_mempool's own) the driver sees a put only when the cache is flushed, so use cache size 0 to have
 * every put checked; the pool has its own page of free ones for each lcore, without a lock.
 *
 * Any thread may call: an EAL lcore has a front of its own, all others share one behind a lock.  Like
 * objects in rte_mempool's caches, up to labyrinth_may_strand() free objects may be out of the
 * reach of an lcore that asks for them.  Not for several processes: another process's calls get -ENOTSUP.
 *
 * The library hands out handles of slots; which object stands for which slot is kept here: object[slot],
 * and index[], the slot of an object by its address, which only change when objects are added; and
 * epoch[slot], the rest of the handle of its present issue, which is all that one core writes for another.
 */
#include <errno.h>
#include <pthread.h>
#include <rte_bitops.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_memcpy.h>
#include <rte_mempool.h>
#include <rte_spinlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "labyrinth.h"

#define POOLS		256		/* that a process may have at a time; id 0 is none */
#define SHARED		0u		/* front of all threads that are no EAL lcore */
#define BULK		64u
#define NO_SLOT		UINT32_MAX
#define SPAN_MAX	(UINT64_C(1) << 42)	/* of the addresses of a pool's objects */

/* In place of an object: the slot has a page, and no object yet */
#define NO_OBJECT	((void *)1)

struct pool {
	struct labyrinth *maze;
	const struct rte_mempool *mp;
	unsigned int cpus;
	unsigned int shift;		/* no two objects begin in one piece of 2^shift bytes */
	uintptr_t base;			/* of the first piece */
	uint64_t pieces;
	uint32_t *index;		/* slot + 1 by piece */
	void **object;			/* by slot */
	uint16_t *epoch;		/* by slot */
	uint64_t number;		/* the part that all handles of this pool share */
	uint32_t slots;			/* a whole number of blocks */
	uint32_t given;			/* of them, that were looked at for an object */
	uint64_t refused;
	pthread_mutex_t lock;		/* of the shared front; its users may sleep, and be preempted */
};

static int logtype;
static struct pool *pools[POOLS];
static rte_spinlock_t pools_lock = RTE_SPINLOCK_INITIALIZER;

static __rte_always_inline struct pool *pool_of(const struct rte_mempool *mp)
{
	struct pool *pool = mp->pool_id < POOLS ? pools[mp->pool_id] : NULL;

	return likely(pool && pool->mp == mp) ? pool : NULL;
}

/* Has the calling thread a front of its own in this pool? */
static __rte_always_inline bool has_front(const struct pool *pool)
{
	return likely(labyrinth_cpu - 1 < pool->cpus - 1);
}

/*
 * Once for each thread; numbers are dense, and 0 is nobody's.  Nothing on an lcore gets between two
 * instructions of a call and calls too, which is what the pool knows as a hard interrupt: its shortest way.
 */
static bool get_front(const struct pool *pool)
{
	int index = rte_lcore_index(-1);

	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	if (index >= 0 && index + 1 < LABYRINTH_MAX_CPUS)
		labyrinth_set_cpu(index + 1);
	return has_front(pool);
}

/* The slot of an object of this pool, or NO_SLOT */
static __rte_always_inline uint32_t slot_of(const struct pool *pool, const void *object)
{
	uint64_t piece = ((uintptr_t)object - pool->base) >> pool->shift;
	uint32_t slot;

	if (unlikely(piece >= pool->pieces))
		return NO_SLOT;
	slot = pool->index[piece] - 1;
	return likely(slot != NO_SLOT && pool->object[slot] == object) ? slot : NO_SLOT;
}

static __rte_noinline void refuse(struct pool *pool, const void *object, const char *why)
{
	if (!__atomic_fetch_add(&pool->refused, 1, __ATOMIC_RELAXED))
		rte_log(RTE_LOG_ERR, logtype, "labyrinth: %s: refused to put %p: %s (said once, all are counted)\n",
			pool->mp->name, object, why);
}

static __rte_always_inline labyrinth_page_t page_of(const struct pool *pool, uint32_t slot)
{
	return (labyrinth_page_t){ (uint64_t)pool->epoch[slot] << LABYRINTH_EPOCH_SHIFT | pool->number | slot };
}

static __rte_always_inline void *issue(struct pool *pool, labyrinth_page_t page)
{
	uint32_t slot = labyrinth_page_slot(page);

	pool->epoch[slot] = labyrinth_page_epoch(page);
	return pool->object[slot];
}

/* How many */
static __rte_always_inline unsigned int issue_run(struct pool *pool, void **object, struct labyrinth_run run)
{
	unsigned int first = lab_lowest(run.mask), n = __builtin_popcountll(run.mask), i;
	uint32_t slot = labyrinth_page_slot((labyrinth_page_t){ run.base }) + first;
	uint64_t mask = run.mask >> first;

	/* in a row, if the block is a fresh one */
	if (likely(!(mask & (mask + 1)))) {
		for (i = 0; i < n; i++)
			pool->epoch[slot + i] = run.base >> LABYRINTH_EPOCH_SHIFT;
		rte_memcpy(object, &pool->object[slot], n * sizeof(*object));
		return n;
	}
	for (i = 0; run.mask; run.mask &= run.mask - 1)
		object[i++] = issue(pool, (labyrinth_page_t){ run.base + lab_lowest(run.mask) });
	return n;
}

/*
 * Those of the block that this lcore takes from are gathered and go back at once; this is what there is
 * when a program gives back what it got just before.  The others go to the library, which gathers them
 * by blocks.
 */
static int put_many(struct pool *pool, void *const *object, unsigned int count)
{
	const lab_front_t front = lab_front_mine(pool->maze);
	struct labyrinth_run run = { .base = lab_front_read(front, key) };
	uint64_t barred = lab_front_barred(front, lab_front_read(front, back));
	labyrinth_page_t page[BULK];
	unsigned int i, n = 0;
	bool bad = false, stale;

	for (i = 0; i < count; i++) {
		uint32_t slot = slot_of(pool, object[i]);
		uint64_t bit, one;

		if (unlikely(slot == NO_SLOT)) {
			refuse(pool, object[i], "it is no object of this pool");
			bad = true;
			continue;
		}
		bit = page_of(pool, slot).v ^ run.base;
		one = bit < LABYRINTH_BLOCK_MAX ? UINT64_C(1) << bit : 0;
		/* barred: not of this block, which may be a small one, or not out */
		if (one && !((run.mask | barred) & one))
			run.mask |= one;
		else
			page[n++] = page_of(pool, slot);
	}
	stale = run.mask && labyrinth_free_run_pinned(pool->maze, &run);
	if (n)
		stale |= labyrinth_free_bulk(pool->maze, page, n) < n;
	if (unlikely(stale)) {
		refuse(pool, object[0], "this one or one beside it is free already");
		bad = true;
	}
	return bad ? -EINVAL : 0;
}

static __rte_always_inline int put(struct pool *pool, void *const *object, unsigned int count)
{
	uint32_t slot;
	int err = 0;

	if (count != 1) {
		for (; count > BULK; object += BULK, count -= BULK)
			err = put_many(pool, object, BULK) ? -EINVAL : err;
		return put_many(pool, object, count) ? -EINVAL : err;
	}
	slot = slot_of(pool, *object);
	if (unlikely(slot == NO_SLOT)) {
		refuse(pool, *object, "it is no object of this pool");
		return -EINVAL;
	}
	if (unlikely(labyrinth_free_pinned(pool->maze, page_of(pool, slot)))) {
		refuse(pool, *object, "it is free already");
		return -EINVAL;
	}
	return 0;
}

/* All or none */
static __rte_always_inline int get(struct pool *pool, void **object, unsigned int count)
{
	struct labyrinth_run run;
	labyrinth_page_t page;
	unsigned int got = 0;

	if (count == 1) {
		page = labyrinth_alloc_pinned(pool->maze, 0);
		if (unlikely(!labyrinth_page_ok(page)))
			return -ENOBUFS;
		*object = issue(pool, page);
		return 0;
	}
	while (got < count) {
		if (unlikely(!labyrinth_alloc_run_pinned(pool->maze, RTE_MIN(count - got, BULK), 0, &run))) {
			put(pool, object, got);
			return -ENOBUFS;
		}
		got += issue_run(pool, &object[got], run);
	}
	return 0;
}

/* From a thread that has no front of its own; what it had before is its again afterwards */
static __rte_noinline int shared(struct pool *pool, void **object, unsigned int count, bool is_get)
{
	unsigned int before = labyrinth_cpu;
	int err;

	pthread_mutex_lock(&pool->lock);
	labyrinth_set_cpu(SHARED);
	err = is_get ? get(pool, object, count) : put(pool, object, count);
	labyrinth_set_cpu(before);
	pthread_mutex_unlock(&pool->lock);
	return err;
}

static int labyrinth_enqueue(struct rte_mempool *mp, void *const *object, unsigned int count)
{
	struct pool *pool = pool_of(mp);

	if (unlikely(!pool))
		return -ENOTSUP;
	if (unlikely(!has_front(pool) && !get_front(pool)))
		return shared(pool, (void **)(uintptr_t)object, count, false);
	return put(pool, object, count);
}

static int labyrinth_dequeue(struct rte_mempool *mp, void **object, unsigned int count)
{
	struct pool *pool = pool_of(mp);

	if (unlikely(!pool))
		return -ENOTSUP;
	if (unlikely(!has_front(pool) && !get_front(pool)))
		return shared(pool, object, count, true);
	return get(pool, object, count);
}

static unsigned int labyrinth_count(const struct rte_mempool *mp)
{
	const struct pool *pool = pool_of(mp);
	struct labyrinth_stats stats;

	if (!pool)
		return 0;
	labyrinth_stats(pool->maze, &stats);
	return stats.owned[LABYRINTH_OWNER_FREE];
}

static uint32_t *index_make(uint64_t pieces)
{
	/* most of it is never touched, and a page of zeros costs nothing */
	uint32_t *index = mmap(NULL, pieces * sizeof(*index), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return index == MAP_FAILED ? NULL : index;
}

static void index_end(struct pool *pool)
{
	if (pool->index)
		munmap(pool->index, pool->pieces * sizeof(*pool->index));
	pool->index = NULL;
}

static void index_put(struct pool *pool, uint32_t slot)
{
	pool->index[((uintptr_t)pool->object[slot] - pool->base) >> pool->shift] = slot + 1;
}

/* Make the index reach over these addresses too */
static int index_reach(struct pool *pool, uintptr_t first, size_t len)
{
	uintptr_t size = (uintptr_t)1 << pool->shift;
	uintptr_t begin = first & ~(size - 1), end = (first + len + size - 1) & ~(size - 1);
	struct pool grown = *pool;
	uint32_t i;

	if (pool->index) {
		begin = RTE_MIN(begin, pool->base);
		end = RTE_MAX(end, pool->base + (pool->pieces << pool->shift));
	}
	if (end - begin > SPAN_MAX)
		return -ENOSPC;
	grown.base = begin;
	grown.pieces = (end - begin) >> pool->shift;
	grown.index = index_make(grown.pieces);
	if (!grown.index)
		return -ENOMEM;
	for (i = 0; i < pool->slots; i++)
		if (pool->object[i] && pool->object[i] != NO_OBJECT)
			index_put(&grown, i);
	index_end(pool);
	*pool = grown;
	return 0;
}

struct populate {
	rte_mempool_populate_obj_cb_t *call;
	void *argument;
	struct pool *pool;
};

/* Before the object is put for the first time: until then its slot counts as out */
static void give_object(struct rte_mempool *mp, void *argument, void *object, rte_iova_t iova)
{
	struct populate *populate = argument;
	struct pool *pool = populate->pool;
	uint32_t slot;

	populate->call(mp, populate->argument, object, iova);
	do
		slot = pool->given++;
	while (!pool->object[slot]);
	pool->object[slot] = object;
	index_put(pool, slot);
}

/* What is free is for all, whoever freed it and whose it was */
static void drain(struct pool *pool)
{
	unsigned int before = labyrinth_cpu;

	if (has_front(pool))
		labyrinth_drain(pool->maze);
	pthread_mutex_lock(&pool->lock);
	labyrinth_set_cpu(SHARED);
	labyrinth_drain(pool->maze);
	labyrinth_set_cpu(before);
	pthread_mutex_unlock(&pool->lock);
}

static int labyrinth_populate(struct rte_mempool *mp, unsigned int max, void *address, rte_iova_t iova, size_t len,
			      rte_mempool_populate_obj_cb_t *call, void *argument)
{
	struct populate populate = { .call = call, .argument = argument, .pool = pool_of(mp) };
	int made, err;

	if (!populate.pool)
		return -ENOTSUP;
	err = index_reach(populate.pool, (uintptr_t)address, len);
	if (err)
		return err;
	made = rte_mempool_op_populate_helper(mp, 0, max, address, iova, len, give_object, &populate);
	drain(populate.pool);
	return made;
}

/* All of them, so that each object's first put is one of an issued page */
static bool take_all(struct pool *pool, uint32_t size)
{
	labyrinth_page_t page[BULK];
	unsigned int before = labyrinth_cpu;
	uint32_t got = 0, n, i;

	labyrinth_set_cpu(SHARED);
	do {
		n = labyrinth_alloc_bulk(pool->maze, 0, page, RTE_MIN(size - got, BULK));
		for (i = 0; i < n; i++) {
			issue(pool, page[i]);
			pool->object[labyrinth_page_slot(page[i])] = NO_OBJECT;
			pool->number = page[i].v & (((UINT64_C(1) << LABYRINTH_POOL_BITS) - 1) << LABYRINTH_SLOT_BITS);
		}
		got += n;
	} while (n && got < size);
	labyrinth_set_cpu(before);
	return got == size;
}

/* Nobody uses it any more: what a thread's front keeps comes back from here */
static void pool_end(struct pool *pool)
{
	unsigned int before = labyrinth_cpu;
	uint32_t i;

	if (pool->maze) {
		/* rte_mempool_free() takes all out before; what is free already is refused */
		labyrinth_set_cpu(SHARED);
		for (i = 0; pool->object && pool->epoch && i < pool->slots; i++)
			if (pool->object[i])
				labyrinth_free(pool->maze, page_of(pool, i));
		labyrinth_set_cpu(before);
		labyrinth_destroy(pool->maze);
	}
	index_end(pool);
	pthread_mutex_destroy(&pool->lock);
	free(pool->object);
	free(pool->epoch);
	free(pool);
}

static struct pool *pool_make(const struct rte_mempool *mp)
{
	struct labyrinth_params params = {
		.cpus = RTE_MIN(rte_lcore_count() + 1, (unsigned int)LABYRINTH_MAX_CPUS),
		.pages = mp->size,
		.policy = LABYRINTH_POLICY_POOL,
	};
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->mp = mp;
	pool->cpus = params.cpus;
	pool->slots = RTE_ALIGN_CEIL(mp->size, LABYRINTH_BLOCK_MAX);
	pool->shift = rte_fls_u64(mp->header_size + mp->elt_size + mp->trailer_size) - 1;
	pthread_mutex_init(&pool->lock, NULL);
	pool->object = calloc(pool->slots, sizeof(*pool->object));
	pool->epoch = calloc(pool->slots, sizeof(*pool->epoch));
	pool->maze = labyrinth_create(&params);
	if (pool->object && pool->epoch && pool->maze && take_all(pool, mp->size))
		return pool;
	pool_end(pool);
	return NULL;
}

static int labyrinth_alloc_op(struct rte_mempool *mp)
{
	struct pool *pool = pool_make(mp);
	unsigned int id = 1;

	if (!pool)
		return -ENOMEM;
	rte_spinlock_lock(&pools_lock);
	while (id < POOLS && pools[id])
		id++;
	if (id < POOLS)
		pools[id] = pool;
	rte_spinlock_unlock(&pools_lock);
	if (id == POOLS) {
		pool_end(pool);
		return -ENOSPC;
	}
	mp->pool_id = id;
	return 0;
}

static void labyrinth_free_op(struct rte_mempool *mp)
{
	struct pool *pool = pool_of(mp);

	if (!pool)
		return;
	rte_spinlock_lock(&pools_lock);
	pools[mp->pool_id] = NULL;
	rte_spinlock_unlock(&pools_lock);
	pool_end(pool);
}

static const struct rte_mempool_ops ops = {
	.name = "labyrinth",
	.alloc = labyrinth_alloc_op,
	.free = labyrinth_free_op,
	.enqueue = labyrinth_enqueue,
	.dequeue = labyrinth_dequeue,
	.get_count = labyrinth_count,
	.populate = labyrinth_populate,
};

RTE_MEMPOOL_REGISTER_OPS(ops);

RTE_INIT(labyrinth_log)
{
	logtype = rte_log_register_type_and_pick_level("lib.mempool.labyrinth", RTE_LOG_NOTICE);
}
