/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: what a queue's registers do
 *
 * Contract: START takes only a configuration that is right in every part, STOP
 * ends in IDLE whatever the state of the bus, and in IDLE the device owns no
 * address of the host.  Each address that it does own stands in exactly one
 * place: the shadow map for posted buffers, a staged page of the firmware for
 * granted ones; lending an address twice is refused.  Nothing here touches
 * guest memory.
 */
#include "qemu/osdep.h"
#include "faults.h"

/* --- addresses lent by the host ------------------------------------------- */

static const struct labyrinth_fw_page *granted(LabyrinthState *s, uint64_t addr)
{
    for (unsigned i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
        const struct labyrinth_fw_page *page = &s->fw.page[i];

        if (page->stage == LABYRINTH_FW_GRANTED && page->addr == addr) {
            return page;
        }
    }
    return NULL;
}

bool labyrinth_lent(LabyrinthState *s, uint64_t addr)
{
    return granted(s, addr) || g_hash_table_contains(s->shadow, &addr);
}

bool labyrinth_shadow_add(LabyrinthState *s, unsigned qi, uint64_t addr,
                          uint32_t cookie)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint32_t slot = q->posted_in & (q->pq_size - 1);

    if (labyrinth_lent(s, addr)) {
        return false;
    }
    q->posted_addr[slot] = addr;
    q->posted_cookie[slot] = cookie;
    q->posted_in++;
    g_hash_table_add(s->shadow, &q->posted_addr[slot]);
    return true;
}

void labyrinth_shadow_remove(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint32_t slot = q->posted_out & (q->pq_size - 1);

    g_hash_table_remove(s->shadow, &q->posted_addr[slot]);
    q->posted_out++;
}

static void shadow_forget(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];

    while (q->posted_out != q->posted_in) {
        labyrinth_shadow_remove(s, qi);
    }
}

/* --- life cycle ----------------------------------------------------------- */

static void set_state(LabyrinthState *s, unsigned qi, uint32_t state,
                      const char *why)
{
    s->queue[qi].state = state;
    LABYRINTH_TRACE(STATE, state, qi, state, why);
}

void labyrinth_queue_reset(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];

    shadow_forget(s, qi);
    memset(q, 0, sizeof(*q));
    q->vector = LABYRINTH_VEC_QUEUE(qi);
    q->gen_burst = 1;
    q->gen_size = LABYRINTH_PAGE_SIZE << 16 | 1;
    q->irq_deadline = LABYRINTH_NEVER;
}

static bool ring_ok(uint64_t base, uint32_t size, uint32_t entry)
{
    return size >= LABYRINTH_RING_MIN && size <= LABYRINTH_RING_MAX &&
           is_power_of_2(size) && base &&
           QEMU_IS_ALIGNED(base, LABYRINTH_RING_ALIGN) &&
           base <= UINT64_MAX - (uint64_t)size * entry;
}

const char *labyrinth_queue_fault(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];

    if (q->config & ~(LABYRINTH_CONFIG_MODE_MASK |
                      LABYRINTH_CONFIG_SOURCE_MASK)) {
        return "reserved bits of CONFIG";
    }
    if (!ring_ok(q->cq_base, q->cq_size, sizeof(struct labyrinth_completion))) {
        return "completion ring";
    }
    if (labyrinth_is_ring(q) &&
        !ring_ok(q->pq_base, q->pq_size, sizeof(struct labyrinth_desc))) {
        return "posted-buffer ring";
    }
    if (labyrinth_source(q) == LABYRINTH_SOURCE_SOLVE &&
        !ring_ok(q->jq_base, q->jq_size, sizeof(struct labyrinth_job_desc))) {
        return "job ring";
    }
    if (q->vector > s->nr_queues) {
        return "vector";
    }
    if (labyrinth_source(q) == LABYRINTH_SOURCE_STREAM &&
        !labyrinth_source_attached(s)) {
        return "no stream attached";
    }
    return NULL;
}

static void queue_start(LabyrinthState *s, unsigned qi, bool clear)
{
    LabyrinthQueue *q = &s->queue[qi];
    struct labyrinth_fw_config cfg = {
        .mode = q->config & LABYRINTH_CONFIG_MODE_MASK,
        .source = labyrinth_source(q),
        .gen_seed = q->gen_seed,
        .gen_count = q->gen_count,
        .gen_period = q->gen_period,
        .gen_burst = q->gen_burst,
        .gen_min = q->gen_size & 0xffff,
        .gen_max = q->gen_size >> 16,
    };
    const char *fault;

    if (q->state != LABYRINTH_STATE_IDLE) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_ACCESS,
                         "START of queue %u, which is not idle", qi);
        return;
    }
    fault = labyrinth_queue_fault(s, qi);
    if (!fault &&
        lf_start(s, qi, &cfg, clear, labyrinth_now())) {
        fault = "source";
    }
    if (fault) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_CONFIG,
                         "START of queue %u: %s", qi, fault);
        return;
    }

    q->cq_head = 0;
    q->cq_tail = 0;
    q->pq_head = 0;
    q->pq_tail = 0;
    q->posted_in = 0;
    q->posted_out = 0;
    q->jq_head = 0;
    q->jq_tail = 0;
    if (clear) {
        q->irqs = 0;
        q->refused = 0;
        q->error = 0;
        memset(&q->traced, 0, sizeof(q->traced));
    }
    set_state(s, qi, LABYRINTH_STATE_RUNNING, "start");
    labyrinth_irq_arm(s, qi);
    labyrinth_source_accept(s);
    labyrinth_kick(s);
}

