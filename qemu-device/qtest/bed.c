/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "bed.h"
#include "libqos/pci-pc.h"
#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"

/* --- the machine and the device ------------------------------------------- */

void bed_enable(Bed *bed)
{
    bed->regs = qpci_iomap(bed->dev, LABYRINTH_BAR_REGS, NULL);
    qpci_device_enable(bed->dev);
}

Bed *bed_new(const char *props)
{
    Bed *bed = g_new0(Bed, 1);

    bed->qts = qtest_initf("-machine q35 -nodefaults -device labyrinth,id=lab,"
                           "bus=pcie.0,addr=%d%s", BED_SLOT, props);
    bed->bus = qpci_new_pc(bed->qts, NULL);
    bed->dev = qpci_device_find(bed->bus, BED_DEVFN);
    g_assert_nonnull(bed->dev);
    bed_enable(bed);
    return bed;
}

void bed_free(Bed *bed)
{
    g_free(bed->dev);
    qpci_free_pc(bed->bus);
    qtest_quit(bed->qts);
    g_free(bed);
}

void bed_save(Bed *bed, const char *file)
{
    g_autofree char *uri = g_strdup_printf("exec:cat > %s", file);

    qtest_qmp_assert_success(bed->qts, "{'execute': 'migrate',"
                             " 'arguments': {'uri': %s}}", uri);
    qtest_qmp_eventwait(bed->qts, "STOP");
    for (;;) {
        g_autofree char *info = qtest_hmp(bed->qts, "info migrate");

        g_assert_null(strstr(info, "failed"));
        if (strstr(info, "completed")) {
            break;
        }
        g_usleep(10000);
    }
}

static void begin_load(Bed *bed, const char *file)
{
    g_autofree char *uri = g_strdup_printf("exec:cat %s", file);

    qtest_qmp_assert_success(bed->qts, "{'execute': 'migrate-incoming',"
                             " 'arguments': {'uri': %s}}", uri);
}

Bed *bed_load(const char *props, const char *file, uint64_t time)
{
    g_autofree char *all = g_strdup_printf("%s -incoming defer", props);
    Bed *bed = bed_new(all);

    /* Only now: before QMP has been negotiated, events are lost. */
    begin_load(bed, file);
    qtest_qmp_eventwait(bed->qts, "RESUME");
    /* The clock of a test does not travel with its machine */
    qtest_clock_set(bed->qts, time);
    return bed;
}

void bed_expect_refused(const char *props, const char *file)
{
    g_autofree char *all = g_strdup_printf("%s -incoming defer", props);
    gint64 end = g_get_monotonic_time() + 120 * 1000 * 1000;
    Bed *bed = bed_new(all);

    qtest_set_expected_status(bed->qts, EXIT_FAILURE);
    begin_load(bed, file);
    while (qtest_probe_child(bed->qts)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(10000);
    }
    bed_free(bed);
}

void bed_run_ns(Bed *bed, uint64_t ns)
{
    qtest_clock_step(bed->qts, ns);
}

void bed_run(Bed *bed)
{
    bed_run_ns(bed, 100 * 1000);
}

uint32_t bed_get(Bed *bed, uint32_t reg)
{
    return qpci_io_readl(bed->dev, bed->regs, reg);
}

void bed_set(Bed *bed, uint32_t reg, uint32_t val)
{
    qpci_io_writel(bed->dev, bed->regs, reg, val);
}

uint64_t bed_get64(Bed *bed, uint32_t reg)
{
    return qpci_io_readq(bed->dev, bed->regs, reg);
}

void bed_set64(Bed *bed, uint32_t reg, uint64_t val)
{
    qpci_io_writeq(bed->dev, bed->regs, reg, val);
}

void bed_expect_errors(Bed *bed, unsigned n, uint32_t err)
{
    bed->errors += n;
    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_ERR_STATUS), ==, err);
    g_assert_cmpuint(bed_get(bed, LABYRINTH_REG_GUEST_ERRORS), ==, bed->errors);
    bed_set(bed, LABYRINTH_REG_ERR_STATUS, LABYRINTH_ERR_ALL);
}

