// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver's self-tests share: sysfs, the device, the module
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab.h"

#define DRIVER "/sys/bus/pci/drivers/labyrinth"

const char *lab_pci(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink(LAB_SYS "/device", path, sizeof(path) - 1);

	if (n < 0)
		return NULL;
	path[n] = 0;
	return basename(path);
}

int lab_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

bool lab_read_line(const char *path, char *line, size_t size)
{
	FILE *in = fopen(path, "re");
	bool got;

	if (!in)
		return false;
	got = fgets(line, size, in);
	fclose(in);
	if (got)
		line[strcspn(line, "\n")] = 0;
	return got;
}

bool lab_read_number(const char *path, uint64_t *number)
{
	char line[64], *end;

	if (!lab_read_line(path, line, sizeof(line)))
		return false;
	*number = strtoull(line, &end, 10);
	return end != line && !*end;
}

int lab_reset_function(const char *pci)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", pci);
	return lab_write(path, "1");
}

int lab_unbind(const char *pci)
{
	return lab_write(DRIVER "/unbind", pci);
}

int lab_rebind(const char *pci)
{
	return lab_write(DRIVER "/bind", pci);
}

bool lab_wait_device(void)
{
	uint64_t end = lab_ms() + LAB_WAIT_MS;
	struct labyrinth_info info;

	while (lab_info(&info)) {
		if (lab_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}

int lab_load(const char *params)
{
	const char *folder = getenv("LAB_MODULE_DIR");
	char path[PATH_MAX];
	int fd, err = 0;

	if (!folder)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/labyrinth.ko", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		err = -errno;
	close(fd);
	return err;
}

int lab_unload(void)
{
	return syscall(SYS_delete_module, "labyrinth", O_NONBLOCK) ? -errno : 0;
}

uint64_t lab_patience(uint64_t ms)
{
	return 10 * ms;
}
