// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - errors, options and numbers
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "labctl.h"

const char *labctl_device = LABCTL_DEVICE;

/* One line, whole, also when several threads have something to say. */
static void complain(const struct labctl_command *see, const char *format, va_list args)
{
	flockfile(stderr);
	fputs("labctl: ", stderr);
	vfprintf(stderr, format, args);
	if (see)
		fprintf(stderr, "; see `labctl %s --help`", see->name);
	fputc('\n', stderr);
	funlockfile(stderr);
}

int labctl_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(NULL, format, args);
	va_end(args);
	return LABCTL_FAILED;
}

int labctl_usage(const struct labctl_command *self, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(self, format, args);
	va_end(args);
	return LABCTL_USAGE;
}

int labctl_io_error(const char *what, int err)
{
	const char *advice = labyrinth_io_advice(-err);

	return labctl_error("%s: %s: %s", labctl_device, what, advice ? advice : strerror(-err));
}

int labctl_getopt_words(const struct labctl_command *self, int argc, char **argv,
			const struct option *options, int *status)
{
	int option;

	for (;;) {
		option = getopt_long(argc, argv, "+:h", options, NULL);
		switch (option) {
		case -1:
			*status = -1;
			return -1;
		case LABCTL_OPT_HELP:
			fputs(self->usage, stdout);
			*status = LABCTL_OK;
			return -1;
		case LABCTL_OPT_DEVICE:
			labctl_device = optarg;
			break;
		case ':':
			*status = labctl_usage(self, "%s needs a value", argv[optind - 1]);
			return -1;
		case '?':
			*status = labctl_usage(self, "no option '%s'", argv[optind - 1]);
			return -1;
		default:
			return option;
		}
	}
}

int labctl_getopt(const struct labctl_command *self, int argc, char **argv,
		  const struct option *options, int *status)
{
	int option = labctl_getopt_words(self, argc, argv, options, status);

	if (option == -1 && *status == -1 && optind < argc)
		*status = labctl_usage(self, "what is '%s' for?", argv[optind]);
	return option;
}

bool labctl_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	unsigned long long value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || value < least || value > most)
		return false;
	*number = value;
	return true;
}

int labctl_open(void)
{
	int fd = labyrinth_io_open(labctl_device, 0);

	if (fd < 0) {
		labctl_io_error("open", fd);
		return -1;
	}
	return fd;
}
