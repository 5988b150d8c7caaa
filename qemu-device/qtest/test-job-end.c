/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The solver when something comes in between: a job that does not become whole,
 * other queues, a stop, a reset, a migration, injected faults.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "job-lane.h"

#define RING LABYRINTH_CONFIG_RING
#define GENERATOR (LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT)
#define JOB_NS (LABYRINTH_JOB_USEC * 1000ull)

/* Pieces for ever: by bytes, and by time */
static void test_endless(void)
{
    Bed *bed = bed_new("");
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 8);
    job_put(bed, JOB_AT(1), 128, 128);
    job_desc(&job, JOB_AT(1), 1, LABYRINTH_PAGE_SIZE, 0);
    job_bell(&job);
    bed_run_ns(bed, JOB_NS - 1000 * 1000);
    lane_expect_none(&job.lane);
    bed_run_ns(bed, 2 * 1000 * 1000);
    job_expect(&job, 1, LABYRINTH_SOLVE_ENDLESS);
    /* it is still that job, whose result is there */
    job_desc(&job, JOB_AT(1) + LABYRINTH_PAGE_SIZE, 1, 32, LABYRINTH_JOB_LAST);
    for (unsigned i = 0; i < 6; i++) {
        job_desc(&job, JOB_AT(1), 2, LABYRINTH_PAGE_SIZE, 0);
    }
    job_bell(&job);
    job_expect(&job, 2, LABYRINTH_SOLVE_ENDLESS);
    bed_run(bed);
    job_desc(&job, JOB_AT(1), 2, 1, LABYRINTH_JOB_LAST);
    job_bell(&job);
    bed_run(bed);
    job_check_accounts(&job, 2);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Two queues at once, and one that nobody reads */
static void test_two_queues(void)
{
    Bed *bed = bed_new("");
    JobLane job, other, stalled;

    job_lane_start(&job, bed, 0, RING, 8);
    job_lane_start(&other, bed, 1, RING, 8);
    job_lane_start(&stalled, bed, 2, LABYRINTH_CONFIG_DEMAND, 8);
    for (unsigned i = 0; i < 4; i++) {
        job_ask(&stalled, 20 + i, 128, 128);
    }
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 4; i++) {
            job_ask(&job, i, 100, 60 + i);
            job_ask(&other, 10 + i, 60 + i, 100);
        }
        for (unsigned i = 0; i < 4; i++) {
            job_expect_solved(&job, i, 100, 60 + i);
            job_expect_solved(&other, 10 + i, 60 + i, 100);
        }
    }
    job_check_accounts(&job, 16);
    job_check_accounts(&other, 16);
    for (unsigned i = 0; i < 4; i++) {
        job_expect_solved(&stalled, 20 + i, 128, 128);
    }
    job_check_accounts(&stalled, 4);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Memory that another queue had first, and keeps; then gives back */
