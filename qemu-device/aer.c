/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: an error that only a reset of the link ends
 *
 * Contract: the host is told as PCI Express has it: "uncorrectable internal
 * error" in the function's advanced error reporting and, if nothing masks it,
 * an error message to the root port above, which interrupts.  QEMU has the
 * same for its monitor only, so the message's way is written down here, for
 * the one topology that the device is made for: a port, and the device in it.
 */
#include "qemu/osdep.h"
#include "device.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/pci/pcie_regs.h"

static uint8_t *aer_of(PCIDevice *dev)
{
    return dev->config + dev->exp.aer_cap;
}

void labyrinth_aer_init(LabyrinthState *s)
{
    /* Masked by default, as optional errors are: this device has it. */
    pci_long_test_and_clear_mask(aer_of(PCI_DEVICE(s)) + PCI_ERR_UNCOR_MASK,
                                 PCI_ERR_UNC_INTN);
}

/* Does this function of the way let a message of this severity through? */
static bool passes(PCIDevice *dev, bool fatal)
{
    uint16_t control = pci_get_word(dev->config + dev->exp.exp_cap +
                                    PCI_EXP_DEVCTL);

    return pci_get_word(dev->config + PCI_COMMAND) & PCI_COMMAND_SERR ||
           control & (fatal ? PCI_EXP_DEVCTL_FERE : PCI_EXP_DEVCTL_NFERE);
}

static void interrupt(PCIDevice *port)
{
    uint32_t status = pci_get_long(aer_of(port) + PCI_ERR_ROOT_STATUS);
    unsigned vector = status >> 27;

    if (msix_enabled(port)) {
        msix_notify(port, vector);
    } else if (msi_enabled(port)) {
        msi_notify(port, vector);
    } else {
        pci_set_irq(port, 1);
    }
}

/* The root port gets the message of the function @source. */
static void receive(PCIDevice *port, uint16_t source, bool fatal)
{
    uint8_t *aer = aer_of(port);
    uint32_t old = pci_get_long(aer + PCI_ERR_ROOT_STATUS);
    uint32_t wanted = pci_get_long(aer + PCI_ERR_ROOT_COMMAND);
    uint32_t new = fatal ? PCI_ERR_ROOT_FATAL_RCV : PCI_ERR_ROOT_NONFATAL_RCV;

    pci_word_test_and_set_mask(port->config + PCI_SEC_STATUS,
                               PCI_SEC_STATUS_RCV_SYSTEM_ERROR);
    if (!(pci_get_word(port->config + PCI_BRIDGE_CONTROL) &
          PCI_BRIDGE_CTL_SERR) || !passes(port, fatal)) {
        return;
    }
    if (old & PCI_ERR_ROOT_UNCOR_RCV) {
        new |= PCI_ERR_ROOT_MULTI_UNCOR_RCV;
    } else {
        new |= PCI_ERR_ROOT_UNCOR_RCV | (fatal ? PCI_ERR_ROOT_FIRST_FATAL : 0);
        pci_set_word(aer + PCI_ERR_ROOT_ERR_SRC + 2, source);
    }
    pci_set_long(aer + PCI_ERR_ROOT_STATUS, old | new);
    /* It interrupts for what was not there already. */
    if (wanted & (fatal ? PCI_ERR_ROOT_CMD_FATAL_EN
                        : PCI_ERR_ROOT_CMD_NONFATAL_EN) &&
        !(old & PCI_ERR_ROOT_UNCOR_RCV)) {
        interrupt(port);
    }
}

void labyrinth_aer_send(LabyrinthState *s)
{
    PCIDevice *dev = PCI_DEVICE(s);
    PCIDevice *port = pci_bridge_get_device(pci_get_bus(dev));
    uint8_t *aer = aer_of(dev);
    bool fatal = pci_get_long(aer + PCI_ERR_UNCOR_SEVER) & PCI_ERR_UNC_INTN;

    pci_long_test_and_set_mask(aer + PCI_ERR_UNCOR_STATUS, PCI_ERR_UNC_INTN);
    pci_word_test_and_set_mask(dev->config + dev->exp.exp_cap + PCI_EXP_DEVSTA,
                               fatal ? PCI_EXP_DEVSTA_FED
                                     : PCI_EXP_DEVSTA_NFED);
    if (pci_get_long(aer + PCI_ERR_UNCOR_MASK) & PCI_ERR_UNC_INTN ||
        !passes(dev, fatal)) {
        return;
    }
    pci_word_test_and_set_mask(dev->config + PCI_STATUS,
                               PCI_STATUS_SIG_SYSTEM_ERROR);
    if (port && pci_is_express(port) && port->exp.aer_cap &&
        pcie_cap_get_type(port) == PCI_EXP_TYPE_ROOT_PORT) {
        receive(port, pci_requester_id(dev), fatal);
    }
}
