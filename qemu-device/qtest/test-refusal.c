/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that the device refuses: configurations, doorbells, descriptors. */
#include "qemu/osdep.h"
#include "bed.h"
#include "qemu/host-utils.h"

#define SOURCE(s) ((s) << LABYRINTH_CONFIG_SOURCE_SHIFT)
#define RING_GENERATOR (LABYRINTH_CONFIG_RING | \
                        SOURCE(LABYRINTH_SOURCE_GENERATOR))

typedef struct BadConfig {
    uint32_t reg;
    uint64_t val;
    bool wide;
} BadConfig;

/* Each is one change of a configuration that would start */
static const BadConfig bad_configs[] = {
    { LABYRINTH_QREG_CONFIG, LABYRINTH_CONFIG_RING | SOURCE(3) },
    { LABYRINTH_QREG_CONFIG, RING_GENERATOR | 1u << 1 },
    { LABYRINTH_QREG_CONFIG, RING_GENERATOR | 1u << 10 },
    { LABYRINTH_QREG_CONFIG, RING_GENERATOR | 1u << 31 },
    /* There is no character device */
    { LABYRINTH_QREG_CONFIG, LABYRINTH_CONFIG_RING |
                             SOURCE(LABYRINTH_SOURCE_STREAM) },
    { LABYRINTH_QREG_CQ_BASE, BED_CQ(0) + 32, true },
    { LABYRINTH_QREG_CQ_BASE, BED_CQ(0) + 1, true },
    { LABYRINTH_QREG_CQ_BASE, 0, true },
    { LABYRINTH_QREG_CQ_BASE, UINT64_MAX - 63, true },
    { LABYRINTH_QREG_CQ_SIZE, 0 },
    { LABYRINTH_QREG_CQ_SIZE, 1 },
    { LABYRINTH_QREG_CQ_SIZE, 3 },
    { LABYRINTH_QREG_CQ_SIZE, 24 },
    { LABYRINTH_QREG_CQ_SIZE, LABYRINTH_RING_MAX * 2 },
    { LABYRINTH_QREG_CQ_SIZE, 0x80000000 },
    { LABYRINTH_QREG_CQ_SIZE, UINT32_MAX },
    { LABYRINTH_QREG_PQ_BASE, BED_PQ(0) + 8, true },
    { LABYRINTH_QREG_PQ_BASE, 0, true },
    { LABYRINTH_QREG_PQ_BASE, UINT64_MAX - 63, true },
    { LABYRINTH_QREG_PQ_SIZE, 0 },
    { LABYRINTH_QREG_PQ_SIZE, 1 },
    { LABYRINTH_QREG_PQ_SIZE, 9 },
    { LABYRINTH_QREG_PQ_SIZE, LABYRINTH_RING_MAX + 1 },
    { LABYRINTH_QREG_PQ_SIZE, 0x80000000 },
    { LABYRINTH_QREG_VECTOR, 5 },
    { LABYRINTH_QREG_VECTOR, UINT32_MAX },
    { LABYRINTH_QREG_GEN_BURST, 0 },
    { LABYRINTH_QREG_GEN_BURST, LABYRINTH_GEN_BURST_MAX + 1 },
    { LABYRINTH_QREG_GEN_BURST, UINT32_MAX },
    { LABYRINTH_QREG_GEN_SIZE, 0 },
    { LABYRINTH_QREG_GEN_SIZE, 64 << 16 },
    { LABYRINTH_QREG_GEN_SIZE, 64 << 16 | 65 },
    { LABYRINTH_QREG_GEN_SIZE, (LABYRINTH_PAGE_SIZE + 1) << 16 | 1 },
    { LABYRINTH_QREG_GEN_SIZE, UINT32_MAX },
};

static void good(Lane *lane, Bed *bed)
{
    lane_init(lane, bed, 0, RING_GENERATOR, 8);
    lane_set(lane, LABYRINTH_QREG_VECTOR, 1);
    lane_generator(lane, 1, 0, 1, 1, 64);
}

static void test_bad_configs(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    for (unsigned i = 0; i < ARRAY_SIZE(bad_configs); i++) {
        const BadConfig *bad = &bad_configs[i];

        good(&lane, bed);
        if (bad->wide) {
            lane_set64(&lane, bad->reg, bad->val);
        } else {
            lane_set(&lane, bad->reg, bad->val);
        }
        bed_expect_no_errors(bed);
        lane_set(&lane, LABYRINTH_QREG_CTL,
                 LABYRINTH_CTL_START | LABYRINTH_CTL_CLEAR);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                         LABYRINTH_STATE_IDLE);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_ERROR), ==,
                         ctz32(LABYRINTH_ERR_BAD_CONFIG) + 1);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_CONFIG);
        bed_run(bed);
        g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 0);
    }
    /* Each of them was one value away from a queue that starts */
    good(&lane, bed);
    lane_start(&lane);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_ERROR), ==, 0);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Demand mode does not look at the posted-buffer ring. */
