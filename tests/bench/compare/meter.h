/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each program of the comparison counts by, so that all count the same
 *
 * Contract: plain C without a library of ours, for the receiver on the driver's user API and for the DPDK
 * application alike.  Under instruction counting the time stamp counter is the device's time in nanoseconds.
 * The marks go to QEMU's labyrinth-meter, which logs the instructions that were executed until then.
 */
#ifndef COMPARE_METER_H
#define COMPARE_METER_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>

#define METER_PORT	0x1ab0
#define METER_BEGIN	1	/* the pages from here on are counted ... */
#define METER_END	2	/* ... to here */

#define METER_HASH	UINT64_C(0xcbf29ce484222325)
#define METER_CURVE	200	/* most points of a printed distribution */

/* Before the first mark; 0 or a negative errno */
static inline int meter_open(void)
{
	return ioperm(METER_PORT, 4, 1) ? -errno : 0;
}

static inline void meter_mark(unsigned int mark)
{
	outl(mark, METER_PORT);
}

static inline uint64_t meter_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* FNV-1a, a word at a time; one hash a queue, which starts as METER_HASH */
static inline uint64_t meter_hash(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * UINT64_C(0x100000001b3);
}

static inline uint64_t meter_hash_page(uint64_t hash, uint32_t queue, uint64_t seq, uint32_t length,
				       uint32_t crc32c)
{
	hash = meter_hash(hash, queue);
	hash = meter_hash(hash, seq);
	return meter_hash(hash, (uint64_t)length << 32 | crc32c);
}

/* The request-sequence hash: of the queues' hashes, in the order of their numbers */
static inline uint64_t meter_hash_all(const uint64_t *hashes, unsigned int queues)
{
	uint64_t hash = METER_HASH;
	unsigned int i;

	for (i = 0; i < queues; i++)
		hash = meter_hash(hash, hashes[i]);
	return hash;
}

static inline int meter_compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? -1 : a > b;
}

/*
 * {"p50":N,...,"cdf":[[value,fraction],...]} of @n samples, which are sorted; null of none.  The curve
 * is dense in its tail: each point leaves out a twentieth less of what is above than the one before.
 */
static inline void meter_print_spread(FILE *out, uint64_t *samples, size_t n)
{
	size_t at = 0, left;
	int points;

	if (!n) {
		fputs("null", out);
		return;
	}
	qsort(samples, n, sizeof(*samples), meter_compare);
	fprintf(out, "{\"p50\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 ",\"cdf\":[",
		samples[n / 2], samples[n - 1 - n / 100], samples[n - 1 - n / 1000], samples[n - 1]);
	for (points = 0; points < METER_CURVE && at < n; points++) {
		fprintf(out, "%s[%" PRIu64 ",%.6f]", points ? "," : "", samples[at], (at + 1) / (double)n);
		left = n - 1 - at;
		if (!left)
			break;
		at += left / 20 ? left / 20 : 1;
	}
	fputs("]}", out);
}

#endif /* COMPARE_METER_H */
