/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be true of the device whatever the guest does
 *
 * Contract: each rule here is a promise of docs/device.md or an invariant that
 * the device's own code relies on; one that does not hold ends the process,
 * after a line that names it.  The linker gives each DMA of the device to
 * __wrap_address_space_rw() first.
 */
#include "qemu/osdep.h"
#include "fuzz.h"
#include "faults.h"
#include "hw/pci/msix.h"

#define rule(what, ...)                                              \
    do {                                                             \
        if (!(what)) {                                               \
            fprintf(stderr, "labyrinth-fuzz: broken: " __VA_ARGS__); \
            fprintf(stderr, "\n    %s\n", #what);                    \
            abort();                                                 \
        }                                                            \
    } while (0)

/* --- DMA: only where and when the host lent memory ----------------------- */

static bool inside(hwaddr addr, hwaddr len, hwaddr base, hwaddr size)
{
    return addr >= base && addr - base <= size && len <= size - (addr - base);
}

/*
 * Where an injected fault or the adversary goes, which is more: an old
 * completion, a buffer that is spoilt late
 */
static const char *lent_for_faults(LabyrinthState *s, hwaddr addr, hwaddr len)
{
    for (unsigned i = 0; s->faults && i < LABYRINTH_LATE_WRITES; i++) {
        const LabyrinthLateWrite *late = &s->faults->late[i];

        if (late->kind != LABYRINTH_LATE_NONE &&
            inside(addr, len, late->addr, LABYRINTH_PAGE_SIZE)) {
            return "late";
        }
    }
    for (unsigned qi = 0; s->faults && qi < s->nr_queues; qi++) {
        const LabyrinthQueue *q = &s->queue[qi];

        if (q->state != LABYRINTH_STATE_IDLE &&
            inside(addr, len, q->cq_base,
                   (hwaddr)q->cq_size * sizeof(struct labyrinth_completion))) {
            return "completion-again";
        }
    }
    return NULL;
}

/* Where a write may go now; NULL: nowhere */
static const char *lent_for_write(LabyrinthState *s, hwaddr addr, hwaddr len)
{
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        const LabyrinthQueue *q = &s->queue[qi];
        const struct labyrinth_fw_page *next = labyrinth_fw_next(&s->fw, qi);
        uint64_t entry =
            q->cq_base + (uint64_t)(q->cq_tail & (q->cq_size - 1)) *
                             sizeof(struct labyrinth_completion);

        if (q->state != LABYRINTH_STATE_RUNNING ||
            q->cq_tail - q->cq_head >= q->cq_size) {
            continue;
        }
        if (inside(addr, len, entry, sizeof(struct labyrinth_completion))) {
            return "completion";
        }
        if (!next) {
            continue;
        }
        if (labyrinth_is_ring(q) && q->posted_in != q->posted_out &&
            inside(addr, len, q->posted_addr[q->posted_out & (q->pq_size - 1)],
                   LABYRINTH_PAGE_SIZE)) {
            return "posted";
        }
        if (!labyrinth_is_ring(q) &&
            inside(addr, len, next->addr, LABYRINTH_PAGE_SIZE)) {
            return "granted";
        }
    }
    return lent_for_faults(s, addr, len);
}

/* The piece of a job that the descriptor at the head is of */
static bool piece_lent(const LabyrinthQueue *q, hwaddr addr, hwaddr len)
{
    struct labyrinth_job_desc desc;

    fuzz_ram_read(q->jq_base + (uint64_t)(q->jq_head & (q->jq_size - 1)) *
                                   sizeof(desc),
                  &desc, sizeof(desc));
    return addr == le64_to_cpu(desc.addr) && len == le16_to_cpu(desc.length);
}

static const char *lent_for_read(LabyrinthState *s, hwaddr addr, hwaddr len)
{
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        const LabyrinthQueue *q = &s->queue[qi];

        if (q->state == LABYRINTH_STATE_RUNNING && labyrinth_is_ring(q) &&
            q->pq_head != q->pq_tail &&
            inside(addr, len, q->pq_base,
                   (hwaddr)q->pq_size * sizeof(struct labyrinth_desc))) {
            return "descriptor";
        }
        if (q->state != LABYRINTH_STATE_RUNNING ||
            labyrinth_source(q) != LABYRINTH_SOURCE_SOLVE ||
            q->jq_head == q->jq_tail) {
            continue;
        }
        if (inside(addr, len, q->jq_base,
                   (hwaddr)q->jq_size * sizeof(struct labyrinth_job_desc))) {
            return "job-descriptor";
        }
        if (piece_lent(q, addr, len)) {
            return "piece";
        }
    }
    return lent_for_faults(s, addr, len);
}

