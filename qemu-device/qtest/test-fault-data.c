/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Injected faults of the data and of its completions.  Every page here has 256
 * bytes; buffer i is posted with cookie i, so page i goes there.
 */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"

#define RING_GENERATOR (LABYRINTH_CONFIG_RING | \
                        LABYRINTH_SOURCE_GENERATOR << \
                        LABYRINTH_CONFIG_SOURCE_SHIFT)
#define DEMAND_GENERATOR (LABYRINTH_CONFIG_DEMAND | \
                          LABYRINTH_SOURCE_GENERATOR << \
                          LABYRINTH_CONFIG_SOURCE_SHIFT)
#define US      1000ull
#define LENGTH  256u

static Bed *generating(Lane *lane, uint64_t count)
{
    Bed *bed = bed_new(",x-faults=on");

    lane_init(lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(lane, count, 0, 1, LENGTH, LENGTH);
    lane_start(lane);
    bed_run(bed);
    return bed;
}

/* The next completion is page @seq's, right in all but perhaps its data. */
static void expect_told(Lane *lane, uint64_t seq)
{
    struct labyrinth_completion c = lane_take(lane);

    g_assert_cmpuint(c.seq, ==, seq);
    g_assert_cmpuint(c.cookie, ==, seq);
    g_assert_cmpuint(c.length, ==, LENGTH);
    g_assert_cmpuint(c.status, ==, LABYRINTH_COMP_OK);
}

/* Bytes of page @seq that stand in its buffer as they should; 1 each */
static unsigned right_bytes(Lane *lane, uint64_t seq, uint8_t right[LENGTH])
{
    uint8_t want[LENGTH], got[LENGTH];
    unsigned n = 0;

    labyrinth_gen_page(BED_SEED, lane->q, seq, LENGTH, LENGTH, want);
    qtest_memread(lane->bed->qts, BED_BUFFER(seq), got, LENGTH);
    for (unsigned i = 0; i < LENGTH; i++) {
        right[i] = want[i] == got[i];
        n += right[i];
    }
    return n;
}

static bool whole(Lane *lane, uint64_t seq)
{
    uint8_t right[LENGTH];

    return right_bytes(lane, seq, right) == LENGTH;
}

/* Pages that were not written, but for bytes that are so by chance */
static bool blank(Lane *lane, uint64_t seq)
{
    uint8_t right[LENGTH];

    return right_bytes(lane, seq, right) < 16;
}

static void expect_eos(Lane *lane, uint64_t produced)
{
    struct labyrinth_completion c = lane_take(lane);

    g_assert_cmpuint(c.flags & LABYRINTH_COMP_EVENT, !=, 0);
    g_assert_cmpuint(c.seq, ==, produced);
}

/* --- completions ---------------------------------------------------------- */

static void test_lost(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 3);

    bed_fault_set(bed, LABYRINTH_FREG_NTH(LABYRINTH_FAULT_COMP_LOST), 2);
    lane_post(&lane, 0, 3);
    bed_run(bed);
    expect_told(&lane, 0);
    expect_told(&lane, 2);
    expect_eos(&lane, 3);
    lane_expect_none(&lane);
    bed_fault_expect(bed, LABYRINTH_FAULT_COMP_LOST, 1);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(
                                       LABYRINTH_DROP_FAULT)), ==, 1);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), ==, 2);
    lane_check_accounts(&lane);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_twice(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 2);

    bed_fault_next(bed, LABYRINTH_FAULT_COMP_TWICE, 0);
    lane_post(&lane, 0, 2);
    bed_run(bed);
    expect_told(&lane, 0);
    expect_told(&lane, 0);
    expect_told(&lane, 1);
    expect_eos(&lane, 2);
    bed_fault_expect(bed, LABYRINTH_FAULT_COMP_TWICE, 1);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DELIVERED), ==, 2);
    lane_check_accounts(&lane);
    bed_free(bed);
}

/* Where there is one entry left there is no room for another lie. */
static void test_twice_needs_room(void)
{
    Lane lane;
    Bed *bed = bed_new(",x-faults=on,x-fault-comp-twice=nth=2");

    lane_init(&lane, bed, 0, RING_GENERATOR, 2);
    lane_generator(&lane, 0, 0, 1, LENGTH, LENGTH);
    lane_start(&lane);
    lane_post(&lane, 0, 2);
    bed_run(bed);
    expect_told(&lane, 0);
    expect_told(&lane, 1);
    lane_expect_none(&lane);
    lane_consume(&lane, false);
    lane_post(&lane, 2, 1);
    bed_run(bed);
    expect_told(&lane, 2);
    expect_told(&lane, 2);
    lane_expect_none(&lane);
    lane_stop(&lane);
    lane_check_accounts(&lane);
    bed_free(bed);
}

