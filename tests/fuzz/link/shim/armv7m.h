/* SPDX-License-Identifier: GPL-2.0-only */
/* Of the core's instructions the link uses one; here nobody else looks on. */
#ifndef ARMV7M_H
#define ARMV7M_H

static inline void barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

#endif /* ARMV7M_H */
