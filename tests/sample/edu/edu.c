// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth_edu - QEMU's `edu` device, with DMA buffers from labyrinth_pool
 *
 * The sample: a driver that has nothing to do with the accelerator takes pages in
 * its hard-interrupt handler.  Writing N to the device's attribute `rounds` sends
 * N patterns to the device's memory and back; the write returns when all N came
 * back as they were, or with why not.  For each transfer the handler takes a page,
 * hands it to the device and, when the device is done, takes it back and frees it.
 * Only the handler touches the page.  `pages` says where pages were taken.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/labyrinth_pool.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#define EDU_STATUS	0x24
#define EDU_RAISE	0x60
#define EDU_ACK		0x64
#define EDU_IRQ_START	BIT(0)		/* raised by the driver itself */
#define EDU_IRQ_DMA	BIT(8)
#define EDU_DMA_SOURCE	0x80
#define EDU_DMA_TARGET	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_COMMAND	0x98
#define EDU_DMA_RUN	BIT(0)
#define EDU_DMA_TO_HOST	BIT(1)
#define EDU_DMA_IRQ	BIT(2)
#define EDU_MEMORY	0x40000		/* its own, as the DMA engine sees it */
/* Of its 4096 bytes: the last can't be had, since it takes the end for outside */
#define EDU_BYTES	4088
#define EDU_WORDS	(EDU_BYTES / sizeof(u32))

struct edu {
	void __iomem *regs;
	struct labyrinth *pool;
	struct mutex lock;		/* one writer of `rounds` */
	struct completion done;
	labyrinth_page_t page;		/* the one that the device has */
	bool sending;
	u32 round, rounds;
	int error;
};

static u32 edu_word(const struct edu *edu, u32 i)
{
	return (edu->round << 16 | i) * 0x9e3779b1u;
}

static void edu_end(struct edu *edu, int error)
{
	edu->error = error;
	complete(&edu->done);
}

/* Takes a page, fills it, and lets the device read or write it */
static void edu_transfer(struct edu *edu, bool send)
{
	u32 *data, i;
	u64 dma;

	edu->sending = send;
	edu->page = labyrinth_alloc_pinned(edu->pool, send);
	if (!labyrinth_page_ok(edu->page)) {
		edu_end(edu, -ENOMEM);
		return;
	}
	data = labyrinth_page_addr(edu->pool, edu->page);
	for (i = 0; i < EDU_WORDS; i++)
		data[i] = send ? edu_word(edu, i) : 0;
	dma = labyrinth_page_dma(edu->pool, edu->page);
	labyrinth_to_device_pinned(edu->pool, edu->page);
	writeq(send ? dma : EDU_MEMORY, edu->regs + EDU_DMA_SOURCE);
	writeq(send ? EDU_MEMORY : dma, edu->regs + EDU_DMA_TARGET);
	writeq(EDU_BYTES, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_RUN | EDU_DMA_IRQ | (send ? 0 : EDU_DMA_TO_HOST),
	       edu->regs + EDU_DMA_COMMAND);
}

/* The page is ours again: 0 if it holds what was sent, and is free now */
static int edu_give_back(struct edu *edu)
{
	const u32 *data = labyrinth_page_addr(edu->pool, edu->page);
	int err = labyrinth_to_cpu_pinned(edu->pool, edu->page, EDU_BYTES);
	u32 i;

	for (i = 0; !err && i < EDU_WORDS; i++)
		if (data[i] != edu_word(edu, i))
			err = -EILSEQ;
	if (labyrinth_free_pinned(edu->pool, edu->page))
		err = -EFAULT;
	edu->page = (labyrinth_page_t){ 0 };
	return err;
}

static void edu_transferred(struct edu *edu)
{
	int err = labyrinth_page_ok(edu->page) ? edu_give_back(edu) : -EPROTO;

	if (err)
		edu_end(edu, err);
	else if (edu->sending)
		edu_transfer(edu, false);
	else if (++edu->round == edu->rounds)
		edu_end(edu, 0);
	else
		edu_transfer(edu, true);
}

