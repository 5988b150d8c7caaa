/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the device may and may not read and write, and when. */
#include "qemu/osdep.h"
#include "bed.h"
#include "qemu/host-utils.h"
#include "hw/pci/pci_regs.h"

#define RING_GENERATOR (LABYRINTH_CONFIG_RING | \
                        LABYRINTH_SOURCE_GENERATOR << \
                        LABYRINTH_CONFIG_SOURCE_SHIFT)

static void generating(Lane *lane, Bed *bed, uint64_t count)
{
    lane_init(lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(lane, count, 0, 1, 64, LABYRINTH_PAGE_SIZE);
}

static void set_command(Bed *bed, uint16_t bits)
{
    qpci_config_writew(bed->dev, PCI_COMMAND, bits);
}

static void test_bus_master_off(void)
{
    Bed *bed = bed_new("");
    struct labyrinth_completion c;
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 10);
    lane_start(&lane);
    lane_post(&lane, 0, 2);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    set_command(bed, PCI_COMMAND_MEMORY);
    /* Posting is legal, but nobody reads it */
    lane_post(&lane, 2, 10);
    bed_run_ns(bed, 50 * 1000 * 1000);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_PQ_HEAD), ==, 2);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    /* Armed with the second page there: due, but it may not be sent */
    lane_consume(&lane, true);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(1));
    lane_expect_none(&lane);
    bed_run(bed);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_IRQS), ==, 1);
    g_assert_false(bed_msix_take(bed, 1));
    /* It goes on by itself where it was, and nothing is lost */
    set_command(bed, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    bed_run(bed);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_IRQS), ==, 2);
    for (unsigned i = 2; i < 10; i++) {
        c = lane_take(&lane);
        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    g_assert_true(bed_msix_take(bed, 1));
    lane_check_accounts(&lane);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Time does not stop with the bus: what was due meanwhile was missed. */
static void test_generator_without_bus_master(void)
{
    Bed *bed = bed_new("");
    uint64_t produced;
    Lane lane;

    generating(&lane, bed, 0);
    lane_set(&lane, LABYRINTH_QREG_GEN_PERIOD, 1000 * 1000);
    lane_start(&lane);
    lane_post(&lane, 0, 8);
    bed_run(bed);
    set_command(bed, PCI_COMMAND_MEMORY);
    bed_run_ns(bed, 50 * 1000 * 1000);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 1);
    set_command(bed, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    bed_run(bed);
    produced = lane_get64(&lane, LABYRINTH_QREG_PRODUCED);
    g_assert_cmpuint(produced, ==, 51);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), <=, 8);
    lane_stop(&lane);
    lane_check_accounts(&lane);
    bed_free(bed);
}

/* STOP is acknowledged also when the bus is not there to finish anything. */
static void test_stop_without_bus_master(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    generating(&lane, bed, 0);
    lane_start(&lane);
    bed_run(bed);
    set_command(bed, PCI_COMMAND_MEMORY);
    lane_post(&lane, 0, 8);
    lane_stop(&lane);
    lane_check_accounts(&lane);
    set_command(bed, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    bed_run(bed);
    lane_expect_none(&lane);
    bed_free(bed);
}

static void test_d3hot(void)
{
    Bed *bed = bed_new("");
    uint8_t pm = qpci_find_capability(bed->dev, PCI_CAP_ID_PM, 0);
    struct labyrinth_completion c;
    Lane lane;

    generating(&lane, bed, 6);
    lane_start(&lane);
    bed_run(bed);
    lane_post(&lane, 0, 6);
    qpci_config_writew(bed->dev, pm + PCI_PM_CTRL, 3);
    bed_run_ns(bed, 50 * 1000 * 1000);
    lane.head = 0;
    g_assert_false(lane_next(&lane, &c));
    qpci_config_writew(bed->dev, pm + PCI_PM_CTRL, 0);
    bed_run(bed);
    for (unsigned i = 0; i < 6; i++) {
        c = lane_take(&lane);
        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    lane_check_accounts(&lane);
    bed_free(bed);
}

/* Buffers that are no RAM: the page is dropped, counted, and told. */
static void test_bad_buffer(gconstpointer data)
{
    Bed *bed = bed_new(" -device labyrinth,bus=pcie.0,addr=5");
    QPCIDevice *other = qpci_device_find(bed->bus, QPCI_DEVFN(5, 0));
    QPCIBar other_regs = qpci_iomap(other, LABYRINTH_BAR_REGS, NULL);
    const char *where = data;
    struct labyrinth_completion c;
    uint64_t addr = BED_NOWHERE;
    Lane lane;

    qpci_device_enable(other);
    bed_msix_enable(bed);
    if (!strcmp(where, "registers")) {
        addr = bed->regs.addr + LABYRINTH_PAGE_QUEUE(1);
    } else if (!strcmp(where, "msix")) {
        addr = bed->dev->msix_table_bar.addr;
    } else if (!strcmp(where, "other-device")) {
        addr = other_regs.addr + LABYRINTH_PAGE_QUEUE(1);
    } else if (!strcmp(where, "rom")) {
        addr = 0xfffff000;
    } else if (!strcmp(where, "top")) {
        addr = UINT64_MAX << 12;
    }
    generating(&lane, bed, 3);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    lane_post_raw(&lane, addr, 99, LABYRINTH_PAGE_SIZE);
    lane_bell(&lane);
    lane_post(&lane, 1, 1);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    c = lane_take(&lane);
    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_DMA);
    g_assert_cmpuint(c.cookie, ==, 99);
    g_assert_cmpuint(c.seq, ==, 1);
    g_assert_cmpuint(c.length, ==, 0);
    lane.seq++;
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(1));
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(
                                       LABYRINTH_DROP_DMA)), ==, 1);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), ==, 2);
    lane_check_accounts(&lane);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_STATUS), ==,
                    LABYRINTH_ERR_DMA);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_ERROR), ==,
                     ctz32(LABYRINTH_ERR_DMA) + 1);
    /* No register was written by it, here or there */
    g_assert_cmpuint(bed_get(bed, LABYRINTH_REG_GUEST_ERRORS), ==, 0);
    g_assert_cmpuint(bed_get(bed, LABYRINTH_PAGE_QUEUE(1) +
                             LABYRINTH_QREG_CONFIG), ==, 0);
    g_assert_cmpuint(qpci_io_readl(other, other_regs,
                                   LABYRINTH_REG_GUEST_ERRORS), ==, 0);
    g_free(other);
    bed_free(bed);
}

