/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the engine, which moves the data
 *
 * Contract: guest memory is read and written here and nowhere else, from one
 * timer of the virtual clock, while the device's re-entrancy guard is taken,
 * in D0 with bus mastering on, and only where there is RAM.  One run does a
 * bounded amount of work and comes back for the rest.  A completion's data is
 * written before its fields and the word with its phase bit last.  A ring that
 * the bus refuses stops its queue, because nothing can be reported through it.
 */
#include "qemu/osdep.h"
#include "faults.h"

void labyrinth_run_at(LabyrinthState *s, uint64_t when)
{
    /*
     * A timer takes a signed time: one beyond that, as a state from outside may
     * have it, would be long past, and the engine run again and again at once.
     */
    timer_mod_anticipate_ns(s->engine, MIN(when, INT64_MAX));
}

void labyrinth_kick(LabyrinthState *s)
{
    labyrinth_run_at(s, labyrinth_now() + LABYRINTH_TICK_NS);
}

bool labyrinth_dma(LabyrinthState *s, bool to_host, uint64_t addr, void *buf,
                   uint32_t len)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    MemTxAttrs attrs = {
        .memory = 1,
        .requester_id = pci_requester_id(pdev),
    };
    MemTxResult res = pci_dma_rw(pdev, addr, buf, len,
                                 to_host ? DMA_DIRECTION_FROM_DEVICE
                                         : DMA_DIRECTION_TO_DEVICE, attrs);

    LABYRINTH_TRACE(DMA, dma, to_host ? "write" : "read", addr, len, res);
    return res == MEMTX_OK;
}

/* The bus refused a ring of this queue. */
void labyrinth_halt(LabyrinthState *s, unsigned qi)
{
    labyrinth_queue_idle(s, qi, "ring refused by the bus");
    labyrinth_error(s, qi, LABYRINTH_ERR_DMA);
}

/* --- completion ring ------------------------------------------------------ */

bool labyrinth_complete(LabyrinthState *s, unsigned qi,
                        struct labyrinth_completion c)
{
    const uint32_t flags_at = offsetof(struct labyrinth_completion, flags);
    LabyrinthQueue *q = &s->queue[qi];
    uint64_t at = q->cq_base + (uint64_t)(q->cq_tail & (q->cq_size - 1))
                  * sizeof(c);
    bool event = c.flags & LABYRINTH_COMP_EVENT;

    c.queue = qi;
    if (!(q->cq_tail & q->cq_size)) {
        c.flags |= LABYRINTH_COMP_PHASE;
    }
    if (s->faults) {
        labyrinth_hostile_completion(s, qi, &c);
    }
    LABYRINTH_TRACE(COMPLETION, completion, qi, q->cq_tail, c.seq, c.status,
                    c.length, c.cookie, c.crc32c, c.flags);
    c.seq = cpu_to_le64(c.seq);
    c.ready_ns = cpu_to_le64(c.ready_ns);
    c.cookie = cpu_to_le32(c.cookie);
    c.crc32c = cpu_to_le32(c.crc32c);
    c.length = cpu_to_le16(c.length);
    c.status = cpu_to_le16(c.status);
    c.queue = cpu_to_le16(c.queue);
    c.flags = cpu_to_le16(c.flags);

    if (!labyrinth_dma(s, true, at, &c, flags_at)) {
        return false;
    }
    /* pairs with the host's read barrier after it has seen the phase bit */
    smp_wmb();
    if (!labyrinth_dma(s, true, at + flags_at, &c.flags, sizeof(c.flags))) {
        return false;
    }
    q->cq_tail++;
    if (event) {
        q->urgent = true;
    }
    return true;
}

/* --- posted buffers ------------------------------------------------------- */

static bool take_desc(LabyrinthState *s, unsigned qi,
                      const struct labyrinth_desc *desc)
{
    uint64_t addr = le64_to_cpu(desc->addr);
    uint32_t cookie = le32_to_cpu(desc->cookie);
    uint32_t length = le32_to_cpu(desc->length);

    LABYRINTH_TRACE(POSTED, posted, qi, s->queue[qi].pq_head, addr, cookie,
                    length);
    if (length == LABYRINTH_PAGE_SIZE &&
        QEMU_IS_ALIGNED(addr, LABYRINTH_PAGE_SIZE) &&
        labyrinth_shadow_add(s, qi, addr, cookie)) {
        return true;
    }
    labyrinth_refuse(s, qi, LABYRINTH_ERR_BAD_DESC,
                     "descriptor %" PRIu32 " of queue %u: address 0x%" PRIx64
                     " length %" PRIu32, s->queue[qi].pq_head, qi, addr,
                     length);
    return labyrinth_complete(s, qi, (struct labyrinth_completion) {
        .cookie = cookie,
        .status = LABYRINTH_COMP_BAD_DESC,
    });
}

