/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The platform of liblabyrinth; platform.h has the contract
 *
 * A "CPU" is a number that one thread at a time uses (lab_user_cpu()), so a
 * thread is always pinned.  Pages lie in one arena, slot i at its i-th page.
 */
#ifndef LAB_PLATFORM_USER_H
#define LAB_PLATFORM_USER_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "labyrinth.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define U16_MAX				UINT16_MAX
#define U32_MAX				UINT32_MAX
#define min(a, b)			((a) < (b) ? (a) : (b))
#define min_t(type, a, b)		min((type)(a), (type)(b))

#define lab_load(p)			__atomic_load_n(p, __ATOMIC_RELAXED)
#define lab_store(p, v)			__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define lab_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define lab_store_release(p, v)		__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define lab_ctz(v)			((u32)lab_lowest(v))
#define lab_clz(v)			((u32)__builtin_clz(v))
#define lab_popcount(v)			((u32)__builtin_popcountll(v))
#define LAB_PAGE_SIZE			LABYRINTH_PAGE_SIZE

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LAB_BIG_ENDIAN
#endif

static inline bool lab_set_bit(u64 *p, u32 n)
{
	return __atomic_fetch_or(p, 1ULL << n, __ATOMIC_SEQ_CST) >> n & 1;
}

static inline bool lab_clear_bit(u64 *p, u32 n)
{
	return __atomic_fetch_and(p, ~(1ULL << n), __ATOMIC_SEQ_CST) >> n & 1;
}

typedef struct {
	int held;
} lab_lock_t;

/*
 * A holder may be a thread that lost its CPU: after a while let it have ours, but not
 * before a holder that runs must be through
 */
#define LAB_SPINS			10000

static inline void lab_lock_init(lab_lock_t *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

static inline bool lab_trylock(lab_lock_t *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

static inline void lab_lock(lab_lock_t *lock)
{
	int spins = 0;

	while (!lab_trylock(lock))
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			if (++spins % LAB_SPINS == 0)
				sched_yield();
}

static inline void lab_unlock(lab_lock_t *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

typedef int lab_pin_t;
#define lab_pin(pin)			((void)((pin) = 0))
#define lab_unpin(pin)			((void)(pin))

struct lab_place {
	unsigned long arena;
};

#define __lab_aligned			__attribute__((aligned(64)))
#define lab_front_of(core, cpu)		\
	((struct lab_front *)((core)->hot.front + (size_t)(cpu) * LABYRINTH_FRONT_SIZE))
#define lab_front_here(core)		((struct lab_front *)((core)->hot.front + labyrinth_ahead))
#define lab_for_each_cpu(core, cpu)	for ((cpu) = 0; (u32)(cpu) < (core)->cpus; (cpu)++)
#define lab_relax()			((void)0)
#define lab_slot_addr(core, slot)	((core)->place.arena + (unsigned long)(slot) * LAB_PAGE_SIZE)

#define lab_addr_slot(core, address)						\
({										\
	unsigned long ahead_ = (address) - (core)->place.arena;			\
										\
	ahead_ % LAB_PAGE_SIZE || ahead_ / LAB_PAGE_SIZE >= (core)->hot.slots ?	\
		LAB_NONE : (u32)(ahead_ / LAB_PAGE_SIZE);			\
})

#endif /* LAB_PLATFORM_USER_H */
