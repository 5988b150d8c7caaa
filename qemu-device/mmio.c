/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: BAR 0, from an access to a register
 *
 * Contract: an access is obeyed only if its offset, size, alignment and
 * direction stand in the tables of regs.c and the queue's state allows it.  All
 * others read as zero, change nothing, and are counted in GUEST_ERRORS; no
 * size or alignment is dropped by the memory core before it gets here.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "regs.h"

/* Where an access goes; attr is 0 if it goes nowhere. */
typedef struct Target {
    enum labyrinth_reg_page page;
    unsigned qi;            /* LABYRINTH_NO_QUEUE for the device page */
    LabyrinthLatch *latch;
    uint32_t reg;           /* of the whole register */
    uint8_t attr;
    bool high;              /* the upper half of a wide one */
    bool half;
} Target;

static bool find_page(LabyrinthState *s, hwaddr addr, Target *t)
{
    t->page = LABYRINTH_REGS_DEVICE;
    t->qi = LABYRINTH_NO_QUEUE;
    t->latch = &s->latch[0];
    if (addr < LABYRINTH_PAGE_DEVICE + LABYRINTH_PAGE_SIZE) {
        return true;
    }
    if (s->faults && addr >= LABYRINTH_PAGE_FAULTS &&
        addr < LABYRINTH_PAGE_FAULTS + LABYRINTH_PAGE_SIZE) {
        t->page = LABYRINTH_REGS_FAULTS;
        t->latch = &s->faults->latch;
        return true;
    }
    if (addr >= LABYRINTH_PAGE_USER(0) &&
        addr < LABYRINTH_PAGE_USER(s->nr_queues)) {
        t->page = LABYRINTH_REGS_USER;
        t->qi = (addr - LABYRINTH_PAGE_USER(0)) / LABYRINTH_PAGE_SIZE;
        t->latch = &s->latch[1 + LABYRINTH_MAX_QUEUES + t->qi];
        return true;
    }
    if (addr >= LABYRINTH_PAGE_QUEUE(0) &&
        addr < LABYRINTH_PAGE_QUEUE(s->nr_queues)) {
        t->page = LABYRINTH_REGS_QUEUE;
        t->qi = (addr - LABYRINTH_PAGE_QUEUE(0)) / LABYRINTH_PAGE_SIZE;
        t->latch = &s->latch[1 + t->qi];
        return true;
    }
    return false;
}

static Target decode(LabyrinthState *s, hwaddr addr, unsigned size)
{
    uint32_t offset = addr & (LABYRINTH_PAGE_SIZE - 1);
    Target t = { };
    uint8_t attr;

    if (!find_page(s, addr, &t) || (size != 4 && size != 8) ||
        !QEMU_IS_ALIGNED(addr, size)) {
        return t;
    }
    attr = labyrinth_reg_attr(t.page, offset);
    t.reg = offset;
    if (size == 8) {
        t.attr = attr & LABYRINTH_WIDE ? attr : 0;
    } else if (attr) {
        t.attr = attr;
        t.half = attr & LABYRINTH_WIDE;
    } else if (offset & 4) {
        attr = labyrinth_reg_attr(t.page, offset - 4);
        if (attr & LABYRINTH_WIDE) {
            t.attr = attr;
            t.reg = offset - 4;
            t.half = true;
            t.high = true;
        }
    }
    return t;
}

/* The low half keeps the high half for the read that follows it. */
static uint64_t get_half(LabyrinthState *s, const Target *t)
{
    LabyrinthLatch *latch = t->latch;
    uint16_t offset = t->reg + 4;
    uint64_t val;

    if (t->high && latch->offset == offset) {
        latch->offset = 0;
        return latch->high;
    }
    val = labyrinth_reg_get(s, t->page, t->qi, t->reg);
    if (t->high) {
        return val >> 32;
    }
    latch->offset = offset;
    latch->high = val >> 32;
    return (uint32_t)val;
}

static bool is_tag(const Target *t)
{
    return t->page == LABYRINTH_REGS_QUEUE && t->reg == LABYRINTH_QREG_REQ_TAG;
}

static uint64_t labyrinth_regs_read(void *opaque, hwaddr addr, unsigned size)
{
    LabyrinthState *s = opaque;
    uint64_t val = 0;
    Target t;

    if (!labyrinth_awake(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "labyrinth: read of 0x%" HWADDR_PRIx
                      " in D3hot\n", addr);
        return MAKE_64BIT_MASK(0, size * 8);
    }
    t = decode(s, addr, size);
    if (s->faults && t.page != LABYRINTH_REGS_FAULTS &&
        labyrinth_faults_kill_link(s)) {
        val = MAKE_64BIT_MASK(0, size * 8);
    } else if (!(t.attr & LABYRINTH_R)) {
        labyrinth_refuse(s, t.qi, LABYRINTH_ERR_BAD_ACCESS,
                         "read of %u bytes at 0x%" HWADDR_PRIx, size, addr);
    } else {
        val = t.half ? get_half(s, &t)
                     : labyrinth_reg_get(s, t.page, t.qi, t.reg);
        if (s->faults && t.page != LABYRINTH_REGS_FAULTS) {
            val = labyrinth_hostile_read(s, addr, size, is_tag(&t), val);
        }
    }
    LABYRINTH_TRACE(REG_READ, reg_read, addr, size, val);
    return val;
}

static void labyrinth_regs_write(void *opaque, hwaddr addr, uint64_t val,
                                 unsigned size)
{
    LabyrinthState *s = opaque;
    Target t;

    if (!labyrinth_awake(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "labyrinth: write of 0x%" HWADDR_PRIx
                      " in D3hot\n", addr);
        return;
    }
    LABYRINTH_TRACE(REG_WRITE, reg_write, addr, size, val);
    t = decode(s, addr, size);
    if (t.page != LABYRINTH_REGS_FAULTS && labyrinth_link_dead(s)) {
        return;
    }
    if (t.page != LABYRINTH_REGS_FAULTS && labyrinth_resetting(s)) {
        labyrinth_refuse(s, t.qi, LABYRINTH_ERR_BAD_ACCESS,
                         "write at 0x%" HWADDR_PRIx " while the device is not "
                         "ready", addr);
        return;
    }
    if (!(t.attr & LABYRINTH_W)) {
        labyrinth_refuse(s, t.qi, LABYRINTH_ERR_BAD_ACCESS,
                         "write of %u bytes at 0x%" HWADDR_PRIx, size, addr);
        return;
    }
    if ((t.attr & LABYRINTH_CONF) &&
        s->queue[t.qi].state != LABYRINTH_STATE_IDLE) {
        labyrinth_refuse(s, t.qi, LABYRINTH_ERR_BAD_ACCESS,
                         "write at 0x%" HWADDR_PRIx " while the queue is not "
                         "idle", addr);
        return;
    }
    if (t.half) {
        val = deposit64(labyrinth_reg_get(s, t.page, t.qi, t.reg),
                        t.high ? 32 : 0, 32, val);
    }
    labyrinth_reg_set(s, t.page, t.qi, t.reg, val);
}

const MemoryRegionOps labyrinth_regs_ops = {
    .read = labyrinth_regs_read,
    .write = labyrinth_regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
};
