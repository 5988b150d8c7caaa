/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labyrinth accelerator: a firmware in another process
 *
 * Contract: with the property `firmware` the core's decisions are made by a
 * firmware in a machine of its own, over the link of labyrinth_link.h.  The
 * device's own struct labyrinth_fw is then a copy of that firmware's: taken
 * over after each call as a whole, and only if it is a state that the core can
 * come to and that fits to what the firmware was told (cosim_state.c).  What
 * does not answer in time, hangs up, or says what cannot be, has failed
 * (cosim.c): from then on it is asked nothing more, the queues stop, and the
 * host is told.  A reset of the device has the firmware loaded anew.
 */
#ifndef LABYRINTH_COSIM_H
#define LABYRINTH_COSIM_H

#include "device.h"
#include "labyrinth_link.h"

typedef enum {
    LABYRINTH_LINK_ABSENT,      /* nobody is connected */
    LABYRINTH_LINK_GREETING,    /* somebody is, and is expected to greet */
    LABYRINTH_LINK_FRESH,       /* as after its start */
    LABYRINTH_LINK_USED,
} LabyrinthLinkState;

/* An address that the host granted, and that the firmware may use once */
typedef struct LabyrinthGrant {
    uint64_t addr;
    uint32_t tag;               /* 0: none */
    uint32_t queue;
} LabyrinthGrant;

struct LabyrinthCosim {
    uint8_t *base;              /* of the link */
    int listener;
    int peer;                   /* -1: none */
    QEMUTimer *look;
    Error *blocker;

    LabyrinthLinkState link;
    bool failed;                /* until a reset of the device */
    bool told;                  /* ... and the host knows */
    uint32_t epoch;
    uint32_t head;

    /* what the firmware was told, and has to stick to */
    uint32_t running;           /* bit per queue */
    uint32_t stream_queues;
    struct labyrinth_fw_config cfg[LABYRINTH_MAX_QUEUES];
    LabyrinthGrant grant[LABYRINTH_STAGING_PAGES];
};

/* --- cosim.c -------------------------------------------------------------- */

/*
 * One call, answered and its state taken over, or false: the firmware is not
 * there, or has failed by now.  Waits no longer than firmware-timeout-ms, once.
 */
bool labyrinth_cosim_call(LabyrinthState *s,
                          const struct labyrinth_link_call *call,
                          uint64_t *value);
/* The bytes that go with the next call */
void *labyrinth_cosim_bytes(LabyrinthState *s);
/* With the reset of the device: the firmware is loaded anew. */
void labyrinth_cosim_restart(LabyrinthState *s);

/* --- cosim_state.c -------------------------------------------------------- */

/* A call was answered: what the firmware has to stick to from now on. */
void labyrinth_cosim_note(LabyrinthState *s,
                          const struct labyrinth_link_call *call,
                          uint64_t value);
/* What is wrong with the answer, NULL if it can be one. */
const char *labyrinth_cosim_value_fault(const struct labyrinth_link_call *call,
                                        uint64_t value);
/* Takes over the state, or says what is wrong with it. */
const char *labyrinth_cosim_take(LabyrinthState *s);

#endif /* LABYRINTH_COSIM_H */
