/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lane whose queue solves mazes: its jobs in guest memory, and what comes of
 * them
 */
#ifndef LABYRINTH_QTEST_JOB_LANE_H
#define LABYRINTH_QTEST_JOB_LANE_H

#include "bed.h"

#define JOB_RING(q)     (BED_PQ(q) + 0x10000ull)
/* Room for a job each, by its cookie */
#define JOB_AT(i)       BED_BUFFER(2048 + 4 * (i))

typedef struct JobLane {
    Lane lane;
    uint32_t size;              /* of the job ring */
    uint32_t tail;
    unsigned buffer;            /* that the next result comes into */
} JobLane;

typedef struct JobResult {
    uint32_t status, cookie, steps, visited, size, pages;
    uint8_t bytes[2 * LABYRINTH_PAGE_SIZE];
} JobResult;

/* Started, with 32 buffers posted in ring mode; @size of the job ring */
void job_lane_start(JobLane *job, Bed *bed, unsigned q, uint32_t mode,
                    uint32_t size);
/* An open maze of so many cells, from corner to corner; its bytes */
uint32_t job_put(Bed *bed, uint64_t addr, uint32_t width, uint32_t height);
/* A descriptor; job_bell() tells of it. */
void job_desc(JobLane *job, uint64_t addr, uint32_t cookie, uint32_t length,
              uint32_t flags);
void job_bell(JobLane *job);
/* All of a maze in as few pieces as there can be, and the bell */
void job_ask(JobLane *job, uint32_t cookie, uint32_t width, uint32_t height);
/* The next result; it must be there, or come when the device runs. */
JobResult job_result(JobLane *job);
/* It is this, and has no path. */
void job_expect(JobLane *job, uint32_t cookie, uint32_t status);
void job_expect_solved(JobLane *job, uint32_t cookie, uint32_t width,
                       uint32_t height);
/* Each job that was begun is answered, and nothing is left. */
void job_check_accounts(JobLane *job, uint64_t jobs);

#endif /* LABYRINTH_QTEST_JOB_LANE_H */
