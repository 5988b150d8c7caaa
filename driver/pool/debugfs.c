// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/labyrinth_pool/NAME.ID: a pool's numbers and its holders
 *
 * For people; the format may change.  Programs use the users' own interfaces.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "pool.h"

static struct dentry *lab_dir;

static void lab_show_line(void *arg, const char *line)
{
	seq_printf(arg, "%s\n", line);
}

static int lab_pool_show(struct seq_file *m, void *unused)
{
	static const char * const contexts[] = { "process", "softirq", "hardirq" };
	struct labyrinth *maze = m->private;
	struct labyrinth_stats stats;
	u32 i;

	labyrinth_stats(maze, &stats);
	seq_printf(m, "pages %u of at most %u, front %u a CPU, marks %u..%u, reserve %u\n",
		   stats.total, stats.limit, maze->core.cap, maze->core.low,
		   maze->core.high, maze->core.reserve);
	seq_puts(m, "allocs");
	for (i = 0; i < LABYRINTH_NR_ROUTES; i++)
		seq_printf(m, " %s %llu", labyrinth_route_name(i), stats.allocs[i]);
	seq_puts(m, "\nin");
	for (i = 0; i < LABYRINTH_NR_CONTEXTS; i++)
		seq_printf(m, " %s %llu", contexts[i], stats.contexts[i]);
	seq_printf(m, "\nfrees %llu refused %llu refills %llu shrunk %llu\nowned",
		   stats.frees, stats.refused, stats.refills, stats.shrunk);
	for (i = 0; i < LABYRINTH_NR_OWNERS; i++)
		seq_printf(m, " %s %u", labyrinth_owner_name(i), stats.owned[i]);
	seq_puts(m, "\n");
	lab_list_holders(maze, lab_show_line, m, U32_MAX);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lab_pool);

void lab_debugfs_add(struct labyrinth *maze)
{
	char name[LAB_NAME_MAX + 12];

	snprintf(name, sizeof(name), "%s.%u", maze->name, maze->id);
	strreplace(name, '/', '!');
	maze->file = debugfs_create_file(name, 0400, lab_dir, maze, &lab_pool_fops);
}

/* Waits for readers that are inside */
void lab_debugfs_remove(struct labyrinth *maze)
{
	debugfs_remove(maze->file);
}

void lab_debugfs_start(void)
{
	lab_dir = debugfs_create_dir("labyrinth_pool", NULL);
}

void lab_debugfs_stop(void)
{
	debugfs_remove(lab_dir);
}
