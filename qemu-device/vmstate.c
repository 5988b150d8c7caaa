/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: migration and snapshots
 *
 * Contract: everything that the guest could tell the difference of is saved:
 * registers, rings, lent addresses, the firmware with its staged data, and the
 * time at which the engine runs next.  What is loaded is checked before it is
 * used, as is everything else from outside.  The structures are those of
 * device.h and labyrinth_fw.h; a field added there is added here, with a new
 * version.  Where a staged page's data is follows from its index.  A device
 * that refuses what it was given is as after a reset.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "hw/pci/msix.h"
#include "qemu/error-report.h"

#define FIELDS LABYRINTH_VMSTATE_CONST VMStateField[]

/* --- firmware ------------------------------------------------------------- */

static const VMStateDescription vmstate_fw_page = {
    .name = "labyrinth/fw-page",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(seq, struct labyrinth_fw_page),
        VMSTATE_UINT64(ready_ns, struct labyrinth_fw_page),
        VMSTATE_UINT64(addr, struct labyrinth_fw_page),
        VMSTATE_UINT64(deadline, struct labyrinth_fw_page),
        VMSTATE_UINT64(ordinal, struct labyrinth_fw_page),
        VMSTATE_UINT32(tag, struct labyrinth_fw_page),
        VMSTATE_UINT32(crc32c, struct labyrinth_fw_page),
        VMSTATE_UINT16(length, struct labyrinth_fw_page),
        VMSTATE_UINT8(queue, struct labyrinth_fw_page),
        VMSTATE_UINT8(stage, struct labyrinth_fw_page),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_fw_queue = {
    .name = "labyrinth/fw-queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT32(cfg.mode, struct labyrinth_fw_queue),
        VMSTATE_UINT32(cfg.source, struct labyrinth_fw_queue),
        VMSTATE_UINT64(cfg.gen_seed, struct labyrinth_fw_queue),
        VMSTATE_UINT64(cfg.gen_count, struct labyrinth_fw_queue),
        VMSTATE_UINT32(cfg.gen_period, struct labyrinth_fw_queue),
        VMSTATE_UINT32(cfg.gen_burst, struct labyrinth_fw_queue),
        VMSTATE_UINT32(cfg.gen_min, struct labyrinth_fw_queue),
        VMSTATE_UINT32(cfg.gen_max, struct labyrinth_fw_queue),
        VMSTATE_UINT64(count.produced, struct labyrinth_fw_queue),
        VMSTATE_UINT64(count.delivered, struct labyrinth_fw_queue),
        VMSTATE_UINT64(count.bytes, struct labyrinth_fw_queue),
        VMSTATE_UINT64_ARRAY(count.dropped, struct labyrinth_fw_queue,
                             LABYRINTH_DROP_REASONS),
        VMSTATE_UINT64(count.requests, struct labyrinth_fw_queue),
        VMSTATE_UINT64(count.denied, struct labyrinth_fw_queue),
        VMSTATE_UINT64(count.reraised, struct labyrinth_fw_queue),
        VMSTATE_UINT64(count.refused, struct labyrinth_fw_queue),
        VMSTATE_UINT64(next_seq, struct labyrinth_fw_queue),
        VMSTATE_UINT64(gen_next, struct labyrinth_fw_queue),
        VMSTATE_UINT64(gen_left, struct labyrinth_fw_queue),
        VMSTATE_UINT32(req_timeout_us, struct labyrinth_fw_queue),
        VMSTATE_UINT32(ticket, struct labyrinth_fw_queue),
        VMSTATE_BOOL(running, struct labyrinth_fw_queue),
        VMSTATE_BOOL(eos_due, struct labyrinth_fw_queue),
        VMSTATE_UINT8_ARRAY(fifo, struct labyrinth_fw_queue,
                            LABYRINTH_STAGING_PAGES),
        VMSTATE_UINT8(fifo_len, struct labyrinth_fw_queue),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_fw = {
    .name = "labyrinth/fw",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT32(maze.taken, struct labyrinth_fw),
        VMSTATE_UINT32(maze.refused, struct labyrinth_fw),
        VMSTATE_UINT32(maze.failed, struct labyrinth_fw),
        VMSTATE_STRUCT_ARRAY(page, struct labyrinth_fw, LABYRINTH_STAGING_PAGES,
                             1, vmstate_fw_page, struct labyrinth_fw_page),
        VMSTATE_STRUCT_ARRAY(queue, struct labyrinth_fw, LABYRINTH_MAX_QUEUES,
                             1, vmstate_fw_queue, struct labyrinth_fw_queue),
        VMSTATE_UINT64(stream_bytes, struct labyrinth_fw),
        VMSTATE_UINT64(stream_pages, struct labyrinth_fw),
        VMSTATE_UINT32_EQUAL(nr_queues, struct labyrinth_fw,
                             "the property queues differs"),
        VMSTATE_UINT32(stream_queues, struct labyrinth_fw),
        VMSTATE_UINT32(stream_turn, struct labyrinth_fw),
        VMSTATE_UINT32(stream_eos, struct labyrinth_fw),
        VMSTATE_UINT32(generation, struct labyrinth_fw),
        VMSTATE_UINT32(tickets, struct labyrinth_fw),
        VMSTATE_INT8(filling, struct labyrinth_fw),
        VMSTATE_BOOL(stream_ended, struct labyrinth_fw),
        VMSTATE_END_OF_LIST()
    },
};

/* --- device --------------------------------------------------------------- */

static const VMStateDescription vmstate_queue = {
    .name = "labyrinth/queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT32(state, LabyrinthQueue),
        VMSTATE_UINT32(config, LabyrinthQueue),
        VMSTATE_UINT32(vector, LabyrinthQueue),
        VMSTATE_UINT64(cq_base, LabyrinthQueue),
        VMSTATE_UINT32(cq_size, LabyrinthQueue),
        VMSTATE_UINT64(pq_base, LabyrinthQueue),
        VMSTATE_UINT32(pq_size, LabyrinthQueue),
        VMSTATE_UINT64(grant_addr, LabyrinthQueue),
        VMSTATE_UINT32(mod_packets, LabyrinthQueue),
        VMSTATE_UINT32(mod_usec, LabyrinthQueue),
        VMSTATE_UINT64(gen_seed, LabyrinthQueue),
        VMSTATE_UINT64(gen_count, LabyrinthQueue),
        VMSTATE_UINT32(gen_period, LabyrinthQueue),
        VMSTATE_UINT32(gen_burst, LabyrinthQueue),
        VMSTATE_UINT32(gen_size, LabyrinthQueue),
        VMSTATE_UINT32(cq_head, LabyrinthQueue),
        VMSTATE_UINT32(cq_tail, LabyrinthQueue),
        VMSTATE_UINT32(pq_head, LabyrinthQueue),
        VMSTATE_UINT32(pq_tail, LabyrinthQueue),
        VMSTATE_UINT32(posted_in, LabyrinthQueue),
        VMSTATE_UINT32(posted_out, LabyrinthQueue),
        VMSTATE_UINT64_ARRAY(posted_addr, LabyrinthQueue, LABYRINTH_RING_MAX),
        VMSTATE_UINT32_ARRAY(posted_cookie, LabyrinthQueue, LABYRINTH_RING_MAX),
        VMSTATE_BOOL(armed, LabyrinthQueue),
        VMSTATE_BOOL(urgent, LabyrinthQueue),
        VMSTATE_UINT64(irq_deadline, LabyrinthQueue),
        VMSTATE_UINT32(error, LabyrinthQueue),
        VMSTATE_UINT64(irqs, LabyrinthQueue),
        VMSTATE_UINT64(refused, LabyrinthQueue),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_latch = {
    .name = "labyrinth/latch",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT32(high, LabyrinthLatch),
        VMSTATE_UINT16(offset, LabyrinthLatch),
        VMSTATE_END_OF_LIST()
    },
};

/* --- what is loaded ------------------------------------------------------- */

/* A queue that runs has what START takes, and so has its firmware. */
static const char *queue_fault(LabyrinthState *s, unsigned qi)
{
    const LabyrinthQueue *q = &s->queue[qi];
    const struct labyrinth_fw_config *cfg = &s->fw.queue[qi].cfg;

    if (q->state > LABYRINTH_STATE_DRAINING ||
        s->fw.queue[qi].running != (q->state != LABYRINTH_STATE_IDLE)) {
        return "state";
    }
    if (q->state == LABYRINTH_STATE_IDLE) {
        return q->posted_in == q->posted_out ? NULL : "posted buffers";
    }
    if (labyrinth_queue_fault(s, qi) ||
        cfg->mode != (q->config & LABYRINTH_CONFIG_MODE_MASK) ||
        cfg->source != labyrinth_source(q)) {
        return "configuration";
    }
    if (q->cq_tail - q->cq_head > q->cq_size) {
        return "completion ring";
    }
    if (labyrinth_is_ring(q) &&
        (q->pq_tail - q->pq_head > q->pq_size ||
         q->posted_in - q->posted_out > q->pq_size)) {
        return "posted-buffer ring";
    }
    if (!labyrinth_is_ring(q) && q->posted_in != q->posted_out) {
        return "posted buffers";
    }
    return NULL;
}

int labyrinth_load_refused(LabyrinthState *s, const char *why)
{
    error_report("labyrinth: cannot load this state, %s", why);
    /* The map's keys stand in what was loaded, and so do the counts. */
    g_hash_table_remove_all(s->shadow);
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        s->queue[qi].posted_in = 0;
        s->queue[qi].posted_out = 0;
    }
    labyrinth_reset(s);
    return -EINVAL;
}

