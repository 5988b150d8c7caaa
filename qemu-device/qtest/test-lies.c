/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The adversary: each rule fires when it is the only one, does what it says and
 * nothing else, leaves what it was not lent alone, and repeats with its seed.
 */
#include "qemu/osdep.h"
#include "bed.h"
#include "qemu/bswap.h"

#define GENERATOR (LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT)
#define LENGTH  256u
#define SIZE    16u
#define PAGES   8u

typedef struct Liar {
    Bed *bed;
    Lane lane;
    unsigned rule;
    struct labyrinth_completion ring[SIZE];
} Liar;

static uint64_t fired(Liar *liar, unsigned rule)
{
    return bed_fault_get64(liar->bed, LABYRINTH_FREG_FIRED(rule));
}

static Liar *liar_new(unsigned rule, uint32_t mode)
{
    Liar *liar = g_new0(Liar, 1);

    liar->rule = rule;
    liar->bed = bed_new(",x-faults=on");
    bed_msix_enable(liar->bed);
    lane_init(&liar->lane, liar->bed, 1, mode | GENERATOR, SIZE);
    lane_generator(&liar->lane, 0, 0, 1, LENGTH, LENGTH);
    lane_start(&liar->lane);
    bed_run(liar->bed);
    return liar;
}

static void lie(Liar *liar, bool on)
{
    bed_fault_set(liar->bed, LABYRINTH_FREG_RULES, 1u << liar->rule);
    bed_fault_set(liar->bed, LABYRINTH_FREG_HOSTILE,
                  on ? LABYRINTH_MILLION : 0);
}

/* It fired, and no other did */
static void liar_end(Liar *liar)
{
    lie(liar, false);
    for (unsigned r = 0; r < LABYRINTH_NR_RULES; r++) {
        g_assert_cmpint(fired(liar, r) > 0, ==, r == liar->rule);
    }
    g_assert_cmphex(bed_fault_get(liar->bed, LABYRINTH_FREG_ID), ==,
                    LABYRINTH_FAULTS_ID);
    bed_free(liar->bed);
    g_free(liar);
}

static void liar_work(Liar *liar)
{
    lie(liar, true);
    lane_post(&liar->lane, 0, PAGES);
    bed_run(liar->bed);
    lie(liar, false);
    qtest_memread(liar->bed->qts, BED_CQ(1), liar->ring, sizeof(liar->ring));
}

/* --- a field of a completion ---------------------------------------------- */

/* What an honest device writes */
static struct labyrinth_completion honest(uint64_t seq)
{
    uint8_t data[LENGTH];

    labyrinth_gen_page(BED_SEED, 1, seq, LENGTH, LENGTH, data);
    return (struct labyrinth_completion) {
        .seq = cpu_to_le64(seq),
        .cookie = cpu_to_le32(seq),
        .crc32c = cpu_to_le32(labyrinth_crc32c(0, data, LENGTH)),
        .length = cpu_to_le16(LENGTH),
        .queue = cpu_to_le16(1),
        .flags = cpu_to_le16(LABYRINTH_COMP_PHASE),
    };
}

#define DIFFERS(field, name) ((got->field != want.field) == (rule == name))

static void test_field(gconstpointer data)
{
    unsigned rule = GPOINTER_TO_UINT(data);
    Liar *liar = liar_new(rule, LABYRINTH_CONFIG_RING);
    uint64_t now;

    liar_work(liar);
    now = bed_get64(liar->bed, LABYRINTH_REG_TIME);
    for (unsigned i = 0; i < PAGES; i++) {
        struct labyrinth_completion want = honest(i);
        const struct labyrinth_completion *got = &liar->ring[i];

        g_assert_true(DIFFERS(seq, LABYRINTH_RULE_COMP_SEQ));
        g_assert_true(DIFFERS(cookie, LABYRINTH_RULE_COMP_COOKIE));
        g_assert_true(DIFFERS(crc32c, LABYRINTH_RULE_COMP_CRC));
        g_assert_true(DIFFERS(length, LABYRINTH_RULE_COMP_LENGTH));
        g_assert_true(DIFFERS(status, LABYRINTH_RULE_COMP_STATUS));
        g_assert_true(DIFFERS(queue, LABYRINTH_RULE_COMP_QUEUE));
        g_assert_true(DIFFERS(flags, LABYRINTH_RULE_COMP_FLAGS));
        if (rule != LABYRINTH_RULE_COMP_READY) {
            g_assert_cmpuint(le64_to_cpu(got->ready_ns), <=, now);
        }
    }
    g_assert_cmpuint(fired(liar, rule), ==, PAGES);
    /* It lies about what it does, and knows what it did */
    g_assert_cmpuint(lane_get64(&liar->lane, LABYRINTH_QREG_DELIVERED), ==,
                     PAGES);
    liar_end(liar);
}

