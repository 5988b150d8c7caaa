/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: what each register of BAR 0 holds and does
 *
 * Contract: the tables are the whole register map; mmio.c lets through only
 * what they allow, so that nothing here need look at sizes or directions.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "regs.h"

#define R LABYRINTH_R
#define W LABYRINTH_W
#define WIDE LABYRINTH_WIDE
#define CONF LABYRINTH_CONF
#define REG(offset) [(offset) / 4]

static const uint8_t device_map[] = {
    REG(LABYRINTH_REG_ID) = R,
    REG(LABYRINTH_REG_VERSION) = R,
    REG(LABYRINTH_REG_CAPS) = R,
    REG(LABYRINTH_REG_CTRL) = W,
    REG(LABYRINTH_REG_STATUS) = R,
    REG(LABYRINTH_REG_ERR_STATUS) = R | W,
    REG(LABYRINTH_REG_ERR_ENABLE) = R | W,
    REG(LABYRINTH_REG_ERR_INFO) = R,
    REG(LABYRINTH_REG_IRQ_CAUSE) = R | W,
    REG(LABYRINTH_REG_GUEST_ERRORS) = R,
    REG(LABYRINTH_REG_TIME) = R | WIDE,
    REG(LABYRINTH_REG_STREAM_QUEUES) = R | W,
    REG(LABYRINTH_REG_STREAM_STATUS) = R,
    REG(LABYRINTH_REG_STREAM_BYTES) = R | WIDE,
};

static const uint8_t queue_map[] = {
    REG(LABYRINTH_QREG_CTL) = W,
    REG(LABYRINTH_QREG_STATE) = R,
    REG(LABYRINTH_QREG_CONFIG) = R | W | CONF,
    REG(LABYRINTH_QREG_ERROR) = R,
    REG(LABYRINTH_QREG_CQ_BASE) = R | W | CONF | WIDE,
    REG(LABYRINTH_QREG_CQ_SIZE) = R | W | CONF,
    REG(LABYRINTH_QREG_VECTOR) = R | W | CONF,
    REG(LABYRINTH_QREG_PQ_BASE) = R | W | CONF | WIDE,
    REG(LABYRINTH_QREG_PQ_SIZE) = R | W | CONF,
    REG(LABYRINTH_QREG_PQ_TAIL) = R | W,
    REG(LABYRINTH_QREG_PQ_HEAD) = R,
    REG(LABYRINTH_QREG_REQ_TAG) = R,
    REG(LABYRINTH_QREG_REQ_WAITING) = R,
    REG(LABYRINTH_QREG_GRANT_TAG) = W,
    REG(LABYRINTH_QREG_GRANT_ADDR) = R | W | WIDE,
    REG(LABYRINTH_QREG_DENY_TAG) = W,
    REG(LABYRINTH_QREG_REQ_TIMEOUT) = R | W,
    REG(LABYRINTH_QREG_MOD_PACKETS) = R | W,
    REG(LABYRINTH_QREG_MOD_USEC) = R | W,
    REG(LABYRINTH_QREG_GEN_SEED) = R | W | CONF | WIDE,
    REG(LABYRINTH_QREG_GEN_COUNT) = R | W | CONF | WIDE,
    REG(LABYRINTH_QREG_GEN_PERIOD) = R | W | CONF,
    REG(LABYRINTH_QREG_GEN_BURST) = R | W | CONF,
    REG(LABYRINTH_QREG_GEN_SIZE) = R | W | CONF,
    REG(LABYRINTH_QREG_PRODUCED) = R | WIDE,
    REG(LABYRINTH_QREG_DELIVERED) = R | WIDE,
    REG(LABYRINTH_QREG_DROPPED(0)) = R | WIDE,
    REG(LABYRINTH_QREG_DROPPED(1)) = R | WIDE,
    REG(LABYRINTH_QREG_DROPPED(2)) = R | WIDE,
    REG(LABYRINTH_QREG_DROPPED(3)) = R | WIDE,
    REG(LABYRINTH_QREG_BYTES) = R | WIDE,
    REG(LABYRINTH_QREG_IRQS) = R | WIDE,
    REG(LABYRINTH_QREG_REQUESTS) = R | WIDE,
    REG(LABYRINTH_QREG_DENIED) = R | WIDE,
    REG(LABYRINTH_QREG_RERAISED) = R | WIDE,
    REG(LABYRINTH_QREG_REFUSED) = R | WIDE,
    REG(LABYRINTH_QREG_JQ_BASE) = R | W | CONF | WIDE,
    REG(LABYRINTH_QREG_JQ_SIZE) = R | W | CONF,
    REG(LABYRINTH_QREG_JQ_TAIL) = R | W,
    REG(LABYRINTH_QREG_JQ_HEAD) = R,
    REG(LABYRINTH_QREG_JOBS) = R | WIDE,
    REG(LABYRINTH_QREG_ANSWERED) = R | WIDE,
};

