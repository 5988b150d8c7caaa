// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl fault - what the accelerator, or the driver's allocator, is to do wrong
 *
 * The driver's files in debugfs say and take it: labyrinth/labyrinthN/faults, for a device
 * with fault injection, and fail_alloc, for every device.  What is asked for is checked
 * here first, so that an error names the word that is wrong.
 */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "json.h"
#include "labctl.h"
#include "labyrinth_hw.h"

#define DEBUGFS "/sys/kernel/debug"

enum { OPT_JSON = LABCTL_OPT_FIRST };

#define NAME_OF_FAULT(sym, name, param) name,
#define NAME_OF_RULE(sym, name) name,
static const char *const faults[] = { LABYRINTH_FAULTS(NAME_OF_FAULT) };
static const char *const rules[] = { LABYRINTH_RULES(NAME_OF_RULE) };

static int find(const char *const *names, int count, const char *name)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

/* The names, with a space before each */
static const char *listed(const char *const *names, int count)
{
	static char text[1024];
	size_t used = 0;
	int i;

	for (i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(text) - used, " %s", names[i]);
	return text;
}

/* --- the files ------------------------------------------------------------------ */

static void path_of(const char *file, char *path, size_t size)
{
	const char *name = strrchr(labctl_device, '/');

	snprintf(path, size, DEBUGFS "/labyrinth/%s/%s", name ? name + 1 : labctl_device, file);
}

static int explain(const char *path, int err)
{
	struct statfs fs;

	if (err == EACCES || err == EPERM)
		return labctl_error("only root may inject faults: use sudo");
	if (statfs(DEBUGFS, &fs) || fs.f_type != DEBUGFS_MAGIC)
		return labctl_error("debugfs is not mounted: mount -t debugfs none " DEBUGFS);
	if (err == ENOENT)
		return labctl_error("no %s: load labyrinth.ko of this version, and see `labctl list`", path);
	if (err == ENODEV)
		return labctl_error("%s has no fault injection: start it with x-faults=on "
				    "(scripts/lab vm --device x-faults=on); alloc works without", labctl_device);
	if (err == EIO)
		return labctl_error("%s does not answer at the moment: try again", labctl_device);
	return labctl_error("%s: %s", path, strerror(err));
}

static int write_line(const char *file, const char *line)
{
	char path[PATH_MAX];
	FILE *out;
	int err = 0;

	path_of(file, path, sizeof(path));
	out = fopen(path, "we");
	if (!out)
		return explain(path, errno);
	setvbuf(out, NULL, _IOFBF, BUFSIZ);
	if (fputs(line, out) < 0 || fflush(out))
		err = errno;
	fclose(out);
	return err ? explain(path, err) : LABCTL_OK;
}

/* The file's text, for the caller to free; NULL with the error printed, or silent if @quiet */
static char *read_file(const char *file, bool quiet)
{
	char path[PATH_MAX], *text = NULL;
	size_t size = 0;
	int err = 0;
	FILE *in;

	path_of(file, path, sizeof(path));
	in = fopen(path, "re");
	if (!in) {
		err = errno;
	} else {
		errno = 0;
		if (getdelim(&text, &size, 0, in) < 0) {
			err = errno ? errno : EIO;
			free(text);
			text = NULL;
		}
		fclose(in);
	}
	if (err && !(quiet && err == ENODEV))
		explain(path, err);
	errno = err;
	return text;
}

/* Has the device fault injection?  Also if only an attempt can tell why not. */
static bool has_faults(void)
{
	char *text = read_file("faults", true);
	bool there = text || errno != ENODEV;

	free(text);
	return there;
}

/* --- what is asked for ------------------------------------------------------------ */

/* "comp-seq,data" or a number, as a number */
static int rule_mask(const struct labctl_command *self, const char *value, uint64_t *mask)
{
	char copy[256], *rest = copy, *name;
	int rule;

	if (labctl_number(value, 0, (1ull << LABYRINTH_NR_RULES) - 1, mask))
		return LABCTL_OK;
	snprintf(copy, sizeof(copy), "%s", value);
	*mask = 0;
	while ((name = strsep(&rest, ","))) {
		rule = find(rules, LABYRINTH_NR_RULES, name);
		if (rule < 0)
			return labctl_usage(self, "no rule '%s'; there are:%s", name,
					    listed(rules, LABYRINTH_NR_RULES));
		*mask |= 1ull << rule;
	}
	return LABCTL_OK;
}

