/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labctl - what its sub-commands share
 *
 * Contract: standard output carries the result and nothing else; everything else
 * goes to standard error.  An error is one line that says what to do.
 */
#ifndef LABCTL_H
#define LABCTL_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "labyrinth_io.h"

enum labctl_exit {
	LABCTL_OK = 0,
	LABCTL_FAILED = 1,	/* the device, the system or the verification said no */
	LABCTL_USAGE = 2,
	LABCTL_INTERRUPTED = 130,
};

#define LABCTL_DEVICE "/dev/labyrinth0"
#define LABCTL_CLASS "/sys/class/labyrinth"

/* Options that each sub-command has; its own have other values. */
enum labctl_option {
	LABCTL_OPT_HELP = 'h',
	LABCTL_OPT_DEVICE = 'd',
	LABCTL_OPT_FIRST = 0x100,
};

#define LABCTL_COMMON_OPTIONS						\
	{ "help", no_argument, NULL, LABCTL_OPT_HELP },			\
	{ "device", required_argument, NULL, LABCTL_OPT_DEVICE },	\
	{ NULL, 0, NULL, 0 }

struct labctl_command {
	const char *name;
	const char *summary;
	const char *usage;	/* the whole of --help */
	int (*main)(const struct labctl_command *self, int argc, char **argv);
};

extern const struct labctl_command labctl_list;
extern const struct labctl_command labctl_info;
extern const struct labctl_command labctl_stats;
extern const struct labctl_command labctl_holders;
extern const struct labctl_command labctl_receive;
extern const struct labctl_command labctl_reset;
extern const struct labctl_command labctl_fault;
extern const struct labctl_command labctl_maze;
extern const struct labctl_command labctl_solve;

/* Set by --device before or after the sub-command. */
extern const char *labctl_device;

/* "labctl: ..." on standard error; return value to leave with. */
int labctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int labctl_usage(const struct labctl_command *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for a call of liblabyrinth-io that returned @err, a negative errno. */
int labctl_io_error(const char *what, int err);

/*
 * The next option of a sub-command, having dealt with the common ones: -1 at the
 * end.  *@status is what to leave with if that is not -1: after --help, or what
 * getopt did not understand, or words that are no options.
 */
int labctl_getopt(const struct labctl_command *self, int argc, char **argv,
		  const struct option *options, int *status);

/* The same, but words that are no options are left to the caller, from optind on. */
int labctl_getopt_words(const struct labctl_command *self, int argc, char **argv,
			const struct option *options, int *status);

/* A whole number in @least..@most (0x and 0 prefixes as in C), or false. */
bool labctl_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* The file descriptor, or -1 with the error printed. */
int labctl_open(void);

#endif /* LABCTL_H */
