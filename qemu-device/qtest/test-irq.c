/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts: arming, moderation, requests, errors, MSI-X and INTx. */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"

#define GENERATOR (LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT)
/* What q35's IO-APIC has for pin A of slot 4 */
#define INTX_GSI 20
#define US 1000ull

static void generating(Lane *lane, Bed *bed, unsigned q, uint32_t mode)
{
    lane_init(lane, bed, q, mode | GENERATOR, 64);
    lane_generator(lane, 0, 0, 1, 1, 64);
}

static void test_one_per_arming(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 1, LABYRINTH_CONFIG_RING);
    lane_start(&lane);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 2));
    /* START armed it */
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 2));
    /* Sending disarmed it */
    lane_post(&lane, 1, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 2));
    /* Nothing is lost between the last look and the arming */
    lane_take(&lane);
    lane_consume(&lane, true);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 2));
    /* Armed with nothing new: with the next */
    lane_take(&lane);
    lane_consume(&lane, true);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 2));
    lane_post(&lane, 2, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 2));
    /* CQ_HEAD alone arms nothing */
    lane_take(&lane);
    lane_consume(&lane, false);
    lane_post(&lane, 3, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 2));
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_IRQS), ==, 3);
    for (unsigned v = 0; v <= 4; v++) {
        g_assert_false(bed_msix_take(bed, v));
    }
    bed_free(bed);
}

static void test_vectors(void)
{
    Bed *bed = bed_new(",queues=16");
    Lane lane;

    bed_msix_enable(bed);
    for (unsigned q = 0; q < 16; q++) {
        generating(&lane, bed, q, LABYRINTH_CONFIG_RING);
        /* Its own at reset; then, to show that it is a choice, the mirror's */
        lane_start(&lane);
        lane_post(&lane, 0, 1);
        bed_run(bed);
        g_assert_true(bed_msix_take(bed, 1 + q));
        lane_stop(&lane);
        lane_set(&lane, LABYRINTH_QREG_VECTOR, 16 - q);
        lane_start(&lane);
        lane_post(&lane, 0, 1);
        bed_run(bed);
        g_assert_true(bed_msix_take(bed, 16 - q));
        lane_stop(&lane);
    }
    for (unsigned v = 0; v <= 16; v++) {
        g_assert_false(bed_msix_take(bed, v));
    }
    bed_free(bed);
}

static void test_masked_vector_is_pending(void)
{
    Bed *bed = bed_new("");
    uint64_t ctrl;
    Lane lane;

    bed_msix_enable(bed);
    ctrl = bed->dev->msix_table_off + PCI_MSIX_ENTRY_SIZE +
           PCI_MSIX_ENTRY_VECTOR_CTRL;
    qpci_io_writel(bed->dev, bed->dev->msix_table_bar, ctrl, 1);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_RING);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    g_assert_true(qpci_msix_pending(bed->dev, 1));
    qpci_io_writel(bed->dev, bed->dev->msix_table_bar, ctrl, 0);
    g_assert_true(bed_msix_take(bed, 1));
    /* A reset forgets it */
    qpci_io_writel(bed->dev, bed->dev->msix_table_bar, ctrl, 1);
    lane_consume(&lane, true);
    lane_post(&lane, 1, 1);
    bed_run(bed);
    g_assert_true(qpci_msix_pending(bed->dev, 1));
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    g_assert_false(qpci_msix_pending(bed->dev, 1));
    qpci_io_writel(bed->dev, bed->dev->msix_table_bar, ctrl, 0);
    g_assert_false(bed_msix_take(bed, 1));
    bed_free(bed);
}

