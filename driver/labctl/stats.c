// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl stats - the counters of each queue and of the pool
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "counts.h"
#include "labctl.h"
#include "labyrinth_hw.h"

enum { OPT_JSON = LABCTL_OPT_FIRST, OPT_WATCH };

struct snapshot {
	struct labyrinth_info info;
	struct labyrinth_queue_stats queue[LABYRINTH_MAX_QUEUES];
	struct labyrinth_pool_stats pool;
};

static const char *state_name(const struct labyrinth_queue_stats *s)
{
	static const char *const names[] = { "idle", "running", "draining" };

	return s->state < 3 ? names[s->state] : "?";
}

static int take(int fd, struct snapshot *now)
{
	unsigned int i;
	int err = labyrinth_io_info(fd, &now->info);

	for (i = 0; !err && i < now->info.queues; i++)
		err = labyrinth_io_queue_stats(fd, i, &now->queue[i]);
	return err ? err : labyrinth_io_pool_stats(fd, &now->pool);
}

static void show_json(const struct snapshot *now, bool compact)
{
	struct json json = { .out = stdout, .compact = compact };
	struct labyrinth_queue_stats sum = { 0 };
	unsigned int i;

	json_open(&json, NULL, '{');
	json_string(&json, "device", labctl_device);
	json_string(&json, "pci", now->info.pci);
	json_string(&json, "policy", labyrinth_io_policy(now->info.policy));
	json_open(&json, "queues", '[');
	for (i = 0; i < now->info.queues; i++) {
		const struct labyrinth_queue_stats *s = &now->queue[i];

		json_open(&json, NULL, '{');
		json_number(&json, "queue", s->queue);
		json_string(&json, "state", state_name(s));
		json_bool(&json, "bound", s->bound);
		json_number(&json, "backlog", s->backlog);
		counts_queue_json(&json, s);
		json_close(&json, '}');
		counts_add(&sum, s);
	}
	json_close(&json, ']');
	json_open(&json, "total", '{');
	counts_queue_json(&json, &sum);
	json_close(&json, '}');
	json_open(&json, "pool", '{');
	counts_pool_json(&json, &now->pool);
	json_close(&json, '}');
	json_close(&json, '}');
	json_end(&json);
}

static void show_text(const struct snapshot *now)
{
	const struct labyrinth_pool_stats *p = &now->pool;
	unsigned int i;

	printf("%-5s %-8s %10s %10s %9s %10s %10s %8s %8s %7s %7s %7s\n", "queue", "state",
	       "produced", "delivered", "dropped", "irqs", "isr pages", "no page", "late", "device",
	       "ready", "invalid");
	for (i = 0; i < now->info.queues; i++) {
		const struct labyrinth_queue_stats *s = &now->queue[i];
		unsigned long long pages = s->isr_other;
		unsigned int r;

		for (r = 0; r < LABYRINTH_ROUTES - 1; r++)
			pages += s->isr_allocs[r];
		printf("%-5u %-8s %10llu %10llu %9llu %10llu %10llu %8llu %8llu %7u %7u %7llu\n", i,
		       s->bound ? state_name(s) : "unbound", (unsigned long long)s->produced,
		       (unsigned long long)s->delivered, (unsigned long long)counts_dropped(s),
		       (unsigned long long)s->irqs, pages,
		       (unsigned long long)s->isr_allocs[LABYRINTH_ROUTES - 1],
		       (unsigned long long)s->late_grants, s->pages[2], s->pages[1],
		       (unsigned long long)s->invalid);
	}
	printf("pool: %u pages (bound %u):", p->total, p->limit);
	for (i = 0; i < LABYRINTH_OWNERS; i++)
		printf(" %s %u", labyrinth_io_owner(i), p->owned[i]);
	printf("\nallocations:");
	for (i = 0; i < LABYRINTH_ROUTES; i++)
		printf(" %s %llu", labyrinth_io_route(i), (unsigned long long)p->allocs[i]);
	printf("; in");
	for (i = 0; i < LABYRINTH_CONTEXTS; i++)
		printf(" %s %llu", labyrinth_io_context(i), (unsigned long long)p->contexts[i]);
	printf("\nfrees %llu, refused %llu (%llu found late), refilled %llu, given back %llu\n",
	       (unsigned long long)p->frees, (unsigned long long)p->refused,
	       (unsigned long long)p->late,
	       (unsigned long long)p->refills, (unsigned long long)p->shrunk);
}

/* Until a signal ends it, or standard output goes away */
static int watch(int fd, uint64_t seconds, bool json)
{
	struct timespec pause = { .tv_sec = seconds };
	struct snapshot now;

	for (;;) {
		int err = take(fd, &now);

		if (err)
			return labctl_io_error("stats", err);
		if (!json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		if (json)
			show_json(&now, true);
		else
			show_text(&now);
		if (fflush(stdout))
			return labctl_error("cannot write to standard output");
		while (nanosleep(&pause, &pause) && errno == EINTR)
			;
		pause = (struct timespec){ .tv_sec = seconds };
	}
}

static int stats_main(const struct labctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		{ "watch", optional_argument, NULL, OPT_WATCH },
		LABCTL_COMMON_OPTIONS
	};
	struct snapshot now;
	uint64_t seconds = 0;
	bool json = false;
	int fd, err, option, status;

	while ((option = labctl_getopt(self, argc, argv, options, &status)) != -1) {
		if (option == OPT_JSON)
			json = true;
		else if (!optarg)
			seconds = 1;
		else if (!labctl_number(optarg, 1, 3600, &seconds))
			return labctl_usage(self, "--watch=%s: name seconds, 1 to 3600", optarg);
	}
	if (status != -1)
		return status;
	fd = labctl_open();
	if (fd < 0)
		return LABCTL_FAILED;
	if (seconds) {
		status = watch(fd, seconds, json);
		close(fd);
		return status;
	}
	err = take(fd, &now);
	close(fd);
	if (err)
		return labctl_io_error("stats", err);
	if (json)
		show_json(&now, false);
	else
		show_text(&now);
	return LABCTL_OK;
}

const struct labctl_command labctl_stats = {
	.name = "stats",
	.summary = "the counters of each queue and of the pool",
	.usage = "usage: labctl stats [--json] [--watch[=SECONDS]] [--device /dev/labyrinthN]\n"
		 "\n"
		 "The counters of each queue since it was last bound, and those of the pool.\n"
		 "\n"
		 "  --json             as JSON; with --watch one line each time\n"
		 "  --watch[=SECONDS]  again every second, or so many, until Ctrl-C\n",
	.main = stats_main,
};