static const uint8_t user_map[] = {
    REG(LABYRINTH_UREG_CQ_HEAD) = R | W,
    REG(LABYRINTH_UREG_CQ_HEAD_ARM) = W,
    REG(LABYRINTH_UREG_CQ_TAIL) = R,
    REG(LABYRINTH_UREG_STATE) = R,
    REG(LABYRINTH_UREG_PRODUCED) = R | WIDE,
    REG(LABYRINTH_UREG_DELIVERED) = R | WIDE,
};

/* --- device page ---------------------------------------------------------- */

static uint64_t device_get(LabyrinthState *s, uint32_t reg)
{
    switch (reg) {
    case LABYRINTH_REG_ID:
        return LABYRINTH_ID;
    case LABYRINTH_REG_VERSION:
        return LABYRINTH_VERSION;
    case LABYRINTH_REG_CAPS:
        return s->nr_queues | LABYRINTH_STAGING_PAGES << 8 |
               (labyrinth_source_attached(s) ? LABYRINTH_CAPS_STREAM : 0) |
               LABYRINTH_CAPS_GENERATOR | LABYRINTH_CAPS_SOLVE |
               (s->faults ? LABYRINTH_CAPS_FAULTS : 0);
    case LABYRINTH_REG_STATUS:
        return labyrinth_ready(s) ? LABYRINTH_STATUS_READY : 0;
    case LABYRINTH_REG_ERR_STATUS:
        return s->err_status;
    case LABYRINTH_REG_ERR_ENABLE:
        return s->err_enable;
    case LABYRINTH_REG_ERR_INFO:
        return s->err_info;
    case LABYRINTH_REG_IRQ_CAUSE:
        return s->irq_cause;
    case LABYRINTH_REG_GUEST_ERRORS:
        return s->guest_errors;
    case LABYRINTH_REG_TIME:
        return labyrinth_now();
    case LABYRINTH_REG_STREAM_QUEUES:
        return s->fw.stream_queues;
    case LABYRINTH_REG_STREAM_STATUS:
        return labyrinth_source_status(s);
    case LABYRINTH_REG_STREAM_BYTES:
        return s->fw.stream_bytes;
    default:
        return 0;
    }
}

static void stream_queues_set(LabyrinthState *s, uint32_t n)
{
    if (n < 1 || n > s->nr_queues) {
        labyrinth_refuse(s, LABYRINTH_NO_QUEUE, LABYRINTH_ERR_BAD_CONFIG,
                         "STREAM_QUEUES: %" PRIu32 " of %" PRIu32, n,
                         s->nr_queues);
    } else if (!lf_stream_deal(s, n)) {
        labyrinth_refuse(s, LABYRINTH_NO_QUEUE, LABYRINTH_ERR_BAD_ACCESS,
                         "STREAM_QUEUES: a stream queue is running");
    }
}

static void device_set(LabyrinthState *s, uint32_t reg, uint64_t val)
{
    switch (reg) {
    case LABYRINTH_REG_CTRL:
        if (val == LABYRINTH_CTRL_RESET) {
            labyrinth_reset(s);
            labyrinth_faults_slow_reset(s, false);
        } else {
            labyrinth_refuse(s, LABYRINTH_NO_QUEUE, LABYRINTH_ERR_BAD_ACCESS,
                             "CTRL: 0x%" PRIx64, val);
        }
        break;
    case LABYRINTH_REG_ERR_STATUS:
        s->err_status &= ~val;
        labyrinth_irq_admin(s);
        break;
    case LABYRINTH_REG_ERR_ENABLE:
        s->err_enable = val & LABYRINTH_ERR_ALL;
        labyrinth_irq_admin(s);
        break;
    case LABYRINTH_REG_IRQ_CAUSE:
        s->irq_cause &= ~val;
        labyrinth_irq_intx(s);
        break;
    case LABYRINTH_REG_STREAM_QUEUES:
        stream_queues_set(s, val);
        break;
    }
}

/* --- queue page ----------------------------------------------------------- */

