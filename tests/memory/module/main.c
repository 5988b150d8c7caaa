// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of where the pool's memory lies: one is run by writing its name to the
 * parameter `run`, in the writer's context; EIO if it failed, with the reason in
 * the kernel log.
 *
 * The device is QEMU's edu if there is one that has no driver, which an IOMMU may
 * stand before, else a platform device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "test.h"

static struct platform_device *memory_pdev;
static struct pci_dev *memory_edu;
static unsigned int memory_broken;	/* expectations that did not hold */

bool memory_expect(bool holds, const char *what, const char *function, int line)
{
	if (!holds) {
		memory_broken++;
		pr_info("%s:%d: expected %s\n", function, line, what);
	}
	return holds;
}

struct device *memory_device(void)
{
	return memory_edu ? &memory_edu->dev : &memory_pdev->dev;
}

/* A pool that neither grows nor shrinks */
struct labyrinth_params memory_params(unsigned int pages)
{
	return (struct labyrinth_params){
		.name = "memory",
		.dev = memory_device(),
		.dir = DMA_FROM_DEVICE,
		.node = NUMA_NO_NODE,
		.pages = pages,
		.policy = LABYRINTH_POLICY_POOL,
	};
}

/* Makes a pool, then @more pages, and takes all; memory_drop() is due in any case */
bool memory_hold(struct memory_hold *hold, const struct labyrinth_params *params,
		 unsigned int more)
{
	struct labyrinth_params larger = *params;
	u32 i;

	*hold = (struct memory_hold){ .pages = params->pages + more };
	hold->page = kvcalloc(hold->pages, sizeof(*hold->page), GFP_KERNEL);
	if (!EXPECT(hold->page))
		return false;
	larger.max_pages = hold->pages;
	larger.high = hold->pages;
	/* the shrinker leaves them alone, for the kernel's reclaim may still be under way */
	larger.low = params->pages;
	hold->maze = labyrinth_create(&larger);
	if (!EXPECT(!IS_ERR(hold->maze)))
		return false;
	if (!EXPECT(!more || labyrinth_refill(hold->maze, more) == more))
		return false;
	/* on one CPU, so that no other has kept any */
	migrate_disable();
	for (i = 0; i < hold->pages; i++) {
		hold->page[i] = labyrinth_alloc(hold->maze, i);
		if (!labyrinth_page_ok(hold->page[i]))
			break;
	}
	migrate_enable();
	return EXPECT(i == hold->pages);
}

void memory_drop(struct memory_hold *hold)
{
	struct labyrinth_stats stats;
	u32 i;

	for (i = 0; hold->page && i < hold->pages; i++)
		if (labyrinth_page_ok(hold->page[i]))
			EXPECT(labyrinth_free(hold->maze, hold->page[i]) == 0);
	kvfree(hold->page);
	if (IS_ERR_OR_NULL(hold->maze))
		return;
	labyrinth_stats(hold->maze, &stats);
	EXPECT(stats.owned[LABYRINTH_OWNER_FREE] == stats.total);
	EXPECT(stats.refused == 0);
	EXPECT(labyrinth_destroy(hold->maze, 0) == 0);
}

static const struct memory_case *memory_find(const struct memory_case *c, const char *name)
{
	for (; c->run; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static int memory_run(const char *value, const struct kernel_param *param)
{
	const struct memory_case *c;
	char name[32];

	strscpy(name, value, sizeof(name));
	c = memory_find(memory_place_cases, strim(name)) ?:
	    memory_find(memory_shortage_cases, strim(name));
	/* before the module has its device there is nothing to run on */
	if (!c || !memory_pdev)
		return -EINVAL;
	memory_broken = 0;
	c->run();
	return memory_broken ? -EIO : 0;
}

static const struct kernel_param_ops memory_run_ops = { .set = memory_run };
module_param_cb(run, &memory_run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "name of the test to run");

static int __init memory_init(void)
{
	struct platform_device *pdev;
	int err;

	pdev = platform_device_register_simple("labyrinth_memory_test", PLATFORM_DEVID_NONE,
					       NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	err = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err) {
		platform_device_unregister(pdev);
		return err;
	}
	memory_edu = pci_get_device(0x1234, 0x11e8, NULL);
	memory_pdev = pdev;
	return 0;
}

static void __exit memory_exit(void)
{
	pci_dev_put(memory_edu);
	platform_device_unregister(memory_pdev);
}

module_init(memory_init);
module_exit(memory_exit);

MODULE_DESCRIPTION("Tests of where labyrinth_pool's memory lies");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
