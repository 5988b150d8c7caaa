// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl reset - the accelerator's own reset
 */
#include <unistd.h>

#include "labctl.h"

static int reset_main(const struct labctl_command *self, int argc, char **argv)
{
	static const struct option options[] = { LABCTL_COMMON_OPTIONS };
	int fd, err, status;

	labctl_getopt(self, argc, argv, options, &status);
	if (status != -1)
		return status;
	fd = labctl_open();
	if (fd < 0)
		return LABCTL_FAILED;
	err = labyrinth_io_reset(fd);
	close(fd);
	return err ? labctl_io_error("reset", err) : LABCTL_OK;
}

const struct labctl_command labctl_reset = {
	.name = "reset",
	.summary = "reset an accelerator; whoever receives from it gets ECONNRESET",
	.usage = "usage: labctl reset [--device /dev/labyrinthN]\n"
		 "\n"
		 "Stops every queue, then resets the accelerator.  Data that was complete can\n"
		 "still be read; after that readers get ECONNRESET and have to bind again.\n",
	.main = reset_main,
};
