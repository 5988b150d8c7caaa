// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where pages lie: on the node that was asked for, within the device's reach, and
 * what the device writes is what the CPU reads, also through bounce buffers or an
 * IOMMU
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/string.h>

#include "test.h"

#define PLACE_PAGES	300

static u32 place_off_node(const struct memory_hold *hold, int node)
{
	u32 i, off = 0;

	for (i = 0; i < hold->pages; i++)
		off += page_to_nid(labyrinth_page_struct(hold->maze, hold->page[i])) != node;
	return off;
}

/* The node of the parameters; the one of the device if there is none in them */
static void place_on_node(int node, bool by_device)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	int before = dev_to_node(memory_device());
	struct memory_hold hold;

	if (by_device)
		set_dev_node(memory_device(), node);
	else
		params.node = node;
	if (memory_hold(&hold, &params, 0))
		EXPECT(place_off_node(&hold, node) == 0);
	memory_drop(&hold);
	set_dev_node(memory_device(), before);
}

static void place_nodes(void)
{
	int node;

	EXPECT(num_node_state(N_MEMORY) >= 2);
	for_each_node_state(node, N_MEMORY) {
		place_on_node(node, false);
		place_on_node(node, true);
	}
}

/* Pages that are made later lie there too */
static void place_refill(void)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	struct memory_hold hold;

	EXPECT(num_node_state(N_MEMORY) >= 2);
	for_each_node_state(params.node, N_MEMORY) {
		if (memory_hold(&hold, &params, PLACE_PAGES))
			EXPECT(place_off_node(&hold, params.node) == 0);
		memory_drop(&hold);
	}
}

static void place_refused(int node, int err)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	struct labyrinth *maze;

	params.node = node;
	maze = labyrinth_create(&params);
	EXPECT(PTR_ERR_OR_ZERO(maze) == err);
	if (!IS_ERR(maze))
		labyrinth_destroy(maze, 0);
}

static void place_no_node(void)
{
	int offline = first_unset_node(node_online_map);

	if (EXPECT(offline < MAX_NUMNODES))
		place_refused(offline, -ENODEV);
	place_refused(MAX_NUMNODES, -EINVAL);
	place_refused(-2, -EINVAL);
}

static void place_in_reach(const struct memory_hold *hold, u64 mask)
{
	u32 i, beyond = 0;

	for (i = 0; i < hold->pages; i++)
		beyond += labyrinth_page_dma(hold->maze, hold->page[i]) > mask - (PAGE_SIZE - 1);
	EXPECT(beyond == 0);
}

/* Pages that the device reaches only through a bounce buffer */
static u32 place_out_of_reach(const struct memory_hold *hold)
{
	u32 i, bounced = 0;

	for (i = 0; i < hold->pages; i++)
		bounced += labyrinth_page_dma(hold->maze, hold->page[i]) !=
			   page_to_phys(labyrinth_page_struct(hold->maze, hold->page[i]));
	return bounced;
}

static u32 place_in_zones(const struct memory_hold *hold, enum zone_type highest)
{
	u32 i, in = 0;

	for (i = 0; i < hold->pages; i++)
		in += page_zonenum(labyrinth_page_struct(hold->maze, hold->page[i])) <= highest;
	return in;
}

static void place_mask(unsigned int bits, enum zone_type highest, bool direct)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	u64 mask = DMA_BIT_MASK(bits);
	struct memory_hold hold;

	if (!EXPECT(!dma_set_mask(memory_device(), mask)))
		return;
	if (memory_hold(&hold, &params, 0)) {
		place_in_reach(&hold, mask);
		EXPECT(place_in_zones(&hold, highest) == PLACE_PAGES);
		EXPECT(!direct || place_out_of_reach(&hold) == 0);
	}
	memory_drop(&hold);
	EXPECT(!dma_set_mask(memory_device(), DMA_BIT_MASK(64)));
}

static const unsigned int place_orders[] = { 9, 6, 0 };

/*
 * A mask within a zone: the zone alone does not tell whether a page is in reach.
 * Takes what the zone has in reach, until it gives pages that are not.
 */