static int labyrinth_pre_load(void *opaque)
{
    LabyrinthState *s = opaque;

    s->faults_loaded = false;
    s->jobs_loaded = false;
    return 0;
}

/* Each address is lent once, as it was when its descriptor was fetched. */
static bool lend_loaded(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];

    for (uint32_t i = q->posted_out; i != q->posted_in; i++) {
        uint64_t *addr = &q->posted_addr[i & (q->pq_size - 1)];

        if (!QEMU_IS_ALIGNED(*addr, LABYRINTH_PAGE_SIZE) ||
            labyrinth_lent(s, *addr)) {
            return false;
        }
        g_hash_table_add(s->shadow, addr);
    }
    return true;
}

static int labyrinth_post_load(void *opaque, int version_id)
{
    LabyrinthState *s = opaque;
    const char *fault = labyrinth_jobs_fault(s);
    g_autofree char *why = NULL;

    if (s->faults && !s->faults_loaded) {
        return labyrinth_load_refused(s, "it is of a device without x-faults: "
                                      "leave x-faults=on away here too");
    }
    if (!fault && !labyrinth_fw_valid(&s->fw)) {
        fault = "firmware";
    }
    for (unsigned qi = 0; qi < s->nr_queues && !fault; qi++) {
        fault = queue_fault(s, qi);
    }
    g_hash_table_remove_all(s->shadow);
    for (unsigned qi = 0; qi < s->nr_queues && !fault; qi++) {
        if (!lend_loaded(s, qi)) {
            fault = "set of lent addresses";
        }
        s->queue[qi].traced = s->fw.queue[qi].count;
    }
    if (fault) {
        why = g_strdup_printf("its %s is impossible", fault);
        return labyrinth_load_refused(s, why);
    }
    return 0;
}

