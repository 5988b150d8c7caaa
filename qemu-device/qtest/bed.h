/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test bed of the Labyrinth accelerator's qtests
 *
 * Contract: a bed is a q35 machine with one device, enabled, at a virtual clock
 * that moves only when a test lets it run.  A lane is one of the device's
 * queues with its rings in guest memory.  What these helpers read from the
 * device they check as a driver would; the data itself is checked against the
 * firmware core's own generator and checksum.
 */
#ifndef LABYRINTH_QTEST_BED_H
#define LABYRINTH_QTEST_BED_H

#include "libqtest.h"
#include "libqos/pci.h"
#include "labyrinth_fw.h"

#define BED_SLOT        4
#define BED_DEVFN       QPCI_DEVFN(BED_SLOT, 0)

/* Guest memory: rings, interrupt messages, buffers; no lane meets another */
#define BED_CQ(q)       (0x1000000ull + (q) * 0x40000ull)
#define BED_PQ(q)       (BED_CQ(q) + 0x20000ull)
#define BED_MSG(vector) (0x1800000ull + (vector) * 4ull)
#define BED_BUFFER(i)   (0x2000000ull + (i) * (uint64_t)LABYRINTH_PAGE_SIZE)
#define BED_BUFFERS     4096u
/* Neither RAM nor a device */
#define BED_NOWHERE     0x90000000ull

#define BED_SEED        0x5eedull
/* What unwritten guest memory holds */
#define BED_BLANK       0xa5

typedef struct Bed {
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *dev;
    QPCIBar regs;
    uint32_t errors;            /* GUEST_ERRORS that were expected so far */
} Bed;

typedef struct Lane {
    Bed *bed;
    unsigned q;
    uint32_t config;
    uint32_t size;              /* of either ring */
    uint32_t head;              /* completions consumed */
    uint32_t tail;              /* descriptors posted */
    uint64_t seq;               /* of the next page */
    uint32_t gen_size;
} Lane;

/* @props: properties of the device, each with a leading comma */
Bed *bed_new(const char *props);
/* Its BARs, command register and MSI-X are at reset: set them up anew. */
void bed_enable(Bed *bed);
void bed_free(Bed *bed);
/* Migrates it into a file. */
void bed_save(Bed *bed, const char *file);
/* One that goes on from such a file, at the time at which that was saved */
Bed *bed_load(const char *props, const char *file, uint64_t time);
/* One with these properties does not start from such a file. */
void bed_expect_refused(const char *props, const char *file);
/* Let virtual time pass. */
void bed_run_ns(Bed *bed, uint64_t ns);
/* Long enough for the device to do all that it can do at once. */
void bed_run(Bed *bed);

uint32_t bed_get(Bed *bed, uint32_t reg);
void bed_set(Bed *bed, uint32_t reg, uint32_t val);
uint64_t bed_get64(Bed *bed, uint32_t reg);
void bed_set64(Bed *bed, uint32_t reg, uint64_t val);

/*
 * Since the last call exactly @n accesses or values were refused; ERR_STATUS is
 * @err and then cleared.
 */
void bed_expect_errors(Bed *bed, unsigned n, uint32_t err);
void bed_expect_no_errors(Bed *bed);

/* LABYRINTH_PAGE_FAULTS, with x-faults=on */
uint32_t bed_fault_get(Bed *bed, uint32_t reg);
void bed_fault_set(Bed *bed, uint32_t reg, uint32_t val);
uint64_t bed_fault_get64(Bed *bed, uint32_t reg);
/* The next event of this kind is spoilt, and only that. */
void bed_fault_next(Bed *bed, unsigned fault, uint32_t param);
/* NTH is used up; @injected events were spoilt since power-on. */
void bed_fault_expect(Bed *bed, unsigned fault, uint64_t injected);

/* Of the device, as qom-get has it, a number in decimal */
char *bed_property(Bed *bed, const char *name);

/* MSI-X: each vector writes its own message; how often, since the last call? */
void bed_msix_enable(Bed *bed);
bool bed_msix_take(Bed *bed, unsigned vector);

/* A lane with empty rings of @size entries, not started */
void lane_init(Lane *lane, Bed *bed, unsigned q, uint32_t config,
               uint32_t size);
/* The generator's registers; @count 0: no end */
void lane_generator(Lane *lane, uint64_t count, uint32_t period_ns,
                    uint32_t burst, uint32_t min, uint32_t max);
void lane_start(Lane *lane);
/* STOP, and wait for its acknowledgement. */
void lane_stop(Lane *lane);
uint32_t lane_get(Lane *lane, uint32_t reg);
void lane_set(Lane *lane, uint32_t reg, uint32_t val);
uint64_t lane_get64(Lane *lane, uint32_t reg);
void lane_set64(Lane *lane, uint32_t reg, uint64_t val);
uint32_t lane_user_get(Lane *lane, uint32_t reg);
void lane_user_set(Lane *lane, uint32_t reg, uint32_t val);

/* Put a descriptor into the ring, and ring the bell. */
void lane_post_raw(Lane *lane, uint64_t addr, uint32_t cookie, uint32_t length);
void lane_bell(Lane *lane);
/* Post @n buffers from @first on, blank, their index as cookie. */
void lane_post(Lane *lane, unsigned first, unsigned n);
/* Answer all requests with buffers, blank, from @first on; how many? */
unsigned lane_grant(Lane *lane, unsigned first);
void lane_grant_tag(Lane *lane, uint32_t tag, uint64_t addr);

/* The next completion, if there is one: its fields in host order */
bool lane_next(Lane *lane, struct labyrinth_completion *c);
struct labyrinth_completion lane_take(Lane *lane);
void lane_expect_none(Lane *lane);
/* Tell the device what was consumed, and arm the interrupt or not. */
void lane_consume(Lane *lane, bool arm);
/*
 * @c is the next page of the lane's generator, whole in the buffer at @addr,
 * and nothing behind it was written.
 */
void lane_check_page(Lane *lane, const struct labyrinth_completion *c,
                     uint64_t addr);
/* produced == delivered + dropped, as for a queue at rest */
void lane_check_accounts(Lane *lane);
uint64_t lane_dropped(Lane *lane);

/* The tests, a file each */
void add_pci_tests(void);
void add_regs_tests(void);
void add_ring_tests(void);
void add_refusal_tests(void);
void add_demand_tests(void);
void add_irq_tests(void);
void add_dma_tests(void);
void add_stream_tests(void);
void add_life_tests(void);
void add_load_tests(void);
void add_hostile_tests(void);
void add_fault_tests(void);
void add_fault_irq_tests(void);
void add_fault_data_tests(void);
void add_fault_link_tests(void);
void add_lie_tests(void);
void add_job_tests(void);
void add_job_end_tests(void);

#endif /* LABYRINTH_QTEST_BED_H */
