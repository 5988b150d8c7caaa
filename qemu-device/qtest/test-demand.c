/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Demand mode: the device asks for each page's buffer. */
#include "qemu/osdep.h"
#include "bed.h"
#include "qemu/host-utils.h"

#define DEMAND_GENERATOR (LABYRINTH_CONFIG_DEMAND | \
                          LABYRINTH_SOURCE_GENERATOR << \
                          LABYRINTH_CONFIG_SOURCE_SHIFT)

static Bed *demanding(Lane *lane, uint64_t count)
{
    Bed *bed = bed_new("");

    lane_init(lane, bed, 0, DEMAND_GENERATOR, 16);
    lane_generator(lane, count, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(lane);
    bed_run(bed);
    return bed;
}

static void test_grants(void)
{
    Lane lane;
    Bed *bed = demanding(&lane, 100);
    struct labyrinth_completion c;
    unsigned next = 0;

    while (lane.seq < 100) {
        uint32_t first = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
        unsigned n;

        g_assert_cmphex(first, !=, 0);
        n = lane_grant(&lane, next % 64);
        g_assert_cmpuint(n, >, 0);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_REQ_WAITING), ==, 0);
        bed_run(bed);
        for (unsigned i = 0; i < n; i++) {
            c = lane_take(&lane);
            if (i == 0) {
                g_assert_cmphex(c.cookie, ==, first);
            }
            lane_check_page(&lane, &c, BED_BUFFER(next % 64 + i));
        }
        lane_consume(&lane, false);
        next += n;
    }
    bed_run(bed);
    c = lane_take(&lane);
    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_EOS);
    g_assert_cmpuint(c.seq, ==, 100);
    lane_expect_none(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REQUESTS), ==, 100);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DENIED), ==, 0);
    lane_check_accounts(&lane);
    g_assert_cmpuint(lane_dropped(&lane), ==, 0);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Nothing moves before its grant, and nothing past an older page. */
static void test_order(void)
{
    Lane lane;
    Bed *bed = demanding(&lane, 3);
    struct labyrinth_completion c;
    uint32_t tag[3];

    for (int i = 0; i < 3; i++) {
        tag[i] = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
        lane_set(&lane, LABYRINTH_QREG_DENY_TAG, tag[i]);
    }
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_WAITING), ==, 3 << 16);
    for (int i = 0; i < 3; i++) {
        qtest_memset(bed->qts, BED_BUFFER(i), BED_BLANK, LABYRINTH_PAGE_SIZE);
    }
    lane_grant_tag(&lane, tag[2], BED_BUFFER(2));
    lane_grant_tag(&lane, tag[1], BED_BUFFER(1));
    bed_run(bed);
    lane_expect_none(&lane);
    lane_grant_tag(&lane, tag[0], BED_BUFFER(0));
    bed_run(bed);
    for (int i = 0; i < 3; i++) {
        c = lane_take(&lane);
        g_assert_cmphex(c.cookie, ==, tag[i]);
        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_deny_and_timeout(void)
{
    Lane lane;
    Bed *bed = demanding(&lane, 1);
    uint32_t tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    struct labyrinth_completion c;

    /* Timeout 0: for ever */
    lane_set(&lane, LABYRINTH_QREG_DENY_TAG, tag);
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_TAG), ==, 0);
    bed_run_ns(bed, 10ull * 1000 * 1000 * 1000);
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_WAITING), ==, 1 << 16);
    /* The request is still pending, and late is not never */
    lane_grant_tag(&lane, tag, BED_BUFFER(0));
    qtest_memset(bed->qts, BED_BUFFER(0), BED_BLANK, LABYRINTH_PAGE_SIZE);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    lane_stop(&lane);

    lane_set(&lane, LABYRINTH_QREG_REQ_TIMEOUT, 500);
    lane_start(&lane);
    bed_run(bed);
    tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    for (unsigned times = 1; times <= 3; times++) {
        lane_set(&lane, LABYRINTH_QREG_DENY_TAG, tag);
        bed_run_ns(bed, 490 * 1000);
        g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_TAG), ==, 0);
        bed_run_ns(bed, 20 * 1000);
        g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_TAG), ==, tag);
        g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_RERAISED), ==, times);
        g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DENIED), ==, times);
    }
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REQUESTS), ==, 1);
    g_assert_cmpuint(lane_grant(&lane, 0), ==, 1);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_stale_tags(void)
{
    Lane lane;
    Bed *bed = demanding(&lane, 0);
    uint32_t tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    const uint32_t wrong[] = { 0, 1, tag ^ 0x80000000, UINT32_MAX,
                               tag + 0x800 };
    Lane other = { .bed = bed, .q = 1 };
    unsigned refused = 0;

    lane_set64(&lane, LABYRINTH_QREG_GRANT_ADDR, BED_BUFFER(0));
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        lane_set(&lane, LABYRINTH_QREG_GRANT_TAG, wrong[i]);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
        lane_set(&lane, LABYRINTH_QREG_DENY_TAG, wrong[i]);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
        refused += 2;
    }
    /* Right tag, wrong queue */
    lane_grant_tag(&other, tag, BED_BUFFER(0));
    lane_set(&other, LABYRINTH_QREG_DENY_TAG, tag);
    bed_expect_errors(bed, 2, LABYRINTH_ERR_STALE_TAG);
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_TAG), ==, tag);

    /* Twice */
    lane_grant_tag(&lane, tag, BED_BUFFER(0));
    lane_grant_tag(&lane, tag, BED_BUFFER(1));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
    lane_set(&lane, LABYRINTH_QREG_DENY_TAG, tag);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
    /* When its page is long gone */
    bed_run(bed);
    lane_grant_tag(&lane, tag, BED_BUFFER(1));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
    refused += 3;
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REFUSED), ==, refused);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_ERROR), ==,
                     ctz32(LABYRINTH_ERR_STALE_TAG) + 1);
    /* From before a stop, a reset */
    tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    lane_stop(&lane);
    lane_grant_tag(&lane, tag, BED_BUFFER(1));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
    lane_start(&lane);
    bed_run(bed);
    lane_grant_tag(&lane, tag, BED_BUFFER(1));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
    tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    bed->errors = 0;
    lane_init(&lane, bed, 0, DEMAND_GENERATOR, 16);
    lane_generator(&lane, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    bed_run(bed);
    lane_grant_tag(&lane, tag, BED_BUFFER(1));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_STALE_TAG);
    bed_free(bed);
}