/* ready_ns: of the lies at least one is in the future or before the start */
static void test_ready(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_COMP_READY, LABYRINTH_CONFIG_RING);
    unsigned impossible = 0;
    uint64_t now;

    liar_work(liar);
    now = bed_get64(liar->bed, LABYRINTH_REG_TIME);
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t ns = le64_to_cpu(liar->ring[i].ready_ns);

        impossible += !ns || ns > now;
    }
    g_assert_cmpuint(impossible, >, 0);
    liar_end(liar);
}

/* --- entries -------------------------------------------------------------- */

/* Entries without a page: the pages that there were come to less than all. */
static void test_made(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_COMP_MADE, LABYRINTH_CONFIG_RING);
    uint32_t written;

    liar_work(liar);
    written = lane_user_get(&liar->lane, LABYRINTH_UREG_CQ_TAIL);
    g_assert_cmpuint(written, ==, fired(liar, LABYRINTH_RULE_COMP_MADE) +
                     lane_get64(&liar->lane, LABYRINTH_QREG_DELIVERED));
    /* Each is valid by its phase: a driver does look at it */
    for (unsigned i = 0; i < written; i++) {
        g_assert_cmphex(le16_to_cpu(liar->ring[i].flags) &
                        LABYRINTH_COMP_PHASE, ==, LABYRINTH_COMP_PHASE);
    }
    liar_end(liar);
}

static void test_event(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_EVENT, LABYRINTH_CONFIG_RING);
    unsigned events = 0;

    liar_work(liar);
    for (unsigned i = 0; i < SIZE; i++) {
        events += le16_to_cpu(liar->ring[i].flags) & LABYRINTH_COMP_EVENT &&
                  le16_to_cpu(liar->ring[i].status) == LABYRINTH_COMP_EOS;
    }
    g_assert_cmpuint(events, >, 0);
    g_assert_cmpuint(events, ==, fired(liar, LABYRINTH_RULE_EVENT));
    liar_end(liar);
}

static void test_rewrite(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_COMP_REWRITE, LABYRINTH_CONFIG_RING);
    struct labyrinth_completion after[SIZE];

    lane_post(&liar->lane, 0, PAGES);
    bed_run(liar->bed);
    qtest_memread(liar->bed->qts, BED_CQ(1), liar->ring, sizeof(liar->ring));
    lie(liar, true);
    /* Makes the engine run */
    lane_set(&liar->lane, LABYRINTH_QREG_MOD_USEC, 0);
    bed_run(liar->bed);
    lie(liar, false);
    qtest_memread(liar->bed->qts, BED_CQ(1), after, sizeof(after));
    g_assert_cmpint(memcmp(after, liar->ring, PAGES * sizeof(after[0])), !=, 0);
    /* Only what was written before */
    g_assert_cmpmem(after + PAGES, (SIZE - PAGES) * sizeof(after[0]),
                    liar->ring + PAGES, (SIZE - PAGES) * sizeof(after[0]));
    liar_end(liar);
}

