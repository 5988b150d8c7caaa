/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For tests: lets any step of the library that takes memory fail */
#ifndef LAB_HOOK_H
#define LAB_HOOK_H

#include <stdbool.h>

enum lab_hook_step {
	LAB_HOOK_POOL,
	LAB_HOOK_META,
	LAB_HOOK_ADDR,
	LAB_HOOK_FRONT,
	LAB_HOOK_ARENA,
	LAB_HOOK_PAGE,
	LAB_HOOK_BLOCK,
};

/* Called before each step; true makes it fail.  NULL: none fails. */
extern bool (*lab_hook)(enum lab_hook_step step);

#endif /* LAB_HOOK_H */
