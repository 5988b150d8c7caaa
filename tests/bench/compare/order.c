// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receiver's command line
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receive.h"

enum {
	OPT_MODE, OPT_CHECK, OPT_PAGES, OPT_WARM, OPT_SEED, OPT_MARKS, OPT_START,
	OPT_NUMBERS,	/* the rest: a number of 32 bits and nothing else */
};

struct number {
	const char *name;
	uint32_t least;
	uint32_t most;
	size_t offset;
};

static const struct number numbers[] = {
	{ "queues", 1, LABYRINTH_MAX_QUEUES, offsetof(struct order, queues) },
	{ "size-min", 1, 4096, offsetof(struct order, bind.gen_min) },
	{ "size-max", 1, 4096, offsetof(struct order, bind.gen_max) },
	{ "period-ns", 0, UINT32_MAX, offsetof(struct order, bind.gen_period) },
	{ "burst", 1, LABYRINTH_GEN_BURST_MAX, offsetof(struct order, bind.gen_burst) },
	{ "depth", 2, LABYRINTH_RING_MAX, offsetof(struct order, bind.depth) },
	{ "mod-packets", 0, UINT32_MAX, offsetof(struct order, bind.mod_packets) },
	{ "mod-usec", 0, UINT32_MAX, offsetof(struct order, bind.mod_usec) },
	{ "timeline", 1, UINT32_MAX, offsetof(struct order, every) },
};

#define NUMBERS	(sizeof(numbers) / sizeof(numbers[0]))

static const struct option words[OPT_NUMBERS] = {
	[OPT_MODE] = { "mode", required_argument, NULL, OPT_MODE },
	[OPT_CHECK] = { "check", required_argument, NULL, OPT_CHECK },
	[OPT_PAGES] = { "pages", required_argument, NULL, OPT_PAGES },
	[OPT_WARM] = { "warm", required_argument, NULL, OPT_WARM },
	[OPT_SEED] = { "seed", required_argument, NULL, OPT_SEED },
	[OPT_MARKS] = { "marks", no_argument, NULL, OPT_MARKS },
	[OPT_START] = { "start", required_argument, NULL, OPT_START },
};

static int refuse(const char *name, const char *text, const char *what)
{
	fprintf(stderr, "receive: --%s %s: name %s\n", name, text, what);
	return -EINVAL;
}

static int set_number(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *to)
{
	char *end;

	errno = 0;
	*to = strtoull(text, &end, 0);
	if (errno || *end || *text < '0' || *text > '9' || *to < least || *to > most)
		return refuse(name, text, "a number in its range");
	return 0;
}

static int set_small(struct order *order, const struct number *n, const char *text)
{
	uint64_t value;
	int err = set_number(n->name, text, n->least, n->most, &value);

	if (!err)
		*(uint32_t *)((char *)order + n->offset) = value;
	return err;
}

static int set_word(struct order *order, int option, const char *text)
{
	switch (option) {
	case OPT_MODE:
		if (strcmp(text, "demand") && strcmp(text, "ring"))
			return refuse("mode", text, "demand or ring");
		order->bind.mode = *text == 'r' ? LABYRINTH_MODE_RING : LABYRINTH_MODE_DEMAND;
		return 0;
	case OPT_CHECK:
		if (strcmp(text, "crc") && strcmp(text, "none"))
			return refuse("check", text, "crc or none");
		order->crc = *text == 'c';
		return 0;
	case OPT_PAGES:
		return set_number("pages", text, 1, UINT32_MAX, &order->pages);
	case OPT_WARM:
		return set_number("warm", text, 0, UINT32_MAX, &order->warm);
	case OPT_SEED:
		return set_number("seed", text, 0, UINT64_MAX, (uint64_t *)&order->bind.gen_seed);
	case OPT_START:
		order->start = text;
		return strchr(text, '=') ? 0 : refuse("start", text, "PATH=TEXT");
	default:
		order->marks = true;
		return 0;
	}
}

static int check(const struct order *order)
{
	if (2 * order->warm >= order->pages || order->pages % order->queues) {
		fprintf(stderr, "receive: --pages is to be more than twice --warm, and a multiple of --queues\n");
		return -EINVAL;
	}
	if (order->bind.gen_min > order->bind.gen_max) {
		fprintf(stderr, "receive: --size-min is more than --size-max\n");
		return -EINVAL;
	}
	return 0;
}

int order_read(struct order *order, int argc, char **argv)
{
	struct option options[OPT_NUMBERS + NUMBERS + 1] = { 0 };
	unsigned int i;
	int option, err;

	*order = (struct order){
		.queues = 1, .pages = 1000,
		.bind = { .source = LABYRINTH_SRC_GENERATOR, .format = LABYRINTH_FORMAT_RECORD,
			  .flags = LABYRINTH_BIND_HOLD, .gen_min = 1, .gen_max = 4096, .gen_burst = 1 },
	};
	memcpy(options, words, sizeof(words));
	for (i = 0; i < NUMBERS; i++)
		options[OPT_NUMBERS + i] = (struct option){ numbers[i].name, required_argument, NULL,
							    OPT_NUMBERS + i };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return -EINVAL;
		err = option < OPT_NUMBERS ? set_word(order, option, optarg) :
					     set_small(order, &numbers[option - OPT_NUMBERS], optarg);
		if (err)
			return err;
	}
	if (optind < argc) {
		fprintf(stderr, "receive: %s is no option\n", argv[optind]);
		return -EINVAL;
	}
	return check(order);
}
