// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the driver's interrupt handlers take, and the softirqs that follow them
 *
 * Contract: one CPU, where the time stamp counter counts instructions.  Each time is from just
 * before the handler to just behind it; the return from one probe and the call of the other,
 * some 30 instructions, are in it.  A softirq's time has the interrupts in it that came
 * meanwhile.  debugfs compare/isr and compare/softirq list all times, a number a line; writing
 * anything to one of them forgets its times.
 */
#include <linux/debugfs.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timex.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

#include "probe.h"

#define TIMES_MAX	100000

struct times {
	const char *name;
	u64 since;
	bool open;
	unsigned int n;
	u32 *time;
};

static struct times isr = { .name = "isr" }, softirq = { .name = "softirq" };

static struct tracepoint *points[4];

static __always_inline void begin(struct times *times)
{
	times->open = true;
	times->since = rdtsc_ordered();
}

static __always_inline void end(struct times *times)
{
	u64 now = rdtsc_ordered();

	if (times->open && times->n < TIMES_MAX)
		times->time[times->n++] = now - times->since;
	times->open = false;
}

static bool is_queue(const struct irqaction *action)
{
	return !strncmp(action->name, "labyrinth", 9) && strstr(action->name, "-q");
}

static void handler_begins(void *data, int irq, struct irqaction *action)
{
	if (is_queue(action))
		begin(&isr);
}

static void handler_ends(void *data, int irq, struct irqaction *action, int ret)
{
	end(&isr);
}

static void bottom_begins(void *data, unsigned int vec)
{
	if (vec == TASKLET_SOFTIRQ || vec == HI_SOFTIRQ || vec == NET_RX_SOFTIRQ)
		begin(&softirq);
}

static void bottom_ends(void *data, unsigned int vec)
{
	end(&softirq);
}

static const struct {
	const char *name;
	void *probe;
} probes[ARRAY_SIZE(points)] = {
	{ "irq_handler_entry", handler_begins },
	{ "irq_handler_exit", handler_ends },
	{ "softirq_entry", bottom_begins },
	{ "softirq_exit", bottom_ends },
};

static void find_point(struct tracepoint *point, void *arg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(point->name, probes[i].name))
			points[i] = point;
}

static int times_show(struct seq_file *m, void *unused)
{
	const struct times *times = m->private;
	unsigned int i;

	for (i = 0; i < times->n; i++)
		seq_printf(m, "%u\n", times->time[i]);
	return 0;
}

static int times_open(struct inode *inode, struct file *file)
{
	return single_open(file, times_show, inode->i_private);
}

static ssize_t times_write(struct file *file, const char __user *text, size_t count, loff_t *at)
{
	struct times *times = ((struct seq_file *)file->private_data)->private;

	times->n = 0;
	return count;
}

static const struct file_operations times_fops = {
	.owner = THIS_MODULE,
	.open = times_open,
	.read = seq_read,
	.write = times_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int times_add(struct times *times, struct dentry *folder)
{
	times->time = vzalloc(TIMES_MAX * sizeof(*times->time));
	if (!times->time)
		return -ENOMEM;
	debugfs_create_file(times->name, 0600, folder, times, &times_fops);
	return 0;
}

void probe_times_stop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i])
			tracepoint_probe_unregister(points[i], probes[i].probe, NULL);
	tracepoint_synchronize_unregister();
	vfree(isr.time);
	vfree(softirq.time);
}

int probe_times_start(struct dentry *folder)
{
	unsigned int i;
	int err = times_add(&isr, folder);

	err = err ?: times_add(&softirq, folder);
	if (!err)
		for_each_kernel_tracepoint(find_point, NULL);
	for (i = 0; i < ARRAY_SIZE(points) && !err; i++) {
		if (!points[i])
			err = -ENOENT;
		else
			err = tracepoint_probe_register(points[i], probes[i].probe, NULL);
		if (err)
			points[i] = NULL;
	}
	if (err)
		probe_times_stop();
	return err;
}
