/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's side of a pool: the core, the device it is mapped for, the worker
 *
 * Life of a struct labyrinth: made by labyrinth_create(); labyrinth_destroy()
 * frees it if every page came back, else it stays, without the device, until
 * the last late free, and its worker frees it.  Each pool holds the module.
 * labyrinth_free() runs with interrupts off, which is an RCU read side: the
 * worker waits for a grace period before it frees.
 */
#ifndef LAB_POOL_H
#define LAB_POOL_H

#include <linux/dcache.h>
#include <linux/device.h>
#include <linux/irq_work.h>
#include <linux/labyrinth_pool.h>
#include <linux/list.h>
#include <linux/shrinker.h>
#include <linux/workqueue.h>

#include "core.h"

#define LAB_NAME_MAX	32

/* Who took a page; kept while tracking is on */
struct lab_record {
	u64 time;		/* of local_clock() */
	u64 unmapped;		/* when its mapping ended, by the log's clock; 0: it did not */
	u64 was;		/* its DMA address until then */
	unsigned long caller;
	u16 epoch;		/* of the issue that this speaks of */
	u16 holder;
	u16 cpu;
	u8 context;
	bool valid;
};

struct labyrinth {
	struct lab_core core;		/* first: the inline calls read its beginning */

	/* constant after create */
	char name[LAB_NAME_MAX];
	struct device *dev;		/* NULL after destroy */
	enum dma_data_direction dir;
	int node;
	gfp_t zone;			/* __GFP_DMA, __GFP_DMA32 or 0, from the DMA mask */
	enum labyrinth_policy policy;
	enum labyrinth_isolate isolate;
	void (*refilled)(void *arg);
	void *arg;

	struct lab_record *record;	/* [slots], or NULL: not tracked */
	struct list_head all;
	struct irq_work irq;		/* from any context to the worker */
	struct delayed_work work;
	struct hlist_node cpuhp;
	struct shrinker *shrinker;
	struct dentry *folder;
};

/*
 * PREEMPT_RT's rules for the page allocator hold where its locks sleep, and where
 * lockdep checks that they could: there a call from a hard interrupt is a splat.
 */
#define LAB_RT_RULES	(IS_ENABLED(CONFIG_PREEMPT_RT) ||	\
			 IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING))

static inline struct labyrinth *lab_maze(struct lab_core *core)
{
	return container_of(core, struct labyrinth, core);
}

/* main.c */
void lab_maze_free(struct labyrinth *maze);

/* refill.c */
int lab_worker_start(void);
void lab_worker_stop(void);
void lab_worker_init(struct labyrinth *maze);
void lab_worker_cancel(struct labyrinth *maze);
bool lab_buddy_legal(void);
void lab_flush_fronts(struct labyrinth *maze);

/* memory.c */
void lab_memory_init(struct labyrinth *maze);
void lab_page_unmap(struct labyrinth *maze, u32 slot, unsigned int len);
int lab_page_map(struct lab_core *core, u32 slot);

/* isolate.c */
int lab_map_again(struct labyrinth *maze);

/* shrink.c */
int lab_shrink_start(struct labyrinth *maze);
void lab_shrink_stop(struct labyrinth *maze);

/* owners.c */
void lab_report_refusal(struct labyrinth *maze, const char *call, u64 what,
			const struct lab_move *move, int err, unsigned long caller);

/* track.c */
int lab_track_add(struct labyrinth *maze);
void lab_track_remove(struct labyrinth *maze);
void lab_watch_alloc(struct labyrinth *maze, const struct lab_caller *who,
		     const struct lab_grant *grant, u16 holder, unsigned long caller);
int lab_watch_start(void);
void lab_watch_stop(void);
void lab_watch_unmap(struct labyrinth *maze, u32 slot);
void lab_list_unmapped(struct labyrinth *maze, void (*show)(void *arg, const char *line),
		       void *arg);
u32 lab_list_holders(struct labyrinth *maze, void (*show)(void *arg, const char *line),
		     void *arg, u32 most);
bool lab_tracking(void);

/* debugfs.c */
void lab_debugfs_start(void);
void lab_debugfs_stop(void);
void lab_debugfs_add(struct labyrinth *maze);
void lab_debugfs_remove(struct labyrinth *maze);

#endif /* LAB_POOL_H */
