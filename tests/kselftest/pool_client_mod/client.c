// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client of labyrinth_pool that is unloaded, with its device, while its pages are out;
 * they are then with labyrinth_pool_keeper
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/string.h>

#include "keeper.h"

static struct platform_device *client_pdev;
static struct labyrinth *client_maze;

static int client_give_away(void)
{
	labyrinth_page_t pages[KEEPER_PAGES];
	unsigned int i;

	for (i = 0; i < KEEPER_PAGES; i++) {
		pages[i] = labyrinth_alloc(client_maze, i);
		if (!labyrinth_page_ok(pages[i]))
			return -ENOMEM;
		memset(labyrinth_page_addr(client_maze, pages[i]), KEEPER_BYTE(i), PAGE_SIZE);
		if (i % 3 == 0 && labyrinth_to_device(client_maze, pages[i]))
			return -EIO;
	}
	pool_keep(client_maze, pages, KEEPER_PAGES);
	return 0;
}

static int __init client_init(void)
{
	struct labyrinth_params params = {
		.name = "client",
		.dir = DMA_BIDIRECTIONAL,
		.node = NUMA_NO_NODE,
		.pages = 128,
		.policy = LABYRINTH_POLICY_POOL,
	};
	int err;

	client_pdev = platform_device_register_simple("labyrinth_pool_client", PLATFORM_DEVID_NONE,
						      NULL, 0);
	if (IS_ERR(client_pdev))
		return PTR_ERR(client_pdev);
	params.dev = &client_pdev->dev;
	err = dma_coerce_mask_and_coherent(params.dev, DMA_BIT_MASK(64));
	if (err)
		goto err_device;
	client_maze = labyrinth_create(&params);
	if (IS_ERR(client_maze)) {
		err = PTR_ERR(client_maze);
		goto err_device;
	}
	err = client_give_away();
	if (err)
		goto err_pool;
	return 0;

err_pool:
	labyrinth_destroy(client_maze, 0);
err_device:
	platform_device_unregister(client_pdev);
	return err;
}

static void __exit client_exit(void)
{
	pool_keep_destroyed(labyrinth_destroy(client_maze, 10));
	platform_device_unregister(client_pdev);
}

module_init(client_init);
module_exit(client_exit);

MODULE_DESCRIPTION("A client of labyrinth_pool that goes away with pages out");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
