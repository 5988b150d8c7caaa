// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl holders - who has each page that is out of a pool
 *
 * The pool's module tells it in debugfs, of every pool, also of those that other
 * drivers have made: labyrinth_pool/NAME.ID/holders has a line for each page.
 * Where a page was taken before tracking was on, its fields are "?".
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "json.h"
#include "labctl.h"

#define DEBUGFS "/sys/kernel/debug"
#define POOLS DEBUGFS "/labyrinth_pool"
#define TRACK POOLS "/track"

enum { OPT_JSON = LABCTL_OPT_FIRST, OPT_POOL, OPT_TRACK };

enum field { SLOT, EPOCH, OWNER, CPU, CONTEXT, QUEUE, AGE, CALLER, DMA, FIELDS };

/* In the order in which they stand on a line; only the caller may have spaces */
static const char *const fields[FIELDS] = {
	"slot", "epoch", "owner", "cpu", "context", "queue", "age_ns", "caller", "dma",
};

struct holders {
	struct json *json;	/* NULL: as text */
	const char *pool;	/* NAME or NAME.ID */
	bool tracking;
	bool found;
	bool unknown;		/* a page whose taker was not noted */
};

/* What stands in the way of @path; prints and returns it */
static int explain(const char *path)
{
	int err = errno;
	struct statfs fs;

	if (err == EACCES)
		return labctl_error("only root may look into the pools: use sudo");
	if (statfs(DEBUGFS, &fs) || fs.f_type != DEBUGFS_MAGIC)
		return labctl_error("debugfs is not mounted: mount -t debugfs none " DEBUGFS);
	if (err == ENOENT)
		return labctl_error("no %s: load labyrinth_pool.ko of this version", path);
	return labctl_error("%s: %s", path, strerror(err));
}

/* 0, or what to leave with */
static int read_tracking(bool *on)
{
	FILE *file = fopen(TRACK, "re");
	int c;

	if (!file)
		return explain(TRACK);
	c = fgetc(file);
	fclose(file);
	*on = c == '1' || c == 'Y';
	return LABCTL_OK;
}

static int track(bool on)
{
	FILE *file = fopen(TRACK, "we");
	bool good;

	if (!file)
		return explain(TRACK);
	good = fputc(on ? '1' : '0', file) != EOF;
	if (fclose(file) || !good)
		return explain(TRACK);
	return LABCTL_OK;
}

/* Cuts a line into its values; false if it is none of ours */
static bool parse(char *line, char *value[FIELDS])
{
	char name[16], *at = line;
	unsigned int i;

	line[strcspn(line, "\n")] = 0;
	for (i = 0; i < FIELDS; i++) {
		size_t length = snprintf(name, sizeof(name), "%s%s=", i ? " " : "", fields[i]);

		at = strstr(at, name);
		if (!at || (!i && at != line))
			return false;
		*at = 0;	/* the end of the value before */
		at += length;
		value[i] = at;
	}
	return true;
}

static void json_field(struct json *json, const char *key, const char *value)
{
	char *end;
	unsigned long long number = strtoull(value, &end, 10);

	if (!strcmp(value, "?"))
		json_null(json, key);
	else if (isdigit((unsigned char)value[0]) && !*end)
		json_number(json, key, number);
	else
		json_string(json, key, value);
}

static void show(struct holders *want, char *value[FIELDS])
{
	char age[32] = "?";
	unsigned int i;

	if (want->json) {
		json_open(want->json, NULL, '{');
		for (i = 0; i < FIELDS; i++)
			json_field(want->json, fields[i], value[i]);
		json_close(want->json, '}');
		return;
	}
	if (isdigit((unsigned char)value[AGE][0]))
		snprintf(age, sizeof(age), "%.6f s", strtoull(value[AGE], NULL, 10) / 1e9);
	printf("%8s %-11s %4s %-8s %6s %16s  %-18s  %s\n", value[SLOT], value[OWNER], value[CPU],
	       value[CONTEXT], value[QUEUE], age, value[DMA], value[CALLER]);
}

static int show_pool(struct holders *want, const char *name)
{
	char path[PATH_MAX], *line = NULL, *value[FIELDS];
	unsigned long pages = 0;
	int status = LABCTL_OK;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), POOLS "/%s/holders", name);
	file = fopen(path, "re");
	if (!file)
		return explain(path);
	if (want->json) {
		json_open(want->json, NULL, '{');
		json_string(want->json, "pool", name);
		json_open(want->json, "holders", '[');
	}
	while (status == LABCTL_OK && getline(&line, &size, file) > 0) {
		if (!parse(line, value)) {
			status = labctl_error("%s: labyrinth_pool.ko is of another version", path);
			break;
		}
		if (!pages++ && !want->json)
			printf("%8s %-11s %4s %-8s %6s %16s  %-18s  %s\n", "page", "owner", "cpu",
			       "context", "queue", "age", "dma", "taken by");
		want->unknown |= !strcmp(value[CALLER], "?");
		show(want, value);
	}
	if (status == LABCTL_OK && ferror(file))
		status = explain(path);
	fclose(file);
	free(line);
	if (want->json) {
		json_close(want->json, ']');
		json_close(want->json, '}');
	} else if (status == LABCTL_OK) {
		printf("%s: %lu %s out\n", name, pages, pages == 1 ? "page is" : "pages are");
	}
	return status;
}

