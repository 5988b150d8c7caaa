/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the core asks of its surroundings
 *
 * core.c, block.c, depot.c, stock.c, apart.c and census.c are the same files in the kernel
 * module, in liblabyrinth and in the model checker.  Each platform header gives
 * them, under one name:
 *
 *   lab_load, lab_store		relaxed loads and stores of integers that
 *					others may access at the same time
 *   lab_set_bit(u64 *p, n),		atomic, returns whether it was set; a full
 *   lab_clear_bit(p, n)		barrier
 *   lab_ctz, lab_clz, lab_popcount	of u64 (lab_clz: u32); not of 0
 *   lab_lock_t, lab_lock_init,		a spinning lock; the core takes it only with
 *   lab_lock, lab_unlock,		lab_pin() held, or tries it in an NMI
 *   lab_trylock
 *   lab_pin_t, lab_pin, lab_unpin	stay on this CPU, nothing but NMIs runs on
 *					it: interrupts off
 *   lab_front_here(core),		the per-CPU fronts; _here only when pinned
 *   lab_front_of(core, cpu), lab_for_each_cpu(core, cpu)
 *   __lab_aligned			on a cache line of its own
 *   struct lab_place			what the platform keeps in struct lab_core
 *   lab_relax()			a point in a long loop of a caller that may
 *					sleep at which others may run
 *   lab_slot_addr(core, slot)		address of the page in a slot
 *   lab_addr_slot(core, addr)		its reverse: slot of the page that begins at
 *					this address, or LAB_NONE; safe for any garbage
 *   LAB_PAGE_SIZE, LAB_BIG_ENDIAN (defined or not)
 *
 * and these functions, which the platform implements elsewhere:
 *
 *   lab_page_make(core, slot, how)	get memory for a slot, map it, fill hot.dma
 *					and hot.frame; 0, -ENOMEM or -EIO
 *   lab_page_drop(core, slot)		unmap if mapped, give the memory back; may be
 *					called pinned for pages of policy direct
 *   lab_block_make(core, b, whole)	the same for all slots of a block; *whole: is it
 *					contiguous under one mapping
 *   lab_block_drop(core, b)		the reverse for such a whole block
 *   lab_block_unmap(core, b)		end the device's access to all pages that are
 *					there, keep the memory
 *   lab_found_late(core, key, pages)	a bad free was found when this CPU committed it;
 *					key is the handle of the block's page 0
 */
#ifndef LAB_PLATFORM_H
#define LAB_PLATFORM_H

#if defined(LAB_MODEL)
#include "platform_model.h"
#elif defined(__KERNEL__)
#include "platform_linux.h"
#else
#include "platform_user.h"
#endif

#endif /* LAB_PLATFORM_H */
