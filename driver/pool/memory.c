// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for the pool: pages, their zone and node, and their DMA mappings
 *
 * A block is made contiguous and mapped as one where the page allocator and the
 * DMA layer give that at once (no reclaim, no compaction is tried for it), else page
 * by page.  The pages are split either way: each can go back singly once the common
 * mapping has ended.  No CPU sync when mapping and unmapping: labyrinth_to_device()
 * and _to_cpu() do what is needed, when it is needed.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "pool.h"

/* Can the device reach the pages as they are, without a bounce buffer or an IOMMU? */
static bool lab_in_reach(struct labyrinth *maze, struct page *page, unsigned int order)
{
	u64 mask = min_not_zero(dma_get_mask(maze->dev), maze->dev->bus_dma_limit);

	return device_iommu_mapped(maze->dev) ||
	       phys_to_dma(maze->dev, page_to_phys(page)) + (PAGE_SIZE << order) - 1 <= mask;
}

/* A mask between two zones (28 bits, say) is sure only of the lower one */
static struct page *lab_pages_get(struct labyrinth *maze, gfp_t gfp, unsigned int order)
{
	gfp_t zone = maze->zone;
	struct page *page;

	for (;;) {
		page = alloc_pages_node(maze->node, gfp | zone | __GFP_NOWARN, order);
		if (!page || zone == GFP_DMA || lab_in_reach(maze, page, order))
			break;
		__free_pages(page, order);
		zone = zone == GFP_DMA32 ? GFP_DMA : GFP_DMA32;
	}
	/* frames are kept in 32 bits: enough for 16 TiB */
	if (page && page_to_pfn(page) > U32_MAX - (1u << order)) {
		__free_pages(page, order);
		return NULL;
	}
	return page;
}

static dma_addr_t lab_map(struct labyrinth *maze, struct page *page, size_t size)
{
	dma_addr_t dma = dma_map_page_attrs(maze->dev, page, 0, size, maze->dir,
					    DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_NO_WARN);

	if (dma_mapping_error(maze->dev, dma))
		return DMA_MAPPING_ERROR;
	/* the DMA-API's checks see each hand-over, needed or not */
	if (IS_ENABLED(CONFIG_DMA_API_DEBUG) || dma_need_sync(maze->dev, dma))
		WRITE_ONCE(maze->core.hot.sync, true);
	return dma;
}

static void lab_unmap(struct labyrinth *maze, dma_addr_t dma, size_t size)
{
	dma_unmap_page_attrs(maze->dev, dma, size, maze->dir, DMA_ATTR_SKIP_CPU_SYNC);
}

static void lab_place_page(struct lab_core *core, u32 slot, struct page *page, dma_addr_t dma)
{
	set_page_private(page, slot);
	core->hot.dma[slot] = dma;
	WRITE_ONCE(core->hot.frame[slot], page_to_pfn(page));
}

int lab_page_make(struct lab_core *core, u32 slot, enum lab_how how)
{
	struct labyrinth *maze = lab_maze(core);
	gfp_t gfp = how == LAB_ATOMIC ? GFP_ATOMIC : GFP_KERNEL | __GFP_RETRY_MAYFAIL;
	struct page *page = lab_pages_get(maze, gfp, 0);
	dma_addr_t dma;

	if (!page)
		return -ENOMEM;
	dma = lab_map(maze, page, PAGE_SIZE);
	if (dma == DMA_MAPPING_ERROR) {
		__free_page(page);
		return -EIO;
	}
	lab_place_page(core, slot, page, dma);
	return 0;
}

static void lab_page_release(struct lab_core *core, u32 slot)
{
	struct page *page = pfn_to_page(core->hot.frame[slot]);

	core->hot.dma[slot] = DMA_MAPPING_ERROR;
	/* no page begins there, so no address is taken for this slot's */
	WRITE_ONCE(core->hot.frame[slot], U32_MAX);
	set_page_private(page, 0);
	__free_page(page);
}

void lab_page_drop(struct lab_core *core, u32 slot)
{
	struct labyrinth *maze = lab_maze(core);

	if (core->hot.dma[slot] != DMA_MAPPING_ERROR)
		lab_unmap(maze, core->hot.dma[slot], PAGE_SIZE);
	lab_page_release(core, slot);
}

