/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The platform of the model checker; platform.h has the contract
 *
 * Each access that CPUs share, and each lock, is a call of the checker (model.h).
 */
#ifndef LAB_PLATFORM_MODEL_H
#define LAB_PLATFORM_MODEL_H

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/labyrinth_types.h>

#include "model.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define U16_MAX				UINT16_MAX
#define U32_MAX				UINT32_MAX
#define min(a, b)			((a) < (b) ? (a) : (b))
#define min_t(type, a, b)		min((type)(a), (type)(b))

#define lab_ctz(x)			((u32)__builtin_ctzll(x))
#define lab_clz(x)			((u32)__builtin_clz(x))
#define lab_popcount(x)			((u32)__builtin_popcountll(x))

#define lab_get(p, order)							\
	((typeof(*(p)))model_load(p, sizeof(*(p)), order, MODEL_SITE(#p)))
#define lab_put(p, v, order)							\
	model_store(p, sizeof(*(p)), (u64)(typeof(*(p)))(v), order, MODEL_SITE(#p))

#define lab_load(p)			lab_get(p, MODEL_RELAXED)
#define lab_load_acquire(p)		lab_get(p, MODEL_ACQUIRE)
#define lab_store(p, v)			lab_put(p, v, MODEL_RELAXED)
#define lab_store_release(p, v)		lab_put(p, v, MODEL_RELEASE)
#define lab_cmpxchg(p, old, new)						\
	((typeof(*(p)))model_rmw(p, sizeof(*(p)), MODEL_CMPXCHG, new, old, MODEL_SITE(#p)))
#define lab_set_bit(p, bit)	model_bit(p, bit, MODEL_OR, MODEL_SITE(#p))
#define lab_clear_bit(p, bit)	model_bit(p, bit, MODEL_ANDNOT, MODEL_SITE(#p))

static inline bool model_bit(u64 *p, unsigned int bit, enum model_rmw how,
			     const struct model_site *site)
{
	return model_rmw(p, sizeof(*p), how, 1ULL << bit, 0, site) >> bit & 1;
}

typedef struct model_lock lab_lock_t;

#define lab_lock_init(l)		((l)->held = 0)
#define lab_lock(l)			model_lock(l, MODEL_SITE(#l))
#define lab_trylock(l)			model_trylock(l, MODEL_SITE(#l))
#define lab_unlock(l)			model_unlock(l, MODEL_SITE(#l))

typedef int lab_pin_t;
#define lab_pin(pin)			((void)((pin) = 0), model_pin(1))
#define lab_unpin(pin)			((void)(pin), model_pin(-1))

#define LAB_PAGE_SIZE			64ul	/* of addresses; the model has no contents there */

struct lab_place {
	unsigned long arena;
};

/* The fronts of the one pool that a test has */
extern struct lab_front *model_fronts;
#define __lab_aligned			__attribute__((aligned(64)))
#define lab_front_here(core)		((void)(core), &model_fronts[model_cpu()])
#define lab_front_of(core, cpu)		((void)(core), &model_fronts[cpu])
#define lab_for_each_cpu(core, cpu)	for ((cpu) = 0; (u32)(cpu) < (core)->cpus; (cpu)++)
#define lab_relax()			((void)0)

#define lab_slot_addr(core, slot)	((core)->place.arena + (slot) * LAB_PAGE_SIZE)

#define lab_addr_slot(core, address)						\
({										\
	unsigned long slot_ = ((address) - (core)->place.arena) / LAB_PAGE_SIZE; \
										\
	(address) % LAB_PAGE_SIZE || slot_ >= (core)->hot.slots ? LAB_NONE : (u32)slot_; \
})

/* The inline calls, as clients have them */
struct labyrinth;
struct labyrinth_front;
typedef struct labyrinth_front *lab_front_t;

labyrinth_page_t labyrinth_alloc_slow(struct labyrinth *maze, u16 holder);
int labyrinth_free_slow(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_device_slow(struct labyrinth *maze, labyrinth_page_t page);
int labyrinth_to_cpu_slow(struct labyrinth *maze, labyrinth_page_t page, unsigned int len);
unsigned int labyrinth_alloc_run_slow(struct labyrinth *maze, unsigned int want, u16 holder,
				      struct labyrinth_run *run);
int labyrinth_free_run_slow(struct labyrinth *maze, const struct labyrinth_run *run);
lab_front_t model_front_here(void);

#define lab_front_mine(maze)			((void)(maze), model_front_here())
#define lab_front_read(front, field)		lab_load(&(front)->field)
#define lab_front_write(front, field, v)	lab_store(&(front)->field, v)
#define lab_watched()				false
#define lab_with(v, n)				((v) | 1ULL << (n))
#define lab_without(v, n)			((v) & ~(1ULL << (n)))
#define lab_lowest(v)				((u64)__builtin_ctzll(v))
#define lab_peek(p)				lab_load(p)
#define lab_raise(p, n)				lab_set_bit(p, n)
#define lab_lower(p, n)				lab_clear_bit(p, n)
#define lab_sync_device(maze, page)		((void)(page))
#define lab_sync_cpu(maze, page, len)		((void)(page))
#define LABYRINTH_PAGE_BYTES			4096

#include <linux/labyrinth_front.h>

/* Nothing outside the core looks into it here */
struct labyrinth_hot {
	u32 slots;
};

#endif /* LAB_PLATFORM_MODEL_H */
