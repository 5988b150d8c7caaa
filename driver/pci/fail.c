// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - debugfs fail_alloc: allocations of the interrupt handler that fail
 *
 * The kernel's own fault injection is not in every kernel, and its filters by task do not
 * apply in interrupts.  This one is: a line `rate=PPM nth=N limit=N seed=N`, each word
 * optional, or `off`, makes an allocation of the handler fail with that probability, and
 * the N-th from now; not more than limit times from now, 0 for no limit.
 *
 * Off, an allocation pays one patched no-op.  On, it takes a raw lock under the queue's,
 * which is legal in hard interrupts on PREEMPT_RT too.
 */
#include <linux/seq_file.h>
#include <linux/string.h>

#include "driver.h"

DEFINE_STATIC_KEY_FALSE(labyrinth_failing);

/* The next number of xorshift64* */
static u32 labyrinth_fail_chance(struct labyrinth_fail *fail)
{
	fail->chance ^= fail->chance >> 12;
	fail->chance ^= fail->chance << 25;
	fail->chance ^= fail->chance >> 27;
	return (fail->chance * 0x2545f4914f6cdd1dULL) >> 32;
}

/**
 * labyrinth_fail_alloc - is this allocation of the handler to fail
 * @ldev: the device
 *
 * Context: any but NMI, interrupts off.
 */
bool labyrinth_fail_alloc(struct labyrinth_dev *ldev)
{
	struct labyrinth_fail *fail = &ldev->fail;
	bool hit = false;

	raw_spin_lock(&fail->lock);
	if (fail->rate || fail->nth) {
		fail->events++;
		hit = fail->rate &&
		      ((u64)labyrinth_fail_chance(fail) * LABYRINTH_MILLION >> 32) < fail->rate;
		if (fail->nth && !--fail->nth)
			hit = true;
		if (fail->limit && fail->injected - fail->base >= fail->limit)
			hit = false;
		fail->injected += hit;
	}
	raw_spin_unlock(&fail->lock);
	return hit;
}

static void labyrinth_fail_seed(struct labyrinth_fail *fail, u64 seed)
{
	fail->seed = seed;
	/* Neighbouring seeds are to differ from the first number on, and 0 is no state. */
	fail->chance = (seed + 1) * 0x9e3779b97f4a7c15ULL ?: 1;
}

/**
 * labyrinth_fail_init - at probe
 * @ldev: the device
 */
void labyrinth_fail_init(struct labyrinth_dev *ldev)
{
	raw_spin_lock_init(&ldev->fail.lock);
	labyrinth_fail_seed(&ldev->fail, 1);
}

/* Under the key only while something is to fail; ctl is held */
static void labyrinth_fail_switch(struct labyrinth_fail *fail)
{
	bool on = fail->rate || fail->nth;

	if (on && !fail->on)
		static_branch_inc(&labyrinth_failing);
	else if (!on && fail->on)
		static_branch_dec(&labyrinth_failing);
	fail->on = on;
}

/**
 * labyrinth_fail_stop - no more
 * @ldev: the device
 *
 * Context: process; ctl is held.
 */
void labyrinth_fail_stop(struct labyrinth_dev *ldev)
{
	struct labyrinth_fail *fail = &ldev->fail;

	raw_spin_lock_irq(&fail->lock);
	fail->rate = 0;
	fail->nth = 0;
	fail->limit = 0;
	raw_spin_unlock_irq(&fail->lock);
	labyrinth_fail_switch(fail);
}

static int labyrinth_fail_set(struct labyrinth_fail *fail, const char *name, u64 value)
{
	if (!strcmp(name, "seed"))
		labyrinth_fail_seed(fail, value);
	else if (value > U32_MAX)
		return -EINVAL;
	else if (!strcmp(name, "rate") && value <= LABYRINTH_MILLION)
		fail->rate = value;
	else if (!strcmp(name, "nth"))
		fail->nth = value;
	else if (!strcmp(name, "limit"))
		fail->limit = value;
	else
		return -EINVAL;
	if (!strcmp(name, "limit"))
		fail->base = fail->injected;
	return 0;
}

static int labyrinth_fail_line(void *arg, char *words)
{
	struct labyrinth_dev *ldev = arg;
	char *name, *value;
	u64 number;
	int err = 0;

	if (!strcmp(words, "off")) {
		labyrinth_fail_stop(ldev);
		return 0;
	}
	while (!err && (name = labyrinth_debugfs_word(&words, &value))) {
		if (!value || kstrtou64(value, 0, &number))
			return -EINVAL;
		raw_spin_lock_irq(&ldev->fail.lock);
		err = labyrinth_fail_set(&ldev->fail, name, number);
		raw_spin_unlock_irq(&ldev->fail.lock);
	}
	labyrinth_fail_switch(&ldev->fail);
	return err;
}

static ssize_t labyrinth_fail_write(struct file *file, const char __user *user, size_t count,
				    loff_t *pos)
{
	struct labyrinth_dev *ldev = file_inode(file)->i_private;
	int err;

	if (mutex_lock_interruptible(&ldev->ctl))
		return -ERESTARTSYS;
	err = labyrinth_debugfs_lines(user, count, labyrinth_fail_line, ldev);
	mutex_unlock(&ldev->ctl);
	return err ?: count;
}

static int labyrinth_fail_show(struct seq_file *m, void *unused)
{
	struct labyrinth_dev *ldev = m->private;
	struct labyrinth_fail now;

	raw_spin_lock_irq(&ldev->fail.lock);
	now = ldev->fail;
	raw_spin_unlock_irq(&ldev->fail.lock);
	seq_printf(m, "rate=%u nth=%u limit=%u seed=%llu events=%llu injected=%llu\n", now.rate,
		   now.nth, now.limit, now.seed, now.events, now.injected);
	return 0;
}

static int labyrinth_fail_open(struct inode *inode, struct file *file)
{
	return single_open(file, labyrinth_fail_show, inode->i_private);
}

const struct file_operations labyrinth_fail_fops = {
	.owner = THIS_MODULE,
	.open = labyrinth_fail_open,
	.read = seq_read,
	.write = labyrinth_fail_write,
	.llseek = seq_lseek,
	.release = single_release,
};
