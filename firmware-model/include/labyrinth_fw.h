/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The accelerator's firmware core: what the device *decides*.  It keeps the
 * 32 KiB page pool, stages incoming data in its pages, numbers and checksums
 * them, asks the host for buffers (demand mode) and says which page is to be
 * transferred next.  It knows neither PCI nor QEMU nor a clock: the time is
 * given to each call, and the caller moves the bytes.
 *
 * Freestanding C11; of libc only memcpy, memset, memcmp.  No allocation, no
 * recursion, every loop bounded by a constant or an argument.  Not reentrant:
 * one call at a time.
 *
 * Order: pages of a queue are transferred strictly by sequence number.
 * Nothing is lost: produced == delivered + dropped + staged, for each queue,
 * always.  Staging pages are shared fairly, core/share.c says how.
 */
#ifndef LABYRINTH_FW_H
#define LABYRINTH_FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "labyrinth_hw.h"

/* --- the 32 KiB page pool (core/pool.c) ----------------------------------- */

/**
 * struct labyrinth - the controller's page pool
 * @base:  first byte of LABYRINTH_STAGING_PAGES pages, page-aligned
 * @taken: bit per page: handed out
 * @refused: frees that were refused
 * @failed: allocations that found no page
 */
struct labyrinth {
	uint8_t *base;
	uint32_t taken;
	uint32_t refused;
	uint32_t failed;
};

void labyrinth_fw_pool_init(struct labyrinth *maze, void *base);
/* Either succeeds immediately or returns NULL; lowest free page; any context. */
void *alloc_labyrinth_page_gfp_atomic_exclusive(struct labyrinth *maze);
/* NULL, misaligned, foreign and double frees are refused and counted. */
void dealloc_labyrinth_page_exclusive(struct labyrinth *maze, void *page);

/* --- queues ---------------------------------------------------------------- */

#define LABYRINTH_FW_NEVER UINT64_MAX

/* What a queue is started with; values as in the registers of the same name */
struct labyrinth_fw_config {
	uint32_t mode;	 /* LABYRINTH_CONFIG_DEMAND or _RING */
	uint32_t source; /* LABYRINTH_SOURCE_* */
	uint64_t gen_seed;
	uint64_t gen_count;
	uint32_t gen_period;
	uint32_t gen_burst;
	uint32_t gen_min;
	uint32_t gen_max;
};

/* State of a staging page */
enum labyrinth_fw_stage {
	LABYRINTH_FW_FREE,
	LABYRINTH_FW_FILLING, /* stream data, not yet whole */
	LABYRINTH_FW_READY,   /* ring: waits for a posted buffer */
	LABYRINTH_FW_ASKED,   /* demand: unanswered request */
	LABYRINTH_FW_REFUSED, /* demand: denied, waits for grant or timeout */
	LABYRINTH_FW_GRANTED, /* demand: has an address */
	LABYRINTH_FW_KEPT,    /* stream: for the next start of its queue */
	LABYRINTH_FW_WORK,    /* the solver's memory */
	LABYRINTH_FW_RESULT,  /* solver: a result, not yet whole */
};

/* A staged page, as the caller may see it */
struct labyrinth_fw_page {
	uint8_t *data;
	uint64_t seq;
	uint64_t ready_ns;
	uint64_t addr;	   /* granted DMA address (demand) */
	uint64_t deadline; /* when a refused request is raised anew */
	uint64_t ordinal;  /* stream: its place in the stream */
	uint32_t tag;	   /* never 0; slot in the low bits, generation above */
	uint32_t crc32c;
	uint16_t length;
	uint8_t queue;
	uint8_t stage; /* enum labyrinth_fw_stage */
};

struct labyrinth_fw_counters {
	uint64_t produced, delivered, bytes;
	uint64_t dropped[LABYRINTH_DROP_REASONS];
	uint64_t requests, denied, reraised, refused;
};

struct labyrinth_fw_queue {
	struct labyrinth_fw_config cfg;
	struct labyrinth_fw_counters count;
	uint64_t next_seq;
	uint64_t gen_next; /* when the next burst is due */
	uint64_t gen_left; /* pages still to produce, if cfg.gen_count */
	uint32_t req_timeout_us;
	uint32_t ticket; /* place in the line for a first page, 0 none */
	bool running;
	bool eos_due; /* the generator is done, the host not yet told */
	/* in order of sequence: indexes into labyrinth_fw.page */
	uint8_t fifo[LABYRINTH_STAGING_PAGES];
	uint8_t fifo_len;
};

/* What a queue has asked of the solver */
struct labyrinth_fw_jobs {
	uint64_t begun;
	uint64_t answered;
	bool open; /* begun, and its last piece not yet seen */
	bool skip; /* answered already: its other pieces are not looked at */
};

/* Where the job that the solver has stands */
enum labyrinth_fw_phase {
	LABYRINTH_FW_IDLE,
	LABYRINTH_FW_CLAIM, /* waits for memory for its walls */
	LABYRINTH_FW_TAKE,  /* its pieces come */
	LABYRINTH_FW_ROOM,  /* whole; waits for memory to search in */
	LABYRINTH_FW_FLOOD, /* from the goal, until the start is reached */
	LABYRINTH_FW_TRACE, /* from the start back to the goal */
	LABYRINTH_FW_PHASES,
};

