/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict, as TAP, and the line that the launcher reads
 */
#include <inttypes.h>
#include <rte_version.h>
#include <string.h>

#include "app.h"
#include "../compare/meter.h"

struct sums {
	uint64_t pages, bytes, gaps, bad, drops, irqs, reads, writes, most_out, gets, misses, garbage;
};

static uint64_t dropped(const struct queue *q)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < LABYRINTH_DROP_REASONS; i++)
		all += q->device.dropped[i];
	return all;
}

static struct sums sum(const struct pass *pass, unsigned int queues)
{
	struct sums s = { 0 };
	unsigned int i;

	for (i = 0; i < queues; i++) {
		const struct queue *q = &pass->queue[i];
		const struct seen *seen = &pass->seen[i];

		s.pages += seen->pages;
		s.bytes += seen->bytes;
		s.gaps += seen->gaps;
		s.bad += seen->bad_crc + seen->bad_seq;
		s.drops += dropped(q);
		s.irqs += q->device.irqs;
		s.reads += q->reads;
		s.writes += q->writes;
		s.most_out += q->most_out;
		s.gets += q->gets;
		s.misses += q->misses;
		s.garbage += q->garbage + q->device.refused;
	}
	return s;
}

/* produced = delivered + dropped, for device and driver alike, and nothing that makes no sense */
static bool queue_right(const struct queue *q, const struct seen *seen)
{
	const struct queue_device *d = &q->device;
	uint64_t drops = dropped(q);
	bool counted = d->produced == seen->count && d->delivered == seen->pages && d->bytes == seen->bytes &&
		       d->produced == seen->pages + drops && q->ended && q->ended_at == d->produced;
	/* pages that were dropped behind the last that came leave no gap */
	bool gaps = seen->gaps + (seen->count - seen->next_seq) == drops;

	return counted && gaps && !seen->bad_crc && !seen->bad_seq && !q->garbage && !d->refused &&
	       q->lost == d->dropped[LABYRINTH_DROP_DMA];
}

static void print_queue(const struct pass *pass, unsigned int i, bool right)
{
	const struct queue *q = &pass->queue[i];
	const struct seen *seen = &pass->seen[i];

	printf("# queue %u: device: produced %" PRIu64 " delivered %" PRIu64 " dropped %" PRIu64 " bytes %" PRIu64
	       " irqs %" PRIu64 " refused %" PRIu64 "\n", i, q->device.produced, q->device.delivered, dropped(q),
	       q->device.bytes, q->device.irqs, q->device.refused);
	printf("# queue %u: driver: pages %" PRIu64 " bytes %" PRIu64 " gaps %" PRIu64 " bad-crc %" PRIu64
	       " bad-sequence %" PRIu64 " garbage %" PRIu64 " lost %" PRIu64 " ended %d most-out %u reads %" PRIu64
	       " writes %" PRIu64 "\n", i, seen->pages, seen->bytes, seen->gaps, seen->bad_crc, seen->bad_seq,
	       q->garbage, q->lost, q->ended, q->most_out, q->reads, q->writes);
	printf("%sok %u - queue %u: produced = delivered + dropped, each page as the device made it\n",
	       right ? "" : "not ", i + 1, i);
}

static const char *sizes(const struct queue_config *c)
{
	if (c->size_min == 1 && c->size_max == LABYRINTH_PAGE_SIZE)
		return "mixed";
	return c->size_min != c->size_max ? "other" : c->size_max == LABYRINTH_PAGE_SIZE ? "4096" :
	       c->size_max == 64 ? "64" : "other";
}

static void print_compare(const struct order *order, const struct pass *pass, const struct sums *s)
{
	const struct queue_config *c = &order->config;
	const struct rte_mempool_ops *ops = rte_mempool_get_ops(pass->pool->ops_index);
	uint64_t hashes[LABYRINTH_MAX_QUEUES];
	unsigned int i;

	for (i = 0; i < order->queues; i++)
		hashes[i] = pass->seen[i].hash;
	printf("# compare {\"driver\":\"dpdk-%s\",\"allocator\":\"%s\",\"mode\":\"%s\",\"queues\":%u,\"sizes\":\"%s\","
	       "\"size_min\":%u,\"size_max\":%u,", c->interrupts ? "intr" : "poll", ops->name,
	       c->demand ? "demand" : "ring", order->queues, sizes(c), c->size_min, c->size_max);
	printf("\"check\":\"%s\",\"seed\":%" PRIu64 ",\"period_ns\":%u,\"burst\":%u,\"depth\":%u,\"mod_packets\":%u,"
	       "\"mod_usec\":%u,\"cache\":%u,\"buffers\":%u,\"lcores\":%u,\"dpdk\":\"%s\",", order->crc ? "crc" : "none",
	       c->seed, pass->period, c->burst, c->depth, c->mod_packets, c->mod_usec, pass->pool->cache_size,
	       pass->pool->size, pass->lcores, rte_version());
	printf("\"pages\":%" PRIu64 ",\"counted\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"sequence_hash\":\"%016" PRIx64
	       "\",\"wrong\":%" PRIu64 ",\"drops\":%" PRIu64 ",\"interrupts\":%" PRIu64 ",\"mmio_reads\":%" PRIu64
	       ",\"mmio_writes\":%" PRIu64 ",", s->pages, pass->one ? pass->counted : s->pages, s->bytes,
	       meter_hash_all(hashes, order->queues), s->bad + s->garbage, s->drops, s->irqs, s->reads, s->writes);
	printf("\"gets\":%" PRIu64 ",\"fails\":%" PRIu64 ",\"most_out\":%" PRIu64 ",\"begin_ns\":%" PRIu64
	       ",\"virtual_ns\":%" PRIu64 ",\"latency_ns\":", s->gets, s->misses, s->most_out, pass->begin,
	       pass->end - pass->begin);
	meter_print_spread(stdout, pass->delay, pass->delay ? pass->counted : 0);
	fputs("}\n", stdout);
}

bool report(const struct order *order, const struct pass *pass)
{
	struct sums s = sum(pass, order->queues);
	uint32_t missing = pass->pool->size - rte_mempool_avail_count(pass->pool);
	bool good = !missing && !pmd.errors;
	unsigned int i;

	if (!order->no_tap)
		printf("TAP version 13\n1..%u\n", order->queues + 2);
	for (i = 0; i < order->queues; i++) {
		bool right = queue_right(&pass->queue[i], &pass->seen[i]);

		if (!order->no_tap)
			print_queue(pass, i, right);
		good &= right;
	}
	if (!order->no_tap) {
		printf("%sok %u - all buffers are back in the pool (%u are not)\n", missing ? "not " : "", i + 1,
		       missing);
		printf("%sok %u - the device reported no error (%" PRIu64 ")\n", pmd.errors ? "not " : "", i + 2,
		       pmd.errors);
	}
	if (!good && order->no_tap)
		fprintf(stderr, "labyrinth-dpdk: the pages are not as they should be; without --no-tap it says more\n");
	print_compare(order, pass, &s);
	return good;
}
