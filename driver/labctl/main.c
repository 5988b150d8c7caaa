// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - the Labyrinth accelerator from the command line
 *
 * Exit status: 0 it worked, and what was received is right; 1 the device, the
 * system or the verification said no; 2 wrong usage; 3 and 4 of solve: no way, no maze;
 * 130 interrupted.
 */
#include <string.h>

#include "labctl.h"

static const struct labctl_command *const commands[] = {
	&labctl_list,    &labctl_info,	 &labctl_stats,
	&labctl_holders, &labctl_receive, &labctl_reset,
	&labctl_fault,   &labctl_maze,	 &labctl_solve,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(void)
{
	size_t i;

	puts("usage: labctl [--device /dev/labyrinthN] COMMAND [OPTION]...\n"
	     "\n"
	     "The Labyrinth accelerator from the command line.\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
	printf("  %-9s this text, or that of a command: labctl help COMMAND\n"
	       "\n"
	       "  --device /dev/labyrinthN  which accelerator (default %s)\n"
	       "\n"
	       "exit status: 0 success; 1 failure, or the data was not right; 2 wrong usage;\n"
	       "130 interrupted\n",
	       "help", LABCTL_DEVICE);
}

static const struct labctl_command *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int help_about(int argc, char **argv)
{
	const struct labctl_command *command;

	if (argc < 2) {
		help();
		return LABCTL_OK;
	}
	command = find(argv[1]);
	if (!command) {
		labctl_error("no command '%s'; see `labctl --help`", argv[1]);
		return LABCTL_USAGE;
	}
	fputs(command->usage, stdout);
	return LABCTL_OK;
}

static int run(int argc, char **argv)
{
	const struct labctl_command *command;

	if (!strcmp(argv[0], "help"))
		return help_about(argc, argv);
	command = find(argv[0]);
	if (!command) {
		labctl_error("no command '%s'; see `labctl --help`", argv[0]);
		return LABCTL_USAGE;
	}
	/* 0 makes getopt begin anew with the sub-command's own words. */
	optind = 0;
	return command->main(command, argc, argv);
}

static int finish(int status)
{
	/* A full disk behind standard output shows here at the latest. */
	if ((fflush(stdout) || ferror(stdout)) && status == LABCTL_OK)
		return labctl_error("cannot write to standard output: is the disk full?");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { LABCTL_COMMON_OPTIONS };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (option) {
		case LABCTL_OPT_HELP:
			help();
			return finish(LABCTL_OK);
		case LABCTL_OPT_DEVICE:
			labctl_device = optarg;
			break;
		case ':':
			labctl_error("%s needs a value; see `labctl --help`", argv[optind - 1]);
			return LABCTL_USAGE;
		default:
			labctl_error("no option '%s'; see `labctl --help`", argv[optind - 1]);
			return LABCTL_USAGE;
		}
	}
	if (optind == argc) {
		labctl_error("which command? see `labctl --help`");
		return LABCTL_USAGE;
	}
	return finish(run(argc - optind, argv + optind));
}