/* Pages of a search of the most cells; a 32nd of a page's bits, see solve.c */
#define LABYRINTH_FW_WORK_PAGES 3u
#define LABYRINTH_FW_SUMMARY (LABYRINTH_MAZE_CELLS_MAX / 32u / 32u)

/* The solver's one job */
struct labyrinth_fw_job {
	uint64_t deadline; /* of CLAIM, TAKE and ROOM */
	uint32_t cookie;
	uint32_t ticket; /* place in the line for a page, 0 none */
	uint32_t got;	 /* bytes that came */
	uint32_t size;	 /* bytes that are to come, once the header is there */
	uint32_t visited;
	uint32_t level; /* of the search: steps from the goal */
	uint32_t steps; /* of the path */
	uint32_t traced;
	uint32_t work;
	uint32_t waits; /* bit per queue that asked for the solver in vain */
	uint32_t summary[2][LABYRINTH_FW_SUMMARY];
	uint16_t width;
	uint16_t height;
	uint16_t start;
	uint16_t goal;
	uint16_t at; /* TRACE: this cell */
	uint8_t phase;
	uint8_t queue;	/* also of the job before this one */
	uint8_t result; /* page index, unless IDLE */
	uint8_t nr_pages;
	uint8_t pages[LABYRINTH_FW_WORK_PAGES];
	uint8_t header[LABYRINTH_MAZE_HEADER];
};

struct labyrinth_fw {
	struct labyrinth maze;
	struct labyrinth_fw_page page[LABYRINTH_STAGING_PAGES];
	struct labyrinth_fw_queue queue[LABYRINTH_MAX_QUEUES];
	struct labyrinth_fw_jobs jobs[LABYRINTH_MAX_QUEUES];
	struct labyrinth_fw_job job;
	uint64_t stream_bytes;
	uint64_t stream_pages; /* ordinal of the next page of the stream */
	uint32_t nr_queues;
	uint32_t stream_queues; /* the stream is dealt to queues 0..n-1 */
	uint32_t stream_turn;	/* whose page is filled next */
	uint32_t stream_eos;	/* bit per queue still to be told of the end */
	uint32_t generation;	/* of request tags; goes on over a reset */
	uint32_t tickets;
	int8_t filling; /* page index, -1 none */
	bool stream_ended;
};

/* @memory: LABYRINTH_STAGING_PAGES pages, page-aligned; it stays the caller's. */
void labyrinth_fw_init(struct labyrinth_fw *fw, void *memory,
		       uint32_t nr_queues);
/*
 * False for a state that no sequence of calls leads to, and that must not be
 * worked on: for whoever has it from outside, as a migration stream.
 */
bool labyrinth_fw_valid(const struct labyrinth_fw *fw);
/*
 * Everything back to power-on; staged data is gone (its counters too).  Only
 * tags are not used again: an answer from before the reset is stale after it.
 */
void labyrinth_fw_reset(struct labyrinth_fw *fw);

/*
 * 0, or -LABYRINTH_ERR_BAD_CONFIG (source unknown, generator sizes, burst, a
 * stream queue that the stream is not dealt to, running already ...).
 * @clear: counters and sequence from 0.  Stream pages kept by an earlier stop
 * are numbered anew and come first.  Poll the queue next.
 */
int labyrinth_fw_start(struct labyrinth_fw *fw, uint32_t q,
		       const struct labyrinth_fw_config *cfg, bool clear,
		       uint64_t now);
/*
 * No page of @q is handed out afterwards.  Generator pages still staged are
 * dropped (LABYRINTH_DROP_STOP), and so are results; stream pages are kept for the next start and
 * no longer count as produced, so that nothing of a stream is lost.  Grants
 * are forgotten: the host owns their pages again.  A page that next() returned
 * is finished with done() first.
 */
void labyrinth_fw_stop(struct labyrinth_fw *fw, uint32_t q);

/*
 * Refused while a stream queue runs, or for n not in 1..nr_queues: false.
 * Pages kept by an earlier stop are dealt anew, the oldest to queue 0.
 */
bool labyrinth_fw_stream_deal(struct labyrinth_fw *fw, uint32_t n);
/*
 * Bytes that push would take now; 0 is back-pressure.  What it returned stays
 * promised, whatever other queues do, until a push or a reset.
 */
size_t labyrinth_fw_stream_room(struct labyrinth_fw *fw);
/* Takes at most room bytes; returns how many. */
size_t labyrinth_fw_stream_push(struct labyrinth_fw *fw, const uint8_t *data,
				size_t n, uint64_t now);
/* Hand on a partly filled page (idle timeout of an interactive source). */
void labyrinth_fw_stream_flush(struct labyrinth_fw *fw, uint64_t now);
/* The source closed: flush, then end of stream on each of its queues. */
void labyrinth_fw_stream_end(struct labyrinth_fw *fw, uint64_t now);
/* A new connection after an end. */
void labyrinth_fw_stream_begin(struct labyrinth_fw *fw);

