// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - from a ready page to a reader's buffer
 *
 * Contract: the caller holds the file's mutex, so a queue has one reader at a
 * time and each record is had once.  A reader claims some of the oldest ready pages under the
 * queue's lock, copies from them outside of it, and gives those that it has read back under
 * the lock, all at once; the others stay ready, in their place.  Whoever takes the device away
 * meanwhile leaves the claimed pages to the reader, which frees them late.  Only the bytes that
 * the device wrote are ever copied, and with seal=1 only those that fit their CRC.  A copy that
 * faults consumes nothing.
 *
 * Nobody waits for a reader's memory with more than one page: the pages that were claimed
 * together are copied with page faults off, and where something is missing the rest is given
 * back and the one page copied by itself.  A page that is not labyrinth's has to come back
 * before its device goes: that one too is copied with page faults off, and what is missing is
 * faulted in between two tries, while the page is nobody's.
 */
#include <linux/align.h>
#include <linux/uaccess.h>

#include "bottom.h"
#include "buffers.h"
#include "chain.h"

/*
 * Pages that a reader claims at once: what it saves is small beyond that, and the lock is held
 * with interrupts off while they are freed
 */
#define LABYRINTH_CLAIM		16u
/* ... of a queue's slots, one in so many, so that the device goes on with the others */
#define LABYRINTH_CLAIM_SHARE	8

/**
 * struct labyrinth_claim - ready pages that a reader has for now
 * @slot:	the oldest; the others follow, though the queue may not have them any more
 * @count:	how many
 * @had:	of these, read to the end
 * @length:	bytes of the page that was looked at last
 */
struct labyrinth_claim {
	struct labyrinth_slot *slot;
	u32 count;
	u32 had;
	u32 length;
};

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
	readable = q->ready.first || q->at_eos != LABYRINTH_EOS_NONE ||
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
 * The oldest ready slots, up to @most; or none with what read() is to return:
 * 0 at the end of the data, -EAGAIN if there is nothing yet, another errno.
 * The end of the source is told once between two pages, but only by a read
 * that has nothing else to return (@first).
 */
static bool labyrinth_claim(struct labyrinth_queue *q, bool first, u32 most,
			    struct labyrinth_claim *claim, int *ret)
{
	unsigned long flags;

	claim->slot = NULL;
	claim->had = 0;
	flags = labyrinth_lock(q);
	if (labyrinth_state(q->ldev) >= LABYRINTH_DEAD) {
		*ret = -ENODEV;
	} else if (q->at_eos == LABYRINTH_EOS_UNREAD) {
		if (first)
			q->at_eos = LABYRINTH_EOS_READ;
		*ret = 0;
	} else {
		claim->slot = q->ready.first;
		claim->count = min(q->nr_ready, most);
		if (claim->slot) {
			q->at_eos = LABYRINTH_EOS_NONE;
			q->nr_claimed = claim->count;
		} else {
			*ret = labyrinth_nothing_ready(q);
		}
	}
	labyrinth_unlock(q, flags);
	return claim->slot;
}

/* A slot that is off its chain, read or not; the queue's lock is held */
static void labyrinth_recycle(struct labyrinth_queue *q, struct labyrinth_slot *slot, bool had)
{
	if (slot->status == LABYRINTH_COMP_OK && had) {
		q->count.delivered++;
		q->count.delivered_bytes += slot->length;
	} else if (slot->status == LABYRINTH_COMP_OK) {
		q->count.discarded++;
	}
	if (labyrinth_page_ok(slot->page))
		labyrinth_buffer_release(q, slot);
	else
		q->nr_empty--;
	labyrinth_chain_push(&q->free, slot);
}

