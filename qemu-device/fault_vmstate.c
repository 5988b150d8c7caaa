/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: migration of what goes wrong on purpose
 *
 * Contract: a subsection that is there with x-faults=on and only then; with it
 * the same faults happen after a migration as would have happened without.
 * Both ends must have the same x-faults; what is loaded is checked.
 */
#include "qemu/osdep.h"
#include "faults.h"

#define FIELDS LABYRINTH_VMSTATE_CONST VMStateField[]

static const VMStateDescription vmstate_setting = {
    .name = "labyrinth/fault-setting",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT32(rate, LabyrinthFaultSetting),
        VMSTATE_UINT32(nth, LabyrinthFaultSetting),
        VMSTATE_UINT32(param, LabyrinthFaultSetting),
        VMSTATE_UINT32(limit, LabyrinthFaultSetting),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_count = {
    .name = "labyrinth/fault-count",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(events, LabyrinthFaultCount),
        VMSTATE_UINT64(injected, LabyrinthFaultCount),
        VMSTATE_UINT32(used, LabyrinthFaultCount),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_late = {
    .name = "labyrinth/fault-late",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(due, LabyrinthLateWrite),
        VMSTATE_UINT64(addr, LabyrinthLateWrite),
        VMSTATE_UINT32(length, LabyrinthLateWrite),
        VMSTATE_UINT8(kind, LabyrinthLateWrite),
        VMSTATE_UINT8(queue, LabyrinthLateWrite),
        VMSTATE_UINT8_ARRAY(data, LabyrinthLateWrite, LABYRINTH_PAGE_SIZE),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_held = {
    .name = "labyrinth/fault-held",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(seq, struct labyrinth_completion),
        VMSTATE_UINT64(ready_ns, struct labyrinth_completion),
        VMSTATE_UINT32(cookie, struct labyrinth_completion),
        VMSTATE_UINT32(crc32c, struct labyrinth_completion),
        VMSTATE_UINT16(length, struct labyrinth_completion),
        VMSTATE_UINT16(status, struct labyrinth_completion),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_fault_queue = {
    .name = "labyrinth/fault-queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(stuck_until, LabyrinthFaultQueue),
        VMSTATE_UINT64(irq_at, LabyrinthFaultQueue),
        VMSTATE_UINT32(irqs_more, LabyrinthFaultQueue),
        /* 0: nothing is held */
        VMSTATE_UINT64(held_until, LabyrinthFaultQueue),
        VMSTATE_STRUCT(held, LabyrinthFaultQueue, 1, vmstate_held,
                       struct labyrinth_completion),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_seen = {
    .name = "labyrinth/fault-seen",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(val, LabyrinthSeen),
        VMSTATE_UINT32(addr, LabyrinthSeen),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_faults_all = {
    .name = "labyrinth/faults-all",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (FIELDS) {
        VMSTATE_UINT64(set.seed, LabyrinthFaults),
        VMSTATE_UINT32(set.hostile, LabyrinthFaults),
        VMSTATE_UINT32(set.rules, LabyrinthFaults),
        VMSTATE_STRUCT_ARRAY(set.kind, LabyrinthFaults, LABYRINTH_NR_FAULTS, 1,
                             vmstate_setting, LabyrinthFaultSetting),
        VMSTATE_UINT64(random, LabyrinthFaults),
        VMSTATE_STRUCT_ARRAY(count, LabyrinthFaults, LABYRINTH_NR_FAULTS, 1,
                             vmstate_count, LabyrinthFaultCount),
        VMSTATE_UINT64_ARRAY(fired, LabyrinthFaults, LABYRINTH_NR_RULES),
        VMSTATE_UINT64(stale_written, LabyrinthFaults),
        VMSTATE_UINT64(stale_caught, LabyrinthFaults),
        VMSTATE_UINT64(dead_until, LabyrinthFaults),
        VMSTATE_UINT64(reset_until, LabyrinthFaults),
        VMSTATE_BOOL(reset_is_flr, LabyrinthFaults),
        VMSTATE_BOOL(removed, LabyrinthFaults),
        VMSTATE_STRUCT_ARRAY(queue, LabyrinthFaults, LABYRINTH_MAX_QUEUES, 1,
                             vmstate_fault_queue, LabyrinthFaultQueue),
        VMSTATE_STRUCT_ARRAY(late, LabyrinthFaults, LABYRINTH_LATE_WRITES, 1,
                             vmstate_late, LabyrinthLateWrite),
        VMSTATE_STRUCT_ARRAY(seen, LabyrinthFaults, LABYRINTH_SEEN, 1,
                             vmstate_seen, LabyrinthSeen),
        VMSTATE_UINT32(latch.high, LabyrinthFaults),
        VMSTATE_UINT16(latch.offset, LabyrinthFaults),
        VMSTATE_END_OF_LIST()
    },
};

/* --- what is loaded ------------------------------------------------------- */

static bool late_ok(LabyrinthState *s, const LabyrinthLateWrite *late)
{
    return late->kind == LABYRINTH_LATE_NONE ||
           (late->kind <= LABYRINTH_LATE_STALE && late->queue < s->nr_queues &&
            late->length <= LABYRINTH_PAGE_SIZE);
}

static const char *faults_fault(LabyrinthState *s)
{
    LabyrinthFaults *faults = s->faults;

    for (unsigned f = 0; f < LABYRINTH_NR_FAULTS; f++) {
        if (faults->set.kind[f].rate > LABYRINTH_MILLION) {
            return "fault rate";
        }
    }
    if (faults->set.hostile > LABYRINTH_MILLION ||
        faults->set.rules & ~LABYRINTH_RULES_ALL) {
        return "hostility";
    }
    for (unsigned i = 0; i < LABYRINTH_LATE_WRITES; i++) {
        if (!late_ok(s, &faults->late[i])) {
            return "late write";
        }
    }
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        LabyrinthQueue *q = &s->queue[qi];

        q->held = faults->queue[qi].held_until;
        if (q->held && (q->state == LABYRINTH_STATE_IDLE ||
                        q->cq_tail - q->cq_head >= q->cq_size ||
                        faults->queue[qi].held.length > LABYRINTH_PAGE_SIZE)) {
            return "held completion";
        }
    }
    return NULL;
}

static int labyrinth_faults_pre_load(void *opaque)
{
    LabyrinthState *s = opaque;

    if (!s->faults) {
        return labyrinth_load_refused(s, "it is of a device with x-faults=on: "
                                      "use it here too");
    }
    return 0;
}

static int labyrinth_faults_post_load(void *opaque, int version_id)
{
    LabyrinthState *s = opaque;
    const char *fault = faults_fault(s);
    g_autofree char *why = NULL;

    if (fault) {
        why = g_strdup_printf("its %s is impossible", fault);
        return labyrinth_load_refused(s, why);
    }
    s->faults_loaded = true;
    return 0;
}

static bool labyrinth_faults_needed(void *opaque)
{
    LabyrinthState *s = opaque;

    return s->faults;
}

const VMStateDescription vmstate_labyrinth_faults = {
    .name = "labyrinth/faults",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = labyrinth_faults_needed,
    .pre_load = labyrinth_faults_pre_load,
    .post_load = labyrinth_faults_post_load,
    .fields = (FIELDS) {
        VMSTATE_STRUCT_POINTER(faults, LabyrinthState, vmstate_faults_all,
                               LabyrinthFaults),
        VMSTATE_END_OF_LIST()
    },
};
