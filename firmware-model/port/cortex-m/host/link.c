// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nothing that the device writes is obeyed unseen: a call that is half written,
 * unknown or one too many is counted and not served, and one interrupt serves
 * at most as many as the ring has.  The device's words are read once each.
 *
 * A firmware that hangs is reset by the watchdog's NMI, which nothing masks: it
 * looks whether the device wants another epoch, and whether the tasks run.
 */
#include "link.h"

#include "armv7m.h"
#include "board.h"
#include "kernel.h"
#include "labyrinth_link.h"

#define AT(offset) ((uintptr_t)LINK_BASE + (offset))
#define CALLS \
	((const volatile struct labyrinth_link_calls *)AT(LABYRINTH_LINK_CALLS))
#define BYTES ((const uint8_t *)AT(LABYRINTH_LINK_DATA))
#define ANSWERS \
	((volatile struct labyrinth_link_answers *)AT(LABYRINTH_LINK_ANSWERS))
#define STATE ((struct labyrinth_link_state *)AT(LABYRINTH_LINK_STATE))

#define WATCH_CYCLES 2500000 /* 100 ms */
#define WATCH_LATE 20	     /* looks without a beat: 2 s */

_Static_assert(POOL_BASE == LINK_BASE + LABYRINTH_LINK_POOL,
	       "the pool's place");
_Static_assert(1u << LINK_SIZE_LOG2 == LABYRINTH_LINK_SIZE, "size");
_Static_assert(1u << LINK_CALLS_LOG2 == LABYRINTH_LINK_ANSWERS, "who writes");
_Static_assert(LABYRINTH_LINK_CORE % 4 == 0 &&
		       LABYRINTH_LINK_CORE_SIZE % 4 == 0,
	       "copied by words");

static struct labyrinth_fw fw;
static uint32_t epoch, tail, refused;
static volatile uint32_t beats;
/* Beats at the last look, and looks since that were as many */
static uint32_t seen, still;

void board_bell(void);
void board_watchdog(void);

static void show(const void *from, size_t n)
{
	const uint32_t *word = from;
	uint32_t *to = (uint32_t *)(STATE->core +
				    ((uintptr_t)from - (uintptr_t)fw.page));

	for (; n; n -= 4)
		*to++ = *word++;
}

/* The state as the core has it now; of queues that are none, nothing changes. */
static void show_state(void)
{
	STATE->taken = fw.maze.taken;
	STATE->refused = fw.maze.refused;
	STATE->failed = fw.maze.failed;
	show(fw.page, sizeof(fw.page));
	show(fw.queue, fw.nr_queues * sizeof(*fw.queue));
	show(&fw.queue[LABYRINTH_MAX_QUEUES],
	     sizeof(fw) - offsetof(struct labyrinth_fw, queue) -
		     sizeof(fw.queue));
}

/* Of no queues, or of more than there are, nothing begins. */
static int begin(uint32_t queues, uint32_t generation)
{
	if (!queues || queues > LABYRINTH_MAX_QUEUES)
		return -(int)LABYRINTH_ERR_BAD_CONFIG;
	labyrinth_fw_init(&fw, (void *)POOL_BASE, queues);
	fw.generation = generation;
	show(fw.queue, sizeof(fw.queue));
	return 0;
}

static int set_timeout(uint32_t q, uint32_t us)
{
	if (q < fw.nr_queues)
		fw.queue[q].req_timeout_us = us;
	return 0;
}

static size_t push(uint32_t n, uint64_t now)
{
	if (n > LABYRINTH_PAGE_SIZE)
		return 0;
	return labyrinth_fw_stream_push(&fw, BYTES, n, now);
}

static int push_job(uint32_t q, uint32_t n, uint64_t now)
{
	if (n <= LABYRINTH_PAGE_SIZE)
		labyrinth_fw_job_push(&fw, q, BYTES, n, now);
	return 0;
}

static uint64_t extended(int value)
{
	return (uint64_t)(int64_t)value;
}

