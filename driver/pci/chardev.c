// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - /dev/labyrinthN: open, read, write, poll, close
 *
 * Contract: the user API header's.  A file owns at most one queue.  Its mutex
 * is held while a reader copies, never while one waits, so that a non-blocking
 * reader is not held up by a blocked one.  The structures outlive the device:
 * after removal every call ends with ENODEV, and close() works at any time.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "driver.h"

#define LABYRINTH_MINORS 256

static dev_t labyrinth_devt;

struct class labyrinth_class = {
	.name = LABYRINTH_NAME,
	.dev_groups = labyrinth_dev_groups,
};

static int labyrinth_open(struct inode *inode, struct file *filp)
{
	struct labyrinth_dev *ldev = container_of(inode->i_cdev, struct labyrinth_dev, cdev);
	struct labyrinth_file *file;

	/* A node that is no part of devtmpfs can still lead here. */
	if (labyrinth_state(ldev) == LABYRINTH_GONE)
		return -ENODEV;
	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return -ENOMEM;
	file->ldev = ldev;
	mutex_init(&file->lock);
	filp->private_data = file;
	return stream_open(inode, filp);
}

static int labyrinth_release(struct inode *inode, struct file *filp)
{
	struct labyrinth_file *file = filp->private_data;
	struct labyrinth_dev *ldev = file->ldev;

	mutex_lock(&ldev->ctl);
	if (file->queue)
		labyrinth_queue_unbind(file->queue);
	mutex_unlock(&ldev->ctl);
	mutex_destroy(&file->lock);
	kfree(file);
	return 0;
}

/*
 * The first read or poll of an unbound file takes a queue with the defaults, and
 * the whole stream if no other queue receives a part of it.
 */
static int labyrinth_bind_default(struct labyrinth_file *file)
{
	struct labyrinth_bind bind = {
		.size = sizeof(bind),
		.queue = -1,
		.mode = labyrinth_param_mode(),
		.source = LABYRINTH_SRC_STREAM,
		.format = LABYRINTH_FORMAT_STREAM,
		.stream_queues = 1,
	};
	struct labyrinth_bind shared = bind;
	int err;

	if (file->queue)
		return 0;
	err = labyrinth_file_bind(file, &bind);
	if (err != -EBUSY)
		return err;
	shared.stream_queues = 0;
	return labyrinth_file_bind(file, &shared);
}

static ssize_t labyrinth_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct labyrinth_file *file = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_flags & IOCB_NOWAIT) && !(iocb->ki_filp->f_flags & O_NONBLOCK);
	struct labyrinth_queue *q;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	do {
		if (mutex_lock_interruptible(&file->lock))
			return -ERESTARTSYS;
		ret = labyrinth_bind_default(file);
		q = file->queue;
		if (q)
			ret = labyrinth_queue_read(q, to);
		mutex_unlock(&file->lock);
		if (!q || ret != -EAGAIN || !wait)
			return ret;
	} while (!wait_event_interruptible(q->wait, READ_ONCE(file->queue) != q ||
					   labyrinth_queue_readable(q)));
	return -ERESTARTSYS;
}

/* How soon a writer looks again for room that nobody told it of */
#define LABYRINTH_WRITE_JIFFIES	msecs_to_jiffies(20)

static int labyrinth_write_job(struct labyrinth_file *file, const u8 *job, size_t size,
			       struct labyrinth_queue **q)
{
	int err = -ENOTCONN;

	if (mutex_lock_interruptible(&file->lock))
		return -ERESTARTSYS;
	*q = file->queue;
	if (*q)
		err = labyrinth_queue_submit(*q, job, size);
	mutex_unlock(&file->lock);
	return err;
}

/* A result makes room as a rule, and wakes; a job that was answered early does not. */
static ssize_t labyrinth_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct labyrinth_file *file = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_flags & IOCB_NOWAIT) && !(iocb->ki_filp->f_flags & O_NONBLOCK);
	size_t size = iov_iter_count(from);
	struct labyrinth_queue *q;
	ssize_t ret = -EFAULT;
	u8 *job;

	if (!size)
		return 0;
	if (size > LABYRINTH_JOB_WRITE_MAX)
		return -EMSGSIZE;
	job = kmalloc(size, GFP_KERNEL);
	if (!job)
		return -ENOMEM;
	if (!copy_from_iter_full(job, size, from))
		goto out;
	do {
		ret = labyrinth_write_job(file, job, size, &q);
		if (ret != -EAGAIN || !wait)
			break;
		ret = wait_event_interruptible_timeout(q->wait, READ_ONCE(file->queue) != q ||
						       labyrinth_queue_writable(q),
						       LABYRINTH_WRITE_JIFFIES);
	} while (ret >= 0);
	if (!ret)
		ret = size;
out:
	kfree(job);
	return ret;
}

static __poll_t labyrinth_poll(struct file *filp, struct poll_table_struct *table)
{
	struct labyrinth_file *file = filp->private_data;
	struct labyrinth_queue *q = READ_ONCE(file->queue);
	__poll_t mask = 0;
	int err;

	/* A reader may hold the mutex for long, but it has a queue. */
	if (!q) {
		mutex_lock(&file->lock);
		err = labyrinth_bind_default(file);
		q = file->queue;
		mutex_unlock(&file->lock);
		if (err)
			return EPOLLERR;
	}
	poll_wait(filp, &q->wait, table);
	if (labyrinth_queue_readable(q))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (filp->f_mode & FMODE_WRITE && labyrinth_queue_writable(q))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (READ_ONCE(q->phase) == LABYRINTH_FAILED || labyrinth_state(q->ldev) >= LABYRINTH_DEAD)
		mask |= EPOLLERR | EPOLLHUP;
	return mask;
}

static const struct file_operations labyrinth_fops = {
	.owner = THIS_MODULE,
	.open = labyrinth_open,
	.release = labyrinth_release,
	.read_iter = labyrinth_read_iter,
	.write_iter = labyrinth_write_iter,
	.poll = labyrinth_poll,
	.unlocked_ioctl = labyrinth_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * labyrinth_chardev_setup - before the device is added
 * @ldev: the device
 * @minor: N of /dev/labyrinthN
 */
void labyrinth_chardev_setup(struct labyrinth_dev *ldev, int minor)
{
	cdev_init(&ldev->cdev, &labyrinth_fops);
	ldev->cdev.owner = THIS_MODULE;
	ldev->dev.class = &labyrinth_class;
	ldev->dev.devt = MKDEV(MAJOR(labyrinth_devt), minor);
	ldev->dev.id = minor;
}

/**
 * labyrinth_chardev_init - at load
 *
 * Return: 0 or a negative errno.
 */
int labyrinth_chardev_init(void)
{
	int err = alloc_chrdev_region(&labyrinth_devt, 0, LABYRINTH_MINORS, LABYRINTH_NAME);

	if (err)
		return err;
	err = class_register(&labyrinth_class);
	if (err)
		unregister_chrdev_region(labyrinth_devt, LABYRINTH_MINORS);
	return err;
}

/** labyrinth_chardev_exit - at unload */
void labyrinth_chardev_exit(void)
{
	class_unregister(&labyrinth_class);
	unregister_chrdev_region(labyrinth_devt, LABYRINTH_MINORS);
}
