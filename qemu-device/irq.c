/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: interrupts and errors
 *
 * Contract: a queue's vector is sent only while it is armed, and sending
 * disarms it.  It is due at once for an unanswered request and for an event
 * completion; data completions may be held back by MOD_PACKETS and MOD_USEC,
 * those that are there when the host arms it as if they were written then.
 * The admin vector is sent while ERR_STATUS & ERR_ENABLE is not zero: at each
 * new error and after each write to one of the two.  What may not be sent now
 * (bus mastering off, D3hot) stays due and is sent by the engine when it may.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "hw/pci/msix.h"

void labyrinth_irq_intx(LabyrinthState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    pci_set_irq(pdev, !msix_enabled(pdev) && s->irq_cause &&
                !labyrinth_link_dead(s));
}

/* An MSI is a write by the device, INTx is not. */
static bool irq_allowed(LabyrinthState *s)
{
    return msix_enabled(PCI_DEVICE(s)) ? labyrinth_may_dma(s)
                                       : labyrinth_awake(s) &&
                                         !labyrinth_link_dead(s);
}

static void irq_send(LabyrinthState *s, unsigned vector, const char *why)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    LABYRINTH_TRACE(IRQ, irq, vector, msix_enabled(pdev) ? "msix" : "intx",
                    why);
    if (msix_enabled(pdev)) {
        msix_notify(pdev, vector);
    } else {
        s->irq_cause |= 1u << vector;
        labyrinth_irq_intx(s);
    }
}

void labyrinth_irq_admin(LabyrinthState *s)
{
    s->admin_held = false;
    if (!(s->err_status & s->err_enable)) {
        return;
    }
    if (irq_allowed(s)) {
        irq_send(s, LABYRINTH_VEC_ADMIN, "error");
    } else {
        s->admin_held = true;
    }
}

void labyrinth_error(LabyrinthState *s, unsigned qi, uint32_t err)
{
    uint32_t code = ctz32(err) + 1;

    s->err_status |= err;
    s->err_info = code << 8 | qi;
    if (qi != LABYRINTH_NO_QUEUE) {
        s->queue[qi].error = code;
    }
    LABYRINTH_TRACE(ERROR, error, qi, code, s->err_status);
    if (err & s->err_enable) {
        labyrinth_irq_admin(s);
    }
}

void labyrinth_refuse(LabyrinthState *s, unsigned qi, uint32_t err,
                      const char *fmt, ...)
{
    const uint32_t of_queue = LABYRINTH_ERR_STALE_TAG | LABYRINTH_ERR_BAD_GRANT
                              | LABYRINTH_ERR_BAD_DESC
                              | LABYRINTH_ERR_BAD_INDEX;
    g_autofree char *text = NULL;
    va_list ap;

    s->guest_errors++;
    if (qi != LABYRINTH_NO_QUEUE && (err & of_queue)) {
        s->queue[qi].refused++;
    }
    if (qemu_loglevel_mask(LOG_GUEST_ERROR) ||
        trace_event_get_state_backends(TRACE_LABYRINTH_REFUSE)) {
        va_start(ap, fmt);
        text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        qemu_log_mask(LOG_GUEST_ERROR, "labyrinth: refused: %s\n", text);
        LABYRINTH_TRACE(REFUSE, refuse, qi, ctz32(err) + 1, text);
    }
    labyrinth_error(s, qi, err);
}

static uint32_t irq_asked(LabyrinthState *s, unsigned qi)
{
    if (s->queue[qi].state != LABYRINTH_STATE_RUNNING) {
        return 0;
    }
    return labyrinth_fw_req_waiting(&s->fw, qi) & 0xffff;
}

static const char *irq_due(LabyrinthState *s, unsigned qi, uint64_t now)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint32_t fresh = q->cq_tail - q->cq_head;

    if (irq_asked(s, qi)) {
        return "request";
    }
    if (!fresh) {
        return NULL;
    }
    if (q->urgent) {
        return "now";
    }
    if (fresh >= MAX(q->mod_packets, 1) || labyrinth_cq_full(q)) {
        return "packets";
    }
    if (!q->mod_usec || now >= q->irq_deadline) {
        return "time";
    }
    return NULL;
}

static void irq_fire(LabyrinthState *s, unsigned qi, const char *why)
{
    LabyrinthQueue *q = &s->queue[qi];

    q->armed = false;
    q->urgent = false;
    q->irq_deadline = LABYRINTH_NEVER;
    if (s->faults && labyrinth_faults_irq(s, qi)) {
        return;
    }
    q->irqs++;
    irq_send(s, q->vector, why);
}

void labyrinth_irq_raise(LabyrinthState *s, unsigned qi, const char *why)
{
    if (irq_allowed(s)) {
        s->queue[qi].irqs++;
        irq_send(s, s->queue[qi].vector, why);
    }
}

void labyrinth_irq_send(LabyrinthState *s, unsigned vector, const char *why)
{
    if (irq_allowed(s)) {
        irq_send(s, vector, why);
    }
}

uint64_t labyrinth_irq_update(LabyrinthState *s, unsigned qi, uint64_t now)
{
    LabyrinthQueue *q = &s->queue[qi];
    const char *why;

    if (!q->armed || !irq_allowed(s)) {
        return LABYRINTH_NEVER;
    }
    why = irq_due(s, qi, now);
    if (why) {
        irq_fire(s, qi, why);
        return LABYRINTH_NEVER;
    }
    if (q->cq_tail == q->cq_head) {
        q->irq_deadline = LABYRINTH_NEVER;
    } else if (q->irq_deadline == LABYRINTH_NEVER) {
        q->irq_deadline = now + (uint64_t)q->mod_usec * 1000;
    }
    return q->irq_deadline;
}

void labyrinth_irq_arm(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint64_t next;

    q->armed = true;
    /* an event that was written meanwhile still is */
    q->urgent = q->urgent && q->cq_tail != q->cq_head;
    q->irq_deadline = LABYRINTH_NEVER;
    next = labyrinth_irq_update(s, qi, labyrinth_now());
    if (next != LABYRINTH_NEVER) {
        labyrinth_run_at(s, next);
    }
}

/* The queue stops: what moderation holds back is sent while it still may be. */
void labyrinth_irq_flush(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];

    if (q->armed && q->cq_tail != q->cq_head && irq_allowed(s)) {
        irq_fire(s, qi, "stop");
    }
    q->armed = false;
    q->urgent = false;
    q->irq_deadline = LABYRINTH_NEVER;
}

void labyrinth_irq_reset(LabyrinthState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    s->err_status = 0;
    s->err_enable = 0;
    s->err_info = 0;
    s->irq_cause = 0;
    s->guest_errors = 0;
    s->admin_held = false;
    for (unsigned v = 0; v <= s->nr_queues; v++) {
        msix_clr_pending(pdev, v);
    }
    labyrinth_irq_intx(s);
}
