/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: migration and snapshots of the solver
 *
 * Contract: as vmstate.c, in a subsection that is there only if the solver was
 * ever asked for something since the reset: so a state from before there was
 * one can be loaded, and one that has no use of it loads there too.  The walls
 * and the search are in staging pages, which are saved with the others.
 */
#include "qemu/osdep.h"
#include "device.h"

#define FIELDS LABYRINTH_VMSTATE_CONST VMStateField[]

static const VMStateDescription vmstate_fw_jobs = {
    .name = "labyrinth/fw-jobs",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(begun, struct labyrinth_fw_jobs),
        VMSTATE_UINT64(answered, struct labyrinth_fw_jobs),
        VMSTATE_BOOL(open, struct labyrinth_fw_jobs),
        VMSTATE_BOOL(skip, struct labyrinth_fw_jobs),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_fw_job = {
    .name = "labyrinth/fw-job",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(deadline, struct labyrinth_fw_job),
        VMSTATE_UINT32(cookie, struct labyrinth_fw_job),
        VMSTATE_UINT32(ticket, struct labyrinth_fw_job),
        VMSTATE_UINT32(got, struct labyrinth_fw_job),
        VMSTATE_UINT32(size, struct labyrinth_fw_job),
        VMSTATE_UINT32(visited, struct labyrinth_fw_job),
        VMSTATE_UINT32(level, struct labyrinth_fw_job),
        VMSTATE_UINT32(steps, struct labyrinth_fw_job),
        VMSTATE_UINT32(traced, struct labyrinth_fw_job),
        VMSTATE_UINT32(work, struct labyrinth_fw_job),
        VMSTATE_UINT32(waits, struct labyrinth_fw_job),
        VMSTATE_UINT32_2DARRAY(summary, struct labyrinth_fw_job, 2,
                               LABYRINTH_FW_SUMMARY),
        VMSTATE_UINT16(width, struct labyrinth_fw_job),
        VMSTATE_UINT16(height, struct labyrinth_fw_job),
        VMSTATE_UINT16(start, struct labyrinth_fw_job),
        VMSTATE_UINT16(goal, struct labyrinth_fw_job),
        VMSTATE_UINT16(at, struct labyrinth_fw_job),
        VMSTATE_UINT8(phase, struct labyrinth_fw_job),
        VMSTATE_UINT8(queue, struct labyrinth_fw_job),
        VMSTATE_UINT8(result, struct labyrinth_fw_job),
        VMSTATE_UINT8(nr_pages, struct labyrinth_fw_job),
        VMSTATE_UINT8_ARRAY(pages, struct labyrinth_fw_job,
                            LABYRINTH_FW_WORK_PAGES),
        VMSTATE_UINT8_ARRAY(header, struct labyrinth_fw_job,
                            LABYRINTH_MAZE_HEADER),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_job_ring = {
    .name = "labyrinth/job-ring",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(jq_base, LabyrinthQueue),
        VMSTATE_UINT32(jq_size, LabyrinthQueue),
        VMSTATE_UINT32(jq_head, LabyrinthQueue),
        VMSTATE_UINT32(jq_tail, LabyrinthQueue),
        VMSTATE_UINT32(job_cookie, LabyrinthQueue),
        VMSTATE_END_OF_LIST()
    },
};

static bool jobs_needed(void *opaque)
{
    LabyrinthState *s = opaque;

    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        const LabyrinthQueue *q = &s->queue[qi];

        /* A queue that solves has a ring, and what else there is came by one */
        if (q->jq_base || q->jq_size || s->fw.jobs[qi].begun) {
            return true;
        }
    }
    return s->fw.job.queue;
}

static int jobs_post_load(void *opaque, int version_id)
{
    LabyrinthState *s = opaque;

    s->jobs_loaded = true;
    return 0;
}

const VMStateDescription vmstate_labyrinth_jobs = {
    .name = "labyrinth/jobs",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = jobs_needed,
    .post_load = jobs_post_load,
    .fields = (FIELDS) {
        VMSTATE_STRUCT_ARRAY(fw.jobs, LabyrinthState, LABYRINTH_MAX_QUEUES, 1,
                             vmstate_fw_jobs, struct labyrinth_fw_jobs),
        VMSTATE_STRUCT(fw.job, LabyrinthState, 1, vmstate_fw_job,
                       struct labyrinth_fw_job),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(queue, LabyrinthState, nr_queues,
                                             vmstate_job_ring, LabyrinthQueue),
        VMSTATE_END_OF_LIST()
    },
};

/* A stream without jobs does not name them: nothing is left of those before. */
static void forget_jobs(LabyrinthState *s)
{
    memset(s->fw.jobs, 0, sizeof(s->fw.jobs));
    memset(&s->fw.job, 0, sizeof(s->fw.job));
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        LabyrinthQueue *q = &s->queue[qi];

        q->jq_base = 0;
        q->jq_size = 0;
        q->jq_head = 0;
        q->jq_tail = 0;
        q->job_cookie = 0;
    }
}

const char *labyrinth_jobs_fault(LabyrinthState *s)
{
    if (!s->jobs_loaded) {
        forget_jobs(s);
    }
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        const LabyrinthQueue *q = &s->queue[qi];

        /* Its size is what START takes, as of each running queue */
        if (q->state != LABYRINTH_STATE_IDLE &&
            labyrinth_source(q) == LABYRINTH_SOURCE_SOLVE &&
            q->jq_tail - q->jq_head > q->jq_size) {
            return "job ring";
        }
    }
    return NULL;
}
