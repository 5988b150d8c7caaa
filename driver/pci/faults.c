// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - debugfs faults: what a device with fault injection is to do wrong
 *
 * Contract: reading gives a line for each fault, `hostile`, each rule, and `seed`.  Written
 * are lines
 *   NAME [rate=PPM] [nth=N] [param=N] [limit=N]   a fault by its name in the hardware header
 *   hostile [rate=PPM] [rules=MASK]
 *   seed=N
 *   off                                           every rate, nth and limit, and hostile, to 0
 * ENODEV from a device without LABYRINTH_PAGE_FAULTS; EIO while it does not answer; EINVAL
 * for what is not known.  The registers are used also while the device is taken for dead:
 * a fault that killed it can be switched off.
 */
#include <linux/seq_file.h>
#include <linux/string.h>

#include "regs.h"

#define LABYRINTH_FAULT_NAME(sym, name, param)	name,
static const char * const labyrinth_faults[] = { LABYRINTH_FAULTS(LABYRINTH_FAULT_NAME) };

#define LABYRINTH_RULE_NAME(sym, name)		name,
static const char * const labyrinth_rules[] = { LABYRINTH_RULES(LABYRINTH_RULE_NAME) };

static u32 labyrinth_frd(const struct labyrinth_dev *ldev, u32 reg)
{
	return labyrinth_rd(ldev, LABYRINTH_PAGE_FAULTS + reg);
}

static u64 labyrinth_frd64(const struct labyrinth_dev *ldev, u32 reg)
{
	return readq(ldev->regs + LABYRINTH_PAGE_FAULTS + reg);
}

static void labyrinth_fwr(const struct labyrinth_dev *ldev, u32 reg, u32 value)
{
	labyrinth_wr(ldev, LABYRINTH_PAGE_FAULTS + reg, value);
}

/* May the registers be used?  ctl is held. */
static int labyrinth_faults_ready(struct labyrinth_dev *ldev)
{
	enum labyrinth_dev_state state = labyrinth_state(ldev);

	if (!(ldev->caps & LABYRINTH_CAPS_FAULTS) || state == LABYRINTH_GONE)
		return -ENODEV;
	if (state == LABYRINTH_RESETTING ||
	    labyrinth_frd(ldev, LABYRINTH_FREG_ID) != LABYRINTH_FAULTS_ID)
		return -EIO;
	return 0;
}

static int labyrinth_set_fault(struct labyrinth_dev *ldev, unsigned int fault, const char *name,
			       u32 value)
{
	if (!strcmp(name, "rate") && value <= LABYRINTH_MILLION)
		labyrinth_fwr(ldev, LABYRINTH_FREG_RATE(fault), value);
	else if (!strcmp(name, "nth"))
		labyrinth_fwr(ldev, LABYRINTH_FREG_NTH(fault), value);
	else if (!strcmp(name, "param"))
		labyrinth_fwr(ldev, LABYRINTH_FREG_PARAM(fault), value);
	else if (!strcmp(name, "limit"))
		labyrinth_fwr(ldev, LABYRINTH_FREG_LIMIT(fault), value);
	else
		return -EINVAL;
	return 0;
}

static int labyrinth_set_hostile(struct labyrinth_dev *ldev, unsigned int unused,
				 const char *name, u32 value)
{
	if (!strcmp(name, "rate") && value <= LABYRINTH_MILLION)
		labyrinth_fwr(ldev, LABYRINTH_FREG_HOSTILE, value);
	else if (!strcmp(name, "rules") && value < BIT(LABYRINTH_NR_RULES))
		labyrinth_fwr(ldev, LABYRINTH_FREG_RULES, value);
	else
		return -EINVAL;
	return 0;
}

static int labyrinth_set_seed(struct labyrinth_dev *ldev, const char *value)
{
	u64 seed;

	if (!value || kstrtou64(value, 0, &seed))
		return -EINVAL;
	writeq(seed, ldev->regs + LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_SEED);
	return 0;
}

static void labyrinth_faults_off(struct labyrinth_dev *ldev)
{
	unsigned int i;

	labyrinth_fwr(ldev, LABYRINTH_FREG_HOSTILE, 0);
	for (i = 0; i < LABYRINTH_NR_FAULTS; i++) {
		labyrinth_fwr(ldev, LABYRINTH_FREG_RATE(i), 0);
		labyrinth_fwr(ldev, LABYRINTH_FREG_NTH(i), 0);
		labyrinth_fwr(ldev, LABYRINTH_FREG_LIMIT(i), 0);
	}
}

