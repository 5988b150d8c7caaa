/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: the link to a firmware in another process
 *
 * Contract: the device waits for an answer at most firmware-timeout-ms, and
 * after it has done so in vain not again before the firmware was loaded anew.
 * A firmware that connects, goes and comes back is taken in, but once it was
 * used and is lost, the host is told of it and has to reset the device.
 * STATUS says whether there is a firmware.  The socket is read here and not by
 * a character device, because these cannot wait for a limited time.
 */
#include "qemu/osdep.h"
#include <poll.h>
#include "cosim.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/sockets.h"

/* How often to look after a firmware that nobody calls */
#define LOOK_MS     10
/* Reads of the doorbell at a time: whoever rings without end is heard later. */
#define BELL_READS  16
#define TIMEOUT_MIN 1
#define TIMEOUT_MAX 60000

static struct labyrinth_link_calls *calls_of(LabyrinthCosim *c)
{
    return (void *)(c->base + LABYRINTH_LINK_CALLS);
}

static const struct labyrinth_link_answers *answers_of(LabyrinthCosim *c)
{
    return (const void *)(c->base + LABYRINTH_LINK_ANSWERS);
}

void *labyrinth_cosim_bytes(LabyrinthState *s)
{
    return s->cosim->base + LABYRINTH_LINK_DATA;
}

uint8_t *labyrinth_cosim_pool(LabyrinthState *s)
{
    return s->cosim->base + LABYRINTH_LINK_POOL;
}

static void set_link(LabyrinthState *s, LabyrinthLinkState link,
                     const char *what)
{
    s->cosim->link = link;
    LABYRINTH_TRACE(FIRMWARE, firmware, link, what);
}

/* --- failure -------------------------------------------------------------- */

static void fail(LabyrinthState *s, const char *why)
{
    LabyrinthCosim *c = s->cosim;

    LABYRINTH_TRACE(FIRMWARE, firmware, c->link, why);
    if (c->failed) {
        return;
    }
    c->failed = true;
    warn_report("labyrinth: the firmware %s; a reset of the device loads it "
                "anew", why);
    labyrinth_kick(s);
}

/* Nobody is at the other end any more. */
static void hung_up(LabyrinthState *s)
{
    LabyrinthCosim *c = s->cosim;
    bool used = c->link == LABYRINTH_LINK_USED;

    close(c->peer);
    c->peer = -1;
    set_link(s, LABYRINTH_LINK_ABSENT, "hung up");
    if (used) {
        fail(s, "has gone");
    }
}

bool labyrinth_cosim_fell(LabyrinthState *s)
{
    LabyrinthCosim *c = s->cosim;

    if (!c->failed || c->told) {
        return c->failed;
    }
    c->told = true;
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        if (s->queue[qi].state != LABYRINTH_STATE_IDLE) {
            labyrinth_queue_idle(s, qi, "firmware failed");
        }
    }
    labyrinth_error(s, LABYRINTH_NO_QUEUE, LABYRINTH_ERR_FIRMWARE);
    labyrinth_aer_send(s);
    return true;
}

/* --- the doorbell --------------------------------------------------------- */

static void ring(LabyrinthState *s)
{
    const uint8_t bell = LABYRINTH_LINK_BELL;

    /* What it was rung for is to be seen before. */
    smp_mb();
    /* If there is no room, enough bells wait to be heard. */
    if (s->cosim->peer >= 0 &&
        send(s->cosim->peer, &bell, sizeof(bell), MSG_DONTWAIT | MSG_NOSIGNAL)
        < 0 && errno != EAGAIN && errno != EINTR) {
        hung_up(s);
    }
}

/* Takes all bells; false: it hung up. */
static bool heard(LabyrinthState *s)
{
    uint8_t bells[64];
    unsigned reads = 0;
    ssize_t n;

    do {
        n = recv(s->cosim->peer, bells, sizeof(bells), MSG_DONTWAIT);
    } while (++reads < BELL_READS &&
             (n == sizeof(bells) || (n < 0 && errno == EINTR)));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        hung_up(s);
        return false;
    }
    /* pairs with the firmware's barrier before it rings */
    smp_rmb();
    return true;
}

/* Until the firmware has answered all calls; what is wrong, NULL if nothing. */
static const char *wait_for_answer(LabyrinthState *s)
{
    LabyrinthCosim *c = s->cosim;
    int64_t end = g_get_monotonic_time() +
                  (int64_t)s->firmware_timeout_ms * 1000;

    while (qatomic_read(&answers_of(c)->tail) != c->head) {
        struct pollfd peer = { .fd = c->peer, .events = POLLIN };
        int64_t left = end - g_get_monotonic_time();

        if (left <= 0) {
            return "does not answer";
        }
        if (poll(&peer, 1, left / 1000 + 1) > 0 && !heard(s)) {
            return "has gone";
        }
    }
    /* what it answered, after the number that says that it did */
    smp_rmb();
    return NULL;
}

