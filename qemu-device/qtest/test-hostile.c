/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver that lies: seeded, it writes anything to any register and into the
 * rings, and switches the bus, the power and the function while the device
 * works.  The device answers, its accounts balance, what it was not lent it
 * does not touch, and after a reset it works as if nothing had been.
 */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"

#define OPERATIONS 1500
#define QUEUES 4

/* All that this driver ever lends lies in front of it */
#define FENCE       BED_BUFFER(BED_BUFFERS)
#define FENCE_SIZE  0x10000
#define FENCE_LOW   (BED_CQ(0) - FENCE_SIZE)

typedef struct Hostile {
    Bed *bed;
    uint64_t random;
    uint8_t exp_cap, pm_cap;
    bool moved;                 /* a page, at some time */
} Hostile;

static uint32_t any(Hostile *h, uint32_t below)
{
    h->random = h->random * 6364136223846793005ull + 1442695040888963407ull;
    return (h->random >> 33) % below;
}

/* An address that is lent, or one where nothing may be lent */
static uint64_t any_address(Hostile *h)
{
    switch (any(h, 8)) {
    case 0:
        return h->bed->regs.addr + any(h, 64) * LABYRINTH_PAGE_SIZE;
    case 1:
        return (uint64_t)any(h, UINT32_MAX) << 32 | 0x80000000;
    case 2:
        return BED_BUFFER(any(h, 64)) + any(h, LABYRINTH_PAGE_SIZE);
    case 3:
        return BED_CQ(any(h, QUEUES));
    case 4:
        return BED_PQ(any(h, QUEUES));
    default:
        return BED_BUFFER(any(h, 64));
    }
}

/* Never the number of a page behind the fences, but for that anything */
static uint32_t any_value(Hostile *h)
{
    static const uint32_t likely[] = {
        0, 1, 2, 3, 4, 7, 8, 16, 64, 100, 256, 0x100, 0x101, 0x200, 0x201,
        4096, 64 << 16 | 1, 4096u << 16 | 1, 4096u << 16 | 4096,
    };

    switch (any(h, 4)) {
    case 0:
        return 0x80000000 | any(h, UINT32_MAX);
    case 1:
        return any_address(h);
    default:
        return likely[any(h, ARRAY_SIZE(likely))];
    }
}

static void any_register(Hostile *h)
{
    static const uint32_t pages[] = { LABYRINTH_PAGE_QUEUE(0),
                                      LABYRINTH_PAGE_USER(0) };
    uint32_t page = pages[any(h, 4) == 0];
    uint32_t reg = page + any(h, QUEUES) * LABYRINTH_PAGE_SIZE;

    if (any(h, 16) == 0) {
        reg = LABYRINTH_PAGE_DEVICE;
    }
    reg += any(h, 0x80 / 4) * 4;
    switch (any(h, 4)) {
    case 0:
        bed_get(h->bed, reg);
        break;
    case 1:
        bed_set64(h->bed, reg & ~7, any_address(h));
        break;
    default:
        bed_set(h->bed, reg, any_value(h));
        break;
    }
}

/* A configuration that is nearly always right, so that something happens */
static void any_start(Hostile *h)
{
    Lane lane;
    unsigned q = any(h, QUEUES);
    uint32_t source = any(h, 4) ? LABYRINTH_SOURCE_GENERATOR : any(h, 4);

    lane_init(&lane, h->bed, q,
              any(h, 2) | source << LABYRINTH_CONFIG_SOURCE_SHIFT,
              2u << any(h, 7));
    lane_generator(&lane, any(h, 2) * any(h, 100), any(h, 3) * any(h, 5000),
                   1 + any(h, 20), 1, 1 + any(h, LABYRINTH_PAGE_SIZE));
    lane_set(&lane, LABYRINTH_QREG_MOD_PACKETS, any(h, 8));
    lane_set(&lane, LABYRINTH_QREG_MOD_USEC, any(h, 50));
    lane_set(&lane, LABYRINTH_QREG_REQ_TIMEOUT, any(h, 50));
    lane_set(&lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START |
                                        any(h, 2) * LABYRINTH_CTL_CLEAR);
}

static void any_answer(Hostile *h)
{
    Lane lane = { .bed = h->bed, .q = any(h, QUEUES) };
    uint32_t tag = lane_get(&lane, LABYRINTH_QREG_REQ_TAG);

    if (any(h, 4) == 0) {
        lane_set(&lane, LABYRINTH_QREG_DENY_TAG, tag);
    } else {
        lane_grant_tag(&lane, tag, any_address(h));
    }
}

