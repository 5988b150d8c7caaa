// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl receive - take data from queues, verify it, write it out
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "labctl.h"
#include "receive.h"

enum {
	OPT_QUEUES = LABCTL_OPT_FIRST, OPT_QUEUE, OPT_MODE, OPT_SOURCE, OPT_PAGES, OPT_SEED,
	OPT_SIZE_MIN, OPT_SIZE_MAX, OPT_PERIOD, OPT_BURST, OPT_DEPTH, OPT_MOD_PACKETS,
	OPT_MOD_USEC, OPT_OUT, OPT_JSON_OUT, OPT_SLOW, OPT_RETRY, OPT_QUIET,
};

static const struct option options[] = {
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "queue", required_argument, NULL, OPT_QUEUE },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "pages", required_argument, NULL, OPT_PAGES },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "size-min", required_argument, NULL, OPT_SIZE_MIN },
	{ "size-max", required_argument, NULL, OPT_SIZE_MAX },
	{ "period-ns", required_argument, NULL, OPT_PERIOD },
	{ "burst", required_argument, NULL, OPT_BURST },
	{ "depth", required_argument, NULL, OPT_DEPTH },
	{ "mod-packets", required_argument, NULL, OPT_MOD_PACKETS },
	{ "mod-usec", required_argument, NULL, OPT_MOD_USEC },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "json-out", required_argument, NULL, OPT_JSON_OUT },
	{ "slow", required_argument, NULL, OPT_SLOW },
	{ "retry", no_argument, NULL, OPT_RETRY },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	LABCTL_COMMON_OPTIONS
};

/* Options that are a number and nothing else */
struct numeric {
	int option;
	const char *name;
	uint64_t least;
	uint64_t most;
	uint32_t *to;
};

static int set_number(const struct labctl_command *self, const struct numeric *n, const char *text)
{
	uint64_t value;

	if (!labctl_number(text, n->least, n->most, &value))
		return labctl_usage(self, "%s %s: name a number from %llu to %llu", n->name, text,
				    (unsigned long long)n->least, (unsigned long long)n->most);
	*n->to = value;
	return LABCTL_OK;
}

static int set_mode(const struct labctl_command *self, struct receive_order *order, const char *text)
{
	if (!strcmp(text, "demand"))
		order->bind.mode = LABYRINTH_MODE_DEMAND;
	else if (!strcmp(text, "ring"))
		order->bind.mode = LABYRINTH_MODE_RING;
	else
		return labctl_usage(self, "--mode %s: name demand or ring", text);
	return LABCTL_OK;
}

static int set_source(const struct labctl_command *self, struct receive_order *order,
		      const char *text)
{
	if (!strcmp(text, "stream"))
		order->bind.source = LABYRINTH_SRC_STREAM;
	else if (!strcmp(text, "generator"))
		order->bind.source = LABYRINTH_SRC_GENERATOR;
	else
		return labctl_usage(self, "--source %s: name stream or generator", text);
	return LABCTL_OK;
}

static int set_long(const struct labctl_command *self, const char *name, uint64_t *to,
		    const char *text)
{
	if (!labctl_number(text, 0, UINT64_MAX, to))
		return labctl_usage(self, "%s %s: name a number below 2^64", name, text);
	return LABCTL_OK;
}

static int set_option(const struct labctl_command *self, struct receive_order *order, int option)
{
	const struct numeric numerics[] = {
		{ OPT_QUEUES, "--queues", 1, LABYRINTH_MAX_QUEUES, &order->queues },
		{ OPT_QUEUE, "--queue", 0, LABYRINTH_MAX_QUEUES - 1, &order->first },
		{ OPT_SIZE_MIN, "--size-min", 1, 4096, &order->bind.gen_min },
		{ OPT_SIZE_MAX, "--size-max", 1, 4096, &order->bind.gen_max },
		{ OPT_PERIOD, "--period-ns", 0, UINT32_MAX, &order->bind.gen_period },
		{ OPT_BURST, "--burst", 1, LABYRINTH_GEN_BURST_MAX, &order->bind.gen_burst },
		{ OPT_DEPTH, "--depth", 0, LABYRINTH_RING_MAX, &order->bind.depth },
		{ OPT_MOD_PACKETS, "--mod-packets", 0, UINT32_MAX, &order->bind.mod_packets },
		{ OPT_MOD_USEC, "--mod-usec", 0, UINT32_MAX, &order->bind.mod_usec },
		{ OPT_SLOW, "--slow", 0, 60000000, &order->slow },
	};
	size_t i;

	for (i = 0; i < sizeof(numerics) / sizeof(numerics[0]); i++)
		if (numerics[i].option == option)
			return set_number(self, &numerics[i], optarg);
	switch (option) {
	case OPT_MODE:
		return set_mode(self, order, optarg);
	case OPT_SOURCE:
		return set_source(self, order, optarg);
	case OPT_PAGES:
		return set_long(self, "--pages", &order->pages, optarg);
	case OPT_SEED:
		return set_long(self, "--seed", (uint64_t *)&order->bind.gen_seed, optarg);
	case OPT_OUT:
		order->out = optarg;
		break;
	case OPT_JSON_OUT:
		order->json_out = optarg;
		break;
	case OPT_RETRY:
		order->retry = true;
		break;
	case OPT_QUIET:
		order->quiet = true;
		break;
	}
	return LABCTL_OK;
}

