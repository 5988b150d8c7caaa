/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways in which a device ends and begins: reset, FLR, unplug, migration. */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"

#define GENERATOR (LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT)

/* One queue of each mode in the middle of its work */
static void busy(Bed *bed, Lane *ring, Lane *demand)
{
    bed_set(bed, LABYRINTH_REG_ERR_ENABLE, LABYRINTH_ERR_ALL);
    lane_init(ring, bed, 0, LABYRINTH_CONFIG_RING | GENERATOR, 64);
    lane_generator(ring, 0, 5000, 3, LABYRINTH_PAGE_SIZE, LABYRINTH_PAGE_SIZE);
    lane_set(ring, LABYRINTH_QREG_MOD_PACKETS, 50);
    lane_set(ring, LABYRINTH_QREG_MOD_USEC, 50);
    lane_start(ring);
    lane_post(ring, 0, 60);
    lane_init(demand, bed, 1, LABYRINTH_CONFIG_DEMAND | GENERATOR, 64);
    lane_generator(demand, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_set(demand, LABYRINTH_QREG_REQ_TIMEOUT, 30);
    lane_start(demand);
    bed_run_ns(bed, 20 * 1000);
    lane_set(demand, LABYRINTH_QREG_DENY_TAG,
             lane_get(demand, LABYRINTH_QREG_REQ_TAG));
    lane_grant(demand, 100);
    lane_set(demand, LABYRINTH_QREG_CTL, 99);
    bed_run_ns(bed, 10 * 1000);
    g_assert_cmpuint(lane_get64(ring, LABYRINTH_QREG_DELIVERED), >, 0);
    g_assert_cmpuint(lane_get64(ring, LABYRINTH_QREG_DELIVERED), <, 60);
}

/* All buffers, rings and messages that busy() lent */
static void wipe(Bed *bed)
{
    qtest_memset(bed->qts, BED_CQ(0), BED_BLANK, 0x80000);
    qtest_memset(bed->qts, BED_BUFFER(0), BED_BLANK, 120 * LABYRINTH_PAGE_SIZE);
}

static void check_wiped(Bed *bed)
{
    const uint64_t where[][2] = {
        { BED_CQ(0), 0x80000 },
        { BED_BUFFER(0), 120 * LABYRINTH_PAGE_SIZE },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(where); i++) {
        g_autofree uint8_t *got = g_malloc(where[i][1]);

        qtest_memread(bed->qts, where[i][0], got, where[i][1]);
        for (uint64_t at = 0; at < where[i][1]; at++) {
            g_assert_cmphex(got[at], ==, BED_BLANK);
        }
    }
}

static void check_power_on(Bed *bed)
{
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_STATUS), ==, 0);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_ENABLE), ==, 0);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_INFO), ==, 0);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_IRQ_CAUSE), ==, 0);
    g_assert_cmpuint(bed_get(bed, LABYRINTH_REG_GUEST_ERRORS), ==, 0);
    for (unsigned q = 0; q < 2; q++) {
        Lane lane = { .bed = bed, .q = q };

        g_assert_cmpuint(lane_get(&lane, LABYRINTH_QREG_STATE), ==,
                         LABYRINTH_STATE_IDLE);
        g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_CONFIG), ==, 0);
        g_assert_cmphex(lane_get64(&lane, LABYRINTH_QREG_CQ_BASE), ==, 0);
        g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_TIMEOUT), ==, 0);
        g_assert_cmphex(lane_get(&lane, LABYRINTH_QREG_REQ_WAITING), ==, 0);
        g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_PRODUCED), ==, 0);
        g_assert_cmpuint(lane_get64(&lane, LABYRINTH_QREG_REFUSED), ==, 0);
        g_assert_cmpuint(lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL), ==, 0);
    }
    bed->errors = 0;
}

