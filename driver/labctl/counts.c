// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - the counters of a queue and of the pool
 */
#include <stddef.h>

#include "counts.h"

/* The plain counters, in the order in which they are shown */
static const struct {
	const char *name;
	size_t offset;
} plain[] = {
#define FIELD(name) { #name, offsetof(struct labyrinth_queue_stats, name) }
	FIELD(produced),    FIELD(completed),	      FIELD(completions), FIELD(delivered),
	FIELD(delivered_bytes), FIELD(discarded),     FIELD(failed),	  FIELD(invalid),
	FIELD(irqs),	    FIELD(device_irqs),	      FIELD(requests),	  FIELD(refused),
	FIELD(denied),	    FIELD(late_grants),	      FIELD(rescued),	  FIELD(stuck),
	FIELD(corrupt),	    FIELD(injected),
#undef FIELD
};

#define PLAIN (sizeof(plain) / sizeof(plain[0]))

static uint64_t plain_value(const struct labyrinth_queue_stats *stats, size_t i)
{
	return *(const __u64 *)((const char *)stats + plain[i].offset);
}

void counts_queue_json(struct json *json, const struct labyrinth_queue_stats *stats)
{
	unsigned int i;

	for (i = 0; i < PLAIN; i++)
		json_number(json, plain[i].name, plain_value(stats, i));

	json_open(json, "dropped", '{');
	for (i = 0; i < LABYRINTH_DROPS; i++)
		json_number(json, labyrinth_io_drop(i), stats->dropped[i]);
	json_close(json, '}');

	json_open(json, "isr_allocs", '{');
	for (i = 0; i < LABYRINTH_ROUTES - 1; i++)	/* the last is alloc_fail */
		json_number(json, labyrinth_io_route(i), stats->isr_allocs[i]);
	json_number(json, "other", stats->isr_other);
	json_close(json, '}');
	json_number(json, "alloc_fail", stats->isr_allocs[LABYRINTH_ROUTES - 1]);

	json_open(json, "isr_contexts", '{');
	for (i = 0; i < LABYRINTH_CONTEXTS; i++)
		json_number(json, labyrinth_io_context(i), stats->isr_contexts[i]);
	json_close(json, '}');

	json_open(json, "pages", '{');
	for (i = 1; i < LABYRINTH_OWNERS; i++)
		json_number(json, labyrinth_io_owner(i), stats->pages[i]);
	json_close(json, '}');
}

void counts_pool_json(struct json *json, const struct labyrinth_pool_stats *stats)
{
	unsigned int i;

	json_number(json, "limit", stats->limit);
	json_number(json, "total", stats->total);
	json_open(json, "owned", '{');
	for (i = 0; i < LABYRINTH_OWNERS; i++)
		json_number(json, labyrinth_io_owner(i), stats->owned[i]);
	json_close(json, '}');
	json_open(json, "allocs", '{');
	for (i = 0; i < LABYRINTH_ROUTES; i++)
		json_number(json, labyrinth_io_route(i), stats->allocs[i]);
	json_close(json, '}');
	json_open(json, "contexts", '{');
	for (i = 0; i < LABYRINTH_CONTEXTS; i++)
		json_number(json, labyrinth_io_context(i), stats->contexts[i]);
	json_close(json, '}');
	json_number(json, "frees", stats->frees);
	json_number(json, "refused", stats->refused);
	json_number(json, "late", stats->late);
	json_number(json, "refills", stats->refills);
	json_number(json, "shrunk", stats->shrunk);
}

void counts_add(struct labyrinth_queue_stats *sum, const struct labyrinth_queue_stats *stats)
{
	unsigned int i;

	for (i = 0; i < PLAIN; i++)
		*(__u64 *)((char *)sum + plain[i].offset) += plain_value(stats, i);
	for (i = 0; i < LABYRINTH_DROPS; i++)
		sum->dropped[i] += stats->dropped[i];
	for (i = 0; i < LABYRINTH_ROUTES; i++)
		sum->isr_allocs[i] += stats->isr_allocs[i];
	sum->isr_other += stats->isr_other;
	for (i = 0; i < LABYRINTH_CONTEXTS; i++)
		sum->isr_contexts[i] += stats->isr_contexts[i];
	for (i = 0; i < LABYRINTH_OWNERS; i++)
		sum->pages[i] += stats->pages[i];
}

uint64_t counts_dropped(const struct labyrinth_queue_stats *stats)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < LABYRINTH_DROPS; i++)
		sum += stats->dropped[i];
	return sum;
}

uint64_t counts_held(const struct labyrinth_queue_stats *stats)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 1; i < LABYRINTH_OWNERS; i++)
		sum += stats->pages[i];
	return sum;
}
