/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: mazes for the solver, from the ring to the firmware
 *
 * Contract: pieces are read in order, each once, at most LABYRINTH_TICK_PIECES
 * a queue and engine run, and only when the firmware has room: what it cannot
 * take yet stays in the guest's ring.  A descriptor that is wrong is refused,
 * and a piece that the bus refuses is an error; either is the result of its
 * job, whose other pieces are skipped unread.  No address is kept: when JQ_HEAD
 * has passed a piece, its memory is the host's.
 */
#include "qemu/osdep.h"
#include "device.h"

static bool piece_ok(uint64_t addr, uint32_t length, uint32_t flags)
{
    return length >= 1 && length <= LABYRINTH_PAGE_SIZE &&
           !(flags & ~LABYRINTH_JOB_LAST) && addr <= UINT64_MAX - length;
}

/* The firmware has room for it. */
static void take(LabyrinthState *s, unsigned qi, uint64_t addr,
                 uint32_t length, uint32_t flags, uint64_t now)
{
    uint8_t piece[LABYRINTH_PAGE_SIZE];

    if (s->fw.jobs[qi].skip) {
        return;
    }
    if (!piece_ok(addr, length, flags)) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_DESC,
                         "piece %" PRIu32 " of queue %u: address 0x%" PRIx64
                         " length %" PRIu32 " flags 0x%" PRIx32,
                         s->queue[qi].jq_head, qi, addr, length, flags);
        lf_job_fail(s, qi, LABYRINTH_SOLVE_BAD_DESC, now);
    } else if (!labyrinth_dma(s, false, addr, piece, length)) {
        labyrinth_error(s, qi, LABYRINTH_ERR_DMA);
        lf_job_fail(s, qi, LABYRINTH_SOLVE_DMA, now);
    } else {
        lf_job_push(s, qi, piece, length, now);
    }
}

/* The next piece of the ring; false: not now. */
static bool next_piece(LabyrinthState *s, unsigned qi, uint64_t now)
{
    LabyrinthQueue *q = &s->queue[qi];
    struct labyrinth_job_desc desc;
    uint32_t slot = q->jq_head & (q->jq_size - 1);
    uint32_t cookie, length, flags;
    uint64_t addr;

    if (!labyrinth_dma(s, false, q->jq_base + slot * sizeof(desc), &desc,
                       sizeof(desc))) {
        labyrinth_halt(s, qi);
        return false;
    }
    addr = le64_to_cpu(desc.addr);
    cookie = le32_to_cpu(desc.cookie);
    length = le16_to_cpu(desc.length);
    flags = le16_to_cpu(desc.flags);
    if (s->fw.jobs[qi].open && cookie != q->job_cookie) {
        lf_job_end(s, qi, now);
    }
    if (!s->fw.jobs[qi].open) {
        if (!lf_job_begin(s, qi, cookie, now)) {
            return false;
        }
        q->job_cookie = cookie;
    }
    if (!labyrinth_fw_job_room(&s->fw, qi)) {
        return false;
    }
    LABYRINTH_TRACE(PIECE, piece, qi, q->jq_head, addr, cookie, length, flags);
    take(s, qi, addr, length, flags, now);
    q->jq_head++;
    if (flags & LABYRINTH_JOB_LAST) {
        lf_job_end(s, qi, now);
    }
    return true;
}

static bool solves(const LabyrinthQueue *q)
{
    return q->state == LABYRINTH_STATE_RUNNING &&
           labyrinth_source(q) == LABYRINTH_SOURCE_SOLVE;
}

/* Reading the ring again and again would be no use. */
static bool can_go_on(LabyrinthState *s, unsigned qi)
{
    const LabyrinthQueue *q = &s->queue[qi];

    return solves(q) && q->jq_head != q->jq_tail &&
           (labyrinth_fw_job_room(&s->fw, qi) ||
            labyrinth_fw_job_ready(&s->fw, qi));
}

void labyrinth_jobs_run(LabyrinthState *s, unsigned qi, uint64_t now)
{
    const LabyrinthQueue *q = &s->queue[qi];
    const struct labyrinth_fw_jobs *jobs = &s->fw.jobs[qi];
    uint64_t begun = jobs->begun;
    unsigned left = LABYRINTH_TICK_PIECES;

    while (left && solves(q) && q->jq_head != q->jq_tail &&
           next_piece(s, qi, now)) {
        left--;
    }
    if (jobs->begun != begun) {
        LABYRINTH_TRACE(JOB, job, qi, jobs->begun, jobs->answered,
                        s->fw.job.phase);
    }
}

bool labyrinth_jobs_wait(LabyrinthState *s)
{
    uint32_t waiting = labyrinth_fw_waiting(&s->fw);

    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        if (can_go_on(s, qi) ||
            ((waiting & 1u << qi) && solves(&s->queue[qi]))) {
            return true;
        }
    }
    return false;
}