static uint64_t counter_get(LabyrinthState *s, unsigned qi, uint32_t reg)
{
    const struct labyrinth_fw_counters *count = &s->fw.queue[qi].count;

    switch (reg) {
    case LABYRINTH_QREG_PRODUCED:
        return count->produced;
    case LABYRINTH_QREG_DELIVERED:
        return count->delivered;
    case LABYRINTH_QREG_DROPPED(0):
    case LABYRINTH_QREG_DROPPED(1):
    case LABYRINTH_QREG_DROPPED(2):
    case LABYRINTH_QREG_DROPPED(3):
        return count->dropped[(reg - LABYRINTH_QREG_DROPPED(0)) / 8];
    case LABYRINTH_QREG_BYTES:
        return count->bytes;
    case LABYRINTH_QREG_IRQS:
        return s->queue[qi].irqs;
    case LABYRINTH_QREG_REQUESTS:
        return count->requests;
    case LABYRINTH_QREG_DENIED:
        return count->denied;
    case LABYRINTH_QREG_RERAISED:
        return count->reraised;
    case LABYRINTH_QREG_REFUSED:
        return s->queue[qi].refused;
    case LABYRINTH_QREG_JOBS:
        return s->fw.jobs[qi].begun;
    case LABYRINTH_QREG_ANSWERED:
        return s->fw.jobs[qi].answered;
    default:
        return 0;
    }
}

static uint64_t queue_get(LabyrinthState *s, unsigned qi, uint32_t reg)
{
    const LabyrinthQueue *q = &s->queue[qi];
    bool runs = q->state == LABYRINTH_STATE_RUNNING;

    switch (reg) {
    case LABYRINTH_QREG_STATE:
        return q->state;
    case LABYRINTH_QREG_CONFIG:
        return q->config;
    case LABYRINTH_QREG_ERROR:
        return q->error;
    case LABYRINTH_QREG_CQ_BASE:
        return q->cq_base;
    case LABYRINTH_QREG_CQ_SIZE:
        return q->cq_size;
    case LABYRINTH_QREG_VECTOR:
        return q->vector;
    case LABYRINTH_QREG_PQ_BASE:
        return q->pq_base;
    case LABYRINTH_QREG_PQ_SIZE:
        return q->pq_size;
    case LABYRINTH_QREG_PQ_TAIL:
        return q->pq_tail;
    case LABYRINTH_QREG_PQ_HEAD:
        return q->pq_head;
    case LABYRINTH_QREG_REQ_TAG:
        return runs ? labyrinth_fw_req_tag(&s->fw, qi) : 0;
    case LABYRINTH_QREG_REQ_WAITING:
        return runs ? labyrinth_fw_req_waiting(&s->fw, qi) : 0;
    case LABYRINTH_QREG_GRANT_ADDR:
        return q->grant_addr;
    case LABYRINTH_QREG_REQ_TIMEOUT:
        return s->fw.queue[qi].req_timeout_us;
    case LABYRINTH_QREG_MOD_PACKETS:
        return q->mod_packets;
    case LABYRINTH_QREG_MOD_USEC:
        return q->mod_usec;
    case LABYRINTH_QREG_GEN_SEED:
        return q->gen_seed;
    case LABYRINTH_QREG_GEN_COUNT:
        return q->gen_count;
    case LABYRINTH_QREG_GEN_PERIOD:
        return q->gen_period;
    case LABYRINTH_QREG_GEN_BURST:
        return q->gen_burst;
    case LABYRINTH_QREG_GEN_SIZE:
        return q->gen_size;
    case LABYRINTH_QREG_JQ_BASE:
        return q->jq_base;
    case LABYRINTH_QREG_JQ_SIZE:
        return q->jq_size;
    case LABYRINTH_QREG_JQ_TAIL:
        return q->jq_tail;
    case LABYRINTH_QREG_JQ_HEAD:
        return q->jq_head;
    default:
        return counter_get(s, qi, reg);
    }
}

