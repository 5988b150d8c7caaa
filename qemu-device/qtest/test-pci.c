/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI function: identity, BARs, capabilities, properties. */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"

/* Where the test puts q35's memory-mapped configuration space */
#define ECAM            0xb0000000ull
#define Q35_PCIEXBAR    0x60

static void test_identity(void)
{
    Bed *bed = bed_new("");
    QPCIDevice *dev = bed->dev;

    g_assert_cmphex(qpci_config_readw(dev, PCI_VENDOR_ID), ==,
                    LABYRINTH_PCI_VENDOR_ID);
    g_assert_cmphex(qpci_config_readw(dev, PCI_DEVICE_ID), ==,
                    LABYRINTH_PCI_DEVICE_ID);
    g_assert_cmphex(qpci_config_readw(dev, PCI_SUBSYSTEM_VENDOR_ID), ==,
                    LABYRINTH_PCI_SUBVENDOR_ID);
    g_assert_cmphex(qpci_config_readw(dev, PCI_SUBSYSTEM_ID), ==,
                    LABYRINTH_PCI_SUBDEVICE_ID);
    g_assert_cmphex(qpci_config_readw(dev, PCI_CLASS_DEVICE), ==,
                    LABYRINTH_PCI_CLASS);
    g_assert_cmphex(qpci_config_readb(dev, PCI_INTERRUPT_PIN), ==, 1);
    bed_free(bed);
}

static void test_bars(void)
{
    Bed *bed = bed_new("");
    uint64_t size;

    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_BASE_ADDRESS_0) &
                    (PCI_BASE_ADDRESS_SPACE | PCI_BASE_ADDRESS_MEM_TYPE_MASK |
                     PCI_BASE_ADDRESS_MEM_PREFETCH), ==,
                    PCI_BASE_ADDRESS_MEM_TYPE_64);
    qpci_iomap(bed->dev, LABYRINTH_BAR_REGS, &size);
    g_assert_cmphex(size, ==, LABYRINTH_BAR_REGS_SIZE);
    qpci_iomap(bed->dev, LABYRINTH_BAR_MSIX, &size);
    g_assert_cmphex(size, >=, 4096);
    bed_free(bed);
}

static void test_msix(gconstpointer data)
{
    unsigned queues = GPOINTER_TO_UINT(data);
    g_autofree char *props = g_strdup_printf(",queues=%u", queues);
    Bed *bed = bed_new(props);
    uint8_t cap = qpci_find_capability(bed->dev, PCI_CAP_ID_MSIX, 0);

    g_assert_cmphex(cap, !=, 0);
    g_assert_cmpuint(qpci_config_readw(bed->dev, cap + PCI_MSIX_FLAGS) &
                     PCI_MSIX_FLAGS_QSIZE, ==, queues);
    /* Table and pending bits share a BAR with nothing else */
    g_assert_cmpuint(qpci_config_readl(bed->dev, cap + PCI_MSIX_TABLE) &
                     PCI_MSIX_FLAGS_BIRMASK, ==, LABYRINTH_BAR_MSIX);
    g_assert_cmpuint(qpci_config_readl(bed->dev, cap + PCI_MSIX_PBA) &
                     PCI_MSIX_FLAGS_BIRMASK, ==, LABYRINTH_BAR_MSIX);
    bed_msix_enable(bed);
    g_assert_cmpuint(qpci_msix_table_size(bed->dev), ==, queues + 1);
    g_assert_cmpuint(LABYRINTH_CAPS_QUEUES(bed_get(bed, LABYRINTH_REG_CAPS)),
                     ==, queues);
    bed_free(bed);
}

static void test_capabilities(void)
{
    Bed *bed = bed_new("");
    QPCIDevice *host = qpci_device_find(bed->bus, 0);
    uint64_t config = ECAM + (BED_DEVFN << 12);
    uint8_t cap = qpci_find_capability(bed->dev, PCI_CAP_ID_EXP, 0);

    g_assert_cmphex(qpci_find_capability(bed->dev, PCI_CAP_ID_PM, 0), !=, 0);
    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(qpci_config_readl(bed->dev, cap + PCI_EXP_DEVCAP) &
                    PCI_EXP_DEVCAP_FLR, !=, 0);
    /* Extended capabilities are out of the old ports' reach */
    qpci_config_writel(host, Q35_PCIEXBAR, ECAM | 1);
    g_assert_cmphex(qtest_readw(bed->qts, config), ==, LABYRINTH_PCI_VENDOR_ID);
    g_assert_cmphex(PCI_EXT_CAP_ID(qtest_readl(bed->qts, config + 0x100)), ==,
                    PCI_EXT_CAP_ID_ERR);
    g_free(host);
    bed_free(bed);
}

/* @args is refused with one line that has @why in it. */
static void refused(QTestState *qts, const char *args, const char *why)
{
    QDict *rsp = qtest_qmp(qts, "{'execute': 'human-monitor-command',"
                           " 'arguments': {'command-line': %s}}", args);
    const char *text = qdict_get_str(rsp, "return");

    g_assert_nonnull(strstr(text, why));
    g_assert_true(strchr(text, '\n') == text + strlen(text) - 1);
    qobject_unref(rsp);
}

static void test_properties(void)
{
    QTestState *qts = qtest_init("-machine q35 -nodefaults "
                                 "-device pcie-root-port,id=rp0");

    refused(qts, "device_add labyrinth,bus=rp0,queues=0", "1 to 16");
    refused(qts, "device_add labyrinth,bus=rp0,queues=17", "1 to 16");
    refused(qts, "device_add labyrinth,bus=rp0,queues=4294967295", "1 to 16");
    refused(qts, "device_add labyrinth,bus=rp0,queues=four", "queues");
    refused(qts, "device_add labyrinth,bus=rp0,chardev=none", "chardev");
    refused(qts, "device_add labyrinth,bus=rp0,colour=red", "colour");
    /* The slot is still good for a right one */
    qtest_qmp_device_add(qts, "labyrinth", "lab", "{'bus': 'rp0',"
                         " 'queues': 16}");
    qtest_quit(qts);
}

static void test_conventional_slot(void)
{
    QTestState *qts = qtest_init("-machine pc -nodefaults");

    refused(qts, "device_add labyrinth", "PCI Express");
    qtest_quit(qts);
}

void add_pci_tests(void)
{
    qtest_add_func("labyrinth/pci/identity", test_identity);
    qtest_add_func("labyrinth/pci/bars", test_bars);
    qtest_add_data_func("labyrinth/pci/msix/1", GUINT_TO_POINTER(1), test_msix);
    qtest_add_data_func("labyrinth/pci/msix/16", GUINT_TO_POINTER(16),
                        test_msix);
    qtest_add_func("labyrinth/pci/capabilities", test_capabilities);
    qtest_add_func("labyrinth/pci/properties", test_properties);
    qtest_add_func("labyrinth/pci/conventional-slot", test_conventional_slot);
}