static void test_moderation_by_packets(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_RING);
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 4);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 1000 * 1000);
    lane_start(&lane);
    for (unsigned i = 0; i < 3; i++) {
        lane_post(&lane, i, 1);
        bed_run(bed);
        lane_take(&lane);
        g_assert_false(bed_msix_take(bed, 1));
    }
    lane_post(&lane, 3, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    lane_take(&lane);
    /* It counts from the head that was given */
    lane_consume(&lane, true);
    lane_post(&lane, 4, 3);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    lane_post(&lane, 7, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    /* What is there when it is armed counts as just written */
    lane_take(&lane);
    lane_consume(&lane, true);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    lane_post(&lane, 8, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    lane_consume(&lane, true);
    g_assert_true(bed_msix_take(bed, 1));
    /* More packets than the ring holds: at the latest when it is full */
    lane_stop(&lane);
    lane_set(&lane, LABYRINTH_QREG_CQ_SIZE, 8);
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, UINT32_MAX);
    lane_start(&lane);
    lane_post(&lane, 0, 7);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    lane_post(&lane, 7, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    bed_free(bed);
}

static void test_moderation_by_time(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_RING);
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 1000);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 2000);
    lane_start(&lane);
    /* No time runs while there is nothing */
    bed_run_ns(bed, 5000 * US);
    g_assert_false(bed_msix_take(bed, 1));
    lane_post(&lane, 0, 3);
    bed_run_ns(bed, 1900 * US);
    lane_take(&lane);
    g_assert_false(bed_msix_take(bed, 1));
    bed_run_ns(bed, 200 * US);
    g_assert_true(bed_msix_take(bed, 1));
    /* It runs anew from an arming that leaves something */
    lane_take(&lane);
    bed_run_ns(bed, 5000 * US);
    lane_consume(&lane, true);
    bed_run_ns(bed, 1900 * US);
    g_assert_false(bed_msix_take(bed, 1));
    bed_run_ns(bed, 200 * US);
    g_assert_true(bed_msix_take(bed, 1));
    /* A new delay may be set at any time, also for one that runs */
    lane_take(&lane);
    lane_consume(&lane, true);
    lane_post(&lane, 3, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 0);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    bed_free(bed);
}

static void test_event_is_sent_at_once(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_RING);
    lane_generator(&lane, 2, 0, 1, 1, 64);
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 1000);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 1000 * 1000);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    /* The second page is the last */
    lane_post(&lane, 1, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    g_assert_cmpuint(lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL), ==, 3);
    bed_free(bed);
}

static void test_event_before_arming(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_RING);
    lane_generator(&lane, 2, 0, 1, 1, 64);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 1000 * 1000);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    /* Moderation does not hold back what arming finds of an event */
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 1000);
    lane_post(&lane, 1, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    lane_consume(&lane, true);
    g_assert_true(bed_msix_take(bed, 1));
    bed_free(bed);
}

static void test_stop_sends_what_was_held_back(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_RING);
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 1000);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 1000 * 1000);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    lane_stop(&lane);
    g_assert_true(bed_msix_take(bed, 1));
    /* And then never again, armed or not */
    lane_take(&lane);
    lane_consume(&lane, true);
    bed_run(bed);
    g_assert_false(bed_msix_take(bed, 1));
    bed_free(bed);
}

static void test_requests(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    bed_msix_enable(bed);
    generating(&lane, bed, 0, LABYRINTH_CONFIG_DEMAND);
    lane_generator(&lane, 2, 0, 1, 1, 64);
    /* Moderation is for completions, not for requests */
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 1000);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 1000 * 1000);
    lane_set(&lane, LABYRINTH_QREG_REQ_TIMEOUT, 700);
    lane_start(&lane);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    /* Unanswered and armed is something new, again */
    lane_consume(&lane, true);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    /* Denied is answered, until the timeout raises it anew */
    while (lane_get(&lane, LABYRINTH_QREG_REQ_TAG)) {
        lane_set(&lane, LABYRINTH_QREG_DENY_TAG,
                 lane_get(&lane, LABYRINTH_QREG_REQ_TAG));
    }
    lane_consume(&lane, true);
    bed_run_ns(bed, 600 * US);
    g_assert_false(bed_msix_take(bed, 1));
    bed_run_ns(bed, 200 * US);
    g_assert_true(bed_msix_take(bed, 1));
    /* The last grant brings completions and the event */
    g_assert_cmpuint(lane_grant(&lane, 0), ==, 2);
    lane_consume(&lane, true);
    bed_run(bed);
    g_assert_true(bed_msix_take(bed, 1));
    bed_free(bed);
}

