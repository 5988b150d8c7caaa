/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ring mode: the generator's pages from end to end, and what stops them. */
#include "qemu/osdep.h"
#include "bed.h"

#define RING_GENERATOR (LABYRINTH_CONFIG_RING | \
                        LABYRINTH_SOURCE_GENERATOR << \
                        LABYRINTH_CONFIG_SOURCE_SHIFT)

static void check_eos(Lane *lane, uint64_t produced)
{
    struct labyrinth_completion c = lane_take(lane);

    g_assert_cmpuint(c.flags & LABYRINTH_COMP_EVENT, ==, LABYRINTH_COMP_EVENT);
    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_EOS);
    g_assert_cmpuint(c.seq, ==, produced);
    g_assert_cmpuint(c.cookie, ==, 0);
    g_assert_cmpuint(c.length, ==, 0);
}

/* Serves the lane until its generator has ended; buffers @base and up. */
static void serve(Lane *lane, uint64_t count, unsigned base)
{
    uint64_t bytes = 0, last_ns = 0;
    unsigned next = 0;

    lane_post(lane, base, lane->size);
    while (lane->seq < count) {
        struct labyrinth_completion c;
        unsigned n = 0;

        bed_run(lane->bed);
        while (lane->seq < count && lane_next(lane, &c)) {
            /* Posted buffers are used in order */
            g_assert_cmpuint(c.cookie, ==, base + next % lane->size);
            g_assert_cmpuint(c.ready_ns, >=, last_ns);
            last_ns = c.ready_ns;
            lane_check_page(lane, &c, BED_BUFFER(c.cookie));
            bytes += c.length;
            next++;
            n++;
        }
        g_assert_cmpuint(n, >, 0);
        for (; n; n--) {
            lane_post(lane, base + lane->tail % lane->size, 1);
        }
        lane_consume(lane, false);
    }
    bed_run(lane->bed);
    check_eos(lane, count);
    lane_expect_none(lane);
    g_assert_cmpuint(lane_get64(lane, LABYRINTH_QREG_PRODUCED), ==, count);
    g_assert_cmpuint(lane_get64(lane, LABYRINTH_QREG_DELIVERED), ==, count);
    g_assert_cmpuint(lane_get64(lane, LABYRINTH_QREG_BYTES), ==, bytes);
    lane_check_accounts(lane);
}

