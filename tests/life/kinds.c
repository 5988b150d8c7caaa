// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways in which a device goes and comes back, each under full load
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rounds.h"

#define SLOTS		"/sys/bus/pci/slots"
#define BUTTON_US	5000000		/* the kernel's wait for a second thought */
#define HOST_MS		60000		/* the host may be busy */
#define BUTTON_EVERY	50		/* one round of so many waits for the button */

/* Until it answers; the node may be there before. */
static bool back(struct round *r, uint64_t since)
{
	if (!lab_wait_device())
		return failed(r, "the device did not come back");
	r->up_us = now_us() - since;
	return true;
}

/* --- unbind, bind ----------------------------------------------------------------- */

static bool run_unbind(struct round *r)
{
	uint64_t begin;
	int err;

	if (!begin_load(r))
		return false;
	begin = now_us();
	err = lab_unbind(r->pci);
	r->down_us = now_us() - begin;
	if (err)
		return failed(r, "unbind ended with %d", err);
	if (!end_load(r, -ENODEV))
		return false;
	begin = now_us();
	err = lab_rebind(r->pci);
	return err ? failed(r, "bind ended with %d", err) : back(r, begin);
}

const struct kind kind_unbind = { "unbind", "unbind and bind through sysfs", run_unbind };

/* --- rmmod, insmod ------------------------------------------------------------------ */

/* The readers are another process, for only one that is killed closes its files at once. */
static bool run_module(struct round *r)
{
	uint64_t begin, end;
	int ready[2], status, err;
	char word;
	pid_t child;

	if (pipe(ready))
		return failed(r, "no pipe");
	child = fork();
	if (child < 0)
		return failed(r, "no process");
	if (!child) {
		if (!begin_load(r) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(ready[1]);
	err = read(ready[0], &word, 1) != 1;
	close(ready[0]);
	if (!err && lab_unload() != -EWOULDBLOCK)
		return failed(r, "the module went although its files were open");
	begin = now_us();
	kill(child, SIGKILL);
	if (err) {
		waitpid(child, &status, 0);
		return failed(r, "the load did not begin");
	}
	end = lab_ms() + LAB_WAIT_MS;
	while ((err = lab_unload()) == -EWOULDBLOCK && lab_ms() < end)
		usleep(200);
	r->down_us = now_us() - begin;
	waitpid(child, &status, 0);
	if (err)
		return failed(r, "rmmod ended with %d", err);
	begin = now_us();
	err = lab_load("");
	return err ? failed(r, "insmod ended with %d", err) : back(r, begin);
}

const struct kind kind_module = { "module", "kill the readers, rmmod, insmod", run_module };

/* --- function level reset -------------------------------------------------------------- */

static bool run_flr(struct round *r)
{
	char path[PATH_MAX], line[64];
	uint64_t begin;
	int err;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method", r->pci);
	if (lab_write(path, "flr") || !lab_read_line(path, line, sizeof(line)) ||
	    strncmp(line, "flr", 3))
		return failed(r, "the function cannot be reset by FLR");
	if (!begin_load(r))
		return false;
	begin = now_us();
	err = lab_reset_function(r->pci);
	r->down_us = now_us() - begin;
	if (err)
		return failed(r, "the reset ended with %d", err);
	begin = now_us();
	return end_load(r, -ECONNRESET) && back(r, begin);
}

const struct kind kind_flr = { "flr", "function level reset through sysfs", run_flr };

/* --- out of the slot, and into it ---------------------------------------------------------- */

/*
 * The host's part is no part of a round's time: a launcher that waits for a processor is not
 * the driver's. What begins a time and what ends it is seen in the guest.
 */

struct slot {
	char power[PATH_MAX];	/* switches it, and says whether it is on */
	char adapter[PATH_MAX];	/* says whether there is something in it */
};

/* That of the device: the slot's address has no function. */
static bool find_slot(const struct round *r, struct slot *s)
{
	char path[PATH_MAX];
	DIR *slots = opendir(SLOTS);
	struct dirent *slot;
	bool found = false;
	char line[32];

	while (slots && !found && (slot = readdir(slots))) {
		snprintf(path, sizeof(path), SLOTS "/%s/address", slot->d_name);
		found = lab_read_line(path, line, sizeof(line)) &&
			!strncmp(line, r->pci, strlen(line));
		snprintf(s->power, sizeof(s->power), SLOTS "/%s/power", slot->d_name);
		snprintf(s->adapter, sizeof(s->adapter), SLOTS "/%s/adapter", slot->d_name);
	}
	if (slots)
		closedir(slots);
	return found;
}

/* Does the file say so within HOST_MS? */
static bool wait_for(const char *path, const char *word)
{
	uint64_t end = lab_ms() + HOST_MS;
	char line[32];

	do {
		if (lab_read_line(path, line, sizeof(line)) && !strcmp(line, word))
			return true;
		usleep(500);
	} while (lab_ms() < end);
	return false;
}

/*
 * The request presses the slot's button, after which the kernel waits for five seconds;
 * to switch the slot off by hand ends the wait.
 */
static bool take_out(struct round *r, const struct slot *slot)
{
	bool patient = chance(&r->seed, BUTTON_EVERY) == 0;
	uint64_t begin = now_us();

	if (!host_ask("unplug") || !host_hear("ok", HOST_MS))
		return failed(r, "the host did not press the slot's button");
	if (patient) {
		if (!wait_for(slot->power, "0"))
			return failed(r, "the button did not switch the slot off");
	} else {
		begin = now_us();
		if (lab_write(slot->power, "0"))
			return failed(r, "the slot cannot be switched off");
	}
	r->down_us = now_us() - begin;
	r->waited_us = patient ? BUTTON_US : 0;
	if (!host_hear("gone", HOST_MS))
		return failed(r, "the device did not leave its slot");
	return r->down_us >= r->waited_us ||
	       failed(r, "the slot did not wait for its button: %llu us",
		      (unsigned long long)r->down_us);
}

static bool run_hotplug(struct round *r)
{
	struct slot slot;
	uint64_t begin;

	if (!host_there())
		return failed(
			r,
			"the launcher opened no port to the host: run this with scripts/lab life");
	if (!find_slot(r, &slot))
		return failed(r, "there is no slot with the device in it");
	if (!begin_load(r) || !take_out(r, &slot) || !end_load(r, -ENODEV))
		return false;
	if (!host_ask("plug") || !wait_for(slot.adapter, "1"))
		return failed(r, "the host did not put the device into its slot");
	begin = now_us();
	if (!back(r, begin))
		return false;
	return host_hear("ok", HOST_MS) || failed(r, "the host did not say that it was plugged in");
}

const struct kind kind_hotplug = { "hotplug",
				   "out of the slot through the host's monitor, and back",
				   run_hotplug };
