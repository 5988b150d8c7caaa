/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The solver: jobs that are right, and what a guest can do wrong with them. */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "job-lane.h"

#define RING LABYRINTH_CONFIG_RING
#define SOLVE (LABYRINTH_SOURCE_SOLVE << LABYRINTH_CONFIG_SOURCE_SHIFT)
#define LAST LABYRINTH_JOB_LAST
#define JOB_NS (LABYRINTH_JOB_USEC * 1000ull)

static void test_solves(gconstpointer data)
{
    uint32_t mode = GPOINTER_TO_UINT(data);
    Bed *bed = bed_new("");
    JobLane job;

    job_lane_start(&job, bed, 1, mode, 8);
    job_ask(&job, 1, 2, 1);
    job_expect_solved(&job, 1, 2, 1);
    job_ask(&job, 2, 128, 128);
    job_expect_solved(&job, 2, 128, 128);
    job_ask(&job, 3, 256, 64);
    job_expect_solved(&job, 3, 256, 64);
    job_ask(&job, 4, 1, 1);
    job_expect(&job, 4, LABYRINTH_SOLVE_SOLVED);
    job_check_accounts(&job, 4);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Several at once, several times round the ring, each answered in its turn */
static void test_full_ring(void)
{
    Bed *bed = bed_new("");
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 4);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 4; i++) {
            job_ask(&job, i, 5 + round, 7 + i);
        }
        /* The ring is full: one more is refused and changes nothing */
        lane_set(&job.lane, LABYRINTH_QREG_JQ_TAIL, job.tail + 1);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
        g_assert_cmpuint(lane_get(&job.lane, LABYRINTH_QREG_JQ_TAIL), ==,
                         job.tail);
        for (unsigned i = 0; i < 4; i++) {
            job_expect_solved(&job, i, 5 + round, 7 + i);
        }
    }
    job_check_accounts(&job, 20);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Pieces of any length and alignment, and one that comes late */
