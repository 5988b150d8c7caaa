/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator, shared by the files of the device
 *
 * Contract: the firmware core decides what happens to the data; these files do
 * what PCIe and QEMU need around it.
 *   pci.c     configuration space, BARs, capabilities, life cycle
 *   mmio.c    BAR 0: decodes each access, refuses what is not allowed
 *   regs.c    BAR 0: what each register holds and does
 *   queue.c   START, STOP and doorbells: all that a queue's registers do
 *   engine.c  the timer: the only place that reads or writes guest memory
 *   jobs.c    its part that reads mazes for the solver

 *   aer.c     an error that only a reset of the link ends
 *   irq.c     when a vector is sent, over MSI-X or INTx
 *   source.c  incoming data from the character device
 *   firmware.c  the firmware core's calls, wherever it runs
 *   cosim.h   a firmware in another process, with files of its own
 *   vmstate.c migration
 *   faults.h  what goes wrong on purpose, with files of its own
 * Everything runs under the big lock, so nothing here is concurrent.  Time is
 * QEMU_CLOCK_VIRTUAL only; with a generator nothing depends on the host's.
 */
#ifndef LABYRINTH_DEVICE_H
#define LABYRINTH_DEVICE_H

#include "compat.h"
#include "chardev/char-fe.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qom/object.h"
#include "trace.h"
#include "labyrinth_hw.h"
#include "labyrinth_fw.h"

#define TYPE_LABYRINTH "labyrinth"
OBJECT_DECLARE_SIMPLE_TYPE(LabyrinthState, LABYRINTH)

/* From a doorbell to the engine, and from one engine run to the next. */
#define LABYRINTH_TICK_NS       1000
/* What one engine run does at most; the rest waits for the next. */
#define LABYRINTH_TICK_PAGES    64
#define LABYRINTH_TICK_DESCS    64
#define LABYRINTH_TICK_PIECES   8       /* of jobs, each queue */

#define LABYRINTH_NEVER         LABYRINTH_FW_NEVER
/* ERR_INFO's queue for an error that belongs to none */
#define LABYRINTH_NO_QUEUE      0xffu
#define LABYRINTH_REG_PAGES     (1 + 2 * LABYRINTH_MAX_QUEUES)

#define LABYRINTH_DEFAULT_QUEUES    4
#define LABYRINTH_DEFAULT_FLUSH_US  1000
#define LABYRINTH_DEFAULT_FIRMWARE_TIMEOUT_MS   2000

typedef struct LabyrinthFaults LabyrinthFaults;
typedef struct LabyrinthCosim LabyrinthCosim;

/* What goes wrong how often: asked for by a property or by the registers */
typedef struct LabyrinthFaultSetting {
    uint32_t rate;
    uint32_t nth;               /* counts down */
    uint32_t param;
    uint32_t limit;
} LabyrinthFaultSetting;

typedef struct LabyrinthFaultConfig {
    uint64_t seed;
    uint32_t hostile;
    uint32_t rules;
    LabyrinthFaultSetting kind[LABYRINTH_NR_FAULTS];
} LabyrinthFaultConfig;

typedef struct LabyrinthQueue {
    uint32_t state;             /* enum labyrinth_queue_state */

    /* registers; what START takes is fixed until IDLE */
    uint32_t config;
    uint32_t vector;
    uint64_t cq_base;
    uint32_t cq_size;
    uint64_t pq_base;
    uint32_t pq_size;
    uint64_t grant_addr;
    uint32_t mod_packets;
    uint32_t mod_usec;
    uint64_t gen_seed;
    uint64_t gen_count;
    uint32_t gen_period;
    uint32_t gen_burst;
    uint32_t gen_size;

    /* completion ring, free-running counts */
    uint32_t cq_head;
    uint32_t cq_tail;
    bool held;                  /* one entry is kept for it, see faults.h */

    /*
     * Posted buffers: [pq_head, pq_tail) are still in the guest's ring; those
     * that were fetched and accepted wait in posted_*, [posted_out, posted_in).
     */
    uint32_t pq_head;
    uint32_t pq_tail;
    uint32_t posted_in;
    uint32_t posted_out;
    uint64_t posted_addr[LABYRINTH_RING_MAX];
    uint32_t posted_cookie[LABYRINTH_RING_MAX];

    /* job ring: [jq_head, jq_tail) are not read yet */
    uint64_t jq_base;
    uint32_t jq_size;
    uint32_t jq_head;
    uint32_t jq_tail;
    uint32_t job_cookie;        /* of the firmware's open job */

    /* interrupt, see irq.c */
    bool armed;
    bool urgent;                /* not subject to moderation */
    uint64_t irq_deadline;      /* of moderation, LABYRINTH_NEVER: none runs */

    uint32_t error;
    uint64_t irqs;
    uint64_t refused;

    /* what has been traced already, derived on load */
    struct labyrinth_fw_counters traced;
} LabyrinthQueue;

/* A 64-bit register that is being read in halves */
typedef struct LabyrinthLatch {
    uint32_t high;
    uint16_t offset;            /* of the high half; 0: nothing latched */
} LabyrinthLatch;

