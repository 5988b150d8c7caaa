/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fault injection: registers, properties, counting, chance, migration. */
#include "qemu/osdep.h"
#include "bed.h"
#include "hw/pci/pci_regs.h"

#define LIE     LABYRINTH_FAULT_CONFIG_LIE
#define NAME(sym, name, param) name,
#define RULES_ALL ((1u << LABYRINTH_NR_RULES) - 1)

static const char *const names[] = { LABYRINTH_FAULTS(NAME) };

/* An event of config-lie: which bits were wrong */
static uint32_t config_event(Bed *bed)
{
    return qpci_config_readl(bed->dev, PCI_VENDOR_ID) ^
           (LABYRINTH_PCI_DEVICE_ID << 16 | LABYRINTH_PCI_VENDOR_ID);
}

static void test_registers(void)
{
    Bed *bed = bed_new(",x-faults=on");

    g_assert_cmphex(bed_get(bed, LABYRINTH_REG_CAPS) & LABYRINTH_CAPS_FAULTS,
                    ==, LABYRINTH_CAPS_FAULTS);
    g_assert_cmphex(bed_fault_get(bed, LABYRINTH_FREG_ID), ==,
                    LABYRINTH_FAULTS_ID);
    g_assert_cmphex(bed_fault_get(bed, LABYRINTH_FREG_KINDS), ==,
                    LABYRINTH_NR_RULES << 16 | LABYRINTH_NR_FAULTS);
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_SEED), ==, 1);
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_HOSTILE), ==, 0);
    g_assert_cmphex(bed_fault_get(bed, LABYRINTH_FREG_RULES), ==, RULES_ALL);
    for (unsigned f = 0; f < LABYRINTH_NR_FAULTS; f++) {
        for (unsigned i = 0; i < 4; i++) {
            uint32_t reg = LABYRINTH_FREG_RATE(f) + 4 * i;

            g_assert_cmpuint(bed_fault_get(bed, reg), ==, 0);
            bed_fault_set(bed, reg, 100 + i);
            g_assert_cmpuint(bed_fault_get(bed, reg), ==, 100 + i);
            bed_fault_set(bed, reg, 0);
        }
    }
    /* Halves of a wide one, and a consistent read of it */
    bed_fault_set(bed, LABYRINTH_FREG_SEED, 0x55667788);
    bed_fault_set(bed, LABYRINTH_FREG_SEED + 4, 0x11223344);
    g_assert_cmphex(bed_fault_get(bed, LABYRINTH_FREG_SEED), ==, 0x55667788);
    g_assert_cmphex(bed_fault_get(bed, LABYRINTH_FREG_SEED + 4), ==,
                    0x11223344);
    bed_fault_set(bed, LABYRINTH_FREG_RULES, UINT32_MAX);
    g_assert_cmphex(bed_fault_get(bed, LABYRINTH_FREG_RULES), ==, RULES_ALL);
    bed_expect_no_errors(bed);
    bed_free(bed);
}

static void test_refusals(void)
{
    static const uint32_t nowhere[] = {
        0x018, 0x07c, LABYRINTH_FREG_FIRED(LABYRINTH_NR_RULES), 0x3fc,
        LABYRINTH_FREG_RATE(LABYRINTH_NR_FAULTS), 0xffc,
    };
    static const uint32_t read_only[] = {
        LABYRINTH_FREG_ID, LABYRINTH_FREG_KINDS, LABYRINTH_FREG_FIRED(0),
        LABYRINTH_FREG_FIRED(LABYRINTH_NR_RULES - 1) + 4,
        LABYRINTH_FREG_EVENTS(LIE), LABYRINTH_FREG_INJECTED(LIE) + 4,
    };
    Bed *bed = bed_new(",x-faults=on");

    for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++) {
        g_assert_cmphex(bed_fault_get(bed, nowhere[i]), ==, 0);
        bed_fault_set(bed, nowhere[i], 1);
        bed_expect_errors(bed, 2, LABYRINTH_ERR_BAD_ACCESS);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(read_only); i++) {
        bed_fault_set(bed, read_only[i], 1);
        bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);
    }
    /* Two of 32 bits at once */
    bed_get64(bed, LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_RATE(0));
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_ACCESS);

    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION + 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_CONFIG);
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_RATE(LIE)), ==, 0);
    bed_fault_set(bed, LABYRINTH_FREG_HOSTILE, LABYRINTH_MILLION + 1);
    bed_expect_errors(bed, 1, LABYRINTH_ERR_BAD_CONFIG);
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_HOSTILE), ==, 0);
    bed_free(bed);
}

static void expect_counts(Bed *bed, uint64_t events, uint64_t injected)
{
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_EVENTS(LIE)), ==,
                     events);
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_INJECTED(LIE)), ==,
                     injected);
}

/* How many of @n events were spoilt? */
static unsigned spoilt(Bed *bed, unsigned n)
{
    unsigned k = 0;

    while (n--) {
        k += config_event(bed) != 0;
    }
    return k;
}

