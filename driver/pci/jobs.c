// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - mazes for the solver: from a write() to the device's job ring
 *
 * Contract: a queue that is bound with LABYRINTH_SRC_SOLVE has a job ring and as many
 * pages of coherent memory as that has entries.  A job is copied into the pages of its
 * entries and posted with one doorbell, so that the device never finds half of one.
 * The entries are used again when the device says that it has read them; it is not
 * believed beyond what was posted.  What it reads too late, or again, is another job's
 * or the bytes of one: it never gets at any other memory.  The results come as data.
 *
 * The memory is there from BIND until the queue ends, so that a job that is pending then
 * has nothing of its own that could be left.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "bottom.h"
#include "regs.h"

/* Entries of the ring, each with a page */
#define LABYRINTH_JOB_PIECES	16

/**
 * struct labyrinth_jobs - what a queue has for its jobs
 * @ring:	the job ring
 * @dma:	its address
 * @memory:	a page an entry
 * @memory_dma:	its address
 * @count:	ctl; jobs since BIND, the next one's cookie
 * @tail:	the queue's lock; pieces posted since the start
 * @head:	the queue's lock; of these, that the device has read
 */
struct labyrinth_jobs {
	struct labyrinth_job_desc *ring;
	dma_addr_t dma;
	u8 *memory;
	dma_addr_t memory_dma;
	u32 count;
	u32 tail;
	u32 head;
};

#define LABYRINTH_JOB_RING_BYTES	(LABYRINTH_JOB_PIECES * sizeof(struct labyrinth_job_desc))
#define LABYRINTH_JOB_MEMORY_BYTES	(LABYRINTH_JOB_PIECES * LABYRINTH_PAGE_SIZE)

/**
 * labyrinth_jobs_free - what labyrinth_jobs_alloc() gave
 * @q: the queue; it does not run
 *
 * Context: process; ctl is held.
 */
void labyrinth_jobs_free(struct labyrinth_queue *q)
{
	struct device *dev = &q->ldev->pdev->dev;
	struct labyrinth_jobs *jobs = q->jobs;

	if (!jobs)
		return;
	if (jobs->memory)
		dma_free_coherent(dev, LABYRINTH_JOB_MEMORY_BYTES, jobs->memory,
				  jobs->memory_dma);
	if (jobs->ring)
		dma_free_coherent(dev, LABYRINTH_JOB_RING_BYTES, jobs->ring, jobs->dma);
	kfree(jobs);
	q->jobs = NULL;
}

/**
 * labyrinth_jobs_alloc - memory for jobs, if the queue is to have any
 * @q: the queue, its configuration is set
 *
 * Context: process; ctl is held.
 * Return: 0 or -ENOMEM.
 */
int labyrinth_jobs_alloc(struct labyrinth_queue *q)
{
	struct device *dev = &q->ldev->pdev->dev;
	struct labyrinth_jobs *jobs;

	if (q->config.source != LABYRINTH_SRC_SOLVE)
		return 0;
	jobs = kzalloc(sizeof(*jobs), GFP_KERNEL);
	if (!jobs)
		return -ENOMEM;
	q->jobs = jobs;
	jobs->ring = dma_alloc_coherent(dev, LABYRINTH_JOB_RING_BYTES, &jobs->dma, GFP_KERNEL);
	jobs->memory = dma_alloc_coherent(dev, LABYRINTH_JOB_MEMORY_BYTES, &jobs->memory_dma,
					  GFP_KERNEL);
	if (jobs->ring && jobs->memory)
		return 0;
	labyrinth_jobs_free(q);
	return -ENOMEM;
}

/**
 * labyrinth_jobs_program - tell the device where the ring is, before START
 * @q: the queue
 *
 * Jobs of an earlier start that were not answered are cancelled.
 *
 * Context: process; ctl is held.
 */
void labyrinth_jobs_program(struct labyrinth_queue *q)
{
	struct labyrinth_jobs *jobs = q->jobs;

	if (!jobs)
		return;
	jobs->tail = 0;
	jobs->head = 0;
	labyrinth_qwr64(q, LABYRINTH_QREG_JQ_BASE, jobs->dma);
	labyrinth_qwr(q, LABYRINTH_QREG_JQ_SIZE, LABYRINTH_JOB_PIECES);
}

/* Entries that are not the device's; the queue's lock is held, and it runs. */
static u32 labyrinth_jobs_free_entries(struct labyrinth_queue *q)
{
	struct labyrinth_jobs *jobs = q->jobs;
	u32 head = labyrinth_qrd(q, LABYRINTH_QREG_JQ_HEAD);

	if (head - jobs->head <= jobs->tail - jobs->head)
		jobs->head = head;
	else if (!labyrinth_answers(q->ldev))
		labyrinth_mark_lost(q->ldev);
	else if (++q->count.invalid >= LABYRINTH_INVALID_MAX)
		q->broken = true;
	return LABYRINTH_JOB_PIECES - (jobs->tail - jobs->head);
}

