/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Demand mode: the device asks for each buffer when it has data for it
 *
 * A polling driver has no interrupt that says that a request waits, so it reads REQ_TAG each time
 * that it looks: this is what demand mode costs it.
 */
#include "queue.h"

static bool grant(struct queue *q, uint32_t tag)
{
	struct rte_mbuf *mbuf;
	unsigned int i;

	for (i = 0; i < QUEUE_GRANTS && q->grant[i].mbuf; i++)
		continue;
	if (i == QUEUE_GRANTS || !queue_get(q, &mbuf, 1)) {
		queue_write(q, LABYRINTH_QREG_DENY_TAG, tag);
		return false;
	}
	q->grant[i].tag = tag;
	q->grant[i].mbuf = mbuf;
	q->nr_lent++;
	queue_write64(q, LABYRINTH_QREG_GRANT_ADDR, mbuf->buf_iova);
	queue_write(q, LABYRINTH_QREG_GRANT_TAG, tag);
	return true;
}

void demand_answer(struct queue *q)
{
	uint32_t tag;

	if (q->ended)
		return;
	do {
		tag = queue_read(q, LABYRINTH_QREG_REQ_TAG);
		if (tag == UINT32_MAX)
			return;	/* no answer from the device */
	} while (tag && grant(q, tag));
}

struct rte_mbuf *demand_take(struct queue *q, uint32_t tag)
{
	struct rte_mbuf *mbuf;
	unsigned int i;

	for (i = 0; i < QUEUE_GRANTS; i++) {
		mbuf = q->grant[i].mbuf;
		if (mbuf && q->grant[i].tag == tag) {
			q->grant[i].mbuf = NULL;
			q->nr_lent--;
			return mbuf;
		}
	}
	return NULL;
}