/* --- calls ---------------------------------------------------------------- */

static const char *exchange(LabyrinthState *s,
                            const struct labyrinth_link_call *call,
                            uint64_t *value)
{
    LabyrinthCosim *c = s->cosim;
    uint32_t slot = c->head % LABYRINTH_LINK_SLOTS;
    const struct labyrinth_link_answer *answer = &answers_of(c)->slot[slot];
    const char *fault;

    if (qatomic_read(&answers_of(c)->tail) != c->head) {
        return "was started anew by somebody else";
    }
    calls_of(c)->slot[slot] = *call;
    calls_of(c)->slot[slot].number = c->head++;
    /* the call before the number that says that it is there */
    smp_wmb();
    qatomic_set(&calls_of(c)->head, c->head);
    ring(s);
    if (c->peer < 0) {
        return "has gone";
    }
    fault = wait_for_answer(s);
    if (fault) {
        return fault;
    }
    *value = qatomic_read__nocheck(&answer->value);
    if (qatomic_read(&answer->number) != c->head - 1 ||
        qatomic_read(&answer->op) != call->op) {
        return "answers what it was not asked";
    }
    fault = labyrinth_cosim_value_fault(call, *value);
    if (!fault) {
        labyrinth_cosim_note(s, call, *value);
        fault = labyrinth_cosim_take(s);
    }
    return fault;
}

bool labyrinth_cosim_call(LabyrinthState *s,
                          const struct labyrinth_link_call *call,
                          uint64_t *value)
{
    LabyrinthCosim *c = s->cosim;
    const char *fault;

    if (c->failed || c->link < LABYRINTH_LINK_FRESH) {
        return false;
    }
    c->link = LABYRINTH_LINK_USED;
    fault = exchange(s, call, value);
    LABYRINTH_TRACE(FIRMWARE_CALL, firmware_call, call->op, call->queue,
                    call->a, call->b, fault ? 0 : *value,
                    fault ? fault : "good");
    if (fault) {
        fail(s, fault);
    }
    return !fault;
}

/* --- coming and going ----------------------------------------------------- */

static void greet(LabyrinthState *s)
{
    const struct labyrinth_link_answers *answers = answers_of(s->cosim);
    struct labyrinth_link_call init = {
        .op = LABYRINTH_LINK_INIT,
        .a = s->nr_queues,
        .b = s->fw.generation,
    };
    const char *fault;
    uint64_t value;

    if (qatomic_read(&answers->epoch) != s->cosim->epoch) {
        return;
    }
    /* who it is, after the epoch that says that it said so */
    smp_rmb();
    if (qatomic_read(&answers->magic) != LABYRINTH_LINK_MAGIC ||
        qatomic_read(&answers->version) != LABYRINTH_LINK_VERSION ||
        qatomic_read(&answers->state_size) != LABYRINTH_LINK_STATE_SIZE) {
        fail(s, "is not one for this device: build both from the same tree");
        return;
    }
    fault = exchange(s, &init, &value);
    if (fault && s->cosim->peer >= 0) {
        fail(s, fault);
    }
    if (fault) {
        return;
    }
    set_link(s, LABYRINTH_LINK_FRESH, "ready");
    /* What a reset does when the firmware is there at once */
    labyrinth_source_reset(s);
    labyrinth_source_accept(s);
}

/* Without a call: what the firmware does by itself. */
static void look(void *opaque)
{
    LabyrinthState *s = opaque;
    LabyrinthCosim *c = s->cosim;

    timer_mod(c->look, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + LOOK_MS);
    if (c->peer < 0 || !heard(s)) {
        return;
    }
    if (c->link == LABYRINTH_LINK_GREETING && !c->failed) {
        greet(s);
    } else if (c->link >= LABYRINTH_LINK_FRESH && !c->failed &&
               qatomic_read(&answers_of(c)->tail) != c->head) {
        fail(s, "was started anew by somebody else");
    }
}

/* Another epoch: whoever has the old one is to start anew. */
static void new_epoch(LabyrinthState *s)
{
    LabyrinthCosim *c = s->cosim;

    c->head = 0;
    qatomic_set(&calls_of(c)->head, 0);
    c->epoch++;
    /* no call of the old epoch may be taken for one of the new */
    smp_wmb();
    qatomic_set(&calls_of(c)->epoch, c->epoch);
    set_link(s, c->peer < 0 ? LABYRINTH_LINK_ABSENT : LABYRINTH_LINK_GREETING,
             "load");
    ring(s);
}

