/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a task may ask the kernel for.  Tasks are in flash and have no data but
 * their stack and their pages.
 */
#ifndef USER_H
#define USER_H

#include "kernel.h"

static inline uint32_t user_call(uint32_t number, uint32_t a, uint32_t b)
{
	register uint32_t r0 __asm__("r0") = a;
	register uint32_t r1 __asm__("r1") = b;
	register uint32_t ip __asm__("ip") = number;

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(ip) : "memory");
	return r0;
}

static inline void user_yield(void)
{
	user_call(CALL_YIELD, 0, 0);
}

static inline void user_sleep(uint32_t ticks)
{
	user_call(CALL_SLEEP, ticks, 0);
}

static inline pool_name user_wait(void)
{
	return user_call(CALL_WAIT, 0, 0);
}

static inline pool_name user_get(void)
{
	return user_call(CALL_GET, 0, 0);
}

static inline int user_put(pool_name name)
{
	return (int)user_call(CALL_PUT, name, 0);
}

static inline int user_pass(pool_name name, uint32_t task)
{
	return (int)user_call(CALL_PASS, name, task);
}

static inline void user_note(uint32_t what, uint32_t value)
{
	user_call(CALL_NOTE, what, value);
}

static inline void user_exit(void)
{
	user_call(CALL_EXIT, 0, 0);
}

#endif /* USER_H */
