/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and rings as docs/device.md has them
 *
 * Doorbells are dear (each leaves the guest), so posted buffers are told in batches, and in
 * polling so are consumed completions: the device needs to know only before its ring is full.
 */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <stdio.h>
#include <string.h>

#include "queue.h"

#define STOP_US		1000000

static uint32_t post_batch(const struct queue *q)
{
	return RTE_MIN(QUEUE_BATCH, q->config.depth);
}

int queue_make(struct queue *q, unsigned int index, const struct queue_config *config,
	       struct rte_mempool *pool)
{
	/* a completion for each buffer, and as many events */
	uint32_t cq_size = RTE_MIN(2 * config->depth, LABYRINTH_RING_MAX);
	size_t cq_bytes = cq_size * sizeof(*q->cq), pq_bytes = config->depth * sizeof(*q->pq);
	char name[RTE_MEMZONE_NAMESIZE];

	memset(q, 0, sizeof(*q));
	q->index = index;
	q->config = *config;
	q->pool = pool;
	q->regs = pmd.regs + LABYRINTH_PAGE_QUEUE(index);
	q->user = pmd.regs + LABYRINTH_PAGE_USER(index);
	q->cq_size = cq_size;
	snprintf(name, sizeof(name), "labyrinth-q%u", index);
	q->zone = rte_memzone_reserve_aligned(name, cq_bytes + pq_bytes + config->depth * sizeof(*q->lent),
					      SOCKET_ID_ANY, RTE_MEMZONE_IOVA_CONTIG, LABYRINTH_RING_ALIGN);
	if (!q->zone)
		return -ENOMEM;
	q->cq = q->zone->addr;
	q->pq = (void *)((char *)q->cq + cq_bytes);
	q->lent = (void *)((char *)q->pq + pq_bytes);
	return 0;
}

void queue_end(struct queue *q)
{
	if (q->zone)
		rte_memzone_free(q->zone);
	q->zone = NULL;
}

static void program(struct queue *q, uint32_t period_ns)
{
	const struct queue_config *c = &q->config;
	bool moderated = c->interrupts && c->mod_packets > 1 && c->mod_usec;

	queue_write(q, LABYRINTH_QREG_CONFIG, (c->demand ? LABYRINTH_CONFIG_DEMAND : LABYRINTH_CONFIG_RING) |
		    LABYRINTH_SOURCE_GENERATOR << LABYRINTH_CONFIG_SOURCE_SHIFT);
	queue_write(q, LABYRINTH_QREG_VECTOR, LABYRINTH_VEC_QUEUE(q->index));
	queue_write64(q, LABYRINTH_QREG_CQ_BASE, q->zone->iova);
	queue_write(q, LABYRINTH_QREG_CQ_SIZE, q->cq_size);
	if (!c->demand) {
		queue_write64(q, LABYRINTH_QREG_PQ_BASE, q->zone->iova + ((char *)q->pq - (char *)q->cq));
		queue_write(q, LABYRINTH_QREG_PQ_SIZE, c->depth);
	}
	queue_write(q, LABYRINTH_QREG_REQ_TIMEOUT, 100);
	/* who polls wants no interrupt: START arms one, and this puts it off for ever */
	queue_write(q, LABYRINTH_QREG_MOD_PACKETS, c->interrupts ? (moderated ? c->mod_packets : 0) : UINT32_MAX);
	queue_write(q, LABYRINTH_QREG_MOD_USEC, c->interrupts ? (moderated ? c->mod_usec : 0) : UINT32_MAX);
	queue_write64(q, LABYRINTH_QREG_GEN_SEED, c->seed);
	queue_write64(q, LABYRINTH_QREG_GEN_COUNT, c->count);
	queue_write(q, LABYRINTH_QREG_GEN_PERIOD, period_ns);
	queue_write(q, LABYRINTH_QREG_GEN_BURST, c->burst);
	queue_write(q, LABYRINTH_QREG_GEN_SIZE, c->size_max << 16 | c->size_min);
}

/*
 * As many batches as there is room for.  No slot is used again before its buffer came back, so
 * the device has fetched what was there, and PQ_HEAD need not be read.
 */
static void fill_ring(struct queue *q)
{
	const uint32_t batch = post_batch(q), mask = q->config.depth - 1, before = q->pq_tail;
	struct rte_mbuf *mbuf[QUEUE_BATCH];
	uint32_t i;

	while (q->nr_lent + batch <= q->config.depth) {
		/* after a refused descriptor buffers may come back out of turn */
		for (i = 0; i < batch; i++)
			if (unlikely(q->lent[(q->pq_tail + i) & mask]))
				goto tell;
		if (!queue_get(q, mbuf, batch))
			break;
		for (i = 0; i < batch; i++) {
			uint32_t slot = (q->pq_tail + i) & mask;

			q->lent[slot] = mbuf[i];
			q->pq[slot].addr = mbuf[i]->buf_iova;
			q->pq[slot].cookie = slot;
		}
		q->pq_tail += batch;
		q->nr_lent += batch;
	}
tell:
	if (q->pq_tail != before)
		queue_write(q, LABYRINTH_QREG_PQ_TAIL, q->pq_tail);
}

