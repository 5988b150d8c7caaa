// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the reliability scoreboard
 *
 * A fault counts as detected where a counter of the driver says so that nothing else moves
 * in the test; one that does no harm (a late, doubled or useless interrupt) where the driver
 * had all the data all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bad.h"
#include "rows.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Every session came to its end with each page; what a generator with a period could not stage was none. */
static bool whole(const struct outcome *o)
{
	const struct account *a = &o->sum;

	return a->finished && a->finished == a->sessions && a->right == a->completed &&
	       a->right + a->dropped == a->produced;
}

static uint64_t harmless(const struct outcome *o)
{
	return whole(o) ? o->injected : 0;
}

static uint64_t was_rescued(const struct outcome *o)
{
	return least(o->sum.rescued, o->injected);
}

static uint64_t rescued_whole(const struct outcome *o)
{
	return whole(o) ? was_rescued(o) : 0;
}

static uint64_t stormed(const struct outcome *o)
{
	return least(o->storms, o->injected);
}

static uint64_t storm_over(const struct outcome *o)
{
	return whole(o) ? stormed(o) : 0;
}

/* A page that never came is a gap that the device's count of drops explains. */
static uint64_t gap_seen(const struct outcome *o)
{
	return least(least(o->sum.gaps, o->sum.dropped), o->injected);
}

static uint64_t ended_all_the_same(const struct outcome *o, uint64_t found)
{
	return o->sum.finished == o->sum.sessions && o->sum.finished ? found : 0;
}

/* The last page of a session has no page after it that could show the gap. */
static uint64_t drop_seen(const struct outcome *o)
{
	return o->sum.finished ? least(o->sum.dropped, o->injected) : gap_seen(o);
}

static uint64_t drop_over(const struct outcome *o)
{
	return ended_all_the_same(o, drop_seen(o));
}

static uint64_t refused(const struct outcome *o)
{
	return least(o->sum.invalid, o->injected);
}

/* One that had no successor in time came in order, and was right. */
static uint64_t reordered(const struct outcome *o)
{
	const struct account *a = &o->sum;

	return a->invalid && a->right + a->invalid == a->completed ? o->injected : 0;
}

static uint64_t reordered_over(const struct outcome *o)
{
	return ended_all_the_same(o, reordered(o));
}

static uint64_t refused_over(const struct outcome *o)
{
	return ended_all_the_same(o, refused(o));
}

static uint64_t sealed(const struct outcome *o)
{
	return least(o->sum.corrupt, o->injected);
}

static uint64_t sealed_over(const struct outcome *o)
{
	return o->sum.wrong ? 0 : ended_all_the_same(o, sealed(o));
}

/* Data that came before its page was read, by a reader that was late, was right. */
static uint64_t early(const struct outcome *o)
{
	const struct account *a = &o->sum;

	return a->corrupt && a->right + a->corrupt == a->completed ? o->injected : sealed(o);
}

static uint64_t early_over(const struct outcome *o)
{
	return o->sum.wrong ? 0 : ended_all_the_same(o, early(o));
}

static uint64_t was_stuck(const struct outcome *o)
{
	return least(o->stuck, o->injected);
}

static uint64_t was_recovered(const struct outcome *o)
{
	return o->sum.finished ? least(o->recoveries, o->injected) : 0;
}

static uint64_t by_the_test(const struct outcome *o)
{
	return least(o->seen, o->injected);
}

static uint64_t seen_and_whole(const struct outcome *o)
{
	return o->sum.finished ? by_the_test(o) : 0;
}

static uint64_t alloc_counted(const struct outcome *o)
{
	return o->sum.alloc_fail >= o->injected ? o->injected : 0;
}

static uint64_t alloc_made_good(const struct outcome *o)
{
	return whole(o) ? o->injected : 0;
}

/* --- what some of them need the test to do -------------------------------------- */

/* Configuration space is read until it has lied often enough. */
static int read_config(struct outcome *o)
{
	uint8_t truth[64], now[64];
	char path[PATH_MAX];
	int fd, i, err = bad_faults("config-lie rate=0\n");

	snprintf(path, sizeof(path), LAB_SYS "/device/config");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, truth, sizeof(truth), 0) != sizeof(truth))
		err = -EIO;
	err = err ? err : bad_faults("config-lie rate=200000 limit=40\n");
	for (i = 0; i < 400 && !err && o->seen < 20; i++) {
		if (pread(fd, now, sizeof(now), 0) != sizeof(now))
			err = -EIO;
		o->seen += !!memcmp(truth, now, sizeof(now));
	}
	close(fd);
	/* A reset reads it too. */
	fd = labyrinth_io_open(LAB_DEV, 0);
	if (!err && fd >= 0)
		labyrinth_io_reset(fd);
	if (fd >= 0)
		close(fd);
	return err ? err : o->seen ? 0 : -ENODATA;
}

#define SLOW_MS 1500