static void test_counting(void)
{
    Bed *bed = bed_new(",x-faults=on");
    unsigned n;

    /* Neither rate nor nth: not even an event */
    g_assert_cmpuint(spoilt(bed, 5), ==, 0);
    expect_counts(bed, 0, 0);
    /* The third, and only that */
    bed_fault_set(bed, LABYRINTH_FREG_NTH(LIE), 3);
    g_assert_cmpuint(spoilt(bed, 2), ==, 0);
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_NTH(LIE)), ==, 1);
    g_assert_cmpuint(spoilt(bed, 1), ==, 1);
    g_assert_cmpuint(spoilt(bed, 5), ==, 0);
    expect_counts(bed, 3, 1);
    /* Each, up to a limit that is counted from its writing on */
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION);
    g_assert_cmpuint(spoilt(bed, 4), ==, 4);
    bed_fault_set(bed, LABYRINTH_FREG_LIMIT(LIE), 2);
    g_assert_cmpuint(spoilt(bed, 4), ==, 2);
    bed_fault_set(bed, LABYRINTH_FREG_LIMIT(LIE), 2);
    g_assert_cmpuint(spoilt(bed, 4), ==, 2);
    expect_counts(bed, 15, 9);
    /* None at all */
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), 0);
    g_assert_cmpuint(spoilt(bed, 4), ==, 0);
    expect_counts(bed, 15, 9);
    /* As chance has it: 200 of 2000, give or take five deviations */
    bed_fault_set(bed, LABYRINTH_FREG_LIMIT(LIE), 0);
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION / 10);
    n = spoilt(bed, 2000);
    g_assert_cmpuint(n, >, 200 - 68);
    g_assert_cmpuint(n, <, 200 + 68);
    bed_free(bed);
}

static void record(Bed *bed, uint32_t lies[64])
{
    for (unsigned i = 0; i < 64; i++) {
        lies[i] = config_event(bed);
    }
}

static void test_seed(void)
{
    uint32_t first[64], again[64], other[64];
    Bed *bed = bed_new(",x-faults=on,x-fault-seed=7,"
                       "x-fault-config-lie=rate=0");

    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION / 3);
    record(bed, first);
    record(bed, other);
    g_assert_cmpint(memcmp(first, other, sizeof(first)), !=, 0);
    bed_set64(bed, LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_SEED, 7);
    record(bed, again);
    g_assert_cmpmem(first, sizeof(first), again, sizeof(again));
    bed_set64(bed, LABYRINTH_PAGE_FAULTS + LABYRINTH_FREG_SEED, 8);
    record(bed, other);
    g_assert_cmpint(memcmp(first, other, sizeof(first)), !=, 0);
    bed_free(bed);
}

/* --- properties ----------------------------------------------------------- */

static void expect_property(Bed *bed, const char *name, const char *want)
{
    g_autofree char *got = bed_property(bed, name);

    g_assert_cmpstr(got, ==, want);
}

static void set_property(Bed *bed, const char *name, const char *value)
{
    qtest_qmp_assert_success(bed->qts, "{'execute': 'qom-set', 'arguments':"
                             " {'path': '/machine/peripheral/lab',"
                             " 'property': %s, 'value': %s}}", name, value);
}

/* Refused, in one line that has these words */
static void expect_error(QDict *response, const char *words)
{
    const char *desc = qdict_get_str(qdict_get_qdict(response, "error"),
                                     "desc");

    g_assert_nonnull(strstr(desc, words));
    g_assert_null(strchr(desc, '\n'));
    qobject_unref(response);
}

static void test_properties(void)
{
    Bed *bed = bed_new(",x-faults=on,x-fault-seed=0x77,x-hostile-rules=0x12,"
                       "x-fault-config-lie=nth=2000:param=6");

    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_RULES), ==, 0x12);
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_SEED), ==, 0x77);
    expect_property(bed, "x-fault-seed", "119");
    expect_property(bed, "x-hostile-rules", "18");
    /* What is not named stays; counts are read back */
    set_property(bed, "x-fault-config-lie", "rate=1000000:limit=1");
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_PARAM(LIE)), ==, 6);
    set_property(bed, "x-fault-config-lie", "nth=0");
    spoilt(bed, 3);
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_INJECTED(LIE)), ==, 1);
    expect_property(bed, "x-fault-irq-lost",
                    "rate=0:nth=0:param=0:limit=0:events=0:injected=0");
    expect_property(bed, "x-fault-dma-stale", "rate=0:nth=0:param=0:limit=0:"
                    "events=0:injected=0:written=0:caught=0");
    for (unsigned f = 0; f < LABYRINTH_NR_FAULTS; f++) {
        g_autofree char *name = g_strconcat("x-fault-", names[f], NULL);

        set_property(bed, name, "rate=123456");
        g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_RATE(f)), ==,
                         123456);
        set_property(bed, name, "rate=0");
    }
    bed_free(bed);
}

