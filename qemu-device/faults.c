/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: fault injection
 *
 * Contract: which event is spoilt follows from the seed, the settings and the
 * order of the events, and from nothing else.  What lasts - a dead link, a
 * stuck queue, a slow reset - ends with its time and with a reset, but for
 * `removed`, which ends with nothing.
 */
#include "qemu/osdep.h"
#include "faults.h"

#define FAULT_NAME(sym, name, param) [LABYRINTH_FAULT_##sym] = name,
#define FAULT_PARAM(sym, name, param) [LABYRINTH_FAULT_##sym] = param,

static const char *const fault_names[] = { LABYRINTH_FAULTS(FAULT_NAME) };
static const uint32_t default_param[] = { LABYRINTH_FAULTS(FAULT_PARAM) };

const char *labyrinth_fault_name(unsigned f)
{
    return fault_names[f];
}

/* --- chance --------------------------------------------------------------- */

/* SplitMix64 */
uint64_t labyrinth_fault_random(LabyrinthFaults *faults)
{
    uint64_t x = faults->random += 0x9e3779b97f4a7c15ull;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

uint32_t labyrinth_fault_pick(LabyrinthFaults *faults, uint32_t below)
{
    return (labyrinth_fault_random(faults) >> 32) * below >> 32;
}

bool labyrinth_fault_chance(LabyrinthFaults *faults, uint32_t millionths)
{
    return millionths &&
           labyrinth_fault_pick(faults, LABYRINTH_MILLION) < millionths;
}

void labyrinth_fault_seed(LabyrinthFaults *faults, uint64_t seed)
{
    faults->set.seed = seed;
    faults->random = seed;
}

static bool asked_for(LabyrinthState *s, unsigned f)
{
    return s->faults->set.kind[f].rate || s->faults->set.kind[f].nth;
}

bool labyrinth_fault_event(LabyrinthState *s, unsigned f, unsigned qi)
{
    LabyrinthFaultSetting *set = &s->faults->set.kind[f];
    LabyrinthFaultCount *count = &s->faults->count[f];
    bool hit;

    if (!asked_for(s, f)) {
        return false;
    }
    count->events++;
    hit = labyrinth_fault_chance(s->faults, set->rate);
    if (set->nth && --set->nth == 0) {
        hit = true;
    }
    if (!hit || (set->limit && count->used >= set->limit)) {
        return false;
    }
    count->used++;
    count->injected++;
    LABYRINTH_TRACE(FAULT, fault, fault_names[f], qi, count->events,
                    count->injected, labyrinth_fault_param(s, f));
    return true;
}

uint32_t labyrinth_fault_param(LabyrinthState *s, unsigned f)
{
    uint32_t param = s->faults->set.kind[f].param;

    return param ? param : default_param[f];
}

unsigned labyrinth_fault_victim(LabyrinthState *s)
{
    unsigned running[LABYRINTH_MAX_QUEUES];
    unsigned n = 0;

    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        if (s->queue[qi].state == LABYRINTH_STATE_RUNNING) {
            running[n++] = qi;
        }
    }
    return n ? running[labyrinth_fault_pick(s->faults, n)]
             : LABYRINTH_NO_QUEUE;
}

/* --- power-on and reset --------------------------------------------------- */

static void end_effects(LabyrinthState *s)
{
    LabyrinthFaults *faults = s->faults;

    faults->dead_until = 0;
    faults->reset_until = 0;
    memset(&faults->latch, 0, sizeof(faults->latch));
    memset(faults->queue, 0, sizeof(faults->queue));
    memset(faults->late, 0, sizeof(faults->late));
    memset(faults->seen, 0, sizeof(faults->seen));
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        faults->queue[qi].irq_at = LABYRINTH_NEVER;
        s->queue[qi].held = false;
    }
}

void labyrinth_faults_power_on(void *opaque)
{
    LabyrinthState *s = opaque;
    LabyrinthFaults *faults = s->faults;

    faults->set = s->fault_config;
    labyrinth_fault_seed(faults, s->fault_config.seed);
    memset(faults->count, 0, sizeof(faults->count));
    memset(faults->fired, 0, sizeof(faults->fired));
    faults->stale_written = 0;
    faults->stale_caught = 0;
}

void labyrinth_faults_reset(LabyrinthState *s)
{
    if (s->faults) {
        end_effects(s);
    }
}

