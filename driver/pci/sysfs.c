// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - /sys/class/labyrinth/labyrinthN
 *
 * Contract: one value a file, read only.  The device's files are its own; each
 * queue has a folder queueN with a file for each count, named as in struct
 * labyrinth_queue_stats, since its last BIND.
 */
#include <linux/stddef.h>
#include <linux/sysfs.h>

#include "driver.h"

#define to_labyrinth(d) container_of(d, struct labyrinth_dev, dev)

static ssize_t queues_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_labyrinth(dev)->nr_queues);
}
static DEVICE_ATTR_RO(queues);

static ssize_t vectors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_labyrinth(dev)->nr_vectors);
}
static DEVICE_ATTR_RO(vectors);

static ssize_t policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", labyrinth_policy_name(to_labyrinth(dev)->policy));
}
static DEVICE_ATTR_RO(policy);

static ssize_t errors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&to_labyrinth(dev)->errors));
}
static DEVICE_ATTR_RO(errors);

static ssize_t storms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&to_labyrinth(dev)->storms));
}
static DEVICE_ATTR_RO(storms);

/* The first one, at probe, is the beginning. */
static ssize_t resets_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_labyrinth(dev)->resets) - 1);
}
static DEVICE_ATTR_RO(resets);

static ssize_t recoveries_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_labyrinth(dev)->recoveries));
}
static DEVICE_ATTR_RO(recoveries);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[LABYRINTH_LIVE] = "live",
		[LABYRINTH_RESETTING] = "resetting",
		[LABYRINTH_LOST] = "lost",
		[LABYRINTH_DEAD] = "dead",
		[LABYRINTH_GONE] = "gone",
	};

	return sysfs_emit(buf, "%s\n", names[labyrinth_state(to_labyrinth(dev))]);
}
static DEVICE_ATTR_RO(state);

static struct attribute *labyrinth_dev_attrs[] = {
	&dev_attr_queues.attr,
	&dev_attr_vectors.attr,
	&dev_attr_policy.attr,
	&dev_attr_errors.attr,
	&dev_attr_storms.attr,
	&dev_attr_resets.attr,
	&dev_attr_recoveries.attr,
	&dev_attr_state.attr,
	NULL
};

static const struct attribute_group labyrinth_dev_group = {
	.attrs = labyrinth_dev_attrs,
};

/* The class gives these to each of its devices. */
const struct attribute_group *labyrinth_dev_groups[] = {
	&labyrinth_dev_group,
	NULL
};

/* A value of a queue: where it is in struct labyrinth_queue_stats */
struct labyrinth_queue_attr {
	struct attribute attr;
	u16 offset;
	bool wide;	/* u64, else u32 */
};

#define LABYRINTH_QUEUE_VALUE(_name, _field, _wide)					\
	static struct labyrinth_queue_attr labyrinth_queue_attr_##_name = {		\
		.attr = { .name = __stringify(_name), .mode = 0444 },			\
		.offset = offsetof(struct labyrinth_queue_stats, _field),		\
		.wide = _wide,								\
	}
#define LABYRINTH_QUEUE_ATTR(_name, _field) LABYRINTH_QUEUE_VALUE(_name, _field, true)
#define LABYRINTH_QUEUE_ATTR_U32(_name, _field) LABYRINTH_QUEUE_VALUE(_name, _field, false)

LABYRINTH_QUEUE_ATTR_U32(bound, bound);
LABYRINTH_QUEUE_ATTR(produced, produced);
LABYRINTH_QUEUE_ATTR(completed, completed);
LABYRINTH_QUEUE_ATTR(dropped_overrun, dropped[LABYRINTH_DROP_OVERRUN]);
LABYRINTH_QUEUE_ATTR(dropped_stop, dropped[LABYRINTH_DROP_STOP]);
LABYRINTH_QUEUE_ATTR(dropped_dma, dropped[LABYRINTH_DROP_DMA]);
LABYRINTH_QUEUE_ATTR(dropped_fault, dropped[LABYRINTH_DROP_FAULT]);
LABYRINTH_QUEUE_ATTR(device_irqs, device_irqs);
LABYRINTH_QUEUE_ATTR(requests, requests);
LABYRINTH_QUEUE_ATTR(refused, refused);
LABYRINTH_QUEUE_ATTR(irqs, irqs);
LABYRINTH_QUEUE_ATTR(completions, completions);
LABYRINTH_QUEUE_ATTR(delivered, delivered);
LABYRINTH_QUEUE_ATTR(delivered_bytes, delivered_bytes);
LABYRINTH_QUEUE_ATTR(discarded, discarded);
LABYRINTH_QUEUE_ATTR(failed, failed);
LABYRINTH_QUEUE_ATTR(invalid, invalid);
LABYRINTH_QUEUE_ATTR(alloc_fail, isr_allocs[LABYRINTH_ROUTE_FAIL]);
LABYRINTH_QUEUE_ATTR(isr_hardirq, isr_contexts[LABYRINTH_CTX_HARDIRQ]);
LABYRINTH_QUEUE_ATTR(isr_softirq, isr_contexts[LABYRINTH_CTX_SOFTIRQ]);
LABYRINTH_QUEUE_ATTR(isr_process, isr_contexts[LABYRINTH_CTX_PROCESS]);
LABYRINTH_QUEUE_ATTR(late_grants, late_grants);
LABYRINTH_QUEUE_ATTR(denied, denied);
LABYRINTH_QUEUE_ATTR(rescued, rescued);
LABYRINTH_QUEUE_ATTR(stuck, stuck);
LABYRINTH_QUEUE_ATTR(corrupt, corrupt);
LABYRINTH_QUEUE_ATTR(injected, injected);
LABYRINTH_QUEUE_ATTR_U32(pages_cpu, pages[LABYRINTH_OWNER_CPU]);
LABYRINTH_QUEUE_ATTR_U32(pages_device, pages[LABYRINTH_OWNER_DEVICE]);
LABYRINTH_QUEUE_ATTR_U32(backlog, backlog);