static bool to_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

/* Several generator queues cannot share a file, whose order would mean nothing. */
static bool shares_sink(const struct receive_order *order)
{
	struct stat st;

	return order->queues == 1 || receive_merges(order) || !order->out ||
	       (!stat(order->out, &st) && S_ISCHR(st.st_mode));
}

static int check_order(const struct labctl_command *self, struct receive_order *order, bool one)
{
	struct labyrinth_bind *bind = &order->bind;

	if (one && order->queues > 1)
		return labctl_usage(self, "--queue and --queues exclude each other");
	if (to_stdout(order->out) && to_stdout(order->json_out))
		return labctl_usage(self, "--out and --json-out cannot both be '-'");
	if (bind->source == LABYRINTH_SRC_STREAM) {
		if (order->pages || bind->gen_seed || bind->gen_min || bind->gen_max ||
		    bind->gen_period || bind->gen_burst)
			return labctl_usage(self, "--pages, --seed, --size-*, --period-ns and --burst need --source generator");
		if (order->retry)
			return labctl_usage(self, "a stream cannot begin again after a reset: --retry needs --source generator");
		if (order->first)
			return labctl_usage(self, "a stream is dealt from queue 0 on: leave --queue out");
		bind->stream_queues = order->queues;
		return LABCTL_OK;
	}
	if (order->pages && order->pages < order->queues)
		return labctl_usage(self, "--pages %llu: name at least one page for each queue",
				    (unsigned long long)order->pages);
	if (bind->gen_min && bind->gen_max && bind->gen_min > bind->gen_max)
		return labctl_usage(self, "--size-min is more than --size-max");
	if (to_stdout(order->out) && order->queues > 1)
		return labctl_usage(self, "several generator queues cannot share '-': name a file, which gets one .N for each");
	return LABCTL_OK;
}

static bool open_sinks(struct receive *run)
{
	const struct receive_order *order = run->order;
	unsigned int i;

	if (shares_sink(order))
		return sink_open(&run->sink[0], order->out);
	for (i = 0; i < order->queues; i++) {
		char *path;

		if (asprintf(&path, "%s.%u", order->out, i) < 0)
			return labctl_error("out of memory"), false;
		if (!sink_open(&run->sink[i], path))
			return false;
	}
	return true;
}

static bool close_sinks(struct receive *run, bool keep)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < run->order->queues; i++) {
		if (!keep)
			sink_abandon(&run->sink[i]);
		else if (run->sink[i].path)
			good &= sink_finish(&run->sink[i]);
	}
	return good;
}

/* All are bound before the first is started: a stream is dealt to all from its first page. */
static int open_queues(struct receive *run)
{
	const struct receive_order *order = run->order;
	unsigned int i;
	int err = 0;

	for (i = 0; i < order->queues && !err; i++) {
		struct labyrinth_bind bind = order->bind;

		bind.queue = order->first + i;
		bind.format = LABYRINTH_FORMAT_RECORD;
		bind.flags = LABYRINTH_BIND_HOLD;
		if (order->pages)
			bind.gen_count = order->pages / order->queues +
					 (i < order->pages % order->queues);
		err = rx_open(&run->rx[i], labctl_device, &bind);
		if (err)
			labctl_io_error("bind", err);
	}
	for (i = 0; i < order->queues && !err; i++) {
		err = labyrinth_io_start(run->rx[i].fd);
		if (err)
			labctl_io_error("start", err);
	}
	return err;
}

static void close_queues(struct receive *run)
{
	unsigned int i;

	for (i = 0; i < run->order->queues; i++)
		rx_close(&run->rx[i]);
}

/* The device's counters while it still has them, the pages after all were given back */
static int take_stats(struct receive *run)
{
	unsigned int i;
	int err = 0;

	close_queues(run);
	if (run->order->retry) {
		run->ctl = receive_find(run);
		if (run->ctl < 0) {
			labctl_io_error("stats", run->ctl);
			return run->ctl;
		}
	}
	for (i = 0; i < run->order->queues && !err; i++)
		if (!run->rx[i].ended)
			err = labyrinth_io_queue_stats(run->ctl, run->rx[i].queue, &run->stats[i]);
	err = err ? err : labyrinth_io_pool_stats(run->ctl, &run->pool);
	err = err ? err : labyrinth_io_info(run->ctl, &run->info);
	if (err)
		labctl_io_error("stats", err);
	return err;
}

