/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool's test module: what its files share
 *
 * A case is a function that uses POOL_EXPECT(); one that does not hold is
 * printed and fails the case, which goes on if it can.
 */
#ifndef POOL_TEST_H
#define POOL_TEST_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/labyrinth_pool.h>

#define POOL_EXPECT(condition)	pool_expect(!!(condition), #condition, __func__, __LINE__)

/* Kernels on which the page allocator may not be called in hard interrupts */
#define POOL_RT_RULES	(IS_ENABLED(CONFIG_PREEMPT_RT) ||	\
			 IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING))

struct pool_case {
	const char *name;
	bool (*run)(void);
};

extern const struct pool_case pool_context_cases[];
extern const struct pool_case pool_ownership_cases[];
extern const struct pool_case pool_memory_cases[];
extern const struct pool_case pool_storm_cases[];

/* main.c */
extern unsigned int pool_seconds;

bool pool_expect(bool holds, const char *what, const char *function, int line);
struct device *pool_device(void);
struct labyrinth_params pool_params(unsigned int pages, enum labyrinth_policy policy);
bool pool_end(struct labyrinth *maze);
bool pool_in_hardirq(void (*fn)(void *arg), void *arg);
bool pool_in_softirq(void (*fn)(void *arg), void *arg);

#endif /* POOL_TEST_H */