static void test_demand_needs_no_posted_ring(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    good(&lane, bed);
    lane_set(&lane, LABYRINTH_QREG_CONFIG,
             LABYRINTH_CONFIG_DEMAND | SOURCE(LABYRINTH_SOURCE_NONE));
    lane_set64(&lane, LABYRINTH_QREG_PQ_BASE, 1);
    lane_set(&lane, LABYRINTH_QREG_PQ_SIZE, 0);
    /* Nor does another source look at the generator's registers */
    lane_set(&lane, LABYRINTH_QREG_GEN_SIZE, 0);
    lane_start(&lane);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_control(void)
{
    static const uint32_t bad[] = { 0, 3, 4, LABYRINTH_CTL_CLEAR,
                                    LABYRINTH_CTL_CLEAR | LABYRINTH_CTL_STOP,
                                    0x80000001, UINT32_MAX };
    Bed *bed = bed_new("");
    Lane lane;

    good(&lane, bed);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        lane_set(&lane, LABYRINTH_QREG_CTL, bad[i]);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                         LABYRINTH_STATE_IDLE);
        if (bad[i] != LABYRINTH_CTRL_RESET) {
            bed_set(bed, LABYRINTH_REG_CTRL, bad[i]);
            bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
        }
    }
    lane_start(&lane);
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    /* Until the drain is acknowledged it is not idle either */
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    bed_run(bed);
    lane_start(&lane);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_stream_queues(void)
{
    static const uint32_t bad[] = { 0, 5, 16, UINT32_MAX };
    Bed *bed = bed_new("");

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        bed_set(bed, LABYRINTH_REG_STREAM_QUEUES, bad[i]);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_CONFIG);
        g_assert_cmpuint(bed_get(bed, LABYRINTH_REG_STREAM_QUEUES), ==, 1);
    }
    bed_set(bed, LABYRINTH_REG_STREAM_QUEUES, 4);
    g_assert_cmpuint(bed_get(bed, LABYRINTH_REG_STREAM_QUEUES), ==, 4);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_posted_doorbell(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    good(&lane, bed);
    /* Not before START, and not in demand mode */
    lane_set(&lane, LABYRINTH_QREG_PQ_TAIL, 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    lane_set(&lane, LABYRINTH_QREG_CONFIG, LABYRINTH_CONFIG_DEMAND);
    lane_start(&lane);
    lane_set(&lane, LABYRINTH_QREG_PQ_TAIL, 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    lane_stop(&lane);

    good(&lane, bed);
    lane_start(&lane);
    lane_set(&lane, LABYRINTH_QREG_PQ_TAIL, 9);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
    lane_set(&lane, LABYRINTH_QREG_PQ_TAIL, UINT32_MAX);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_PQ_TAIL), ==, 0);
    lane_post(&lane, 0, 5);
    /* It cannot be taken back */
    lane_set(&lane, LABYRINTH_QREG_PQ_TAIL, 4);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
    lane_set(&lane, LABYRINTH_QREG_PQ_TAIL, 5);
    bed_expect_no_errors(bed);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REFUSED), ==, 3);
    bed_run(bed);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_PQ_HEAD), ==, 5);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_PQ_TAIL), ==, 5);
    bed_free(bed);
}

static void test_consumed_doorbell(void)
{
    static const uint32_t doorbells[] = { LABYRINTH_UREG_CQ_HEAD,
                                          LABYRINTH_UREG_CQ_HEAD_ARM };
    Bed *bed = bed_new("");
    Lane lane;

    good(&lane, bed);
    lane_generator(&lane, 3, 0, 1, 1, 64);
    lane_start(&lane);
    lane_post(&lane, 0, 3);
    bed_run(bed);
    g_assert_cmpuint(lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL), ==, 4);
    for (unsigned i = 0; i < ARRAY_SIZE(doorbells); i++) {
        lane_user_set(&lane, doorbells[i], 5);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
        lane_user_set(&lane, doorbells[i], UINT32_MAX);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
        lane_user_set(&lane, doorbells[i], 2 + i);
        bed_expect_no_errors(bed);
        lane_user_set(&lane, doorbells[i], 1 + i);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
        g_assert_cmpuint(lane_user_get(&lane, LABYRINTH_UREG_CQ_HEAD), ==,
                         2 + i);
    }
    bed_free(bed);
}

static void expect_bad_desc(Lane *lane, uint32_t cookie)
{
    struct labyrinth_completion c = lane_take(lane);

    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_BAD_DESC);
    g_assert_cmpuint(c.cookie, ==, cookie);
    g_assert_cmpuint(c.length, ==, 0);
}