void bed_expect_no_errors(Bed *bed)
{
    bed_expect_errors(bed, 0, 0);
}

/* --- faults --------------------------------------------------------------- */

uint32_t bed_fault_get(Bed *bed, uint32_t reg)
{
    return bed_get(bed, LABYRINTH_PAGE_FAULTS + reg);
}

void bed_fault_set(Bed *bed, uint32_t reg, uint32_t val)
{
    bed_set(bed, LABYRINTH_PAGE_FAULTS + reg, val);
}

uint64_t bed_fault_get64(Bed *bed, uint32_t reg)
{
    return bed_get64(bed, LABYRINTH_PAGE_FAULTS + reg);
}

void bed_fault_next(Bed *bed, unsigned fault, uint32_t param)
{
    bed_fault_set(bed, LABYRINTH_FREG_PARAM(fault), param);
    bed_fault_set(bed, LABYRINTH_FREG_NTH(fault), 1);
}

void bed_fault_expect(Bed *bed, unsigned fault, uint64_t injected)
{
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_NTH(fault)), ==, 0);
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_INJECTED(fault)), ==,
                     injected);
}

char *bed_property(Bed *bed, const char *name)
{
    QDict *response = qtest_qmp(bed->qts, "{'execute': 'qom-get', 'arguments':"
                                " {'path': '/machine/peripheral/lab',"
                                " 'property': %s}}", name);
    char *value;

    g_assert_true(qdict_haskey(response, "return"));
    value = g_strdup(qdict_get_try_str(response, "return"));
    if (!value) {
        value = g_strdup_printf("%" PRId64, qdict_get_int(response, "return"));
    }
    qobject_unref(response);
    return value;
}

/* --- MSI-X ---------------------------------------------------------------- */

