/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the core asks of its surroundings
 *
 * core.c and stock.c are the same files in the kernel module and in
 * liblabyrinth.  Each platform header gives them, under one name:
 *
 *   lab_load, lab_load_acquire,	loads and stores of plain integers that
 *   lab_store, lab_store_release	others may access at the same time
 *   lab_cmpxchg(p, old, new)		returns what was there; acquire and release
 *   lab_lock_t, lab_lock_init,		a spinning lock; the core takes it only with
 *   lab_lock, lab_unlock		lab_pin() held
 *   lab_pin_t, lab_pin, lab_unpin	stay on this CPU, nothing else runs on it:
 *					interrupts off
 *   lab_fronts_t, lab_front_here,	the per-CPU fronts; _here only when pinned
 *   lab_front_of, lab_for_each_cpu
 *   __lab_aligned			on a cache line of its own
 *   struct lab_place			what the platform keeps in struct lab_core
 *   lab_relax()			a point in a long loop of a caller that may
 *					sleep at which others may run
 *   lab_addr_index(core, addr)		slot number which a page at this address may
 *					have, or LAB_NONE; safe for any garbage
 *
 * and these functions, which the platform implements elsewhere:
 *
 *   lab_page_make(core, i, how)	get memory for slot i, map it, fill addr[i]
 *					and meta[i].dma; 0, -ENOMEM or -EIO
 *   lab_page_unmap(core, i)		end the device's access, keep the memory
 *   lab_page_drop(core, i)		unmap if mapped, give the memory back, clear
 *					addr[i]; may be called pinned for pages of
 *					policy direct
 */
#ifndef LAB_PLATFORM_H
#define LAB_PLATFORM_H

#ifdef __KERNEL__
#include "platform_linux.h"
#else
#include "platform_user.h"
#endif

#endif /* LAB_PLATFORM_H */
