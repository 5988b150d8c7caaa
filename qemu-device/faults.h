/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: what goes wrong on purpose, between its files
 *
 * Contract: s->faults is there only with x-faults=on, and every hook does
 * nothing without it.  All chance comes from one generator with a seed, all
 * delays are in virtual time and served by the engine, one engine run does a
 * bounded amount of mischief, and memory is written from the engine only.
 *   faults.c         chance and counting, reset, the effects that last
 *   fault_data.c     faults of the data and of its completion
 *   fault_regs.c     LABYRINTH_PAGE_FAULTS
 *   fault_props.c    the properties
 *   fault_vmstate.c  migration
 *   hostile.c        the adversary
 */
#ifndef LABYRINTH_FAULTS_H
#define LABYRINTH_FAULTS_H

#include "device.h"

/* Writes that come early or late: as many may be under way at once. */
#define LABYRINTH_LATE_WRITES   16
/* How much of a buffer a stale write spoils */
#define LABYRINTH_STALE_BYTES   64
/* A completion that is held back for the next one does not wait longer. */
#define LABYRINTH_HELD_NS       1000000
/* Registers whose last value the adversary remembers */
#define LABYRINTH_SEEN          16

#define LABYRINTH_RULES_ALL     ((1u << LABYRINTH_NR_RULES) - 1)

typedef struct LabyrinthFaultCount {
    uint64_t events;
    uint64_t injected;
    uint32_t used;              /* of the limit */
} LabyrinthFaultCount;

enum labyrinth_late {
    LABYRINTH_LATE_NONE,
    LABYRINTH_LATE_DATA,        /* comp-early: what the completion promised */
    LABYRINTH_LATE_STALE,       /* dma-stale: what nobody asked for */
};

typedef struct LabyrinthLateWrite {
    uint64_t due;
    uint64_t addr;
    uint32_t length;
    uint8_t kind;               /* enum labyrinth_late */
    uint8_t queue;
    uint8_t data[LABYRINTH_PAGE_SIZE];
} LabyrinthLateWrite;

/* The effects that last, by queue; a time in the past: none */
typedef struct LabyrinthFaultQueue {
    uint64_t stuck_until;
    uint64_t irq_at;            /* a late interrupt, LABYRINTH_NEVER: none */
    uint32_t irqs_more;         /* one each engine run */
    uint64_t held_until;
    struct labyrinth_completion held;   /* if LabyrinthQueue.held, host order */
} LabyrinthFaultQueue;

typedef struct LabyrinthSeen {
    uint64_t val;
    uint32_t addr;              /* of the register in BAR 0, plus one */
} LabyrinthSeen;

struct LabyrinthFaults {
    LabyrinthFaultConfig set;
    uint64_t random;
    LabyrinthFaultCount count[LABYRINTH_NR_FAULTS];
    uint64_t fired[LABYRINTH_NR_RULES];
    uint64_t stale_written;
    uint64_t stale_caught;      /* of them to memory that was taken back */

    uint64_t dead_until;        /* link-dead */
    uint64_t reset_until;       /* flr-slow */
    bool reset_is_flr;
    bool removed;
    LabyrinthFaultQueue queue[LABYRINTH_MAX_QUEUES];
    LabyrinthLateWrite late[LABYRINTH_LATE_WRITES];
    LabyrinthSeen seen[LABYRINTH_SEEN];
    LabyrinthLatch latch;       /* of LABYRINTH_PAGE_FAULTS */
};

/* --- faults.c ------------------------------------------------------------- */

const char *labyrinth_fault_name(unsigned f);
uint64_t labyrinth_fault_random(LabyrinthFaults *faults);
/* 0 to @below - 1 */
uint32_t labyrinth_fault_pick(LabyrinthFaults *faults, uint32_t below);
bool labyrinth_fault_chance(LabyrinthFaults *faults, uint32_t millionths);
void labyrinth_fault_seed(LabyrinthFaults *faults, uint64_t seed);
/* An event of kind @f: is it to be spoilt?  Counts, traces. */
bool labyrinth_fault_event(LabyrinthState *s, unsigned f, unsigned qi);
uint32_t labyrinth_fault_param(LabyrinthState *s, unsigned f);
static inline uint64_t labyrinth_fault_ns(LabyrinthState *s, unsigned f)
{
    return (uint64_t)labyrinth_fault_param(s, f) * 1000;
}

/* A running queue, or LABYRINTH_NO_QUEUE */
unsigned labyrinth_fault_victim(LabyrinthState *s);

/* Power-on: settings as the properties say, counters from 0. */
void labyrinth_faults_power_on(void *opaque);
/* A reset of any kind ends what lasts; what was removed stays so. */
void labyrinth_faults_reset(LabyrinthState *s);
/* The reset of the function (@flr) or of the device: is it a slow one? */
void labyrinth_faults_slow_reset(LabyrinthState *s, bool flr);

bool labyrinth_faults_dead_now(LabyrinthState *s);
/* A register is read: is the link dead, or does it die of it? */
bool labyrinth_faults_kill_link(LabyrinthState *s);
bool labyrinth_faults_resetting(LabyrinthState *s);

/* Configuration space: what the guest reads instead of @val */
uint32_t labyrinth_faults_config_read(LabyrinthState *s, uint32_t addr,
                                      uint32_t val, int len);
