/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the adversary
 *
 * Contract: with x-hostile the device lies, each time that it may and that
 * chance has it so, by the rules of labyrinth_hw.h; a lie counts as fired if
 * it differs from the truth.  It writes only where the device was lent memory:
 * into the rings of running queues and into buffers that it is filling.
 * LABYRINTH_PAGE_FAULTS never lies, and a write to a register is always obeyed.
 */
#include "qemu/osdep.h"
#include "faults.h"

#define RULE_NAME(sym, name) [LABYRINTH_RULE_##sym] = name,

static const char *const rule_names[] = { LABYRINTH_RULES(RULE_NAME) };

const char *labyrinth_rule_name(unsigned r)
{
    return rule_names[r];
}

bool labyrinth_lies(LabyrinthState *s, unsigned r)
{
    const LabyrinthFaultConfig *set = &s->faults->set;

    return (set->rules & 1u << r) &&
           labyrinth_fault_chance(s->faults, set->hostile);
}

void labyrinth_lied(LabyrinthState *s, unsigned r, uint64_t where,
                    uint64_t honest, uint64_t told)
{
    s->faults->fired[r]++;
    LABYRINTH_TRACE(LIE, lie, rule_names[r], where, honest, told);
}

/* Anything of that many bits but the truth: what is near it, and the edges. */
static uint64_t lie(LabyrinthFaults *faults, uint64_t honest, unsigned bits)
{
    uint64_t mask = MAKE_64BIT_MASK(0, bits);
    uint64_t told;

    switch (labyrinth_fault_pick(faults, 8)) {
    case 0:
        told = 0;
        break;
    case 1:
        told = mask;
        break;
    case 2:
        told = honest + 1;
        break;
    case 3:
        told = honest - 1;
        break;
    case 4:
        told = labyrinth_fault_pick(faults, 64);
        break;
    case 5:
        told = 1ull << (bits - 1);
        break;
    case 6:
        told = honest ^ 1ull << labyrinth_fault_pick(faults, bits);
        break;
    default:
        told = labyrinth_fault_random(faults);
        break;
    }
    told &= mask;
    return told == honest ? honest ^ 1 : told;
}

/* --- completions ---------------------------------------------------------- */

/* The cookie of a buffer that the device still has, if it can be had */
static uint32_t other_cookie(LabyrinthState *s, unsigned qi, uint32_t honest)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint32_t n = q->posted_in - q->posted_out;
    uint32_t told = honest;

    if (n && labyrinth_fault_pick(s->faults, 2)) {
        uint32_t i = q->posted_out + labyrinth_fault_pick(s->faults, n);

        told = q->posted_cookie[i & (q->pq_size - 1)];
    }
    return told == honest ? lie(s->faults, honest, 32) : told;
}