struct word {
	const char *name;
	uint64_t most;
};

static const struct word fault_words[] = {
	{ "rate", LABYRINTH_MILLION }, { "nth", UINT32_MAX }, { "param", UINT32_MAX },
	{ "limit", UINT32_MAX }, { NULL, 0 },
};
static const struct word hostile_words[] = {
	{ "rate", LABYRINTH_MILLION }, { "rules", 0 }, { NULL, 0 },
};
static const struct word alloc_words[] = {
	{ "rate", LABYRINTH_MILLION }, { "nth", UINT32_MAX }, { "limit", UINT32_MAX },
	{ "seed", UINT64_MAX }, { NULL, 0 },
};

/* Appends a checked "name=value" to @line; 0 or what to leave with */
static int add_word(const struct labctl_command *self, const struct word *known, const char *text,
		    char *line, size_t size)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : strlen(text), used = strlen(line);
	const struct word *word;
	uint64_t number;
	int status;

	for (word = known; word->name; word++)
		if (strlen(word->name) == length && !strncmp(word->name, text, length))
			break;
	if (!word->name || !value)
		return labctl_usage(self, "what is '%s'? a setting is NAME=NUMBER", text);
	if (!strcmp(word->name, "rules")) {
		status = rule_mask(self, value + 1, &number);
		if (status)
			return status;
	} else if (!labctl_number(value + 1, 0, word->most, &number)) {
		return labctl_usage(self, "%s: a number up to %llu%s", text, (unsigned long long)word->most,
				    word->most == LABYRINTH_MILLION ? ", in millionths" : "");
	}
	snprintf(line + used, size - used, "%s%s=%llu", used ? " " : "", word->name,
		 (unsigned long long)number);
	return LABCTL_OK;
}

static int set(const struct labctl_command *self, int count, char **text)
{
	const struct word *known = fault_words;
	const char *file = "faults";
	char line[512] = "";
	int i, status = LABCTL_OK;

	if (!strcmp(text[0], "off")) {
		if (count > 1)
			return labctl_usage(self, "what is '%s' for?", text[1]);
		status = write_line("fail_alloc", "off\n");
		return status || !has_faults() ? status : write_line("faults", "off\n");
	}
	if (!strncmp(text[0], "seed=", 5)) {
		static const struct word seed[] = { { "seed", UINT64_MAX }, { NULL, 0 } };

		status = count > 1 ? labctl_usage(self, "what is '%s' for?", text[1]) :
				     add_word(self, seed, text[0], line, sizeof(line));
		strcat(line, "\n");
		return status ? status : write_line(file, line);
	}
	if (!strcmp(text[0], "alloc")) {
		known = alloc_words;
		file = "fail_alloc";
	} else if (!strcmp(text[0], "hostile")) {
		known = hostile_words;
	} else if (find(faults, LABYRINTH_NR_FAULTS, text[0]) < 0) {
		return labctl_usage(self, "no fault '%s'; there are:%s alloc hostile", text[0],
				    listed(faults, LABYRINTH_NR_FAULTS));
	}
	if (count == 1)
		return labctl_usage(self, "%s: how? name one of %s=NUMBER ...", text[0], known->name);
	if (known == alloc_words && count == 2 && !strcmp(text[1], "off"))
		return write_line(file, "off\n");
	if (known != alloc_words)
		snprintf(line, sizeof(line), "%s", text[0]);
	for (i = 1; i < count && !status; i++)
		status = add_word(self, known, text[i], line, sizeof(line));
	strcat(line, "\n");
	return status ? status : write_line(file, line);
}

/* --- showing ----------------------------------------------------------------------- */

/* "a=1 b=0x2" into the open object */
static void json_words(struct json *json, char *text)
{
	char *word, *value;

	while ((word = strsep(&text, " "))) {
		value = strchr(word, '=');
		if (!value)
			continue;
		*value = 0;
		json_number(json, word, strtoull(value + 1, NULL, 0));
	}
}