void labyrinth_queue_idle(LabyrinthState *s, unsigned qi, const char *why)
{
    lf_stop(s, qi);
    shadow_forget(s, qi);
    labyrinth_irq_flush(s, qi);
    if (s->faults) {
        labyrinth_faults_idle(s, qi);
    }
    set_state(s, qi, LABYRINTH_STATE_IDLE, why);
}

void labyrinth_queue_control(LabyrinthState *s, unsigned qi, uint32_t val)
{
    switch (val) {
    case LABYRINTH_CTL_START:
    case LABYRINTH_CTL_START | LABYRINTH_CTL_CLEAR:
        queue_start(s, qi, val & LABYRINTH_CTL_CLEAR);
        break;
    case LABYRINTH_CTL_STOP:
        if (s->queue[qi].state == LABYRINTH_STATE_RUNNING) {
            set_state(s, qi, LABYRINTH_STATE_DRAINING, "stop");
            labyrinth_kick(s);
        }
        break;
    default:
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_ACCESS,
                         "CTL of queue %u: 0x%" PRIx32, qi, val);
    }
}

/* --- answers to requests -------------------------------------------------- */

static bool request_pending(LabyrinthState *s, unsigned qi, uint32_t tag)
{
    if (s->queue[qi].state != LABYRINTH_STATE_RUNNING) {
        return false;
    }
    for (unsigned i = 0; i < LABYRINTH_STAGING_PAGES; i++) {
        const struct labyrinth_fw_page *page = &s->fw.page[i];

        if (page->queue == qi && page->tag == tag &&
            (page->stage == LABYRINTH_FW_ASKED ||
             page->stage == LABYRINTH_FW_REFUSED)) {
            return true;
        }
    }
    return false;
}

void labyrinth_queue_grant(LabyrinthState *s, unsigned qi, uint32_t tag)
{
    uint64_t addr = s->queue[qi].grant_addr;

    if (!request_pending(s, qi, tag)) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_STALE_TAG,
                         "GRANT on queue %u: no request 0x%" PRIx32, qi, tag);
    } else if (g_hash_table_contains(s->shadow, &addr) ||
               lf_grant(s, qi, tag, addr)) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_GRANT,
                         "GRANT on queue %u: address 0x%" PRIx64, qi, addr);
    } else {
        LABYRINTH_TRACE(GRANT, grant, qi, tag, addr);
        labyrinth_kick(s);
    }
}

void labyrinth_queue_deny(LabyrinthState *s, unsigned qi, uint32_t tag)
{
    if (s->queue[qi].state != LABYRINTH_STATE_RUNNING ||
        lf_deny(s, qi, tag, labyrinth_now())) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_STALE_TAG,
                         "DENY on queue %u: no request 0x%" PRIx32, qi, tag);
    } else {
        LABYRINTH_TRACE(DENY, deny, qi, tag);
        labyrinth_kick(s);
    }
}

/* --- doorbells ------------------------------------------------------------ */

/* Is @tail neither behind the old one nor a lap ahead of the head? */
static bool doorbell_ok(LabyrinthState *s, unsigned qi, const char *name,
                        uint32_t tail, uint32_t old, uint32_t head,
                        uint32_t size)
{
    if (tail - head <= size && tail - head >= old - head) {
        return true;
    }
    labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_INDEX,
                     "%s of queue %u: %" PRIu32 " with %" PRIu32
                     "..%" PRIu32 " posted", name, qi, tail, head, old);
    return false;
}

void labyrinth_queue_post(LabyrinthState *s, unsigned qi, uint32_t tail)
{
    LabyrinthQueue *q = &s->queue[qi];

    if (q->state != LABYRINTH_STATE_RUNNING || !labyrinth_is_ring(q)) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_ACCESS,
                         "PQ_TAIL: queue %u does not run in ring mode", qi);
    } else if (doorbell_ok(s, qi, "PQ_TAIL", tail, q->pq_tail, q->pq_head,
                           q->pq_size)) {
        q->pq_tail = tail;
        labyrinth_kick(s);
    }
}

void labyrinth_queue_submit(LabyrinthState *s, unsigned qi, uint32_t tail)
{
    LabyrinthQueue *q = &s->queue[qi];

    if (q->state != LABYRINTH_STATE_RUNNING ||
        labyrinth_source(q) != LABYRINTH_SOURCE_SOLVE) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_ACCESS,
                         "JQ_TAIL: queue %u does not take jobs", qi);
    } else if (doorbell_ok(s, qi, "JQ_TAIL", tail, q->jq_tail, q->jq_head,
                           q->jq_size)) {
        q->jq_tail = tail;
        labyrinth_kick(s);
    }
}

void labyrinth_queue_consume(LabyrinthState *s, unsigned qi, uint32_t head,
                             bool arm)
{
    LabyrinthQueue *q = &s->queue[qi];
    bool was_full = labyrinth_cq_full(q);

    if (head - q->cq_head > q->cq_tail - q->cq_head) {
        labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_INDEX,
                         "CQ_HEAD of queue %u: %" PRIu32 " with %" PRIu32
                         "..%" PRIu32 " written", qi, head, q->cq_head,
                         q->cq_tail);
        return;
    }
    q->cq_head = head;
    if (head == q->cq_tail) {
        q->urgent = false;
    }
    if (q->state == LABYRINTH_STATE_IDLE) {
        return;
    }
    if (arm) {
        labyrinth_irq_arm(s, qi);
    }
    if (was_full) {
        labyrinth_kick(s);
    }
}