/* Both kinds of reset are waited for. */
static int reset_slowly(struct outcome *o)
{
	char pci[32];
	uint64_t begin;
	int fd, err;

	if (!lab_pci())
		return -ENODEV;
	snprintf(pci, sizeof(pci), "%s", lab_pci());
	begin = lab_ms();
	err = lab_reset_function(pci);
	o->seen += !err && lab_ms() - begin >= SLOW_MS - 100;
	fd = labyrinth_io_open(LAB_DEV, 0);
	if (fd < 0)
		return fd;
	begin = lab_ms();
	err = err ? err : labyrinth_io_reset(fd);
	close(fd);
	o->seen += !err && lab_ms() - begin >= SLOW_MS - 100;
	return err;
}

/* A device that is gone for good: who reads learns of it, and the driver lets go of it. */
static int take_away(struct outcome *o)
{
	struct labyrinth_bind bind = lab_generator(0, LABYRINTH_MODE_DEMAND, 0);
	struct labyrinth_pool_stats pool;
	char line[16] = "", path[PATH_MAX];
	int how, err;

	how = account_session(&o->sum, &bind, LAB_WAIT_MS, 0);
	lab_read_line(LAB_SYS "/state", line, sizeof(line));
	err = lab_pool_stats(&pool);
	if (how != -ENODEV || strcmp(line, "dead") || err || pool.owned[0] != pool.total)
		return err ? err : how == -ENODEV ? -EBUSY : how;
	o->injected = bad_injected("removed");
	o->seen = 1;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", lab_pci());
	err = lab_write(path, "1");
	/* In place of a session that came to its end: nothing of it is left. */
	o->sum.finished += !err && access(LAB_DEV, F_OK);
	return err;
}

#define STR(n) XSTR(n)
#define XSTR(n) #n

const struct row rows[] = {
	{ .fault = "irq-lost", .settings = "rate=100000 limit=8", .least = 8, .pages = 600,
	  .detected = was_rescued, .recovered = rescued_whole },
	{ .fault = "irq-late", .settings = "rate=200000 limit=50", .least = 20, .pages = 600,
	  .detected = harmless, .recovered = harmless },
	{ .fault = "irq-twice", .settings = "rate=500000 limit=50", .least = 20, .pages = 600,
	  .detected = harmless, .recovered = harmless },
	{ .fault = "irq-spurious", .settings = "rate=500000 limit=50", .least = 20, .pages = 600,
	  .detected = harmless, .recovered = harmless },
	{ .fault = "irq-storm", .settings = "nth=5 param=200000", .least = 1, .pages = 120,
	  .period = 50000000, .detected = stormed, .recovered = storm_over },
	{ .fault = "comp-lost", .settings = "rate=50000 limit=8", .least = 8, .pages = 600,
	  .detected = drop_seen, .recovered = drop_over },
	{ .fault = "comp-twice", .settings = "rate=50000 limit=20", .least = 10, .pages = 600,
	  .detected = refused, .recovered = refused_over },
	{ .fault = "comp-reordered", .settings = "rate=50000 limit=8", .least = 4, .pages = 600,
	  .detected = reordered, .recovered = reordered_over },
	{ .fault = "comp-early", .settings = "rate=50000 param=300000 limit=8", .least = 4, .pages = 600,
	  .detected = early, .recovered = early_over },
	{ .fault = "dma-stuck", .settings = "nth=100 param=60000000", .least = 1, .pages = 600,
	  .detected = was_stuck, .recovered = was_recovered },
	{ .fault = "dma-short", .settings = "rate=50000 limit=20", .least = 10, .pages = 600,
	  .detected = sealed, .recovered = sealed_over },
	{ .fault = "dma-torn", .settings = "rate=50000 limit=20", .least = 10, .pages = 600,
	  .detected = sealed, .recovered = sealed_over },
	{ .fault = "dma-stale", .settings = "rate=100000 param=200 limit=20", .least = 10, .pages = 30,
	  .usec = 20000, .detected = sealed, .recovered = sealed_over },
	{ .fault = "link-dead", .settings = "nth=200 param=100000", .least = 1, .pages = 600,
	  .detected = was_recovered, .recovered = was_recovered },
	{ .fault = "flr-slow", .settings = "rate=1000000 param=" STR(SLOW_MS) "000", .least = 2, .pages = 300,
	  .act = reset_slowly, .detected = by_the_test, .recovered = seen_and_whole },
	{ .fault = "config-lie", .settings = "rate=0", .least = 10, .pages = 300,
	  .act = read_config, .detected = harmless, .recovered = harmless },
	{ .fault = "alloc", .name = "alloc-100%", .settings = "rate=1000000", .least = 100, .pages = 300,
	  .detected = alloc_counted, .recovered = alloc_made_good },
	{ .fault = "alloc", .name = "alloc-50%", .settings = "rate=500000", .least = 100, .pages = 600,
	  .detected = alloc_counted, .recovered = alloc_made_good },
	{ .fault = "alloc", .name = "alloc-1%", .settings = "rate=10000", .least = 5, .pages = 3000,
	  .detected = alloc_counted, .recovered = alloc_made_good },
	/* the last: nothing brings it back */
	{ .fault = "removed", .settings = "nth=100", .least = 1, .act = take_away, .alone = true,
	  .detected = by_the_test, .recovered = seen_and_whole },
};

const unsigned int nr_rows = sizeof(rows) / sizeof(rows[0]);
