// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the programs share that have a device do wrong
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bad.h"

#define FOLDER "/sys/kernel/debug/labyrinth/labyrinth0/"
#define COMES_BACK_MS 20000

#define NAME_OF_RULE(sym, name) name,
const char *const bad_rules[] = { LABYRINTH_RULES(NAME_OF_RULE) };

static int write_line(const char *file, const char *format, va_list args)
{
	char line[256];

	vsnprintf(line, sizeof(line), format, args);
	return lab_write(file, line);
}

int bad_faults(const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = write_line(FOLDER "faults", format, args);
	va_end(args);
	return err;
}

int bad_alloc(const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = write_line(FOLDER "fail_alloc", format, args);
	va_end(args);
	return err;
}

/* The number behind @key in the line of @file that begins with @begin */
static bool number_in(const char *file, const char *begin, const char *key, uint64_t *number)
{
	size_t length = strlen(begin);
	bool found = false;
	char line[256], *at;
	FILE *in = fopen(file, "re");

	while (in && !found && fgets(line, sizeof(line), in)) {
		if (strncmp(line, begin, length))
			continue;
		at = strstr(line, key);
		if (at)
			*number = strtoull(at + strlen(key), NULL, 10);
		found = at;
	}
	if (in)
		fclose(in);
	return found;
}

uint64_t bad_injected(const char *fault)
{
	uint64_t number = 0;
	char begin[32];

	if (!strcmp(fault, "alloc")) {
		number_in(FOLDER "fail_alloc", "rate=", "injected=", &number);
		return number;
	}
	snprintf(begin, sizeof(begin), "%s ", fault);
	number_in(FOLDER "faults", begin, "injected=", &number);
	return number;
}

bool bad_fired(uint64_t fired[LABYRINTH_NR_RULES])
{
	char begin[48];
	int i;

	for (i = 0; i < LABYRINTH_NR_RULES; i++) {
		snprintf(begin, sizeof(begin), "rule %s ", bad_rules[i]);
		if (!number_in(FOLDER "faults", begin, "fired=", &fired[i]))
			return false;
	}
	return true;
}

uint64_t bad_number(const char *name)
{
	uint64_t number = 0;
	char path[96];

	snprintf(path, sizeof(path), LAB_SYS "/%s", name);
	lab_read_number(path, &number);
	return number;
}

/* "live", "dead", or what it is when the time is up */
static const char *settled(char *line, size_t size)
{
	uint64_t end = lab_ms() + COMES_BACK_MS;

	do {
		if (!lab_read_line(LAB_SYS "/state", line, size))
			return "gone";
		if (!strcmp(line, "live") || !strcmp(line, "dead"))
			break;
		usleep(5000);
	} while (lab_ms() < end);
	return line;
}

static int probe_again(void)
{
	char pci[32];
	int err;

	if (!lab_pci())
		return -ENODEV;
	snprintf(pci, sizeof(pci), "%s", lab_pci());
	err = lab_unbind(pci);
	err = err ? err : lab_rebind(pci);
	return err ? err : lab_wait_device() ? 0 : -ENODEV;
}

static int reset(void)
{
	int fd = labyrinth_io_open(LAB_DEV, 0), err;

	if (fd < 0)
		return fd;
	err = labyrinth_io_reset(fd);
	close(fd);
	return err;
}

int bad_end(void)
{
	char line[16];
	int err = bad_faults("off\n"), tries;

	err = err ? err : bad_alloc("off\n");
	for (tries = 0; !err && tries < 3; tries++) {
		const char *state = settled(line, sizeof(line));

		if (!strcmp(state, "dead"))
			err = probe_again();
		else if (strcmp(state, "live"))
			err = -ETIMEDOUT;
		if (err)
			return err;
		/* The driver may just have found out that it is lost. */
		err = reset();
		if (!err)
			return 0;
		if (err == -EAGAIN || err == -ENODEV)
			err = 0;
	}
	return err ? err : -EAGAIN;
}

int bad_good_run(unsigned int pages)
{
	static struct lab_rx rx;
	int i, err = 0;

	for (i = 0; i < LAB_QUEUES && !err; i++) {
		struct labyrinth_bind bind = lab_generator(i, i & 1, pages);

		bind.depth = 16;
		err = lab_bind(&rx, &bind);
		if (err)
			return err;
		err = lab_receive(&rx, 0);
		if (!err && (rx.pages != pages || rx.gaps || !lab_clean(&rx)))
			err = -EBADMSG;
		lab_close(&rx);
	}
	return err;
}

static unsigned int results, failures;

bool bad_result(bool good, const char *format, ...)
{
	va_list args;

	results++;
	failures += !good;
	printf("%sok %u ", good ? "" : "not ", results);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	return good;
}

int bad_plan_end(void)
{
	printf("1..%u\n", results);
	fflush(stdout);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
