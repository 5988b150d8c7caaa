// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - PCI driver of the Labyrinth accelerator: from probe to removal
 *
 * Contract: probe is a list of managed steps, and removal is their unwinding in
 * reverse: no new files, queues ended and DMA off, interrupts freed, pool
 * destroyed, registers unmapped.  Each of them is bounded in time, whatever the
 * device or a reader does.  What an open file needs lives until its close().
 */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "regs.h"

static DEFINE_IDA(labyrinth_minors);

static void labyrinth_dev_release(struct device *dev)
{
	struct labyrinth_dev *ldev = container_of(dev, struct labyrinth_dev, dev);

	mutex_destroy(&ldev->ctl);
	kfree(ldev->config);
	kfree(ldev);
}

/* The number is free again at once: files that are still open do not need it. */
static void labyrinth_put_dev(void *arg)
{
	struct labyrinth_dev *ldev = arg;

	ida_free(&labyrinth_minors, MINOR(ldev->dev.devt));
	put_device(&ldev->dev);
}

static struct labyrinth_dev *labyrinth_new_dev(struct pci_dev *pdev)
{
	struct labyrinth_dev *ldev;
	int minor, err;

	ldev = kzalloc(struct_size(ldev, queue, LABYRINTH_MAX_QUEUES), GFP_KERNEL);
	if (!ldev)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&labyrinth_minors, 255, GFP_KERNEL);
	if (minor < 0) {
		kfree(ldev);
		return ERR_PTR(minor);
	}
	ldev->pdev = pdev;
	mutex_init(&ldev->ctl);
	INIT_DELAYED_WORK(&ldev->watch, labyrinth_watch);
	labyrinth_fail_init(ldev);
	device_initialize(&ldev->dev);
	ldev->dev.parent = &pdev->dev;
	ldev->dev.release = labyrinth_dev_release;
	labyrinth_chardev_setup(ldev, minor);
	err = devm_add_action_or_reset(&pdev->dev, labyrinth_put_dev, ldev);
	err = err ?: dev_set_name(&ldev->dev, LABYRINTH_NAME "%d", minor);
	return err ? ERR_PTR(err) : ldev;
}

static int labyrinth_identify(struct labyrinth_dev *ldev)
{
	struct device *dev = &ldev->pdev->dev;

	if (!labyrinth_answers(ldev))
		return dev_err_probe(dev, -ENODEV, "no Labyrinth behind this id (%#x)\n",
				     labyrinth_rd(ldev, LABYRINTH_REG_ID));
	ldev->hw_version = labyrinth_rd(ldev, LABYRINTH_REG_VERSION);
	if (ldev->hw_version >> 16 != LABYRINTH_VERSION >> 16)
		return dev_err_probe(dev, -ENODEV, "hardware version %#x is unknown\n",
				     ldev->hw_version);
	ldev->caps = labyrinth_rd(ldev, LABYRINTH_REG_CAPS);
	ldev->nr_queues = LABYRINTH_CAPS_QUEUES(ldev->caps);
	if (!ldev->nr_queues || ldev->nr_queues > LABYRINTH_MAX_QUEUES)
		return dev_err_probe(dev, -ENODEV, "the device says that it has %u queues\n",
				     ldev->nr_queues);
	return 0;
}

static int labyrinth_map(struct labyrinth_dev *ldev)
{
	struct pci_dev *pdev = ldev->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	if (pci_resource_len(pdev, LABYRINTH_BAR_REGS) < LABYRINTH_BAR_REGS_SIZE)
		return dev_err_probe(&pdev->dev, -ENODEV, "BAR %u is too small\n",
				     LABYRINTH_BAR_REGS);
	err = pcim_iomap_regions(pdev, BIT(LABYRINTH_BAR_REGS), LABYRINTH_NAME);
	if (err)
		return err;
	ldev->regs = pcim_iomap_table(pdev)[LABYRINTH_BAR_REGS];
	err = labyrinth_identify(ldev);
	return err ?: dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
}

static void labyrinth_destroy_buffers(void *arg)
{
	struct labyrinth_dev *ldev = arg;

	if (labyrinth_buffers_destroy(ldev))
		dev_warn(&ldev->pdev->dev, "a reader still has a page, and will free it late\n");
}

static int labyrinth_make_buffers(struct labyrinth_dev *ldev)
{
	int err = labyrinth_buffers_create(ldev);

	return err ?: devm_add_action_or_reset(&ldev->pdev->dev, labyrinth_destroy_buffers, ldev);
}

