/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the firmware core share, and nobody else uses.
 * A staging page is named by its index in labyrinth_fw.page everywhere inside.
 */
#ifndef LABYRINTH_FW_INTERNAL_H
#define LABYRINTH_FW_INTERNAL_H

#include "labyrinth_fw.h"

/* A freestanding compiler brings no <string.h>, yet may call these itself. */
void *memset(void *s, int c, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

/* @q runs and takes its data from the stream. */
static inline bool lfw_streams(const struct labyrinth_fw *fw, uint32_t q)
{
	return fw->queue[q].running &&
	       fw->queue[q].cfg.source == LABYRINTH_SOURCE_STREAM;
}

/* @q runs on a generator that has pages left to produce. */
static inline bool lfw_generates(const struct labyrinth_fw *fw, uint32_t q)
{
	const struct labyrinth_fw_queue *queue = &fw->queue[q];

	return queue->running &&
	       queue->cfg.source == LABYRINTH_SOURCE_GENERATOR &&
	       (!queue->cfg.gen_count || queue->gen_left);
}

/* share.c: who may have a staging page */
bool lfw_may_take(const struct labyrinth_fw *fw, uint32_t q);
int lfw_take(struct labyrinth_fw *fw, uint32_t q);
void lfw_release(struct labyrinth_fw *fw, int page);

/* sched.c: what start takes; number a whole page and put it into its queue */
bool lfw_config_ok(const struct labyrinth_fw *fw, uint32_t q,
		   const struct labyrinth_fw_config *cfg);
void lfw_stage(struct labyrinth_fw *fw, int page);

/* request.c: ask the host for a buffer */
void lfw_ask(struct labyrinth_fw *fw, int page);
uint64_t lfw_ask_again(struct labyrinth_fw *fw, uint32_t q, uint64_t now);

/* stream.c: the stream's side of a queue's start and stop */
void lfw_stream_resume(struct labyrinth_fw *fw, uint32_t q);
void lfw_stream_halt(struct labyrinth_fw *fw, uint32_t q);
bool lfw_stream_eos(struct labyrinth_fw *fw, uint32_t q);
bool lfw_stream_waiting(const struct labyrinth_fw *fw);

#endif /* LABYRINTH_FW_INTERNAL_H */
