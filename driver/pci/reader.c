// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - from a ready page to a reader's buffer
 *
 * Contract: the caller holds the file's mutex, so a queue has one reader at a
 * time and each record is had once.  A page is copied from outside the queue's
 * lock, with its slot marked busy: whoever takes the device away then leaves the
 * page to the reader, which frees it late.  Only the bytes that the device wrote
 * are ever copied, and with seal=1 only those that fit their CRC.  A copy that faults
 * consumes nothing.
 *
 * A page that is not labyrinth's has to come back before its device goes.  So it is copied
 * with page faults off, and what is missing is faulted in between two tries, while the page
 * is nobody's.
 */
#include <linux/align.h>

#include "bottom.h"
#include "buffers.h"

/**
 * labyrinth_queue_readable - would a read return at once
 * @q: the queue
 *
 * Context: any; takes the queue's lock.
 */
bool labyrinth_queue_readable(struct labyrinth_queue *q)
{
	unsigned long flags;
	bool readable;

	flags = labyrinth_lock(q);
	readable = !list_empty(&q->ready) || q->at_eos != LABYRINTH_EOS_NONE ||
		   q->phase == LABYRINTH_STOPPED || q->phase == LABYRINTH_FAILED ||
		   labyrinth_state(q->ldev) >= LABYRINTH_DEAD;
	labyrinth_unlock(q, flags);
	return readable;
}

static int labyrinth_nothing_ready(struct labyrinth_queue *q)
{
	if (q->at_eos != LABYRINTH_EOS_NONE)
		return 0;
	switch (q->phase) {
	case LABYRINTH_STOPPED:
		return 0;
	case LABYRINTH_FAILED:
		return q->error;
	default:
		return -EAGAIN;
	}
}

/*
 * The oldest ready slot, marked busy; or NULL with what read() is to return:
 * 0 at the end of the data, -EAGAIN if there is nothing yet, another errno.
 * The end of the source is told once between two pages, but only by a read
 * that has nothing else to return (@first).
 */
static struct labyrinth_slot *labyrinth_oldest(struct labyrinth_queue *q, bool first, int *ret)
{
	struct labyrinth_slot *slot = NULL;
	unsigned long flags;

	flags = labyrinth_lock(q);
	if (labyrinth_state(q->ldev) >= LABYRINTH_DEAD) {
		*ret = -ENODEV;
	} else if (q->at_eos == LABYRINTH_EOS_UNREAD) {
		if (first)
			q->at_eos = LABYRINTH_EOS_READ;
		*ret = 0;
	} else {
		slot = list_first_entry_or_null(&q->ready, struct labyrinth_slot, node);
		if (slot) {
			q->at_eos = LABYRINTH_EOS_NONE;
			slot->busy = true;
		} else {
			*ret = labyrinth_nothing_ready(q);
		}
	}
	labyrinth_unlock(q, flags);
	return slot;
}

/* The reader has @bytes more of the slot, and with @whole all that it holds. */
static void labyrinth_done(struct labyrinth_queue *q, struct labyrinth_slot *slot,
			   unsigned int bytes, bool whole)
{
	unsigned long flags;

	labyrinth_buffer_seen();
	flags = labyrinth_lock(q);
	slot->busy = false;
	slot->offset += bytes;
	if (whole && slot->status == LABYRINTH_COMP_OK) {
		q->count.delivered++;
		q->count.delivered_bytes += slot->length;
	}
	if (whole && slot->eos)
		q->at_eos = LABYRINTH_EOS_UNREAD;
	if (whole || slot->orphan) {
		if (!slot->orphan)
			q->nr_ready--;
		else if (!whole && slot->status == LABYRINTH_COMP_OK)
			q->count.discarded++;
		slot->orphan = false;
		list_move(&slot->node, &q->free);
		if (labyrinth_page_ok(slot->page))
			labyrinth_buffer_release(q, slot);
		else
			q->nr_empty--;
	}
	labyrinth_unlock(q, flags);
}

/* One record; 0 or a negative errno, in which case nothing was consumed. */
static int labyrinth_copy_record(const struct labyrinth_queue *q,
				 const struct labyrinth_slot *slot, struct iov_iter *to)
{
	static const u8 zeros[8];
	const struct labyrinth_record record = {
		.seq = slot->seq,
		.ready_ns = slot->ready_ns,
		.length = slot->length,
		.crc32c = slot->crc32c,
		.queue = q->index,
		.status = slot->status,
	};
	size_t pad = ALIGN(slot->length, 8) - slot->length;
	size_t want = sizeof(record) + slot->length + pad;
	size_t copied;

	if (iov_iter_count(to) < want)
		return -EMSGSIZE;
	copied = copy_to_iter(&record, sizeof(record), to);
	if (copied == sizeof(record) && slot->length)
		copied += copy_to_iter(labyrinth_slot_data(q, slot), slot->length, to);
	if (copied == want - pad && pad)
		copied += copy_to_iter(zeros, pad, to);
	if (copied == want)
		return 0;
	iov_iter_revert(to, copied);
	return -EFAULT;
}

static int labyrinth_read_record(struct labyrinth_queue *q, struct labyrinth_slot *slot,
				 struct iov_iter *to)
{
	int err = labyrinth_copy_record(q, slot, to);