static void test_pieces(void)
{
    Bed *bed = bed_new("");
    JobLane job;
    uint64_t at = JOB_AT(1) + 3;
    uint32_t size = job_put(bed, at, 40, 30), done;

    job_lane_start(&job, bed, 0, RING, 64);
    for (done = 0; done + 31 < size; done += 31) {
        job_desc(&job, at + done, 9, 31, 0);
        job_bell(&job);
        bed_run_ns(bed, 2000);
    }
    g_assert_cmpuint(lane_get64(&job.lane, LABYRINTH_QREG_JOBS), ==, 1);
    g_assert_cmpuint(lane_get(&job.lane, LABYRINTH_QREG_JQ_HEAD), ==, job.tail);
    bed_run_ns(bed, JOB_NS / 2);
    lane_expect_none(&job.lane);
    job_desc(&job, at + done, 9, size - done, LAST);
    job_bell(&job);
    job_expect_solved(&job, 9, 40, 30);
    job_check_accounts(&job, 1);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* A cookie ends the job before it, so that nothing runs together. */
static void test_cookie_ends_a_job(void)
{
    Bed *bed = bed_new("");
    JobLane job;
    uint32_t size = job_put(bed, JOB_AT(1), 9, 9);

    job_lane_start(&job, bed, 0, RING, 8);
    job_desc(&job, JOB_AT(1), 1, size, 0);
    job_desc(&job, JOB_AT(1), 2, size - 1, 0);
    job_desc(&job, JOB_AT(1), 3, size, LAST);
    job_bell(&job);
    job_expect_solved(&job, 1, 9, 9);
    job_expect(&job, 2, LABYRINTH_SOLVE_MALFORMED);
    job_expect_solved(&job, 3, 9, 9);
    job_check_accounts(&job, 3);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* What is in a job is nobody's fault but its writer's: a status, no error. */
static void test_statuses(void)
{
    static const struct {
        uint32_t at, value, status;
    } bad[] = {
        { 0, 0, LABYRINTH_SOLVE_MALFORMED },
        { 4, 2, LABYRINTH_SOLVE_MALFORMED },
        { 6, 1, LABYRINTH_SOLVE_MALFORMED },
        { 8, 0, LABYRINTH_SOLVE_MALFORMED },
        { 12, 0, LABYRINTH_SOLVE_GEOMETRY },
        { 14, 0, LABYRINTH_SOLVE_GEOMETRY },
        { 14, 257, LABYRINTH_SOLVE_OVERSIZE },
        { 12, 0xffff, LABYRINTH_SOLVE_OVERSIZE },
        { 16, 9, LABYRINTH_SOLVE_GEOMETRY },
        { 22, 0x8000, LABYRINTH_SOLVE_GEOMETRY },
        { 24, 1, LABYRINTH_SOLVE_MALFORMED },
        { 34, 0, LABYRINTH_SOLVE_GEOMETRY },
    };
    Bed *bed = bed_new("");
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 8);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        uint32_t size = job_put(bed, JOB_AT(1), 9, 9);
        uint16_t value = cpu_to_le16(bad[i].value);

        qtest_memwrite(bed->qts, JOB_AT(1) + bad[i].at, &value, sizeof(value));
        job_desc(&job, JOB_AT(1), i, size, LAST);
        job_bell(&job);
        job_expect(&job, i, bad[i].status);
    }
    job_check_accounts(&job, ARRAY_SIZE(bad));
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* A descriptor that is wrong, as one that was written by half */
static void test_bad_descriptors(void)
{
    static const struct {
        uint64_t addr;
        uint32_t length, flags;
    } bad[] = {
        { 0, 0, 0 },
        { JOB_AT(1), 0, LAST },
        { JOB_AT(1), LABYRINTH_PAGE_SIZE + 1, LAST },
        { JOB_AT(1), 0xffff, 0xffff },
        { JOB_AT(1), 53, LAST | 2 },
        { JOB_AT(1), 53, 0x8000 },
        { UINT64_MAX, 53, LAST },
        { UINT64_MAX - 52, 53, LAST },
    };
    Bed *bed = bed_new("");
    JobLane job;
    uint64_t refused;

    job_lane_start(&job, bed, 0, RING, 8);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        uint32_t size = job_put(bed, JOB_AT(1), 9, 9);

        refused = lane_get64(&job.lane, LABYRINTH_QREG_REFUSED);
        /* Alone, or in the middle of a job: its other pieces are skipped */
        if (i % 2) {
            job_desc(&job, JOB_AT(1), 2 * i, 40, 0);
        }
        job_desc(&job, bad[i].addr, 2 * i, bad[i].length, bad[i].flags);
        if (!(bad[i].flags & LAST)) {
            job_desc(&job, BED_NOWHERE, 2 * i, 13, 0);
            job_desc(&job, JOB_AT(1) + 40, 2 * i, size - 40, LAST);
        }
        job_desc(&job, JOB_AT(1), 2 * i + 1, size, LAST);
        job_bell(&job);
        job_expect(&job, 2 * i, LABYRINTH_SOLVE_BAD_DESC);
        job_expect_solved(&job, 2 * i + 1, 9, 9);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_DESC);
        g_assert_cmpuint(lane_get64(&job.lane, LABYRINTH_QREG_REFUSED), ==,
                         refused + 1);
    }
    job_check_accounts(&job, 2 * ARRAY_SIZE(bad));
    bed_free(bed);
}

/* The bus refuses a piece: its job alone fails. */
static void test_refused_piece(void)
{
    Bed *bed = bed_new("");
    uint32_t size;
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 8);
    size = job_put(bed, JOB_AT(1), 9, 9);
    job_desc(&job, JOB_AT(1), 1, 40, 0);
    job_desc(&job, BED_NOWHERE, 1, 40, 0);
    job_desc(&job, JOB_AT(1), 1, 40, LAST);
    job_desc(&job, JOB_AT(1), 2, size, LAST);
    job_bell(&job);
    job_expect(&job, 1, LABYRINTH_SOLVE_DMA);
    job_expect_solved(&job, 2, 9, 9);
    job_check_accounts(&job, 2);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_STATUS), ==,
                    LABYRINTH_ERR_DMA);
    g_assert_cmpuint(lane_get(&job.lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_RUNNING);
    bed_free(bed);
}

/* The bus refuses the ring: nothing can be read any more. */
static void test_refused_ring(void)
{
    Bed *bed = bed_new("");
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 8);
    lane_stop(&job.lane);
    lane_set64(&job.lane, LABYRINTH_QREG_JQ_BASE, BED_NOWHERE);
    lane_start(&job.lane);
    lane_set(&job.lane, LABYRINTH_QREG_JQ_TAIL, 1);
    bed_run(bed);
    g_assert_cmpuint(lane_get(&job.lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_IDLE);
    g_assert_cmpuint(lane_get(&job.lane, LABYRINTH_QREG_ERROR), ==, 7);
    bed_free(bed);
}