static void test_busy(void)
{
    Bed *bed = bed_new(",queues=2");
    Lane generator;
    JobLane job;

    lane_init(&generator, bed, 1, LABYRINTH_CONFIG_DEMAND | GENERATOR, 16);
    lane_generator(&generator, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&generator);
    bed_run(bed);
    g_assert_cmpuint(lane_get64(&generator, LABYRINTH_QREG_PRODUCED), ==, 7);
    job_lane_start(&job, bed, 0, RING, 8);
    job_ask(&job, 1, 128, 128);
    bed_run_ns(bed, JOB_NS - 1000 * 1000);
    lane_expect_none(&job.lane);
    bed_run_ns(bed, 2 * 1000 * 1000);
    job_expect(&job, 1, LABYRINTH_SOLVE_BUSY);
    job_check_accounts(&job, 1);

    job_ask(&job, 2, 128, 128);
    bed_run(bed);
    lane_expect_none(&job.lane);
    lane_stop(&generator);
    job_expect_solved(&job, 2, 128, 128);
    job_check_accounts(&job, 2);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* At any moment of a job: nothing of it comes later, the next one is right. */
static void test_stop(gconstpointer data)
{
    bool reset = GPOINTER_TO_UINT(data);
    Bed *bed = bed_new("");
    JobLane job;

    for (unsigned ns = 500; ns < 120 * 1000; ns += 9500) {
        job_lane_start(&job, bed, 3, RING, 8);
        job_ask(&job, 1, 128, 128);
        job_ask(&job, 2, 128, 128);
        bed_run_ns(bed, ns);
        if (reset) {
            bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
            bed->errors = 0;
            g_assert_cmpuint(lane_get64(&job.lane, LABYRINTH_QREG_JQ_BASE), ==,
                             0);
            g_assert_cmpuint(lane_get64(&job.lane, LABYRINTH_QREG_JOBS), ==, 0);
        } else {
            lane_stop(&job.lane);
            lane_check_accounts(&job.lane);
        }
        qtest_memset(bed->qts, BED_BUFFER(300), BED_BLANK,
                     32 * LABYRINTH_PAGE_SIZE);
        bed_run_ns(bed, JOB_NS + 1000);
        for (unsigned i = 0; i < 32; i++) {
            g_assert_cmphex(qtest_readb(bed->qts, BED_BUFFER(300 + i)), ==,
                            BED_BLANK);
        }
        job_lane_start(&job, bed, 3, RING, 8);
        job_ask(&job, 3, 30, 30);
        job_expect_solved(&job, 3, 30, 30);
        job_check_accounts(&job, 1);
        lane_stop(&job.lane);
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* In every phase of a job: it is solved elsewhere. */
static void test_migration(void)
{
    g_autofree char *dir = g_dir_make_tmp("labyrinth-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    for (unsigned ns = 0; ns < 90 * 1000; ns += 22 * 1000) {
        Bed *bed = bed_new("");
        uint64_t time;
        JobLane job;

        job_lane_start(&job, bed, 0, RING, 8);
        job_put(bed, JOB_AT(1), 128, 128);
        job_desc(&job, JOB_AT(1), 1, LABYRINTH_PAGE_SIZE, 0);
        job_desc(&job, JOB_AT(1) + LABYRINTH_PAGE_SIZE, 1, 32,
                 ns ? LABYRINTH_JOB_LAST : 0);
        job_bell(&job);
        bed_run_ns(bed, 1500 + ns);
        time = bed_get64(bed, LABYRINTH_REG_TIME);
        bed_save(bed, file);
        bed_free(bed);
        bed = bed_load("", file, time);
        job.lane.bed = bed;
        if (!ns) {
            job_desc(&job, JOB_AT(1), 2, 32, LABYRINTH_JOB_LAST);
            job_bell(&job);
        }
        job_expect_solved(&job, 1, 128, 128);
        if (!ns) {
            job_expect(&job, 2, LABYRINTH_SOLVE_MALFORMED);
        }
        job_check_accounts(&job, 1 + !ns);
        bed_expect_no_errors(bed);
        bed_free(bed);
        unlink(file);
    }
    rmdir(dir);
}

/* A result is a page like any other: what spoils those spoils it. */
static void test_faults(void)
{
    Bed *bed = bed_new(",x-faults=on");
    struct labyrinth_completion c;
    JobLane job;

    job_lane_start(&job, bed, 0, RING, 8);
    bed_fault_next(bed, LABYRINTH_FAULT_COMP_LOST, 0);
    job_ask(&job, 1, 9, 9);
    bed_run(bed);
    lane_expect_none(&job.lane);
    bed_fault_expect(bed, LABYRINTH_FAULT_COMP_LOST, 1);
    g_assert_cmpuint(lane_get64(&job.lane,
                                LABYRINTH_QREG_DROPPED(LABYRINTH_DROP_FAULT)),
                     ==, 1);
    job.lane.seq++;
    job_ask(&job, 2, 9, 9);
    job_expect_solved(&job, 2, 9, 9);

    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STUCK, 50);
    job_ask(&job, 3, 9, 9);
    job_expect_solved(&job, 3, 9, 9);
    bed_fault_expect(bed, LABYRINTH_FAULT_DMA_STUCK, 1);

    bed_fault_next(bed, LABYRINTH_FAULT_COMP_TWICE, 0);
    job_ask(&job, 4, 9, 9);
    job_expect_solved(&job, 4, 9, 9);
    g_assert_true(lane_next(&job.lane, &c));
    g_assert_cmpuint(c.seq + 1, ==, job.lane.seq);
    bed_fault_expect(bed, LABYRINTH_FAULT_COMP_TWICE, 1);
    job_check_accounts(&job, 4);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

void add_job_end_tests(void)
{
    qtest_add_func("labyrinth/job-end/endless", test_endless);
    qtest_add_func("labyrinth/job-end/two-queues", test_two_queues);
    qtest_add_func("labyrinth/job-end/busy", test_busy);
    qtest_add_data_func("labyrinth/job-end/stop", GUINT_TO_POINTER(false),
                        test_stop);
    qtest_add_data_func("labyrinth/job-end/reset", GUINT_TO_POINTER(true),
                        test_stop);
    qtest_add_func("labyrinth/job-end/migration", test_migration);
    qtest_add_func("labyrinth/job-end/faults", test_faults);
}
