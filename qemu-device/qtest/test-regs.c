/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BAR 0: every offset, size and alignment; reset values; what is locked. */
#include "qemu/osdep.h"
#include "bed.h"

enum {
    R = 1,          /* may be read */
    W = 2,          /* may be written */
    WIDE = 4,       /* 64 bits */
    IDLE = 8,       /* written only while the queue is idle */
};

typedef struct Reg {
    uint16_t offset;
    uint8_t attr;
    uint64_t reset;
} Reg;

static const Reg device_regs[] = {
    { LABYRINTH_REG_ID, R, LABYRINTH_ID },
    { LABYRINTH_REG_VERSION, R, LABYRINTH_VERSION },
    { LABYRINTH_REG_CAPS, R, LABYRINTH_CAPS_GENERATOR | LABYRINTH_CAPS_SOLVE |
                             LABYRINTH_STAGING_PAGES << 8 | 2 },
    { LABYRINTH_REG_CTRL, W },
    { LABYRINTH_REG_STATUS, R, LABYRINTH_STATUS_READY },
    { LABYRINTH_REG_ERR_STATUS, R | W },
    { LABYRINTH_REG_ERR_ENABLE, R | W },
    { LABYRINTH_REG_ERR_INFO, R },
    { LABYRINTH_REG_IRQ_CAUSE, R | W },
    { LABYRINTH_REG_GUEST_ERRORS, R },
    { LABYRINTH_REG_TIME, R | WIDE },
    { LABYRINTH_REG_STREAM_QUEUES, R | W, 1 },
    { LABYRINTH_REG_STREAM_STATUS, R },
    { LABYRINTH_REG_STREAM_BYTES, R | WIDE },
    { }
};

/* VECTOR's reset value depends on the queue, see test_reset_values. */
static const Reg queue_regs[] = {
    { LABYRINTH_QREG_CTL, W },
    { LABYRINTH_QREG_STATE, R, LABYRINTH_STATE_IDLE },
    { LABYRINTH_QREG_CONFIG, R | W | IDLE },
    { LABYRINTH_QREG_ERROR, R },
    { LABYRINTH_QREG_CQ_BASE, R | W | WIDE | IDLE },
    { LABYRINTH_QREG_CQ_SIZE, R | W | IDLE },
    { LABYRINTH_QREG_VECTOR, R | W | IDLE },
    { LABYRINTH_QREG_PQ_BASE, R | W | WIDE | IDLE },
    { LABYRINTH_QREG_PQ_SIZE, R | W | IDLE },
    { LABYRINTH_QREG_PQ_TAIL, R | W },
    { LABYRINTH_QREG_PQ_HEAD, R },
    { LABYRINTH_QREG_REQ_TAG, R },
    { LABYRINTH_QREG_REQ_WAITING, R },
    { LABYRINTH_QREG_GRANT_TAG, W },
    { LABYRINTH_QREG_GRANT_ADDR, R | W | WIDE },
    { LABYRINTH_QREG_DENY_TAG, W },
    { LABYRINTH_QREG_REQ_TIMEOUT, R | W },
    { LABYRINTH_QREG_MOD_PACKETS, R | W },
    { LABYRINTH_QREG_MOD_USEC, R | W },
    { LABYRINTH_QREG_GEN_SEED, R | W | WIDE | IDLE },
    { LABYRINTH_QREG_GEN_COUNT, R | W | WIDE | IDLE },
    { LABYRINTH_QREG_GEN_PERIOD, R | W | IDLE },
    { LABYRINTH_QREG_GEN_BURST, R | W | IDLE, 1 },
    { LABYRINTH_QREG_GEN_SIZE, R | W | IDLE, 4096 << 16 | 1 },
    { LABYRINTH_QREG_PRODUCED, R | WIDE },
    { LABYRINTH_QREG_DELIVERED, R | WIDE },
    { LABYRINTH_QREG_DROPPED(0), R | WIDE },
    { LABYRINTH_QREG_DROPPED(1), R | WIDE },
    { LABYRINTH_QREG_DROPPED(2), R | WIDE },
    { LABYRINTH_QREG_DROPPED(3), R | WIDE },
    { LABYRINTH_QREG_BYTES, R | WIDE },
    { LABYRINTH_QREG_IRQS, R | WIDE },
    { LABYRINTH_QREG_REQUESTS, R | WIDE },
    { LABYRINTH_QREG_DENIED, R | WIDE },
    { LABYRINTH_QREG_RERAISED, R | WIDE },
    { LABYRINTH_QREG_REFUSED, R | WIDE },
    { LABYRINTH_QREG_JQ_BASE, R | W | WIDE | IDLE },
    { LABYRINTH_QREG_JQ_SIZE, R | W | IDLE },
    { LABYRINTH_QREG_JQ_TAIL, R | W },
    { LABYRINTH_QREG_JQ_HEAD, R },
    { LABYRINTH_QREG_JOBS, R | WIDE },
    { LABYRINTH_QREG_ANSWERED, R | WIDE },
    { }
};

