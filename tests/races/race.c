// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data race on purpose, and lock order turned round on purpose: race.ko MODE
 *
 * Contract: mode=race lets two threads write one plain word for SECONDS, since the checker looks
 * at a sample of the writes only, and the host may run one processor at a time; mode=lock takes two
 * locks in both orders, one after the other; mode=none does the race's work under a lock.  The
 * module is there when it is over.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#define SECONDS		5
#define WRITES		1000	/* between two looks at the clock */

static char *mode = "none";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "race, lock or none");

static unsigned long shared;
static DEFINE_MUTEX(one);
static DEFINE_MUTEX(other);

static noinline void touch(void)
{
	shared++;
}

static int racer(void *locked)
{
	unsigned long end = jiffies + SECONDS * HZ;
	int i;

	while (time_before(jiffies, end)) {
		if (locked)
			mutex_lock(&one);
		for (i = 0; i < WRITES; i++)
			touch();
		if (locked)
			mutex_unlock(&one);
		cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Each on a processor of its own: on one they would hardly ever meet */
static int two_threads(bool locked)
{
	struct task_struct *task[2];
	int i;

	if (!cpu_online(0) || !cpu_online(1))
		return -ENODEV;
	for (i = 0; i < 2; i++) {
		task[i] = kthread_create_on_cpu(racer, locked ? &one : NULL, i, "race/%u");
		if (!IS_ERR(task[i])) {
			wake_up_process(task[i]);
			continue;
		}
		if (i)
			kthread_stop(task[0]);
		return PTR_ERR(task[i]);
	}
	for (i = 0; i < 2; i++)
		kthread_stop(task[i]);
	return 0;
}

static void both_orders(void)
{
	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);
	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
}

static int __init race_init(void)
{
	if (!strcmp(mode, "lock")) {
		both_orders();
		return 0;
	}
	return two_threads(strcmp(mode, "race"));
}

static void __exit race_exit(void)
{
}

module_init(race_init);
module_exit(race_exit);
MODULE_DESCRIPTION("A data race and a lock order that a checking kernel must find");
MODULE_LICENSE("GPL");
