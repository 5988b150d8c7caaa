// SPDX-License-Identifier: GPL-2.0-only
/* The pool, each way to call it, and what a driver would use without it */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/labyrinth_pool.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bench.h"

#define BENCH_PAGES	512

static struct device *bench_dev;
static struct labyrinth *bench_maze;
static mempool_t *bench_mempool;

static int bench_maze_start(struct device *dev, enum labyrinth_policy policy)
{
	struct labyrinth_params params = {
		.name = "bench",
		.dev = dev,
		.dir = DMA_FROM_DEVICE,
		.node = NUMA_NO_NODE,
		.pages = BENCH_PAGES,
		.policy = policy,
	};

	bench_maze = labyrinth_create(&params);
	return PTR_ERR_OR_ZERO(bench_maze);
}

static int pool_start(struct device *dev)
{
	return bench_maze_start(dev, LABYRINTH_POLICY_POOL);
}

static int direct_start(struct device *dev)
{
	return bench_maze_start(dev, LABYRINTH_POLICY_DIRECT);
}

static void maze_stop(void)
{
	labyrinth_destroy(bench_maze, 0);
}

static unsigned long typed_take(void)
{
	return labyrinth_alloc(bench_maze, 1).v;
}

static void typed_give(unsigned long page)
{
	labyrinth_free(bench_maze, (labyrinth_page_t){ page });
}

static unsigned long symbol_take(void)
{
	return (unsigned long)alloc_labyrinth_page_gfp_atomic_exclusive(bench_maze);
}

static void symbol_give(unsigned long page)
{
	dealloc_labyrinth_page_exclusive(bench_maze, (void *)page);
}

/* What one received page costs with its hand-overs and their DMA syncs */
static unsigned long device_take(void)
{
	labyrinth_page_t page = labyrinth_alloc(bench_maze, 1);

	if (labyrinth_page_dma(bench_maze, page) == DMA_MAPPING_ERROR ||
	    labyrinth_to_device(bench_maze, page))
		return 0;
	return page.v;
}

static void device_give(unsigned long v)
{
	labyrinth_page_t page = { v };

	labyrinth_to_cpu(bench_maze, page, PAGE_SIZE);
	labyrinth_free(bench_maze, page);
}

static int buddy_start(struct device *dev)
{
	bench_dev = dev;
	return 0;
}

static void nothing_to_stop(void)
{
}

static unsigned long buddy_take(void)
{
	return (unsigned long)alloc_page(GFP_ATOMIC);
}

static void buddy_give(unsigned long page)
{
	__free_page((struct page *)page);
}

static dma_addr_t bench_mapped[2 * BENCH_PAGES];
static unsigned int bench_nr_mapped;

/* A driver keeps the DMA address somewhere; here a stack is the cheapest place */
static unsigned long mapped_take(void)
{
	struct page *page = alloc_page(GFP_ATOMIC);

	if (!page)
		return 0;
	bench_mapped[bench_nr_mapped++] = dma_map_page(bench_dev, page, 0, PAGE_SIZE,
						       DMA_FROM_DEVICE);
	return (unsigned long)page;
}

static void mapped_give(unsigned long page)
{
	dma_unmap_page(bench_dev, bench_mapped[--bench_nr_mapped], PAGE_SIZE, DMA_FROM_DEVICE);
	__free_page((struct page *)page);
}

static int mempool_start(struct device *dev)
{
	bench_mempool = mempool_create_page_pool(BENCH_PAGES, 0);
	return bench_mempool ? 0 : -ENOMEM;
}

static unsigned long mempool_take(void)
{
	return (unsigned long)mempool_alloc(bench_mempool, GFP_ATOMIC);
}

static void mempool_give(unsigned long page)
{
	mempool_free((void *)page, bench_mempool);
}

static void mempool_stop(void)
{
	mempool_destroy(bench_mempool);
}

static unsigned long kmalloc_take(void)
{
	return (unsigned long)kmalloc(PAGE_SIZE, GFP_ATOMIC);
}

static void kmalloc_give(unsigned long page)
{
	kfree((void *)page);
}

const struct bench_allocator bench_allocators[] = {
	{ "labyrinth", pool_start, typed_take, typed_give, maze_stop },
	{ "labyrinth, void * symbols", pool_start, symbol_take, symbol_give, maze_stop },
	{ "labyrinth, to device and back", pool_start, device_take, device_give, maze_stop },
	{ "labyrinth, direct", direct_start, typed_take, typed_give, maze_stop },
	{ "alloc_page", buddy_start, buddy_take, buddy_give, nothing_to_stop },
	{ "alloc_page + dma_map", buddy_start, mapped_take, mapped_give, nothing_to_stop },
	{ "mempool_t", mempool_start, mempool_take, mempool_give, mempool_stop },
	{ "kmalloc(4096)", buddy_start, kmalloc_take, kmalloc_give, nothing_to_stop },
	{ }
};