static void test_data(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_DATA, LABYRINTH_CONFIG_RING);
    uint8_t got[LENGTH];

    liar_work(liar);
    for (unsigned i = 0; i < PAGES; i++) {
        struct labyrinth_completion want = honest(i);

        g_assert_cmphex(liar->ring[i].crc32c, ==, want.crc32c);
        qtest_memread(liar->bed->qts, BED_BUFFER(i), got, LENGTH);
        g_assert_cmphex(labyrinth_crc32c(0, got, LENGTH), !=,
                        le32_to_cpu(want.crc32c));
    }
    g_assert_cmpuint(fired(liar, LABYRINTH_RULE_DATA), ==, PAGES);
    liar_end(liar);
}

/* --- registers and interrupts --------------------------------------------- */

static void test_tag(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_REQ_TAG, LABYRINTH_CONFIG_DEMAND);
    uint32_t tag = lane_get(&liar->lane, LABYRINTH_QREG_REQ_TAG);

    g_assert_cmphex(tag, !=, 0);
    lie(liar, true);
    for (unsigned i = 0; i < 20; i++) {
        g_assert_cmphex(lane_get(&liar->lane, LABYRINTH_QREG_REQ_TAG), !=, tag);
        g_assert_cmpuint(lane_get(&liar->lane, LABYRINTH_QREG_CQ_SIZE), ==,
                         SIZE);
    }
    g_assert_cmpuint(fired(liar, LABYRINTH_RULE_REQ_TAG), ==, 20);
    lie(liar, false);
    g_assert_cmphex(lane_get(&liar->lane, LABYRINTH_QREG_REQ_TAG), ==, tag);
    liar_end(liar);
}

static void test_value(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_REG_VALUE, LABYRINTH_CONFIG_DEMAND);
    uint32_t tag = lane_get(&liar->lane, LABYRINTH_QREG_REQ_TAG);

    lie(liar, true);
    for (unsigned i = 0; i < 20; i++) {
        g_assert_cmphex(lane_get(&liar->lane, LABYRINTH_QREG_REQ_TAG), ==, tag);
        g_assert_cmphex(bed_get(liar->bed, LABYRINTH_REG_ID), !=, LABYRINTH_ID);
        g_assert_cmphex(lane_get64(&liar->lane, LABYRINTH_QREG_CQ_BASE), !=,
                        BED_CQ(1));
    }
    g_assert_cmpuint(fired(liar, LABYRINTH_RULE_REG_VALUE), ==, 40);
    lie(liar, false);
    g_assert_cmphex(bed_get(liar->bed, LABYRINTH_REG_ID), ==, LABYRINTH_ID);
    liar_end(liar);
}

static void test_twice(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_REG_TWICE, LABYRINTH_CONFIG_RING);
    uint32_t before, now;

    lie(liar, true);
    before = lane_get(&liar->lane, LABYRINTH_QREG_CQ_SIZE);
    g_assert_cmpuint(before, ==, SIZE);
    for (unsigned i = 0; i < 20; i++) {
        now = lane_get(&liar->lane, LABYRINTH_QREG_CQ_SIZE);
        g_assert_cmphex(now, !=, before);
        before = now;
    }
    liar_end(liar);
}

/* All vectors, sooner or later, also those of nobody */
static void test_irq(void)
{
    Liar *liar = liar_new(LABYRINTH_RULE_IRQ_ANY, LABYRINTH_CONFIG_RING);
    uint32_t seen = 0;

    lie(liar, true);
    for (unsigned i = 0; i < 200 && seen != 0x1f; i++) {
        lane_set(&liar->lane, LABYRINTH_QREG_MOD_USEC, 0);
        bed_run_ns(liar->bed, 2000);
        for (unsigned v = 0; v <= 4; v++) {
            seen |= bed_msix_take(liar->bed, v) << v;
        }
    }
    g_assert_cmphex(seen, ==, 0x1f);
    liar_end(liar);
}

/* --- all of it ------------------------------------------------------------ */

static void fence(Bed *bed, uint64_t at, bool set)
{
    uint8_t got[0x10000];

    if (set) {
        qtest_memset(bed->qts, at, BED_BLANK, sizeof(got));
        return;
    }
    qtest_memread(bed->qts, at, got, sizeof(got));
    for (unsigned i = 0; i < sizeof(got); i++) {
        g_assert_cmphex(got[i], ==, BED_BLANK);
    }
}

