// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl maze - make a maze; needs no device
 */
#include <stdlib.h>
#include <string.h>

#include "labctl.h"
#include "maze.h"
#include "sink.h"

enum {
	OPT_SIZE = LABCTL_OPT_FIRST, OPT_SEED, OPT_LOOPS, OPT_TEXT, OPT_BINARY, OPT_OUT,
};

static const struct option options[] = {
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "loops", required_argument, NULL, OPT_LOOPS },
	{ "text", no_argument, NULL, OPT_TEXT },
	{ "binary", no_argument, NULL, OPT_BINARY },
	{ "out", required_argument, NULL, OPT_OUT },
	LABCTL_COMMON_OPTIONS
};

struct order {
	uint64_t width;
	uint64_t height;
	uint64_t seed;
	uint64_t loops;
	bool binary;
	const char *out;
};

static bool read_size(const char *text, struct order *order)
{
	const char *x = strchr(text, 'x');
	char width[8];

	if (!x || (size_t)(x - text) >= sizeof(width))
		return false;
	memcpy(width, text, x - text);
	width[x - text] = 0;
	return labctl_number(width, 1, UINT16_MAX, &order->width) &&
	       labctl_number(x + 1, 1, UINT16_MAX, &order->height) &&
	       maze_size_ok(order->width, order->height);
}

static int set_option(const struct labctl_command *self, struct order *order, int option)
{
	switch (option) {
	case OPT_SIZE:
		if (!read_size(optarg, order))
			return labctl_usage(self, "--size %s: name WxH, 1 to %u cells a side, %u in all",
					    optarg, LABYRINTH_MAZE_SIDE_MAX,
					    LABYRINTH_MAZE_CELLS_MAX);
		break;
	case OPT_SEED:
		if (!labctl_number(optarg, 0, UINT64_MAX, &order->seed))
			return labctl_usage(self, "--seed %s: name a number below 2^64", optarg);
		break;
	case OPT_LOOPS:
		if (!labctl_number(optarg, 0, 100, &order->loops))
			return labctl_usage(self, "--loops %s: name a number from 0 to 100", optarg);
		break;
	case OPT_TEXT:
		order->binary = false;
		break;
	case OPT_BINARY:
		order->binary = true;
		break;
	case OPT_OUT:
		order->out = optarg;
		break;
	}
	return LABCTL_OK;
}

static int write_maze(const struct maze *maze, const struct order *order)
{
	uint8_t job[LABYRINTH_JOB_MAX];
	struct sink sink;
	char *text = NULL;
	size_t size;
	FILE *memory;
	bool good;

	if (order->binary) {
		size = maze_to_job(maze, job);
	} else {
		memory = open_memstream(&text, &size);
		if (!memory)
			return labctl_error("out of memory");
		maze_print(maze, memory);
		if (fclose(memory))
			return labctl_error("out of memory");
	}
	good = sink_open(&sink, order->out);
	if (good) {
		good = sink_write(&sink, order->binary ? (const void *)job : text, size);
		if (good)
			good = sink_finish(&sink);
		else
			sink_abandon(&sink);
	}
	free(text);
	return good ? LABCTL_OK : LABCTL_FAILED;
}

static int maze_main(const struct labctl_command *self, int argc, char **argv)
{
	struct order order = { .width = 32, .height = 16, .out = "-" };
	static struct maze maze;
	int option, status;

	while ((option = labctl_getopt(self, argc, argv, options, &status)) != -1) {
		status = set_option(self, &order, option);
		if (status)
			return status;
	}
	if (status != -1)
		return status;
	maze_make(&maze, order.width, order.height, order.seed, order.loops);
	return write_maze(&maze, &order);
}

const struct labctl_command labctl_maze = {
	.name = "maze",
	.summary = "make a maze for `labctl solve`",
	.usage = "usage: labctl maze [OPTION]...\n"
		 "\n"
		 "Makes a maze with a way between any two cells, from its first cell to its last.\n"
		 "The same options make the same maze.  No device is needed.\n"
		 "\n"
		 "  --size WxH     cells; at most 256 a side, 16384 in all (default 32x16)\n"
		 "  --seed N       (default 0)\n"
		 "  --loops P      take so many of a hundred of the walls that are left, so that\n"
		 "                 there is more than one way (default 0: exactly one)\n"
		 "  --text         # for walls, S for the start, G for the goal (default)\n"
		 "  --binary       as the device takes it, see docs/device.md\n"
		 "  --out PATH     where to, - for standard output (default)\n"
		 "\n"
		 "exit status: 0 success; 1 it cannot be written; 2 wrong usage\n",
	.main = maze_main,
};
