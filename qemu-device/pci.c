/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the PCI Express function
 *
 * Contract: configuration space, BARs and capabilities as docs/device.md says;
 * every way of resetting the device leads to labyrinth_reset(); a property that
 * cannot be honoured fails realize with one line that says what would be right.
 */
#include "qemu/osdep.h"
#include "faults.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/qdev-properties-system.h"
#include "qemu/memalign.h"
#include "qemu/module.h"

#define CAP_PM_OFFSET       0x40
#define CAP_EXP_OFFSET      0x80
#define EXT_AER_OFFSET      0x100

/* --- power and bus mastering ---------------------------------------------- */

bool labyrinth_awake(LabyrinthState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    return !(pci_get_word(pdev->config + CAP_PM_OFFSET + PCI_PM_CTRL)
             & PCI_PM_CTRL_STATE_MASK);
}

bool labyrinth_may_dma(LabyrinthState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    return labyrinth_awake(s) && !labyrinth_link_dead(s) &&
           pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

static bool add_pm_capability(PCIDevice *pdev, Error **errp)
{
    uint8_t *pm = pdev->config + CAP_PM_OFFSET;

    if (labyrinth_pm_init(pdev, CAP_PM_OFFSET, errp) < 0) {
        return false;
    }
    pci_set_word(pm + PCI_PM_PMC, PCI_PM_CAP_VER_1_1);
    /* D3hot keeps everything and only holds it back. */
    pci_set_word(pm + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(pdev->wmask + CAP_PM_OFFSET + PCI_PM_CTRL,
                 PCI_PM_CTRL_STATE_MASK);
    return true;
}

static uint32_t labyrinth_config_read(PCIDevice *pdev, uint32_t addr, int len)
{
    LabyrinthState *s = LABYRINTH(pdev);
    uint32_t val = pci_default_read_config(pdev, addr, len);

    return s->faults ? labyrinth_faults_config_read(s, addr, val, len) : val;
}

static void labyrinth_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                                   int len)
{
    LabyrinthState *s = LABYRINTH(pdev);
    bool could_dma = labyrinth_may_dma(s);
    bool was_awake = labyrinth_awake(s);

    if (s->faults && labyrinth_faults_config_gone(s)) {
        return;
    }
    pci_default_write_config(pdev, addr, val, len);
    pcie_aer_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    if (labyrinth_may_dma(s) != could_dma || labyrinth_awake(s) != was_awake) {
        LABYRINTH_TRACE(POWER, power, labyrinth_awake(s), labyrinth_may_dma(s));
    }
    if (labyrinth_may_dma(s) && !could_dma) {
        labyrinth_kick(s);
    }
    labyrinth_irq_intx(s);
}

/* --- reset ---------------------------------------------------------------- */

void labyrinth_reset(LabyrinthState *s)
{
    LABYRINTH_TRACE(RESET, reset);
    timer_del(s->engine);
    s->turn = 0;
    memset(s->latch, 0, sizeof(s->latch));
    labyrinth_faults_reset(s);
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        labyrinth_queue_reset(s, qi);
    }
    lf_reset(s);
    labyrinth_source_reset(s);
    labyrinth_irq_reset(s);
}

static void labyrinth_pci_reset(DeviceState *dev)
{
    PCIDevice *pdev = PCI_DEVICE(dev);
    LabyrinthState *s = LABYRINTH(dev);

    pci_word_test_and_clear_mask(pdev->config + CAP_PM_OFFSET + PCI_PM_CTRL,
                                 PCI_PM_CTRL_STATE_MASK);
    pcie_cap_deverr_reset(pdev);
    labyrinth_reset(s);
    /* The PCI core clears the bit only after this. */
    if (pci_get_word(pdev->config + CAP_EXP_OFFSET + PCI_EXP_DEVCTL) &
        PCI_EXP_DEVCTL_BCR_FLR) {
        labyrinth_faults_slow_reset(s, true);
    }
}

/* --- life cycle ----------------------------------------------------------- */