/* What a driver that believes all of it sees, as a checksum */
static uint32_t anything(unsigned seed)
{
    g_autofree char *props = g_strdup_printf(",x-faults=on,x-hostile=300000,"
                                             "x-fault-seed=%u", seed);
    struct labyrinth_completion ring[SIZE];
    uint64_t fences[] = { BED_CQ(0) - 0x10000, BED_BUFFER(64),
                          BED_CQ(1) + sizeof(ring) };
    uint32_t seen = 0, val;
    Bed *bed = bed_new(props);
    Lane lane;

    bed_msix_enable(bed);
    for (unsigned i = 0; i < ARRAY_SIZE(fences); i++) {
        fence(bed, fences[i], true);
    }
    lane_init(&lane, bed, 1, LABYRINTH_CONFIG_RING | GENERATOR, SIZE);
    lane_generator(&lane, 0, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START);
    for (unsigned i = 0; i < 40; i++) {
        lane_post(&lane, lane.tail % 64, 8);
        bed_run(bed);
        qtest_memread(bed->qts, BED_CQ(1), ring, sizeof(ring));
        seen = labyrinth_crc32c(seen, ring, sizeof(ring));
        val = lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL);
        seen = labyrinth_crc32c(seen, &val, sizeof(val));
        lane_user_set(&lane, LABYRINTH_UREG_CQ_HEAD_ARM, val);
    }
    bed_fault_set(bed, LABYRINTH_FREG_HOSTILE, 0);
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    for (unsigned i = 0; i < ARRAY_SIZE(fences); i++) {
        fence(bed, fences[i], false);
    }
    /* After a reset it is as honest as ever */
    lane_init(&lane, bed, 1, LABYRINTH_CONFIG_RING | GENERATOR, SIZE);
    lane_generator(&lane, 0, 0, 1, LENGTH, LENGTH);
    lane_start(&lane);
    lane_post(&lane, 0, 4);
    bed_run(bed);
    for (unsigned i = 0; i < 4; i++) {
        struct labyrinth_completion c = lane_take(&lane);

        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
    return seen;
}

static void test_anything(void)
{
    uint32_t one = anything(1);

    g_assert_cmphex(one, ==, anything(1));
    g_assert_cmphex(one, !=, anything(2));
}

void add_lie_tests(void)
{
    static const struct {
        const char *name;
        unsigned rule;
    } fields[] = {
        { "comp-seq", LABYRINTH_RULE_COMP_SEQ },
        { "comp-ready", LABYRINTH_RULE_COMP_READY },
        { "comp-cookie", LABYRINTH_RULE_COMP_COOKIE },
        { "comp-crc", LABYRINTH_RULE_COMP_CRC },
        { "comp-length", LABYRINTH_RULE_COMP_LENGTH },
        { "comp-status", LABYRINTH_RULE_COMP_STATUS },
        { "comp-queue", LABYRINTH_RULE_COMP_QUEUE },
        { "comp-flags", LABYRINTH_RULE_COMP_FLAGS },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        g_autofree char *name = g_strdup_printf("labyrinth/lie/%s",
                                                fields[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(fields[i].rule), test_field);
    }
    qtest_add_func("labyrinth/lie/comp-ready/values", test_ready);
    qtest_add_func("labyrinth/lie/comp-made", test_made);
    qtest_add_func("labyrinth/lie/comp-rewrite", test_rewrite);
    qtest_add_func("labyrinth/lie/req-tag", test_tag);
    qtest_add_func("labyrinth/lie/reg-value", test_value);
    qtest_add_func("labyrinth/lie/reg-twice", test_twice);
    qtest_add_func("labyrinth/lie/irq-any", test_irq);
    qtest_add_func("labyrinth/lie/data", test_data);
    qtest_add_func("labyrinth/lie/event", test_event);
    qtest_add_func("labyrinth/lie/all", test_anything);
}
