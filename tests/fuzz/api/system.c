// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls with the files of sysfs and debugfs, and the ways in which a device is taken away
 * beneath its users
 *
 * Contract: nothing outside the accelerator is written to; what a write may have changed is
 * put back by restore_files().
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define FOUND	512
#define TEXT	128

struct found {
	char *path;
	char before[TEXT];	/* of a parameter that can be written */
	bool writable;
};

static const char *const places[] = {
	LAB_SYS, "/sys/kernel/debug/labyrinth", "/sys/kernel/debug/labyrinth_pool",
	"/sys/module/labyrinth/parameters", "/sys/module/labyrinth_pool/parameters",
};

static struct found files[FOUND];
static unsigned int count;
static pthread_mutex_t away = PTHREAD_MUTEX_INITIALIZER;
static char pci[32];
unsigned int resets_made, binds_made;

static long result(long value)
{
	return value < 0 ? -errno : value;
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	struct found *f = &files[count];

	/* power/ is the bus's, uevent starts programs */
	if (kind != FTW_F || count == FOUND || where->level > 3 || strstr(path, "/power/") ||
	    strstr(path, "/uevent") || strstr(path, "/subsystem/"))
		return 0;
	f->path = strdup(path);
	f->writable = status->st_mode & 0200;
	if (f->writable && strstr(path, "/parameters/"))
		lab_read_line(path, f->before, sizeof(f->before));
	count++;
	return 0;
}

unsigned int find_files(void)
{
	size_t i;

	snprintf(pci, sizeof(pci), "%s", lab_pci() ? lab_pci() : "");
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *real = realpath(places[i], NULL);

		if (real)
			nftw(real, visit, 16, FTW_PHYS);
		free(real);
	}
	return count;
}

void restore_files(void)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		const char *name = strrchr(files[i].path, '/') + 1;

		if (files[i].before[0])
			lab_write(files[i].path, files[i].before);
		if (!strcmp(name, "fail_alloc") || !strcmp(name, "faults"))
			lab_write(files[i].path, "off");
	}
}

static long make_look(struct worker *w, const struct call *c)
{
	const struct found *f = &files[c->b % count];
	size_t size = c->size % 8192;
	bool fillable;
	long n;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (c->a & 1)
		lseek(fd, c->a, SEEK_SET);
	n = result(read(fd, pick_address(&w->arena, c, size, &fillable), size));
	close(fd);
	return n;
}

static long make_change(struct worker *w, const struct call *c)
{
	static const char *const texts[] = {
		"",
		"\n",
		"0\n",
		"1\n",
		"-1\n",
		"99999999999999999999\n",
		"rate=500000 limit=3\n",
		"nth=1 limit=2\n",
		"rate=1000000 limit=1 seed=7",
		"seed=1\n",
		"off\n",
		"nth=",
		"rate=x",
		"Y\n",
		"N\n",
		"%s%n\n",
	};
	unsigned int at = c->b % count, left = c->a & 7 ? count : 1;
	const struct found *f;
	bool fillable;
	long n;
	int fd;

	/* few may be written to: mostly the next one that may */
	while (!files[at].writable && --left)
		at = (at + 1) % count;
	f = &files[at];
	if (!f->writable)
		return -EACCES;
	fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (c->other & 3)
		n = result(write(fd, texts[c->other >> 2 & 15], strlen(texts[c->other >> 2 & 15])));
	else
		n = result(write(fd, pick_address(&w->arena, c, c->size % 5000, &fillable),
				 c->size % 5000));
	close(fd);
	return n;
}

/* The device is taken from its driver while the other threads use it, and comes back at once. */
static long make_unbind(struct worker *w, const struct call *c)
{
	long err;

	(void)w;
	pthread_mutex_lock(&away);
	err = lab_unbind(pci);
	if (c->b & 1)
		usleep(c->b % 4096);
	/* -ENODEV: it was not there before either */
	if (lab_rebind(pci) && !err)
		err = -EIO;
	pthread_mutex_unlock(&away);
	if (!err)
		__atomic_fetch_add(&binds_made, 1, __ATOMIC_RELAXED);
	return err;
}

static long make_flr(struct worker *w, const struct call *c)
{
	long err;

	(void)w;
	(void)c;
	pthread_mutex_lock(&away);
	err = lab_reset_function(pci);
	pthread_mutex_unlock(&away);
	if (!err)
		__atomic_fetch_add(&resets_made, 1, __ATOMIC_RELAXED);
	return err;
}

const struct kind system_kinds[] = {
	{ "look", 25, false, false, make_look },
	{ "change", 12, false, false, make_change },
	{ "unbind", 2, true, false, make_unbind },
	{ "flr", 2, true, false, make_flr },
	{ 0 }
};
