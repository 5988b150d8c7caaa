/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Injected faults of interrupts: lost, late, again, for nothing, a storm. */
#include "qemu/osdep.h"
#include "bed.h"

#define GENERATOR (LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT)
#define US 1000ull
#define QUEUE 1
#define VECTOR (1 + QUEUE)

/* A queue that runs, armed, with as many buffers as it is given */
static Bed *armed(Lane *lane)
{
    Bed *bed = bed_new(",x-faults=on");

    bed_msix_enable(bed);
    lane_init(lane, bed, QUEUE, LABYRINTH_CONFIG_RING | GENERATOR, 64);
    lane_generator(lane, 0, 0, 1, 1, 64);
    lane_start(lane);
    bed_run(bed);
    return bed;
}

/* How many messages come in the next @us, one each microsecond at most? */
static unsigned messages(Bed *bed, unsigned us)
{
    unsigned n = 0;

    while (us--) {
        bed_run_ns(bed, US);
        n += bed_msix_take(bed, VECTOR);
    }
    return n;
}

static void test_lost(void)
{
    Lane lane;
    Bed *bed = armed(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_LOST, 0);
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 0);
    bed_fault_expect(bed, LABYRINTH_FAULT_IRQ_LOST, 1);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_IRQS), ==, 0);
    /* It is disarmed: nothing comes for the next page either */
    lane_post(&lane, 1, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 0);
    /* Whoever looks finds the data, and arms it again */
    lane_take(&lane);
    lane_take(&lane);
    lane_consume(&lane, true);
    lane_post(&lane, 2, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 1);
    bed_free(bed);
}

static void test_late(void)
{
    Lane lane;
    Bed *bed = armed(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_LATE, 50);
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 50), ==, 0);
    g_assert_cmpuint(messages(bed, 5), ==, 1);
    bed_fault_expect(bed, LABYRINTH_FAULT_IRQ_LATE, 1);
    lane_take(&lane);
    lane_consume(&lane, true);
    /* By default a millisecond */
    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_LATE, 0);
    lane_post(&lane, 1, 1);
    bed_run_ns(bed, 999 * US);
    g_assert_false(bed_msix_take(bed, VECTOR));
    g_assert_cmpuint(messages(bed, 5), ==, 1);
    bed_free(bed);
}

/* STOP does not lose it; a reset does. */
static void test_late_at_the_end(void)
{
    Lane lane;
    Bed *bed = armed(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_LATE, 5000);
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 0);
    lane_stop(&lane);
    g_assert_cmpuint(messages(bed, 1), ==, 1);
    lane_start(&lane);
    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_LATE, 50);
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 0);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    g_assert_cmpuint(messages(bed, 100), ==, 0);
    bed_fault_expect(bed, LABYRINTH_FAULT_IRQ_LATE, 2);
    bed_free(bed);
}

static void test_twice(void)
{
    Lane lane;
    Bed *bed = armed(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_TWICE, 0);
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 2);
    lane_take(&lane);
    lane_consume(&lane, true);
    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_TWICE, 5);
    lane_post(&lane, 1, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 6);
    bed_fault_expect(bed, LABYRINTH_FAULT_IRQ_TWICE, 2);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_IRQS), ==, 8);
    bed_free(bed);
}

static void test_spurious(void)
{
    Lane lane;
    Bed *bed = armed(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_SPURIOUS, 0);
    /* Makes the engine run, and changes nothing */
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 0);
    g_assert_cmpuint(messages(bed, 20), ==, 1);
    lane_expect_none(&lane);
    bed_fault_expect(bed, LABYRINTH_FAULT_IRQ_SPURIOUS, 1);
    /* It is armed still */
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 20), ==, 1);
    /* Not of a queue that does not run */
    lane_stop(&lane);
    bed_msix_take(bed, VECTOR);
    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_SPURIOUS, 0);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 0);
    g_assert_cmpuint(messages(bed, 20), ==, 0);
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_NTH(
                                        LABYRINTH_FAULT_IRQ_SPURIOUS)), ==, 1);
    bed_free(bed);
}

static void test_storm(void)
{
    Lane lane;
    Bed *bed = armed(&lane);

    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_STORM, 30);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 0);
    g_assert_cmpuint(messages(bed, 100), ==, 30);
    bed_fault_expect(bed, LABYRINTH_FAULT_IRQ_STORM, 1);
    /* However long it is, STOP ends it, and the data goes on meanwhile */
    bed_fault_next(bed, LABYRINTH_FAULT_IRQ_STORM, UINT32_MAX);
    lane_post(&lane, 0, 1);
    g_assert_cmpuint(messages(bed, 20), >=, 18);
    lane_take(&lane);
    lane_stop(&lane);
    bed_msix_take(bed, VECTOR);
    g_assert_cmpuint(messages(bed, 20), ==, 0);
    bed_free(bed);
}

void add_fault_irq_tests(void)
{
    qtest_add_func("labyrinth/fault/irq-lost", test_lost);
    qtest_add_func("labyrinth/fault/irq-late", test_late);
    qtest_add_func("labyrinth/fault/irq-late/end", test_late_at_the_end);
    qtest_add_func("labyrinth/fault/irq-twice", test_twice);
    qtest_add_func("labyrinth/fault/irq-spurious", test_spurious);
    qtest_add_func("labyrinth/fault/irq-storm", test_storm);
}
