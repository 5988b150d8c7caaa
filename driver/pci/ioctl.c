// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - the ioctls, and what a BIND may say
 *
 * Contract: each struct begins with its size as the caller knows it.  Less than
 * the first version's, or not the size that the command's number says, is EINVAL;
 * more is accepted if the rest is zero, else E2BIG.  Reserved fields are zero.
 */
#include <linux/capability.h>
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "regs.h"

static int labyrinth_check_generator(struct labyrinth_bind *bind)
{
	if (bind->source != LABYRINTH_SRC_GENERATOR)
		return bind->gen_seed || bind->gen_count || bind->gen_period || bind->gen_burst ||
		       bind->gen_min || bind->gen_max ? -EINVAL : 0;
	bind->gen_burst = bind->gen_burst ?: 1;
	bind->gen_min = bind->gen_min ?: 1;
	bind->gen_max = bind->gen_max ?: LABYRINTH_PAGE_SIZE;
	if (bind->gen_burst > LABYRINTH_GEN_BURST_MAX || bind->gen_min > bind->gen_max ||
	    bind->gen_max > LABYRINTH_PAGE_SIZE)
		return -EINVAL;
	return 0;
}

static int labyrinth_check_source(struct labyrinth_dev *ldev, const struct labyrinth_bind *bind)
{
	switch (bind->source) {
	case LABYRINTH_SRC_NONE:
		return 0;
	case LABYRINTH_SRC_STREAM:
		return ldev->caps & LABYRINTH_CAPS_STREAM ? 0 : -ENODATA;
	case LABYRINTH_SRC_GENERATOR:
		return ldev->caps & LABYRINTH_CAPS_GENERATOR ? 0 : -ENODATA;
	case LABYRINTH_SRC_SOLVE:
		return ldev->caps & LABYRINTH_CAPS_SOLVE ? 0 : -ENODATA;
	default:
		return -EINVAL;
	}
}

/**
 * labyrinth_bind_check - is this a configuration; fill in its defaults
 * @ldev: the device
 * @bind: what the caller asks for
 *
 * Return: 0; -EINVAL; -ENODATA if the device has no such source.
 */
int labyrinth_bind_check(struct labyrinth_dev *ldev, struct labyrinth_bind *bind)
{
	int err;

	if (bind->queue < -1 || bind->queue >= (int)ldev->nr_queues)
		return -EINVAL;
	if (bind->mode > LABYRINTH_MODE_RING || bind->format > LABYRINTH_FORMAT_RECORD)
		return -EINVAL;
	if (bind->flags & ~LABYRINTH_BIND_HOLD ||
	    memchr_inv(bind->reserved, 0, sizeof(bind->reserved)))
		return -EINVAL;
	bind->depth = bind->depth ?: labyrinth_param_depth();
	if (bind->depth < LABYRINTH_RING_MIN || bind->depth > LABYRINTH_DEPTH_MAX ||
	    !is_power_of_2(bind->depth))
		return -EINVAL;
	if (bind->stream_queues > ldev->nr_queues ||
	    (bind->stream_queues && bind->source != LABYRINTH_SRC_STREAM))
		return -EINVAL;
	err = labyrinth_check_generator(bind);
	return err ?: labyrinth_check_source(ldev, bind);
}

/* The stream is dealt anew only while nobody receives it. */
static int labyrinth_deal_stream(struct labyrinth_dev *ldev, u32 queues)
{
	if (!queues || labyrinth_rd(ldev, LABYRINTH_REG_STREAM_QUEUES) == queues)
		return 0;
	labyrinth_wr(ldev, LABYRINTH_REG_STREAM_QUEUES, queues);
	return labyrinth_rd(ldev, LABYRINTH_REG_STREAM_QUEUES) == queues ? 0 : -EBUSY;
}

static int labyrinth_live(struct labyrinth_dev *ldev)
{
	switch (labyrinth_state(ldev)) {
	case LABYRINTH_LIVE:
		return 0;
	case LABYRINTH_RESETTING:
	case LABYRINTH_LOST:
		return -EAGAIN;
	default:
		return -ENODEV;
	}
}

static struct labyrinth_queue *labyrinth_pick_queue(struct labyrinth_dev *ldev, int index)
{
	unsigned int i;

	if (index >= 0)
		return ldev->queue[index].owner ? NULL : &ldev->queue[index];
	for (i = 0; i < ldev->nr_queues; i++)
		if (!ldev->queue[i].owner)
			return &ldev->queue[i];
	return NULL;
}

