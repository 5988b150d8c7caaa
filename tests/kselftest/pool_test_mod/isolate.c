// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation: a page that was taken from the device has no mapping until it is free again
 *
 * Without an IOMMU the mapping is what the pool says; tests/iommu shows that the device
 * is kept out.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "test.h"

#define APART_PAGES	64	/* of the pool; no fronts */
#define APART_MANY	1024	/* with fronts */
#define APART_ROUNDS	20
#define APART_WAIT_MS	5000

static struct labyrinth *apart_create(unsigned int pages)
{
	struct labyrinth_params params = pool_params(pages, LABYRINTH_POLICY_POOL);
	struct labyrinth *maze;

	params.isolate = LABYRINTH_ISOLATE_STRICT;
	params.low = pages / 2;
	maze = labyrinth_create(&params);
	return POOL_EXPECT(!IS_ERR(maze)) ? maze : NULL;
}

/* A page that the device had, isolated */
static labyrinth_page_t apart_take(struct labyrinth *maze)
{
	labyrinth_page_t page = labyrinth_alloc(maze, 1);

	if (!labyrinth_page_ok(page))
		return page;
	POOL_EXPECT(labyrinth_page_dma(maze, page) != DMA_MAPPING_ERROR);
	POOL_EXPECT(labyrinth_to_device(maze, page) == 0);
	POOL_EXPECT(labyrinth_isolate(maze, page, 64) == 0);
	POOL_EXPECT(labyrinth_page_dma(maze, page) == DMA_MAPPING_ERROR);
	return page;
}

static u32 apart_unmapped(struct labyrinth *maze)
{
	struct labyrinth_stats stats;

	labyrinth_stats(maze, &stats);
	return stats.unmapped;
}

static bool apart_owners(struct labyrinth *maze, u32 cpu, u32 user, u32 unmapped)
{
	struct labyrinth_stats stats;

	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_CPU] == cpu);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_USER] == user);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_DEVICE] == 0);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_QUARANTINED] == 0);
	POOL_EXPECT(stats.owned[LABYRINTH_OWNER_FREE] == stats.total - cpu - user);
	return POOL_EXPECT(stats.unmapped == unmapped);
}

/* Each owner's way, and what each may not do */
static bool apart_hand_overs(unsigned int pages)
{
	struct labyrinth *maze = apart_create(pages);
	labyrinth_page_t page;
	struct labyrinth_stats stats;

	if (!maze)
		return false;
	page = labyrinth_alloc(maze, 1);
	POOL_EXPECT(labyrinth_isolate(maze, page, 1) == -EBUSY);
	POOL_EXPECT(labyrinth_to_device(maze, page) == 0);
	POOL_EXPECT(labyrinth_isolate(maze, page, PAGE_SIZE + 1) == -EMSGSIZE);
	POOL_EXPECT(labyrinth_isolate(maze, (labyrinth_page_t){ ~0ULL }, 1) == -EINVAL);
	POOL_EXPECT(labyrinth_page_dma(maze, page) != DMA_MAPPING_ERROR);
	POOL_EXPECT(labyrinth_isolate(maze, page, PAGE_SIZE) == 0);
	POOL_EXPECT(labyrinth_page_dma(maze, page) == DMA_MAPPING_ERROR);
	apart_owners(maze, 1, 0, 0);
	POOL_EXPECT(labyrinth_isolate(maze, page, 1) == -EBUSY);
	POOL_EXPECT(labyrinth_to_device(maze, page) == -EBUSY);
	POOL_EXPECT(labyrinth_to_cpu(maze, page, 1) == -EBUSY);
	memset(labyrinth_page_addr(maze, page), 0xa5, PAGE_SIZE);
	POOL_EXPECT(labyrinth_to_user(maze, page, 100) == 0);
	POOL_EXPECT(!memchr_inv(labyrinth_page_addr(maze, page) + 100, 0, PAGE_SIZE - 100));
	apart_owners(maze, 0, 1, 0);
	POOL_EXPECT(labyrinth_to_user(maze, page, 100) == -EBUSY);
	POOL_EXPECT(labyrinth_to_device(maze, page) == -EBUSY);
	POOL_EXPECT(labyrinth_free(maze, page) == 0);
	apart_owners(maze, 0, 0, 1);
	POOL_EXPECT(labyrinth_free(maze, page) == -ESTALE);
	POOL_EXPECT(labyrinth_to_cpu(maze, page, 0) != 0);
	POOL_EXPECT(labyrinth_to_user(maze, page, 0) != 0);
	POOL_EXPECT(labyrinth_isolate(maze, page, 0) == -ESTALE);
	apart_owners(maze, 0, 0, 1);
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.isolated == 1);
	POOL_EXPECT(stats.refused == 12);
	POOL_EXPECT(stats.late == 0);
	return pool_end(maze);
}

