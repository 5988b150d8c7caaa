// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page costs in interrupt context, counted in instructions
 *
 * For a guest that counts instructions (-icount shift=0, one CPU), where the time
 * stamp counter advances by one per instruction: then each figure is exact.
 * Reading /dev/labyrinth-bench compares the pool with what the kernel has;
 * /dev/labyrinth-bench-remote has pages come back from other CPUs, simulated;
 * /dev/labyrinth-bench-interrupt measures in the interrupts of QEMU's edu device;
 * /dev/labyrinth-bench-isolate what it costs to keep that device off pages.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "source.h"

unsigned int bench_samples = 1000000;
module_param_named(samples, bench_samples, uint, 0444);
MODULE_PARM_DESC(samples, "calls of the pool for each row, and interrupts");

unsigned int bench_other_samples = 100000;
module_param_named(other_samples, bench_other_samples, uint, 0444);
MODULE_PARM_DESC(other_samples, "calls of each of the other allocators for each row");

#define BENCH_TEXT	PAGE_SIZE	/* of one step; cat's buffer is larger */

struct bench_reader {
	const struct bench_source *source;
	void *state;
	bool ended;
};

/* Two at once would measure each other */
static DEFINE_MUTEX(bench_busy);

static void bench_number(struct seq_buf *text, u64 hundredths)
{
	u32 rest;
	u64 whole = div_u64_rem(hundredths, 100, &rest);

	seq_buf_printf(text, "\t%llu.%02u", whole, rest);
}

void bench_row(struct seq_buf *text, const struct bench_label *label,
	       const struct bench_hist *hist, u64 hundredths)
{
	static const unsigned int per_mille[] = { 500, 990, 999 };
	int i;

	if (!hundredths && hist->count)
		hundredths = div64_u64(hist->sum * 100, (u64)hist->count * label->bulk);
	seq_buf_printf(text, "row\t%s\t%s\t%s\t%s\t%s\t%s\t%u\t%u", label->pattern,
		       label->allocator, label->entry, label->policy, label->watched,
		       label->context, label->bulk, hist->count);
	bench_number(text, hundredths);
	for (i = 0; i < ARRAY_SIZE(per_mille); i++)
		bench_number(text, bench_quantile(hist, per_mille[i]) * 100 / label->bulk);
	bench_number(text, hist->max * 100ull / label->bulk);
	seq_buf_printf(text, "%s\n", label->more ?: "");
}

static int bench_open(struct file *file, const struct bench_source *source)
{
	struct bench_reader *reader;
	int err;

	if (!mutex_trylock(&bench_busy))
		return -EBUSY;
	reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	err = -ENOMEM;
	if (!reader)
		goto unlock;
	reader->source = source;
	reader->state = source->open();
	err = PTR_ERR_OR_ZERO(reader->state);
	if (err)
		goto free;
	file->private_data = reader;
	return nonseekable_open(file_inode(file), file);

free:
	kfree(reader);
unlock:
	mutex_unlock(&bench_busy);
	return err;
}

static ssize_t bench_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	struct bench_reader *reader = file->private_data;
	struct seq_buf text;
	ssize_t length = 0;
	char *buffer;

	if (size < BENCH_TEXT)
		return -EINVAL;
	if (reader->ended)
		return 0;
	buffer = kmalloc(BENCH_TEXT, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	seq_buf_init(&text, buffer, BENCH_TEXT);
	/* a step without text is no end */
	while (!length && !reader->ended) {
		if (signal_pending(current)) {
			length = -EINTR;
			break;
		}
		reader->ended = !reader->source->next(reader->state, &text);
		length = seq_buf_has_overflowed(&text) ? -EOVERFLOW : seq_buf_used(&text);
	}
	if (length > 0 && copy_to_user(to, buffer, length))
		length = -EFAULT;
	kfree(buffer);
	return length;
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct bench_reader *reader = file->private_data;

	reader->source->close(reader->state);
	kfree(reader);
	mutex_unlock(&bench_busy);
	return 0;
}

struct bench_device {
	struct miscdevice misc;
	const struct bench_source *source;
};

static struct bench_device bench_devices[] = {
	{ { .name = "labyrinth-bench" }, &bench_cases },
	{ { .name = "labyrinth-bench-remote" }, &bench_remote },
	{ { .name = "labyrinth-bench-interrupt" }, &bench_interrupts },
	{ { .name = "labyrinth-bench-isolate" }, &bench_isolations },
};

/* A misc device leaves itself in private_data */
static int bench_open_device(struct inode *inode, struct file *file)
{
	struct bench_device *device = container_of(file->private_data, struct bench_device,
						   misc);

	return bench_open(file, device->source);
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open_device,
	.read = bench_read,
	.release = bench_release,
};

static void bench_deregister(unsigned int count)
{
	while (count--)
		misc_deregister(&bench_devices[count].misc);
}

static int __init bench_init(void)
{
	unsigned int i;
	int err;

	if (!bench_samples || !bench_other_samples) {
		pr_err("samples and other_samples must be 1 or more\n");
		return -EINVAL;
	}
	err = bench_interrupts_register();
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(bench_devices); i++) {
		bench_devices[i].misc.minor = MISC_DYNAMIC_MINOR;
		bench_devices[i].misc.fops = &bench_fops;
		err = misc_register(&bench_devices[i].misc);
		if (err) {
			bench_deregister(i);
			bench_interrupts_unregister();
			return err;
		}
	}
	return 0;
}

static void __exit bench_exit(void)
{
	bench_deregister(ARRAY_SIZE(bench_devices));
	bench_interrupts_unregister();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Cost of a page in interrupt context, labyrinth_pool and others");
MODULE_AUTHOR("The Labyrinth project");
MODULE_LICENSE("GPL");
