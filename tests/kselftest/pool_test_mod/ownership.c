// SPDX-License-Identifier: GPL-2.0-only
/* One owner at a time: hand-overs, and every kind of bad free, are told exactly */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "test.h"

static bool pool_case_hand_over(void)
{
	struct labyrinth_params params = pool_params(4, LABYRINTH_POLICY_POOL);
	struct labyrinth *maze = labyrinth_create(&params);
	struct labyrinth_stats stats;
	labyrinth_page_t page;
	u8 *data;

	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	page = labyrinth_alloc(maze, 9);
	POOL_EXPECT(labyrinth_page_ok(page));
	POOL_EXPECT(labyrinth_page_dma(maze, page) != DMA_MAPPING_ERROR);
	POOL_EXPECT(labyrinth_page_struct(maze, page) ==
		    virt_to_page(labyrinth_page_addr(maze, page)));
	POOL_EXPECT(labyrinth_to_cpu(maze, page, 1) == -EBUSY);
	POOL_EXPECT(labyrinth_to_device(maze, page) == 0);
	POOL_EXPECT(labyrinth_to_device(maze, page) == -EBUSY);
	POOL_EXPECT(labyrinth_to_user(maze, page, 1) == -EBUSY);
	POOL_EXPECT(labyrinth_free(maze, page) == -EBUSY);
	POOL_EXPECT(labyrinth_to_cpu(maze, page, PAGE_SIZE + 1) == -EMSGSIZE);
	POOL_EXPECT(labyrinth_to_cpu(maze, page, PAGE_SIZE) == 0);
	data = labyrinth_page_addr(maze, page);
	memset(data, 0xa5, PAGE_SIZE);
	POOL_EXPECT(labyrinth_to_user(maze, page, 100) == 0);
	POOL_EXPECT(!memchr_inv(data, 0xa5, 100));
	POOL_EXPECT(!memchr_inv(data + 100, 0, PAGE_SIZE - 100));
	POOL_EXPECT(labyrinth_to_device(maze, page) == -EBUSY);
	POOL_EXPECT(labyrinth_free(maze, page) == 0);
	/* not checked in a dead handle, but never out of bounds */
	POOL_EXPECT(labyrinth_page_dma(maze, (labyrinth_page_t){ ~0ULL }) == DMA_MAPPING_ERROR);
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.refused == 6);
	return pool_end(maze);
}

static bool pool_case_bad_frees(void)
{
	struct labyrinth_params params = pool_params(2, LABYRINTH_POLICY_POOL);
	struct labyrinth *maze = labyrinth_create(&params);
	struct labyrinth *other = labyrinth_create(&params);
	labyrinth_page_t page, again, foreign, wrong;
	struct labyrinth_stats stats;
	unsigned long loose = __get_free_page(GFP_KERNEL);
	unsigned int i;

	if (!POOL_EXPECT(!IS_ERR(maze) && !IS_ERR(other) && loose))
		return false;
	page = labyrinth_alloc(maze, 1);
	foreign = labyrinth_alloc(other, 2);
	POOL_EXPECT(labyrinth_free(maze, foreign) == -EINVAL);
	POOL_EXPECT(labyrinth_free(maze, (labyrinth_page_t){ 0 }) == -EINVAL);
	POOL_EXPECT(labyrinth_free(maze, (labyrinth_page_t){ loose }) == -EINVAL);
	wrong.v = page.v ^ 1ULL << LABYRINTH_EPOCH_SHIFT;
	POOL_EXPECT(labyrinth_free(maze, wrong) == -ESTALE);
	POOL_EXPECT(labyrinth_free(maze, page) == 0);
	POOL_EXPECT(labyrinth_free(maze, page) == -ESTALE);
	/* the same page comes out again: the old handle stays dead */
	again = labyrinth_alloc(maze, 3);
	POOL_EXPECT(labyrinth_page_addr(maze, again) == labyrinth_page_addr(maze, page));
	POOL_EXPECT(labyrinth_free(maze, page) == -ESTALE);
	POOL_EXPECT(labyrinth_to_device(maze, page) == -ESTALE);
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.refused == 7);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_CPU] == 1);

	/* by address: all is told but the stale free after re-issue */
	dealloc_labyrinth_page_exclusive(maze, (void *)loose);
	dealloc_labyrinth_page_exclusive(maze, labyrinth_page_addr(maze, again) + 8);
	dealloc_labyrinth_page_exclusive(maze, labyrinth_page_addr(other, foreign));
	dealloc_labyrinth_page_exclusive(maze, NULL);
	for (i = 0; i < 1000; i++)
		dealloc_labyrinth_page_exclusive(maze, (void *)(get_random_long() | 1));
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.refused == 1010);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_CPU] == 1);
	dealloc_labyrinth_page_exclusive(maze, labyrinth_page_addr(maze, page));
	POOL_EXPECT(labyrinth_free(maze, again) == -ESTALE);

	POOL_EXPECT(labyrinth_free(other, foreign) == 0);
	free_page(loose);
	return pool_end(maze) && pool_end(other);
}

struct pool_give {
	struct labyrinth *maze;
	labyrinth_page_t page;
	int result;
};

static void pool_do_give(void *arg)
{
	struct pool_give *give = arg;

	give->result = labyrinth_free(give->maze, give->page);
}

/* After destroy the holders' memory and frees stay good, in hard interrupts too */
static bool pool_case_late_free(void)
{
	struct labyrinth_params params = pool_params(8, LABYRINTH_POLICY_POOL);
	struct labyrinth *maze = labyrinth_create(&params);
	labyrinth_page_t cpu, device, last;
	struct pool_give give;

	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	cpu = labyrinth_alloc(maze, 11);
	device = labyrinth_alloc(maze, 12);
	last = labyrinth_alloc(maze, 13);
	POOL_EXPECT(labyrinth_page_ok(cpu) && labyrinth_page_ok(device));
	POOL_EXPECT(labyrinth_to_device(maze, device) == 0);
	POOL_EXPECT(labyrinth_destroy(maze, 20) == -EBUSY);
	/* the memory is still theirs */
	memset(labyrinth_page_addr(maze, cpu), 1, PAGE_SIZE);
	memset(labyrinth_page_addr(maze, device), 2, PAGE_SIZE);
	POOL_EXPECT(labyrinth_free(maze, device) == 0);
	/* two pages are still out and keep the pool: a double free is told as ever */
	POOL_EXPECT(labyrinth_free(maze, device) != 0);
	dealloc_labyrinth_page_exclusive(maze, labyrinth_page_addr(maze, cpu));
	give = (struct pool_give){ .maze = maze, .page = last };
	POOL_EXPECT(pool_in_hardirq(pool_do_give, &give));
	POOL_EXPECT(give.result == 0);
	return true;
}

const struct pool_case pool_ownership_cases[] = {
	{ "hand-overs with syncs and zeroed tail", pool_case_hand_over },
	{ "bad frees are refused", pool_case_bad_frees },
	{ "late frees after destroy", pool_case_late_free },
	{ }
};