void bed_msix_enable(Bed *bed)
{
    unsigned n;

    qpci_msix_enable(bed->dev);
    n = qpci_msix_table_size(bed->dev);
    for (unsigned v = 0; v < n; v++) {
        uint64_t entry = bed->dev->msix_table_off + v * PCI_MSIX_ENTRY_SIZE;
        QPCIBar bar = bed->dev->msix_table_bar;

        qtest_writel(bed->qts, BED_MSG(v), 0);
        qpci_io_writel(bed->dev, bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                       BED_MSG(v));
        qpci_io_writel(bed->dev, bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
        qpci_io_writel(bed->dev, bar, entry + PCI_MSIX_ENTRY_DATA, 0x1000 + v);
        qpci_io_writel(bed->dev, bar, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    }
}

bool bed_msix_take(Bed *bed, unsigned vector)
{
    uint32_t data = qtest_readl(bed->qts, BED_MSG(vector));

    if (!data) {
        return false;
    }
    g_assert_cmphex(data, ==, 0x1000 + vector);
    qtest_writel(bed->qts, BED_MSG(vector), 0);
    return true;
}

/* --- a queue -------------------------------------------------------------- */

uint32_t lane_get(Lane *lane, uint32_t reg)
{
    return bed_get(lane->bed, LABYRINTH_PAGE_QUEUE(lane->q) + reg);
}

void lane_set(Lane *lane, uint32_t reg, uint32_t val)
{
    bed_set(lane->bed, LABYRINTH_PAGE_QUEUE(lane->q) + reg, val);
}

uint64_t lane_get64(Lane *lane, uint32_t reg)
{
    return bed_get64(lane->bed, LABYRINTH_PAGE_QUEUE(lane->q) + reg);
}

void lane_set64(Lane *lane, uint32_t reg, uint64_t val)
{
    bed_set64(lane->bed, LABYRINTH_PAGE_QUEUE(lane->q) + reg, val);
}

uint32_t lane_user_get(Lane *lane, uint32_t reg)
{
    return bed_get(lane->bed, LABYRINTH_PAGE_USER(lane->q) + reg);
}

void lane_user_set(Lane *lane, uint32_t reg, uint32_t val)
{
    bed_set(lane->bed, LABYRINTH_PAGE_USER(lane->q) + reg, val);
}

void lane_init(Lane *lane, Bed *bed, unsigned q, uint32_t config, uint32_t size)
{
    *lane = (Lane) {
        .bed = bed,
        .q = q,
        .config = config,
        .size = size,
    };
    lane_set(lane, LABYRINTH_QREG_CONFIG, config);
    lane_set64(lane, LABYRINTH_QREG_CQ_BASE, BED_CQ(q));
    lane_set(lane, LABYRINTH_QREG_CQ_SIZE, size);
    lane_set64(lane, LABYRINTH_QREG_PQ_BASE, BED_PQ(q));
    lane_set(lane, LABYRINTH_QREG_PQ_SIZE, size);
}

void lane_generator(Lane *lane, uint64_t count, uint32_t period_ns,
                    uint32_t burst, uint32_t min, uint32_t max)
{
    lane->gen_size = max << 16 | min;
    lane_set64(lane, LABYRINTH_QREG_GEN_SEED, BED_SEED);
    lane_set64(lane, LABYRINTH_QREG_GEN_COUNT, count);
    lane_set(lane, LABYRINTH_QREG_GEN_PERIOD, period_ns);
    lane_set(lane, LABYRINTH_QREG_GEN_BURST, burst);
    lane_set(lane, LABYRINTH_QREG_GEN_SIZE, lane->gen_size);
}

void lane_start(Lane *lane)
{
    qtest_memset(lane->bed->qts, BED_CQ(lane->q), 0,
                 lane->size * sizeof(struct labyrinth_completion));
    lane->head = 0;
    lane->tail = 0;
    lane->seq = 0;
    lane_set(lane, LABYRINTH_QREG_CTL,
             LABYRINTH_CTL_START | LABYRINTH_CTL_CLEAR);
    g_assert_cmpuint(lane_get(lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_RUNNING);
    g_assert_cmpuint(lane_user_get(lane, LABYRINTH_UREG_STATE), ==,
                     LABYRINTH_STATE_RUNNING);
}

void lane_stop(Lane *lane)
{
    lane_set(lane, LABYRINTH_QREG_CTL, LABYRINTH_CTL_STOP);
    bed_run(lane->bed);
    g_assert_cmpuint(lane_get(lane, LABYRINTH_QREG_STATE), ==,
                     LABYRINTH_STATE_IDLE);
}

/* --- buffers -------------------------------------------------------------- */

void lane_post_raw(Lane *lane, uint64_t addr, uint32_t cookie, uint32_t length)
{
    uint32_t slot = lane->tail++ & (lane->size - 1);
    struct labyrinth_desc desc = {
        .addr = cpu_to_le64(addr),
        .cookie = cpu_to_le32(cookie),
        .length = cpu_to_le32(length),
    };

    qtest_memwrite(lane->bed->qts, BED_PQ(lane->q) + slot * sizeof(desc),
                   &desc, sizeof(desc));
}

void lane_bell(Lane *lane)
{
    lane_set(lane, LABYRINTH_QREG_PQ_TAIL, lane->tail);
}

static void blank(Bed *bed, unsigned buffer)
{
    qtest_memset(bed->qts, BED_BUFFER(buffer), BED_BLANK, LABYRINTH_PAGE_SIZE);
}

void lane_post(Lane *lane, unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++) {
        blank(lane->bed, i);
        lane_post_raw(lane, BED_BUFFER(i), i, LABYRINTH_PAGE_SIZE);
    }
    lane_bell(lane);
}

void lane_grant_tag(Lane *lane, uint32_t tag, uint64_t addr)
{
    lane_set64(lane, LABYRINTH_QREG_GRANT_ADDR, addr);
    lane_set(lane, LABYRINTH_QREG_GRANT_TAG, tag);
}

unsigned lane_grant(Lane *lane, unsigned first)
{
    unsigned n = 0;
    uint32_t tag;

    while ((tag = lane_get(lane, LABYRINTH_QREG_REQ_TAG))) {
        g_assert_cmpuint(n, <, LABYRINTH_STAGING_PAGES);
        blank(lane->bed, first + n);
        lane_grant_tag(lane, tag, BED_BUFFER(first + n));
        n++;
    }
    return n;
}

/* --- completions ---------------------------------------------------------- */

bool lane_next(Lane *lane, struct labyrinth_completion *c)
{
    uint32_t slot = lane->head & (lane->size - 1);
    bool phase;

    qtest_memread(lane->bed->qts, BED_CQ(lane->q) + slot * sizeof(*c), c,
                  sizeof(*c));
    c->seq = le64_to_cpu(c->seq);
    c->ready_ns = le64_to_cpu(c->ready_ns);
    c->cookie = le32_to_cpu(c->cookie);
    c->crc32c = le32_to_cpu(c->crc32c);
    c->length = le16_to_cpu(c->length);
    c->status = le16_to_cpu(c->status);
    c->queue = le16_to_cpu(c->queue);
    c->flags = le16_to_cpu(c->flags);
    phase = c->flags & LABYRINTH_COMP_PHASE;
    if (phase == !!(lane->head & lane->size)) {
        return false;
    }
    g_assert_cmpuint(c->queue, ==, lane->q);
    lane->head++;
    return true;
}

struct labyrinth_completion lane_take(Lane *lane)
{
    struct labyrinth_completion c;

    g_assert_true(lane_next(lane, &c));
    return c;
}

void lane_expect_none(Lane *lane)
{
    struct labyrinth_completion c;

    g_assert_false(lane_next(lane, &c));
    g_assert_cmpuint(lane_user_get(lane, LABYRINTH_UREG_CQ_TAIL), ==,
                     lane->head);
}

void lane_consume(Lane *lane, bool arm)
{
    lane_user_set(lane, arm ? LABYRINTH_UREG_CQ_HEAD_ARM
                            : LABYRINTH_UREG_CQ_HEAD, lane->head);
}

void lane_check_page(Lane *lane, const struct labyrinth_completion *c,
                     uint64_t addr)
{
    uint8_t want[LABYRINTH_PAGE_SIZE], got[LABYRINTH_PAGE_SIZE];
    uint32_t length;

    g_assert_cmpuint(c->status, ==, LABYRINTH_COMP_OK);
    g_assert_false(c->flags & LABYRINTH_COMP_EVENT);
    g_assert_cmpuint(c->seq, ==, lane->seq);
    lane->seq++;
    memset(want, BED_BLANK, sizeof(want));
    length = labyrinth_gen_page(BED_SEED, lane->q, c->seq,
                                lane->gen_size & 0xffff, lane->gen_size >> 16,
                                want);
    g_assert_cmpuint(c->length, ==, length);
    g_assert_cmphex(c->crc32c, ==, labyrinth_crc32c(0, want, length));
    qtest_memread(lane->bed->qts, addr, got, sizeof(got));
    g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
}

uint64_t lane_dropped(Lane *lane)
{
    uint64_t n = 0;

    for (int r = 0; r < LABYRINTH_DROP_REASONS; r++) {
        n += lane_get64(lane, LABYRINTH_QREG_DROPPED(r));
    }
    return n;
}

void lane_check_accounts(Lane *lane)
{
    g_assert_cmpuint(lane_get64(lane, LABYRINTH_QREG_PRODUCED), ==,
                     lane_get64(lane, LABYRINTH_QREG_DELIVERED) +
                     lane_dropped(lane));
    g_assert_cmpuint(bed_get64(lane->bed, LABYRINTH_PAGE_USER(lane->q) +
                               LABYRINTH_UREG_DELIVERED), ==,
                     lane_get64(lane, LABYRINTH_QREG_DELIVERED));
}
