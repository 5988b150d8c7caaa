/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the firmware core's tests share: a core on fresh memory, usual
 * configurations, and the checks that hold at every quiet moment.
 */
#ifndef LABYRINTH_FW_FIXTURE_H
#define LABYRINTH_FW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "labyrinth_fw.h"

#define PAGES LABYRINTH_STAGING_PAGES
#define SIZE LABYRINTH_PAGE_SIZE
#define ANY_SEED 0x1234abcdull

struct bed {
	_Alignas(LABYRINTH_PAGE_SIZE) uint8_t memory[PAGES][SIZE];
	struct labyrinth_fw fw;
};

/* The one bed, in its power-on state. */
struct labyrinth_fw *bed(uint32_t nr_queues);

/* No period, no end, 1..4096 bytes a page */
struct labyrinth_fw_config generator(uint32_t mode);
struct labyrinth_fw_config stream(uint32_t mode);
void start(struct labyrinth_fw *fw, uint32_t q,
	   const struct labyrinth_fw_config *cfg);

uint64_t dropped(const struct labyrinth_fw *fw, uint32_t q);
uint32_t pages_taken(const struct labyrinth_fw *fw);
/* The accounts balance, and each staging page is in exactly one place. */
void check_sane(const struct labyrinth_fw *fw);
/* The contents, length, checksum of a generator's page are what they must be. */
void check_generated(const struct labyrinth_fw_page *page,
		     const struct labyrinth_fw_config *cfg);
/* Deliver the oldest page of @q, granting it @addr if it asks; its sequence. */
uint64_t deliver(struct labyrinth_fw *fw, uint32_t q, uint64_t addr);

/* Sequential pseudo-random numbers, for the tests' own choices */
uint32_t draw(uint64_t *state, uint32_t below);

struct suite {
	const struct CMUnitTest *tests;
	size_t n;
};
#define SUITE(name, ...)                                               \
	static const struct CMUnitTest name##_all[] = { __VA_ARGS__ }; \
	const struct suite name = { name##_all,                        \
				    sizeof(name##_all) / sizeof(*name##_all) }
#define TEST(fn) cmocka_unit_test(fn)

extern const struct suite pool_suite, data_suite, generator_suite,
	request_suite, stream_suite, restart_suite, share_suite, valid_suite,
	random_suite, job_suite, solve_suite;

#endif /* LABYRINTH_FW_FIXTURE_H */