static irqreturn_t edu_irq(int irq, void *arg)
{
	struct edu *edu = arg;
	u32 status = readl(edu->regs + EDU_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, edu->regs + EDU_ACK);
	if (status & EDU_IRQ_START)
		edu_transfer(edu, true);
	if (status & EDU_IRQ_DMA)
		edu_transferred(edu);
	return IRQ_HANDLED;
}

static ssize_t rounds_store(struct device *dev, struct device_attribute *attr,
			    const char *text, size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	u32 rounds;
	int err = kstrtou32(text, 0, &rounds);

	if (err || !rounds || rounds > 1000)
		return -EINVAL;
	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	if (labyrinth_page_ok(edu->page)) {
		err = -EIO;	/* an earlier round never ended: the device still has it */
	} else {
		edu->round = 0;
		edu->rounds = rounds;
		reinit_completion(&edu->done);
		writel(EDU_IRQ_START, edu->regs + EDU_RAISE);
		/* a transfer takes the device a tenth of a second */
		err = wait_for_completion_timeout(&edu->done, (rounds + 10) * HZ) ?
		      edu->error : -ETIMEDOUT;
	}
	mutex_unlock(&edu->lock);
	return err ?: count;
}
static DEVICE_ATTR_WO(rounds);

static ssize_t pages_show(struct device *dev, struct device_attribute *attr, char *text)
{
	struct edu *edu = dev_get_drvdata(dev);
	struct labyrinth_stats stats;

	labyrinth_stats(edu->pool, &stats);
	return sysfs_emit(text, "hardirq %llu freed %llu refused %llu out %u of %u\n",
			  stats.contexts[LABYRINTH_CTX_HARDIRQ], stats.frees, stats.refused,
			  stats.total - stats.owned[LABYRINTH_OWNER_FREE], stats.total);
}
static DEVICE_ATTR_RO(pages);

static struct attribute *edu_attrs[] = { &dev_attr_rounds.attr, &dev_attr_pages.attr, NULL };
ATTRIBUTE_GROUPS(edu);

static void edu_destroy_pool(void *pool)
{
	labyrinth_destroy(pool, 1000);
}

static int edu_make_pool(struct edu *edu, struct device *dev)
{
	struct labyrinth_params params = {
		.name = dev_name(dev),
		.dev = dev,
		.dir = DMA_BIDIRECTIONAL,
		.node = NUMA_NO_NODE,
		.pages = 64,
		.policy = LABYRINTH_POLICY_POOL,
	};

	edu->pool = labyrinth_create(&params);
	if (IS_ERR(edu->pool))
		return PTR_ERR(edu->pool);
	return devm_add_action_or_reset(dev, edu_destroy_pool, edu->pool);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	int err;

	if (!edu)
		return -ENOMEM;
	mutex_init(&edu->lock);
	init_completion(&edu->done);
	pci_set_drvdata(pdev, edu);
	err = pcim_enable_device(pdev);
	if (!err)
		err = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (!err)
		err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28));
	if (!err)
		err = edu_make_pool(edu, &pdev->dev);
	if (err)
		return err;
	edu->regs = pcim_iomap_table(pdev)[0];
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		return err;
	/* not threaded on PREEMPT_RT either: the pool allows it */
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), edu_irq,
				IRQF_SHARED | IRQF_NO_THREAD, KBUILD_MODNAME, edu);
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	/* no DMA and no handler after this, so what the device had is ours */
	pci_clear_master(pdev);
	devm_free_irq(&pdev->dev, pci_irq_vector(pdev, 0), edu);
	if (labyrinth_page_ok(edu->page)) {
		labyrinth_to_cpu(edu->pool, edu->page, 0);
		labyrinth_free(edu->pool, edu->page);
	}
}

static const struct pci_device_id edu_ids[] = { { PCI_DEVICE(0x1234, 0x11e8) }, { } };
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.dev_groups = edu_groups,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's edu device with buffers from labyrinth_pool");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
