/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass: each lcore works on its queues until their data ends
 *
 * Contract: queue i is lcore i % lcores' from its start to its stop.  Polling never sleeps.  With
 * interrupts a lane looks at a queue until nothing new is there, arms it, and sleeps when it has done so
 * with all that the device named.  Between the marks nothing is done for a page but what the order asks
 * for: its place in the sequence is checked, its header hashed, and its CRC computed or not.
 */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_epoll.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <string.h>

#include "app.h"
#include "labyrinth_fw.h"
#include "../compare/meter.h"

#define LOOKS		65536	/* for nothing, between two looks at the clock */
#define WAKE_MS		1000	/* longest sleep, so that a signal and a device that is stuck are seen */

struct lane {
	struct pass *pass;
	unsigned int number;
	unsigned int open;		/* queues that have not ended */
	unsigned int idle;		/* looks that found nothing */
	uint64_t moved;			/* TSC when something was there last */
};

static bool mine(const struct lane *lane, unsigned int queue)
{
	return queue % lane->pass->lcores == lane->number;
}

static void mark(const struct pass *pass, unsigned int which, uint64_t *when)
{
	if (pass->order->marks && !pass->quick)
		meter_mark(which);
	*when = pmd_time();
}

static void check_page(const struct order *order, struct seen *seen, unsigned int queue,
		       const struct queue_page *page)
{
	if (unlikely(page->seq < seen->next_seq)) {
		seen->bad_seq++;
	} else {
		seen->gaps += page->seq - seen->next_seq;
		seen->next_seq = page->seq + 1;
	}
	seen->hash = meter_hash_page(seen->hash, queue, page->seq, page->length, page->crc32c);
	seen->pages++;
	seen->bytes += page->length;
	if (order->crc && labyrinth_crc32c(0, page->mbuf->buf_addr, page->length) != page->crc32c)
		seen->bad_crc++;
}

/* Pages that came or were dropped, as far as the numbers of those that came tell */
static uint64_t progress(const struct pass *pass)
{
	uint64_t pages = 0;
	unsigned int i;

	for (i = 0; i < pass->order->queues; i++)
		pages += pass->seen[i].next_seq;
	return pages;
}

/*
 * What is between the marks; @gaps: of this queue before these pages.  The last pages are left out like
 * the first, so that what is under way at both marks is alike.
 */
static void count(struct pass *pass, const struct seen *seen, uint64_t gaps, const struct queue_page *page,
		  unsigned int n)
{
	uint64_t now = meter_now(), reached = progress(pass);
	unsigned int i;

	if (pass->over)
		return;
	if (!pass->begun) {
		if (reached >= pass->order->warm) {
			pass->begun = true;
			mark(pass, METER_BEGIN, &pass->begin);
		}
		return;
	}
	for (i = 0; i < n && pass->delay; i++)
		pass->delay[pass->counted + i] = now - page[i].ready_ns;
	pass->counted += n;
	pass->missed += seen->gaps - gaps;
	if (reached >= pass->order->pages - pass->order->warm) {
		mark(pass, METER_END, &pass->end);
		pass->over = true;
	}
	if (pass->quick && pass->missed)
		pass->stop = true;
}

/* What is there, up to a burst; how many pages */
static unsigned int look(struct lane *lane, unsigned int index)
{
	struct pass *pass = lane->pass;
	struct queue *q = &pass->queue[index];
	struct queue_page page[BURST_MAX];
	struct rte_mbuf *done[BURST_MAX];
	uint64_t gaps = pass->seen[index].gaps;
	unsigned int i, n;

	n = queue_receive(q, page, BURST_MAX);
	for (i = 0; i < n; i++) {
		check_page(pass->order, &pass->seen[index], index, &page[i]);
		done[i] = page[i].mbuf;
	}
	queue_put(q, done, n);
	if (n && pass->one)
		count(pass, &pass->seen[index], gaps, page, n);
	return n;
}

static void give_up_if_stuck(struct lane *lane)
{
	struct pass *pass = lane->pass;

	if (rte_rdtsc() - lane->moved > pass->order->patience * rte_get_tsc_hz())
		pass->stuck = pass->stop = true;
}