MemTxResult __wrap_address_space_rw(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, void *buf, hwaddr len,
                                    bool is_write)
{
    LabyrinthState *s = fuzz.lab;
    const char *where;
    MemTxResult result;

    if (!s || as != &fuzz.pdev->bus_master_as) {
        return __real_address_space_rw(as, addr, attrs, buf, len, is_write);
    }
    where =
        is_write ? lent_for_write(s, addr, len) : lent_for_read(s, addr, len);
    rule(labyrinth_may_dma(s), "DMA while the bus or the device is off");
    rule(DEVICE(s)->mem_reentrancy_guard.engaged_in_io,
         "DMA without the re-entrancy guard");
    rule(attrs.memory, "DMA that is not restricted to memory");
    rule(where,
         "DMA to what was not lent: %s of %" PRIu64 " bytes at 0x%" PRIx64,
         is_write ? "write" : "read", (uint64_t)len, (uint64_t)addr);
    result = __real_address_space_rw(as, addr, attrs, buf, len, is_write);
    fuzz_cover_dma(is_write, where, result == MEMTX_OK);
    return result;
}

/* --- the device's own accounts ------------------------------------------- */

static void queue_rules(LabyrinthState *s, unsigned qi)
{
    const LabyrinthQueue *q = &s->queue[qi];
    const struct labyrinth_fw_queue *fw = &s->fw.queue[qi];
    uint64_t dropped = 0;

    for (unsigned r = 0; r < LABYRINTH_DROP_REASONS; r++) {
        dropped += fw->count.dropped[r];
    }
    rule(fw->count.produced == fw->count.delivered + dropped + fw->fifo_len,
         "queue %u does not balance: %" PRIu64 " produced, %" PRIu64
         " delivered, %" PRIu64 " dropped, %u staged",
         qi, fw->count.produced, fw->count.delivered, dropped, fw->fifo_len);
    rule(q->state <= LABYRINTH_STATE_DRAINING, "queue %u: state %u", qi,
         q->state);
    rule(fw->running == (q->state != LABYRINTH_STATE_IDLE),
         "queue %u: device and firmware disagree", qi);
    if (q->state == LABYRINTH_STATE_IDLE) {
        rule(q->posted_in == q->posted_out, "queue %u is idle and owns buffers",
             qi);
        return;
    }
    rule(q->cq_size >= LABYRINTH_RING_MIN && q->cq_size <= LABYRINTH_RING_MAX &&
             is_power_of_2(q->cq_size),
         "queue %u runs with %u entries", qi, q->cq_size);
    rule(q->cq_tail - q->cq_head + q->held <= q->cq_size,
         "queue %u: completion ring overrun", qi);
    rule(q->vector <= s->nr_queues, "queue %u: vector %u", qi, q->vector);
    rule(s->fw.jobs[qi].answered <= s->fw.jobs[qi].begun,
         "queue %u: more answers than jobs", qi);
    if (labyrinth_source(q) == LABYRINTH_SOURCE_SOLVE) {
        rule(q->jq_size <= LABYRINTH_RING_MAX && is_power_of_2(q->jq_size) &&
                 q->jq_tail - q->jq_head <= q->jq_size,
             "queue %u: job ring overrun", qi);
    }
    if (labyrinth_is_ring(q)) {
        rule(q->pq_size <= LABYRINTH_RING_MAX && is_power_of_2(q->pq_size) &&
                 q->pq_tail - q->pq_head <= q->pq_size &&
                 q->posted_in - q->posted_out <= q->pq_size,
             "queue %u: posted-buffer ring overrun", qi);
    } else {
        rule(q->posted_in == q->posted_out,
             "queue %u asks and owns posted buffers", qi);
    }
}