static uint64_t serve(const struct labyrinth_link_call *call)
{
	uint32_t q = call->queue, a = call->a;
	uint64_t now = call->now;

	switch (call->op) {
	case LABYRINTH_LINK_INIT:
		return extended(begin(a, (uint32_t)call->b));
	case LABYRINTH_LINK_START:
		return extended(labyrinth_fw_start(&fw, q, &call->cfg, a, now));
	case LABYRINTH_LINK_STOP:
		labyrinth_fw_stop(&fw, q);
		return 0;
	case LABYRINTH_LINK_DEAL:
		return labyrinth_fw_stream_deal(&fw, a);
	case LABYRINTH_LINK_ROOM:
		return labyrinth_fw_stream_room(&fw);
	case LABYRINTH_LINK_PUSH:
		return push(a, now);
	case LABYRINTH_LINK_FLUSH:
		labyrinth_fw_stream_flush(&fw, now);
		return 0;
	case LABYRINTH_LINK_END:
		labyrinth_fw_stream_end(&fw, now);
		return 0;
	case LABYRINTH_LINK_BEGIN:
		labyrinth_fw_stream_begin(&fw);
		return 0;
	case LABYRINTH_LINK_POLL:
		return labyrinth_fw_poll(&fw, q, now);
	case LABYRINTH_LINK_TIMEOUT:
		return extended(set_timeout(q, a));
	case LABYRINTH_LINK_GRANT:
		return extended(labyrinth_fw_grant(&fw, q, a, call->b));
	case LABYRINTH_LINK_DENY:
		return extended(labyrinth_fw_deny(&fw, q, a, now));
	case LABYRINTH_LINK_DONE:
		labyrinth_fw_done(&fw, q, a);
		return 0;
	case LABYRINTH_LINK_DROP:
		labyrinth_fw_drop(&fw, q, a);
		return 0;
	case LABYRINTH_LINK_EOS:
		return labyrinth_fw_eos(&fw, q);
	case LABYRINTH_LINK_JOB_BEGIN:
		return labyrinth_fw_job_begin(&fw, q, a, now);
	case LABYRINTH_LINK_JOB_PUSH:
		return extended(push_job(q, a, now));
	case LABYRINTH_LINK_JOB_FAIL:
		labyrinth_fw_job_fail(&fw, q, a, now);
		return 0;
	default:
		labyrinth_fw_job_end(&fw, q, now);
		return 0;
	}
}

/* False: it is none, and nothing was done. */
static bool serve_next(void)
{
	volatile struct labyrinth_link_answer *answer =
		&ANSWERS->slot[tail % LABYRINTH_LINK_SLOTS];
	struct labyrinth_link_call call =
		CALLS->slot[tail % LABYRINTH_LINK_SLOTS];

	if (call.number != tail || call.op >= LABYRINTH_LINK_OPS)
		return false;
	answer->value = serve(&call);
	answer->op = call.op;
	answer->number = tail++;
	return true;
}

void board_bell(void)
{
	uint32_t head;
	bool good;

	board_bell_done();
	if (CALLS->epoch != epoch)
		board_reset();
	head = CALLS->head;
	good = head - tail <= LABYRINTH_LINK_SLOTS;
	while (good && tail != head)
		good = serve_next();
	if (!good)
		ANSWERS->refused = ++refused;
	show_state();
	barrier();
	ANSWERS->tail = tail;
	barrier();
	board_bell_ring();
}

void board_watchdog(void)
{
	board_watchdog_done();
	still = beats == seen ? still + 1 : 0;
	seen = beats;
	if (CALLS->epoch != epoch || still == WATCH_LATE)
		board_reset();
}

/* Again with each beat: whoever has not understood it can still do so. */
static void introduce(void)
{
	ANSWERS->magic = LABYRINTH_LINK_MAGIC;
	ANSWERS->version = LABYRINTH_LINK_VERSION;
	ANSWERS->state_size = LABYRINTH_LINK_STATE_SIZE;
	barrier();
	ANSWERS->epoch = epoch;
}

void link_beat(void)
{
	ANSWERS->beats = ++beats;
	introduce();
}

void link_start(void)
{
	/* No page is left for the tasks: one that is its own can't be shared. */
	labyrinth_fw_pool_init(&kernel_pool, NULL);
	begin(1, 0);
	show_state();
	epoch = CALLS->epoch;
	ANSWERS->tail = 0;
	ANSWERS->beats = 0;
	ANSWERS->refused = 0;
	ANSWERS->boots++;
	introduce();
	barrier();
	board_watchdog_start(WATCH_CYCLES);
	board_bell_start();
	board_bell_ring();
}
