// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a pass saw, as the line that the launcher reads
 */
#include <stdio.h>
#include <string.h>

#include "meter.h"
#include "receive.h"

static void timeline(const struct pass *pass)
{
	unsigned int i, r;

	for (i = 0; i < pass->looks; i++) {
		const struct look *look = &pass->look[i];

		/* The first ones are before the mark. */
		printf("%s[%" PRId64 ",%u,{", i ? "," : "", (int64_t)(look->when - pass->begin), look->free);
		for (r = 0; r < LABYRINTH_ROUTES; r++)
			printf("%s\"%s\":%llu", r ? "," : "", labyrinth_io_route(r),
			       (unsigned long long)look->allocs[r]);
		fputs("}]", stdout);
	}
}

void report(const struct order *order, struct pass *pass)
{
	const struct labyrinth_bind *bind = &order->bind;

	printf("# compare {\"driver\":\"kernel\",\"mode\":\"%s\",\"queues\":%u,\"size_min\":%u,\"size_max\":%u,",
	       bind->mode == LABYRINTH_MODE_RING ? "ring" : "demand", order->queues, bind->gen_min, bind->gen_max);
	printf("\"check\":\"%s\",\"seed\":%llu,\"period_ns\":%u,\"depth\":%u,\"mod_packets\":%u,\"mod_usec\":%u,",
	       order->crc ? "crc" : "none", (unsigned long long)bind->gen_seed, bind->gen_period, pass->depth,
	       bind->mod_packets, bind->mod_usec);
	printf("\"pages\":%" PRIu64 ",\"counted\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"sequence_hash\":\"%016" PRIx64
	       "\",\"wrong\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"drops\":%" PRIu64 ",\"interrupts\":%" PRIu64 ",\"reads\":%" PRIu64 ",",
	       pass->pages, pass->counted, pass->bytes, pass->hash, pass->wrong, pass->lost, pass->drops, pass->interrupts,
	       pass->reads);
	printf("\"virtual_ns\":%" PRIu64 ",\"timeline\":[", pass->end - pass->begin);
	timeline(pass);
	fputs("],\"latency_ns\":", stdout);
	meter_print_spread(stdout, pass->delay, pass->counted);
	fputs("}\n", stdout);
}