static void test_descriptors(void)
{
    Bed *bed = bed_new("");
    struct labyrinth_completion c;
    Lane lane, other;

    good(&lane, bed);
    lane_generator(&lane, 0, 0, 1, 64, 64);
    lane_set(&lane, LABYRINTH_QREG_CONFIG,
             LABYRINTH_CONFIG_RING | SOURCE(LABYRINTH_SOURCE_NONE));
    lane_start(&lane);
    lane_init(&other, bed, 1, RING_GENERATOR, 8);
    lane_generator(&other, 2, 0, 1, 64, 64);
    lane_start(&other);

    /* Wrong lengths, misaligned, and then one that is right */
    lane_post_raw(&lane, BED_BUFFER(0), 10, LABYRINTH_PAGE_SIZE - 1);
    lane_post_raw(&lane, BED_BUFFER(0), 11, 0);
    lane_post_raw(&lane, BED_BUFFER(0), 12, UINT32_MAX);
    lane_post_raw(&lane, BED_BUFFER(0) + 1, 13, LABYRINTH_PAGE_SIZE);
    lane_post_raw(&lane, BED_BUFFER(0) + 2048, 14, LABYRINTH_PAGE_SIZE);
    lane_post_raw(&lane, BED_BUFFER(0), 15, LABYRINTH_PAGE_SIZE);
    /* It is the device's: not again from here */
    lane_post_raw(&lane, BED_BUFFER(0), 16, LABYRINTH_PAGE_SIZE);
    lane_bell(&lane);
    bed_run(bed);
    for (uint32_t cookie = 10; cookie <= 14; cookie++) {
        expect_bad_desc(&lane, cookie);
    }
    expect_bad_desc(&lane, 16);
    lane_expect_none(&lane);
    bed_expect_errors(bed, 6, LABYRINTH_ERR_BAD_DESC);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REFUSED), ==, 6);
    lane_consume(&lane, false);

    /* Nor from another queue, which uses the next in its place */
    lane_post_raw(&other, BED_BUFFER(0), 20, LABYRINTH_PAGE_SIZE);
    lane_post(&other, 1, 1);
    bed_run(bed);
    expect_bad_desc(&other, 20);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_DESC);
    c = lane_take(&other);
    g_assert_cmpuint(c.cookie, ==, 1);
    lane_check_page(&other, &c, BED_BUFFER(1));
    /* Its completion gave it back: any queue may post it */
    lane_post_raw(&lane, BED_BUFFER(1), 17, LABYRINTH_PAGE_SIZE);
    lane_bell(&lane);
    bed_run(bed);
    bed_expect_no_errors(bed);
    /* And a queue that stops gives back all */
    lane_stop(&lane);
    qtest_memset(bed->qts, BED_BUFFER(0), BED_BLANK, LABYRINTH_PAGE_SIZE);
    lane_post_raw(&other, BED_BUFFER(0), 21, LABYRINTH_PAGE_SIZE);
    lane_bell(&other);
    bed_run(bed);
    bed_expect_no_errors(bed);
    c = lane_take(&other);
    g_assert_cmpuint(c.cookie, ==, 21);
    lane_check_page(&other, &c, BED_BUFFER(0));
    bed_free(bed);
}

/* An address is lent once, whichever way: posted here, granted there. */
static void test_posted_and_granted(void)
{
    Bed *bed = bed_new("");
    Lane ring, demand;
    uint32_t tag;

    lane_init(&ring, bed, 0, LABYRINTH_CONFIG_RING, 8);
    lane_start(&ring);
    lane_init(&demand, bed, 1, LABYRINTH_CONFIG_DEMAND |
                               SOURCE(LABYRINTH_SOURCE_GENERATOR), 8);
    lane_generator(&demand, 0, 0, 1, 64, 64);
    lane_start(&demand);
    lane_post(&ring, 0, 1);
    bed_run(bed);

    tag = lane_get(&demand, LABYRINTH_QREG_REQ_TAG);
    lane_grant_tag(&demand, tag, BED_BUFFER(0));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_GRANT);
    g_assert_cmphex(lane_get(&demand, LABYRINTH_QREG_REQ_TAG), ==, tag);
    /* The second request may be granted while the first is not */
    lane_set(&demand, LABYRINTH_QREG_DENY_TAG, tag);
    lane_grant_tag(&demand, lane_get(&demand, LABYRINTH_QREG_REQ_TAG),
                   BED_BUFFER(1));
    bed_expect_no_errors(bed);
    lane_post_raw(&ring, BED_BUFFER(1), 1, LABYRINTH_PAGE_SIZE);
    lane_bell(&ring);
    bed_run(bed);
    expect_bad_desc(&ring, 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_DESC);
    bed_free(bed);
}

void add_refusal_tests(void)
{
    qtest_add_func("labyrinth/refusal/configs", test_bad_configs);
    qtest_add_func("labyrinth/refusal/unused-registers",
                   test_demand_needs_no_posted_ring);
    qtest_add_func("labyrinth/refusal/control", test_control);
    qtest_add_func("labyrinth/refusal/stream-queues", test_stream_queues);
    qtest_add_func("labyrinth/refusal/posted-doorbell", test_posted_doorbell);
    qtest_add_func("labyrinth/refusal/consumed-doorbell",
                   test_consumed_doorbell);
    qtest_add_func("labyrinth/refusal/descriptors", test_descriptors);
    qtest_add_func("labyrinth/refusal/posted-and-granted",
                   test_posted_and_granted);
}