static void test_reordered(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_COMP_REORDERED, 0);
    lane_post(&lane, 0, 3);
    bed_run(bed);
    expect_told(&lane, 1);
    expect_told(&lane, 0);
    expect_told(&lane, 2);
    lane_expect_none(&lane);
    bed_fault_expect(bed, LABYRINTH_FAULT_COMP_REORDERED, 1);
    /* When none follows it comes after a millisecond, */
    bed_fault_next(bed, LABYRINTH_FAULT_COMP_REORDERED, 0);
    lane_post(&lane, 3, 1);
    bed_run_ns(bed, 990 * US);
    lane_expect_none(&lane);
    bed_run_ns(bed, 20 * US);
    expect_told(&lane, 3);
    /* or with STOP */
    bed_fault_next(bed, LABYRINTH_FAULT_COMP_REORDERED, 0);
    lane_post(&lane, 4, 1);
    bed_run(bed);
    lane_expect_none(&lane);
    lane_stop(&lane);
    expect_told(&lane, 4);
    lane_check_accounts(&lane);
    bed_free(bed);
}

/* The last page's comes before the end of the source, */
static void test_reordered_before_eos(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 1);

    bed_fault_next(bed, LABYRINTH_FAULT_COMP_REORDERED, 0);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    expect_told(&lane, 0);
    expect_eos(&lane, 1);
    lane_check_accounts(&lane);
    bed_free(bed);
}

/* and one that can't be written any more is counted as lost. */
static void test_reordered_without_bus(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_COMP_REORDERED, 0);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    qpci_config_writew(bed->dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    lane_stop(&lane);
    lane_expect_none(&lane);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_DROPPED(
                                       LABYRINTH_DROP_FAULT)), ==, 1);
    g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_BYTES), ==, 0);
    lane_check_accounts(&lane);
    bed_free(bed);
}

static void test_early(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_COMP_EARLY, 50);
    lane_post(&lane, 0, 1);
    bed_run_ns(bed, 20 * US);
    expect_told(&lane, 0);
    g_assert_true(blank(&lane, 0));
    bed_run_ns(bed, 50 * US);
    g_assert_true(whole(&lane, 0));
    bed_fault_expect(bed, LABYRINTH_FAULT_COMP_EARLY, 1);
    /* STOP waits for it */
    bed_fault_next(bed, LABYRINTH_FAULT_COMP_EARLY, 50);
    lane_post(&lane, 1, 1);
    bed_run_ns(bed, 20 * US);
    expect_told(&lane, 1);
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
    bed_run_ns(bed, 20 * US);
    g_assert_true(blank(&lane, 1));
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_DRAINING);
    bed_run_ns(bed, 20 * US);
    g_assert_true(whole(&lane, 1));
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_IDLE);
    lane_check_accounts(&lane);
    bed_free(bed);
}

/* --- data ----------------------------------------------------------------- */

static void test_stuck(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STUCK, 500);
    lane_post(&lane, 0, 1);
    bed_run_ns(bed, 490 * US);
    lane_expect_none(&lane);
    bed_run_ns(bed, 20 * US);
    expect_told(&lane, 0);
    bed_fault_expect(bed, LABYRINTH_FAULT_DMA_STUCK, 1);
    /* STOP is not acknowledged before; a reset is a way out */
    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STUCK, 0);
    lane_post(&lane, 1, 1);
    bed_run(bed);
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
    bed_run_ns(bed, 900000 * US);
    g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_DRAINING);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    lane_init(&lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(&lane, 0, 0, 1, LENGTH, LENGTH);
    lane_start(&lane);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    expect_told(&lane, 0);
    bed_free(bed);
}

