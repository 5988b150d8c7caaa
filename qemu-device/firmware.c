/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the firmware core's calls that change anything
 *
 * Contract: made in this process, or by a firmware in another one if there is
 * such a property; the caller sees no difference, but that a firmware which is
 * not there does nothing.  What it had accepted before it failed is seen to its
 * end on the copy of its state, so that the queue's account is right.  Calls
 * that change nothing need not come here: s->fw is always up to date.
 */
#include "qemu/osdep.h"
#include "cosim.h"

/* What the firmware answers, @otherwise if it does not */
static uint64_t ask(LabyrinthState *s, struct labyrinth_link_call call,
                    uint64_t otherwise)
{
    uint64_t value;

    return labyrinth_cosim_call(s, &call, &value) ? value : otherwise;
}

static bool told(LabyrinthState *s, struct labyrinth_link_call call)
{
    uint64_t value;

    return labyrinth_cosim_call(s, &call, &value);
}

#define CALL(name, ...) ((struct labyrinth_link_call) {                     \
        .op = LABYRINTH_LINK_##name, ##__VA_ARGS__ })

void lf_reset(LabyrinthState *s)
{
    labyrinth_fw_reset(&s->fw);
    if (s->cosim) {
        labyrinth_cosim_restart(s);
    }
}

int lf_start(LabyrinthState *s, unsigned qi,
             const struct labyrinth_fw_config *cfg, bool clear, uint64_t now)
{
    if (!s->cosim) {
        return labyrinth_fw_start(&s->fw, qi, cfg, clear, now);
    }
    return ask(s, CALL(START, .queue = qi, .cfg = *cfg, .a = clear, .now = now),
               -LABYRINTH_ERR_BAD_CONFIG);
}

void lf_stop(LabyrinthState *s, unsigned qi)
{
    bool heard = s->cosim && told(s, CALL(STOP, .queue = qi));

    if (!heard) {
        labyrinth_fw_stop(&s->fw, qi);
    }
}

bool lf_stream_deal(LabyrinthState *s, uint32_t n)
{
    return s->cosim ? ask(s, CALL(DEAL, .a = n), false)
                    : labyrinth_fw_stream_deal(&s->fw, n);
}

size_t lf_stream_room(LabyrinthState *s)
{
    return s->cosim ? ask(s, CALL(ROOM), 0) : labyrinth_fw_stream_room(&s->fw);
}

size_t lf_stream_push(LabyrinthState *s, const uint8_t *data, size_t n,
                      uint64_t now)
{
    if (!s->cosim) {
        return labyrinth_fw_stream_push(&s->fw, data, n, now);
    }
    n = MIN(n, LABYRINTH_PAGE_SIZE);
    memcpy(labyrinth_cosim_bytes(s), data, n);
    return ask(s, CALL(PUSH, .a = n, .now = now), 0);
}

void lf_stream_flush(LabyrinthState *s, uint64_t now)
{
    if (!s->cosim) {
        labyrinth_fw_stream_flush(&s->fw, now);
    } else {
        told(s, CALL(FLUSH, .now = now));
    }
}

/* A firmware that is not there hears of it from labyrinth_source_reset(). */
void lf_stream_end(LabyrinthState *s, uint64_t now)
{
    if (!s->cosim) {
        labyrinth_fw_stream_end(&s->fw, now);
    } else {
        told(s, CALL(END, .now = now));
    }
}

void lf_stream_begin(LabyrinthState *s)
{
    if (!s->cosim) {
        labyrinth_fw_stream_begin(&s->fw);
    } else {
        told(s, CALL(BEGIN));
    }
}

uint64_t lf_poll(LabyrinthState *s, unsigned qi, uint64_t now)
{
    return s->cosim ? ask(s, CALL(POLL, .queue = qi, .now = now),
                          LABYRINTH_NEVER)
                    : labyrinth_fw_poll(&s->fw, qi, now);
}

void lf_timeout(LabyrinthState *s, unsigned qi, uint32_t us)
{
    if (!s->cosim) {
        s->fw.queue[qi].req_timeout_us = us;
    } else {
        told(s, CALL(TIMEOUT, .queue = qi, .a = us));
    }
}

int lf_grant(LabyrinthState *s, unsigned qi, uint32_t tag, uint64_t addr)
{
    return s->cosim ? ask(s, CALL(GRANT, .queue = qi, .a = tag, .b = addr),
                          -LABYRINTH_ERR_STALE_TAG)
                    : labyrinth_fw_grant(&s->fw, qi, tag, addr);
}

int lf_deny(LabyrinthState *s, unsigned qi, uint32_t tag, uint64_t now)
{
    return s->cosim ? ask(s, CALL(DENY, .queue = qi, .a = tag, .now = now),
                          -LABYRINTH_ERR_STALE_TAG)
                    : labyrinth_fw_deny(&s->fw, qi, tag, now);
}

void lf_done(LabyrinthState *s, unsigned qi, bool delivered)
{
    bool heard = s->cosim && told(s, CALL(DONE, .queue = qi, .a = delivered));

    if (!heard) {
        labyrinth_fw_done(&s->fw, qi, delivered);
    }
}

void lf_drop(LabyrinthState *s, unsigned qi, enum labyrinth_drop why)
{
    bool heard = s->cosim && told(s, CALL(DROP, .queue = qi, .a = why));

    if (!heard) {
        labyrinth_fw_drop(&s->fw, qi, why);
    }
}

bool lf_eos(LabyrinthState *s, unsigned qi)
{
    if (!s->cosim) {
        return labyrinth_fw_eos(&s->fw, qi);
    }
    /* It comes behind the last page: no need to ask before. */
    return !s->fw.queue[qi].fifo_len && ask(s, CALL(EOS, .queue = qi), false);
}

bool lf_job_begin(LabyrinthState *s, unsigned qi, uint32_t cookie,
                  uint64_t now)
{
    return s->cosim ? ask(s, CALL(JOB_BEGIN, .queue = qi, .a = cookie,
                                  .now = now), false)
                    : labyrinth_fw_job_begin(&s->fw, qi, cookie, now);
}

void lf_job_push(LabyrinthState *s, unsigned qi, const uint8_t *data, size_t n,
                 uint64_t now)
{
    if (!s->cosim) {
        labyrinth_fw_job_push(&s->fw, qi, data, n, now);
        return;
    }
    n = MIN(n, LABYRINTH_PAGE_SIZE);
    memcpy(labyrinth_cosim_bytes(s), data, n);
    told(s, CALL(JOB_PUSH, .queue = qi, .a = n, .now = now));
}

void lf_job_fail(LabyrinthState *s, unsigned qi, uint32_t status, uint64_t now)
{
    if (!s->cosim) {
        labyrinth_fw_job_fail(&s->fw, qi, status, now);
    } else {
        told(s, CALL(JOB_FAIL, .queue = qi, .a = status, .now = now));
    }
}

void lf_job_end(LabyrinthState *s, unsigned qi, uint64_t now)
{
    if (!s->cosim) {
        labyrinth_fw_job_end(&s->fw, qi, now);
    } else {
        told(s, CALL(JOB_END, .queue = qi, .now = now));
    }
}
