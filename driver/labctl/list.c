// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl list - which accelerators there are
 *
 * Reads sysfs only, so that anybody may ask.
 */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "labctl.h"

/* The first line of a file below the device's folder, or "?" */
static void read_line(const char *device, const char *file, char *line, size_t size)
{
	char path[PATH_MAX];
	FILE *in;

	snprintf(path, sizeof(path), LABCTL_CLASS "/%s/%s", device, file);
	in = fopen(path, "re");
	if (!in || !fgets(line, size, in))
		snprintf(line, size, "?");
	line[strcspn(line, "\n")] = 0;
	if (in)
		fclose(in);
}

static void show(const char *device)
{
	char link[PATH_MAX], path[PATH_MAX], queues[32], vectors[32], policy[32], state[32];
	ssize_t n;

	snprintf(path, sizeof(path), LABCTL_CLASS "/%s/device", device);
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = 0;
	read_line(device, "queues", queues, sizeof(queues));
	read_line(device, "vectors", vectors, sizeof(vectors));
	read_line(device, "policy", policy, sizeof(policy));
	read_line(device, "state", state, sizeof(state));
	printf("/dev/%s  %s  %s queues  %s%s  policy %s  %s\n", device, basename(link), queues,
	       strcmp(vectors, "0") ? vectors : "INTx", strcmp(vectors, "0") ? " vectors" : "",
	       policy, state);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int list(const struct labctl_command *self, int argc, char **argv)
{
	static const struct option options[] = { LABCTL_COMMON_OPTIONS };
	struct dirent **names;
	int n, i, status;

	labctl_getopt(self, argc, argv, options, &status);
	if (status != -1)
		return status;
	n = scandir(LABCTL_CLASS, &names, no_dots, versionsort);
	if (n < 0)
		return labctl_error("no driver: load labyrinth_pool.ko and labyrinth.ko first");
	for (i = 0; i < n; i++) {
		show(names[i]->d_name);
		free(names[i]);
	}
	free(names);
	if (!n)
		return labctl_error("the driver is loaded, but there is no accelerator: see `lspci -d 1234:1ab1`");
	return LABCTL_OK;
}

const struct labctl_command labctl_list = {
	.name = "list",
	.summary = "which accelerators there are",
	.usage = "usage: labctl list\n"
		 "\n"
		 "One line for each accelerator that has a driver.\n",
	.main = list,
};
