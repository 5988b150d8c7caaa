/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the registers of LABYRINTH_PAGE_FAULTS
 *
 * Contract: the page is there only with x-faults=on.  It is the tester's
 * instrument and not a part of what is tested: it answers truly whatever is
 * injected, on a dead link and after the removal too.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "regs.h"

#define R LABYRINTH_R
#define W LABYRINTH_W
#define WIDE LABYRINTH_WIDE

#define OF_FAULT    (LABYRINTH_FREG_RATE(1) - LABYRINTH_FREG_RATE(0))

uint8_t labyrinth_fault_reg_attr(uint32_t offset)
{
    switch (offset) {
    case LABYRINTH_FREG_ID:
    case LABYRINTH_FREG_KINDS:
        return R;
    case LABYRINTH_FREG_SEED:
        return R | W | WIDE;
    case LABYRINTH_FREG_HOSTILE:
    case LABYRINTH_FREG_RULES:
        return R | W;
    }
    if (offset >= LABYRINTH_FREG_FIRED(0) &&
        offset < LABYRINTH_FREG_FIRED(LABYRINTH_NR_RULES)) {
        return offset % 8 ? 0 : R | WIDE;
    }
    if (offset < LABYRINTH_FREG_RATE(0) ||
        offset >= LABYRINTH_FREG_RATE(LABYRINTH_NR_FAULTS)) {
        return 0;
    }
    switch (offset % OF_FAULT + LABYRINTH_FREG_RATE(0)) {
    case LABYRINTH_FREG_RATE(0):
    case LABYRINTH_FREG_NTH(0):
    case LABYRINTH_FREG_PARAM(0):
    case LABYRINTH_FREG_LIMIT(0):
        return R | W;
    case LABYRINTH_FREG_EVENTS(0):
    case LABYRINTH_FREG_INJECTED(0):
        return R | WIDE;
    default:
        return 0;
    }
}

static uint64_t fault_get(const LabyrinthFaults *faults, uint32_t reg)
{
    unsigned f = (reg - LABYRINTH_FREG_RATE(0)) / OF_FAULT;

    switch (reg - f * OF_FAULT) {
    case LABYRINTH_FREG_RATE(0):
        return faults->set.kind[f].rate;
    case LABYRINTH_FREG_NTH(0):
        return faults->set.kind[f].nth;
    case LABYRINTH_FREG_PARAM(0):
        return faults->set.kind[f].param;
    case LABYRINTH_FREG_LIMIT(0):
        return faults->set.kind[f].limit;
    case LABYRINTH_FREG_EVENTS(0):
        return faults->count[f].events;
    default:
        return faults->count[f].injected;
    }
}

uint64_t labyrinth_fault_reg_get(LabyrinthState *s, uint32_t reg)
{
    const LabyrinthFaults *faults = s->faults;

    switch (reg) {
    case LABYRINTH_FREG_ID:
        return LABYRINTH_FAULTS_ID;
    case LABYRINTH_FREG_KINDS:
        return LABYRINTH_NR_RULES << 16 | LABYRINTH_NR_FAULTS;
    case LABYRINTH_FREG_SEED:
        return faults->set.seed;
    case LABYRINTH_FREG_HOSTILE:
        return faults->set.hostile;
    case LABYRINTH_FREG_RULES:
        return faults->set.rules;
    }
    if (reg < LABYRINTH_FREG_RATE(0)) {
        return faults->fired[(reg - LABYRINTH_FREG_FIRED(0)) / 8];
    }
    return fault_get(faults, reg);
}

static bool millionths_ok(LabyrinthState *s, const char *what, uint64_t val)
{
    if (val <= LABYRINTH_MILLION) {
        return true;
    }
    labyrinth_refuse(s, LABYRINTH_NO_QUEUE, LABYRINTH_ERR_BAD_CONFIG,
                     "%s of %" PRIu64 " millionths", what, val);
    return false;
}

static void fault_set(LabyrinthState *s, uint32_t reg, uint32_t val)
{
    unsigned f = (reg - LABYRINTH_FREG_RATE(0)) / OF_FAULT;
    LabyrinthFaultSetting *set = &s->faults->set.kind[f];

    switch (reg - f * OF_FAULT) {
    case LABYRINTH_FREG_RATE(0):
        if (millionths_ok(s, labyrinth_fault_name(f), val)) {
            set->rate = val;
        }
        break;
    case LABYRINTH_FREG_NTH(0):
        set->nth = val;
        break;
    case LABYRINTH_FREG_PARAM(0):
        set->param = val;
        break;
    case LABYRINTH_FREG_LIMIT(0):
        set->limit = val;
        s->faults->count[f].used = 0;
        break;
    }
}

void labyrinth_fault_reg_set(LabyrinthState *s, uint32_t reg, uint64_t val)
{
    switch (reg) {
    case LABYRINTH_FREG_SEED:
        labyrinth_fault_seed(s->faults, val);
        break;
    case LABYRINTH_FREG_HOSTILE:
        if (millionths_ok(s, "HOSTILE", val)) {
            s->faults->set.hostile = val;
        }
        break;
    case LABYRINTH_FREG_RULES:
        s->faults->set.rules = val & LABYRINTH_RULES_ALL;
        break;
    default:
        fault_set(s, reg, val);
        break;
    }
}