/* It works as one that was just plugged in, with the same pages. */
static void check_works(Bed *bed)
{
    struct labyrinth_completion c;
    Lane lane;

    lane_init(&lane, bed, 1, LABYRINTH_CONFIG_RING | GENERATOR, 16);
    lane_generator(&lane, 10, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    lane_post(&lane, 0, 10);
    bed_run(bed);
    for (unsigned i = 0; i < 10; i++) {
        c = lane_take(&lane);
        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    lane_check_accounts(&lane);
    bed_expect_no_errors(bed);
}

static void test_reset_register(void)
{
    Bed *bed = bed_new("");
    Lane ring, demand;

    busy(bed, &ring, &demand);
    wipe(bed);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    check_power_on(bed);
    bed_run_ns(bed, 10 * 1000 * 1000);
    check_wiped(bed);
    check_power_on(bed);
    check_works(bed);
    bed_free(bed);
}

static void test_flr(void)
{
    Bed *bed = bed_new("");
    uint8_t cap = qpci_find_capability(bed->dev, PCI_CAP_ID_EXP, 0);
    uint16_t ctl = qpci_config_readw(bed->dev, cap + PCI_EXP_DEVCTL);
    Lane ring, demand;

    bed_msix_enable(bed);
    busy(bed, &ring, &demand);
    wipe(bed);
    qpci_config_writew(bed->dev, cap + PCI_EXP_DEVCTL,
                       ctl | PCI_EXP_DEVCTL_BCR_FLR);
    /* The bus is off, and so is MSI-X */
    g_assert_cmphex(qpci_config_readw(bed->dev, PCI_COMMAND) &
                    (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY), ==, 0);
    bed_run_ns(bed, 10 * 1000 * 1000);
    bed_enable(bed);
    check_power_on(bed);
    bed_run_ns(bed, 10 * 1000 * 1000);
    check_wiped(bed);
    check_power_on(bed);
    check_works(bed);
    bed_free(bed);
}

static void test_system_reset(void)
{
    Bed *bed = bed_new("");
    Lane ring, demand;

    busy(bed, &ring, &demand);
    wipe(bed);
    qtest_qmp_assert_success(bed->qts, "{'execute': 'system_reset'}");
    qtest_qmp_eventwait(bed->qts, "RESET");
    bed_run_ns(bed, 10 * 1000 * 1000);
    check_wiped(bed);
    bed_enable(bed);
    check_power_on(bed);
    check_works(bed);
    bed_free(bed);
}

/* The slot is emptied while the device works. */
static void test_unplug(void)
{
    QTestState *qts = qtest_init("-machine q35 -nodefaults "
                                 "-device pcie-root-port,id=rp0,addr=5");

    for (unsigned i = 0; i < 3; i++) {
        qtest_qmp_device_add(qts, "labyrinth", "lab", "{'bus': 'rp0'}");
        /* No guest: the port lets go once its reset has taken the slot off */
        qtest_qmp_device_del_send(qts, "lab");
        qtest_qmp_assert_success(qts, "{'execute': 'system_reset'}");
        qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    }
    qtest_quit(qts);
}

/* --- migration ------------------------------------------------------------ */

typedef struct Travel {
    char *dir;
    char *file;
    Bed *from;
    Lane ring, demand, lender;
    uint64_t time;
} Travel;

/* Saved in the middle of its work: 27 buffers posted, 7 of them used */
static void travel_save(Travel *t)
{
    Bed *from = bed_new("");

    t->from = from;
    t->dir = g_dir_make_tmp(NULL, NULL);
    t->file = g_build_filename(t->dir, "state", NULL);
    lane_init(&t->ring, from, 0, LABYRINTH_CONFIG_RING | GENERATOR, 64);
    lane_generator(&t->ring, 40, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&t->ring);
    lane_post(&t->ring, 0, 7);
    lane_init(&t->demand, from, 1, LABYRINTH_CONFIG_DEMAND | GENERATOR, 64);
    lane_generator(&t->demand, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&t->demand);
    lane_init(&t->lender, from, 2, LABYRINTH_CONFIG_RING, 8);
    lane_start(&t->lender);
    lane_post(&t->lender, 100, 1);
    bed_run(from);
    lane_set(&t->demand, LABYRINTH_QREG_DENY_TAG,
             lane_get(&t->demand, LABYRINTH_QREG_REQ_TAG));
    lane_post(&t->ring, 7, 20);
    t->time = bed_get64(from, LABYRINTH_REG_TIME);
    bed_save(from, t->file);
}

static void travel_end(Travel *t)
{
    unlink(t->file);
    rmdir(t->dir);
    g_free(t->file);
    g_free(t->dir);
}

/* It goes on elsewhere without a trace. */
static void test_migration(void)
{
    struct labyrinth_completion c;
    Travel t;
    Lane *ring = &t.ring, *demand = &t.demand;
    uint64_t produced;
    Bed *to;

    travel_save(&t);
    produced = lane_get64(demand, LABYRINTH_QREG_PRODUCED);
    bed_free(t.from);
    to = bed_load("", t.file, t.time);
    ring->bed = to;
    demand->bed = to;
    bed_run(to);
    for (unsigned i = 0; i < 27; i++) {
        c = lane_take(ring);
        g_assert_cmpuint(c.cookie, ==, i);
        lane_check_page(ring, &c, BED_BUFFER(i));
    }
    lane_expect_none(ring);
    g_assert_cmpuint(lane_get(demand, LABYRINTH_QREG_REQ_WAITING) >> 16, ==, 1);
    g_assert_cmpuint(lane_get64(demand, LABYRINTH_QREG_PRODUCED), ==, produced);
    lane_post(ring, 27, 13);
    bed_run(to);
    lane_stop(demand);
    lane_check_accounts(demand);
    for (unsigned i = 27; i < 40; i++) {
        c = lane_take(ring);
        lane_check_page(ring, &c, BED_BUFFER(i));
    }
    lane_check_accounts(ring);
    bed_expect_no_errors(to);
    /* What was lent is lent still */
    t.lender.bed = to;
    lane_post(&t.lender, 100, 1);
    bed_run(to);
    bed_expect_errors(to, 1, LABYRINTH_ERR_BAD_DESC);
    bed_free(to);
    travel_end(&t);
}

/*
 * A state that no device can be in, here a generator of pages that are larger
 * than the staging: refused, instead of written over whatever is behind it.
 */
static void test_impossible_state(void)
{
    /* As the stream has it: seed, count, period, burst, fewest, most */
    const struct {
        uint64_t seed, count;
        uint32_t period, burst, min, max;
    } want = {
        .seed = cpu_to_be64(BED_SEED),
        .burst = cpu_to_be32(1),
        .min = cpu_to_be32(1),
        .max = cpu_to_be32(LABYRINTH_PAGE_SIZE),
    };
    g_autofree char *state = NULL;
    Travel t;
    char *at;
    gsize size;

    travel_save(&t);
    bed_free(t.from);
    g_assert_true(g_file_get_contents(t.file, &state, &size, NULL));
    at = memmem(state, size, &want, sizeof(want));
    g_assert_nonnull(at);
    memset(at + offsetof(typeof(want), max), 0xff, sizeof(want.max));
    g_assert_true(g_file_set_contents(t.file, state, size, NULL));

    bed_expect_refused("", t.file);
    travel_end(&t);
}

void add_life_tests(void)
{
    qtest_add_func("labyrinth/life/reset-register", test_reset_register);
    qtest_add_func("labyrinth/life/flr", test_flr);
    qtest_add_func("labyrinth/life/system-reset", test_system_reset);
    qtest_add_func("labyrinth/life/unplug", test_unplug);
    qtest_add_func("labyrinth/life/migration", test_migration);
    qtest_add_func("labyrinth/life/impossible-state", test_impossible_state);
}