static void any_posting(Hostile *h)
{
    Lane lane = { .bed = h->bed, .q = any(h, QUEUES) };
    uint32_t tail = lane_get(&lane, LABYRINTH_QREG_PQ_TAIL);
    uint32_t size = lane_get(&lane, LABYRINTH_QREG_PQ_SIZE);

    if (!size || size > LABYRINTH_RING_MAX) {
        return;
    }
    lane.size = size;
    lane.tail = tail;
    for (unsigned n = any(h, 20); n; n--) {
        lane_post_raw(&lane, any_address(h), any_value(h),
                      any(h, 8) ? LABYRINTH_PAGE_SIZE : any_value(h));
    }
    lane_bell(&lane);
    lane_user_set(&lane, any(h, 2) ? LABYRINTH_UREG_CQ_HEAD
                                   : LABYRINTH_UREG_CQ_HEAD_ARM,
                  lane_user_get(&lane, LABYRINTH_UREG_CQ_TAIL));
}

static void any_config(Hostile *h)
{
    QPCIDevice *dev = h->bed->dev;

    switch (any(h, 4)) {
    case 0:
        qpci_config_writew(dev, h->exp_cap + PCI_EXP_DEVCTL,
                           PCI_EXP_DEVCTL_BCR_FLR);
        qpci_config_writel(dev, PCI_BASE_ADDRESS_0, h->bed->regs.addr);
        qpci_device_enable(dev);
        break;
    case 1:
        qpci_config_writew(dev, h->pm_cap + PCI_PM_CTRL, any(h, 4));
        bed_run_ns(h->bed, any(h, 50000));
        qpci_config_writew(dev, h->pm_cap + PCI_PM_CTRL, 0);
        break;
    default:
        qpci_config_writew(dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
        bed_run_ns(h->bed, any(h, 50000));
        qpci_device_enable(dev);
        break;
    }
}

static void check_fence(Hostile *h, uint64_t at)
{
    g_autofree uint8_t *got = g_malloc(FENCE_SIZE);

    qtest_memread(h->bed->qts, at, got, FENCE_SIZE);
    for (unsigned i = 0; i < FENCE_SIZE; i++) {
        g_assert_cmphex(got[i], ==, BED_BLANK);
    }
}

static void check_balance(Hostile *h)
{
    g_assert_cmphex(bed_get(h->bed, LABYRINTH_REG_ID), ==, LABYRINTH_ID);
    for (unsigned q = 0; q < QUEUES; q++) {
        Lane lane = { .bed = h->bed, .q = q };
        uint64_t staged = lane_get64(&lane, LABYRINTH_QREG_PRODUCED) -
                          lane_get64(&lane, LABYRINTH_QREG_DELIVERED) -
                          lane_dropped(&lane);
        uint32_t state = lane_get(&lane, LABYRINTH_QREG_STATE);

        h->moved |= lane_get64(&lane, LABYRINTH_QREG_DELIVERED);
        g_assert_cmpuint(state, <=, LABYRINTH_STATE_DRAINING);
        g_assert_cmpuint(staged, <=, state == LABYRINTH_STATE_IDLE ?
                                     0 : LABYRINTH_STAGING_PAGES);
    }
}

static void test_hostile(gconstpointer data)
{
    Hostile h = { .bed = bed_new(""), .random = GPOINTER_TO_UINT(data) };
    struct labyrinth_completion c;
    Lane lane;

    bed_msix_enable(h.bed);
    h.exp_cap = qpci_find_capability(h.bed->dev, PCI_CAP_ID_EXP, 0);
    h.pm_cap = qpci_find_capability(h.bed->dev, PCI_CAP_ID_PM, 0);
    qtest_memset(h.bed->qts, FENCE, BED_BLANK, FENCE_SIZE);
    qtest_memset(h.bed->qts, FENCE_LOW, BED_BLANK, FENCE_SIZE);
    for (unsigned i = 0; i < OPERATIONS; i++) {
        switch (any(&h, 32)) {
        case 0:
            any_config(&h);
            break;
        case 1 ... 3:
            any_start(&h);
            break;
        case 4 ... 9:
            any_posting(&h);
            break;
        case 10 ... 15:
            any_answer(&h);
            break;
        case 16 ... 20:
            bed_run_ns(h.bed, any(&h, 20000));
            break;
        default:
            any_register(&h);
            break;
        }
        if (i % 50 == 0) {
            check_balance(&h);
        }
    }
    g_assert_true(h.moved);
    check_fence(&h, FENCE);
    check_fence(&h, FENCE_LOW);

    bed_set(h.bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    lane_init(&lane, h.bed, 3, LABYRINTH_CONFIG_RING |
              LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT, 16);
    lane_generator(&lane, 10, 0, 1, 1, LABYRINTH_PAGE_SIZE);
    lane_start(&lane);
    lane_post(&lane, 0, 10);
    bed_run(h.bed);
    for (unsigned i = 0; i < 10; i++) {
        c = lane_take(&lane);
        lane_check_page(&lane, &c, BED_BUFFER(i));
    }
    bed_expect_no_errors(h.bed);
    bed_free(h.bed);
}

void add_hostile_tests(void)
{
    for (unsigned seed = 1; seed <= 12; seed++) {
        g_autofree char *name = g_strdup_printf("labyrinth/hostile/%u", seed);

        qtest_add_data_func(name, GUINT_TO_POINTER(seed), test_hostile);
    }
}