static const Reg user_regs[] = {
    { LABYRINTH_UREG_CQ_HEAD, R | W },
    { LABYRINTH_UREG_CQ_HEAD_ARM, W },
    { LABYRINTH_UREG_CQ_TAIL, R },
    { LABYRINTH_UREG_STATE, R, LABYRINTH_STATE_IDLE },
    { LABYRINTH_UREG_PRODUCED, R | WIDE },
    { LABYRINTH_UREG_DELIVERED, R | WIDE },
    { }
};

static const Reg no_regs[] = { { } };

typedef struct Page {
    uint32_t base;
    const Reg *regs;
} Page;

/* Of a device with two queues, and its neighbours that do not exist */
static const Page pages[] = {
    { LABYRINTH_PAGE_DEVICE, device_regs },
    { LABYRINTH_PAGE_FAULTS, no_regs },
    { LABYRINTH_PAGE_QUEUE(0), queue_regs },
    { LABYRINTH_PAGE_QUEUE(1), queue_regs },
    { LABYRINTH_PAGE_QUEUE(2), no_regs },
    { LABYRINTH_PAGE_QUEUE(15), no_regs },
    { LABYRINTH_PAGE_USER(0), user_regs },
    { LABYRINTH_PAGE_USER(1), user_regs },
    { LABYRINTH_PAGE_USER(2), no_regs },
    { LABYRINTH_BAR_REGS_SIZE - 0x1000, no_regs },
};

static const Reg *find(const Reg *regs, uint32_t offset)
{
    for (; regs->attr; regs++) {
        if (regs->offset == offset) {
            return regs;
        }
    }
    return NULL;
}

/* The register that an access is for, NULL if it is for none */
static const Reg *at(const Reg *regs, uint32_t offset, unsigned size)
{
    const Reg *reg = find(regs, offset);

    if (size == 4) {
        if (!reg && offset >= 4) {
            reg = find(regs, offset - 4);
            return reg && reg->attr & WIDE ? reg : NULL;
        }
        return reg;
    }
    return size == 8 && reg && reg->attr & WIDE ? reg : NULL;
}

/* Where there is no register anywhere near a sample is enough. */
static bool skipped(const Page *page, uint32_t off)
{
    return off % 61 && (off > 0x110 || page->regs == no_regs);
}

static uint64_t read_sized(Bed *bed, uint64_t off, unsigned size)
{
    uint64_t addr = bed->regs.addr + off;

    switch (size) {
    case 1:
        return qtest_readb(bed->qts, addr);
    case 2:
        return qtest_readw(bed->qts, addr);
    case 4:
        return qtest_readl(bed->qts, addr);
    default:
        return qtest_readq(bed->qts, addr);
    }
}

static void write_sized(Bed *bed, uint64_t off, unsigned size)
{
    uint64_t addr = bed->regs.addr + off;

    switch (size) {
    case 1:
        qtest_writeb(bed->qts, addr, 0xff);
        break;
    case 2:
        qtest_writew(bed->qts, addr, 0xffff);
        break;
    case 4:
        qtest_writel(bed->qts, addr, 0xffffffff);
        break;
    default:
        qtest_writeq(bed->qts, addr, UINT64_MAX);
        break;
    }
}

static void expect(Bed *bed, bool legal)
{
    if (legal) {
        bed_expect_no_errors(bed);
    } else {
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    }
}

