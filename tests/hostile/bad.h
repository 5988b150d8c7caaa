/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs share that have a device do wrong: its faults and rules, its end
 * and its return, and KTAP.
 *
 * Contract: nothing here asserts; each call says what it found.
 */
#ifndef BAD_H
#define BAD_H

#include "lab.h"
#include "labyrinth_hw.h"

/* Writes a line to debugfs's faults, or to fail_alloc; 0 or a negative errno. */
int bad_faults(const char *format, ...) __attribute__((format(printf, 1, 2)));
int bad_alloc(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How often a fault, or a lie by a rule, has happened; of allocations "alloc" */
uint64_t bad_injected(const char *fault);
bool bad_fired(uint64_t fired[LABYRINTH_NR_RULES]);
extern const char *const bad_rules[LABYRINTH_NR_RULES];

/* A number from the device's own folder in sysfs; 0 without it */
uint64_t bad_number(const char *name);

/*
 * Nothing goes wrong from now on, and the device is as new: brought back if it is lost,
 * probed again if it was given up, reset.  0, or a negative errno.
 */
int bad_end(void);
/* Every queue works: 0, or a negative errno. */
int bad_good_run(unsigned int pages);

/* One line of KTAP; false if !good */
bool bad_result(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
int bad_plan_end(void);		/* the plan, and what to leave with */

#endif /* BAD_H */