static void test_bad_grants(void)
{
    Lane lane;
    Bed *bed = demanding(&lane, 0);
    uint32_t tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    struct labyrinth_completion c;

    lane_grant_tag(&lane, tag, BED_BUFFER(0) + 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_GRANT);
    lane_grant_tag(&lane, tag, BED_BUFFER(0) + LABYRINTH_PAGE_SIZE / 2);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_GRANT);
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_TAG), ==, tag);
    qtest_memset(bed->qts, BED_BUFFER(0), BED_BLANK, LABYRINTH_PAGE_SIZE);
    lane_grant_tag(&lane, tag, BED_BUFFER(0));
    bed_expect_no_errors(bed);
    /* The same page for the next request */
    tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    lane_grant_tag(&lane, tag, BED_BUFFER(0));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_GRANT);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REFUSED), ==, 3);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    lane_expect_none(&lane);
    /* It came back with its completion */
    lane_grant_tag(&lane, tag, BED_BUFFER(0));
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Granted and not yet moved when the queue stops: the page is the host's. */
static void test_stop_forgets_grants(void)
{
    Lane lane;
    Bed *bed = demanding(&lane, 0);
    uint32_t tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);
    uint8_t page[LABYRINTH_PAGE_SIZE];

    /* The oldest is denied, so that the second cannot move */
    lane_set(&lane, LABYRINTH_QREG_DENY_TAG, tag);
    g_assert_cmpuint(lane_grant(&lane, 0), >, 0);
    bed_run(bed);
    lane_stop(&lane);
    lane_expect_none(&lane);
    lane_check_accounts(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(
                                       LABYRINTH_DROP_STOP)), ==,
                     lane_get64(&lane, LABYRINTH_QREG_PRODUCED));
    bed_run_ns(bed, 1000 * 1000);
    qtest_memread(bed->qts, BED_BUFFER(0), page, sizeof(page));
    for (unsigned i = 0; i < sizeof(page); i++) {
        g_assert_cmphex(page[i], ==, BED_BLANK);
    }
    g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_WAITING), ==, 0);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

void add_demand_tests(void)
{
    qtest_add_func("labyrinth/demand/grants", test_grants);
    qtest_add_func("labyrinth/demand/order", test_order);
    qtest_add_func("labyrinth/demand/deny-and-timeout", test_deny_and_timeout);
    qtest_add_func("labyrinth/demand/stale-tags", test_stale_tags);
    qtest_add_func("labyrinth/demand/bad-grants", test_bad_grants);
    qtest_add_func("labyrinth/demand/stop", test_stop_forgets_grants);
}
