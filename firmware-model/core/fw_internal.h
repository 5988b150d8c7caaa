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

/* @q runs and has jobs for the solver. */
static inline bool lfw_solves(const struct labyrinth_fw *fw, uint32_t q)
{
	return fw->queue[q].running &&
	       fw->queue[q].cfg.source == LABYRINTH_SOURCE_SOLVE;
}

/* The solver has a job, and it is one of @q. */
static inline bool lfw_job_of(const struct labyrinth_fw *fw, uint32_t q)
{
	return fw->job.phase != LABYRINTH_FW_IDLE && fw->job.queue == q;
}

/* Walls, trail, path: the two bits of cell or step @i, in the byte that has them */
static inline uint32_t lfw_pair(const uint8_t *byte, uint32_t i)
{
	return (uint32_t)*byte >> i % 4 * 2 & 3;
}

/* share.c: who may have a staging page */
bool lfw_may_take(const struct labyrinth_fw *fw, uint32_t q);
int lfw_take(struct labyrinth_fw *fw, uint32_t q);
void lfw_release(struct labyrinth_fw *fw, int page);
/* ... one more for the solver's job; false: it stands in line */
bool lfw_may_work(const struct labyrinth_fw *fw);
bool lfw_take_work(struct labyrinth_fw *fw);

/* job.c: the solver's side of poll, stop and valid */
uint64_t lfw_job_poll(struct labyrinth_fw *fw, uint32_t q, uint64_t now);
void lfw_job_halt(struct labyrinth_fw *fw, uint32_t q);
bool lfw_job_waiting(const struct labyrinth_fw *fw);
bool lfw_job_valid(const struct labyrinth_fw *fw, uint32_t *seen);
/* The job is done: its result is staged, the solver is free. */
void lfw_job_answer(struct labyrinth_fw *fw, enum labyrinth_solve_status status,
		    uint64_t now);

/* solve.c: the search; both answer the job when they come to its end */
uint32_t lfw_solve_pages(uint32_t cells);
void lfw_solve_begin(struct labyrinth_fw *fw);
void lfw_solve_run(struct labyrinth_fw *fw, uint64_t now);

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