	labyrinth_done(q, slot, 0, !err);
	return err;
}

/* What fits of a page; a page whose data was lost is an error in the stream. */
static int labyrinth_read_stream(struct labyrinth_queue *q, struct labyrinth_slot *slot,
				 bool first, struct iov_iter *to)
{
	size_t left = slot->length - slot->offset;
	size_t copied;

	if (slot->status != LABYRINTH_COMP_OK) {
		labyrinth_done(q, slot, 0, first);
		return -EIO;
	}
	left = min(left, iov_iter_count(to));
	copied = left ? copy_to_iter(labyrinth_slot_data(q, slot) + slot->offset, left, to) : 0;
	labyrinth_done(q, slot, copied, slot->offset + copied == slot->length);
	return copied == left ? 0 : -EFAULT;
}

/*
 * Does the reader have to feed the queue?  A denied request waits for nothing
 * else.  Posted buffers are the ISR's to refill, as long as enough of them are
 * out to bring the next interrupt soon.
 */
static bool labyrinth_hungry(struct labyrinth_queue *q)
{
	if (!READ_ONCE(q->starved))
		return false;
	return q->config.mode == LABYRINTH_MODE_DEMAND ||
	       2 * READ_ONCE(q->nr_granted) < q->post_max;
}

/* Its page is the reader's from now on; if it is not, nothing was consumed. */
static int labyrinth_take_slot(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	int err = labyrinth_buffer_own(q, slot);

	if (!err) {
		if (static_branch_unlikely(&labyrinth_sealing))
			labyrinth_seal_check(q, slot);
		return 0;
	}
	labyrinth_done(q, slot, 0, false);
	return labyrinth_state(q->ldev) >= LABYRINTH_DEAD ? -ENODEV : -EIO;
}

/* The reader's memory for at least, and at most, so many bytes: is it there now */
static bool labyrinth_fault_in(struct iov_iter *to, size_t least, size_t most)
{
	if (!static_branch_unlikely(&labyrinth_prompt))
		return false;
	return most - fault_in_iov_iter_writeable(to, most) >= least;
}

/* After a fault: can the copy be tried again?  A record is had whole, a stream in parts. */
static bool labyrinth_again(struct labyrinth_queue *q, unsigned int length, struct iov_iter *to)
{
	size_t record = sizeof(struct labyrinth_record) + ALIGN(length, 8);

	if (q->config.format == LABYRINTH_FORMAT_RECORD)
		return labyrinth_fault_in(to, record, record);
	return labyrinth_fault_in(to, 1, min_t(size_t, iov_iter_count(to), length));
}

/**
 * labyrinth_queue_read - copy what is ready
 * @q: the queue
 * @to: where to; in the record format whole records only
 *
 * Context: process, may sleep (page faults); the file's mutex is held.
 * Return: bytes; 0 at the end of the data; -EAGAIN with nothing ready yet;
 * -EMSGSIZE, -EFAULT; -EIO where a page of a stream was lost; or why
 * the queue ended: -ECONNRESET after a reset, -EIO, -ENODEV.
 */
ssize_t labyrinth_queue_read(struct labyrinth_queue *q, struct iov_iter *to)
{
	bool stream = q->config.format == LABYRINTH_FORMAT_STREAM;
	size_t room = iov_iter_count(to);
	int err = 0;

	while (iov_iter_count(to)) {
		bool first = iov_iter_count(to) == room;
		struct labyrinth_slot *slot = labyrinth_oldest(q, first, &err);
		unsigned int length;

		if (!slot)
			break;
		length = slot->length;
		err = labyrinth_take_slot(q, slot);
		if (err)
			break;
		if (stream)
			err = labyrinth_read_stream(q, slot, first, to);
		else
			err = labyrinth_read_record(q, slot, to);
		if (unlikely(err) && (err != -EFAULT || !labyrinth_again(q, length, to)))
			break;
	}
	if (labyrinth_hungry(q))
		labyrinth_queue_feed(q);
	if (READ_ONCE(q->ldev->starved))
		labyrinth_feed_starved(q->ldev);
	return room - iov_iter_count(to) ?: err;
}

/**
 * labyrinth_queue_discard - give back the pages that no reader will have
 * @q: the queue; it does not run
 *
 * A slot that a reader copies from at this moment is left to that reader.
 *
 * Context: process; takes the queue's lock.
 */
void labyrinth_queue_discard(struct labyrinth_queue *q)
{
	struct labyrinth_slot *slot, *next;
	unsigned long flags;

	flags = labyrinth_lock(q);
	list_for_each_entry_safe(slot, next, &q->ready, node) {
		q->nr_ready--;
		if (slot->busy) {
			slot->orphan = true;
			list_del_init(&slot->node);
			continue;
		}
		if (slot->status == LABYRINTH_COMP_OK)
			q->count.discarded++;
		if (labyrinth_page_ok(slot->page))
			labyrinth_buffer_release(q, slot);
		else
			q->nr_empty--;
		list_move(&slot->node, &q->free);
	}
	q->at_eos = LABYRINTH_EOS_NONE;
	labyrinth_unlock(q, flags);
}