struct LabyrinthState {
    PCIDevice parent_obj;

    /* properties */
    uint32_t nr_queues;
    uint32_t flush_us;
    CharBackend chr;
    bool x_faults;
    bool fault_props;           /* one of those below was given */
    LabyrinthFaultConfig fault_config;
    char *firmware;             /* where a firmware may connect */
    HostMemoryBackend *firmware_memory;
    uint32_t firmware_timeout_ms;

    LabyrinthFaults *faults;    /* NULL without x-faults */
    bool faults_loaded;
    bool jobs_loaded;

    MemoryRegion regs;
    Error *migration_blocker;

    LabyrinthCosim *cosim;      /* NULL: the firmware is in here */
    struct labyrinth_fw fw;     /* ... else its copy, see cosim.h */
    uint8_t *staging;           /* LABYRINTH_STAGING_PAGES pages */
    LabyrinthQueue *queue;      /* nr_queues of them */
    GHashTable *shadow;         /* addresses posted and not yet given back */

    QEMUTimer *engine;
    uint32_t turn;              /* queue that the engine serves first */

    uint64_t flush_deadline;    /* of a partly filled page */
    bool source_open;
    bool source_closed;         /* it was open, and is not any more */
    bool source_paused;         /* it was told that there is no room */

    uint32_t err_status;
    uint32_t err_enable;
    uint32_t err_info;
    uint32_t irq_cause;
    uint32_t guest_errors;
    bool admin_held;            /* admin vector due, but may not be sent now */

    LabyrinthLatch latch[LABYRINTH_REG_PAGES];
};

