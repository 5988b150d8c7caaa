// SPDX-License-Identifier: GPL-2.0-only
/* The 32 KiB pool: every state, every page, every refusal. */
#include "fixture.h"

static _Alignas(LABYRINTH_PAGE_SIZE) uint8_t memory[PAGES + 2][SIZE];

/* A pool in the state @mask; the pages around it are not its own. */
static struct labyrinth pool_in(uint32_t mask)
{
	struct labyrinth maze;

	memset(&maze, 0x5a, sizeof(maze));
	labyrinth_fw_pool_init(&maze, memory[1]);
	assert_int_equal(maze.taken, 0);
	assert_int_equal(maze.refused, 0);
	assert_int_equal(maze.failed, 0);
	maze.taken = mask;
	return maze;
}

static void allocates_the_lowest_free_page_in_every_state(void **state)
{
	(void)state;
	for (uint32_t mask = 0; mask < 256; mask++) {
		struct labyrinth maze = pool_in(mask);
		uint8_t *got = alloc_labyrinth_page_gfp_atomic_exclusive(&maze);
		uint32_t lowest = 0;

		while (mask & 1u << lowest)
			lowest++;
		if (lowest == PAGES) {
			assert_null(got);
			assert_int_equal(maze.failed, 1);
			assert_int_equal(maze.taken, mask);
			continue;
		}
		assert_ptr_equal(got, memory[1 + lowest]);
		assert_int_equal(maze.taken, mask | 1u << lowest);
		assert_int_equal(maze.failed, 0);
	}
}

static void
frees_what_is_taken_and_refuses_the_rest_in_every_state(void **state)
{
	(void)state;
	for (uint32_t mask = 0; mask < 256; mask++) {
		for (uint32_t page = 0; page < PAGES; page++) {
			struct labyrinth maze = pool_in(mask);
			uint32_t bit = 1u << page;

			dealloc_labyrinth_page_exclusive(&maze,
							 memory[1 + page]);
			assert_int_equal(maze.taken, mask & ~bit);
			assert_int_equal(maze.refused, !(mask & bit));
			/* A second time is a double free, always */
			dealloc_labyrinth_page_exclusive(&maze,
							 memory[1 + page]);
			assert_int_equal(maze.taken, mask & ~bit);
			assert_int_equal(maze.refused, !(mask & bit) + 1);
		}
	}
}

static void refuses_null_misaligned_and_foreign_addresses(void **state)
{
	static const size_t inside[] = { 1, 8, SIZE / 2, SIZE - 1 };

	(void)state;
	for (uint32_t mask = 0; mask < 256; mask++) {
		struct labyrinth maze = pool_in(mask);
		uint32_t refused = 0;

		dealloc_labyrinth_page_exclusive(&maze, NULL);
		assert_int_equal(maze.refused, ++refused);
		dealloc_labyrinth_page_exclusive(&maze, memory[0]);
		assert_int_equal(maze.refused, ++refused);
		dealloc_labyrinth_page_exclusive(&maze, memory[PAGES + 1]);
		assert_int_equal(maze.refused, ++refused);
		/* One beyond 2^32 pages above: the index must not be cut off */
		dealloc_labyrinth_page_exclusive(
			&maze, (void *)((uintptr_t)memory[1] +
					((uintptr_t)SIZE << 32)));
		assert_int_equal(maze.refused, ++refused);
		for (uint32_t page = 0; page < PAGES; page++) {
			for (size_t i = 0; i < 4; i++) {
				dealloc_labyrinth_page_exclusive(
					&maze, memory[1 + page] + inside[i]);
				assert_int_equal(maze.refused, ++refused);
			}
		}
		assert_int_equal(maze.taken, mask);
	}
}

static void ninth_allocation_fails_and_one_free_helps(void **state)
{
	struct labyrinth maze = pool_in(0);

	(void)state;
	for (uint32_t i = 0; i < PAGES; i++)
		assert_ptr_equal(
			alloc_labyrinth_page_gfp_atomic_exclusive(&maze),
			memory[1 + i]);
	assert_null(alloc_labyrinth_page_gfp_atomic_exclusive(&maze));
	assert_null(alloc_labyrinth_page_gfp_atomic_exclusive(&maze));
	assert_int_equal(maze.failed, 2);
	dealloc_labyrinth_page_exclusive(&maze, memory[1 + 5]);
	assert_ptr_equal(alloc_labyrinth_page_gfp_atomic_exclusive(&maze),
			 memory[1 + 5]);
	assert_int_equal(maze.refused, 0);
}

/* As on a controller whose memory begins there */
static void null_is_refused_even_if_the_pool_is_there(void **state)
{
	struct labyrinth maze;

	(void)state;
	labyrinth_fw_pool_init(&maze, NULL);
	maze.taken = 0xff;
	dealloc_labyrinth_page_exclusive(&maze, NULL);
	assert_int_equal(maze.taken, 0xff);
	assert_int_equal(maze.refused, 1);
	dealloc_labyrinth_page_exclusive(&maze, (void *)(uintptr_t)SIZE);
	assert_int_equal(maze.taken, 0xfd);
}

SUITE(pool_suite, TEST(allocates_the_lowest_free_page_in_every_state),
      TEST(frees_what_is_taken_and_refuses_the_rest_in_every_state),
      TEST(refuses_null_misaligned_and_foreign_addresses),
      TEST(null_is_refused_even_if_the_pool_is_there),
      TEST(ninth_allocation_fails_and_one_free_helps));
