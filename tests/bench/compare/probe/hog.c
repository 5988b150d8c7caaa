// SPDX-License-Identifier: GPL-2.0-only
/*
 * No free page in the system for a while
 *
 * Contract: writing "LEAVE BEGIN LENGTH" to debugfs compare/hog takes memory until LEAVE pages
 * are free, at once and as any process may; BEGIN microseconds later, in an interrupt, all the
 * rest that an atomic allocation can get, and LENGTH microseconds after that gives that rest
 * back.  A storm of packets that nobody expected does the same to a system.  Writing "0 0 0"
 * gives back everything.
 */
#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmstat.h>

#include "probe.h"

#define HOG_ORDER	9	/* of the largest pieces */

static LIST_HEAD(ballast);		/* pages that a process could have */
static LIST_HEAD(last);			/* pages that an interrupt took */
static struct hrtimer timer;
static u64 length_ns;
static bool taken;

static bool take(struct list_head *list, gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (!page)
		return false;
	set_page_private(page, order);
	list_add(&page->lru, list);
	return true;
}

static void give(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		unsigned int order = page_private(page);

		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
	}
}

static enum hrtimer_restart hog_turn(struct hrtimer *self)
{
	int order;

	if (taken) {
		give(&last);
		taken = false;
		return HRTIMER_NORESTART;
	}
	for (order = HOG_ORDER; order >= 0; order--)
		while (take(&last, GFP_ATOMIC, order))
			;
	taken = true;
	hrtimer_forward_now(self, ns_to_ktime(length_ns));
	return HRTIMER_RESTART;
}

static void take_ballast(unsigned long leave)
{
	int order;

	for (order = HOG_ORDER; order >= 0; order--)
		while (global_zone_page_state(NR_FREE_PAGES) > leave + (1ul << order) &&
		       take(&ballast, GFP_KERNEL | __GFP_NORETRY, order))
			cond_resched();
}

static ssize_t hog_write(struct file *file, const char __user *user, size_t count, loff_t *at)
{
	unsigned long leave;
	u64 begin, length;
	char text[64] = "";

	if (count >= sizeof(text) || copy_from_user(text, user, count))
		return -EINVAL;
	if (sscanf(text, "%lu %llu %llu", &leave, &begin, &length) != 3)
		return -EINVAL;
	hrtimer_cancel(&timer);
	give(&last);
	taken = false;
	if (!length) {
		give(&ballast);
		return count;
	}
	take_ballast(leave);
	length_ns = length * NSEC_PER_USEC;
	hrtimer_start(&timer, ns_to_ktime(begin * NSEC_PER_USEC), HRTIMER_MODE_REL_HARD);
	return count;
}

static const struct file_operations hog_fops = {
	.owner = THIS_MODULE,
	.write = hog_write,
};

void probe_hog_start(struct dentry *folder)
{
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = hog_turn;
	debugfs_create_file("hog", 0200, folder, NULL, &hog_fops);
}

void probe_hog_stop(void)
{
	hrtimer_cancel(&timer);
	give(&last);
	give(&ballast);
}