static void place_mask_in_zone(unsigned int bits)
{
	struct list_head taken[ARRAY_SIZE(place_orders)];
	struct page *page, *next;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(place_orders); i++) {
		INIT_LIST_HEAD(&taken[i]);
		for (n = 0; n < 4096; n++) {
			page = alloc_pages(GFP_KERNEL | GFP_DMA32 | __GFP_NOWARN, place_orders[i]);
			if (!EXPECT(page))
				break;
			list_add(&page->lru, &taken[i]);
			if (page_to_phys(page) > DMA_BIT_MASK(bits))
				break;
		}
		EXPECT(n < 4096);
	}
	place_mask(bits, ZONE_DMA32, true);
	for (i = 0; i < ARRAY_SIZE(place_orders); i++)
		list_for_each_entry_safe(page, next, &taken[i], lru)
			__free_pages(page, place_orders[i]);
}

/* The node that has no memory below 4 GiB */
static int place_last_node(void)
{
	int node, last = NUMA_NO_NODE;

	for_each_node_state(node, N_MEMORY)
		last = node;
	return last;
}

/* Needs memory above 4 GiB; without it any page would do */
static void place_zones(void)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	struct memory_hold hold;

	place_mask(24, ZONE_DMA, true);
	place_mask_in_zone(28);
	place_mask_in_zone(30);
	place_mask(32, ZONE_DMA32, true);
	place_mask(64, ZONE_NORMAL, true);
	params.node = place_last_node();
	if (memory_hold(&hold, &params, 0))
		EXPECT(place_in_zones(&hold, ZONE_DMA32) == 0);
	memory_drop(&hold);
}

/* The device's reach counts more than the node, if they contradict each other */
static void place_reach_first(void)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	struct memory_hold hold;

	params.node = place_last_node();
	EXPECT(!dma_set_mask(memory_device(), DMA_BIT_MASK(32)));
	if (memory_hold(&hold, &params, 0)) {
		place_in_reach(&hold, DMA_BIT_MASK(32));
		EXPECT(place_off_node(&hold, params.node) == PLACE_PAGES);
	}
	memory_drop(&hold);
	EXPECT(!dma_set_mask(memory_device(), DMA_BIT_MASK(64)));
}

/* Behind bounce buffers or an IOMMU the zone does not matter, but the address does */
static void place_addresses(void)
{
	place_mask(32, MAX_NR_ZONES, false);
	place_mask(64, MAX_NR_ZONES, false);
}

static phys_addr_t place_phys(dma_addr_t dma)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(memory_device());

	return domain ? iommu_iova_to_phys(domain, dma) : dma;
}

/* Writes as the device would; how many pages it did not write directly */
static u32 place_write(const struct memory_hold *hold)
{
	u32 i, elsewhere = 0;

	for (i = 0; i < hold->pages; i++) {
		phys_addr_t phys = place_phys(labyrinth_page_dma(hold->maze, hold->page[i]));
		struct page *page = labyrinth_page_struct(hold->maze, hold->page[i]);

		memset(labyrinth_page_addr(hold->maze, hold->page[i]), 0xaa, PAGE_SIZE);
		EXPECT(labyrinth_to_device(hold->maze, hold->page[i]) == 0);
		memset(phys_to_virt(phys), i, PAGE_SIZE);
		elsewhere += phys != page_to_phys(page);
	}
	return elsewhere;
}

static void place_device_writes(bool bounced)
{
	struct labyrinth_params params = memory_params(PLACE_PAGES);
	struct memory_hold hold;
	u32 i, wrong = 0;

	if (memory_hold(&hold, &params, 0)) {
		EXPECT(place_write(&hold) == (bounced ? PLACE_PAGES : 0));
		for (i = 0; i < hold.pages; i++)
			wrong += labyrinth_to_cpu(hold.maze, hold.page[i], PAGE_SIZE) ||
				 memchr_inv(labyrinth_page_addr(hold.maze, hold.page[i]), (u8)i,
					    PAGE_SIZE);
		EXPECT(wrong == 0);
	}
	memory_drop(&hold);
}

static void place_direct(void)
{
	place_device_writes(false);
}

static void place_bounced(void)
{
	place_device_writes(true);
}

static void place_translated(void)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(memory_device());

	if (EXPECT(domain && domain->type != IOMMU_DOMAIN_IDENTITY))
		place_device_writes(false);
}

const struct memory_case memory_place_cases[] = {
	{ "nodes", place_nodes },
	{ "refill", place_refill },
	{ "no-node", place_no_node },
	{ "zones", place_zones },
	{ "reach-first", place_reach_first },
	{ "addresses", place_addresses },
	{ "direct", place_direct },
	{ "bounced", place_bounced },
	{ "translated", place_translated },
	{ }
};