/*
 * Let time pass for @q: generator bursts that are due (those that were missed
 * are counted as dropped, by arithmetic, so that the work is bounded), refused
 * requests whose timeout is over, a bounded part of its search in a maze.  Returns when it wants to be called again,
 * always later than @now; LABYRINTH_FW_NEVER for not.  It may be called at any
 * other time too.
 */
uint64_t labyrinth_fw_poll(struct labyrinth_fw *fw, uint32_t q, uint64_t now);

/*
 * Demand mode: REQ_TAG, counts for REQ_WAITING, and the host's answers.
 * grant and deny: 0, -LABYRINTH_ERR_STALE_TAG or -LABYRINTH_ERR_BAD_GRANT
 * (misaligned, or the address is granted already on any queue).  An asked
 * request may be granted or denied, a refused one only granted; it keeps its
 * tag when it is raised anew.
 */
uint32_t labyrinth_fw_req_tag(const struct labyrinth_fw *fw, uint32_t q);
uint32_t labyrinth_fw_req_waiting(const struct labyrinth_fw *fw, uint32_t q);
int labyrinth_fw_grant(struct labyrinth_fw *fw, uint32_t q, uint32_t tag,
		       uint64_t addr);
int labyrinth_fw_deny(struct labyrinth_fw *fw, uint32_t q, uint32_t tag,
		      uint64_t now);

/*
 * The page to transfer next: the oldest of @q if it is READY (ring) or GRANTED
 * (demand), else NULL.  After the transfer, successful or refused by the bus
 * (then it counts as dropped), call done: the staging page is free again.
 */
const struct labyrinth_fw_page *labyrinth_fw_next(const struct labyrinth_fw *fw,
						  uint32_t q);
void labyrinth_fw_done(struct labyrinth_fw *fw, uint32_t q, bool delivered);
/* Instead of done: the page is lost for a reason of the caller's. */
void labyrinth_fw_drop(struct labyrinth_fw *fw, uint32_t q,
		       enum labyrinth_drop why);
/*
 * Bit per queue that waits for staging room and would take some now: poll these
 * (a generator, a job) or ask for stream_room (the stream) after done, stop and start.
 */
uint32_t labyrinth_fw_waiting(const struct labyrinth_fw *fw);

/*
 * True once, so first see that the event can be sent: the source ended and
 * every page before was done.
 */
bool labyrinth_fw_eos(struct labyrinth_fw *fw, uint32_t q);

/* --- the solver (core/job.c, core/solve.c) ---------------------------------- */
/*
 * One for all queues with LABYRINTH_SOURCE_SOLVE, which have it in turn, a job
 * each.  A job that was begun is answered with one result, staged in its queue
 * whole or not at all; stopping the queue cancels it.  The search itself is done
 * by labyrinth_fw_poll() of the job's queue, LABYRINTH_FW_JOB_STEPS a call.
 */
#define LABYRINTH_FW_JOB_STEPS 256u

/* Would begin take a job of @q now?  (Memory, the solver is free, it is its turn.) */
bool labyrinth_fw_job_ready(const struct labyrinth_fw *fw, uint32_t q);
/*
 * The first piece of a job is there; false: not now.  Ask again when
 * labyrinth_fw_job_ready() says so.
 */
bool labyrinth_fw_job_begin(struct labyrinth_fw *fw, uint32_t q,
			    uint32_t cookie, uint64_t now);
/* A job of @q is open, and its next piece can be pushed. */
bool labyrinth_fw_job_room(const struct labyrinth_fw *fw, uint32_t q);
/* The next piece; nothing happens without room. */
void labyrinth_fw_job_push(struct labyrinth_fw *fw, uint32_t q,
			   const uint8_t *data, size_t n, uint64_t now);
/*
 * A piece of the open job cannot be had: LABYRINTH_SOLVE_BAD_DESC or _DMA is its
 * result, unless it has one.  It is still open, and its other pieces are skipped.
 */
void labyrinth_fw_job_fail(struct labyrinth_fw *fw, uint32_t q, uint32_t status,
			   uint64_t now);
/* That was the open job's last piece. */
void labyrinth_fw_job_end(struct labyrinth_fw *fw, uint32_t q, uint64_t now);

/* --- data ------------------------------------------------------------------ */

/* Of data in pieces: start with 0, then with what the piece before gave. */
uint32_t labyrinth_crc32c(uint32_t crc, const void *data, size_t n);

/*
 * Page @seq of a generator: length in @min..@max (the mix depends on seed,
 * queue and seq only), bytes by xorshift64*; the first eight bytes are the
 * sequence number in little-endian order where the page has eight.  Returns
 * the length.
 */
uint32_t labyrinth_gen_page(uint64_t seed, uint32_t queue, uint64_t seq,
			    uint32_t min, uint32_t max, uint8_t *data);

#endif /* LABYRINTH_FW_H */
