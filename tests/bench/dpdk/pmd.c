/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contract: probe() only looks at the device and resets it; what runs on it is queue.c's.
 */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_epoll.h>
#include <rte_log.h>

#include "pmd.h"

#define READY_US	1000000	/* longest wait for a reset */

struct pmd pmd = { .problem = "the PCI bus found no accelerator" };

bool pmd_reset(void)
{
	unsigned int i;

	pmd_write(LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
	for (i = 0; i < READY_US; i++) {
		uint32_t status = pmd_read(LABYRINTH_REG_STATUS);

		if (status != UINT32_MAX && status & LABYRINTH_STATUS_READY)
			return true;
		rte_delay_us_block(1);
	}
	return false;
}

/* What is wrong with what is behind this BAR, or NULL */
static const char *identify(void)
{
	if (pmd_read(LABYRINTH_REG_ID) != LABYRINTH_ID)
		return "there is no Labyrinth behind this PCI id";
	if (pmd_read(LABYRINTH_REG_VERSION) >> 16 != LABYRINTH_VERSION >> 16)
		return "the hardware's version is unknown";
	pmd.queues = LABYRINTH_CAPS_QUEUES(pmd_read(LABYRINTH_REG_CAPS));
	if (!pmd.queues || pmd.queues > LABYRINTH_MAX_QUEUES)
		return "the device says that it has no queues, or more than it can have";
	return pmd_reset() ? NULL : "the device does not come back from its reset";
}

static int probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	const struct rte_mem_resource *bar = &pci->mem_resource[LABYRINTH_BAR_REGS];

	(void)driver;
	if (pmd.regs)
		return 1;	/* one is enough; not an error */
	if (!bar->addr || bar->len < LABYRINTH_BAR_REGS_SIZE) {
		pmd.problem = "BAR 0 is not mapped, or too small";
		return -ENODEV;
	}
	pmd.pci = pci;
	pmd.regs = bar->addr;
	pmd.problem = identify();
	if (pmd.problem) {
		pmd.regs = NULL;
		return -ENODEV;
	}
	return 0;
}

static int gone(struct rte_pci_device *pci)
{
	if (pmd.pci == pci)
		pmd.regs = NULL;
	return 0;
}

static const struct rte_pci_id ids[] = {
	{ RTE_PCI_DEVICE(LABYRINTH_PCI_VENDOR_ID, LABYRINTH_PCI_DEVICE_ID) },
	{ .vendor_id = 0 },
};

static struct rte_pci_driver driver = {
	.id_table = ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING,
	.probe = probe,
	.remove = gone,
};

RTE_PMD_REGISTER_PCI(labyrinth, driver);
RTE_PMD_REGISTER_PCI_TABLE(labyrinth, ids);
RTE_PMD_REGISTER_KMOD_DEP(labyrinth, "vfio-pci");

/* RW1C before anything else is looked at, or the vector is sent no more */
static void admin(void *unused)
{
	(void)unused;
	pmd_write(LABYRINTH_REG_ERR_STATUS, pmd_read(LABYRINTH_REG_ERR_STATUS));
	__atomic_fetch_add(&pmd.errors, 1, __ATOMIC_RELAXED);
}

int pmd_interrupts_on(void)
{
	struct rte_intr_handle *intr = pmd.pci->intr_handle;
	int err;

	err = rte_intr_efd_enable(intr, pmd.queues);
	if (err)
		return err;
	err = rte_intr_callback_register(intr, admin, NULL);
	if (err)
		goto no_callback;
	err = rte_intr_enable(intr);
	if (err)
		goto no_vectors;
	pmd_write(LABYRINTH_REG_ERR_ENABLE, LABYRINTH_ERR_ALL);
	return 0;

no_vectors:
	rte_intr_callback_unregister(intr, admin, NULL);
no_callback:
	rte_intr_efd_disable(intr);
	return err;
}

void pmd_interrupts_off(void)
{
	struct rte_intr_handle *intr = pmd.pci->intr_handle;

	pmd_write(LABYRINTH_REG_ERR_ENABLE, 0);
	rte_intr_disable(intr);
	/* -EAGAIN while the callback runs */
	while (rte_intr_callback_unregister(intr, admin, NULL) == -EAGAIN)
		rte_delay_us_sleep(100);
	rte_intr_efd_disable(intr);
}

int pmd_interrupt_here(unsigned int queue, void *data)
{
	return rte_intr_rx_ctl(pmd.pci->intr_handle, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD,
			       RTE_INTR_VEC_RXTX_OFFSET + queue, data);
}