static void somebody_came(void *opaque)
{
    LabyrinthState *s = opaque;
    LabyrinthCosim *c = s->cosim;
    int peer = qemu_accept(c->listener, NULL, NULL);

    if (peer < 0) {
        return;
    }
    if (c->peer >= 0 && heard(s)) {
        /* One is enough. */
        close(peer);
        return;
    }
    c->peer = peer;
    if (c->head) {
        /* What the last one was told, it has not heard. */
        new_epoch(s);
        return;
    }
    set_link(s, LABYRINTH_LINK_GREETING, "came");
    ring(s);
}

void labyrinth_cosim_restart(LabyrinthState *s)
{
    LabyrinthCosim *c = s->cosim;
    bool failed = c->failed;

    c->failed = false;
    c->told = false;
    if (failed || c->link == LABYRINTH_LINK_USED) {
        new_epoch(s);
    }
}

bool labyrinth_cosim_loading(LabyrinthState *s)
{
    return !s->cosim->failed && s->cosim->link < LABYRINTH_LINK_FRESH;
}

bool labyrinth_cosim_failed(LabyrinthState *s)
{
    return s->cosim->failed;
}

/* --- life cycle ----------------------------------------------------------- */

static uint8_t *shared_memory(LabyrinthState *s, Error **errp)
{
    MemoryRegion *mr = host_memory_backend_get_memory(s->firmware_memory);

    if (host_memory_backend_is_mapped(s->firmware_memory)) {
        error_setg(errp, "labyrinth: firmware-memory is used by another "
                   "device, give each its own");
        return NULL;
    }
    if (memory_region_size(mr) < LABYRINTH_LINK_SIZE ||
        !qemu_ram_is_shared(mr->ram_block)) {
        error_setg(errp, "labyrinth: firmware-memory must be a memory-backend-"
                   "file with share=on and size=16M");
        return NULL;
    }
    return memory_region_get_ram_ptr(mr);
}

bool labyrinth_cosim_init(LabyrinthState *s, Error **errp)
{
    LabyrinthCosim *c;
    uint8_t *base;
    int listener;

    if (!s->firmware && !s->firmware_memory) {
        return true;
    }
    if (!s->firmware || !s->firmware_memory) {
        error_setg(errp, "labyrinth: firmware and firmware-memory belong "
                   "together, give both or none");
        return false;
    }
    if (s->firmware_timeout_ms < TIMEOUT_MIN ||
        s->firmware_timeout_ms > TIMEOUT_MAX) {
        error_setg(errp, "labyrinth: firmware-timeout-ms=%" PRIu32 " is not "
                   "possible, use %u to %u", s->firmware_timeout_ms,
                   TIMEOUT_MIN, TIMEOUT_MAX);
        return false;
    }
    base = shared_memory(s, errp);
    if (!base) {
        return false;
    }
    listener = unix_listen(s->firmware, errp);
    if (listener < 0) {
        return false;
    }
    c = g_new0(LabyrinthCosim, 1);
    error_setg(&c->blocker, "labyrinth: a device whose firmware runs in "
               "another process cannot be migrated or saved");
    if (labyrinth_block_migration(&c->blocker, errp) < 0) {
        close(listener);
        g_free(c);
        return false;
    }
    host_memory_backend_set_mapped(s->firmware_memory, true);
    s->cosim = c;
    c->base = base;
    c->peer = -1;
    c->listener = listener;
    c->epoch = qatomic_read(&calls_of(c)->epoch);
    calls_of(c)->magic = LABYRINTH_LINK_MAGIC;
    calls_of(c)->version = LABYRINTH_LINK_VERSION;
    new_epoch(s);
    qemu_set_fd_handler(listener, somebody_came, NULL, s);
    c->look = timer_new_ms(QEMU_CLOCK_REALTIME, look, s);
    timer_mod(c->look, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + LOOK_MS);
    return true;
}

void labyrinth_cosim_exit(LabyrinthState *s)
{
    LabyrinthCosim *c = s->cosim;

    if (!c) {
        return;
    }
    timer_free(c->look);
    qemu_set_fd_handler(c->listener, NULL, NULL, NULL);
    close(c->listener);
    unlink(s->firmware);
    if (c->peer >= 0) {
        close(c->peer);
    }
    host_memory_backend_set_mapped(s->firmware_memory, false);
    labyrinth_unblock_migration(&c->blocker);
    g_free(c);
    s->cosim = NULL;
}
