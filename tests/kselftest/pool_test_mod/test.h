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
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/labyrinth_contexts.h>
#include <linux/labyrinth_pool.h>
#include <linux/linkage.h>

/* What must happen is waited for: only a hang takes longer, however slow the machine */
#define POOL_PATIENCE	(60 * HZ)

#define POOL_EXPECT(condition)	pool_expect(!!(condition), #condition, __func__, __LINE__)

/* Kernels on which the page allocator may not be called in hard interrupts */
#define POOL_RT_RULES	(IS_ENABLED(CONFIG_PREEMPT_RT) ||	\
			 IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING))

struct module;
struct tracepoint;

struct pool_case {
	const char *name;
	bool (*run)(void);
};

extern const struct pool_case pool_named_cases[];
extern const struct pool_case pool_call_cases[];
extern const struct pool_case pool_context_cases[];
extern const struct pool_case pool_scope_cases[];
extern const struct pool_case pool_trace_cases[];
extern const struct pool_case pool_holder_cases[];
extern const struct pool_case pool_ownership_cases[];
extern const struct pool_case pool_apart_cases[];
extern const struct pool_case pool_garbage_cases[];
extern const struct pool_case pool_race_cases[];
extern const struct pool_case pool_memory_cases[];
extern const struct pool_case pool_fault_cases[];
extern const struct pool_case pool_storm_cases[];
extern const struct pool_case pool_soak_cases[];

/* main.c */
extern unsigned int pool_seconds;
extern unsigned int pool_soak_seed;
extern unsigned long pool_soak_allocs;

bool pool_expect(bool holds, const char *what, const char *function, int line);
struct device *pool_device(void);
struct labyrinth_params pool_params(unsigned int pages, enum labyrinth_policy policy);
bool pool_end(struct labyrinth *maze);

/* hooks.c */
struct pool_hook {
	struct tracepoint *tp;
	void *probe;
	void *data;
};

bool pool_hook(struct pool_hook *hook, const char *name, void *probe, void *data);
void pool_unhook(struct pool_hook *hook);
struct module *pool_module(void);

/* faults.c: nothing but a return, for a probe that makes a function fail */
asmlinkage void fault_return(void);

/* places.c */
bool pool_has_place(enum labyrinth_place place);
enum labyrinth_context pool_context(enum labyrinth_place place);
bool pool_go(enum labyrinth_place place, void (*fn)(void *arg), void *arg);
bool pool_in_hardirq(void (*fn)(void *arg), void *arg);
bool pool_in_softirq(void (*fn)(void *arg), void *arg);
bool pool_in_nmi(void (*fn)(void *arg), void *arg);
bool pool_in_nmi_in_hardirq(void (*fn)(void *arg), void *arg);
int pool_places_start(void);
void pool_places_stop(void);

#endif /* POOL_TEST_H */
