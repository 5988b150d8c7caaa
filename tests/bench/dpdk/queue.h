/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of the accelerator, driven from user space: rings in DPDK's memory, buffers from an rte_mempool
 *
 * Contract: one lcore at a time works on a queue.  A buffer is an mbuf with a page of its own (pinned
 * external memory); it is in the pool, lent to the device (q->lent), or with the caller, who gets
 * it from queue_receive() and gives it back to the pool.  queue_stop() returns only when the device can
 * write none of them any more, or says that it cannot tell.
 */
#ifndef LABYRINTH_QUEUE_H
#define LABYRINTH_QUEUE_H

#include <rte_mbuf.h>
#include <rte_memzone.h>
#include <stdbool.h>

#include "pmd.h"

#define QUEUE_BATCH	32	/* buffers that are posted with one doorbell */
#define QUEUE_GRANTS	16	/* more than the device has staging pages */

struct queue_config {
	bool demand;
	uint32_t depth;		/* buffers that the device may hold, a power of two */
	uint64_t seed;
	uint64_t count;		/* pages to produce */
	uint32_t period_ns;
	uint32_t burst;
	uint32_t size_min;
	uint32_t size_max;
	bool interrupts;
	uint32_t mod_packets;
	uint32_t mod_usec;
};

/* A page that came; mbuf->buf_addr has the data */
struct queue_page {
	struct rte_mbuf *mbuf;
	uint64_t seq;
	uint64_t ready_ns;
	uint32_t crc32c;
	uint32_t length;
};

/* What the device says, read by queue_stop() */
struct queue_device {
	uint64_t produced;
	uint64_t delivered;
	uint64_t dropped[LABYRINTH_DROP_REASONS];
	uint64_t bytes;
	uint64_t irqs;
	uint64_t refused;
};

struct queue {
	unsigned int index;
	struct queue_config config;
	struct rte_mempool *pool;
	uint8_t *regs;			/* the kernel's page of registers, here ours too */
	uint8_t *user;			/* the user's page */
	const struct rte_memzone *zone;

	struct labyrinth_completion *cq;
	uint32_t cq_size;
	uint32_t cq_head;
	uint32_t cq_told;		/* the device knows of */

	struct labyrinth_desc *pq;
	struct rte_mbuf **lent;		/* by slot of the ring, which is the cookie */
	uint32_t pq_tail;
	uint32_t nr_lent;		/* demand: granted */
	struct {
		uint32_t tag;
		struct rte_mbuf *mbuf;
	} grant[QUEUE_GRANTS];

	bool ended;			/* the device said that no more comes */
	uint64_t ended_at;		/* ... after so many pages */
	uint64_t reads;			/* of registers, while data comes */
	uint64_t writes;
	uint64_t gets;			/* buffers taken from the pool */
	uint64_t misses;		/* times that it had none */
	uint64_t puts;
	uint64_t lost;			/* buffers that came back without data */
	uint64_t garbage;		/* completions that make no sense */
	uint32_t most_out;		/* buffers out of the pool at a time */
	struct queue_device device;
};

/* Memory for the rings; 0 or a negative errno */
int queue_make(struct queue *q, unsigned int index, const struct queue_config *config,
	       struct rte_mempool *pool);
void queue_end(struct queue *q);

/* Counters and sequence from 0; 0, -EINVAL if the device refuses the configuration, -ENOMEM without buffers */
int queue_start(struct queue *q, uint32_t period_ns);

/* The pages that came meanwhile, at most @count; buffers for the device are filled up on the way */
unsigned int queue_receive(struct queue *q, struct queue_page *page, unsigned int count);

/* Tell the device how far we are and let it interrupt for the next */
void queue_arm(struct queue *q);

/* 0, or -ETIMEDOUT if the device does not stop: it was reset then, and its counts are lost */
int queue_stop(struct queue *q);

/* demand.c: answer the requests that wait; the completion's buffer, NULL if there was no such grant */
void demand_answer(struct queue *q);
struct rte_mbuf *demand_take(struct queue *q, uint32_t tag);

static inline uint32_t queue_read(struct queue *q, uint32_t offset)
{
	q->reads++;
	return rte_read32(q->regs + offset);
}

static inline void queue_write(struct queue *q, uint32_t offset, uint32_t value)
{
	q->writes++;
	rte_write32(value, q->regs + offset);
}

static inline void queue_write64(struct queue *q, uint32_t offset, uint64_t value)
{
	q->writes++;
	rte_write64(value, q->regs + offset);
}

static inline void queue_write_user(struct queue *q, uint32_t offset, uint32_t value)
{
	q->writes++;
	rte_write32(value, q->user + offset);
}

/* From the pool, which may have fewer free than asked for: then none */
static inline bool queue_get(struct queue *q, struct rte_mbuf **mbuf, unsigned int count)
{
	if (unlikely(rte_mempool_get_bulk(q->pool, (void **)mbuf, count))) {
		q->misses++;
		return false;
	}
	q->gets += count;
	if (q->gets - q->puts > q->most_out)
		q->most_out = q->gets - q->puts;
	return true;
}

static inline void queue_put(struct queue *q, struct rte_mbuf **mbuf, unsigned int count)
{
	if (count)
		rte_mempool_put_bulk(q->pool, (void **)mbuf, count);
	q->puts += count;
}

#endif /* LABYRINTH_QUEUE_H */