void labyrinth_faults_slow_reset(LabyrinthState *s, bool flr)
{
    if (labyrinth_fault(s, LABYRINTH_FAULT_FLR_SLOW, LABYRINTH_NO_QUEUE)) {
        s->faults->reset_until = labyrinth_now() +
            labyrinth_fault_ns(s, LABYRINTH_FAULT_FLR_SLOW);
        s->faults->reset_is_flr = flr;
    }
}

bool labyrinth_faults_resetting(LabyrinthState *s)
{
    return labyrinth_now() < s->faults->reset_until;
}

/* --- the link ------------------------------------------------------------- */

bool labyrinth_faults_dead_now(LabyrinthState *s)
{
    return s->faults->removed || labyrinth_now() < s->faults->dead_until;
}

bool labyrinth_faults_kill_link(LabyrinthState *s)
{
    if (labyrinth_faults_dead_now(s)) {
        return true;
    }
    if (!labyrinth_fault(s, LABYRINTH_FAULT_LINK_DEAD, LABYRINTH_NO_QUEUE)) {
        return false;
    }
    s->faults->dead_until = labyrinth_now() +
        labyrinth_fault_ns(s, LABYRINTH_FAULT_LINK_DEAD);
    return true;
}

void labyrinth_faults_wait(LabyrinthState *s)
{
    if (s->faults && labyrinth_now() < s->faults->dead_until) {
        labyrinth_run_at(s, s->faults->dead_until);
    }
}

bool labyrinth_faults_config_gone(LabyrinthState *s)
{
    return s->faults->removed ||
           (s->faults->reset_is_flr && labyrinth_faults_resetting(s));
}

uint32_t labyrinth_faults_config_read(LabyrinthState *s, uint32_t addr,
                                      uint32_t val, int len)
{
    if (labyrinth_faults_config_gone(s)) {
        return MAKE_64BIT_MASK(0, len * 8);
    }
    if (labyrinth_fault(s, LABYRINTH_FAULT_CONFIG_LIE, LABYRINTH_NO_QUEUE)) {
        uint32_t bit = labyrinth_fault_pick(s->faults, len * 8);

        LABYRINTH_TRACE(CONFIG_LIE, config_lie, addr, len, val,
                        val ^ 1u << bit);
        val ^= 1u << bit;
    }
    return val;
}

/* --- interrupts ----------------------------------------------------------- */

bool labyrinth_faults_irq(LabyrinthState *s, unsigned qi)
{
    LabyrinthFaultQueue *fq = &s->faults->queue[qi];

    if (labyrinth_fault(s, LABYRINTH_FAULT_IRQ_LOST, qi)) {
        return true;
    }
    if (fq->irq_at == LABYRINTH_NEVER &&
        labyrinth_fault(s, LABYRINTH_FAULT_IRQ_LATE, qi)) {
        fq->irq_at = labyrinth_now() +
                     labyrinth_fault_ns(s, LABYRINTH_FAULT_IRQ_LATE);
        labyrinth_run_at(s, fq->irq_at);
        return true;
    }
    if (!fq->irqs_more && labyrinth_fault(s, LABYRINTH_FAULT_IRQ_TWICE, qi)) {
        fq->irqs_more = labyrinth_fault_param(s, LABYRINTH_FAULT_IRQ_TWICE);
        labyrinth_kick(s);
    }
    return false;
}

static void run_irqs(LabyrinthState *s, unsigned qi, uint64_t now)
{
    LabyrinthFaultQueue *fq = &s->faults->queue[qi];

    if (now >= fq->irq_at) {
        fq->irq_at = LABYRINTH_NEVER;
        labyrinth_irq_raise(s, qi, "late");
    }
    if (fq->irqs_more) {
        fq->irqs_more--;
        labyrinth_irq_raise(s, qi, "again");
    }
}

