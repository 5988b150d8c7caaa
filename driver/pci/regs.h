/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labyrinth - the only way to the registers
 *
 * driver.h says when they may be touched.  A device that is gone answers all
 * ones; LABYRINTH_REG_ID tells such an answer from a value.
 */
#ifndef LABYRINTH_PCI_REGS_H
#define LABYRINTH_PCI_REGS_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>

#include "driver.h"

#define LABYRINTH_ALL_ONES	(~0u)

static inline u32 labyrinth_rd(const struct labyrinth_dev *ldev, u32 reg)
{
	return readl(ldev->regs + reg);
}

static inline void labyrinth_wr(const struct labyrinth_dev *ldev, u32 reg, u32 value)
{
	writel(value, ldev->regs + reg);
}

static inline u32 labyrinth_qrd(const struct labyrinth_queue *q, u32 reg)
{
	return readl(q->regs + reg);
}

static inline u64 labyrinth_qrd64(const struct labyrinth_queue *q, u32 reg)
{
	return readq(q->regs + reg);
}

static inline void labyrinth_qwr(const struct labyrinth_queue *q, u32 reg, u32 value)
{
	writel(value, q->regs + reg);
}

static inline void labyrinth_qwr64(const struct labyrinth_queue *q, u32 reg, u64 value)
{
	writeq(value, q->regs + reg);
}

static inline u32 labyrinth_urd(const struct labyrinth_queue *q, u32 reg)
{
	return readl(q->uregs + reg);
}

static inline void labyrinth_uwr(const struct labyrinth_queue *q, u32 reg, u32 value)
{
	writel(value, q->uregs + reg);
}

static inline bool labyrinth_answers(const struct labyrinth_dev *ldev)
{
	return labyrinth_rd(ldev, LABYRINTH_REG_ID) == LABYRINTH_ID;
}

#endif /* LABYRINTH_PCI_REGS_H */