/* There is something to fetch, room for it, and an entry to refuse it in. */
static bool may_fetch(const LabyrinthQueue *q)
{
    return q->pq_head != q->pq_tail && !labyrinth_cq_full(q) &&
           q->posted_in - q->posted_out < q->pq_size;
}

/* One read of the ring, up to its end; returns whether there is more. */
static bool fetch(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];
    struct labyrinth_desc desc[LABYRINTH_TICK_DESCS];
    uint32_t slot = q->pq_head & (q->pq_size - 1);
    uint32_t room = q->pq_size - (q->posted_in - q->posted_out);
    uint32_t n = MIN(q->pq_tail - q->pq_head, room);

    if (!may_fetch(q)) {
        return false;
    }
    n = MIN(n, MIN(q->pq_size - slot, LABYRINTH_TICK_DESCS));
    if (!labyrinth_dma(s, false, q->pq_base + slot * sizeof(desc[0]), desc,
             n * sizeof(desc[0]))) {
        labyrinth_halt(s, qi);
        return false;
    }
    for (uint32_t i = 0; i < n && !labyrinth_cq_full(q); i++) {
        if (!take_desc(s, qi, &desc[i])) {
            labyrinth_halt(s, qi);
            return false;
        }
        q->pq_head++;
    }
    return may_fetch(q);
}

/* --- data ----------------------------------------------------------------- */

static bool move(LabyrinthState *s, unsigned qi, uint64_t addr,
                 const struct labyrinth_fw_page *page)
{
    return s->faults ?
           labyrinth_fault_move(s, qi, addr, page->data, page->length) :
           labyrinth_dma(s, true, addr, page->data, page->length);
}

/* The completion of a page that was moved; false: the bus refused the ring. */
static bool tell(LabyrinthState *s, unsigned qi, uint64_t addr,
                 const struct labyrinth_fw_page *page,
                 const struct labyrinth_completion *c, bool *lost)
{
    enum labyrinth_telling how;

    if (!s->faults) {
        return labyrinth_complete(s, qi, *c);
    }
    how = labyrinth_fault_tell(s, qi, c);
    *lost = how == LABYRINTH_TELL_NEVER;
    if (*lost || how == LABYRINTH_TELL_LATER) {
        return true;
    }
    labyrinth_fault_stale(s, qi, addr, page->data, page->length);
    return labyrinth_complete(s, qi, *c) &&
           (how != LABYRINTH_TELL_TWICE || labyrinth_complete(s, qi, *c)) &&
           labyrinth_fault_held(s, qi);
}

/* Moves the queue's next page if it has a buffer and an entry to report it. */
static bool transfer(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];
    const struct labyrinth_fw_page *page = labyrinth_fw_next(&s->fw, qi);
    bool ring = labyrinth_is_ring(q);
    struct labyrinth_completion c;
    uint64_t addr;
    bool moved, told, lost = false;

    if (!page || labyrinth_cq_full(q) ||
        (ring && q->posted_in == q->posted_out) ||
        labyrinth_fault_stops(s, qi)) {
        return false;
    }
    c = (struct labyrinth_completion) {
        .seq = page->seq,
        .ready_ns = page->ready_ns,
        .cookie = page->tag,
    };
    addr = page->addr;
    if (ring) {
        uint32_t slot = q->posted_out & (q->pq_size - 1);

        addr = q->posted_addr[slot];
        c.cookie = q->posted_cookie[slot];
    }

    moved = move(s, qi, addr, page);
    if (moved) {
        c.length = page->length;
        c.crc32c = page->crc32c;
        told = tell(s, qi, addr, page, &c, &lost);
    } else {
        c.status = LABYRINTH_COMP_DMA;
        labyrinth_error(s, qi, LABYRINTH_ERR_DMA);
        told = labyrinth_complete(s, qi, c);
    }
    if (ring) {
        labyrinth_shadow_remove(s, qi);
    }
    if (lost) {
        lf_drop(s, qi, LABYRINTH_DROP_FAULT);
    } else {
        lf_done(s, qi, moved && told);
    }
    if (!told) {
        labyrinth_halt(s, qi);
    }
    return told;
}

/* --- one run -------------------------------------------------------------- */