/* Through rings of every kind of size, several times around */
static void test_generator(gconstpointer data)
{
    uint32_t size = GPOINTER_TO_UINT(data);
    Bed *bed = bed_new("");
    Lane lane;

    lane_init(&lane, bed, 2, RING_GENERATOR, size);
    lane_generator(&lane, 100, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    serve(&lane, 100, 0);
    lane_stop(&lane);
    lane_check_accounts(&lane);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Each fetch is of what lies on both sides of the ring's end. */
static void test_fetch_around_the_end(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    lane_init(&lane, bed, 0, RING_GENERATOR, 8);
    lane_generator(&lane, 0, 0, 1, 1, 64);
    lane_start(&lane);
    for (unsigned round = 0; round < 20; round++) {
        lane_post(&lane, 5 * round, 5);
        bed_run(bed);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_PQ_HEAD), ==,
                         lane.tail);
        for (unsigned i = 0; i < 5; i++) {
            struct labyrinth_completion c = lane_take(&lane);

            g_assert_cmpuint(c.cookie, ==, 5 * round + i);
            lane_check_page(&lane, &c, BED_BUFFER(c.cookie));
        }
        lane_consume(&lane, false);
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_full_pages(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    lane_init(&lane, bed, 0, RING_GENERATOR, 8);
    lane_generator(&lane, 40, 0, 1, LABYRINTH_PAGE_SIZE, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    serve(&lane, 40, 0);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_BYTES), ==,
                     40 * LABYRINTH_PAGE_SIZE);
    bed_free(bed);
}

static void test_sixteen_queues(void)
{
    Bed *bed = bed_new(",queues=16");
    Lane lane[16];

    for (unsigned q = 0; q < 16; q++) {
        lane_init(&lane[q], bed, q, RING_GENERATOR, 16);
        lane_generator(&lane[q], 12, 0, 1, 1, 600);
        lane_start(&lane[q]);
        lane_post(&lane[q], 16 * q, 16);
    }
    bed_run_ns(bed, 1000 * 1000);
    for (unsigned q = 0; q < 16; q++) {
        for (unsigned i = 0; i < 12; i++) {
            struct labyrinth_completion c = lane_take(&lane[q]);

            g_assert_cmpuint(c.cookie, ==, 16 * q + i);
            lane_check_page(&lane[q], &c, BED_BUFFER(c.cookie));
        }
        check_eos(&lane[q], 12);
        lane_expect_none(&lane[q]);
        lane_check_accounts(&lane[q]);
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* A queue without buffers stalls, and only that queue. */
static void test_stalled_queue_stops_no_other(void)
{
    Bed *bed = bed_new("");
    Lane stalled[3], lane;

    for (unsigned q = 0; q < 3; q++) {
        lane_init(&stalled[q], bed, q, RING_GENERATOR, 4);
        lane_generator(&stalled[q], 0, 0, 1, 1, 64);
        lane_start(&stalled[q]);
        bed_run(bed);
    }
    lane_init(&lane, bed, 3, RING_GENERATOR, 4);
    lane_generator(&lane, 50, 0, 1, 1, 64);
    lane_start(&lane);
    serve(&lane, 50, 0);
    for (unsigned q = 0; q < 3; q++) {
        g_assert_cmpuint(lane_get64(&stalled[q], LABYRINTH_QREG_PRODUCED), >,
                         0);
        g_assert_cmpuint(lane_get64(&stalled[q], LABYRINTH_QREG_DELIVERED), ==,
                         0);
        g_assert_cmpuint(lane_dropped(&stalled[q]), ==, 0);
    }
    bed_free(bed);
}

/* Nothing is written over what the host has not consumed, nothing is lost. */
static void test_full_completion_ring(void)
{
    Bed *bed = bed_new("");
    Lane lane;

    lane_init(&lane, bed, 0, RING_GENERATOR, 64);
    lane_set(&lane, LABYRINTH_QREG_CQ_SIZE, 4);
    lane_generator(&lane, 20, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    lane_post(&lane, 0, 64);
    /* From here on only the completion ring's size is asked for */
    lane.size = 4;
    for (unsigned taken = 0; taken < 20; taken++) {
        struct labyrinth_completion c;

        bed_run(bed);
        g_assert_cmpuint(lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL), ==,
                         MIN(taken + 4, 21));
        c = lane_take(&lane);
        lane_check_page(&lane, &c, BED_BUFFER(taken));
        /* One entry is free again */
        lane_consume(&lane, false);
    }
    bed_run(bed);
    check_eos(&lane, 20);
    lane_check_accounts(&lane);
    g_assert_cmpuint(lane_dropped(&lane), ==, 0);
    bed_free(bed);
}

static void test_overrun(void)
{
    Bed *bed = bed_new("");
    struct labyrinth_completion c;
    uint64_t produced, dropped, seen = 0;
    Lane lane;

    lane_init(&lane, bed, 0, RING_GENERATOR, 64);
    lane_generator(&lane, 0, 10 * 1000, 2, 1, 64);
    lane_start(&lane);
    /* 2 pages each 10 us, and no buffer */
    bed_run_ns(bed, 1000 * 1000);
    produced = lane_get64(&lane, LABYRINTH_QREG_PRODUCED);
    dropped = lane_get64(&lane, LABYRINTH_QREG_DROPPED(LABYRINTH_DROP_OVERRUN));
    g_assert_cmpuint(produced, >=, 196);
    g_assert_cmpuint(produced, <=, 202);
    g_assert_cmpuint(dropped, >=, produced - LABYRINTH_STAGING_PAGES);
    g_assert_cmpuint(dropped, <, produced);
    lane_expect_none(&lane);
    /* With buffers it goes on, and the gap is as wide as the drops are many */
    lane_post(&lane, 0, 64);
    bed_run_ns(bed, 200 * 1000);
    while (lane_next(&lane, &c)) {
        g_assert_cmpuint(c.seq, >=, lane.seq);
        lane.seq = c.seq;
        lane_check_page(&lane, &c, BED_BUFFER(c.cookie));
        seen++;
    }
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(0)), ==,
                     lane.seq - seen);
    lane_stop(&lane);
    lane_check_accounts(&lane);
    bed_free(bed);
}

static void test_stop_drains(void)
{
    Bed *bed = bed_new("");
    uint8_t before[LABYRINTH_PAGE_SIZE], after[LABYRINTH_PAGE_SIZE];
    struct labyrinth_completion c;
    uint64_t delivered;
    Lane lane;

    lane_init(&lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(&lane, 0, 0, 1, LABYRINTH_PAGE_SIZE, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    lane_post(&lane, 0, 10);
    bed_run(bed);
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), !=,
                     LABYRINTH_STATE_RUNNING);
    bed_run(bed);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_IDLE);
    /* What was staged is a drop with a reason */
    delivered = lane_get64(&lane, LABYRINTH_QREG_DELIVERED);
    g_assert_cmpuint(delivered, ==, 10);
    lane_check_accounts(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(
                                       LABYRINTH_DROP_STOP)), >, 0);
    while (lane_next(&lane, &c)) {
        lane_check_page(&lane, &c, BED_BUFFER(c.cookie));
    }
    /* An idle queue touches nothing, and takes no bell */
    qtest_memread(bed->qts, BED_BUFFER(9), before, sizeof(before));
    lane_post(&lane, 10, 2);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    bed_run_ns(bed, 1000 * 1000);
    qtest_memread(bed->qts, BED_BUFFER(9), after, sizeof(after));
    g_assert_cmpmem(before, sizeof(before), after, sizeof(after));
    lane_expect_none(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), ==,
                     delivered);
    /* STOP of an idle queue is no error */
    lane_stop(&lane);
    bed_expect_no_errors(bed);
    /* It starts again from nothing; its buffers are not the device's */
    lane_generator(&lane, 5, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 0);
    serve(&lane, 5, 0);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_start_without_clear_counts_on(void)
{
    Bed *bed = bed_new("");
    struct labyrinth_completion c;
    Lane lane;

    lane_init(&lane, bed, 0, RING_GENERATOR, 8);
    lane_generator(&lane, 3, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    serve(&lane, 3, 0);
    lane_stop(&lane);
    qtest_memset(bed->qts, BED_CQ(0), 0, 8 * sizeof(c));
    lane.head = 0;
    lane.tail = 0;
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START);
    lane_post(&lane, 0, 8);
    bed_run(bed);
    c = lane_take(&lane);
    g_assert_cmpuint(c.seq, ==, 3);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 6);
    bed_free(bed);
}

void add_ring_tests(void)
{
    static const unsigned sizes[] = { 2, 8, 128 };

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        g_autofree char *name =
            g_strdup_printf("labyrinth/ring/generator/%u", sizes[i]);

        qtest_add_data_func(name, GUINT_TO_POINTER(sizes[i]), test_generator);
    }
    qtest_add_func("labyrinth/ring/around-the-end", test_fetch_around_the_end);
    qtest_add_func("labyrinth/ring/full-pages", test_full_pages);
    qtest_add_func("labyrinth/ring/sixteen-queues", test_sixteen_queues);
    qtest_add_func("labyrinth/ring/stalled-queue",
                   test_stalled_queue_stops_no_other);
    qtest_add_func("labyrinth/ring/full-completion-ring",
                   test_full_completion_ring);
    qtest_add_func("labyrinth/ring/overrun", test_overrun);
    qtest_add_func("labyrinth/ring/stop", test_stop_drains);
    qtest_add_func("labyrinth/ring/start-without-clear",
                   test_start_without_clear_counts_on);
}