static void test_reset_values(void)
{
    Bed *bed = bed_new(",queues=2");

    for (unsigned p = 0; p < ARRAY_SIZE(pages); p++) {
        for (const Reg *reg = pages[p].regs; reg->attr; reg++) {
            uint64_t want = reg->reset;
            unsigned size = reg->attr & WIDE ? 8 : 4;

            if (!(reg->attr & R)) {
                continue;
            }
            if (pages[p].regs == queue_regs &&
                reg->offset == LABYRINTH_QREG_VECTOR) {
                want = 1 + (pages[p].base == LABYRINTH_PAGE_QUEUE(1));
            }
            g_assert_cmphex(read_sized(bed, pages[p].base + reg->offset, size),
                            ==, want);
        }
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
}

/* Offsets of every alignment, in every size */
static void test_reads(void)
{
    Bed *bed = bed_new(",queues=2");

    for (unsigned p = 0; p < ARRAY_SIZE(pages); p++) {
        for (uint32_t off = 0; off <= 0x1000 - 8; off++) {
            if (skipped(&pages[p], off)) {
                continue;
            }
            for (unsigned size = 1; size <= 8; size *= 2) {
                const Reg *reg = at(pages[p].regs, off, size);
                uint64_t val = read_sized(bed, pages[p].base + off, size);
                bool legal = reg && reg->attr & R;

                if (!legal) {
                    g_assert_cmphex(val, ==, 0);
                }
                expect(bed, legal);
            }
        }
    }
    bed_free(bed);
}

/* What may not be written stays as it is, and each try is counted. */
static void test_refused_writes(void)
{
    Bed *bed = bed_new(",queues=2");

    for (unsigned p = 0; p < ARRAY_SIZE(pages); p++) {
        for (uint32_t off = 0; off <= 0x1000 - 8; off++) {
            if (skipped(&pages[p], off)) {
                continue;
            }
            for (unsigned size = 1; size <= 8; size *= 2) {
                const Reg *reg = at(pages[p].regs, off, size);

                if (reg && reg->attr & W) {
                    continue;
                }
                write_sized(bed, pages[p].base + off, size);
                bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
            }
        }
    }
    for (unsigned p = 0; p < ARRAY_SIZE(pages); p++) {
        for (const Reg *reg = pages[p].regs; reg->attr; reg++) {
            if (pages[p].regs == queue_regs && reg->attr & IDLE &&
                reg->offset != LABYRINTH_QREG_VECTOR) {
                g_assert_cmphex(read_sized(bed, pages[p].base + reg->offset,
                                           reg->attr & WIDE ? 8 : 4),
                                ==, reg->reset);
            }
        }
    }
    bed_free(bed);
}

static void test_registers_keep_their_value(void)
{
    Bed *bed = bed_new(",queues=2");
    Lane lane = { .bed = bed, .q = 1 };

    for (const Reg *reg = queue_regs; reg->attr; reg++) {
        if (!(reg->attr & R) || !(reg->attr & W) ||
            reg->offset == LABYRINTH_QREG_PQ_TAIL ||
            reg->offset == LABYRINTH_QREG_JQ_TAIL) {
            continue;
        }
        if (reg->attr & WIDE) {
            lane_set64(&lane, reg->offset, 0x0123456789abcdefull);
            g_assert_cmphex(lane_get64(&lane, reg->offset), ==,
                            0x0123456789abcdefull);
            /* In halves, in the order that the interface names */
            lane_set(&lane, reg->offset, 0x11111111);
            lane_set(&lane, reg->offset + 4, 0x22222222);
            g_assert_cmphex(lane_get64(&lane, reg->offset), ==,
                            0x2222222211111111ull);
            g_assert_cmphex(lane_get(&lane, reg->offset), ==, 0x11111111);
            g_assert_cmphex(lane_get(&lane, reg->offset + 4), ==, 0x22222222);
        } else {
            lane_set(&lane, reg->offset, 0x89abcdef);
            g_assert_cmphex(lane_get(&lane, reg->offset), ==, 0x89abcdef);
        }
    }
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_low_half_latches_the_high_one(void)
{
    Bed *bed = bed_new("");
    uint64_t then;
    uint32_t low;

    bed_run_ns(bed, 0xfffffff0ull - bed_get64(bed, LABYRINTH_REG_TIME));
    then = bed_get64(bed, LABYRINTH_REG_TIME);
    low = bed_get(bed, LABYRINTH_REG_TIME);
    g_assert_cmphex(low, ==, then);
    bed_run_ns(bed, 0x100);
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_TIME + 4), ==, 0);
    /* Once only */
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_TIME + 4), ==, 1);
    g_assert_cmphex(bed_get64(bed, LABYRINTH_REG_TIME), ==, then + 0x100);
    bed_free(bed);
}

static void test_running_queue_is_locked(void)
{
    Bed *bed = bed_new(",queues=2");
    Lane lane;

    lane_init(&lane, bed, 0, LABYRINTH_CONFIG_RING, 4);
    lane_start(&lane);
    for (const Reg *reg = queue_regs; reg->attr; reg++) {
        uint64_t before;

        if (!(reg->attr & IDLE)) {
            continue;
        }
        before = lane_get(&lane, reg->offset);
        lane_set(&lane, reg->offset, ~before);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
        g_assert_cmphex(lane_get(&lane, reg->offset), ==, before);
    }
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, 3);
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, 3);
    lane_set(&lane, LABYRINTH_QREG_REQ_TIMEOUT, 3);
    bed_expect_no_errors(bed);
    /* The other queue's are free, and so are these when it has stopped */
    bed_set(bed, LABYRINTH_PAGE_QUEUE(1) + LABYRINTH_QREG_CQ_SIZE, 8);
    lane_stop(&lane);
    lane_set(&lane, LABYRINTH_QREG_CQ_SIZE, 8);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

void add_regs_tests(void)
{
    qtest_add_func("labyrinth/regs/reset-values", test_reset_values);
    qtest_add_func("labyrinth/regs/reads", test_reads);
    qtest_add_func("labyrinth/regs/refused-writes", test_refused_writes);
    qtest_add_func("labyrinth/regs/keep-their-value",
                   test_registers_keep_their_value);
    qtest_add_func("labyrinth/regs/latch", test_low_half_latches_the_high_one);
    qtest_add_func("labyrinth/regs/locked", test_running_queue_is_locked);
}
