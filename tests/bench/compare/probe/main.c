// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the comparison looks at the driver with, whatever allocator it has: debugfs compare/
 */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "probe.h"

static struct dentry *folder;

static int __init probe_init(void)
{
	int err;

	folder = debugfs_create_dir("compare", NULL);
	err = probe_times_start(folder);
	if (err) {
		debugfs_remove(folder);
		return err;
	}
	probe_hog_start(folder);
	return 0;
}

static void __exit probe_exit(void)
{
	debugfs_remove(folder);
	probe_hog_stop();
	probe_times_stop();
}

module_init(probe_init);
module_exit(probe_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Looks at the Labyrinth driver for the comparison");
