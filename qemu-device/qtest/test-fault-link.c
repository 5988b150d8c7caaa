/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Injected faults of the function: dead link, removal, slow resets, lies. */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"
#include "qemu/host-utils.h"

#define RING_GENERATOR (LABYRINTH_CONFIG_RING | \
                        LABYRINTH_SOURCE_GENERATOR << \
                        LABYRINTH_CONFIG_SOURCE_SHIFT)
#define US 1000ull
#define IDENTITY (LABYRINTH_PCI_DEVICE_ID << 16 | LABYRINTH_PCI_VENDOR_ID)

static Bed *generating(Lane *lane)
{
    Bed *bed = bed_new(",x-faults=on");

    bed_msix_enable(bed);
    lane_init(lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(lane, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(lane);
    bed_run(bed);
    return bed;
}

static bool gone(Bed *bed)
{
    return bed_get(bed, LABYRINTH_REG_ID) == UINT32_MAX &&
           bed_get64(bed, LABYRINTH_REG_TIME) == UINT64_MAX &&
           bed_get(bed, LABYRINTH_PAGE_QUEUE(3)) == UINT32_MAX;
}

/* Nothing but all ones, no write, no DMA, no interrupt; all comes later. */
static void test_link_dead(void)
{
    struct labyrinth_completion c;
    Lane lane;
    Bed *bed = generating(&lane);

    lane_post(&lane, 0, 1);
    bed_fault_next(bed, LABYRINTH_FAULT_LINK_DEAD, 500);
    g_assert_true(gone(bed));
    lane_post(&lane, 1, 1);
    bed_run_ns(bed, 400 * US);
    g_assert_true(gone(bed));
    g_assert_false(lane_next(&lane, &c));
    g_assert_false(bed_msix_take(bed, 1));
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, IDENTITY);
    bed_fault_expect(bed, LABYRINTH_FAULT_LINK_DEAD, 1);

    bed_run_ns(bed, 200 * US);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ID), ==, LABYRINTH_ID);
    g_assert_true(bed_msix_take(bed, 1));
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    /* The doorbell that was rung meanwhile was not heard */
    lane_expect_none(&lane);
    lane_bell(&lane);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(1));
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void flr(Bed *bed)
{
    uint8_t cap = qpci_find_capability(bed->dev, PCI_CAP_ID_EXP, 0);

    qpci_config_writew(bed->dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
}

static void bar_again(Bed *bed)
{
    qpci_config_writel(bed->dev, PCI_BASE_ADDRESS_0, bed->regs.addr);
    qpci_device_enable(bed->dev);
}

static void test_link_comes_back_by_reset(void)
{
    Bed *bed = bed_new(",x-faults=on");

    bed_fault_next(bed, LABYRINTH_FAULT_LINK_DEAD, UINT32_MAX);
    g_assert_true(gone(bed));
    /* The register is not heard, the function's reset is */
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    g_assert_true(gone(bed));
    flr(bed);
    bar_again(bed);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ID), ==, LABYRINTH_ID);
    bed_free(bed);
}

static void test_removed(void)
{
    struct labyrinth_completion c;
    Lane lane;
    Bed *bed = generating(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_REMOVED, 0);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_true(gone(bed));
    g_assert_false(lane_next(&lane, &c));
    g_assert_false(bed_msix_take(bed, 1));
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, UINT32_MAX);
    g_assert_cmphex(qpci_config_readb(bed->dev, PCI_VENDOR_ID), ==, UINT8_MAX);
    bed_fault_expect(bed, LABYRINTH_FAULT_REMOVED, 1);
    /* For good */
    bed_run_ns(bed, 10000000 * US);
    qpci_config_writew(bed->dev, PCI_COMMAND, 0);
    g_assert_true(gone(bed));
    qtest_qmp_assert_success(bed->qts, "{'execute': 'system_reset'}");
    qtest_qmp_eventwait(bed->qts, "RESET");
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, UINT32_MAX);
    bed_free(bed);
}

static void test_slow_reset(void)
{
    struct labyrinth_completion c;
    Lane lane;
    Bed *bed = generating(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_FLR_SLOW, 500);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    bed_run_ns(bed, 490 * US);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_STATUS), ==, 0);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ID), ==, LABYRINTH_ID);
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, IDENTITY);
    lane_set(&lane, LABYRINTH_QREG_CONFIG, RING_GENERATOR);
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_CONFIG), ==, 0);
    bed_run_ns(bed, 20 * US);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_STATUS), ==,
                    LABYRINTH_STATUS_READY);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    bed_fault_expect(bed, LABYRINTH_FAULT_FLR_SLOW, 1);
    lane_init(&lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(&lane, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    bed_free(bed);
}

static void test_slow_flr(void)
{
    Bed *bed = bed_new(",x-faults=on");

    bed_fault_next(bed, LABYRINTH_FAULT_FLR_SLOW, 0);
    flr(bed);
    bed_run_ns(bed, 1990000 * US);
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, UINT32_MAX);
    g_assert_cmphex(qpci_config_readw(bed->dev, PCI_COMMAND), ==, UINT16_MAX);
    qpci_config_writew(bed->dev, PCI_COMMAND, PCI_COMMAND_MASTER);
    bed_run_ns(bed, 20000 * US);
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, IDENTITY);
    g_assert_cmphex(qpci_config_readw(bed->dev, PCI_COMMAND), ==, 0);
    bar_again(bed);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_STATUS), ==,
                    LABYRINTH_STATUS_READY);
    bed_fault_expect(bed, LABYRINTH_FAULT_FLR_SLOW, 1);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* One bit, of those that were read, and never written back */
static void test_config_lie(void)
{
    Bed *bed = bed_new(",x-faults=on");
    uint32_t seen = 0;

    bed_fault_set(bed, LABYRINTH_FREG_RATE(LABYRINTH_FAULT_CONFIG_LIE),
                  LABYRINTH_MILLION);
    for (unsigned i = 0; i < 200; i++) {
        uint32_t wrong = qpci_config_readl(bed->dev, PCI_VENDOR_ID) ^ IDENTITY;
        uint8_t byte = qpci_config_readb(bed->dev, PCI_INTERRUPT_PIN) ^ 1;

        g_assert_cmpuint(ctpop32(wrong), ==, 1);
        g_assert_cmpuint(ctpop32(byte), ==, 1);
        seen |= wrong;
    }
    g_assert_cmphex(seen, ==, UINT32_MAX);
    bed_fault_expect(bed, LABYRINTH_FAULT_CONFIG_LIE, 400);
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LABYRINTH_FAULT_CONFIG_LIE), 0);
    g_assert_cmphex(qpci_config_readl(bed->dev, PCI_VENDOR_ID), ==, IDENTITY);
    bed_free(bed);
}

void add_fault_link_tests(void)
{
    qtest_add_func("labyrinth/fault/link-dead", test_link_dead);
    qtest_add_func("labyrinth/fault/link-dead/reset",
                   test_link_comes_back_by_reset);
    qtest_add_func("labyrinth/fault/removed", test_removed);
    qtest_add_func("labyrinth/fault/flr-slow", test_slow_reset);
    qtest_add_func("labyrinth/fault/flr-slow/flr", test_slow_flr);
    qtest_add_func("labyrinth/fault/config-lie", test_config_lie);
}