static void show_json(char *device, char *alloc)
{
	struct json json = { .out = stdout };
	char *line, *name, *rest = device;
	bool in_rules = false;

	json_open(&json, NULL, '{');
	json_string(&json, "device", labctl_device);
	json_open(&json, "alloc", '{');
	alloc[strcspn(alloc, "\n")] = 0;
	json_words(&json, alloc);
	json_close(&json, '}');
	json_open(&json, "faults", '{');
	while (device && (line = strsep(&rest, "\n"))) {
		if (!*line || !strncmp(line, "seed=", 5))
			continue;
		name = strsep(&line, " ");
		if (!strcmp(name, "hostile")) {
			json_close(&json, '}');
			json_open(&json, "hostile", '{');
			json_words(&json, line);
			json_close(&json, '}');
			json_open(&json, "rules", '{');
			in_rules = true;
		} else if (in_rules) {
			name = strsep(&line, " ");
			json_number(&json, name, strtoull(strchr(line, '=') + 1, NULL, 0));
		} else {
			json_open(&json, name, '{');
			json_words(&json, line);
			json_close(&json, '}');
		}
	}
	json_close(&json, '}');
	json_close(&json, '}');
	json_end(&json);
}

static int show(bool json)
{
	char *alloc = read_file("fail_alloc", false), *device;

	if (!alloc)
		return LABCTL_FAILED;
	errno = 0;
	device = read_file("faults", true);
	if (json)
		show_json(device, alloc);
	else
		printf("%salloc %s", device ? device : "", alloc);
	if (!device && !json)
		labctl_error("%s has no fault injection of its own: start it with x-faults=on",
			     labctl_device);
	free(device);
	free(alloc);
	return LABCTL_OK;
}

/* labyrinth1 or /dev/labyrinth1 */
static bool names_device(const char *word)
{
	static char path[64];

	if (!strncmp(word, "/dev/", 5)) {
		labctl_device = word;
		return true;
	}
	if (strncmp(word, "labyrinth", 9))
		return false;
	snprintf(path, sizeof(path), "/dev/%s", word);
	labctl_device = path;
	return true;
}

static int fault_main(const struct labctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		LABCTL_COMMON_OPTIONS
	};
	bool json = false;
	int status;

	while (labctl_getopt_words(self, argc, argv, options, &status) == OPT_JSON)
		json = true;
	if (status != -1)
		return status;
	if (optind < argc && names_device(argv[optind]))
		optind++;
	if (optind == argc)
		return show(json);
	if (json)
		return labctl_usage(self, "--json shows; it sets nothing");
	return set(self, argc - optind, argv + optind);
}

#define HELP_FAULT(sym, name, param) "    " name "\n"
#define HELP_RULE(sym, name) " " name

const struct labctl_command labctl_fault = {
	.name = "fault",
	.summary = "what the accelerator, or the allocator, is to do wrong",
	.usage = "usage: labctl fault [--json] [--device /dev/labyrinthN]\n"
		 "       labctl fault FAULT [rate=PPM] [nth=N] [param=N] [limit=N]\n"
		 "       labctl fault alloc [rate=PPM] [nth=N] [limit=N] [seed=N] | alloc off\n"
		 "       labctl fault hostile [rate=PPM] [rules=RULE,...]\n"
		 "       labctl fault seed=N\n"
		 "       labctl fault off\n"
		 "\n"
		 "Without a word: what is set, and how often it has happened.  A fault happens with\n"
		 "a probability of so many millionths at each event of its kind, at the N-th from\n"
		 "now, and at most limit times from now; what param is docs/device.md says.  alloc\n"
		 "makes the interrupt handler's own allocations fail, on every kernel and device;\n"
		 "the rest needs a device with x-faults=on.  labyrinthN may come first.\n"
		 "\n"
		 "  --json    as JSON\n"
		 "\n"
		 "  FAULT is one of\n" LABYRINTH_FAULTS(HELP_FAULT)
		 "  RULE is one of\n   " LABYRINTH_RULES(HELP_RULE) "\n",
	.main = fault_main,
};