int queue_start(struct queue *q, uint32_t period_ns)
{
	uint32_t i;

	memset(q->zone->addr, 0, q->zone->len);
	for (i = 0; i < q->config.depth; i++)
		q->pq[i].length = LABYRINTH_PAGE_SIZE;
	q->cq_head = 0;
	q->cq_told = 0;
	q->pq_tail = 0;
	q->nr_lent = 0;
	q->ended = false;
	q->ended_at = 0;
	q->lost = 0;
	q->garbage = 0;
	q->most_out = 0;
	q->gets = 0;
	q->puts = 0;
	q->misses = 0;
	memset(q->grant, 0, sizeof(q->grant));
	program(q, period_ns);
	queue_write(q, LABYRINTH_QREG_CTL, LABYRINTH_CTL_START | LABYRINTH_CTL_CLEAR);
	if (queue_read(q, LABYRINTH_QREG_STATE) != LABYRINTH_STATE_RUNNING)
		return -EINVAL;
	/* from here on each access is one for data */
	q->reads = 0;
	q->writes = 0;
	if (!q->config.demand) {
		fill_ring(q);
		if (!q->nr_lent)
			return -ENOMEM;
	}
	return 0;
}

static struct rte_mbuf *take_lent(struct queue *q, uint32_t cookie)
{
	struct rte_mbuf *mbuf;

	if (q->config.demand)
		return demand_take(q, cookie);
	if (unlikely(cookie >= q->config.depth))
		return NULL;
	mbuf = q->lent[cookie];
	q->lent[cookie] = NULL;
	q->nr_lent -= !!mbuf;
	return mbuf;
}

/* An entry that is no page for the caller */
static void take_other(struct queue *q, const struct labyrinth_completion *c, uint16_t flags)
{
	struct rte_mbuf *mbuf;

	if (flags & LABYRINTH_COMP_EVENT) {
		if (c->status != LABYRINTH_COMP_EOS) {
			q->garbage++;
			return;
		}
		q->ended = true;
		q->ended_at = c->seq;
		return;
	}
	mbuf = take_lent(q, c->cookie);
	if (mbuf && c->queue == q->index && (c->status == LABYRINTH_COMP_DMA || c->status == LABYRINTH_COMP_BAD_DESC))
		q->lost++;
	else
		q->garbage++;
	if (mbuf)
		queue_put(q, &mbuf, 1);
}

static bool take_page(struct queue *q, const struct labyrinth_completion *c, struct queue_page *page)
{
	page->mbuf = take_lent(q, c->cookie);
	page->seq = c->seq;
	page->ready_ns = c->ready_ns;
	page->crc32c = c->crc32c;
	page->length = c->length;
	if (likely(page->mbuf && page->length - 1 < LABYRINTH_PAGE_SIZE && c->queue == q->index))
		return true;
	q->garbage++;
	if (page->mbuf)
		queue_put(q, &page->mbuf, 1);
	return false;
}

unsigned int queue_receive(struct queue *q, struct queue_page *page, unsigned int count)
{
	const uint32_t mask = q->cq_size - 1;
	unsigned int got = 0;

	if (q->config.demand)
		demand_answer(q);
	while (got < count) {
		const struct labyrinth_completion *c = &q->cq[q->cq_head & mask];
		uint16_t flags = *(const volatile uint16_t *)&c->flags;

		if ((flags & LABYRINTH_COMP_PHASE) == !!(q->cq_head & q->cq_size))
			break;
		rte_io_rmb();
		q->cq_head++;
		if (likely(!(flags & LABYRINTH_COMP_EVENT) && c->status == LABYRINTH_COMP_OK))
			got += take_page(q, c, &page[got]);
		else
			take_other(q, c, flags);
	}
	if (q->cq_head - q->cq_told >= q->cq_size / 4) {
		q->cq_told = q->cq_head;
		queue_write_user(q, LABYRINTH_UREG_CQ_HEAD, q->cq_head);
	}
	if (!q->config.demand && !q->ended)
		fill_ring(q);
	return got;
}

void queue_arm(struct queue *q)
{
	q->cq_told = q->cq_head;
	queue_write_user(q, LABYRINTH_UREG_CQ_HEAD_ARM, q->cq_head);
}

static uint64_t device_count(struct queue *q, uint32_t offset)
{
	return rte_read64(q->regs + offset);
}

static void read_counts(struct queue *q)
{
	struct queue_device *d = &q->device;
	unsigned int i;

	d->produced = device_count(q, LABYRINTH_QREG_PRODUCED);
	d->delivered = device_count(q, LABYRINTH_QREG_DELIVERED);
	for (i = 0; i < LABYRINTH_DROP_REASONS; i++)
		d->dropped[i] = device_count(q, LABYRINTH_QREG_DROPPED(i));
	d->bytes = device_count(q, LABYRINTH_QREG_BYTES);
	d->irqs = device_count(q, LABYRINTH_QREG_IRQS);
	d->refused = device_count(q, LABYRINTH_QREG_REFUSED);
}

static bool wait_idle(struct queue *q)
{
	unsigned int i;

	rte_write32(LABYRINTH_CTL_STOP, q->regs + LABYRINTH_QREG_CTL);
	for (i = 0; i < STOP_US; i++) {
		if (rte_read32(q->regs + LABYRINTH_QREG_STATE) == LABYRINTH_STATE_IDLE)
			return true;
		rte_delay_us_block(1);
	}
	return false;
}

/* What the device had is ours again */
static void take_back(struct queue *q)
{
	uint32_t i;

	for (i = 0; i < q->config.depth; i++) {
		if (q->lent[i])
			queue_put(q, &q->lent[i], 1);
		q->lent[i] = NULL;
	}
	for (i = 0; i < QUEUE_GRANTS; i++) {
		if (q->grant[i].mbuf)
			queue_put(q, &q->grant[i].mbuf, 1);
		q->grant[i].mbuf = NULL;
	}
	q->nr_lent = 0;
}

int queue_stop(struct queue *q)
{
	bool idle = wait_idle(q);

	memset(&q->device, 0, sizeof(q->device));
	if (idle)
		read_counts(q);
	else if (!pmd_reset())
		return -ETIMEDOUT;	/* it may still write: its buffers stay out of the pool */
	take_back(q);
	return idle ? 0 : -ETIMEDOUT;
}