/* NAME or NAME.ID */
static bool matches(const char *name, const char *pool)
{
	size_t length = strlen(pool);

	if (strncmp(name, pool, length))
		return false;
	return !name[length] || (name[length] == '.' && name[length + 1] &&
				 !name[length + 1 + strspn(name + length + 1, "0123456789")]);
}

static int is_pool(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "track");
}

static int no_such_pool(const char *pool, struct dirent **names, int n)
{
	char there[256] = "";
	size_t used = 0;
	int i;

	for (i = 0; i < n && used < sizeof(there); i++)
		used += snprintf(there + used, sizeof(there) - used, " %s", names[i]->d_name);
	return labctl_error("no pool '%s'; there %s%s", pool, n ? "are:" : "is none", there);
}

static int show_pools(struct holders *want)
{
	struct dirent **names;
	int n, i, status;

	n = scandir(POOLS, &names, is_pool, versionsort);
	if (n < 0)
		return explain(POOLS);
	status = read_tracking(&want->tracking);
	if (status == LABCTL_OK && want->json) {
		json_open(want->json, NULL, '{');
		json_bool(want->json, "tracking", want->tracking);
		json_open(want->json, "pools", '[');
	}
	for (i = 0; i < n && status == LABCTL_OK; i++) {
		if (matches(names[i]->d_name, want->pool)) {
			want->found = true;
			status = show_pool(want, names[i]->d_name);
		}
	}
	if (status == LABCTL_OK && !want->found)
		status = no_such_pool(want->pool, names, n);
	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
	if (status == LABCTL_OK && want->json) {
		json_close(want->json, ']');
		json_close(want->json, '}');
		json_end(want->json);
	}
	if (status == LABCTL_OK && want->unknown && !want->json)
		fprintf(stderr, "labctl: pages taken before tracking was on have no caller%s\n",
			want->tracking ? "" : ": labctl holders --track on");
	return status;
}

static const char *device_pool(void)
{
	const char *slash = strrchr(labctl_device, '/');

	return slash ? slash + 1 : labctl_device;
}

static int holders_main(const struct labctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		{ "pool", required_argument, NULL, OPT_POOL },
		{ "track", required_argument, NULL, OPT_TRACK },
		LABCTL_COMMON_OPTIONS
	};
	const char *device = labctl_device, *set = NULL;
	struct json json = { .out = stdout };
	struct holders want = { 0 };
	int option, status;

	while ((option = labctl_getopt(self, argc, argv, options, &status)) != -1) {
		if (option == OPT_JSON)
			want.json = &json;
		else if (option == OPT_POOL)
			want.pool = optarg;
		else
			set = optarg;
	}
	if (status != -1)
		return status;
	if (want.pool && labctl_device != device)
		return labctl_usage(self, "--pool and --device exclude each other");
	if (set && (want.json || want.pool || labctl_device != device))
		return labctl_usage(self, "--track is for all pools and stands alone");
	if (set && strcmp(set, "on") && strcmp(set, "off"))
		return labctl_usage(self, "--track %s: say on or off", set);
	if (set)
		return track(!strcmp(set, "on"));
	if (!want.pool)
		want.pool = device_pool();
	return show_pools(&want);
}

const struct labctl_command labctl_holders = {
	.name = "holders",
	.summary = "who has each page that is out of a pool",
	.usage = "usage: labctl holders [--json] [--device /dev/labyrinthN | --pool NAME]\n"
		 "       labctl holders --track on|off\n"
		 "\n"
		 "A line for each page that is out of the accelerator's pool, or of another one:\n"
		 "its owner (cpu, device, user, quarantined) and, if it was taken while tracking\n"
		 "was on, the processor and context in which it was taken, the queue, how long\n"
		 "ago and by which code.  Needs root and debugfs.\n"
		 "\n"
		 "  --pool NAME      the pool of that name, or NAME.ID, of any driver\n"
		 "  --json           as JSON; what is not known is null\n"
		 "  --track on|off   note from now on who takes each page, in all pools; off: no\n"
		 "                   more.  While on, each allocation and free takes longer.\n",
	.main = holders_main,
};
