/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accelerator as a device of DPDK's PCI bus: no kernel driver, registers mapped by vfio-pci
 *
 * Contract: one accelerator, the first that the bus finds and that is what it says; after rte_eal_init()
 * pmd.regs is NULL if there was none, and pmd.problem says why.  All accesses to registers go through
 * the functions here, so that who counts them counts all.
 */
#ifndef LABYRINTH_PMD_H
#define LABYRINTH_PMD_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 is the oldest that this driver is written for"
#endif

#include <bus_pci_driver.h>
#include <rte_interrupts.h>
#include <rte_io.h>
#include <stdbool.h>

#include "labyrinth_hw.h"

struct pmd {
	struct rte_pci_device *pci;
	uint8_t *regs;			/* BAR 0 */
	unsigned int queues;
	const char *problem;
	uint64_t errors;		/* interrupts of the admin vector, on EAL's interrupt thread */
};

extern struct pmd pmd;

/* Registers of the device itself; not counted, for none of them is touched while data comes */
static inline uint32_t pmd_read(uint32_t offset)
{
	return rte_read32(pmd.regs + LABYRINTH_PAGE_DEVICE + offset);
}

static inline void pmd_write(uint32_t offset, uint32_t value)
{
	rte_write32(value, pmd.regs + LABYRINTH_PAGE_DEVICE + offset);
}

static inline uint64_t pmd_time(void)
{
	return rte_read64(pmd.regs + LABYRINTH_PAGE_DEVICE + LABYRINTH_REG_TIME);
}

/*
 * Everything as after power-on; false if the device does not come back in time.
 */
bool pmd_reset(void);

/*
 * MSI-X vectors: 0 for errors, 1 + q for queue q, each behind an eventfd.  0 or a negative errno.
 * pmd_interrupts_off() is to be called before rte_eal_cleanup().
 */
int pmd_interrupts_on(void);
void pmd_interrupts_off(void);

/* The calling lcore is woken by this queue's interrupts from now on (rte_epoll_wait()), with @data */
int pmd_interrupt_here(unsigned int queue, void *data);

#endif /* LABYRINTH_PMD_H */