const VMStateDescription vmstate_labyrinth = {
    .name = TYPE_LABYRINTH,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = labyrinth_pre_load,
    .post_load = labyrinth_post_load,
    .fields = (FIELDS) {
        VMSTATE_PCI_DEVICE(parent_obj, LabyrinthState),
        VMSTATE_MSIX(parent_obj, LabyrinthState),
        VMSTATE_STRUCT(fw, LabyrinthState, 1, vmstate_fw, struct labyrinth_fw),
        VMSTATE_BUFFER_POINTER_UNSAFE(staging, LabyrinthState, 1,
                                      LABYRINTH_STAGING_PAGES
                                      * LABYRINTH_PAGE_SIZE),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(queue, LabyrinthState, nr_queues,
                                             vmstate_queue, LabyrinthQueue),
        VMSTATE_TIMER_PTR(engine, LabyrinthState),
        VMSTATE_UINT32(turn, LabyrinthState),
        VMSTATE_UINT64(flush_deadline, LabyrinthState),
        VMSTATE_BOOL(source_open, LabyrinthState),
        VMSTATE_BOOL(source_closed, LabyrinthState),
        VMSTATE_UINT32(err_status, LabyrinthState),
        VMSTATE_UINT32(err_enable, LabyrinthState),
        VMSTATE_UINT32(err_info, LabyrinthState),
        VMSTATE_UINT32(irq_cause, LabyrinthState),
        VMSTATE_UINT32(guest_errors, LabyrinthState),
        VMSTATE_BOOL(admin_held, LabyrinthState),
        VMSTATE_STRUCT_ARRAY(latch, LabyrinthState, LABYRINTH_REG_PAGES, 1,
                             vmstate_latch, LabyrinthLatch),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *LABYRINTH_VMSTATE_CONST[]) {
        &vmstate_labyrinth_faults,
        &vmstate_labyrinth_jobs,
        NULL
    },
};