static void test_errors(void)
{
    Bed *bed = bed_new("");
    Lane lane = { .bed = bed, .q = 3 };

    bed_msix_enable(bed);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_ENABLE), ==, 0);
    lane_set(&lane, LABYRINTH_QREG_CTL, 77);
    g_assert_false(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_INFO), ==, 1 << 8 | 3);
    /* Enabling what is there already sends at once */
    bed_set(bed, LABYRINTH_REG_ERR_ENABLE, LABYRINTH_ERR_STALE_TAG);
    g_assert_false(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    bed_set(bed, LABYRINTH_REG_ERR_ENABLE, UINT32_MAX);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_ENABLE), ==,
                    LABYRINTH_ERR_ALL);
    g_assert_true(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    bed_set(bed, LABYRINTH_REG_ERR_STATUS, LABYRINTH_ERR_BAD_ACCESS);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_STATUS), ==, 0);
    g_assert_false(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    /* A new one, and only its bit is cleared by writing it */
    lane_set(&lane, LABYRINTH_QREG_GRANT_TAG, 8);
    g_assert_true(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    lane_set(&lane, LABYRINTH_QREG_CTL, 77);
    g_assert_true(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    bed_set(bed, LABYRINTH_REG_ERR_STATUS, LABYRINTH_ERR_STALE_TAG);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_STATUS), ==,
                    LABYRINTH_ERR_BAD_ACCESS);
    /* What is left is still worth an interrupt */
    g_assert_true(bed_msix_take(bed, LABYRINTH_VEC_ADMIN));
    bed_free(bed);
}

static void test_intx(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    qtest_irq_intercept_in(bed->qts, "ioapic");
    generating(&lane, bed, 2, LABYRINTH_CONFIG_RING);
    lane_start(&lane);
    bed_run(bed);
    g_assert_false(qtest_get_irq(bed->qts, INTX_GSI));
    lane_post(&lane, 0, 1);
    bed_run(bed);
    g_assert_true(qtest_get_irq(bed->qts, INTX_GSI));
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_IRQ_CAUSE), ==, 1 << 3);
    /* Another cause; the line falls with the last of them */
    bed_set(bed, LABYRINTH_REG_ERR_ENABLE, LABYRINTH_ERR_ALL);
    lane_set(&lane, LABYRINTH_QREG_CTL, 77);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_IRQ_CAUSE), ==, 1 << 3 | 1);
    bed_set(bed, LABYRINTH_REG_IRQ_CAUSE, 1 << 3);
    g_assert_true(qtest_get_irq(bed->qts, INTX_GSI));
    bed_set(bed, LABYRINTH_REG_IRQ_CAUSE, 1);
    g_assert_false(qtest_get_irq(bed->qts, INTX_GSI));
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_IRQ_CAUSE), ==, 0);
    /* Armed anew with something there: high again */
    lane_consume(&lane, true);
    lane_post(&lane, 1, 1);
    bed_run(bed);
    g_assert_true(qtest_get_irq(bed->qts, INTX_GSI));
    /* The command register can keep it down */
    qpci_config_writew(bed->dev, PCI_COMMAND,
                       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                       PCI_COMMAND_INTX_DISABLE);
    g_assert_false(qtest_get_irq(bed->qts, INTX_GSI));
    qpci_config_writew(bed->dev, PCI_COMMAND,
                       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_true(qtest_get_irq(bed->qts, INTX_GSI));
    /* With MSI-X there is no line */
    qpci_msix_enable(bed->dev);
    g_assert_false(qtest_get_irq(bed->qts, INTX_GSI));
    bed_free(bed);
}

void add_irq_tests(void)
{
    qtest_add_func("labyrinth/irq/one-per-arming", test_one_per_arming);
    qtest_add_func("labyrinth/irq/vectors", test_vectors);
    qtest_add_func("labyrinth/irq/masked", test_masked_vector_is_pending);
    qtest_add_func("labyrinth/irq/moderation/packets",
                   test_moderation_by_packets);
    qtest_add_func("labyrinth/irq/moderation/time", test_moderation_by_time);
    qtest_add_func("labyrinth/irq/event", test_event_is_sent_at_once);
    qtest_add_func("labyrinth/irq/event-before-arming",
                   test_event_before_arming);
    qtest_add_func("labyrinth/irq/stop", test_stop_sends_what_was_held_back);
    qtest_add_func("labyrinth/irq/requests", test_requests);
    qtest_add_func("labyrinth/irq/errors", test_errors);
    qtest_add_func("labyrinth/irq/intx", test_intx);
}