static int labyrinth_faults_line(void *arg, char *words)
{
	int (*set)(struct labyrinth_dev *ldev, unsigned int fault, const char *name, u32 value);
	struct labyrinth_dev *ldev = arg;
	char *value, *name = labyrinth_debugfs_word(&words, &value);
	int err, fault = match_string(labyrinth_faults, LABYRINTH_NR_FAULTS, name);
	u32 number;

	if (!strcmp(name, "seed"))
		return words ? -EINVAL : labyrinth_set_seed(ldev, value);
	if (value)
		return -EINVAL;
	if (!strcmp(name, "off")) {
		labyrinth_faults_off(ldev);
		return words ? -EINVAL : 0;
	}
	if (!strcmp(name, "hostile"))
		set = labyrinth_set_hostile;
	else if (fault >= 0)
		set = labyrinth_set_fault;
	else
		return -EINVAL;
	while ((name = labyrinth_debugfs_word(&words, &value))) {
		err = value ? kstrtou32(value, 0, &number) : -EINVAL;
		err = err ?: set(ldev, fault, name, number);
		if (err)
			return -EINVAL;
	}
	return 0;
}

static ssize_t labyrinth_faults_write(struct file *file, const char __user *user, size_t count,
				      loff_t *pos)
{
	struct labyrinth_dev *ldev = file_inode(file)->i_private;
	int err;

	if (mutex_lock_interruptible(&ldev->ctl))
		return -ERESTARTSYS;
	err = labyrinth_faults_ready(ldev);
	err = err ?: labyrinth_debugfs_lines(user, count, labyrinth_faults_line, ldev);
	mutex_unlock(&ldev->ctl);
	return err ?: count;
}

static void labyrinth_faults_list(struct seq_file *m, struct labyrinth_dev *ldev)
{
	unsigned int i;

	for (i = 0; i < LABYRINTH_NR_FAULTS; i++)
		seq_printf(m, "%s rate=%u nth=%u param=%u limit=%u events=%llu injected=%llu\n",
			   labyrinth_faults[i], labyrinth_frd(ldev, LABYRINTH_FREG_RATE(i)),
			   labyrinth_frd(ldev, LABYRINTH_FREG_NTH(i)),
			   labyrinth_frd(ldev, LABYRINTH_FREG_PARAM(i)),
			   labyrinth_frd(ldev, LABYRINTH_FREG_LIMIT(i)),
			   labyrinth_frd64(ldev, LABYRINTH_FREG_EVENTS(i)),
			   labyrinth_frd64(ldev, LABYRINTH_FREG_INJECTED(i)));
	seq_printf(m, "hostile rate=%u rules=%#x\n", labyrinth_frd(ldev, LABYRINTH_FREG_HOSTILE),
		   labyrinth_frd(ldev, LABYRINTH_FREG_RULES));
	for (i = 0; i < LABYRINTH_NR_RULES; i++)
		seq_printf(m, "rule %s fired=%llu\n", labyrinth_rules[i],
			   labyrinth_frd64(ldev, LABYRINTH_FREG_FIRED(i)));
	seq_printf(m, "seed=%llu\n", labyrinth_frd64(ldev, LABYRINTH_FREG_SEED));
}

static int labyrinth_faults_show(struct seq_file *m, void *unused)
{
	struct labyrinth_dev *ldev = m->private;
	int err;

	if (mutex_lock_interruptible(&ldev->ctl))
		return -ERESTARTSYS;
	err = labyrinth_faults_ready(ldev);
	if (!err)
		labyrinth_faults_list(m, ldev);
	mutex_unlock(&ldev->ctl);
	return err;
}

static int labyrinth_faults_open(struct inode *inode, struct file *file)
{
	return single_open(file, labyrinth_faults_show, inode->i_private);
}

const struct file_operations labyrinth_faults_fops = {
	.owner = THIS_MODULE,
	.open = labyrinth_faults_open,
	.read = seq_read,
	.write = labyrinth_faults_write,
	.llseek = seq_lseek,
	.release = single_release,
};
