/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the register map, between mmio.c and regs.c
 *
 * Contract: a register is named by its page, its queue (for a page that belongs
 * to one) and its offset in the page; it holds 64 bits if it is wide, else 32.
 */
#ifndef LABYRINTH_REGS_H
#define LABYRINTH_REGS_H

#include "device.h"

enum labyrinth_reg_page {
    LABYRINTH_REGS_DEVICE,
    LABYRINTH_REGS_QUEUE,
    LABYRINTH_REGS_USER,
    LABYRINTH_REGS_FAULTS,
};

enum labyrinth_reg_attr {
    LABYRINTH_R = 1 << 0,
    LABYRINTH_W = 1 << 1,
    LABYRINTH_WIDE = 1 << 2,    /* 64 bits: one access of 8 bytes or two of 4 */
    LABYRINTH_CONF = 1 << 3,    /* writable only while the queue is idle */
};

/* enum labyrinth_reg_attr, 0 if nothing is there or it is a high half */
uint8_t labyrinth_reg_attr(enum labyrinth_reg_page page, uint32_t offset);
uint64_t labyrinth_reg_get(LabyrinthState *s, enum labyrinth_reg_page page,
                           unsigned qi, uint32_t reg);
void labyrinth_reg_set(LabyrinthState *s, enum labyrinth_reg_page page,
                       unsigned qi, uint32_t reg, uint64_t val);

#endif /* LABYRINTH_REGS_H */
