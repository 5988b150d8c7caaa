/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The application's command line; the same words as tests/bench/compare's receiver has, where both have them
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

enum {
	OPT_MODE, OPT_CHECK, OPT_SIZES, OPT_PAGES, OPT_WARM, OPT_SEED, OPT_FIND, OPT_OPS, OPT_LCORES, OPT_BUSY,
	OPT_INTERRUPT, OPT_MARKS, OPT_NO_TAP, OPT_HELP,
	OPT_NUMBERS,	/* the rest: a number of 32 bits and nothing else */
};

static const struct number {
	const char *name;
	uint32_t least;
	uint32_t most;
	size_t offset;
} numbers[] = {
	{ "queues", 1, LABYRINTH_MAX_QUEUES, offsetof(struct order, queues) },
	{ "size-min", 1, LABYRINTH_PAGE_SIZE, offsetof(struct order, config.size_min) },
	{ "size-max", 1, LABYRINTH_PAGE_SIZE, offsetof(struct order, config.size_max) },
	{ "period-ns", 0, UINT32_MAX, offsetof(struct order, config.period_ns) },
	{ "burst", 1, LABYRINTH_GEN_BURST_MAX, offsetof(struct order, config.burst) },
	{ "depth", LABYRINTH_RING_MIN, LABYRINTH_RING_MAX / 2, offsetof(struct order, config.depth) },
	{ "mod-packets", 0, UINT32_MAX, offsetof(struct order, config.mod_packets) },
	{ "mod-usec", 0, UINT32_MAX, offsetof(struct order, config.mod_usec) },
	{ "sparse", 1, 100000, offsetof(struct order, sparse) },
	{ "cache", 0, RTE_MEMPOOL_CACHE_MAX_SIZE, offsetof(struct order, cache) },
	{ "buffers", 1, 1000000, offsetof(struct order, buffers) },
	{ "patience", 1, 3600, offsetof(struct order, patience) },
};

#define NUMBERS	(sizeof(numbers) / sizeof(numbers[0]))

static const struct option words[OPT_NUMBERS] = {
	[OPT_MODE] = { "mode", required_argument, NULL, OPT_MODE },
	[OPT_CHECK] = { "check", required_argument, NULL, OPT_CHECK },
	[OPT_SIZES] = { "sizes", required_argument, NULL, OPT_SIZES },
	[OPT_PAGES] = { "pages", required_argument, NULL, OPT_PAGES },
	[OPT_WARM] = { "warm", required_argument, NULL, OPT_WARM },
	[OPT_SEED] = { "seed", required_argument, NULL, OPT_SEED },
	[OPT_FIND] = { "find", required_argument, NULL, OPT_FIND },
	[OPT_OPS] = { "mempool-ops", required_argument, NULL, OPT_OPS },
	[OPT_LCORES] = { "lcores", required_argument, NULL, OPT_LCORES },
	[OPT_BUSY] = { "busy", no_argument, NULL, OPT_BUSY },
	[OPT_INTERRUPT] = { "interrupt", no_argument, NULL, OPT_INTERRUPT },
	[OPT_MARKS] = { "marks", no_argument, NULL, OPT_MARKS },
	[OPT_NO_TAP] = { "no-tap", no_argument, NULL, OPT_NO_TAP },
	[OPT_HELP] = { "help", no_argument, NULL, OPT_HELP },
};

static void help(void)
{
	puts("usage: labyrinth-dpdk [options] [-- words for EAL]\n"
	     "Receives the generator's pages from the accelerator, without a kernel driver, and checks them.\n"
	     "  --mode ring|demand     buffers posted ahead (default), or given when the device asks\n"
	     "  --busy | --interrupt   poll (default), or sleep in rte_epoll_wait() until the device interrupts\n"
	     "  --queues N             1 to 16 (default 1), dealt to the lcores\n"
	     "  --lcores LIST          as EAL's -l (default 0)\n"
	     "  --pages N              over all queues (default 10000)\n"
	     "  --warm N               of these, at the beginning and at the end, what is not counted (default 0)\n"
	     "  --seed N               of the generator (default 1)\n"
	     "  --sizes 4096|64|mixed  bytes a page (default mixed: 1 to 4096); or --size-min N --size-max N\n"
	     "  --period-ns N          between bursts of a queue; 0 (default): as fast as they are taken\n"
	     "  --burst N              pages a burst (default 1)\n"
	     "  --find LEAST:MOST      look for the shortest time between pages without a drop, in ns, and use it\n"
	     "  --sparse N             pages come so many times less often: 100 is a load of 1 %\n"
	     "  --depth N              buffers that the device may hold for a queue, a power of two (default 64)\n"
	     "  --mod-packets N, --mod-usec N   moderation of --interrupt (default none)\n"
	     "  --mempool-ops NAME     ring_mp_mc, ring_sp_sc, ring_mt_rts, stack, lf_stack, labyrinth, ...\n"
	     "  --cache N              of the mempool, objects per lcore, 0 to 512 (default 256)\n"
	     "  --buffers N            in the mempool (default: as many as can be out, and the caches)\n"
	     "  --check crc|none       compute each page's checksum (default), or leave the data alone\n"
	     "  --patience S           seconds without a page before it is given up (default 30)\n"
	     "  --marks                for instruction counting, one lcore: marks for QEMU's meter, and latencies\n"
	     "  --no-tap               only the line `# compare {json}`");
}

