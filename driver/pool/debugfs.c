// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/labyrinth_pool/: `track`, and NAME.ID/stats and /holders, and
 * /unmapped if it isolates pages, of each pool
 *
 * track: 1 notes who takes pages, 0 no longer does (labyrinth_track()).  holders: one
 * line for each page that is out.  unmapped: one for each that has no mapping, with the
 * last one: for who must tell what a fault of the IOMMU was about.  stats is for people;
 * its format may change.
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "pool.h"

static struct dentry *lab_dir;

static void lab_show_line(void *arg, const char *line)
{
	seq_printf(arg, "%s\n", line);
}

static int lab_stats_show(struct seq_file *m, void *unused)
{
	struct labyrinth *maze = m->private;
	struct labyrinth_stats stats;
	u32 i;

	labyrinth_stats(maze, &stats);
	seq_printf(m, "pages %u of at most %u, blocks of %u%s, marks %u..%u, reserve %u, keeps at most %u\n",
		   stats.total, stats.limit, lab_size(&maze->core),
		   maze->core.fronts ? "" : " (no fronts)", maze->core.low, maze->core.high,
		   maze->core.reserve, lab_may_strand(&maze->core));
	seq_puts(m, "allocs");
	for (i = 0; i < LABYRINTH_NR_ROUTES; i++)
		seq_printf(m, " %s %llu", labyrinth_route_name(i), stats.allocs[i]);
	seq_puts(m, "\nin");
	for (i = 0; i < LABYRINTH_NR_CONTEXTS; i++)
		seq_printf(m, " %s %llu", labyrinth_context_name(i), stats.contexts[i]);
	seq_printf(m, "\nfrees %llu refused %llu late %llu refills %llu shrunk %llu\nowned",
		   stats.frees, stats.refused, stats.late, stats.refills, stats.shrunk);
	for (i = 0; i < LABYRINTH_NR_OWNERS; i++)
		seq_printf(m, " %s %u", labyrinth_owner_name(i), stats.owned[i]);
	seq_puts(m, "\n");
	if (maze->isolate == LABYRINTH_ISOLATE_STRICT)
		seq_printf(m, "isolated %llu, wait to be mapped %u, map failed %llu\n",
			   stats.isolated, stats.unmapped, stats.map_failed);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lab_stats);

static int lab_holders_show(struct seq_file *m, void *unused)
{
	struct labyrinth *maze = m->private;

	lab_flush_fronts(maze);
	lab_list_holders(maze, lab_show_line, m, U32_MAX);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lab_holders);

static int lab_unmapped_show(struct seq_file *m, void *unused)
{
	lab_list_unmapped(m->private, lab_show_line, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lab_unmapped);

void lab_debugfs_add(struct labyrinth *maze)
{
	char name[LAB_NAME_MAX + 12];

	snprintf(name, sizeof(name), "%s.%u", maze->name, maze->core.id);
	strreplace(name, '/', '!');
	maze->folder = debugfs_create_dir(name, lab_dir);
	debugfs_create_file("stats", 0400, maze->folder, maze, &lab_stats_fops);
	debugfs_create_file("holders", 0400, maze->folder, maze, &lab_holders_fops);
	if (maze->isolate == LABYRINTH_ISOLATE_STRICT)
		debugfs_create_file("unmapped", 0400, maze->folder, maze, &lab_unmapped_fops);
}

/* Waits for readers that are inside */
void lab_debugfs_remove(struct labyrinth *maze)
{
	debugfs_remove_recursive(maze->folder);
}

static DEFINE_MUTEX(lab_file_lock);
static bool lab_file_on;	/* the file's own request for tracking */

static int lab_track_get(void *unused, u64 *value)
{
	*value = lab_tracking();
	return 0;
}

static int lab_track_set(void *unused, u64 value)
{
	int err = 0;

	if (value > 1)
		return -EINVAL;
	mutex_lock(&lab_file_lock);
	if (lab_file_on != value) {
		err = labyrinth_track(value);
		if (!err)
			lab_file_on = value;
	}
	mutex_unlock(&lab_file_lock);
	return err;
}
DEFINE_DEBUGFS_ATTRIBUTE(lab_track_fops, lab_track_get, lab_track_set, "%llu\n");

void lab_debugfs_start(void)
{
	lab_dir = debugfs_create_dir("labyrinth_pool", NULL);
	debugfs_create_file_unsafe("track", 0600, lab_dir, NULL, &lab_track_fops);
}

void lab_debugfs_stop(void)
{
	debugfs_remove_recursive(lab_dir);
}