static int labyrinth_bind_locked(struct labyrinth_file *file, struct labyrinth_bind *bind)
{
	struct labyrinth_dev *ldev = file->ldev;
	struct labyrinth_queue *q = file->queue;
	int err = labyrinth_live(ldev);

	if (err)
		return err;
	if (q && q->phase != LABYRINTH_FAILED)
		return -EBUSY;
	if (q) {
		WRITE_ONCE(file->queue, NULL);
		labyrinth_queue_unbind(q);
	}
	q = labyrinth_pick_queue(ldev, bind->queue);
	if (!q)
		return -EBUSY;
	err = labyrinth_deal_stream(ldev, bind->stream_queues);
	if (err)
		return err;
	err = labyrinth_queue_bind(q, file, bind);
	if (err)
		return err;
	if (!(bind->flags & LABYRINTH_BIND_HOLD))
		err = labyrinth_queue_start(q);
	if (err) {
		labyrinth_queue_unbind(q);
		return err;
	}
	bind->queue = q->index;
	WRITE_ONCE(file->queue, q);
	return 0;
}

/**
 * labyrinth_file_bind - take a queue for a file, and start it unless HOLD says not
 * @file: without a queue, or with one that failed
 * @bind: what the caller asks for; the queue's number on return
 *
 * Context: process; the file's mutex is held.
 * Return: 0; -EBUSY; -EINVAL; -ENODATA; -EAGAIN during a reset; -ENODEV; -ENOMEM.
 */
int labyrinth_file_bind(struct labyrinth_file *file, struct labyrinth_bind *bind)
{
	struct labyrinth_dev *ldev = file->ldev;
	int err = labyrinth_bind_check(ldev, bind);

	if (err)
		return err;
	if (mutex_lock_interruptible(&ldev->ctl))
		return -ERESTARTSYS;
	err = labyrinth_bind_locked(file, bind);
	mutex_unlock(&ldev->ctl);
	return err;
}

/* --- commands: each gets its struct, and leaves in it what the caller is told -- */

union labyrinth_args {
	struct labyrinth_info info;
	struct labyrinth_bind bind;
	struct labyrinth_queue_stats queue;
	struct labyrinth_pool_stats pool;
};

static int labyrinth_ioc_bind(struct labyrinth_file *file, union labyrinth_args *args)
{
	struct labyrinth_bind bind = args->bind;
	int err;

	if (mutex_lock_interruptible(&file->lock))
		return -ERESTARTSYS;
	err = labyrinth_file_bind(file, &bind);
	mutex_unlock(&file->lock);
	args->bind.queue = bind.queue;
	return err;
}

static int labyrinth_ioc_start(struct labyrinth_file *file, union labyrinth_args *args)
{
	struct labyrinth_queue *q = file->queue;
	int err = labyrinth_live(file->ldev);

	if (err)
		return err;
	if (!q)
		return -ENOTCONN;
	if (q->phase != LABYRINTH_HELD && q->phase != LABYRINTH_STOPPED)
		return -EINVAL;
	return labyrinth_queue_start(q);
}

static int labyrinth_ioc_stop(struct labyrinth_file *file, union labyrinth_args *args)
{
	struct labyrinth_queue *q = file->queue;

	if (!q)
		return -ENOTCONN;
	if (q->phase != LABYRINTH_RUNNING)
		return -EINVAL;
	labyrinth_queue_stop(q, 0);
	return 0;
}

static int labyrinth_ioc_reset(struct labyrinth_file *file, union labyrinth_args *args)
{
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = labyrinth_live(file->ldev);
	return err ?: labyrinth_polite_reset(file->ldev);
}

static int labyrinth_ioc_info(struct labyrinth_file *file, union labyrinth_args *args)
{
	struct labyrinth_dev *ldev = file->ldev;
	struct labyrinth_info *info = &args->info;
	unsigned int i;
	int err = labyrinth_live(ldev);

	if (err)
		return err;
	*info = (struct labyrinth_info){
		.size = sizeof(*info),
		.hw_version = ldev->hw_version,
		.queues = ldev->nr_queues,
		.caps = ldev->caps,
		.vectors = ldev->nr_vectors,
		.policy = ldev->policy,
		.depth_max = LABYRINTH_DEPTH_MAX,
	};
	for (i = 0; i < ldev->nr_queues; i++)
		if (ldev->queue[i].owner)
			info->bound |= BIT(i);
	strscpy(info->pci, pci_name(ldev->pdev), sizeof(info->pci));
	return 0;
}