static bool pool_case_apart_small(void)
{
	return apart_hand_overs(APART_PAGES);
}

static bool pool_case_apart_fronts(void)
{
	return apart_hand_overs(APART_MANY);
}

/* Every page goes round many times, none is lost, and none comes out without a mapping */
static bool apart_rounds(unsigned int count)
{
	struct labyrinth *maze = apart_create(count);
	labyrinth_page_t *page = kvcalloc(count, sizeof(*page), GFP_KERNEL);
	unsigned int round, taken, i, waited;
	struct labyrinth_stats stats;
	u64 isolated = 0;

	if (!maze || !POOL_EXPECT(page))
		return false;
	for (round = 0; round < APART_ROUNDS; round++) {
		taken = 0;
		for (waited = 0; taken < count && waited < APART_WAIT_MS; waited++) {
			page[taken] = apart_take(maze);
			if (labyrinth_page_ok(page[taken]))
				taken++;
			else
				usleep_range(500, 1000);
		}
		if (!POOL_EXPECT(taken == count))
			break;
		isolated += taken;
		apart_owners(maze, count, 0, 0);
		/* the order of frees differs between rounds */
		for (i = 0; i < taken; i++)
			POOL_EXPECT(labyrinth_free(maze, page[i * (2 * round + 1) % count]) == 0);
	}
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.isolated == isolated);
	POOL_EXPECT(stats.total == count && stats.refills == 0 && stats.refused == 0);
	POOL_EXPECT(stats.map_failed == 0);
	kvfree(page);
	return pool_end(maze);
}

static bool pool_case_apart_rounds_small(void)
{
	return apart_rounds(APART_PAGES);
}

static bool pool_case_apart_rounds_fronts(void)
{
	return apart_rounds(APART_MANY);
}

struct apart_give {
	struct labyrinth *maze;
	labyrinth_page_t page;
	int result;
};

static void apart_do_free(void *arg)
{
	struct apart_give *give = arg;

	give->result = labyrinth_free(give->maze, give->page);
}

static void apart_do_free_pinned(void *arg)
{
	struct apart_give *give = arg;

	give->result = labyrinth_free_pinned(give->maze, give->page);
}

/* Nothing is mapped where it is freed: an interrupt may do it */
static bool pool_case_apart_interrupt(void)
{
	struct labyrinth *maze = apart_create(APART_MANY);
	struct apart_give give = { .maze = maze };

	if (!maze)
		return false;
	give.page = apart_take(maze);
	POOL_EXPECT(pool_in_hardirq(apart_do_free, &give) && give.result == 0);
	give.page = apart_take(maze);
	POOL_EXPECT(pool_in_hardirq(apart_do_free_pinned, &give) && give.result == 0);
	POOL_EXPECT(pool_in_hardirq(apart_do_free_pinned, &give) && give.result == -ESTALE);
	apart_owners(maze, 0, 0, 2);
	return pool_end(maze);
}

/* What is out, apart, and what waits do not keep a pool from its end */
static bool pool_case_apart_end(void)
{
	struct labyrinth *maze = apart_create(APART_PAGES);
	labyrinth_page_t waits, held, device;

	if (!maze)
		return false;
	waits = apart_take(maze);
	held = apart_take(maze);
	device = labyrinth_alloc(maze, 1);
	POOL_EXPECT(labyrinth_to_device(maze, device) == 0);
	POOL_EXPECT(labyrinth_free(maze, waits) == 0);
	POOL_EXPECT(labyrinth_destroy(maze, 20) == -EBUSY);
	memset(labyrinth_page_addr(maze, held), 1, PAGE_SIZE);
	POOL_EXPECT(labyrinth_free(maze, held) == 0);
	POOL_EXPECT(labyrinth_free(maze, held) != 0);
	POOL_EXPECT(labyrinth_free(maze, device) == 0);
	return true;
}