static bool check_properties(LabyrinthState *s, Error **errp)
{
    if (s->nr_queues < 1 || s->nr_queues > LABYRINTH_MAX_QUEUES) {
        error_setg(errp, "labyrinth: queues=%" PRIu32 " is not possible, use "
                   "1 to %u", s->nr_queues, LABYRINTH_MAX_QUEUES);
        return false;
    }
    if (!pci_bus_is_express(pci_get_bus(PCI_DEVICE(s)))) {
        error_setg(errp, "labyrinth: needs a PCI Express slot, use a "
                   "pcie-root-port on machine q35");
        return false;
    }
    return labyrinth_faults_check(s, errp);
}

static bool add_capabilities(LabyrinthState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    if (!add_pm_capability(pdev, errp)) {
        return false;
    }
    if (pcie_endpoint_cap_init(pdev, CAP_EXP_OFFSET) < 0) {
        error_setg(errp, "labyrinth: no room for the PCI Express capability");
        return false;
    }
    pcie_cap_deverr_init(pdev);
    pcie_cap_flr_init(pdev);
    if (pcie_aer_init(pdev, PCI_ERR_VER, EXT_AER_OFFSET, PCI_ERR_SIZEOF,
                      errp) < 0) {
        goto no_aer;
    }
    if (msix_init_exclusive_bar(pdev, LABYRINTH_VEC_QUEUE(s->nr_queues),
                                LABYRINTH_BAR_MSIX, errp) < 0) {
        goto no_msix;
    }
    for (unsigned v = 0; v < LABYRINTH_VEC_QUEUE(s->nr_queues); v++) {
        msix_vector_use(pdev, v);
    }
    return true;

no_msix:
    pcie_aer_exit(pdev);
no_aer:
    pcie_cap_exit(pdev);
    return false;
}

static void remove_capabilities(PCIDevice *pdev)
{
    msix_uninit_exclusive_bar(pdev);
    pcie_aer_exit(pdev);
    pcie_cap_exit(pdev);
}

static void labyrinth_pci_realize(PCIDevice *pdev, Error **errp)
{
    LabyrinthState *s = LABYRINTH(pdev);

    if (!check_properties(s, errp) || !add_capabilities(s, errp)) {
        return;
    }
    if (!labyrinth_source_block_migration(s, errp) ||
        !labyrinth_cosim_init(s, errp)) {
        labyrinth_unblock_migration(&s->migration_blocker);
        remove_capabilities(pdev);
        return;
    }
    pci_config_set_interrupt_pin(pdev->config, 1);

    if (s->cosim) {
        labyrinth_aer_init(s);
        s->staging = labyrinth_cosim_pool(s);
    } else {
        s->staging = qemu_memalign(LABYRINTH_PAGE_SIZE, LABYRINTH_STAGING_PAGES
                                   * LABYRINTH_PAGE_SIZE);
        memset(s->staging, 0, LABYRINTH_STAGING_PAGES * LABYRINTH_PAGE_SIZE);
    }
    s->queue = g_new0(LabyrinthQueue, s->nr_queues);
    s->shadow = g_hash_table_new(g_int64_hash, g_int64_equal);
    labyrinth_faults_init(s);
    s->engine = timer_new_ns(QEMU_CLOCK_VIRTUAL, labyrinth_engine_run, s);
    labyrinth_fw_init(&s->fw, s->staging, s->nr_queues);

    memory_region_init_io(&s->regs, OBJECT(s), &labyrinth_regs_ops, s,
                          "labyrinth-regs", LABYRINTH_BAR_REGS_SIZE);
    pci_register_bar(pdev, LABYRINTH_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->regs);
    labyrinth_reset(s);
    labyrinth_source_connect(s);
}