/* The last point at which the hardware is touched. */
static void labyrinth_end(void *arg)
{
	struct labyrinth_dev *ldev = arg;
	unsigned int i;

	mutex_lock(&ldev->ctl);
	labyrinth_quiesce(ldev, LABYRINTH_GONE, -ENODEV);
	for (i = 0; i < ldev->nr_queues; i++) {
		labyrinth_queue_discard(&ldev->queue[i]);
		labyrinth_queue_free_rings(&ldev->queue[i]);
	}
	labyrinth_buffers_stats(ldev, &ldev->last_pool);
	mutex_unlock(&ldev->ctl);
	labyrinth_vectors_sync(ldev);
	for (i = 0; i < ldev->nr_queues; i++) {
		labyrinth_bottom_end(&ldev->queue[i]);
		irq_work_sync(&ldev->queue[i].wake);
	}
	cancel_delayed_work_sync(&ldev->watch);
}

/* The way to the registers, should it be lost; nothing that lets the device write */
static int labyrinth_keep_config(struct labyrinth_dev *ldev)
{
	pci_clear_master(ldev->pdev);
	pci_save_state(ldev->pdev);
	ldev->config = pci_store_saved_state(ldev->pdev);
	return ldev->config ? 0 : -ENOMEM;
}

static int labyrinth_begin(struct labyrinth_dev *ldev)
{
	unsigned int i;
	int err;

	for (i = 0; i < ldev->nr_queues; i++)
		labyrinth_queue_init(ldev, i);
	err = labyrinth_vectors_init(ldev);
	err = err ?: devm_add_action_or_reset(&ldev->pdev->dev, labyrinth_end, ldev);
	err = err ?: labyrinth_keep_config(ldev);
	return err ?: labyrinth_hw_reset(ldev);
}

static void labyrinth_del_cdev(void *arg)
{
	struct labyrinth_dev *ldev = arg;

	cdev_device_del(&ldev->cdev, &ldev->dev);
}

static int labyrinth_publish(struct labyrinth_dev *ldev)
{
	int err = cdev_device_add(&ldev->cdev, &ldev->dev);

	err = err ?: devm_add_action_or_reset(&ldev->pdev->dev, labyrinth_del_cdev, ldev);
	err = err ?: labyrinth_sysfs_add(ldev);
	return err ?: labyrinth_debugfs_add(ldev);
}

static int labyrinth_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct labyrinth_dev *ldev = labyrinth_new_dev(pdev);
	int err;

	if (IS_ERR(ldev))
		return PTR_ERR(ldev);
	pci_set_drvdata(pdev, ldev);
	err = labyrinth_map(ldev);
	err = err ?: labyrinth_make_buffers(ldev);
	err = err ?: labyrinth_begin(ldev);
	err = err ?: labyrinth_publish(ldev);
	if (err)
		return dev_err_probe(&pdev->dev, err, "probe failed\n");
	dev_info(&pdev->dev, "%s: %u queues, %u MSI-X vectors, allocator %s in %s, policy %s\n",
		 dev_name(&ldev->dev), ldev->nr_queues, ldev->nr_vectors,
		 labyrinth_param_allocator(), labyrinth_bottom_name(),
		 labyrinth_policy_name(ldev->policy));
	return 0;
}

static void labyrinth_shutdown(struct pci_dev *pdev)
{
	struct labyrinth_dev *ldev = pci_get_drvdata(pdev);

	mutex_lock(&ldev->ctl);
	labyrinth_quiesce(ldev, LABYRINTH_DEAD, -ENODEV);
	mutex_unlock(&ldev->ctl);
}

static const struct pci_device_id labyrinth_ids[] = {
	{ PCI_DEVICE(LABYRINTH_PCI_VENDOR_ID, LABYRINTH_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, labyrinth_ids);

static struct pci_driver labyrinth_driver = {
	.name = LABYRINTH_NAME,
	.id_table = labyrinth_ids,
	.probe = labyrinth_probe,
	.shutdown = labyrinth_shutdown,
	.err_handler = &labyrinth_err_handlers,
	.driver.pm = pm_sleep_ptr(&labyrinth_pm_ops),
};

static int __init labyrinth_init(void)
{
	int err = labyrinth_params_check();

	err = err ?: labyrinth_bottom_choose();
	if (err)
		return err;
	err = labyrinth_chardev_init();
	if (err)
		return err;
	labyrinth_seal_init();
	labyrinth_debugfs_start();
	err = pci_register_driver(&labyrinth_driver);
	if (err) {
		labyrinth_debugfs_stop();
		labyrinth_chardev_exit();
	}
	return err;
}
module_init(labyrinth_init);

static void __exit labyrinth_exit(void)
{
	pci_unregister_driver(&labyrinth_driver);
	labyrinth_debugfs_stop();
	labyrinth_chardev_exit();
	ida_destroy(&labyrinth_minors);
}
module_exit(labyrinth_exit);

MODULE_DESCRIPTION("Labyrinth accelerator: pages allocated in the interrupt handler");
MODULE_AUTHOR("The Labyrinth authors");
MODULE_LICENSE("GPL");
