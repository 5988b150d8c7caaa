// SPDX-License-Identifier: GPL-2.0-only
/* The refusal of a call in a wrong place; place.h has the contract.  Any context, NMI too. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/labyrinth_pool.h>
#include <linux/printk.h>

#include "place.h"

#define LAB_PLACE_TEXT(name, text)	\
	[LABYRINTH_IN_##name] = text,
static const char * const lab_place_texts[] = { LABYRINTH_PLACES(LAB_PLACE_TEXT) };

#define LAB_CALL_TEXT(name, NAME, ...)	\
	[LABYRINTH_CALL_##NAME] = "labyrinth_" #name,
static const char * const lab_call_texts[] = { LABYRINTH_CALLS(LAB_CALL_TEXT) };

static atomic64_t lab_wrong = ATOMIC64_INIT(0);
static DECLARE_BITMAP(lab_named, LABYRINTH_NR_CALLS);

bool lab_wrong_place(enum labyrinth_call call, enum labyrinth_place place, unsigned long caller)
{
	atomic64_inc(&lab_wrong);
	if (!test_and_set_bit(call, lab_named))
		pr_warn("%s() refused, called by %pS in: %s; docs/contexts.md has what is allowed where; the next ones are only counted\n",
			lab_call_texts[call], (void *)caller, lab_place_texts[place]);
	return false;
}

/**
 * labyrinth_wrong_calls - how many calls were refused for where they were made
 *
 * Of all pools, since the module was loaded.  labyrinth_contexts.h has the table.
 *
 * Context: any.
 * Return: the number.
 */
u64 labyrinth_wrong_calls(void)
{
	return atomic64_read(&lab_wrong);
}
EXPORT_SYMBOL_GPL(labyrinth_wrong_calls);