static void poll_all(struct lane *lane)
{
	struct pass *pass = lane->pass;
	unsigned int i, got;

	while (lane->open && !pass->stop) {
		got = 0;
		for (i = lane->number; i < pass->order->queues; i += pass->lcores) {
			struct queue *q = &pass->queue[i];

			if (q->ended)
				continue;
			got += look(lane, i);
			lane->open -= q->ended;
		}
		if (likely(got))
			lane->idle = 0;
		else if (++lane->idle == LOOKS)
			lane->moved = rte_rdtsc();
		else if (lane->idle % LOOKS == 0)
			give_up_if_stuck(lane);
	}
}

/* All that this queue has, then sleep again */
static void serve(struct lane *lane, unsigned int index)
{
	struct queue *q = &lane->pass->queue[index];

	if (q->ended)
		return;
	while (look(lane, index) == BURST_MAX)
		continue;
	lane->open -= q->ended;
	if (!q->ended)
		queue_arm(q);
}

static void wait_all(struct lane *lane)
{
	struct rte_epoll_event event[LABYRINTH_MAX_QUEUES];
	struct pass *pass = lane->pass;
	int i, n;

	lane->moved = rte_rdtsc();
	while (lane->open && !pass->stop) {
		n = rte_epoll_wait(RTE_EPOLL_PER_THREAD, event, RTE_DIM(event), WAKE_MS);
		for (i = 0; i < n; i++)
			serve(lane, (uintptr_t)event[i].epdata.data);
		if (n > 0)
			lane->moved = rte_rdtsc();
		else
			give_up_if_stuck(lane);
	}
}

static int work(void *argument)
{
	struct lane *lane = argument;
	struct pass *pass = lane->pass;
	unsigned int i;
	int err;

	for (i = 0; i < pass->order->queues; i++) {
		if (!mine(lane, i))
			continue;
		err = pass->order->config.interrupts ? pmd_interrupt_here(i, (void *)(uintptr_t)i) : 0;
		/* the lcore's epoll instance has it from the pass before */
		if (err && err != -EEXIST)
			return err;
		err = queue_start(&pass->queue[i], pass->period);
		if (err)
			return err;
		lane->open++;
	}
	if (pass->order->config.interrupts)
		wait_all(lane);
	else
		poll_all(lane);
	return 0;
}

static int stop_all(struct pass *pass)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < pass->order->queues; i++)
		if (queue_stop(&pass->queue[i]))
			err = -ETIMEDOUT;
	return err;
}

static void fresh(struct pass *pass)
{
	const struct order *order = pass->order;
	unsigned int i;

	pass->stuck = false;
	pass->stop = false;
	pass->over = false;
	pass->counted = 0;
	pass->missed = 0;
	for (i = 0; i < order->queues; i++)
		pass->seen[i] = (struct seen){ .hash = METER_HASH, .count = pass->queue[i].config.count };
	pass->begun = !order->warm;
	pass->begin = pmd_time();
	if (pass->begun)
		mark(pass, METER_BEGIN, &pass->begin);
}

int pass_run(struct pass *pass)
{
	struct lane lane[RTE_MAX_LCORE];
	unsigned int id, n = 1;
	int err;

	fresh(pass);
	lane[0] = (struct lane){ .pass = pass };
	RTE_LCORE_FOREACH_WORKER(id) {
		if (n == pass->lcores)
			break;
		lane[n] = (struct lane){ .pass = pass, .number = n };
		rte_eal_remote_launch(work, &lane[n], id);
		n++;
	}
	err = work(&lane[0]);
	RTE_LCORE_FOREACH_WORKER(id) {
		int other = rte_eal_wait_lcore(id);

		err = err ? err : other;
	}
	if (!pass->over) {
		mark(pass, METER_END, &pass->end);
		pass->missed += pass->one;	/* the last pages never came */
	}
	if (stop_all(pass) || pass->stuck) {
		fprintf(stderr, "labyrinth-dpdk: %s\n", pass->stuck ?
			"no page came for too long: see --patience, and the device's log" :
			"a queue did not stop; the device was reset");
		return EXIT_STUCK;
	}
	if (err) {
		fprintf(stderr, "labyrinth-dpdk: a queue did not start: %s\n", strerror(-err));
		return 1;
	}
	return 0;
}