static int receive(struct receive *run)
{
	const struct receive_order *order = run->order;
	bool endless = order->bind.source == LABYRINTH_SRC_GENERATOR && !order->pages;
	bool good;
	int err = labyrinth_io_info(run->ctl, &run->info);

	if (err)
		return labctl_io_error("info", err);
	if (order->first + order->queues > run->info.queues)
		return labctl_error("%s has %u queues: name fewer", labctl_device, run->info.queues);
	if (!open_sinks(run) || open_queues(run)) {
		close_queues(run);
		close_sinks(run, false);
		return LABCTL_FAILED;
	}
	if (order->retry) {
		/* An open file would hold on to a device that goes away, and to the module. */
		close(run->ctl);
		run->ctl = -1;
	}
	receive_work(run);
	/* Whoever gave up left data unread, which the counters would only show again. */
	good = !take_stats(run) && !atomic_load(&run->gave_up) && receive_verdict(run);
	good &= close_sinks(run, good && (!run->interrupted || endless));
	good &= receive_report(run, good);
	if (!good)
		return LABCTL_FAILED;
	return run->interrupted && !endless ? LABCTL_INTERRUPTED : LABCTL_OK;
}

static int receive_main(const struct labctl_command *self, int argc, char **argv)
{
	struct receive_order order = { .queues = 1, .bind.source = LABYRINTH_SRC_STREAM };
	static struct receive run;
	bool one = false;
	int option, status;
	unsigned int i;

	while ((option = labctl_getopt(self, argc, argv, options, &status)) != -1) {
		one |= option == OPT_QUEUE;
		status = set_option(self, &order, option);
		if (status)
			return status;
	}
	if (status != -1)
		return status;
	status = check_order(self, &order, one);
	if (status)
		return status;

	/* A reader of the output that leaves is an error of writing, not a death. */
	signal(SIGPIPE, SIG_IGN);
	run.order = &order;
	pthread_mutex_init(&run.fds, NULL);
	run.workers = receive_merges(&order) ? 1 : order.queues;
	for (i = 0; i < LABYRINTH_MAX_QUEUES; i++) {
		run.rx[i].fd = -1;
		run.sink[i].fd = -1;
	}
	run.ctl = labctl_open();
	if (run.ctl < 0)
		return LABCTL_FAILED;
	status = receive(&run);
	if (run.ctl >= 0)
		close(run.ctl);
	return status;
}

const struct labctl_command labctl_receive = {
	.name = "receive",
	.summary = "take data from queues, verify it, write it out",
	.usage = "usage: labctl receive [OPTION]... [--device /dev/labyrinthN]\n"
		 "\n"
		 "Takes data from one or more queues, checks the CRC-32C and the sequence of\n"
		 "every page, and that what the device produced was delivered or is accounted\n"
		 "for.  A stream over several queues comes out in its own order.\n"
		 "\n"
		 "  --queues N          queues 0 to N-1 (default 1)\n"
		 "  --queue Q           queue Q alone (generator)\n"
		 "  --mode MODE         demand: the device interrupts for a buffer (default);\n"
		 "                      ring: buffers are posted ahead\n"
		 "  --source SOURCE     stream (default) or generator\n"
		 "  --depth N           pages that a queue may hold, a power of two\n"
		 "  --mod-packets N     completions an interrupt\n"
		 "  --mod-usec N        longest delay of an interrupt\n"
		 "  --out PATH          where the data goes: a file, or - for standard output;\n"
		 "                      several generator queues write PATH.0, PATH.1, ...\n"
		 "                      (default: nowhere)\n"
		 "  --json-out PATH     counters and verdict as JSON, - for standard output\n"
		 "  --slow USEC         wait so long after each page\n"
		 "  --quiet             no progress\n"
		 "\n"
		 "with --source generator:\n"
		 "  --pages N           pages over all queues; 0, the default: until Ctrl-C\n"
		 "  --seed S            the same seed makes the same data (default 0)\n"
		 "  --size-min N        least bytes a page (default 1)\n"
		 "  --size-max N        most bytes a page (default 4096)\n"
		 "  --period-ns N       time between bursts, and what finds no room is dropped;\n"
		 "                      0, the default: as fast as it is taken\n"
		 "  --burst N           pages a burst, 1 to 256 (default 1)\n"
		 "  --retry             bind again after a reset of the device, and when it has\n"
		 "                      come back after it was gone (within 30 s), for the pages\n"
		 "                      that are left; the report counts both\n"
		 "\n"
		 "exit status: 0 all is right; 1 it is not, or something failed; 2 wrong usage;\n"
		 "130 interrupted.  A file is there under its name only if it is whole.\n",
	.main = receive_main,
};
