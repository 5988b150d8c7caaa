// SPDX-License-Identifier: GPL-2.0-only
/*
 * Under memory pressure a pool gives back what its depot holds above the low mark, and
 * what waits for its mapping
 *
 * The worker refills only below that mark, so the two do not fight.  Trimming takes
 * no lock that sleeps: it may be called from reclaim in any scope.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/version.h>
/* not self-contained in 6.1 */
#include <linux/shrinker.h>

#include "pool.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct labyrinth *lab_shrunk(struct shrinker *shrinker)
{
	return shrinker->private_data;
}
#else
struct lab_shrinker {
	struct shrinker shrinker;
	struct labyrinth *maze;
};

static struct labyrinth *lab_shrunk(struct shrinker *shrinker)
{
	return container_of(shrinker, struct lab_shrinker, shrinker)->maze;
}
#endif

static unsigned long lab_shrink_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct lab_core *core = &lab_shrunk(shrinker)->core;
	u32 depot = lab_load(&core->depot);
	u32 surplus = depot > core->low ? depot - core->low : 0;

	return surplus + lab_load(&core->unmapped) ?: SHRINK_EMPTY;
}

static unsigned long lab_shrink_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct lab_core *core = &lab_shrunk(shrinker)->core;
	u32 depot = lab_load(&core->depot);
	u32 keep = core->low, gone;

	/* what waits for its mapping goes first: it is only remade if the depot runs low */
	gone = lab_drop_apart(core, control->nr_to_scan);
	if (gone || depot <= keep) {
		lab_count_shrunk(core, gone);
		control->nr_scanned = gone;
		return gone ?: SHRINK_STOP;
	}
	/* a block that is mapped as one goes as a whole or not */
	if (control->nr_to_scan > lab_size(core) && depot - keep > control->nr_to_scan)
		keep = depot - control->nr_to_scan;
	else if (depot - keep > lab_size(core))
		keep = depot - lab_size(core);
	gone = lab_trim(core, keep);
	lab_count_shrunk(core, gone);
	control->nr_scanned = gone;
	return gone ?: SHRINK_STOP;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
int lab_shrink_start(struct labyrinth *maze)
{
	maze->shrinker = shrinker_alloc(0, "labyrinth:%s", maze->name);
	if (!maze->shrinker)
		return -ENOMEM;
	maze->shrinker->count_objects = lab_shrink_count;
	maze->shrinker->scan_objects = lab_shrink_scan;
	maze->shrinker->seeks = DEFAULT_SEEKS;
	maze->shrinker->private_data = maze;
	shrinker_register(maze->shrinker);
	return 0;
}

void lab_shrink_stop(struct labyrinth *maze)
{
	shrinker_free(maze->shrinker);
}
#else
int lab_shrink_start(struct labyrinth *maze)
{
	struct lab_shrinker *own = kzalloc(sizeof(*own), GFP_KERNEL);
	int err;

	if (!own)
		return -ENOMEM;
	own->maze = maze;
	own->shrinker.count_objects = lab_shrink_count;
	own->shrinker.scan_objects = lab_shrink_scan;
	own->shrinker.seeks = DEFAULT_SEEKS;
	err = register_shrinker(&own->shrinker, "labyrinth:%s", maze->name);
	if (err) {
		kfree(own);
		return err;
	}
	maze->shrinker = &own->shrinker;
	return 0;
}

void lab_shrink_stop(struct labyrinth *maze)
{
	struct lab_shrinker *own = container_of(maze->shrinker, struct lab_shrinker, shrinker);

	unregister_shrinker(maze->shrinker);
	kfree(own);
}
#endif