/* The reader looks at none of them any more */
static void labyrinth_unclaim(struct labyrinth_queue *q, const struct labyrinth_claim *claim)
{
	struct labyrinth_slot *slot = claim->slot, *next;
	unsigned long flags;
	u32 i, gone;

	flags = labyrinth_lock(q);
	gone = q->orphaned ? claim->count : claim->had;
	for (i = 0; i < gone; i++, slot = next) {
		next = slot->next;
		if (!q->orphaned) {
			labyrinth_chain_pop(&q->ready);
			q->nr_ready--;
		}
		if (i < claim->had && slot->eos)
			q->at_eos = LABYRINTH_EOS_UNREAD;
		labyrinth_recycle(q, slot, i < claim->had);
	}
	labyrinth_buffers_flush(q);
	q->nr_claimed = 0;
	q->orphaned = false;
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

/* What fits of a page; a page whose data was lost is an error in the stream. */
static int labyrinth_copy_stream(const struct labyrinth_queue *q, struct labyrinth_slot *slot,
				 struct iov_iter *to)
{
	size_t left = slot->length - slot->offset;
	size_t copied;

	if (slot->status != LABYRINTH_COMP_OK)
		return -EIO;
	left = min(left, iov_iter_count(to));
	copied = left ? copy_to_iter(labyrinth_slot_data(q, slot) + slot->offset, left, to) : 0;
	slot->offset += copied;
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

	if (err)
		return labyrinth_state(q->ldev) >= LABYRINTH_DEAD ? -ENODEV : -EIO;
	if (static_branch_unlikely(&labyrinth_sealing))
		labyrinth_seal_check(q, slot);
	return 0;
}

/* One claimed page; 0, or a negative errno.  Whether it was read to its end is in @whole. */
static int labyrinth_copy_slot(struct labyrinth_queue *q, struct labyrinth_slot *slot,
			       struct iov_iter *to, bool first, bool *whole)
{
	int err = labyrinth_take_slot(q, slot);

	*whole = false;
	if (err)
		return err;
	if (q->config.format == LABYRINTH_FORMAT_STREAM) {
		err = labyrinth_copy_stream(q, slot, to);
		/* the error is told instead of the page, if the read has nothing else to tell */
		*whole = err == -EIO ? first : slot->offset == slot->length;
		return err;
	}
	err = labyrinth_copy_record(q, slot, to);
	*whole = !err;
	return err;
}

/* As many of the claimed pages as there is room for, up to the end of the source */
static int labyrinth_copy_claim(struct labyrinth_queue *q, struct labyrinth_claim *claim,
				struct iov_iter *to, bool first)
{
	bool prompt = claim->count > 1 || static_branch_unlikely(&labyrinth_prompt);
	struct labyrinth_slot *slot = claim->slot;
	bool whole;
	int err;

	if (prompt)
		pagefault_disable();
	do {
		claim->length = slot->length;
		err = labyrinth_copy_slot(q, slot, to, first && !claim->had, &whole);
		claim->had += whole;
		/* only the last one may be told at this moment that the source ended after it */
		if (err || !whole || claim->had == claim->count || slot->eos)
			break;
		slot = slot->next;
	} while (iov_iter_count(to));
	if (prompt)
		pagefault_enable();
	return err;
}

/* The reader's memory for at least, and at most, so many bytes: is it there now */
static bool labyrinth_fault_in(struct iov_iter *to, size_t least, size_t most)
{
	return most - fault_in_iov_iter_writeable(to, most) >= least;
}

/*
 * After a fault: can the copy be tried again?  A record is had whole, a stream in parts.
 * @most: pages to claim then
 */
static bool labyrinth_again(struct labyrinth_queue *q, const struct labyrinth_claim *claim,
			    struct iov_iter *to, u32 *most)
{
	size_t record = sizeof(struct labyrinth_record) + ALIGN(claim->length, 8);

	if (!static_branch_unlikely(&labyrinth_prompt)) {
		*most = 1;
		return claim->count > 1;
	}
	if (q->config.format == LABYRINTH_FORMAT_RECORD)
		return labyrinth_fault_in(to, record, record);
	return labyrinth_fault_in(to, 1, min_t(size_t, iov_iter_count(to), claim->length));
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
	size_t room = iov_iter_count(to);
	u32 usual = clamp(q->nr_slots / LABYRINTH_CLAIM_SHARE, 1u, LABYRINTH_CLAIM);
	struct labyrinth_claim claim;
	u32 most = usual;
	int err = 0;

	while (iov_iter_count(to)) {
		bool first = iov_iter_count(to) == room;

		if (!labyrinth_claim(q, first, most, &claim, &err))
			break;
		err = labyrinth_copy_claim(q, &claim, to, first);
		labyrinth_unclaim(q, &claim);
		most = usual;
		if (unlikely(err) && (err != -EFAULT || !labyrinth_again(q, &claim, to, &most)))
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
 * What a reader has claimed at this moment is left to that reader.
 *
 * Context: process; takes the queue's lock.
 */
void labyrinth_queue_discard(struct labyrinth_queue *q)
{
	unsigned long flags;
	u32 claimed;

	flags = labyrinth_lock(q);
	q->orphaned = q->nr_claimed;
	for (claimed = q->nr_claimed; claimed; claimed--) {
		labyrinth_chain_pop(&q->ready);
		q->nr_ready--;
	}
	while (q->nr_ready) {
		labyrinth_recycle(q, labyrinth_chain_pop(&q->ready), false);
		q->nr_ready--;
	}
	labyrinth_buffers_flush(q);
	q->at_eos = LABYRINTH_EOS_NONE;
	labyrinth_unlock(q, flags);
}
