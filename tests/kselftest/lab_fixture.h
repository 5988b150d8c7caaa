/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests in which something goes away: queues to receive with, in both
 * modes, and afterwards a device that works, with every page back.
 *
 * Contract: LAB_BOTH_MODES(name) once in a program; then TEST_F(name, ...) has
 * self->rx, self->pci and variant->mode.  Include it after kselftest_harness.h.
 */
#ifndef LAB_FIXTURE_H
#define LAB_FIXTURE_H

#include <string.h>

#include "lab.h"

#define LAB_BOTH_MODES(name)							\
FIXTURE(name) {									\
	struct lab_rx rx[LAB_QUEUES];						\
	char pci[32];								\
};										\
										\
FIXTURE_VARIANT(name) {								\
	uint32_t mode;								\
};										\
										\
FIXTURE_VARIANT_ADD(name, demand) { .mode = LABYRINTH_MODE_DEMAND };		\
FIXTURE_VARIANT_ADD(name, ring) { .mode = LABYRINTH_MODE_RING };		\
										\
FIXTURE_SETUP(name)								\
{										\
	int i;									\
										\
	for (i = 0; i < LAB_QUEUES; i++)					\
		self->rx[i].fd = -1;						\
	ASSERT_NE(NULL, lab_pci());						\
	strcpy(self->pci, lab_pci());						\
}										\
										\
FIXTURE_TEARDOWN(name)								\
{										\
	uint64_t errors;							\
	int i;									\
										\
	for (i = 0; i < LAB_QUEUES; i++)					\
		lab_close(&self->rx[i]);					\
	EXPECT_TRUE(lab_wait_device());						\
	EXPECT_TRUE(lab_pages_back());						\
	/* whatever happened: the device was never told a thing that it had to refuse */ \
	EXPECT_TRUE(lab_read_number(LAB_SYS "/errors", &errors));		\
	EXPECT_EQ(0, errors);							\
}

#endif