static struct attribute *labyrinth_queue_attrs[] = {
	&labyrinth_queue_attr_bound.attr,
	&labyrinth_queue_attr_produced.attr,
	&labyrinth_queue_attr_completed.attr,
	&labyrinth_queue_attr_dropped_overrun.attr,
	&labyrinth_queue_attr_dropped_stop.attr,
	&labyrinth_queue_attr_dropped_dma.attr,
	&labyrinth_queue_attr_dropped_fault.attr,
	&labyrinth_queue_attr_device_irqs.attr,
	&labyrinth_queue_attr_requests.attr,
	&labyrinth_queue_attr_refused.attr,
	&labyrinth_queue_attr_irqs.attr,
	&labyrinth_queue_attr_completions.attr,
	&labyrinth_queue_attr_delivered.attr,
	&labyrinth_queue_attr_delivered_bytes.attr,
	&labyrinth_queue_attr_discarded.attr,
	&labyrinth_queue_attr_failed.attr,
	&labyrinth_queue_attr_invalid.attr,
	&labyrinth_queue_attr_alloc_fail.attr,
	&labyrinth_queue_attr_isr_hardirq.attr,
	&labyrinth_queue_attr_isr_softirq.attr,
	&labyrinth_queue_attr_isr_process.attr,
	&labyrinth_queue_attr_late_grants.attr,
	&labyrinth_queue_attr_denied.attr,
	&labyrinth_queue_attr_rescued.attr,
	&labyrinth_queue_attr_stuck.attr,
	&labyrinth_queue_attr_corrupt.attr,
	&labyrinth_queue_attr_injected.attr,
	&labyrinth_queue_attr_pages_cpu.attr,
	&labyrinth_queue_attr_pages_device.attr,
	&labyrinth_queue_attr_backlog.attr,
	NULL
};
ATTRIBUTE_GROUPS(labyrinth_queue);

static ssize_t labyrinth_queue_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct labyrinth_queue *q = container_of(kobj, struct labyrinth_queue, kobj);
	struct labyrinth_queue_attr *qa = container_of(attr, struct labyrinth_queue_attr, attr);
	struct labyrinth_queue_stats stats = {};
	const void *value = (const char *)&stats + qa->offset;

	if (mutex_lock_interruptible(&q->ldev->ctl))
		return -ERESTARTSYS;
	labyrinth_queue_stats(q, &stats);
	mutex_unlock(&q->ldev->ctl);
	if (qa->wide)
		return sysfs_emit(buf, "%llu\n", *(const u64 *)value);
	return sysfs_emit(buf, "%u\n", *(const u32 *)value);
}

static const struct sysfs_ops labyrinth_queue_ops = {
	.show = labyrinth_queue_show,
};

/* The folder is a part of the device's structure, and holds its parent, which frees it. */
static void labyrinth_queue_release(struct kobject *kobj)
{
}

static const struct kobj_type labyrinth_queue_type = {
	.release = labyrinth_queue_release,
	.sysfs_ops = &labyrinth_queue_ops,
	.default_groups = labyrinth_queue_groups,
};

static void labyrinth_sysfs_remove(void *arg)
{
	struct labyrinth_queue *q = arg;

	kobject_put(&q->kobj);
}

/**
 * labyrinth_sysfs_add - add the folders of the queues
 * @ldev: the device, added
 *
 * Return: 0 or a negative errno.  They go with the PCI device.
 */
int labyrinth_sysfs_add(struct labyrinth_dev *ldev)
{
	unsigned int i;
	int err;

	for (i = 0; i < ldev->nr_queues; i++) {
		struct labyrinth_queue *q = &ldev->queue[i];

		err = kobject_init_and_add(&q->kobj, &labyrinth_queue_type, &ldev->dev.kobj,
					   "queue%u", i);
		if (err) {
			kobject_put(&q->kobj);
			return err;
		}
		err = devm_add_action_or_reset(&ldev->pdev->dev, labyrinth_sysfs_remove, q);
		if (err)
			return err;
	}
	return 0;
}