static void begin_irqs(LabyrinthState *s)
{
    unsigned qi = LABYRINTH_NO_QUEUE;

    if (asked_for(s, LABYRINTH_FAULT_IRQ_SPURIOUS) ||
        asked_for(s, LABYRINTH_FAULT_IRQ_STORM)) {
        qi = labyrinth_fault_victim(s);
    }
    if (qi == LABYRINTH_NO_QUEUE) {
        return;
    }
    if (labyrinth_fault(s, LABYRINTH_FAULT_IRQ_SPURIOUS, qi)) {
        labyrinth_irq_raise(s, qi, "spurious");
    }
    if (!s->faults->queue[qi].irqs_more &&
        labyrinth_fault(s, LABYRINTH_FAULT_IRQ_STORM, qi)) {
        s->faults->queue[qi].irqs_more =
            labyrinth_fault_param(s, LABYRINTH_FAULT_IRQ_STORM);
    }
}

/* --- the engine ----------------------------------------------------------- */

bool labyrinth_faults_run(LabyrinthState *s, uint64_t now)
{
    if (labyrinth_fault(s, LABYRINTH_FAULT_REMOVED, LABYRINTH_NO_QUEUE)) {
        s->faults->removed = true;
        labyrinth_irq_intx(s);
        return false;
    }
    labyrinth_fault_late_writes(s, now);
    labyrinth_hostile_run(s);
    begin_irqs(s);
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        run_irqs(s, qi, now);
        if (s->queue[qi].held && now >= s->faults->queue[qi].held_until &&
            !labyrinth_fault_held(s, qi)) {
            labyrinth_halt(s, qi);
        }
    }
    return true;
}

bool labyrinth_faults_stuck(LabyrinthState *s, unsigned qi, uint64_t now)
{
    return now < s->faults->queue[qi].stuck_until;
}

bool labyrinth_faults_stick(LabyrinthState *s, unsigned qi)
{
    if (!labyrinth_fault(s, LABYRINTH_FAULT_DMA_STUCK, qi)) {
        return false;
    }
    s->faults->queue[qi].stuck_until = labyrinth_now() +
        labyrinth_fault_ns(s, LABYRINTH_FAULT_DMA_STUCK);
    return true;
}

static bool busy(LabyrinthState *s, unsigned qi, uint64_t now)
{
    if (labyrinth_faults_stuck(s, qi, now)) {
        return true;
    }
    for (unsigned i = 0; i < LABYRINTH_LATE_WRITES; i++) {
        if (s->faults->late[i].kind == LABYRINTH_LATE_DATA &&
            s->faults->late[i].queue == qi) {
            return true;
        }
    }
    return false;
}

uint64_t labyrinth_faults_next(LabyrinthState *s, uint64_t now)
{
    LabyrinthFaults *faults = s->faults;
    uint64_t next = LABYRINTH_NEVER;

    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        const LabyrinthFaultQueue *fq = &faults->queue[qi];

        next = MIN(next, fq->irq_at);
        if (fq->irqs_more) {
            next = now;
        }
        if (fq->stuck_until > now) {
            next = MIN(next, fq->stuck_until);
        }
        if (s->queue[qi].held) {
            next = MIN(next, fq->held_until);
        }
        if (s->queue[qi].state == LABYRINTH_STATE_DRAINING &&
            !busy(s, qi, now)) {
            next = now;
        }
    }
    for (unsigned i = 0; i < LABYRINTH_LATE_WRITES; i++) {
        if (faults->late[i].kind != LABYRINTH_LATE_NONE) {
            next = MIN(next, faults->late[i].due);
        }
    }
    return next;
}

bool labyrinth_faults_drain(LabyrinthState *s, unsigned qi, uint64_t now)
{
    if (!labyrinth_may_dma(s)) {
        return false;
    }
    if (busy(s, qi, now)) {
        return true;
    }
    if (!labyrinth_fault_held(s, qi)) {
        labyrinth_halt(s, qi);
        return true;
    }
    return false;
}

void labyrinth_faults_idle(LabyrinthState *s, unsigned qi)
{
    LabyrinthFaults *faults = s->faults;

    labyrinth_fault_forget_held(s, qi);
    if (faults->queue[qi].irq_at != LABYRINTH_NEVER) {
        labyrinth_irq_raise(s, qi, "late");
    }
    faults->queue[qi] = (LabyrinthFaultQueue) { .irq_at = LABYRINTH_NEVER };
    for (unsigned i = 0; i < LABYRINTH_LATE_WRITES; i++) {
        if (faults->late[i].kind == LABYRINTH_LATE_DATA &&
            faults->late[i].queue == qi) {
            faults->late[i].kind = LABYRINTH_LATE_NONE;
        }
    }
}
