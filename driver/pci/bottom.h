/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - a queue's lock, which depends on where its interrupt's work is done
 *
 * bottom=hardirq: raw, interrupts off.  bottom=softirq: softirqs off, and on PREEMPT_RT a
 * lock that may sleep, as every allocator but labyrinth needs it there; for allocator=labyrinth
 * the raw one, as its calls need interrupts off.
 */
#ifndef LABYRINTH_PCI_BOTTOM_H
#define LABYRINTH_PCI_BOTTOM_H

#include "driver.h"

DECLARE_STATIC_KEY_FALSE(labyrinth_soft_lock);

/**
 * labyrinth_lock - take a queue's lock
 * @q: the queue
 *
 * Context: any but hard interrupt.
 * Return: for labyrinth_unlock().
 */
static __always_inline unsigned long labyrinth_lock(struct labyrinth_queue *q)
	__acquires(&q->lock)
{
	unsigned long flags;

	if (static_branch_unlikely(&labyrinth_soft_lock)) {
		spin_lock_bh(&q->soft);
		return 0;
	}
	raw_spin_lock_irqsave(&q->lock, flags);
	return flags;
}

/**
 * labyrinth_unlock - release it
 * @q: the queue
 * @flags: from labyrinth_lock()
 */
static __always_inline void labyrinth_unlock(struct labyrinth_queue *q, unsigned long flags)
	__releases(&q->lock)
{
	if (static_branch_unlikely(&labyrinth_soft_lock))
		spin_unlock_bh(&q->soft);
	else
		raw_spin_unlock_irqrestore(&q->lock, flags);
}

#endif /* LABYRINTH_PCI_BOTTOM_H */