/* Each address that was lent is in the shadow map, once, and no other is. */
static void shadow_rules(LabyrinthState *s)
{
    uint64_t lent = 0;

    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        LabyrinthQueue *q = &s->queue[qi];

        lent += q->posted_in - q->posted_out;
        for (uint32_t i = q->posted_out; i != q->posted_in; i++) {
            rule(g_hash_table_contains(s->shadow,
                                       &q->posted_addr[i & (q->pq_size - 1)]),
                 "queue %u: posted buffer %u is not in the shadow map", qi, i);
        }
    }
    rule(g_hash_table_size(s->shadow) == lent,
         "%u addresses in the shadow map, %" PRIu64 " lent",
         g_hash_table_size(s->shadow), lent);
}

void fuzz_oracle(void)
{
    LabyrinthState *s = fuzz.lab;

    rule(labyrinth_fw_valid(&s->fw), "impossible state of the firmware");
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        queue_rules(s, qi);
    }
    shadow_rules(s);
    rule(!DEVICE(s)->mem_reentrancy_guard.engaged_in_io,
         "the re-entrancy guard was left taken");
    if (!s->faults || !(s->faults->dead_until || s->faults->removed)) {
        rule(!!(fuzz.pdev->irq_state & 1) ==
                 (!msix_enabled(fuzz.pdev) && s->irq_cause),
             "INTx and IRQ_CAUSE 0x%x disagree", s->irq_cause);
    }
}

/* --- after an input ------------------------------------------------------ */

#define WORK_PAGES 3

void fuzz_oracle_works(void)
{
    const unsigned q = fuzz.lab->nr_queues - 1;
    const uint64_t cq = FUZZ_ARENA, pq = FUZZ_ARENA + LABYRINTH_PAGE_SIZE,
                   data = pq + LABYRINTH_PAGE_SIZE;
    struct labyrinth_completion c[WORK_PAGES + 1];
    struct labyrinth_desc desc[WORK_PAGES];
    uint8_t page[LABYRINTH_PAGE_SIZE];

    fuzz_machine_reset();
    rule(fuzz_read(LABYRINTH_REG_ID, 4) == LABYRINTH_ID,
         "no answer after a reset");
    rule(fuzz_read(LABYRINTH_REG_GUEST_ERRORS, 4) == 0, "errors after a reset");
    fuzz_queue_write(q, LABYRINTH_QREG_CONFIG,
                     LABYRINTH_CONFIG_RING |
                         LABYRINTH_SOURCE_GENERATOR
                             << LABYRINTH_CONFIG_SOURCE_SHIFT);
    fuzz_queue_write64(q, LABYRINTH_QREG_CQ_BASE, cq);
    fuzz_queue_write(q, LABYRINTH_QREG_CQ_SIZE, 8);
    fuzz_queue_write64(q, LABYRINTH_QREG_PQ_BASE, pq);
    fuzz_queue_write(q, LABYRINTH_QREG_PQ_SIZE, 4);
    fuzz_queue_write64(q, LABYRINTH_QREG_GEN_COUNT, WORK_PAGES);
    fuzz_queue_write(q, LABYRINTH_QREG_GEN_SIZE, 300 << 16 | 300);
    for (unsigned i = 0; i < WORK_PAGES; i++) {
        desc[i] = (struct labyrinth_desc){
            .addr = cpu_to_le64(data + i * LABYRINTH_PAGE_SIZE),
            .cookie = cpu_to_le32(i),
            .length = cpu_to_le32(LABYRINTH_PAGE_SIZE),
        };
    }
    fuzz_ram_write(pq, desc, sizeof(desc));
    fuzz_queue_write(q, LABYRINTH_QREG_CTL,
                     LABYRINTH_CTL_START | LABYRINTH_CTL_CLEAR);
    fuzz_queue_write(q, LABYRINTH_QREG_PQ_TAIL, WORK_PAGES);
    fuzz_time(20 * 1000);
    fuzz_ram_read(cq, c, sizeof(c));
    for (unsigned i = 0; i < WORK_PAGES; i++) {
        fuzz_ram_read(data + le32_to_cpu(c[i].cookie) % 4 * LABYRINTH_PAGE_SIZE,
                      page, sizeof(page));
        rule(c[i].status == cpu_to_le16(LABYRINTH_COMP_OK) &&
                 le64_to_cpu(c[i].seq) == i &&
                 le16_to_cpu(c[i].length) == 300 &&
                 le32_to_cpu(c[i].crc32c) == labyrinth_crc32c(0, page, 300),
             "page %u after a reset is not right", i);
    }
    rule(c[WORK_PAGES].status == cpu_to_le16(LABYRINTH_COMP_EOS),
         "no end after a reset");
    fuzz_oracle();
}
