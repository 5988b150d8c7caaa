// SPDX-License-Identifier: GPL-2.0-only
/*
 * labyrinth - seal=1: what a reader gets is what the device checksummed
 *
 * Contract: a page is copied, the copy is checked against the completion's CRC-32C, and
 * only the copy is shown to user space: what the device writes to the page afterwards
 * changes nothing, what it wrote too late, or not at all, is found.  Such a page is
 * counted (corrupt) and becomes a record without data.  Without seal=1 all of this is
 * one patched no-op for a read.
 */
#include <linux/crc32.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "bottom.h"
#include "buffers.h"

static bool seal;
module_param(seal, bool, 0444);
MODULE_PARM_DESC(seal, "check each page against its CRC when it is handed to a reader (default N)");

DEFINE_STATIC_KEY_FALSE(labyrinth_sealing);

/** labyrinth_seal_init - at load */
void labyrinth_seal_init(void)
{
	if (!seal)
		return;
	static_branch_enable(&labyrinth_sealing);
	static_branch_enable(&labyrinth_elsewhere);
}

/**
 * labyrinth_seal_prepare - room for the copy of a page
 * @q: a queue that is being bound
 *
 * Context: process; ctl is held.
 * Return: 0 or -ENOMEM.
 */
int labyrinth_seal_prepare(struct labyrinth_queue *q)
{
	if (static_branch_unlikely(&labyrinth_sealing))
		q->copy = kmalloc(LABYRINTH_PAGE_SIZE, GFP_KERNEL);
	return static_branch_unlikely(&labyrinth_sealing) && !q->copy ? -ENOMEM : 0;
}

/**
 * labyrinth_seal_check - take the copy of a page, once, and check it
 * @q: the queue; has a copy to write to
 * @slot: claimed by the caller, its page the CPU's
 *
 * If the data is not what the device said, the slot has the status
 * LABYRINTH_STATUS_CORRUPT and no data afterwards.
 *
 * Context: process; the file's mutex is held.
 */
void labyrinth_seal_check(struct labyrinth_queue *q, struct labyrinth_slot *slot)
{
	unsigned long flags;

	if (slot->sealed || slot->status != LABYRINTH_COMP_OK)
		return;
	memcpy(q->copy, labyrinth_buffer_data(q, slot), slot->length);
	slot->sealed = ~__crc32c_le(~0, q->copy, slot->length) == slot->crc32c;
	if (slot->sealed)
		return;
	flags = labyrinth_lock(q);
	q->count.corrupt++;
	slot->status = LABYRINTH_STATUS_CORRUPT;
	slot->length = 0;
	labyrinth_unlock(q, flags);
	dev_warn_ratelimited(&q->ldev->dev, "queue %u: the data of page %llu does not fit its CRC\n",
			     q->index, slot->seq);
}