/* The whole block at once; false: it must be done page by page */
static bool lab_block_whole(struct labyrinth *maze, struct lab_block *b)
{
	struct lab_core *core = &maze->core;
	u32 i, first = lab_first(core, b);
	unsigned int order = core->shift;
	struct page *page;
	dma_addr_t dma;

	/* each page of an isolating pool is unmapped for itself */
	if (maze->isolate == LABYRINTH_ISOLATE_STRICT ||
	    dma_max_mapping_size(maze->dev) < PAGE_SIZE << order)
		return false;
	page = lab_pages_get(maze, GFP_KERNEL | __GFP_NORETRY, order);
	if (!page)
		return false;
	dma = lab_map(maze, page, PAGE_SIZE << order);
	if (dma == DMA_MAPPING_ERROR) {
		__free_pages(page, order);
		return false;
	}
	split_page(page, order);
	for (i = 0; i < lab_size(core); i++)
		lab_place_page(core, first + i, page + i, dma + i * PAGE_SIZE);
	return true;
}

int lab_block_make(struct lab_core *core, struct lab_block *b, bool *whole)
{
	struct labyrinth *maze = lab_maze(core);
	u32 i, first = lab_first(core, b);
	int err = 0;

	*whole = lab_block_whole(maze, b);
	if (*whole)
		return 0;
	for (i = 0; i < lab_size(core) && !err; i++)
		err = lab_page_make(core, first + i, LAB_MAY_SLEEP);
	if (!err)
		return 0;
	for (i--; i-- > 0; )
		lab_page_drop(core, first + i);
	return err;
}

void lab_block_drop(struct lab_core *core, struct lab_block *b)
{
	struct labyrinth *maze = lab_maze(core);
	u32 i, first = lab_first(core, b);

	lab_unmap(maze, core->hot.dma[first], PAGE_SIZE << core->shift);
	for (i = 0; i < lab_size(core); i++)
		lab_page_release(core, first + i);
}

void lab_block_unmap(struct lab_core *core, struct lab_block *b)
{
	struct labyrinth *maze = lab_maze(core);
	u32 i, first = lab_first(core, b);

	if (b->whole)
		lab_unmap(maze, core->hot.dma[first], PAGE_SIZE << core->shift);
	for (i = 0; i < lab_size(core); i++) {
		if (!(b->here >> i & 1))
			continue;
		if (!b->whole && core->hot.dma[first + i] != DMA_MAPPING_ERROR)
			lab_unmap(maze, core->hot.dma[first + i], PAGE_SIZE);
		core->hot.dma[first + i] = DMA_MAPPING_ERROR;
	}
}

/* Ends the mapping of a page that is mapped singly; the CPU has its first @len bytes */
void lab_page_unmap(struct labyrinth *maze, u32 slot, unsigned int len)
{
	dma_addr_t dma = maze->core.hot.dma[slot];

	if (len)
		dma_sync_single_for_cpu(maze->dev, dma, len, maze->dir);
	lab_watch_unmap(maze, slot);
	WRITE_ONCE(maze->core.hot.dma[slot], DMA_MAPPING_ERROR);
	lab_unmap(maze, dma, PAGE_SIZE);
}

/* Maps it again; 0 or -EIO */
int lab_page_map(struct lab_core *core, u32 slot)
{
	struct labyrinth *maze = lab_maze(core);
	dma_addr_t dma = lab_map(maze, pfn_to_page(core->hot.frame[slot]), PAGE_SIZE);

	if (dma == DMA_MAPPING_ERROR)
		return -EIO;
	WRITE_ONCE(core->hot.dma[slot], dma);
	return 0;
}

/* Before the first page: no slot has an address */
void lab_memory_init(struct labyrinth *maze)
{
	struct labyrinth_hot *hot = &maze->core.hot;

	memset(hot->frame, 0xff, array_size(hot->slots, sizeof(*hot->frame)));
	memset(hot->dma, 0xff, array_size(hot->slots, sizeof(*hot->dma)));
	BUILD_BUG_ON(DMA_MAPPING_ERROR != (dma_addr_t)~0ull);
}
