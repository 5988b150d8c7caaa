/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The link between the accelerator and a firmware in a machine of its own:
 * 64 KiB at the beginning of a memory that both have, and a doorbell.
 *
 *	offset	writer
 *	0x0000	device		calls: struct labyrinth_link_calls
 *	0x1000	device		bytes that come with a call
 *	0x2000	firmware	answers: struct labyrinth_link_answers
 *	0x3000	firmware	its state: struct labyrinth_link_state
 *	0x8000	firmware	the page pool, 32 KiB; the device reads staged pages
 *
 * Each word has one writer, and nobody changes what it has read: the emulated
 * core's exclusive accesses and barriers order nothing for another process.
 * Who has written rings; who hears the bell looks.  A bell that is rung twice,
 * too often or for nothing is harmless, one that was rung before there was
 * anybody to hear it is made up for by the greeting.
 *
 * Greeting.  The firmware starts, says who it is (all of
 * struct labyrinth_link_answers but the ring, `epoch` last) and rings.  The
 * device takes it if `epoch` is its own, then calls INIT.  To have the firmware
 * loaded anew the device writes another epoch and rings: the firmware, which
 * also looks by itself from time to time, resets its machine.
 *
 * Calls are those of <labyrinth_fw.h> that change anything; the others are
 * made on the copy of the state that comes with each answer.  The device writes
 * slot[head % SLOTS], then head; the firmware answers in slot[tail % SLOTS],
 * brings its state up to date, then writes tail.  Numbers are free-running and
 * begin at 0 with each epoch.  Both are little-endian, with 64-bit words at
 * multiples of 8.
 */
#ifndef LABYRINTH_LINK_H
#define LABYRINTH_LINK_H

#include "labyrinth_fw.h"

#define LABYRINTH_LINK_MAGIC 0x4b4e4c4cu /* "LLNK" */
#define LABYRINTH_LINK_VERSION 1u
#define LABYRINTH_LINK_SLOTS 8u

#define LABYRINTH_LINK_CALLS 0x0000
#define LABYRINTH_LINK_DATA 0x1000
#define LABYRINTH_LINK_ANSWERS 0x2000
#define LABYRINTH_LINK_STATE 0x3000
#define LABYRINTH_LINK_POOL 0x8000
#define LABYRINTH_LINK_SIZE 0x10000

/* What the doorbell says; nobody relies on it. */
#define LABYRINTH_LINK_BELL 0x07

enum labyrinth_link_op {
	LABYRINTH_LINK_INIT,  /* a: queues; b: generation of tags */
	LABYRINTH_LINK_START, /* cfg; a: clear */
	LABYRINTH_LINK_STOP,
	LABYRINTH_LINK_DEAL, /* a: queues of the stream */
	LABYRINTH_LINK_ROOM,
	LABYRINTH_LINK_PUSH, /* a: bytes, at LABYRINTH_LINK_DATA */
	LABYRINTH_LINK_FLUSH,
	LABYRINTH_LINK_END,
	LABYRINTH_LINK_BEGIN,
	LABYRINTH_LINK_POLL,
	LABYRINTH_LINK_TIMEOUT, /* a: microseconds */
	LABYRINTH_LINK_GRANT,	/* a: tag; b: address */
	LABYRINTH_LINK_DENY,	/* a: tag */
	LABYRINTH_LINK_DONE,	/* a: delivered */
	LABYRINTH_LINK_DROP,	/* a: enum labyrinth_drop */
	LABYRINTH_LINK_EOS,
	LABYRINTH_LINK_JOB_BEGIN, /* a: cookie */
	LABYRINTH_LINK_JOB_PUSH,  /* a: bytes, at LABYRINTH_LINK_DATA */
	LABYRINTH_LINK_JOB_FAIL,  /* a: status */
	LABYRINTH_LINK_JOB_END,
	LABYRINTH_LINK_OPS
};

struct labyrinth_link_call {
	uint32_t number;
	uint32_t op;
	uint32_t queue;
	uint32_t a;
	uint64_t b;
	uint64_t now;
	struct labyrinth_fw_config cfg;
};

struct labyrinth_link_answer {
	uint32_t number;
	uint32_t op;
	uint64_t value; /* what the call returned, sign-extended */
};

struct labyrinth_link_calls {
	uint32_t magic;
	uint32_t version;
	uint32_t epoch;
	uint32_t head;
	struct labyrinth_link_call slot[LABYRINTH_LINK_SLOTS];
};

struct labyrinth_link_answers {
	uint32_t magic;
	uint32_t version;
	uint32_t state_size; /* LABYRINTH_LINK_STATE_SIZE as it was built */
	uint32_t epoch;
	uint32_t tail;
	uint32_t beats;	  /* counts up while its tasks run */
	uint32_t refused; /* bells for calls that make no sense */
	uint32_t boots;	  /* since its machine was switched on */
	struct labyrinth_link_answer slot[LABYRINTH_LINK_SLOTS];
};

/*
 * struct labyrinth_fw from `page` on is the same on both sides, but for the
 * pointers, which are in slots of 8 bytes and mean nothing to the other side;
 * before it is the pool, whose numbers are sent by themselves.
 */
#define LABYRINTH_LINK_CORE offsetof(struct labyrinth_fw, page)
#define LABYRINTH_LINK_CORE_SIZE \
	(sizeof(struct labyrinth_fw) - LABYRINTH_LINK_CORE)

struct labyrinth_link_state {
	uint32_t taken, refused, failed, unused;
	uint8_t core[LABYRINTH_LINK_CORE_SIZE];
};

#define LABYRINTH_LINK_STATE_SIZE \
	((uint32_t)sizeof(struct labyrinth_link_state))

/* A state that has outgrown its place does not compile. */
typedef char
	labyrinth_link_state_fits[sizeof(struct labyrinth_link_state) <=
						  LABYRINTH_LINK_POOL -
							  LABYRINTH_LINK_STATE
					  ? 1
					  : -1];

#endif /* LABYRINTH_LINK_H */
