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
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/labyrinth_pool.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

#define lab_load(p)			READ_ONCE(*(p))
#define lab_store(p, v)			WRITE_ONCE(*(p), v)
/* Barriers of the core's own, which says what for */
#define lab_load_acquire(p)		smp_load_acquire(p) /* pairs with lab_store_release() */
#define lab_store_release(p, v)		smp_store_release(p, v) /* pairs with lab_load_acquire() */
/* These are fully ordered by themselves */
#define lab_set_bit(p, n)		test_and_set_bit(n, (unsigned long *)(p))
#define lab_clear_bit(p, n)		test_and_clear_bit(n, (unsigned long *)(p))
#define lab_ctz(v)			__ffs(v)
#define lab_clz(v)			(31 - __fls(v))
#define lab_popcount(v)			hweight64(v)

/*
 * Interrupts are off wherever the core takes a lock, so there is nothing for the
 * preemption count to add: the bare lock saves its updates.  Kernels that check or
 * measure locks get what they can check.
 */
#define lab_lock_t			raw_spinlock_t
#define lab_lock_init(l)		raw_spin_lock_init(l)
#if defined(CONFIG_DEBUG_SPINLOCK) || defined(CONFIG_DEBUG_LOCK_ALLOC) || !defined(CONFIG_SMP)
#define lab_lock(l)			raw_spin_lock(l)
#define lab_trylock(l)			raw_spin_trylock(l)
#define lab_unlock(l)			raw_spin_unlock(l)
#else
#define lab_lock(l)			arch_spin_lock(&(l)->raw_lock)
#define lab_trylock(l)			arch_spin_trylock(&(l)->raw_lock)
#define lab_unlock(l)			arch_spin_unlock(&(l)->raw_lock)
#endif

#define lab_pin_t			unsigned long
#define lab_pin(pin)			local_irq_save(pin)
#define lab_unpin(pin)			local_irq_restore(pin)

#define __lab_aligned			____cacheline_aligned_in_smp
#define LAB_PAGE_SIZE			PAGE_SIZE

#ifdef __BIG_ENDIAN
#define LAB_BIG_ENDIAN
#endif

/* Nothing of its own in struct lab_core */
struct lab_place {
};

#ifdef LAB_SIM_CPUS
/* For the benchmark that counts on one CPU what several do: fronts in an array */
extern unsigned int lab_sim_cpu;

#define lab_front_of(core, cpu)		(&((struct lab_front __force *)(core)->hot.front)[cpu])
#define lab_front_here(core)		lab_front_of(core, lab_sim_cpu)
#define lab_for_each_cpu(core, cpu)	for ((cpu) = 0; (u32)(cpu) < (core)->cpus; (cpu)++)
#else
#define lab_front_of(core, cpu)						\
	((struct lab_front *)per_cpu_ptr((core)->hot.front, cpu))
#define lab_front_here(core)		((struct lab_front *)this_cpu_ptr((core)->hot.front))
#define lab_for_each_cpu(core, cpu)	for_each_possible_cpu(cpu)
#endif
#define lab_relax()			cond_resched()
#define lab_slot_addr(core, slot)	\
	((unsigned long)__va(PFN_PHYS((phys_addr_t)(core)->hot.frame[slot])))

/*
 * A page of the pool carries its slot number in page->private.  Any other page
 * may carry anything there, so the frame of that slot decides.
 */
#define lab_addr_slot(core, address)					\
({									\
	unsigned long __addr = (address);				\
	unsigned long __slot = LAB_NONE;				\
									\
	if (!(__addr & (PAGE_SIZE - 1)) && virt_addr_valid((void *)__addr)) { \
		struct page *__page = virt_to_page((void *)__addr);	\
									\
		__slot = READ_ONCE(__page->private);			\
		if (__slot >= (core)->hot.slots ||			\
		    READ_ONCE((core)->hot.frame[__slot]) != page_to_pfn(__page)) \
			__slot = LAB_NONE;				\
	}								\
	(u32)__slot;							\
})

#endif /* LAB_PLATFORM_LINUX_H */
