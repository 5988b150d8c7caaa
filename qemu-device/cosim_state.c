/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: what a firmware in another process says
 *
 * Contract: it is read once, looked at in a copy, and taken over as a whole or
 * not at all.  Whatever it was, afterwards every index and length is within
 * bounds, no address is written to that the host has not granted for just that
 * page, and the queues that run are those that the device has started.
 */
#include "qemu/osdep.h"
#include "cosim.h"

/* --- answers -------------------------------------------------------------- */

static bool is_refusal(uint64_t value, uint32_t err)
{
    return (int64_t)value == -(int64_t)err;
}

const char *labyrinth_cosim_value_fault(const struct labyrinth_link_call *call,
                                        uint64_t value)
{
    bool good;

    switch (call->op) {
    case LABYRINTH_LINK_START:
        good = !value || is_refusal(value, LABYRINTH_ERR_BAD_CONFIG);
        break;
    case LABYRINTH_LINK_GRANT:
        good = !value || is_refusal(value, LABYRINTH_ERR_STALE_TAG) ||
               is_refusal(value, LABYRINTH_ERR_BAD_GRANT);
        break;
    case LABYRINTH_LINK_DENY:
        good = !value || is_refusal(value, LABYRINTH_ERR_STALE_TAG);
        break;
    case LABYRINTH_LINK_ROOM:
        good = value <= LABYRINTH_PAGE_SIZE;
        break;
    case LABYRINTH_LINK_PUSH:
        /* No more is pushed than there was room for. */
        good = value == call->a;
        break;
    case LABYRINTH_LINK_POLL:
        good = value > call->now;
        break;
    case LABYRINTH_LINK_DEAL:
    case LABYRINTH_LINK_EOS:
    case LABYRINTH_LINK_JOB_BEGIN:
        good = value <= 1;
        break;
    default:
        good = !value;
    }
    return good ? NULL : "gave an answer that is none";
}

/* --- what it has to stick to ---------------------------------------------- */

static void forget_grants(LabyrinthCosim *c, uint32_t queue)
{
    for (unsigned i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
        if (c->grant[i].queue == queue) {
            c->grant[i].tag = 0;
        }
    }
}

/* The page that left: the state is still that before the call. */
static void forget_oldest(LabyrinthState *s, uint32_t queue)
{
    const struct labyrinth_fw_page *page = labyrinth_fw_next(&s->fw, queue);

    if (page) {
        s->cosim->grant[page - s->fw.page].tag = 0;
    }
}

void labyrinth_cosim_note(LabyrinthState *s,
                          const struct labyrinth_link_call *call,
                          uint64_t value)
{
    LabyrinthCosim *c = s->cosim;
    uint32_t q = call->queue;

    switch (call->op) {
    case LABYRINTH_LINK_INIT:
        c->running = 0;
        c->stream_queues = 1;
        memset(c->grant, 0, sizeof(c->grant));
        break;
    case LABYRINTH_LINK_START:
        if (!value) {
            c->running |= 1u << q;
            c->cfg[q] = call->cfg;
        }
        break;
    case LABYRINTH_LINK_STOP:
        c->running &= ~(1u << q);
        forget_grants(c, q);
        break;
    case LABYRINTH_LINK_DEAL:
        if (value) {
            c->stream_queues = call->a;
        }
        break;
    case LABYRINTH_LINK_GRANT:
        if (!value) {
            c->grant[call->a % LABYRINTH_STAGING_PAGES] = (LabyrinthGrant) {
                .addr = call->b,
                .tag = call->a,
                .queue = q,
            };
        }
        break;
    case LABYRINTH_LINK_DONE:
    case LABYRINTH_LINK_DROP:
        forget_oldest(s, q);
        break;
    }
}

static bool same_config(const struct labyrinth_fw_config *a,
                        const struct labyrinth_fw_config *b)
{
    return a->mode == b->mode && a->source == b->source &&
           a->gen_seed == b->gen_seed && a->gen_count == b->gen_count &&
           a->gen_period == b->gen_period && a->gen_burst == b->gen_burst &&
           a->gen_min == b->gen_min && a->gen_max == b->gen_max;
}

static const char *disobeys(LabyrinthState *s, const struct labyrinth_fw *fw)
{
    const LabyrinthCosim *c = s->cosim;

    if (fw->nr_queues != s->nr_queues ||
        fw->stream_queues != c->stream_queues) {
        return "has other queues than it was given";
    }
    for (unsigned qi = 0; qi < LABYRINTH_MAX_QUEUES; qi++) {
        if (fw->queue[qi].running != (c->running >> qi & 1) ||
            (fw->queue[qi].running &&
             !same_config(&fw->queue[qi].cfg, &c->cfg[qi]))) {
            return "runs other queues than it was told";
        }
    }
    for (unsigned i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
        const struct labyrinth_fw_page *page = &fw->page[i];
        const LabyrinthGrant *grant = &c->grant[i];
        bool granted = page->stage == LABYRINTH_FW_GRANTED;

        if (granted != !!grant->tag ||
            (granted && (page->addr != grant->addr || page->tag != grant->tag ||
                         page->queue != grant->queue))) {
            return "has other addresses than it was granted";
        }
    }
    return NULL;
}

/* --- the state ------------------------------------------------------------ */

/* To read a bool that is neither true nor false is undefined. */
static bool is_bool(const bool *at)
{
    uint8_t byte;

    memcpy(&byte, at, sizeof(byte));
    return byte <= 1;
}

static bool bools_ok(const struct labyrinth_fw *fw)
{
    for (unsigned qi = 0; qi < LABYRINTH_MAX_QUEUES; qi++) {
        if (!is_bool(&fw->queue[qi].running) ||
            !is_bool(&fw->queue[qi].eos_due) ||
            !is_bool(&fw->jobs[qi].open) || !is_bool(&fw->jobs[qi].skip)) {
            return false;
        }
    }
    return is_bool(&fw->stream_ended);
}

const char *labyrinth_cosim_take(LabyrinthState *s)
{
    const struct labyrinth_link_state *from =
        (const void *)(s->cosim->base + LABYRINTH_LINK_STATE);
    struct labyrinth_fw fw = {
        .maze.base = s->staging,
    };
    const char *fault;

    fw.maze.taken = qatomic_read(&from->taken);
    fw.maze.refused = qatomic_read(&from->refused);
    fw.maze.failed = qatomic_read(&from->failed);
    memcpy((uint8_t *)&fw + LABYRINTH_LINK_CORE, from->core,
           LABYRINTH_LINK_CORE_SIZE);
    /* The other side may change it while it is copied, but not the copy. */
    barrier();
    for (unsigned i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
        fw.page[i].data = s->staging + i * LABYRINTH_PAGE_SIZE;
    }
    if (!bools_ok(&fw) || !labyrinth_fw_valid(&fw)) {
        return "is in a state that is impossible";
    }
    fault = disobeys(s, &fw);
    if (!fault) {
        s->fw = fw;
    }
    return fault;
}