static bool labyrinth_jobs_room(struct labyrinth_queue *q, u32 pieces)
{
	unsigned long flags;
	bool room;

	flags = labyrinth_lock(q);
	room = q->phase == LABYRINTH_RUNNING && q->jobs && !q->draining &&
	       labyrinth_state(q->ldev) == LABYRINTH_LIVE &&
	       labyrinth_jobs_free_entries(q) >= pieces;
	labyrinth_unlock(q, flags);
	return room;
}

/**
 * labyrinth_queue_writable - would a write of any job return at once
 * @q: the queue
 *
 * Context: process; takes the queue's lock.
 */
bool labyrinth_queue_writable(struct labyrinth_queue *q)
{
	return READ_ONCE(q->phase) != LABYRINTH_RUNNING ||
	       labyrinth_jobs_room(q, DIV_ROUND_UP(LABYRINTH_JOB_WRITE_MAX, LABYRINTH_PAGE_SIZE));
}

/* Nobody else posts: ctl is held. */
static int labyrinth_jobs_post(struct labyrinth_queue *q, const u8 *job, size_t size)
{
	struct labyrinth_jobs *jobs = q->jobs;
	u32 pieces = DIV_ROUND_UP(size, LABYRINTH_PAGE_SIZE);
	unsigned long flags;
	int err = -EAGAIN;
	u32 i;

	if (!labyrinth_jobs_room(q, pieces))
		return -EAGAIN;
	for (i = 0; i < pieces; i++) {
		u32 entry = (jobs->tail + i) % LABYRINTH_JOB_PIECES;
		size_t offset = i * LABYRINTH_PAGE_SIZE;
		size_t length = min_t(size_t, size - offset, LABYRINTH_PAGE_SIZE);

		memcpy(jobs->memory + entry * LABYRINTH_PAGE_SIZE, job + offset, length);
		jobs->ring[entry] = (struct labyrinth_job_desc){
			.addr = cpu_to_le64(jobs->memory_dma + entry * LABYRINTH_PAGE_SIZE),
			.cookie = cpu_to_le32(jobs->count),
			.length = cpu_to_le16(length),
			.flags = cpu_to_le16(i + 1 == pieces ? LABYRINTH_JOB_LAST : 0),
		};
	}
	flags = labyrinth_lock(q);
	if (q->phase == LABYRINTH_RUNNING && !q->draining) {
		jobs->tail += pieces;
		jobs->count++;
		labyrinth_qwr(q, LABYRINTH_QREG_JQ_TAIL, jobs->tail);
		err = 0;
	}
	labyrinth_unlock(q, flags);
	return err;
}

static int labyrinth_submit_locked(struct labyrinth_queue *q, const u8 *job, size_t size)
{
	if (labyrinth_state(q->ldev) >= LABYRINTH_DEAD)
		return -ENODEV;
	switch (q->phase) {
	case LABYRINTH_RUNNING:
		if (q->config.source != LABYRINTH_SRC_SOLVE)
			return -EINVAL;
		if (labyrinth_state(q->ldev) != LABYRINTH_LIVE)
			return -EAGAIN;
		return labyrinth_jobs_post(q, job, size);
	case LABYRINTH_FAILED:
		return q->error ?: -EPIPE;
	default:
		return -EPIPE;
	}
}

/**
 * labyrinth_queue_submit - give the solver a job
 * @q: the queue
 * @job: its bytes; the device looks at them first
 * @size: 1..LABYRINTH_JOB_WRITE_MAX
 *
 * Context: process; takes ctl; the file's mutex is held.
 * Return: 0; -EAGAIN while the ring is full or the device does not answer; -EINVAL for
 * a queue that is bound to another source; -EPIPE for one that does not run; or why it
 * ended: -ECONNRESET, -ENODEV.
 */
int labyrinth_queue_submit(struct labyrinth_queue *q, const u8 *job, size_t size)
{
	int err;

	if (mutex_lock_interruptible(&q->ldev->ctl))
		return -ERESTARTSYS;
	err = labyrinth_submit_locked(q, job, size);
	mutex_unlock(&q->ldev->ctl);
	return err;
}

/**
 * labyrinth_jobs_remind - the watch looks: a doorbell may have been lost
 * @q: the queue, it runs
 *
 * Context: process; ctl is held.
 */
void labyrinth_jobs_remind(struct labyrinth_queue *q)
{
	unsigned long flags;

	if (!q->jobs)
		return;
	flags = labyrinth_lock(q);
	if (q->phase == LABYRINTH_RUNNING && !q->draining && !q->broken &&
	    labyrinth_jobs_free_entries(q) < LABYRINTH_JOB_PIECES)
		labyrinth_qwr(q, LABYRINTH_QREG_JQ_TAIL, q->jobs->tail);
	labyrinth_unlock(q, flags);
}
