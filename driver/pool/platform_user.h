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
#include <linux/types.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define U32_MAX				UINT32_MAX
#define min(a, b)			((a) < (b) ? (a) : (b))
#define min_t(type, a, b)		min((type)(a), (type)(b))

#define lab_load(p)			__atomic_load_n(p, __ATOMIC_RELAXED)
#define lab_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define lab_store(p, v)			__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define lab_store_release(p, v)		__atomic_store_n(p, v, __ATOMIC_RELEASE)

static inline u32 lab_cmpxchg(u32 *p, u32 old, u32 new)
{
	__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
	return old;
}

typedef struct {
	int held;
} lab_lock_t;

/* A holder may be a thread that lost its CPU: after a while let it have ours */
#define LAB_SPINS			64

static inline void lab_lock_init(lab_lock_t *lock)
{
	lab_store_release(&lock->held, 0);
}

static inline void lab_lock(lab_lock_t *lock)
{
	int spins = 0;

	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		if (++spins % LAB_SPINS == 0)
			sched_yield();
}

static inline void lab_unlock(lab_lock_t *lock)
{
	lab_store_release(&lock->held, 0);
}

typedef int lab_pin_t;
#define lab_pin(pin)			((void)((pin) = 0))
#define lab_unpin(pin)			((void)(pin))

/* This thread's number */
extern __thread unsigned int lab_user_cpu;

struct lab_place {
	unsigned long arena;
};

#define lab_fronts_t			struct lab_front *
#define __lab_aligned			__attribute__((aligned(64)))
#define lab_front_here(core)		(&(core)->front[lab_user_cpu])
#define lab_front_of(core, cpu)		(&(core)->front[cpu])
#define lab_for_each_cpu(core, cpu)	for ((cpu) = 0; (u32)(cpu) < (core)->cpus; (cpu)++)
#define lab_relax()			((void)0)

#define lab_addr_index(core, address)						\
({										\
	unsigned long index_ = ((address) - (core)->place.arena) >> LAB_PAGE_BITS;	\
										\
	index_ < (core)->limit ? (u32)index_ : LAB_NONE;			\
})

#endif /* LAB_PLATFORM_USER_H */