bool labyrinth_faults_config_gone(LabyrinthState *s);

/* An interrupt of the queue is due; true: it is not sent now. */
bool labyrinth_faults_irq(LabyrinthState *s, unsigned qi);
/* At the start of an engine run, with DMA allowed; false: it is the last. */
bool labyrinth_faults_run(LabyrinthState *s, uint64_t now);
/* DMA is not allowed now: if the link is why, run when it is back. */
void labyrinth_faults_wait(LabyrinthState *s);
/* When the engine has to run for the sake of what lasts */
uint64_t labyrinth_faults_next(LabyrinthState *s, uint64_t now);
bool labyrinth_faults_stuck(LabyrinthState *s, unsigned qi, uint64_t now);
/* A page is to be moved: does the queue get stuck over it? */
bool labyrinth_faults_stick(LabyrinthState *s, unsigned qi);
/* STOP was taken; true: it has to wait for a transfer under way. */
bool labyrinth_faults_drain(LabyrinthState *s, unsigned qi, uint64_t now);
/* The queue goes to IDLE: what lasted is over. */
void labyrinth_faults_idle(LabyrinthState *s, unsigned qi);

/* --- fault_data.c --------------------------------------------------------- */

enum labyrinth_telling {
    LABYRINTH_TELL,
    LABYRINTH_TELL_TWICE,
    LABYRINTH_TELL_LATER,       /* labyrinth_fault_held() does it */
    LABYRINTH_TELL_NEVER,
};

/* Moves a page, well or badly; false: the bus refused it. */
bool labyrinth_fault_move(LabyrinthState *s, unsigned qi, uint64_t addr,
                          const uint8_t *data, uint32_t length);
/* What becomes of the completion of a page that was moved */
enum labyrinth_telling labyrinth_fault_tell(LabyrinthState *s, unsigned qi,
                                       const struct labyrinth_completion *c);
/* A page was moved and told of: is its buffer to be spoilt later? */
void labyrinth_fault_stale(LabyrinthState *s, unsigned qi, uint64_t addr,
                           const uint8_t *data, uint32_t length);
/* Writes the completion that is held back, if any; false: ring refused. */
bool labyrinth_fault_held(LabyrinthState *s, unsigned qi);
/* It will not be written any more: its page is lost, and counted so. */
void labyrinth_fault_forget_held(LabyrinthState *s, unsigned qi);
void labyrinth_fault_late_writes(LabyrinthState *s, uint64_t now);

/* --- fault_regs.c --------------------------------------------------------- */

uint8_t labyrinth_fault_reg_attr(uint32_t offset);
uint64_t labyrinth_fault_reg_get(LabyrinthState *s, uint32_t reg);
void labyrinth_fault_reg_set(LabyrinthState *s, uint32_t reg, uint64_t val);

/* --- fault_props.c -------------------------------------------------------- */

void labyrinth_fault_instance_init(LabyrinthState *s);
void labyrinth_fault_class_props(ObjectClass *oc);
bool labyrinth_faults_check(LabyrinthState *s, Error **errp);
/* The queues are there already. */
void labyrinth_faults_init(LabyrinthState *s);
void labyrinth_faults_exit(LabyrinthState *s);

/* --- fault_vmstate.c ------------------------------------------------------ */

extern const VMStateDescription vmstate_labyrinth_faults;

/* --- hostile.c ------------------------------------------------------------ */

const char *labyrinth_rule_name(unsigned r);
/* May it lie by this rule, and does chance have it so?  Counts nothing. */
bool labyrinth_lies(LabyrinthState *s, unsigned r);
void labyrinth_lied(LabyrinthState *s, unsigned r, uint64_t where,
                    uint64_t honest, uint64_t told);
/* Spoils a completion that is about to be written. */
void labyrinth_hostile_completion(LabyrinthState *s, unsigned qi,
                                  struct labyrinth_completion *c);
/* What the register at @addr of BAR 0 reads as instead of @val */
uint64_t labyrinth_hostile_read(LabyrinthState *s, uint32_t addr,
                                unsigned size, bool is_tag, uint64_t val);
/* Once in an engine run, with DMA allowed */
void labyrinth_hostile_run(LabyrinthState *s);

/* --- hooks: next to nothing without x-faults ------------------------------ */

static inline bool labyrinth_fault(LabyrinthState *s, unsigned f, unsigned qi)
{
    return unlikely(s->faults) && labyrinth_fault_event(s, f, qi);
}

static inline bool labyrinth_fault_stops(LabyrinthState *s, unsigned qi)
{
    return unlikely(s->faults) && labyrinth_faults_stick(s, qi);
}

static inline bool labyrinth_link_dead(LabyrinthState *s)
{
    return unlikely(s->faults) && labyrinth_faults_dead_now(s);
}

static inline bool labyrinth_resetting(LabyrinthState *s)
{
    return (unlikely(s->faults) && labyrinth_faults_resetting(s)) ||
           (s->cosim && labyrinth_cosim_loading(s));
}

static inline bool labyrinth_ready(LabyrinthState *s)
{
    return !labyrinth_resetting(s) && !(s->cosim && labyrinth_cosim_failed(s));
}

#endif /* LABYRINTH_FAULTS_H */