static int refuse(const char *name, const char *text, const char *what)
{
	fprintf(stderr, "labyrinth-dpdk: --%s %s: name %s\n", name, text, what);
	return -EINVAL;
}

static int set_number(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *to)
{
	char *end, what[80];

	errno = 0;
	*to = strtoull(text, &end, 0);
	if (!errno && !*end && *text >= '0' && *text <= '9' && *to >= least && *to <= most)
		return 0;
	snprintf(what, sizeof(what), "a number from %llu to %llu", (unsigned long long)least,
		 (unsigned long long)most);
	return refuse(name, text, what);
}

static int set_small(struct order *order, const struct number *n, const char *text)
{
	uint64_t value;
	int err = set_number(n->name, text, n->least, n->most, &value);

	if (!err)
		*(uint32_t *)((char *)order + n->offset) = value;
	return err;
}

static int set_find(struct order *order, const char *text)
{
	char tail;

	if (sscanf(text, "%u:%u%c", &order->least, &order->most, &tail) != 2 || !order->least ||
	    order->least > order->most)
		return refuse("find", text, "LEAST:MOST, nanoseconds between pages");
	order->find = true;
	return 0;
}

static int set_sizes(struct order *order, const char *text)
{
	if (!strcmp(text, "mixed")) {
		order->config.size_min = 1;
		order->config.size_max = LABYRINTH_PAGE_SIZE;
	} else if (!strcmp(text, "4096") || !strcmp(text, "64")) {
		order->config.size_min = atoi(text);
		order->config.size_max = order->config.size_min;
	} else {
		return refuse("sizes", text, "4096, 64 or mixed");
	}
	return 0;
}

static int set_word(struct order *order, int option, const char *text)
{
	switch (option) {
	case OPT_MODE:
		order->config.demand = *text == 'd';
		return strcmp(text, "demand") && strcmp(text, "ring") ?
			refuse("mode", text, "demand or ring") : 0;
	case OPT_CHECK:
		order->crc = *text == 'c';
		return strcmp(text, "crc") && strcmp(text, "none") ? refuse("check", text, "crc or none") : 0;
	case OPT_SIZES:
		return set_sizes(order, text);
	case OPT_PAGES:
		return set_number("pages", text, 1, 1000000000, &order->pages);
	case OPT_WARM:
		return set_number("warm", text, 0, 1000000000, &order->warm);
	case OPT_SEED:
		return set_number("seed", text, 0, UINT64_MAX, &order->config.seed);
	case OPT_FIND:
		return set_find(order, text);
	case OPT_OPS:
		order->ops = text;
		return *text ? 0 : refuse("mempool-ops", text, "a mempool driver");
	case OPT_LCORES:
		order->lcores = text;
		return 0;
	case OPT_BUSY:
	case OPT_INTERRUPT:
		order->config.interrupts = option == OPT_INTERRUPT;
		return 0;
	case OPT_MARKS:
		order->marks = true;
		return 0;
	default:
		order->no_tap = true;
		return 0;
	}
}

static int complain(const char *text)
{
	fprintf(stderr, "labyrinth-dpdk: %s\n", text);
	return -EINVAL;
}

static int check(const struct order *order)
{
	const struct queue_config *c = &order->config;

	if (order->pages < order->queues)
		return complain("--pages: name at least one page for each queue");
	if (2 * order->warm >= order->pages)
		return complain("--warm is to be less than half of --pages");
	if (c->size_min > c->size_max)
		return complain("--size-min is more than --size-max");
	if (c->depth & (c->depth - 1))
		return complain("--depth: name a power of two");
	if (c->period_ns > UINT32_MAX / order->sparse)
		return complain("--period-ns times --sparse is more than the device can wait, about 4 seconds");
	if (order->sparse > 1 && !order->find && !c->period_ns)
		return complain("--sparse: name --period-ns or --find as well");
	if (order->find && c->period_ns)
		return complain("--find and --period-ns exclude each other");
	if (!c->interrupts && (c->mod_packets || c->mod_usec))
		return complain("--mod-packets and --mod-usec are for --interrupt");
	return 0;
}

int order_read(struct order *order, int argc, char **argv)
{
	struct option options[OPT_NUMBERS + NUMBERS + 1] = { 0 };
	unsigned int i;
	int option, err;

	*order = (struct order){
		.queues = 1, .pages = 10000, .sparse = 1, .cache = 256, .patience = 30, .crc = true, .lcores = "0",
		.config = { .depth = 64, .seed = 1, .burst = 1, .size_min = 1, .size_max = LABYRINTH_PAGE_SIZE },
	};
	memcpy(options, words, sizeof(words));
	for (i = 0; i < NUMBERS; i++)
		options[OPT_NUMBERS + i] = (struct option){ numbers[i].name, required_argument, NULL,
							    OPT_NUMBERS + i };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return -EINVAL;
		if (option == OPT_HELP) {
			help();
			exit(0);
		}
		err = option < OPT_NUMBERS ? set_word(order, option, optarg) :
					     set_small(order, &numbers[option - OPT_NUMBERS], optarg);
		if (err)
			return err;
	}
	if (optind < argc && strcmp(argv[optind - 1], "--")) {
		fprintf(stderr, "labyrinth-dpdk: %s is no option; words for EAL come after --\n", argv[optind]);
		return -EINVAL;
	}
	order->eal = argv + optind;
	order->eal_words = argc - optind;
	return check(order);
}
