/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: faults of the data and of its completion
 *
 * Contract: called by the engine only.  Whatever happens to a page, it is
 * counted once, as delivered or as DROP_FAULT.  The one write to memory that
 * was taken back is the one that is asked for by dma-stale; it is checked
 * against what the device was lent, counted and traced.
 */
#include "qemu/osdep.h"
#include "faults.h"

/* --- writes at another time ----------------------------------------------- */

static LabyrinthLateWrite *late_free(LabyrinthState *s)
{
    for (unsigned i = 0; i < LABYRINTH_LATE_WRITES; i++) {
        if (s->faults->late[i].kind == LABYRINTH_LATE_NONE) {
            return &s->faults->late[i];
        }
    }
    return NULL;
}

static const char *late_name(enum labyrinth_late kind)
{
    return kind == LABYRINTH_LATE_DATA ? "data" : "stale";
}

static void late_write(LabyrinthState *s, LabyrinthLateWrite *late)
{
    bool lent = labyrinth_lent(s, late->addr);

    LABYRINTH_TRACE(LATE_WRITE, late_write, late_name(late->kind), late->queue,
                    late->addr, late->length, lent);
    if (late->kind == LABYRINTH_LATE_STALE) {
        s->faults->stale_written++;
        s->faults->stale_caught += !lent;
    }
    if (!labyrinth_dma(s, true, late->addr, late->data, late->length)) {
        labyrinth_error(s, late->queue, LABYRINTH_ERR_DMA);
    }
    late->kind = LABYRINTH_LATE_NONE;
}

void labyrinth_fault_late_writes(LabyrinthState *s, uint64_t now)
{
    for (unsigned i = 0; i < LABYRINTH_LATE_WRITES; i++) {
        LabyrinthLateWrite *late = &s->faults->late[i];

        if (late->kind != LABYRINTH_LATE_NONE && now >= late->due) {
            late_write(s, late);
        }
    }
}

void labyrinth_fault_stale(LabyrinthState *s, unsigned qi, uint64_t addr,
                           const uint8_t *data, uint32_t length)
{
    LabyrinthLateWrite *late = late_free(s);

    if (!late || !labyrinth_fault(s, LABYRINTH_FAULT_DMA_STALE, qi)) {
        return;
    }
    late->due = labyrinth_now() +
                labyrinth_fault_ns(s, LABYRINTH_FAULT_DMA_STALE);
    late->kind = LABYRINTH_LATE_STALE;
    late->queue = qi;
    late->addr = addr;
    late->length = MIN(length, LABYRINTH_STALE_BYTES);
    /* Surely not what stands there */
    for (uint32_t i = 0; i < late->length; i++) {
        late->data[i] = ~data[i];
    }
}

/* --- the data ------------------------------------------------------------- */

static bool move_early(LabyrinthState *s, unsigned qi, uint64_t addr,
                       const uint8_t *data, uint32_t length)
{
    LabyrinthLateWrite *late = late_free(s);

    if (!late || !labyrinth_fault(s, LABYRINTH_FAULT_COMP_EARLY, qi)) {
        return false;
    }
    late->due = labyrinth_now() +
                labyrinth_fault_ns(s, LABYRINTH_FAULT_COMP_EARLY);
    late->kind = LABYRINTH_LATE_DATA;
    late->queue = qi;
    late->addr = addr;
    late->length = length;
    memcpy(late->data, data, length);
    return true;
}

static bool move_torn(LabyrinthState *s, uint64_t addr, const uint8_t *data,
                      uint32_t length)
{
    const uint32_t line = 64;
    uint32_t hole = labyrinth_fault_pick(s->faults,
                                         DIV_ROUND_UP(length, line)) * line;
    uint32_t behind = hole + line;

    return (!hole || labyrinth_dma(s, true, addr, (void *)data, hole)) &&
           (behind >= length ||
            labyrinth_dma(s, true, addr + behind, (void *)(data + behind),
                          length - behind));
}

bool labyrinth_fault_move(LabyrinthState *s, unsigned qi, uint64_t addr,
                          const uint8_t *data, uint32_t length)
{
    uint32_t some = labyrinth_fault_param(s, LABYRINTH_FAULT_DMA_SHORT);
    uint8_t copy[LABYRINTH_PAGE_SIZE];

    some = some ? some : length / 2;
    if (labyrinth_lies(s, LABYRINTH_RULE_DATA)) {
        uint32_t at = labyrinth_fault_pick(s->faults, length);

        memcpy(copy, data, length);
        copy[at] ^= 1 + labyrinth_fault_pick(s->faults, 255);
        labyrinth_lied(s, LABYRINTH_RULE_DATA, addr + at, data[at], copy[at]);
        data = copy;
    }
    if (move_early(s, qi, addr, data, length)) {
        return true;
    }
    if (some < length && labyrinth_fault(s, LABYRINTH_FAULT_DMA_SHORT, qi)) {
        return !some || labyrinth_dma(s, true, addr, (void *)data, some);
    }
    if (labyrinth_fault(s, LABYRINTH_FAULT_DMA_TORN, qi)) {
        return move_torn(s, addr, data, length);
    }
    return labyrinth_dma(s, true, addr, (void *)data, length);
}

/* --- the completion ------------------------------------------------------- */

enum labyrinth_telling labyrinth_fault_tell(LabyrinthState *s, unsigned qi,
                                        const struct labyrinth_completion *c)
{
    LabyrinthFaultQueue *fq = &s->faults->queue[qi];
    LabyrinthQueue *q = &s->queue[qi];
    uint32_t room = q->cq_size - (q->cq_tail - q->cq_head) - q->held;

    if (labyrinth_fault(s, LABYRINTH_FAULT_COMP_LOST, qi)) {
        return LABYRINTH_TELL_NEVER;
    }
    if (!q->held && labyrinth_fault(s, LABYRINTH_FAULT_COMP_REORDERED, qi)) {
        q->held = true;
        fq->held = *c;
        fq->held_until = labyrinth_now() + LABYRINTH_HELD_NS;
        return LABYRINTH_TELL_LATER;
    }
    if (room >= 2 && labyrinth_fault(s, LABYRINTH_FAULT_COMP_TWICE, qi)) {
        return LABYRINTH_TELL_TWICE;
    }
    return LABYRINTH_TELL;
}

bool labyrinth_fault_held(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];

    if (!q->held) {
        return true;
    }
    if (!labyrinth_complete(s, qi, s->faults->queue[qi].held)) {
        return false;
    }
    q->held = false;
    s->faults->queue[qi].held_until = 0;
    return true;
}

void labyrinth_fault_forget_held(LabyrinthState *s, unsigned qi)
{
    struct labyrinth_fw_counters *count = &s->fw.queue[qi].count;

    if (s->queue[qi].held) {
        s->queue[qi].held = false;
        s->faults->queue[qi].held_until = 0;
        count->delivered--;
        count->bytes -= s->faults->queue[qi].held.length;
        count->dropped[LABYRINTH_DROP_FAULT]++;
    }
}
