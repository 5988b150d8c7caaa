/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of where the pool's memory lies: what their files share
 *
 * A case is a function that uses EXPECT(); one that does not hold is printed and
 * fails the case.  What a case needs of the machine it expects too: which cases
 * a guest can run, its script knows.
 */
#ifndef MEMORY_TEST_H
#define MEMORY_TEST_H

#include <linux/device.h>
#include <linux/labyrinth_pool.h>
#include <linux/types.h>

#define EXPECT(condition)	memory_expect(!!(condition), #condition, __func__, __LINE__)

struct memory_case {
	const char *name;
	void (*run)(void);
};

/* A new pool and all of its pages */
struct memory_hold {
	struct labyrinth *maze;
	labyrinth_page_t *page;
	u32 pages;
};

extern const struct memory_case memory_place_cases[];
extern const struct memory_case memory_shortage_cases[];

bool memory_expect(bool holds, const char *what, const char *function, int line);
struct device *memory_device(void);
struct labyrinth_params memory_params(unsigned int pages);
bool memory_hold(struct memory_hold *hold, const struct labyrinth_params *params,
		 unsigned int more);
void memory_drop(struct memory_hold *hold);

#endif /* MEMORY_TEST_H */
