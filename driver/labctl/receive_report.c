// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl receive - the verdict and the report
 *
 * Contract: device, driver and consumer each counted, and must agree; every page
 * that was produced was delivered or dropped for a reason; every page is back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "counts.h"
#include "labctl.h"
#include "receive.h"

static bool complain(unsigned int queue, bool right, const char *what, uint64_t one, uint64_t other)
{
	if (!right)
		labctl_error("queue %u: %s (%" PRIu64 ", %" PRIu64 ")", queue, what, one, other);
	return right;
}

static bool queue_verdict(const struct receive *run, unsigned int i)
{
	const struct labyrinth_queue_stats *s = &run->stats[i];
	const struct rx *rx = &run->rx[i];
	uint64_t dropped = counts_dropped(s);
	uint64_t tail = s->produced - rx->next_seq;
	unsigned int q = rx->queue;
	bool good = true;

	if (rx->error && rx->error != -ECONNRESET) {
		labctl_io_error("read", rx->error);
		good = false;
	} else if (rx->error) {
		labctl_error("queue %u: the device was reset meanwhile", q);
		good = false;
	}
	good &= complain(q, s->produced == s->delivered + s->discarded + dropped,
			 "produced is not delivered and dropped", s->produced,
			 s->delivered + s->discarded + dropped);
	good &= complain(q, rx->seen.pages == s->delivered,
			 "the driver delivered other than what was read", s->delivered,
			 rx->seen.pages);
	good &= complain(q, rx->seen.bytes == s->delivered_bytes,
			 "the driver delivered other bytes than what was read",
			 s->delivered_bytes, rx->seen.bytes);
	good &= complain(q, rx->seen.gaps + rx->seen.lost + tail == dropped + s->discarded,
			 "gaps in the sequence are not what was dropped",
			 rx->seen.gaps + rx->seen.lost + tail, dropped + s->discarded);
	good &= complain(q, !rx->seen.crc_errors, "pages with a wrong CRC", rx->seen.crc_errors, 0);
	good &= complain(q, !rx->seen.seq_errors, "pages out of order", rx->seen.seq_errors, 0);
	good &= complain(q, !s->invalid, "completions that the driver refused", s->invalid, 0);
	good &= complain(q, !counts_held(s), "pages that did not come back", counts_held(s), 0);
	return good;
}

bool receive_verdict(const struct receive *run)
{
	const struct labyrinth_pool_stats *pool = &run->pool;
	bool good = true;
	unsigned int i;

	for (i = 0; i < run->order->queues; i++)
		good &= queue_verdict(run, i);
	/* Other programs may hold pages of the same pool. */
	if (!run->info.bound && pool->owned[0] != pool->total) {
		labctl_error("the pool has %u pages, but %u free", pool->total, pool->owned[0]);
		good = false;
	}
	return good;
}

static void seen_json(struct json *json, const struct rx_seen *seen)
{
	json_number(json, "received", seen->pages);
	json_number(json, "received_bytes", seen->bytes);
	json_number(json, "seq_gaps", seen->gaps);
	json_number(json, "crc_errors", seen->crc_errors);
	json_number(json, "seq_errors", seen->seq_errors);
}

static void seen_add(struct rx_seen *sum, const struct rx_seen *seen)
{
	sum->pages += seen->pages;
	sum->bytes += seen->bytes;
	sum->gaps += seen->gaps;
	sum->crc_errors += seen->crc_errors;
	sum->seq_errors += seen->seq_errors;
}

static void queues_json(struct json *json, const struct receive *run)
{
	struct labyrinth_queue_stats sum = { 0 };
	struct rx_seen seen = { 0 };
	unsigned int i;

	json_open(json, "queues", '[');
	for (i = 0; i < run->order->queues; i++) {
		json_open(json, NULL, '{');
		json_number(json, "queue", run->rx[i].queue);
		counts_queue_json(json, &run->stats[i]);
		seen_json(json, &run->rx[i].seen);
		json_close(json, '}');
		counts_add(&sum, &run->stats[i]);
		seen_add(&seen, &run->rx[i].seen);
	}
	json_close(json, ']');
	json_open(json, "total", '{');
	counts_queue_json(json, &sum);
	seen_json(json, &seen);
	json_close(json, '}');
}

static void whole_json(struct json *json, const struct receive *run, bool good)
{
	const struct labyrinth_bind *bind = &run->order->bind;

	json_open(json, NULL, '{');
	json_number(json, "schema", 1);
	json_string(json, "device", labctl_device);
	json_string(json, "pci", run->info.pci);
	json_string(json, "policy", labyrinth_io_policy(run->info.policy));
	json_number(json, "vectors", run->info.vectors);
	json_string(json, "mode", bind->mode == LABYRINTH_MODE_RING ? "ring" : "demand");
	json_string(json, "source", bind->source == LABYRINTH_SRC_STREAM ? "stream" : "generator");
	json_number(json, "seed", bind->gen_seed);
	json_seconds(json, "seconds", run->seconds);
	json_bool(json, "interrupted", run->interrupted);
	json_bool(json, "good", good);
	queues_json(json, run);
	json_open(json, "pool", '{');
	counts_pool_json(json, &run->pool);
	json_close(json, '}');
	json_close(json, '}');
	json_end(json);
}

bool receive_report(const struct receive *run, bool good)
{
	struct json json = { 0 };
	struct sink sink;
	char *text = NULL;
	size_t size;
	bool written;

	if (!run->order->json_out)
		return true;
	json.out = open_memstream(&text, &size);
	if (json.out)
		whole_json(&json, run, good);
	if (!json.out || fclose(json.out)) {
		free(text);
		labctl_error("out of memory");
		return false;
	}
	written = sink_open(&sink, run->order->json_out) && sink_write(&sink, text, size);
	if (written)
		written = sink_finish(&sink);
	else
		sink_abandon(&sink);
	free(text);
	return written;
}
