/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest of the Labyrinth accelerator: states from outside
 *
 * Contract: a state is saved, some of its fields are changed in the file, and
 * another device gets it: it goes on with it, or refuses it, and QEMU answers
 * in either case.
 */
#include "qemu/osdep.h"
#include "bed.h"
#include "qemu/bswap.h"

#define GENERATOR \
    (LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT)
/* A second, from when the time is read; and how long until it is taken */
#define LATER_USEC  (1000 * 1000)
#define LATER_NS    (LATER_USEC * 1000ull)
#define UNTIL_NS    (1000 * 1000ull)
/* So late that its numbers are found nowhere else in a state: two hours */
#define MORNING_NS  (7200ull * 1000 * 1000 * 1000)
/* A QEMU that hangs does not answer; then the signal ends the test: seconds. */
#define PATIENCE    200

typedef struct State {
    char *dir, *file;
    char *data;
    gsize size;
    uint64_t time;
} State;

static void hangs(int sig)
{
    static const char what[] = "QEMU hangs over a state from outside\n";

    if (write(STDERR_FILENO, what, sizeof(what) - 1) > 0) {
        abort();
    }
    _exit(1);
}

/* Goes on from the state, and long past the times that were in it. */
static Bed *state_run(State *t, const char *props)
{
    Bed *bed;

    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = hangs }, NULL);
    alarm(PATIENCE);
    bed = bed_load(props, t->file, t->time + UNTIL_NS);
    bed_run_ns(bed, 10 * LATER_NS);
    alarm(0);
    return bed;
}

static void state_save(State *t, Bed *bed, uint64_t time)
{
    t->time = time;
    t->dir = g_dir_make_tmp(NULL, NULL);
    t->file = g_build_filename(t->dir, "state", NULL);
    bed_save(bed, t->file);
    bed_free(bed);
    g_assert_true(g_file_get_contents(t->file, &t->data, &t->size, NULL));
}

static void state_write(State *t)
{
    g_assert_true(g_file_set_contents(t->file, t->data, t->size, NULL));
}

static void state_end(State *t)
{
    unlink(t->file);
    rmdir(t->dir);
    g_free(t->data);
    g_free(t->file);
    g_free(t->dir);
}

/* Each time that is LATER_NS after the state's becomes @val. */
static void spoil_times(State *t, uint64_t val)
{
    unsigned found = 0;

    for (gsize i = 0; i + sizeof(val) <= t->size; i++) {
        if (ldq_be_p(t->data + i) - t->time - LATER_NS < UNTIL_NS) {
            stq_be_p(t->data + i, val);
            found++;
        }
    }
    g_assert_cmpuint(found, >, 0);
    state_write(t);
}

static void ring_with_a_page(Lane *lane, Bed *bed)
{
    bed_run_ns(bed, MORNING_NS);
    lane_init(lane, bed, 0, LABYRINTH_CONFIG_RING | GENERATOR, 64);
    lane_generator(lane, 2, 0, 1, 100, 100);
    lane_set(lane, LABYRINTH_QREG_MOD_PACKETS, 64);
    lane_set(lane, LABYRINTH_QREG_MOD_USEC, LATER_USEC);
    lane_start(lane);
    lane_post(lane, 0, 1);
}

/* An interrupt that is held back until a time that no clock comes to */
static void test_irq_time(gconstpointer val)
{
    struct labyrinth_completion c;
    Bed *bed = bed_new("");
    Lane lane;
    State t;

    bed_msix_enable(bed);
    ring_with_a_page(&lane, bed);
    bed_run(bed);
    state_save(&t, bed, bed_get64(bed, LABYRINTH_REG_TIME) - UNTIL_NS);
    spoil_times(&t, *(const uint64_t *)val);

    bed = state_run(&t, "");
    lane.bed = bed;
    g_assert_false(bed_msix_take(bed, 1));
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(0));
    lane_consume(&lane, true);
    lane_post(&lane, 1, 1);
    bed_run(bed);
    c = lane_take(&lane);
    lane_check_page(&lane, &c, BED_BUFFER(1));
    g_assert_true(bed_msix_take(bed, 1));
    bed_expect_no_errors(bed);
    bed_free(bed);
    state_end(&t);
}

