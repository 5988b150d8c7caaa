// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU's table of other blocks' pages: what it holds is bounded, does not wait while somebody
 * is refused, and never frees a page twice.  Each case is one that the short way of a known
 * page (lab_free_known()) must leave to the long one.
 */
#include "pool.h"
#include "user.h"

#define BLOCK	64
#define ROWS	8

static labyrinth_page_t take(struct labyrinth *maze)
{
	labyrinth_page_t page = labyrinth_alloc(maze, 0);

	assert_true(labyrinth_page_ok(page));
	return page;
}

static struct labyrinth *interrupt_pool(unsigned int cpus, unsigned int pages)
{
	struct labyrinth *maze = unit_pool(cpus, pages, LABYRINTH_POLICY_POOL);

	labyrinth_set_context(LABYRINTH_CTX_HARDIRQ);
	assert_int_equal(lab_size(&maze->core), BLOCK);
	return maze;
}

/* Those of the inline frees too, which front->held does not count yet */
static unsigned int table_holds(struct labyrinth *maze, unsigned int cpu)
{
	const struct lab_front *front = lab_front_of(&maze->core, cpu);
	unsigned int i, n = lab_popcount(front->opened & ~front->hot.other_ok);

	for (i = 0; i < LAB_TABLE; i++)
		n += lab_popcount(front->table[i].freed);
	return n;
}

/* The next free of this page is an inline one */
static bool page_is_open(const struct lab_front *front, labyrinth_page_t page)
{
	u64 bit = page.v ^ front->hot.other;

	return bit < LABYRINTH_BLOCK_MAX && front->hot.other_ok >> bit & 1;
}

/* A row of one block's pages is freed inline, then pages of others that the table knows */
static void test_row_then_known(void **state)
{
	struct labyrinth *maze = interrupt_pool(2, 8192);
	labyrinth_page_t out[ROWS][BLOCK];
	unsigned int i, row, most = 0;

	(void)state;
	for (row = 0; row < ROWS; row++)
		for (i = 0; i < BLOCK; i++)
			out[row][i] = take(maze);
	labyrinth_set_cpu(1);
	for (row = 1; row < ROWS; row++)
		assert_int_equal(labyrinth_free(maze, out[row][0]), 0);
	for (i = 0; i < BLOCK - 1; i++)
		assert_int_equal(labyrinth_free(maze, out[0][i]), 0);
	/* so the row did go inline */
	assert_true(lab_front_of(&maze->core, 1)->hot.other);
	for (i = 1; i < BLOCK; i++) {
		for (row = 1; row < ROWS; row++) {
			assert_int_equal(labyrinth_free(maze, out[row][i]), 0);
			most = table_holds(maze, 1) > most ? table_holds(maze, 1) : most;
		}
	}
	assert_int_equal(most, maze->core.held_max);
	assert_int_equal(labyrinth_free(maze, out[0][BLOCK - 1]), 0);
	unit_end(maze);
}

/* A row that is longer than what the table may hold goes inline too, in parts that it has room for */
static void test_row_in_a_small_table(void **state)
{
	struct labyrinth *maze = interrupt_pool(2, 1024);
	const struct lab_front *front = lab_front_of(&maze->core, 1);
	labyrinth_page_t out[2 * BLOCK];
	unsigned int i, inlined = 0;

	(void)state;
	assert_true(maze->core.held_max < BLOCK - 2);
	for (i = 0; i < 2 * BLOCK; i++)
		out[i] = take(maze);
	labyrinth_set_cpu(1);
	for (i = 0; i < 2 * BLOCK; i++) {
		inlined += front->hot.other && page_is_open(front, out[i]);
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
		assert_true(table_holds(maze, 1) <= maze->core.held_max);
	}
	assert_true(inlined > BLOCK);
	for (i = 0; i < 2 * BLOCK; i++)
		assert_int_equal(labyrinth_free(maze, out[i]), -ESTALE);
	unit_end(maze);
}

/* Somebody was refused: a page that the table knows is there for him at once */
static void test_known_while_starved(void **state)
{
	struct labyrinth *maze = interrupt_pool(2, 2048);
	labyrinth_page_t out[2048], page;
	unsigned int n = 0, i;

	(void)state;
	for (i = 0; i < 2 * BLOCK; i++)
		out[n++] = take(maze);
	labyrinth_set_cpu(1);
	assert_int_equal(labyrinth_free(maze, out[0]), 0);
	assert_int_equal(labyrinth_free(maze, out[BLOCK]), 0);
	out[0] = out[--n];
	out[BLOCK] = out[--n];
	labyrinth_set_cpu(0);
	while (labyrinth_page_ok(page = labyrinth_alloc(maze, 0)))
		out[n++] = page;
	labyrinth_set_cpu(1);
	assert_int_equal(table_holds(maze, 1), 2);
	assert_int_equal(labyrinth_free(maze, out[1]), 0);
	labyrinth_set_cpu(0);
	out[1] = take(maze);
	while (n)
		assert_int_equal(labyrinth_free(maze, out[--n]), 0);
	assert_int_equal(labyrinth_work(maze), 0);
	unit_end(maze);
}

/* A forged handle makes the table look at the front's own issue: it may free nothing of it */
static void test_entry_of_own_issue(void **state)
{
	struct labyrinth *maze = interrupt_pool(1, 1024);
	labyrinth_page_t out[1024], page, other;
	unsigned int n = 0, i;

	(void)state;
	while (n < 1024)
		out[n++] = take(maze);
	/* every other page of the first block comes back, and is issued again */
	for (i = 0; i < BLOCK; i += 2)
		assert_int_equal(labyrinth_free(maze, out[i]), 0);
	labyrinth_drain(maze);
	page = take(maze);
	other = take(maze);
	assert_int_equal(page.v ^ lab_front_of(&maze->core, 0)->hot.key, labyrinth_page_slot(page) % BLOCK);
	assert_int_equal(labyrinth_free(maze, (labyrinth_page_t){ page.v ^ 1 }), -ESTALE);
	/* another entry is the last that was looked at */
	assert_int_equal(labyrinth_free(maze, out[BLOCK]), 0);
	assert_int_equal(labyrinth_free(maze, page), 0);
	assert_int_equal(labyrinth_free(maze, page), -ESTALE);
	assert_int_equal(labyrinth_free(maze, other), 0);
	for (i = 0; i < 1024; i++)
		if (i != BLOCK && (i >= BLOCK || i % 2))
			assert_int_equal(labyrinth_free(maze, out[i]), 0);
	unit_end(maze);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_then_known),
		cmocka_unit_test(test_row_in_a_small_table),
		cmocka_unit_test(test_known_while_starved),
		cmocka_unit_test(test_entry_of_own_issue),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