static void queue_set(LabyrinthState *s, unsigned qi, uint32_t reg,
                      uint64_t val)
{
    LabyrinthQueue *q = &s->queue[qi];

    switch (reg) {
    case LABYRINTH_QREG_CTL:
        labyrinth_queue_control(s, qi, val);
        break;
    case LABYRINTH_QREG_CONFIG:
        q->config = val;
        break;
    case LABYRINTH_QREG_CQ_BASE:
        q->cq_base = val;
        break;
    case LABYRINTH_QREG_CQ_SIZE:
        q->cq_size = val;
        break;
    case LABYRINTH_QREG_VECTOR:
        q->vector = val;
        break;
    case LABYRINTH_QREG_PQ_BASE:
        q->pq_base = val;
        break;
    case LABYRINTH_QREG_PQ_SIZE:
        q->pq_size = val;
        break;
    case LABYRINTH_QREG_PQ_TAIL:
        labyrinth_queue_post(s, qi, val);
        break;
    case LABYRINTH_QREG_GRANT_TAG:
        labyrinth_queue_grant(s, qi, val);
        break;
    case LABYRINTH_QREG_GRANT_ADDR:
        q->grant_addr = val;
        break;
    case LABYRINTH_QREG_DENY_TAG:
        labyrinth_queue_deny(s, qi, val);
        break;
    case LABYRINTH_QREG_REQ_TIMEOUT:
        lf_timeout(s, qi, val);
        break;
    case LABYRINTH_QREG_MOD_PACKETS:
        q->mod_packets = val;
        labyrinth_kick(s);
        break;
    case LABYRINTH_QREG_MOD_USEC:
        q->mod_usec = val;
        q->irq_deadline = LABYRINTH_NEVER;
        labyrinth_kick(s);
        break;
    case LABYRINTH_QREG_GEN_SEED:
        q->gen_seed = val;
        break;
    case LABYRINTH_QREG_GEN_COUNT:
        q->gen_count = val;
        break;
    case LABYRINTH_QREG_GEN_PERIOD:
        q->gen_period = val;
        break;
    case LABYRINTH_QREG_GEN_BURST:
        q->gen_burst = val;
        break;
    case LABYRINTH_QREG_GEN_SIZE:
        q->gen_size = val;
        break;
    case LABYRINTH_QREG_JQ_BASE:
        q->jq_base = val;
        break;
    case LABYRINTH_QREG_JQ_SIZE:
        q->jq_size = val;
        break;
    case LABYRINTH_QREG_JQ_TAIL:
        labyrinth_queue_submit(s, qi, val);
        break;
    }
}

/* --- user page ------------------------------------------------------------ */

static uint64_t user_get(LabyrinthState *s, unsigned qi, uint32_t reg)
{
    switch (reg) {
    case LABYRINTH_UREG_CQ_HEAD:
        return s->queue[qi].cq_head;
    case LABYRINTH_UREG_CQ_TAIL:
        return s->queue[qi].cq_tail;
    case LABYRINTH_UREG_STATE:
        return s->queue[qi].state;
    case LABYRINTH_UREG_PRODUCED:
        return s->fw.queue[qi].count.produced;
    case LABYRINTH_UREG_DELIVERED:
        return s->fw.queue[qi].count.delivered;
    default:
        return 0;
    }
}

static void user_set(LabyrinthState *s, unsigned qi, uint32_t reg, uint64_t val)
{
    switch (reg) {
    case LABYRINTH_UREG_CQ_HEAD:
        labyrinth_queue_consume(s, qi, val, false);
        break;
    case LABYRINTH_UREG_CQ_HEAD_ARM:
        labyrinth_queue_consume(s, qi, val, true);
        break;
    }
}

/* --- by page -------------------------------------------------------------- */

static uint8_t attr_at(const uint8_t *map, size_t entries, uint32_t offset)
{
    return offset / 4 < entries ? map[offset / 4] : 0;
}

uint8_t labyrinth_reg_attr(enum labyrinth_reg_page page, uint32_t offset)
{
    switch (page) {
    case LABYRINTH_REGS_DEVICE:
        return attr_at(device_map, ARRAY_SIZE(device_map), offset);
    case LABYRINTH_REGS_QUEUE:
        return attr_at(queue_map, ARRAY_SIZE(queue_map), offset);
    case LABYRINTH_REGS_FAULTS:
        return labyrinth_fault_reg_attr(offset);
    default:
        return attr_at(user_map, ARRAY_SIZE(user_map), offset);
    }
}

uint64_t labyrinth_reg_get(LabyrinthState *s, enum labyrinth_reg_page page,
                           unsigned qi, uint32_t reg)
{
    switch (page) {
    case LABYRINTH_REGS_DEVICE:
        return device_get(s, reg);
    case LABYRINTH_REGS_QUEUE:
        return queue_get(s, qi, reg);
    case LABYRINTH_REGS_FAULTS:
        return labyrinth_fault_reg_get(s, reg);
    default:
        return user_get(s, qi, reg);
    }
}

void labyrinth_reg_set(LabyrinthState *s, enum labyrinth_reg_page page,
                       unsigned qi, uint32_t reg, uint64_t val)
{
    switch (page) {
    case LABYRINTH_REGS_DEVICE:
        device_set(s, reg, val);
        break;
    case LABYRINTH_REGS_QUEUE:
        queue_set(s, qi, reg, val);
        break;
    case LABYRINTH_REGS_FAULTS:
        labyrinth_fault_reg_set(s, reg, val);
        break;
    default:
        user_set(s, qi, reg, val);
    }
}