/* A link that is dead until then, while there is work to do */
static void test_dead_time(gconstpointer val)
{
    Bed *bed = bed_new(",x-faults=on");
    uint64_t time;
    Lane lane;
    State t;

    ring_with_a_page(&lane, bed);
    time = bed_get64(bed, LABYRINTH_REG_TIME);
    bed_fault_next(bed, LABYRINTH_FAULT_LINK_DEAD, LATER_USEC);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ID), ==, UINT32_MAX);
    state_save(&t, bed, time);
    spoil_times(&t, *(const uint64_t *)val);

    bed = state_run(&t, ",x-faults=on");
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ID), ==, UINT32_MAX);
    bed_free(bed);
    state_end(&t);
}

/* As a queue's fields follow one another in the stream */
typedef struct QEMU_PACKED Registers {
    uint32_t config, vector;
    uint64_t cq_base;
    uint32_t cq_size;
    uint64_t pq_base;
    uint32_t pq_size;
} Registers;

static Registers registers(uint32_t config, uint64_t cq_base, uint32_t cq_size,
                           uint64_t pq_base, uint32_t pq_size)
{
    return (Registers) {
        .config = cpu_to_be32(config),
        .vector = cpu_to_be32(LABYRINTH_VEC_QUEUE(0)),
        .cq_base = cpu_to_be64(cq_base),
        .cq_size = cpu_to_be32(cq_size),
        .pq_base = cpu_to_be64(pq_base),
        .pq_size = cpu_to_be32(pq_size),
    };
}

/*
 * A queue runs with what START would not have taken, or its firmware with
 * another configuration than it.
 */
static void test_running_registers(void)
{
    const uint32_t ring = LABYRINTH_CONFIG_RING | GENERATOR;
    const uint64_t cq = BED_CQ(0), pq = BED_PQ(0);
    const Registers right = registers(ring, cq, 64, pq, 64);
    const Registers wrong[] = {
        registers(ring, cq, LABYRINTH_RING_MIN / 2, pq, 64),
        registers(ring, cq, LABYRINTH_RING_MAX * 2, pq, 64),
        registers(ring, cq + 1, 64, pq, 64),
        registers(ring, cq, 64, 0, 64),
        registers(ring, cq, 64, pq, 65),
        registers(LABYRINTH_CONFIG_RING, cq, 64, pq, 64),
        registers(LABYRINTH_CONFIG_DEMAND | GENERATOR, cq, 64, pq, 64),
        registers(ring | 1u << 31, cq, 64, pq, 64),
    };
    Bed *bed = bed_new("");
    Lane lane;
    State t;
    char *at;

    lane_init(&lane, bed, 0, ring, 64);
    lane_generator(&lane, 1, 0, 1, 100, 100);
    lane_start(&lane);
    state_save(&t, bed, 0);
    at = memmem(t.data, t.size, &right, sizeof(right));
    g_assert_nonnull(at);
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        memcpy(at, &wrong[i], sizeof(wrong[i]));
        state_write(&t);
        bed_expect_refused("", t.file);
    }
    state_end(&t);
}

/* Two posted buffers at one address, or one that is no page's */
static void test_lent_twice(void)
{
    const uint64_t lent[] = {
        cpu_to_be64(BED_BUFFER(0)),
        cpu_to_be64(BED_BUFFER(1)),
    };
    const uint64_t wrong[] = { BED_BUFFER(0), BED_BUFFER(1) + 8 };
    Bed *bed = bed_new("");
    Lane lane;
    State t;
    char *at;

    lane_init(&lane, bed, 0, LABYRINTH_CONFIG_RING, 64);
    lane_start(&lane);
    lane_post(&lane, 0, 2);
    bed_run(bed);
    state_save(&t, bed, 0);
    at = memmem(t.data, t.size, lent, sizeof(lent));
    g_assert_nonnull(at);
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        stq_be_p(at + sizeof(lent[0]), wrong[i]);
        state_write(&t);
        bed_expect_refused("", t.file);
    }
    state_end(&t);
}

void add_load_tests(void)
{
    static const uint64_t past_the_end = INT64_MAX + 1ull;
    static const uint64_t never = UINT64_MAX;

    qtest_add_data_func("labyrinth/load/irq-time", &past_the_end,
                        test_irq_time);
    qtest_add_data_func("labyrinth/load/dead-time", &past_the_end,
                        test_dead_time);
    qtest_add_data_func("labyrinth/load/dead-for-ever", &never,
                        test_dead_time);
    qtest_add_func("labyrinth/load/running-registers", test_running_registers);
    qtest_add_func("labyrinth/load/lent-twice", test_lent_twice);
}