static void test_bad_doorbells(void)
{
    const uint32_t tails[] = { 9, 0x80000000, UINT32_MAX };
    Bed *bed = bed_new("");
    Lane lane;
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 8);
    for (unsigned i = 0; i < ARRAY_SIZE(tails); i++) {
        lane_set(&job.lane, LABYRINTH_QREG_JQ_TAIL, tails[i]);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
    }
    /* back */
    job_ask(&job, 1, 3, 3);
    job_ask(&job, 2, 3, 3);
    lane_set(&job.lane, LABYRINTH_QREG_JQ_TAIL, 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_INDEX);
    job_expect_solved(&job, 1, 3, 3);
    job_expect_solved(&job, 2, 3, 3);
    lane_stop(&job.lane);
    lane_set(&job.lane, LABYRINTH_QREG_JQ_TAIL, 3);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    /* another source */
    lane_init(&lane, bed, 1, RING, 8);
    lane_start(&lane);
    lane_set(&lane, LABYRINTH_QREG_JQ_TAIL, 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    bed_free(bed);
}

static void test_bad_rings(void)
{
    const uint64_t bad[][2] = {
        { 0, 8 }, { JOB_RING(0) + 32, 8 }, { UINT64_MAX - 63, 8 },
        { JOB_RING(0), 0 }, { JOB_RING(0), 1 }, { JOB_RING(0), 3 },
        { JOB_RING(0), 8192 },
    };
    Bed *bed = bed_new("");
    Lane lane;

    lane_init(&lane, bed, 0, RING | SOLVE, 8);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        lane_set64(&lane, LABYRINTH_QREG_JQ_BASE, bad[i][0]);
        lane_set(&lane, LABYRINTH_QREG_JQ_SIZE, bad[i][1]);
        lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_CONFIG);
        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                         LABYRINTH_STATE_IDLE);
    }
    bed_free(bed);
}

/*
 * A ring full of what is nothing, and the bell again and again: each run of the
 * engine does no more than its share, so that time passes.
 */
static void test_storm(void)
{
    Bed *bed = bed_new("");
    uint32_t head, last = 0;
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 4096);
    for (unsigned i = 0; i < 4096; i++) {
        job_desc(&job, JOB_AT(0), 7, 0, 0);
    }
    job_bell(&job);
    for (unsigned i = 0; i < 100; i++) {
        for (unsigned k = 0; k < 50; k++) {
            job_bell(&job);
        }
        bed_run_ns(bed, 1000);
        head = lane_get(&job.lane, LABYRINTH_QREG_JQ_HEAD);
        g_assert_cmpuint(head - last, <=, 8);
        last = head;
    }
    g_assert_cmpuint(head, >, 700);
    bed_run_ns(bed, 1000 * 1000);
    /* The first is refused, the rest belongs to it */
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_DESC);
    job_expect(&job, 7, LABYRINTH_SOLVE_BAD_DESC);
    g_assert_cmpuint(lane_get64(&job.lane, LABYRINTH_QREG_JOBS), ==, 1);
    job_ask(&job, 8, 3, 3);
    job_expect_solved(&job, 8, 3, 3);
    job_check_accounts(&job, 2);
    bed_free(bed);
}

void add_job_tests(void)
{
    qtest_add_data_func("labyrinth/jobs/solves/ring", GUINT_TO_POINTER(RING),
                        test_solves);
    qtest_add_data_func("labyrinth/jobs/solves/demand",
                        GUINT_TO_POINTER(LABYRINTH_CONFIG_DEMAND), test_solves);
    qtest_add_func("labyrinth/jobs/full-ring", test_full_ring);
    qtest_add_func("labyrinth/jobs/pieces", test_pieces);
    qtest_add_func("labyrinth/jobs/cookie-ends-a-job", test_cookie_ends_a_job);
    qtest_add_func("labyrinth/jobs/statuses", test_statuses);
    qtest_add_func("labyrinth/jobs/bad-descriptors", test_bad_descriptors);
    qtest_add_func("labyrinth/jobs/refused-piece", test_refused_piece);
    qtest_add_func("labyrinth/jobs/refused-ring", test_refused_ring);
    qtest_add_func("labyrinth/jobs/bad-doorbells", test_bad_doorbells);
    qtest_add_func("labyrinth/jobs/bad-rings", test_bad_rings);
    qtest_add_func("labyrinth/jobs/storm", test_storm);
}