static inline uint64_t labyrinth_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Trace with the virtual time first; it is asked for only if it is wanted. */
#define LABYRINTH_TRACE(EVENT, event, ...)                              \
    do {                                                                \
        if (trace_event_get_state_backends(TRACE_LABYRINTH_##EVENT)) {  \
            trace_labyrinth_##event(labyrinth_now(), ##__VA_ARGS__);    \
        }                                                               \
    } while (0)

static inline bool labyrinth_is_ring(const LabyrinthQueue *q)
{
    return (q->config & LABYRINTH_CONFIG_MODE_MASK) == LABYRINTH_CONFIG_RING;
}

static inline uint32_t labyrinth_source(const LabyrinthQueue *q)
{
    return (q->config & LABYRINTH_CONFIG_SOURCE_MASK)
           >> LABYRINTH_CONFIG_SOURCE_SHIFT;
}

static inline bool labyrinth_cq_full(const LabyrinthQueue *q)
{
    return q->cq_tail - q->cq_head + q->held >= q->cq_size;
}

/* pci.c */
bool labyrinth_awake(LabyrinthState *s);        /* D0 */
bool labyrinth_may_dma(LabyrinthState *s);      /* D0, bus master, a link */
void labyrinth_reset(LabyrinthState *s);        /* power-on, all but PCI */

/* mmio.c */
extern const MemoryRegionOps labyrinth_regs_ops;

/* queue.c */
void labyrinth_queue_reset(LabyrinthState *s, unsigned qi);
/* What is wrong with the registers that START takes, NULL if nothing. */
const char *labyrinth_queue_fault(LabyrinthState *s, unsigned qi);
void labyrinth_queue_control(LabyrinthState *s, unsigned qi, uint32_t val);
void labyrinth_queue_grant(LabyrinthState *s, unsigned qi, uint32_t tag);
void labyrinth_queue_deny(LabyrinthState *s, unsigned qi, uint32_t tag);
void labyrinth_queue_post(LabyrinthState *s, unsigned qi, uint32_t tail);
void labyrinth_queue_submit(LabyrinthState *s, unsigned qi, uint32_t tail);
void labyrinth_queue_consume(LabyrinthState *s, unsigned qi, uint32_t head,
                             bool arm);
/* The device gives up all that the queue was lent; it is IDLE afterwards. */
void labyrinth_queue_idle(LabyrinthState *s, unsigned qi, const char *why);
/* Keeps a fetched buffer; false if the device has its address already. */
bool labyrinth_lent(LabyrinthState *s, uint64_t addr);
bool labyrinth_shadow_add(LabyrinthState *s, unsigned qi, uint64_t addr,
                          uint32_t cookie);
/* Forgets the oldest posted buffer: it is the host's again. */
void labyrinth_shadow_remove(LabyrinthState *s, unsigned qi);

/* engine.c */
/* At the latest then; a time beyond what QEMU's clock can count never comes. */
void labyrinth_run_at(LabyrinthState *s, uint64_t when);
void labyrinth_kick(LabyrinthState *s);
void labyrinth_engine_run(void *opaque);
/* For what the engine calls, and nobody else */
bool labyrinth_dma(LabyrinthState *s, bool to_host, uint64_t addr, void *buf,
                   uint32_t len);
/* Needs a free entry.  False: the bus refused it, so the caller halts. */
bool labyrinth_complete(LabyrinthState *s, unsigned qi,
                        struct labyrinth_completion c);
void labyrinth_halt(LabyrinthState *s, unsigned qi);

/* jobs.c: for the engine */
/* Reads what is posted, as far as the firmware takes it. */
void labyrinth_jobs_run(LabyrinthState *s, unsigned qi, uint64_t now);
/* Is there a queue that could go on at once? */
bool labyrinth_jobs_wait(LabyrinthState *s);

/* firmware.c: see labyrinth_fw.h */
void lf_reset(LabyrinthState *s);
int lf_start(LabyrinthState *s, unsigned qi,
             const struct labyrinth_fw_config *cfg, bool clear, uint64_t now);
void lf_stop(LabyrinthState *s, unsigned qi);
bool lf_stream_deal(LabyrinthState *s, uint32_t n);
size_t lf_stream_room(LabyrinthState *s);
size_t lf_stream_push(LabyrinthState *s, const uint8_t *data, size_t n,
                      uint64_t now);
void lf_stream_flush(LabyrinthState *s, uint64_t now);
void lf_stream_end(LabyrinthState *s, uint64_t now);
void lf_stream_begin(LabyrinthState *s);
uint64_t lf_poll(LabyrinthState *s, unsigned qi, uint64_t now);
void lf_timeout(LabyrinthState *s, unsigned qi, uint32_t us);
int lf_grant(LabyrinthState *s, unsigned qi, uint32_t tag, uint64_t addr);
int lf_deny(LabyrinthState *s, unsigned qi, uint32_t tag, uint64_t now);
void lf_done(LabyrinthState *s, unsigned qi, bool delivered);
void lf_drop(LabyrinthState *s, unsigned qi, enum labyrinth_drop why);
bool lf_eos(LabyrinthState *s, unsigned qi);
bool lf_job_begin(LabyrinthState *s, unsigned qi, uint32_t cookie,
                  uint64_t now);
void lf_job_push(LabyrinthState *s, unsigned qi, const uint8_t *data, size_t n,
                 uint64_t now);
void lf_job_fail(LabyrinthState *s, unsigned qi, uint32_t status, uint64_t now);
void lf_job_end(LabyrinthState *s, unsigned qi, uint64_t now);

/* cosim.c */
bool labyrinth_cosim_init(LabyrinthState *s, Error **errp);
void labyrinth_cosim_exit(LabyrinthState *s);
uint8_t *labyrinth_cosim_pool(LabyrinthState *s);
/* The firmware is not there yet: writes are refused. */
bool labyrinth_cosim_loading(LabyrinthState *s);
/* It has failed, and the device was not reset since. */
bool labyrinth_cosim_failed(LabyrinthState *s);
/* The same, for the engine: stops the queues and tells the host of it once. */
bool labyrinth_cosim_fell(LabyrinthState *s);

/* aer.c */
void labyrinth_aer_init(LabyrinthState *s);
/* Nothing but a reset can help. */
void labyrinth_aer_send(LabyrinthState *s);

/* irq.c */
/* Also counts and traces; @err is one of LABYRINTH_ERR_*. */
void labyrinth_refuse(LabyrinthState *s, unsigned qi, uint32_t err,
                      const char *fmt, ...) G_GNUC_PRINTF(4, 5);
void labyrinth_error(LabyrinthState *s, unsigned qi, uint32_t err);
void labyrinth_irq_admin(LabyrinthState *s);
void labyrinth_irq_arm(LabyrinthState *s, unsigned qi);
/* Sends what is due; returns when moderation wants to be looked at again. */
uint64_t labyrinth_irq_update(LabyrinthState *s, unsigned qi, uint64_t now);
/* Sends a queue's vector, or any, whether it is armed or not, if it may be. */
void labyrinth_irq_raise(LabyrinthState *s, unsigned qi, const char *why);
void labyrinth_irq_send(LabyrinthState *s, unsigned vector, const char *why);
void labyrinth_irq_flush(LabyrinthState *s, unsigned qi);
void labyrinth_irq_intx(LabyrinthState *s);
void labyrinth_irq_reset(LabyrinthState *s);

/* source.c */
/* The other end cannot be moved along, and bytes in flight would be lost. */
bool labyrinth_source_block_migration(LabyrinthState *s, Error **errp);
void labyrinth_source_connect(LabyrinthState *s);
void labyrinth_source_disconnect(LabyrinthState *s);
void labyrinth_source_reset(LabyrinthState *s);
/* Flushes an idle page; returns when it wants to be looked at again. */
uint64_t labyrinth_source_run(LabyrinthState *s, uint64_t now);
/* Tells a paused source if there is room now. */
void labyrinth_source_accept(LabyrinthState *s);
bool labyrinth_source_attached(LabyrinthState *s);
uint32_t labyrinth_source_status(LabyrinthState *s);

/* vmstate.c */
extern const VMStateDescription vmstate_labyrinth;
/* Reports, resets the device; for the return of a post_load. */
int labyrinth_load_refused(LabyrinthState *s, const char *why);

/* job_vmstate.c */
extern const VMStateDescription vmstate_labyrinth_jobs;
/* What is impossible about them, loaded or not there; NULL if nothing. */
const char *labyrinth_jobs_fault(LabyrinthState *s);

#endif /* LABYRINTH_DEVICE_H */
