/* SPDX-License-Identifier: GPL-2.0-only */
/* labctl - the counters of a queue and of the pool as JSON, the same in every sub-command */
#ifndef LABCTL_COUNTS_H
#define LABCTL_COUNTS_H

#include "json.h"
#include "labyrinth_io.h"

/* Into the open object: the members of a queue's, and of the pool's. */
void counts_queue_json(struct json *json, const struct labyrinth_queue_stats *stats);
void counts_pool_json(struct json *json, const struct labyrinth_pool_stats *stats);

void counts_add(struct labyrinth_queue_stats *sum, const struct labyrinth_queue_stats *stats);
uint64_t counts_dropped(const struct labyrinth_queue_stats *stats);
/* Pages that somebody still holds */
uint64_t counts_held(const struct labyrinth_queue_stats *stats);

#endif /* LABCTL_COUNTS_H */