/* Log what the firmware decided since the last look. */
static void trace_counters(LabyrinthState *s, unsigned qi)
{
    const struct labyrinth_fw_counters *now = &s->fw.queue[qi].count;
    struct labyrinth_fw_counters *old = &s->queue[qi].traced;

    if (now->requests != old->requests || now->reraised != old->reraised) {
        LABYRINTH_TRACE(REQUEST, request, qi, labyrinth_fw_req_tag(&s->fw, qi),
                        labyrinth_fw_req_waiting(&s->fw, qi), now->requests,
                        now->reraised);
    }
    for (unsigned r = 0; r < LABYRINTH_DROP_REASONS; r++) {
        if (now->dropped[r] != old->dropped[r]) {
            LABYRINTH_TRACE(DROP, drop, qi, r, now->dropped[r]);
        }
    }
    *old = *now;
}

static void end_of_source(LabyrinthState *s, unsigned qi, uint64_t now)
{
    struct labyrinth_completion c = {
        .seq = s->fw.queue[qi].count.produced,
        .ready_ns = now,
        .status = LABYRINTH_COMP_EOS,
        .flags = LABYRINTH_COMP_EVENT,
    };

    /* the firmware says so only once: first see that it can be passed on */
    if (!labyrinth_cq_full(&s->queue[qi]) && lf_eos(s, qi) &&
        !(labyrinth_fault_held(s, qi) && labyrinth_complete(s, qi, c))) {
        labyrinth_halt(s, qi);
    }
}

/* Returns when the queue wants to be run again. */
static uint64_t run_queue(LabyrinthState *s, unsigned qi, uint64_t now,
                          unsigned *budget)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint64_t next = LABYRINTH_NEVER;
    bool moved = true;

    if (s->faults && labyrinth_faults_stuck(s, qi, now)) {
        return labyrinth_irq_update(s, qi, now);
    }
    labyrinth_jobs_run(s, qi, now);
    /* Each turn but the last moves a page, so the budget bounds the loop. */
    while (q->state == LABYRINTH_STATE_RUNNING && moved) {
        bool more = labyrinth_is_ring(q) && fetch(s, qi);

        next = lf_poll(s, qi, now);
        moved = false;
        while (*budget && transfer(s, qi)) {
            moved = true;
            (*budget)--;
        }
        if (more || !*budget) {
            next = now;
        }
    }
    if (q->state == LABYRINTH_STATE_RUNNING) {
        end_of_source(s, qi, now);
    }
    trace_counters(s, qi);
    return MIN(next, labyrinth_irq_update(s, qi, now));
}

/* A page that one queue freed may be what another's generator waits for. */
static bool generator_waits(LabyrinthState *s)
{
    uint32_t waiting = labyrinth_fw_waiting(&s->fw);

    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        if ((waiting & 1u << qi) &&
            labyrinth_source(&s->queue[qi]) == LABYRINTH_SOURCE_GENERATOR) {
            return true;
        }
    }
    return false;
}

static void run(LabyrinthState *s)
{
    uint64_t now = labyrinth_now();
    unsigned budget = LABYRINTH_TICK_PAGES;
    uint64_t next;

    if (s->cosim && labyrinth_cosim_fell(s)) {
        return;
    }
    /* STOP is acknowledged whatever the state of the bus. */
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        if (s->queue[qi].state == LABYRINTH_STATE_DRAINING &&
            !(s->faults && labyrinth_faults_drain(s, qi, now))) {
            labyrinth_queue_idle(s, qi, "drained");
        }
    }
    if (!labyrinth_may_dma(s)) {
        labyrinth_faults_wait(s);
        return;
    }
    if (s->admin_held) {
        labyrinth_irq_admin(s);
    }
    next = labyrinth_source_run(s, now);
    if (s->faults && !labyrinth_faults_run(s, now)) {
        return;
    }
    for (unsigned i = 0; i < s->nr_queues; i++) {
        unsigned qi = (s->turn + i) % s->nr_queues;

        next = MIN(next, run_queue(s, qi, now, &budget));
    }
    s->turn = (s->turn + 1) % s->nr_queues;
    if (generator_waits(s) || labyrinth_jobs_wait(s)) {
        next = now;
    }
    if (s->faults) {
        next = MIN(next, labyrinth_faults_next(s, now));
    }
    if (next != LABYRINTH_NEVER) {
        labyrinth_run_at(s, MAX(next, now + LABYRINTH_TICK_NS));
    }
}

void labyrinth_engine_run(void *opaque)
{
    LabyrinthState *s = opaque;
    MemReentrancyGuard *guard = &DEVICE(s)->mem_reentrancy_guard;

    if (guard->engaged_in_io) {
        labyrinth_kick(s);
        return;
    }
    guard->engaged_in_io = true;
    run(s);
    guard->engaged_in_io = false;
    labyrinth_source_accept(s);
}