static void test_power_on(void)
{
    Bed *bed = bed_new(",x-faults=on,x-fault-irq-lost=rate=5:nth=7");
    const uint32_t lost = LABYRINTH_FREG_RATE(LABYRINTH_FAULT_IRQ_LOST);
    const uint32_t late = LABYRINTH_FREG_RATE(LABYRINTH_FAULT_IRQ_LATE);

    bed_fault_set(bed, lost, 6);
    set_property(bed, "x-fault-irq-lost", "param=3");
    set_property(bed, "x-fault-irq-late", "rate=9");
    bed_set(bed, LABYRINTH_REG_CTRL, LABYRINTH_CTRL_RESET);
    g_assert_cmpuint(bed_fault_get(bed, lost), ==, 6);
    qtest_qmp_assert_success(bed->qts, "{'execute': 'system_reset'}");
    qtest_qmp_eventwait(bed->qts, "RESET");
    bed_enable(bed);
    expect_property(bed, "x-fault-irq-lost",
                    "rate=5:nth=7:param=3:limit=0:events=0:injected=0");
    g_assert_cmpuint(bed_fault_get(bed, late), ==, 9);
    bed_free(bed);
}

static void test_property_errors(void)
{
    static const char *const bad[] = {
        "", "rate", "rate=", "rate=1000001", "rate=-1", "rate=1:",
        "rate=1:bla=2", "nth=4294967296", "param=x", "limit=1x", "rate=1,nth=2",
    };
    QTestState *qts = qtest_init("-machine q35 -nodefaults "
                                 "-device pcie-root-port,id=rp0,addr=5 "
                                 "-device pcie-root-port,id=rp1,addr=6,slot=1 "
                                 "-device labyrinth,id=plain,bus=rp1");

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        expect_error(qtest_qmp(qts, "{'execute': 'device_add', 'arguments':"
                               " {'driver': 'labyrinth', 'bus': 'rp0',"
                               " 'x-faults': true, 'x-fault-irq-lost': %s}}",
                               bad[i]),
                     "use rate=PPM:nth=N:param=N:limit=N");
    }
    expect_error(qtest_qmp(qts, "{'execute': 'device_add', 'arguments':"
                           " {'driver': 'labyrinth', 'bus': 'rp0',"
                           " 'x-faults': true, 'x-hostile': 1000001}}"),
                 "use 0 to 1000000");
    expect_error(qtest_qmp(qts, "{'execute': 'device_add', 'arguments':"
                           " {'driver': 'labyrinth', 'bus': 'rp0',"
                           " 'x-faults': true, 'x-hostile-rules': 65536}}"),
                 "use 0 to 65535");
    expect_error(qtest_qmp(qts, "{'execute': 'device_add', 'arguments':"
                           " {'driver': 'labyrinth', 'bus': 'rp0',"
                           " 'x-fault-irq-lost': 'rate=1'}}"),
                 "need x-faults=on");
    expect_error(qtest_qmp(qts, "{'execute': 'qom-set', 'arguments':"
                           " {'path': '/machine/peripheral/plain',"
                           " 'property': 'x-hostile', 'value': 1}}"),
                 "add it with x-faults=on");
    qtest_quit(qts);
}

/* --- migration ------------------------------------------------------------ */

/* The same faults happen, as if nothing had been. */
static void test_migration(void)
{
    const char *props = ",x-faults=on,x-fault-seed=7";
    g_autofree char *dir = g_dir_make_tmp(NULL, NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    uint32_t want[64], got[64];
    uint64_t time;
    Bed *bed = bed_new(props);

    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION / 3);
    record(bed, want);
    record(bed, want);
    bed_free(bed);

    bed = bed_new(props);
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION / 3);
    record(bed, got);
    time = bed_get64(bed, LABYRINTH_REG_TIME);
    bed_fault_set(bed, LABYRINTH_FREG_LIMIT(LIE), 50);
    /* Not while the other is set up */
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), 0);
    bed_save(bed, file);
    bed_free(bed);
    bed_expect_refused("", file);
    bed = bed_load(",x-faults=on", file, time);
    bed_fault_set(bed, LABYRINTH_FREG_RATE(LIE), LABYRINTH_MILLION / 3);
    record(bed, got);
    g_assert_cmpmem(want, sizeof(want), got, sizeof(got));
    g_assert_cmpuint(bed_fault_get(bed, LABYRINTH_FREG_LIMIT(LIE)), ==, 50);
    g_assert_cmpuint(bed_fault_get64(bed, LABYRINTH_FREG_EVENTS(LIE)), ==, 128);
    bed_free(bed);

    bed = bed_new("");
    bed_save(bed, file);
    bed_free(bed);
    bed_expect_refused(",x-faults=on", file);
    unlink(file);
    rmdir(dir);
}

void add_fault_tests(void)
{
    qtest_add_func("labyrinth/fault/registers", test_registers);
    qtest_add_func("labyrinth/fault/refusals", test_refusals);
    qtest_add_func("labyrinth/fault/counting", test_counting);
    qtest_add_func("labyrinth/fault/seed", test_seed);
    qtest_add_func("labyrinth/fault/properties", test_properties);
    qtest_add_func("labyrinth/fault/power-on", test_power_on);
    qtest_add_func("labyrinth/fault/property-errors", test_property_errors);
    qtest_add_func("labyrinth/fault/migration", test_migration);
}
