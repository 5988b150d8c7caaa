// SPDX-License-Identifier: GPL-2.0-only
/* The first call in a wrong place is named in the log with its caller, the next are counted */
#include <linux/atomic.h>
#include <linux/string.h>

#include "test.h"

#define NAMED_CALLS	3

static void named_probe(void *data, const char *text, size_t len)
{
	atomic_t *lines = data;

	if (strnstr(text, "labyrinth_refill() refused, called by named_do", len))
		atomic_inc(lines);
}

/* Not inlined, so that this is the name in the log */
static noinline void named_do(void *arg)
{
	POOL_EXPECT(labyrinth_refill(arg, 1) == -EPERM);
	barrier();
}

static bool pool_case_named(void)
{
	struct labyrinth_params params = pool_params(8, LABYRINTH_POLICY_POOL);
	struct labyrinth *maze = labyrinth_create(&params);
	/* of an earlier load of this module perhaps: then it has been said */
	u64 before = labyrinth_wrong_calls();
	atomic_t lines = ATOMIC_INIT(0);
	struct pool_hook hook;
	unsigned int i;

	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	if (!POOL_EXPECT(pool_hook(&hook, "console", named_probe, &lines)))
		return false;
	for (i = 0; i < NAMED_CALLS; i++)
		pool_go(LABYRINTH_IN_IRQS, named_do, maze);
	pool_unhook(&hook);
	POOL_EXPECT(labyrinth_wrong_calls() - before == NAMED_CALLS);
	POOL_EXPECT(atomic_read(&lines) == !before);
	return pool_end(maze);
}

const struct pool_case pool_named_cases[] = {
	{ "a wrong call is named once, with its caller", pool_case_named },
	{ }
};