static bool pool_case_apart_refused(void)
{
	struct labyrinth_params params = pool_params(APART_PAGES, LABYRINTH_POLICY_FALLBACK);
	struct labyrinth *maze;
	labyrinth_page_t page;

	params.isolate = LABYRINTH_ISOLATE_STRICT;
	POOL_EXPECT(PTR_ERR(labyrinth_create(&params)) == -EINVAL);
	params.policy = LABYRINTH_POLICY_DIRECT;
	POOL_EXPECT(PTR_ERR(labyrinth_create(&params)) == -EINVAL);
	params.policy = LABYRINTH_POLICY_POOL;
	params.isolate = LABYRINTH_ISOLATE_STRICT + 1;
	POOL_EXPECT(PTR_ERR(labyrinth_create(&params)) == -EINVAL);

	/* without isolation the same call is the plain hand-over */
	params.isolate = LABYRINTH_ISOLATE_NONE;
	maze = labyrinth_create(&params);
	if (!POOL_EXPECT(!IS_ERR(maze)))
		return false;
	page = labyrinth_alloc(maze, 1);
	POOL_EXPECT(labyrinth_to_device(maze, page) == 0);
	POOL_EXPECT(labyrinth_isolate(maze, page, 64) == 0);
	POOL_EXPECT(labyrinth_page_dma(maze, page) != DMA_MAPPING_ERROR);
	POOL_EXPECT(labyrinth_to_device(maze, page) == 0);
	POOL_EXPECT(labyrinth_to_cpu(maze, page, 0) == 0);
	POOL_EXPECT(labyrinth_free(maze, page) == 0);
	POOL_EXPECT(apart_unmapped(maze) == 0);
	return pool_end(maze);
}

static atomic_t apart_fail = ATOMIC_INIT(0);
static struct module *apart_module;

/* Each mapping that the pool's module asks for fails, as long as there are to be failures */
static int apart_map_fails(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long *stack = (unsigned long *)kernel_stack_pointer(regs);

	if (!within_module(*stack, apart_module) || atomic_dec_if_positive(&apart_fail) < 0)
		return 0;
	regs_set_return_value(regs, DMA_MAPPING_ERROR);
	instruction_pointer_set(regs, (unsigned long)fault_return);
	return 1;
}

/* A page that cannot be mapped waits, is counted, and is tried again by the worker alone */
static bool pool_case_apart_map_fails(void)
{
	struct kprobe probe = {
		.symbol_name = "dma_map_page_attrs",
		.pre_handler = apart_map_fails,
	};
	struct labyrinth *maze = apart_create(APART_PAGES);
	struct labyrinth_stats stats;
	labyrinth_page_t page;
	unsigned int i;

	apart_module = pool_module();
	if (!maze || !POOL_EXPECT(apart_module) || !POOL_EXPECT(register_kprobe(&probe) == 0))
		return false;
	atomic_set(&apart_fail, 5);
	/* below the low mark the worker begins, and once the failures end all are mapped */
	for (i = 0; i < APART_PAGES; i++) {
		page = apart_take(maze);
		if (labyrinth_page_ok(page))
			POOL_EXPECT(labyrinth_free(maze, page) == 0);
	}
	for (i = 0; i < APART_WAIT_MS && atomic_read(&apart_fail); i++)
		usleep_range(500, 1000);
	for (i = 0; i < APART_WAIT_MS && apart_unmapped(maze) >= APART_PAGES / 2; i++)
		usleep_range(500, 1000);
	unregister_kprobe(&probe);
	labyrinth_stats(maze, &stats);
	POOL_EXPECT(stats.map_failed == 5);
	POOL_EXPECT(stats.unmapped < APART_PAGES / 2);
	POOL_EXPECT(stats.total == APART_PAGES && stats.refills == 0);
	return pool_end(maze);
}

const struct pool_case pool_apart_cases[] = {
	{ "isolated pages, small pool", pool_case_apart_small },
	{ "isolated pages, blocks in fronts", pool_case_apart_fronts },
	{ "isolated pages go round, small pool", pool_case_apart_rounds_small },
	{ "isolated pages go round, blocks in fronts", pool_case_apart_rounds_fronts },
	{ "isolated pages freed in interrupts", pool_case_apart_interrupt },
	{ "isolated pages at the end", pool_case_apart_end },
	{ "isolation refused, and none", pool_case_apart_refused },
	{ "isolated pages that cannot be mapped again", pool_case_apart_map_fails },
	{ }
};