static void labyrinth_pci_exit(PCIDevice *pdev)
{
    LabyrinthState *s = LABYRINTH(pdev);

    labyrinth_source_disconnect(s);
    labyrinth_faults_exit(s);
    timer_free(s->engine);
    g_hash_table_destroy(s->shadow);
    g_free(s->queue);
    if (s->cosim) {
        labyrinth_cosim_exit(s);
    } else {
        qemu_vfree(s->staging);
    }
    remove_capabilities(pdev);
}

static const Property labyrinth_properties[] = {
    DEFINE_PROP_UINT32("queues", LabyrinthState, nr_queues,
                       LABYRINTH_DEFAULT_QUEUES),
    DEFINE_PROP_CHR("chardev", LabyrinthState, chr),
    DEFINE_PROP_UINT32("flush-us", LabyrinthState, flush_us,
                       LABYRINTH_DEFAULT_FLUSH_US),
    DEFINE_PROP_BOOL("x-faults", LabyrinthState, x_faults, false),
    DEFINE_PROP_STRING("firmware", LabyrinthState, firmware),
    DEFINE_PROP_LINK("firmware-memory", LabyrinthState, firmware_memory,
                     TYPE_MEMORY_BACKEND, HostMemoryBackend *),
    DEFINE_PROP_UINT32("firmware-timeout-ms", LabyrinthState,
                       firmware_timeout_ms,
                       LABYRINTH_DEFAULT_FIRMWARE_TIMEOUT_MS),
};

static void labyrinth_instance_init(Object *obj)
{
    labyrinth_fault_instance_init(LABYRINTH(obj));
}

static void labyrinth_class_init(ObjectClass *oc,
                                 LABYRINTH_TYPE_CONST void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(oc);

    pc->realize = labyrinth_pci_realize;
    pc->exit = labyrinth_pci_exit;
    pc->config_read = labyrinth_config_read;
    pc->config_write = labyrinth_config_write;
    pc->vendor_id = LABYRINTH_PCI_VENDOR_ID;
    pc->device_id = LABYRINTH_PCI_DEVICE_ID;
    pc->subsystem_vendor_id = LABYRINTH_PCI_SUBVENDOR_ID;
    pc->subsystem_id = LABYRINTH_PCI_SUBDEVICE_ID;
    pc->class_id = LABYRINTH_PCI_CLASS;
    pc->revision = LABYRINTH_VERSION >> 16;
    dc->desc = "Labyrinth accelerator: incoming data into exclusive pages";
    dc->vmsd = &vmstate_labyrinth;
    labyrinth_class_set_reset(dc, labyrinth_pci_reset);
    labyrinth_class_set_props(dc, labyrinth_properties,
                              ARRAY_SIZE(labyrinth_properties));
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);

    object_class_property_set_description(oc, "queues",
        "number of queues, 1 to 16");
    object_class_property_set_description(oc, "chardev",
        "character device whose input is the stream");
    object_class_property_set_description(oc, "flush-us",
        "microseconds of virtual time without input after which a partly "
        "filled page of the stream is handed on; 0: only full pages and the "
        "last");
    object_class_property_set_description(oc, "x-faults",
        "on: faults can be injected, by the properties below and by registers");
    object_class_property_set_description(oc, "firmware",
        "path of a socket on which the device waits for a firmware in another "
        "process; needs firmware-memory");
    object_class_property_set_description(oc, "firmware-memory",
        "memory backend that the device shares with that firmware's machine");
    object_class_property_set_description(oc, "firmware-timeout-ms",
        "milliseconds after which a firmware that does not answer has failed");
    labyrinth_fault_class_props(oc);
}

static LABYRINTH_TYPE_CONST InterfaceInfo labyrinth_interfaces[] = {
    { INTERFACE_PCIE_DEVICE },
    { }
};

static const TypeInfo labyrinth_info = {
    .name = TYPE_LABYRINTH,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(LabyrinthState),
    .instance_init = labyrinth_instance_init,
    .class_init = labyrinth_class_init,
    .interfaces = labyrinth_interfaces,
};

static void labyrinth_register_types(void)
{
    type_register_static(&labyrinth_info);
}

type_init(labyrinth_register_types)
