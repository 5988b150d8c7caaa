/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The platform of the kernel module; platform.h has the contract
 *
 * The lock is raw and the pin is a real local_irq_save(): both stay what they
 * are on PREEMPT_RT, so the core may run in its hard interrupts.
 */
#ifndef LAB_PLATFORM_LINUX_H
#define LAB_PLATFORM_LINUX_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

#define lab_load(p)			READ_ONCE(*(p))
#define lab_load_acquire(p)		smp_load_acquire(p)	/* pairs: see core.c */
#define lab_store(p, v)			WRITE_ONCE(*(p), v)
#define lab_store_release(p, v)		smp_store_release(p, v)	/* pairs: see core.c */
#define lab_cmpxchg(p, old, new)	cmpxchg(p, old, new)

#define lab_lock_t			raw_spinlock_t
#define lab_lock_init(l)		raw_spin_lock_init(l)
#define lab_lock(l)			raw_spin_lock(l)
#define lab_unlock(l)			raw_spin_unlock(l)

#define lab_pin_t			unsigned long
#define lab_pin(pin)			local_irq_save(pin)
#define lab_unpin(pin)			local_irq_restore(pin)

#define lab_fronts_t			struct lab_front __percpu *
#define __lab_aligned			____cacheline_aligned_in_smp

/* Nothing of its own in struct lab_core */
struct lab_place {
};

#define lab_front_here(core)		this_cpu_ptr((core)->front)
#define lab_front_of(core, cpu)		per_cpu_ptr((core)->front, cpu)
#define lab_for_each_cpu(core, cpu)	for_each_possible_cpu(cpu)
#define lab_relax()			cond_resched()

/*
 * A page of the pool carries its slot number in page->private.  Any other page
 * may carry anything there, so the caller checks the answer against addr[].
 */
#define lab_addr_index(core, address)					\
({									\
	unsigned long __addr = (address);				\
	unsigned long __index = LAB_NONE;				\
									\
	if (virt_addr_valid((void *)__addr))				\
		__index = READ_ONCE(virt_to_page((void *)__addr)->private); \
	__index < (core)->limit ? (u32)__index : LAB_NONE;		\
})

#endif /* LAB_PLATFORM_LINUX_H */
