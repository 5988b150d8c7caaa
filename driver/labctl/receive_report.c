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

bool receive_session_good(const struct rx *rx, const struct labyrinth_queue_stats *s)
{
	uint64_t dropped = counts_dropped(s);
	uint64_t tail = s->produced - rx->next_seq;
	unsigned int q = rx->queue;
	bool good = true;

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

static bool queue_verdict(const struct receive *run, unsigned int i)
{
	const struct rx *rx = &run->rx[i];
	bool good = !run->past[i].bad;

	if (rx->error && rx->error != -ECONNRESET) {
		labctl_io_error("read", rx->error);
		good = false;
	} else if (rx->error) {
		labctl_error("queue %u: the device was reset meanwhile", rx->queue);
		good = false;
	}
	return (rx->ended || receive_session_good(rx, &run->stats[i])) && good;
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

static void past_json(struct json *json, const struct receive_past *past)
{
	json_number(json, "sessions", past->sessions);
	json_number(json, "resets", past->resets);
	json_number(json, "gone", past->gone);
	json_number(json, "cut", past->cut);
	json_number(json, "cut_pages", past->cut_pages);
}

static void past_add(struct receive_past *sum, const struct receive_past *past)
{
	sum->sessions += past->sessions;
	sum->resets += past->resets;
	sum->gone += past->gone;
	sum->cut += past->cut;
	sum->cut_pages += past->cut_pages;
	counts_add(&sum->stats, &past->stats);
	seen_add(&sum->seen, &past->seen);
}

static void counted_json(struct json *json, const struct receive_past *all)
{
	counts_queue_json(json, &all->stats);
	seen_json(json, &all->seen);
	past_json(json, all);
}

static void queues_json(struct json *json, const struct receive *run)
{
	struct receive_past sum = { 0 };
	unsigned int i;

	json_open(json, "queues", '[');
	for (i = 0; i < run->order->queues; i++) {
		struct receive_past all = run->past[i];

		if (!run->rx[i].ended) {
			all.sessions++;
			counts_add(&all.stats, &run->stats[i]);
			seen_add(&all.seen, &run->rx[i].seen);
		}
		json_open(json, NULL, '{');
		json_number(json, "queue", run->rx[i].queue);
		counted_json(json, &all);
		json_close(json, '}');
		past_add(&sum, &all);
	}
	json_close(json, ']');
	json_open(json, "total", '{');
	counted_json(json, &sum);
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