static int labyrinth_ioc_queue_stats(struct labyrinth_file *file, union labyrinth_args *args)
{
	struct labyrinth_dev *ldev = file->ldev;
	struct labyrinth_queue_stats *stats = &args->queue;
	u32 queue = stats->queue;

	if (queue >= ldev->nr_queues || memchr_inv(stats->reserved, 0, sizeof(stats->reserved)))
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	labyrinth_queue_stats(&ldev->queue[queue], stats);
	return 0;
}

static int labyrinth_ioc_pool_stats(struct labyrinth_file *file, union labyrinth_args *args)
{
	struct labyrinth_dev *ldev = file->ldev;
	struct labyrinth_pool_stats *stats = &args->pool;

	if (memchr_inv(stats->reserved, 0, sizeof(stats->reserved)))
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	if (labyrinth_state(ldev) == LABYRINTH_GONE)
		*stats = ldev->last_pool;
	else
		labyrinth_buffers_stats(ldev, stats);
	stats->size = sizeof(*stats);
	return 0;
}

/**
 * struct labyrinth_command - how an ioctl is called
 * @cmd: its number with the size of this version's struct
 * @least: size of the struct's first version, below which no caller can be
 * @ctl: called with ctl held
 * @call: does it
 */
struct labyrinth_command {
	unsigned int cmd;
	size_t least;
	bool ctl;
	int (*call)(struct labyrinth_file *file, union labyrinth_args *args);
};

static const struct labyrinth_command labyrinth_commands[] = {
	{ LABYRINTH_IOC_INFO, 48, true, labyrinth_ioc_info },
	{ LABYRINTH_IOC_BIND, 88, false, labyrinth_ioc_bind },
	{ LABYRINTH_IOC_START, 0, true, labyrinth_ioc_start },
	{ LABYRINTH_IOC_STOP, 0, true, labyrinth_ioc_stop },
	{ LABYRINTH_IOC_QUEUE_STATS, 296, true, labyrinth_ioc_queue_stats },
	{ LABYRINTH_IOC_POOL_STATS, 184, true, labyrinth_ioc_pool_stats },
	{ LABYRINTH_IOC_RESET, 0, true, labyrinth_ioc_reset },
};

/* The same command but for the size of its struct, which may be another version's */
static const struct labyrinth_command *labyrinth_find_command(unsigned int cmd)
{
	const unsigned int size_bits = _IOC_SIZEMASK << _IOC_SIZESHIFT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(labyrinth_commands); i++)
		if (((labyrinth_commands[i].cmd ^ cmd) & ~size_bits) == 0)
			return &labyrinth_commands[i];
	return NULL;
}

static int labyrinth_get(union labyrinth_args *args, const struct labyrinth_command *command,
			 unsigned int cmd, const void __user *user)
{
	u32 size;

	if (!_IOC_SIZE(command->cmd))
		return _IOC_SIZE(cmd) ? -EINVAL : 0;
	if (_IOC_SIZE(cmd) < sizeof(size))
		return -EINVAL;
	if (get_user(size, (const u32 __user *)user))
		return -EFAULT;
	if (size < command->least || size != _IOC_SIZE(cmd))
		return -EINVAL;
	return copy_struct_from_user(args, _IOC_SIZE(command->cmd), user, size);
}

static int labyrinth_call(struct labyrinth_file *file, const struct labyrinth_command *command,
			  union labyrinth_args *args)
{
	int err;

	if (!command->ctl)
		return command->call(file, args);
	if (mutex_lock_interruptible(&file->ldev->ctl))
		return -ERESTARTSYS;
	err = command->call(file, args);
	mutex_unlock(&file->ldev->ctl);
	return err;
}

/**
 * labyrinth_ioctl - see the user API header
 * @filp: the open device
 * @cmd: the command
 * @arg: its struct
 *
 * User memory is touched without a lock: a page fault of the caller must not
 * hold up a removal of the device.
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
long labyrinth_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	const struct labyrinth_command *command = labyrinth_find_command(cmd);
	void __user *user = (void __user *)arg;
	union labyrinth_args args;
	size_t size;
	int err;

	if (!command)
		return -ENOTTY;
	memset(&args, 0, sizeof(args));
	err = labyrinth_get(&args, command, cmd, user);
	if (err)
		return err;
	err = labyrinth_call(filp->private_data, command, &args);
	if (err)
		return err;
	/* The caller's struct ends where it said; what it does not know it does not get. */
	size = min(_IOC_SIZE(cmd), _IOC_SIZE(command->cmd));
	return copy_to_user(user, &args, size) ? -EFAULT : 0;
}
