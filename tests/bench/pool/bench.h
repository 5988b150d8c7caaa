/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool's benchmark: an allocator as the measuring loop sees it */
#ifndef POOL_BENCH_H
#define POOL_BENCH_H

#include <linux/device.h>
#include <linux/types.h>

/* A page as one word; 0 is none */
struct bench_allocator {
	const char *name;
	int (*start)(struct device *dev);
	unsigned long (*take)(void);
	void (*give)(unsigned long page);
	void (*stop)(void);
};

extern const struct bench_allocator bench_allocators[];

#endif /* POOL_BENCH_H */