#define LIE(c, field, rule)                                             \
    do {                                                                \
        if (labyrinth_lies(s, LABYRINTH_RULE_##rule)) {                 \
            uint64_t honest = (c)->field;                               \
                                                                        \
            (c)->field = lie(s->faults, honest,                         \
                             sizeof((c)->field) * BITS_PER_BYTE);       \
            labyrinth_lied(s, LABYRINTH_RULE_##rule, qi, honest,        \
                           (c)->field);                                 \
        }                                                               \
    } while (0)

void labyrinth_hostile_completion(LabyrinthState *s, unsigned qi,
                                  struct labyrinth_completion *c)
{
    if (!s->faults->set.hostile) {
        return;
    }
    LIE(c, seq, COMP_SEQ);
    LIE(c, ready_ns, COMP_READY);
    if (labyrinth_lies(s, LABYRINTH_RULE_COMP_COOKIE)) {
        uint32_t honest = c->cookie;

        c->cookie = other_cookie(s, qi, honest);
        labyrinth_lied(s, LABYRINTH_RULE_COMP_COOKIE, qi, honest, c->cookie);
    }
    LIE(c, crc32c, COMP_CRC);
    LIE(c, length, COMP_LENGTH);
    LIE(c, status, COMP_STATUS);
    LIE(c, queue, COMP_QUEUE);
    LIE(c, flags, COMP_FLAGS);
}

/* --- registers ------------------------------------------------------------ */

uint64_t labyrinth_hostile_read(LabyrinthState *s, uint32_t addr,
                                unsigned size, bool is_tag, uint64_t val)
{
    LabyrinthFaults *faults = s->faults;
    LabyrinthSeen *seen = &faults->seen[addr / 4 % LABYRINTH_SEEN];
    unsigned rule = is_tag ? LABYRINTH_RULE_REQ_TAG : LABYRINTH_RULE_REG_VALUE;
    uint64_t told = val;

    if (!faults->set.hostile) {
        return val;
    }
    if (labyrinth_lies(s, rule)) {
        told = lie(faults, val, size * BITS_PER_BYTE);
        labyrinth_lied(s, rule, addr, val, told);
    }
    if (seen->addr == addr + 1 &&
        labyrinth_lies(s, LABYRINTH_RULE_REG_TWICE)) {
        told = seen->val ^
               1ull << labyrinth_fault_pick(faults, size * BITS_PER_BYTE);
        told &= MAKE_64BIT_MASK(0, size * BITS_PER_BYTE);
        if (told != val) {
            labyrinth_lied(s, LABYRINTH_RULE_REG_TWICE, addr, val, told);
        }
    }
    seen->addr = addr + 1;
    seen->val = told;
    return told;
}

/* --- out of nothing ------------------------------------------------------- */

static void made(LabyrinthState *s, unsigned qi)
{
    LabyrinthFaults *faults = s->faults;
    struct labyrinth_completion c = {
        .seq = lie(faults, s->fw.queue[qi].next_seq, 64),
        .ready_ns = lie(faults, labyrinth_now(), 64),
        .cookie = other_cookie(s, qi, 0),
        .crc32c = lie(faults, 0, 32),
        .length = lie(faults, LABYRINTH_PAGE_SIZE, 16),
        .status = lie(faults, 4, 16),
        .flags = lie(faults, 0, 16) & ~LABYRINTH_COMP_PHASE,
    };

    labyrinth_lied(s, LABYRINTH_RULE_COMP_MADE, qi, 0, c.cookie);
    if (!labyrinth_complete(s, qi, c)) {
        labyrinth_halt(s, qi);
    }
}

static void false_end(LabyrinthState *s, unsigned qi)
{
    struct labyrinth_completion c = {
        .seq = s->fw.queue[qi].count.produced,
        .ready_ns = labyrinth_now(),
        .status = LABYRINTH_COMP_EOS,
        .flags = LABYRINTH_COMP_EVENT,
    };

    labyrinth_lied(s, LABYRINTH_RULE_EVENT, qi, 0, LABYRINTH_COMP_EOS);
    if (!labyrinth_complete(s, qi, c)) {
        labyrinth_halt(s, qi);
    }
}

/* One of the ring's words changes, read by the host already or not. */
static void rewrite(LabyrinthState *s, unsigned qi)
{
    LabyrinthQueue *q = &s->queue[qi];
    uint32_t back = 1 + labyrinth_fault_pick(s->faults,
                                             MIN(q->cq_tail, q->cq_size));
    uint64_t at = q->cq_base + (uint64_t)((q->cq_tail - back) &
                                          (q->cq_size - 1))
                  * sizeof(struct labyrinth_completion);
    uint64_t honest, told;

    at += labyrinth_fault_pick(s->faults, sizeof(struct labyrinth_completion) /
                                          sizeof(honest)) * sizeof(honest);
    if (!labyrinth_dma(s, false, at, &honest, sizeof(honest))) {
        labyrinth_halt(s, qi);
        return;
    }
    told = cpu_to_le64(lie(s->faults, le64_to_cpu(honest), 64));
    labyrinth_lied(s, LABYRINTH_RULE_COMP_REWRITE, at, le64_to_cpu(honest),
                   le64_to_cpu(told));
    if (!labyrinth_dma(s, true, at, &told, sizeof(told))) {
        labyrinth_halt(s, qi);
    }
}

void labyrinth_hostile_run(LabyrinthState *s)
{
    unsigned qi = LABYRINTH_NO_QUEUE;

    if (s->faults->set.hostile) {
        qi = labyrinth_fault_victim(s);
    }
    if (qi == LABYRINTH_NO_QUEUE) {
        return;
    }
    if (labyrinth_lies(s, LABYRINTH_RULE_IRQ_ANY)) {
        unsigned vector = labyrinth_fault_pick(s->faults, s->nr_queues + 1);

        labyrinth_lied(s, LABYRINTH_RULE_IRQ_ANY, vector, 0, 1);
        labyrinth_irq_send(s, vector, "lie");
    }
    if (!labyrinth_cq_full(&s->queue[qi]) &&
        labyrinth_lies(s, LABYRINTH_RULE_COMP_MADE)) {
        made(s, qi);
    }
    if (s->queue[qi].state == LABYRINTH_STATE_RUNNING &&
        !labyrinth_cq_full(&s->queue[qi]) &&
        labyrinth_lies(s, LABYRINTH_RULE_EVENT)) {
        false_end(s, qi);
    }
    if (s->queue[qi].state == LABYRINTH_STATE_RUNNING && s->queue[qi].cq_tail &&
        labyrinth_lies(s, LABYRINTH_RULE_COMP_REWRITE)) {
        rewrite(s, qi);
    }
}
