// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receiver of the comparison: takes the generator's pages by the driver's user API
 *
 *	receive [--mode demand|ring] [--queues N] [--pages N] [--warm N] [--seed S] [--size-min N] [--size-max N]
 *		[--period-ns N] [--burst N] [--depth N] [--mod-packets N] [--mod-usec N] [--check crc|none]
 *		[--marks] [--timeline PAGES] [--start PATH=TEXT]
 *
 * Contract: prints the line "# compare {json}" (docs/measuring.md) and exits with 0, or one line on standard
 * error that says what went wrong.  It is the same program whatever allocator the driver has.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "meter.h"
#include "receive.h"

static int complain(const char *what, int err)
{
	const char *advice = labyrinth_io_advice(-err);

	fprintf(stderr, "receive: %s: %s\n", what, advice ?: strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	static struct order order;
	static struct pass pass;
	int err;

	if (order_read(&order, argc, argv))
		return 2;
	err = order.marks ? meter_open() : 0;
	if (err)
		return complain("no meter", err);
	/* A page fault between the marks would be nobody's. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return complain("cannot lock memory", -errno);
	err = pass_run(&order, &pass);
	if (err)
		return complain("receiving", err);
	report(&order, &pass);
	if (pass.wrong) {
		fprintf(stderr, "receive: %llu pages are not as the device made them\n",
			(unsigned long long)pass.wrong);
		return 1;
	}
	return 0;
}