static void test_short(void)
{
    uint8_t right[LENGTH];
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_DMA_SHORT, 0);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    bed_fault_next(bed, LABYRINTH_FAULT_DMA_SHORT, 10);
    lane_post(&lane, 1, 2);
    bed_run(bed);
    for (unsigned i = 0; i < 3; i++) {
        expect_told(&lane, i);
    }
    g_assert_cmpuint(right_bytes(&lane, 0, right), <, LENGTH / 2 + 16);
    g_assert_cmpuint(memchr(right, 0, LENGTH) - (void *)right, >=, LENGTH / 2);
    g_assert_cmpuint(right_bytes(&lane, 1, right), <, 10 + 16);
    g_assert_cmpuint(memchr(right, 0, LENGTH) - (void *)right, >=, 10);
    g_assert_true(whole(&lane, 2));
    bed_fault_expect(bed, LABYRINTH_FAULT_DMA_SHORT, 2);
    /* A page that has no more than that is no event */
    bed_fault_next(bed, LABYRINTH_FAULT_DMA_SHORT, LENGTH);
    lane_post(&lane, 3, 1);
    bed_run(bed);
    g_assert_true(whole(&lane, 3));
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_NTH(
                                        LABYRINTH_FAULT_DMA_SHORT)), ==, 1);
    bed_free(bed);
}

static void test_torn(void)
{
    uint8_t right[LENGTH];
    unsigned holes = 0;
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_set(bed, LABYRINTH_FREG_RATE(LABYRINTH_FAULT_DMA_TORN),
                  LABYRINTH_MILLION);
    lane_post(&lane, 0, 16);
    bed_run(bed);
    for (unsigned i = 0; i < 16; i++) {
        unsigned first;

        expect_told(&lane, i);
        right_bytes(&lane, i, right);
        first = (uint8_t *)memchr(right, 0, LENGTH) - right;
        holes |= 1u << first / 64;
        for (unsigned k = 0; k < LENGTH; k++) {
            g_assert_true(right[k] || k / 64 == first / 64);
        }
    }
    /* Each of the four lines was left out once, as chance had it */
    g_assert_cmphex(holes, ==, 0xf);
    bed_fault_expect(bed, LABYRINTH_FAULT_DMA_TORN, 16);
    bed_free(bed);
}

static void expect_stale(Bed *bed, unsigned written, unsigned caught)
{
    g_autofree char *want = g_strdup_printf(":written=%u:caught=%u", written,
                                            caught);
    g_autofree char *got = bed_property(bed, "x-fault-dma-stale");

    g_assert_nonnull(strstr(got, want));
}

static void test_stale(void)
{
    uint8_t right[LENGTH];
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STALE, 50);
    lane_post(&lane, 0, 1);
    bed_run_ns(bed, 40 * US);
    expect_told(&lane, 0);
    g_assert_true(whole(&lane, 0));
    bed_run_ns(bed, 20 * US);
    g_assert_cmpuint(right_bytes(&lane, 0, right), ==, LENGTH - 64);
    g_assert_null(memchr(right, 1, 64));
    bed_fault_expect(bed, LABYRINTH_FAULT_DMA_STALE, 1);
    expect_stale(bed, 1, 1);
    /* Lent again meanwhile: it hits what is the device's own */
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
    bed_run(bed);
    lane_init(&lane, bed, 0, RING_GENERATOR, 16);
    lane_generator(&lane, 1, 0, 1, LENGTH, LENGTH);
    lane_start(&lane);
    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STALE, 50);
    lane_post(&lane, 0, 1);
    bed_run_ns(bed, 20 * US);
    lane_post(&lane, 0, 1);
    bed_run(bed);
    expect_stale(bed, 2, 1);
    lane_stop(&lane);
    bed_free(bed);
}

/* A reset ends it: not a byte is written afterwards. */
static void test_stale_and_reset(void)
{
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STALE, 50);
    lane_post(&lane, 0, 1);
    bed_run_ns(bed, 20 * US);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    lane_init(&lane, bed, 0, RING_GENERATOR, 16);
    lane_start(&lane);
    bed_run(bed);
    g_assert_true(whole(&lane, 0));
    expect_stale(bed, 0, 0);
    bed_free(bed);
}

/* --- all of it ------------------------------------------------------------ */

/* Everything at once: what was seen is a function of the seed. */
static uint32_t chaos(unsigned seed, bool demand, bool *balanced)
{
    g_autofree char *props = g_strdup_printf(",x-faults=on,x-fault-seed=%u",
                                             seed);
    struct labyrinth_completion ring[16];
    Bed *bed = bed_new(props);
    uint32_t seen = 0;
    Lane lane;

    for (unsigned f = LABYRINTH_FAULT_IRQ_LOST;
         f <= LABYRINTH_FAULT_DMA_STALE; f++) {
        bed_fault_set(bed, LABYRINTH_FREG_RATE(f), LABYRINTH_MILLION / 8);
        bed_fault_set(bed, LABYRINTH_FREG_PARAM(f), 20);
    }
    lane_init(&lane, bed, 0, demand ? DEMAND_GENERATOR : RING_GENERATOR, 16);
    lane_generator(&lane, 0, 0, 1, 1, LENGTH);
    lane_start(&lane);
    for (unsigned i = 0; i < 20; i++) {
        if (demand) {
            lane_grant(&lane, i * LABYRINTH_STAGING_PAGES);
        } else {
            lane_post(&lane, lane.tail % 64, 8);
        }
        bed_run(bed);
        qtest_memread(bed->qts, BED_CQ(0), ring, sizeof(ring));
        seen = labyrinth_crc32c(seen, ring, sizeof(ring));
        lane.head = lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL);
        lane_consume(&lane, true);
    }
    lane_stop(&lane);
    *balanced = lane_get64(&lane, LABYRINTH_QREG_PRODUCED) ==
                lane_get64(&lane, LABYRINTH_QREG_DELIVERED) +
                lane_dropped(&lane);
    bed_free(bed);
    return seen;
}

