// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - /sys/kernel/debug/labyrinth/labyrinthN/: faults, fail_alloc and allocator
 *
 * Contract: what is written is read as lines of words, NAME=VALUE or NAME alone; each line
 * is done or refused as the file's own contract says, in order, up to the first that is
 * refused.
 */
#include <linux/debugfs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "driver.h"

#define LABYRINTH_WRITE_MAX	4096

static struct dentry *labyrinth_dir;

/**
 * labyrinth_debugfs_lines - take a write apart
 * @user: what was written
 * @count: bytes of it
 * @line: called for each line that has a word, without white space around it
 * @arg: for @line
 *
 * Context: process, may sleep.
 * Return: 0, or the first error.
 */
int labyrinth_debugfs_lines(const char __user *user, size_t count,
			    int (*line)(void *arg, char *words), void *arg)
{
	char *text, *rest, *next;
	int err = 0;

	if (count > LABYRINTH_WRITE_MAX)
		return -EINVAL;
	text = memdup_user_nul(user, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	rest = text;
	while (!err && (next = strsep(&rest, "\n"))) {
		next = strim(next);
		if (*next)
			err = line(arg, next);
	}
	kfree(text);
	return err;
}

/**
 * labyrinth_debugfs_word - the next word of a line
 * @words: the line; what is left of it afterwards
 * @value: what follows its `=`, or NULL
 *
 * Return: the word up to its `=`; NULL at the end.
 */
char *labyrinth_debugfs_word(char **words, char **value)
{
	char *name;

	do {
		name = strsep(words, " \t");
	} while (name && !*name);
	if (!name)
		return NULL;
	*value = name;
	strsep(value, "=");
	return name;
}

static void labyrinth_debugfs_remove(void *arg)
{
	struct labyrinth_dev *ldev = arg;

	/* Waits for whoever is inside. */
	debugfs_remove_recursive(ldev->folder);
	mutex_lock(&ldev->ctl);
	labyrinth_fail_stop(ldev);
	mutex_unlock(&ldev->ctl);
}

/**
 * labyrinth_debugfs_add - the folder of a device
 * @ldev: the device, added; its folder goes with the PCI device
 *
 * Return: 0 or a negative errno; a kernel without debugfs has none, which is no error.
 */
int labyrinth_debugfs_add(struct labyrinth_dev *ldev)
{
	ldev->folder = debugfs_create_dir(dev_name(&ldev->dev), labyrinth_dir);
	debugfs_create_file("faults", 0600, ldev->folder, ldev, &labyrinth_faults_fops);
	debugfs_create_file("fail_alloc", 0600, ldev->folder, ldev, &labyrinth_fail_fops);
	labyrinth_buffers_debugfs(ldev);
	return devm_add_action_or_reset(&ldev->pdev->dev, labyrinth_debugfs_remove, ldev);
}

/** labyrinth_debugfs_start - at load */
void labyrinth_debugfs_start(void)
{
	labyrinth_dir = debugfs_create_dir(LABYRINTH_NAME, NULL);
}

/** labyrinth_debugfs_stop - at unload */
void labyrinth_debugfs_stop(void)
{
	debugfs_remove_recursive(labyrinth_dir);
}
