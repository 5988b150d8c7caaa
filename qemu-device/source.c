/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: incoming data from the character device
 *
 * Contract: bytes are taken only while a stream queue runs and only as many as
 * the firmware has room for, so that none is lost and a slow host slows the
 * sender down.  They are staged here, in the host's time; everything that the
 * guest can see of them happens later in the engine, in virtual time.  That
 * the source has ended is a fact of the outside world: a reset of the device
 * does not undo it, a new connection does.
 */
#include "qemu/osdep.h"
#include "device.h"
#include "qemu/error-report.h"

bool labyrinth_source_attached(LabyrinthState *s)
{
    return qemu_chr_fe_backend_connected(&s->chr);
}

uint32_t labyrinth_source_status(LabyrinthState *s)
{
    return (s->source_open ? LABYRINTH_STREAM_CONNECTED : 0) |
           (s->fw.stream_ended ? LABYRINTH_STREAM_ENDED : 0);
}

static bool source_wanted(LabyrinthState *s)
{
    for (unsigned qi = 0; qi < s->nr_queues; qi++) {
        const LabyrinthQueue *q = &s->queue[qi];

        if (q->state == LABYRINTH_STATE_RUNNING &&
            labyrinth_source(q) == LABYRINTH_SOURCE_STREAM) {
            return true;
        }
    }
    return false;
}

static int source_room(void *opaque)
{
    LabyrinthState *s = opaque;
    int room = source_wanted(s) ? lf_stream_room(s) : 0;

    s->source_paused = !room;
    return room;
}

static void source_data(void *opaque, const uint8_t *buf, int size)
{
    LabyrinthState *s = opaque;
    uint64_t now = labyrinth_now();
    size_t taken = lf_stream_push(s, buf, size, now);

    LABYRINTH_TRACE(STREAM_IN, stream_in, size, taken, s->fw.stream_bytes);
    if (taken < size) {
        error_report("labyrinth: the character device ignored back-pressure, "
                     "%zu bytes are lost", size - taken);
    }
    if (s->fw.filling >= 0 && s->flush_us) {
        s->flush_deadline = now + (uint64_t)s->flush_us * 1000;
    } else {
        s->flush_deadline = LABYRINTH_NEVER;
    }
    labyrinth_kick(s);
}

static void source_event(void *opaque, QEMUChrEvent event)
{
    LabyrinthState *s = opaque;

    switch (event) {
    case CHR_EVENT_OPENED:
        s->source_open = true;
        if (s->source_closed) {
            s->source_closed = false;
            lf_stream_begin(s);
        }
        LABYRINTH_TRACE(STREAM_EVENT, stream_event, "open");
        break;
    case CHR_EVENT_CLOSED:
        s->source_open = false;
        s->source_closed = true;
        s->flush_deadline = LABYRINTH_NEVER;
        lf_stream_end(s, labyrinth_now());
        LABYRINTH_TRACE(STREAM_EVENT, stream_event, "end");
        labyrinth_kick(s);
        break;
    default:
        break;
    }
}

uint64_t labyrinth_source_run(LabyrinthState *s, uint64_t now)
{
    if (now >= s->flush_deadline) {
        lf_stream_flush(s, now);
        s->flush_deadline = LABYRINTH_NEVER;
        LABYRINTH_TRACE(STREAM_EVENT, stream_event, "flush");
    }
    return s->flush_deadline;
}

void labyrinth_source_accept(LabyrinthState *s)
{
    if (s->source_paused && source_room(s)) {
        qemu_chr_fe_accept_input(&s->chr);
    }
}

void labyrinth_source_reset(LabyrinthState *s)
{
    s->flush_deadline = LABYRINTH_NEVER;
    if (s->source_closed) {
        lf_stream_end(s, labyrinth_now());
    }
}

bool labyrinth_source_block_migration(LabyrinthState *s, Error **errp)
{
    if (!labyrinth_source_attached(s)) {
        return true;
    }
    error_setg(&s->migration_blocker, "labyrinth: a device with a chardev "
               "cannot be migrated or saved, use the generator");
    return labyrinth_block_migration(&s->migration_blocker, errp) >= 0;
}

void labyrinth_source_connect(LabyrinthState *s)
{
    if (labyrinth_source_attached(s)) {
        qemu_chr_fe_set_handlers(&s->chr, source_room, source_data,
                                 source_event, NULL, s, NULL, true);
    }
}

void labyrinth_source_disconnect(LabyrinthState *s)
{
    if (labyrinth_source_attached(s)) {
        qemu_chr_fe_set_handlers(&s->chr, NULL, NULL, NULL, NULL, NULL, NULL,
                                 false);
        labyrinth_unblock_migration(&s->migration_blocker);
    }
}