static void test_chaos(gconstpointer data)
{
    bool balanced[3], demand = GPOINTER_TO_UINT(data);
    uint32_t one = chaos(1, demand, &balanced[0]);
    uint32_t again = chaos(1, demand, &balanced[1]);
    uint32_t other = chaos(2, demand, &balanced[2]);

    g_assert_cmphex(one, ==, again);
    g_assert_cmphex(one, !=, other);
    g_assert_true(balanced[0] && balanced[1] && balanced[2]);
}

/* It all goes on in another machine: what is early, stale, held, stuck. */
static void test_migration(void)
{
    g_autofree char *dir = g_dir_make_tmp(NULL, NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    uint8_t right[LENGTH];
    uint64_t time;
    Lane lane;
    Bed *bed = generating(&lane, 0);

    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STALE, 200);
    lane_post(&lane, 0, 1);
    bed_run_ns(bed, 10 * US);
    bed_fault_next(bed, LABYRINTH_FAULT_COMP_EARLY, 200);
    lane_post(&lane, 1, 1);
    bed_run_ns(bed, 10 * US);
    bed_fault_next(bed, LABYRINTH_FAULT_COMP_REORDERED, 0);
    lane_post(&lane, 2, 1);
    bed_run_ns(bed, 10 * US);
    bed_fault_next(bed, LABYRINTH_FAULT_DMA_STUCK, 200);
    lane_post(&lane, 3, 1);
    bed_run_ns(bed, 10 * US);
    expect_told(&lane, 0);
    expect_told(&lane, 1);
    lane_expect_none(&lane);
    time = bed_get64(bed, LABYRINTH_REG_TIME);
    bed_save(bed, file);
    bed_free(bed);

    bed = bed_load(",x-faults=on", file, time);
    lane.bed = bed;
    g_assert_true(whole(&lane, 0) && blank(&lane, 1));
    lane_expect_none(&lane);
    bed_run_ns(bed, 400 * US);
    g_assert_cmpuint(right_bytes(&lane, 0, right), ==, LENGTH - 64);
    g_assert_true(whole(&lane, 1));
    expect_told(&lane, 3);
    expect_told(&lane, 2);
    lane_stop(&lane);
    lane_check_accounts(&lane);
    bed_free(bed);
    unlink(file);
    rmdir(dir);
}

void add_fault_data_tests(void)
{
    qtest_add_func("labyrinth/fault/comp-lost", test_lost);
    qtest_add_func("labyrinth/fault/comp-twice", test_twice);
    qtest_add_func("labyrinth/fault/comp-twice/room", test_twice_needs_room);
    qtest_add_func("labyrinth/fault/comp-reordered", test_reordered);
    qtest_add_func("labyrinth/fault/comp-reordered/eos",
                   test_reordered_before_eos);
    qtest_add_func("labyrinth/fault/comp-reordered/no-bus",
                   test_reordered_without_bus);
    qtest_add_func("labyrinth/fault/comp-early", test_early);
    qtest_add_func("labyrinth/fault/dma-stuck", test_stuck);
    qtest_add_func("labyrinth/fault/dma-short", test_short);
    qtest_add_func("labyrinth/fault/dma-torn", test_torn);
    qtest_add_func("labyrinth/fault/dma-stale", test_stale);
    qtest_add_func("labyrinth/fault/dma-stale/reset", test_stale_and_reset);
    qtest_add_data_func("labyrinth/fault/all/ring", GUINT_TO_POINTER(0),
                        test_chaos);
    qtest_add_data_func("labyrinth/fault/all/demand", GUINT_TO_POINTER(1),
                        test_chaos);
    qtest_add_func("labyrinth/fault/all/migration", test_migration);
}