/* A ring that is no RAM cannot be reported through: the queue stops. */
static void test_bad_ring(gconstpointer data)
{
    Bed *bed = bed_new("");
    uint32_t reg = GPOINTER_TO_UINT(data);
    const uint64_t addr[] = { BED_NOWHERE, bed->regs.addr };
    Lane lane;

    for (unsigned i = 0; i < ARRAY_SIZE(addr); i++) {
        generating(&lane, bed, 0);
        lane_set64(&lane, reg, addr[i]);
        lane_start(&lane);
        lane_post(&lane, 0, 4);
        bed_run(bed);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                         LABYRINTH_STATE_IDLE);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_ERROR), ==,
                         ctz32(LABYRINTH_ERR_DMA) + 1);
        bed_expect_errors(bed, 0, LABYRINTH_ERR_DMA);
        lane_check_accounts(&lane);
        g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), ==, 0);
    }
    /* Only the queue, not the device */
    generating(&lane, bed, 0);
    lane_start(&lane);
    lane_post(&lane, 0, 4);
    bed_run(bed);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), ==, 4);
    bed_free(bed);
}

/* The message of a vector is the device's own reset register. */
static void test_msi_to_itself(void)
{
    Bed *bed = bed_new("");
    struct labyrinth_completion c;
    uint64_t entry;
    Lane lane;

    bed_msix_enable(bed);
    entry = bed->dev->msix_table_off + PCI_MSIX_ENTRY_SIZE;
    qpci_io_writel(bed->dev, bed->dev->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                   bed->regs.addr + LABYRINTH_REG_CTRL);
    qpci_io_writel(bed->dev, bed->dev->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_DATA, LABYRINTH_CTRL_RESET);
    generating(&lane, bed, 0);
    lane_start(&lane);
    /* Sent by the engine, and by a write to a register */
    lane_post(&lane, 0, 4);
    bed_run(bed);
    lane_user_set(&lane, LABYRINTH_UREG_CQ_HEAD_ARM, 0);
    bed_run(bed);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_IRQS), ==, 2);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_RUNNING);
    for (unsigned i = 0; i < 4; i++) {
        c = lane_take(&lane);
        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    bed_free(bed);
}

/* Granted pages go the same way as posted ones. */
static void test_bad_grant_address(void)
{
    Bed *bed = bed_new("");
    struct labyrinth_completion c;
    Lane lane;
    uint32_t tag;

    lane_init(&lane, bed, 0, LABYRINTH_SOURCE_GENERATOR
                             << LABYRINTH_CONFIG_SOURCE_SHIFT, 8);
    lane_generator(&lane, 1, 0, 1, 64, 64);
    lane_start(&lane);
    bed_run(bed);
    tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    lane_grant_tag(&lane, tag, bed->regs.addr);
    bed_run(bed);
    c = lane_take(&lane);
    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_DMA);
    g_assert_cmphex(c.cookie, ==, tag);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(
                                       LABYRINTH_DROP_DMA)), ==, 1);
    lane_check_accounts(&lane);
    bed_free(bed);
}

void add_dma_tests(void)
{
    static const char *const where[] = { "nowhere", "registers", "msix",
                                         "other-device", "rom", "top" };

    qtest_add_func("labyrinth/dma/bus-master-off", test_bus_master_off);
    qtest_add_func("labyrinth/dma/generator-without-bus-master",
                   test_generator_without_bus_master);
    qtest_add_func("labyrinth/dma/msi-to-itself", test_msi_to_itself);
    qtest_add_func("labyrinth/dma/stop-without-bus-master",
                   test_stop_without_bus_master);
    qtest_add_func("labyrinth/dma/d3hot", test_d3hot);
    for (unsigned i = 0; i < ARRAY_SIZE(where); i++) {
        g_autofree char *name =
            g_strdup_printf("labyrinth/dma/bad-buffer/%s", where[i]);

        qtest_add_data_func(name, where[i], test_bad_buffer);
    }
    qtest_add_data_func("labyrinth/dma/bad-completion-ring",
                        GUINT_TO_POINTER(LABYRINTH_QREG_CQ_BASE),
                        test_bad_ring);
    qtest_add_data_func("labyrinth/dma/bad-posted-ring",
                        GUINT_TO_POINTER(LABYRINTH_QREG_PQ_BASE),
                        test_bad_ring);
    qtest_add_func("labyrinth/dma/bad-grant", test_bad_grant_address);
}
