/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often what came about: each register read and written, each error code,
 * each operation, each kind of DMA
 *
 * Contract: LABYRINTH_FUZZ_REPORT names a file to which the counts go as lines
 * `KIND NAME COUNT` when the process ends; `scripts/lab fuzz` adds them up and
 * names what was never reached.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "fuzz.h"

typedef struct Count {
    const char *kind;
    char name[32];
    uint64_t n;
} Count;

static Count counts[512];
static unsigned used;
static uint64_t register_reads[3][LABYRINTH_PAGE_SIZE / 4];
static uint64_t register_writes[3][LABYRINTH_PAGE_SIZE / 4];
static uint64_t fault_page[2];
static uint64_t strange_accesses;
static uint32_t errors_before;
static uint64_t inputs;
static unsigned fields;

static void count(const char *kind, const char *name)
{
    unsigned i = 0;

    while (i < used &&
           (strcmp(counts[i].kind, kind) || strcmp(counts[i].name, name))) {
        i++;
    }
    assert(i < ARRAY_SIZE(counts));
    if (i == used) {
        counts[i].kind = kind;
        pstrcpy(counts[i].name, sizeof(counts[i].name), name);
        used++;
    }
    counts[i].n++;
}

void fuzz_cover_access(bool write, uint32_t offset, unsigned size)
{
    unsigned page = offset < LABYRINTH_PAGE_FAULTS    ? 0
                    : offset < LABYRINTH_PAGE_USER(0) ? 1
                                                      : 2;
    uint32_t reg = offset % LABYRINTH_PAGE_SIZE / 4;

    if (size < 4 || offset % size) {
        strange_accesses++;
    } else if (offset / LABYRINTH_PAGE_SIZE ==
               LABYRINTH_PAGE_FAULTS / LABYRINTH_PAGE_SIZE) {
        fault_page[write]++;
    } else {
        (write ? register_writes : register_reads)[page][reg]++;
    }
}

void fuzz_cover_op(const char *name)
{
    count("operation", name);
}

void fuzz_cover_dma(bool write, const char *where, bool ok)
{
    char name[32];

    snprintf(name, sizeof(name), "%s-%s", where, ok ? "done" : "refused");
    count("dma", name);
}

void fuzz_cover_errors(void)
{
    static const char *const names[] = {
        "none",      "bad-access", "bad-config", "stale-tag",
        "bad-grant", "bad-desc",   "bad-index",  "dma",
    };
    LabyrinthState *s = fuzz.lab;
    uint32_t seen = s->guest_errors ^ s->err_status << 24;

    if (seen != errors_before && s->err_info >> 8 < ARRAY_SIZE(names)) {
        count("error", names[s->err_info >> 8]);
    }
    errors_before = seen;
}

void fuzz_cover_fields(unsigned n)
{
    fields = n;
}

void fuzz_cover_input(void)
{
    inputs++;
}

static void report(void)
{
    static const char *const pages[] = { "device", "queue", "user" };
    const char *path = getenv("LABYRINTH_FUZZ_REPORT");
    FILE *out = path ? fopen(path, "w") : NULL;

    if (!out) {
        return;
    }
    fprintf(out, "input all %" PRIu64 "\n", inputs);
    fprintf(out, "state fields %u\n", fields);
    fprintf(out, "access strange %" PRIu64 "\n", strange_accesses);
    fprintf(out,
            "access faults-read %" PRIu64 "\naccess faults-write %" PRIu64 "\n",
            fault_page[0], fault_page[1]);
    for (unsigned page = 0; page < ARRAY_SIZE(pages); page++) {
        for (unsigned reg = 0; reg < LABYRINTH_PAGE_SIZE / 4; reg++) {
            if (register_reads[page][reg]) {
                fprintf(out, "read %s+0x%03x %" PRIu64 "\n", pages[page],
                        reg * 4, register_reads[page][reg]);
            }
            if (register_writes[page][reg]) {
                fprintf(out, "write %s+0x%03x %" PRIu64 "\n", pages[page],
                        reg * 4, register_writes[page][reg]);
            }
        }
    }
    for (unsigned i = 0; i < used; i++) {
        fprintf(out, "%s %s %" PRIu64 "\n", counts[i].kind, counts[i].name,
                counts[i].n);
    }
    fclose(out);
}

void fuzz_cover_begin(void)
{
    atexit(report);
}
