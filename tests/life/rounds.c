// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life-cycle rounds under full load:  life ROUNDS SEED [KIND...]
 *
 * Contract: KTAP on standard output, a test for each kind; a round is good when the device
 * or module went and came back in time, every reader was told, no page of the new or the
 * old pool is out, a run on the new device delivers every byte, and the IOMMU saw no
 * access that it had to stop.  The exit status is 0 only if all were.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rounds.h"

#define LIMIT_US	2000000	/* what a round may take on an idle machine */
#define SETTLE_MS	5000

static const struct kind *const kinds[] = { &kind_unbind, &kind_module, &kind_flr, &kind_hotplug };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct tally {
	unsigned int done;
	unsigned int over;	/* rounds that took longer than the limit */
	uint64_t faults;
	uint64_t *down;
	uint64_t *up;
};

static int klog = -1;

bool failed(struct round *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	return false;
}

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

uint32_t chance(uint32_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

bool begin_load(struct round *r)
{
	uint32_t mode = chance(&r->seed, 2) ? LABYRINTH_MODE_RING : LABYRINTH_MODE_DEMAND;
	int err = lab_begin_load(r->load, r->rx, mode);

	if (err)
		return failed(r, "the load did not begin: %s", strerror(-err));
	if (!lab_wait_load(r->rx))
		return failed(r, "a queue brought no data");
	usleep(chance(&r->seed, 30000));
	return true;
}

bool end_load(struct round *r, int err)
{
	int i;

	lab_end_load(r->load);
	for (i = 0; i < LAB_QUEUES; i++) {
		if (r->load[i].err != err)
			return failed(r, "the reader of queue %d got %d, not %d", i, r->load[i].err,
				      err);
		if (!lab_clean(&r->rx[i]))
			return failed(r, "the reader of queue %d got bad data", i);
	}
	return true;
}

/* Lines of the kernel's log, since the last time, in which an IOMMU stopped the device */
static unsigned int faults(void)
{
	unsigned int found = 0;
	char line[1024];
	ssize_t n;

	for (;;) {
		n = read(klog, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return found;
		line[n] = 0;
		if (strstr(line, "DMAR:") && (strstr(line, "fault") || strstr(line, "DMA Read") ||
					      strstr(line, "DMA Write")))
			found++;
	}
}

/* The number of users that the pool's module has while nothing but the driver uses it */
static bool pools_gone(struct round *r, uint64_t users)
{
	uint64_t end = lab_ms() + SETTLE_MS, now = 0;

	while (lab_read_number("/sys/module/labyrinth_pool/refcnt", &now) && now != users) {
		if (lab_ms() > end)
			return failed(r, "the pool's module has %llu users, and had %llu",
				      (unsigned long long)now, (unsigned long long)users);
		usleep(2000);
	}
	return true;
}

static void close_files(struct round *r)
{
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		lab_close(&r->rx[i]);
}

static bool all_well(struct round *r, uint64_t users)
{
	bool late = chance(&r->seed, 2);
	uint64_t errors;
	int err;

	/* the files of the old device are closed before the new one works, or after, by chance */
	if (!late)
		close_files(r);
	if (!lab_wait_device())
		return failed(r, "the device did not come back");
	close_files(r);
	if (!lab_pages_back())
		return failed(r, "pages are out");
	err = lab_good_run(&r->rx[0],
			   chance(&r->seed, 2) ? LABYRINTH_MODE_RING : LABYRINTH_MODE_DEMAND);
	if (err)
		return failed(r, "the run after it ended with %d", err);
	if (!lab_pages_back())
		return failed(r, "pages are out after the run");
	if (!lab_read_number(LAB_SYS "/errors", &errors) || errors)
		return failed(r, "the device refused something");
	return pools_gone(r, users);
}

static bool one_round(const struct kind *kind, struct round *r, struct tally *t, uint64_t users)
{
	const char *pci = lab_pci();
	unsigned int seen;
	bool good;
	int i;

	r->down_us = r->up_us = r->waited_us = 0;
	r->why[0] = 0;
	for (i = 0; i < LAB_QUEUES; i++)
		r->rx[i].fd = -1;
	if (!pci)
		return failed(r, "there is no device");
	snprintf(r->pci, sizeof(r->pci), "%s", pci);
	good = kind->run(r) && all_well(r, users);
	close_files(r);
	seen = faults();
	t->faults += seen;
	if (good && seen)
		return failed(r, "the IOMMU stopped %u accesses", seen);
	if (good && (r->down_us - r->waited_us > lab_patience(LIMIT_US / 1000) * 1000 ||
		     r->up_us > lab_patience(LIMIT_US / 1000) * 1000))
		return failed(r, "it took %llu us, and %llu us to come back",
			      (unsigned long long)r->down_us, (unsigned long long)r->up_us);
	return good;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const struct kind *kind, struct tally *t)
{
	unsigned long long none = 0;
	unsigned int n = t->done;

	qsort(t->down, n, sizeof(*t->down), by_size);
	qsort(t->up, n, sizeof(*t->up), by_size);
	printf("# life kind=%s rounds=%u over=%u faults=%llu down_median_us=%llu down_max_us=%llu "
	       "up_median_us=%llu up_max_us=%llu\n",
	       kind->name, n, t->over, (unsigned long long)t->faults,
	       n ? (unsigned long long)t->down[n / 2] : none,
	       n ? (unsigned long long)t->down[n - 1] : none,
	       n ? (unsigned long long)t->up[n / 2] : none,
	       n ? (unsigned long long)t->up[n - 1] : none);
}

static bool rounds(const struct kind *kind, struct round *r, unsigned int count, uint32_t seed)
{
	struct tally t = { 0 };
	uint64_t users = 0;
	bool good = true;

	t.down = calloc(count, sizeof(*t.down));
	t.up = calloc(count, sizeof(*t.up));
	if (!t.down || !t.up || !lab_read_number("/sys/module/labyrinth_pool/refcnt", &users))
		return false;
	faults();
	while (good && t.done < count) {
		r->seed = (seed * 2654435761u + t.done * 40503u) | 1;
		good = one_round(kind, r, &t, users);
		if (!good) {
			printf("# %s, round %u of seed %u: %s\n", kind->name, t.done + 1, seed,
			       r->why);
			break;
		}
		t.down[t.done] = r->down_us - r->waited_us;
		t.up[t.done] = r->up_us;
		t.over += t.down[t.done] > LIMIT_US || r->up_us > LIMIT_US;
		t.done++;
		if (t.done % 100 == 0) {
			printf("# %s: %u rounds\n", kind->name, t.done);
			fflush(stdout);
		}
	}
	print(kind, &t);
	free(t.down);
	free(t.up);
	return good;
}

static bool wanted(const struct kind *kind, char **names)
{
	bool any = *names;

	for (; *names; names++)
		if (!strcmp(*names, kind->name))
			return true;
	return !any;
}

static bool known(char **names)
{
	size_t i;

	for (; *names; names++) {
		for (i = 0; i < KINDS && strcmp(*names, kinds[i]->name); i++)
			;
		if (i == KINDS) {
			fprintf(stderr, "life: no kind %s; there are: unbind module flr hotplug\n",
				*names);
			return false;
		}
	}
	return true;
}

static bool number(const char *text, unsigned long most, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= most;
}

int main(int argc, char **argv)
{
	static struct round r;
	unsigned int planned = 0, done = 0;
	unsigned long count, seed;
	bool good, bad = false;
	size_t i;

	if (argc < 3 || !number(argv[1], 1000000, &count) || !count ||
	    !number(argv[2], UINT32_MAX, &seed)) {
		fprintf(stderr, "usage: life ROUNDS SEED [unbind|module|flr|hotplug]...\n");
		return 2;
	}
	if (!known(argv + 3))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	klog = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	r.rx = calloc(LAB_QUEUES, sizeof(*r.rx));
	if (klog < 0 || !r.rx) {
		fprintf(stderr, "life: no /dev/kmsg, or no memory\n");
		return 2;
	}
	lseek(klog, 0, SEEK_END);
	for (i = 0; i < KINDS; i++)
		planned += wanted(kinds[i], argv + 3);
	printf("KTAP version 1\n1..%u\n", planned);
	for (i = 0; i < KINDS; i++) {
		if (!wanted(kinds[i], argv + 3))
			continue;
		good = rounds(kinds[i], &r, count, seed);
		printf("%sok %u - %s: %s\n", good ? "" : "not ", ++done, kinds[i]->name,
		       kinds[i]->what);
		bad |= !good;
	}
	return bad;
}
