// SPDX-License-Identifier: GPL-2.0-only
/* Who has a page: owner, CPU, context, purpose, age and caller of each page that is out */
#include <linux/ktime.h>
#include <linux/module.h>

#include "test.h"

#define HOLD_PAGES	256
#define HOLD_AGE_NS	(60ull * NSEC_PER_SEC)

struct hold {
	struct labyrinth *maze;
	labyrinth_page_t page;
	u16 purpose;
	bool pinned;
	struct labyrinth_holder found;
	unsigned int count;
};

static void hold_take(void *arg)
{
	struct hold *hold = arg;

	hold->page = hold->pinned ? labyrinth_alloc_pinned(hold->maze, hold->purpose) :
				    labyrinth_alloc(hold->maze, hold->purpose);
}

static int hold_note(const struct labyrinth_holder *holder, void *arg)
{
	struct hold *hold = arg;

	hold->count++;
	if (holder->page.v == hold->page.v)
		hold->found = *holder;
	return 0;
}

static bool hold_look(struct hold *hold)
{
	hold->count = 0;
	hold->found = (struct labyrinth_holder){ };
	POOL_EXPECT(labyrinth_holders(hold->maze, hold_note, hold) == 0);
	return POOL_EXPECT(hold->found.page.v == hold->page.v);
}

static bool hold_here(const struct hold *hold, enum labyrinth_context context)
{
	POOL_EXPECT(hold->found.tracked);
	POOL_EXPECT(hold->found.holder == hold->purpose);
	POOL_EXPECT(hold->found.context == context);
	POOL_EXPECT(cpu_online(hold->found.cpu));
	POOL_EXPECT(hold->found.age_ns < HOLD_AGE_NS);
	return POOL_EXPECT(within_module(hold->found.caller, THIS_MODULE));
}

static bool hold_in(struct hold *hold, enum labyrinth_place place)
{
	hold->purpose = 100 + place;
	POOL_EXPECT(pool_go(place, hold_take, hold));
	if (!POOL_EXPECT(labyrinth_page_ok(hold->page)))
		return false;
	if (!hold_look(hold) || !hold_here(hold, pool_context(place)))
		pr_info("# place %d, caller %pS\n", place, (void *)hold->found.caller);
	POOL_EXPECT(hold->found.owner == LABYRINTH_OWNER_CPU);
	POOL_EXPECT(hold->count == 1);
	POOL_EXPECT(labyrinth_to_device(hold->maze, hold->page) == 0);
	hold_look(hold);
	POOL_EXPECT(hold->found.owner == LABYRINTH_OWNER_DEVICE);
	POOL_EXPECT(labyrinth_to_cpu(hold->maze, hold->page, 8) == 0);
	POOL_EXPECT(labyrinth_to_user(hold->maze, hold->page, 8) == 0);
	hold_look(hold);
	POOL_EXPECT(hold->found.owner == LABYRINTH_OWNER_USER);
	return POOL_EXPECT(labyrinth_free(hold->maze, hold->page) == 0);
}

static bool pool_case_holders(void)
{
	struct labyrinth_params params = pool_params(HOLD_PAGES, LABYRINTH_POLICY_POOL);
	struct hold hold = { .maze = labyrinth_create(&params) };
	enum labyrinth_place place;

	if (!POOL_EXPECT(!IS_ERR(hold.maze)))
		return false;
	if (!POOL_EXPECT(labyrinth_track(true) == 0))
		return false;
	for (place = 0; place < LABYRINTH_NR_PLACES; place++)
		if (pool_has_place(place))
			hold_in(&hold, place);
	/* the inline call too: while somebody looks it goes the long way */
	hold.pinned = true;
	hold_in(&hold, LABYRINTH_IN_IRQS);
	POOL_EXPECT(labyrinth_track(false) == 0);
	hold.count = 0;
	POOL_EXPECT(labyrinth_holders(hold.maze, hold_note, &hold) == 0 && hold.count == 0);
	return pool_end(hold.maze);
}

/* Off again, and what was taken without it is told as unknown; it nests */
static bool pool_case_untracked(void)
{
	struct labyrinth_params params = pool_params(HOLD_PAGES, LABYRINTH_POLICY_POOL);
	struct hold hold = { .maze = labyrinth_create(&params), .purpose = 7 };
	labyrinth_page_t before;

	if (!POOL_EXPECT(!IS_ERR(hold.maze)))
		return false;
	hold_take(&hold);
	before = hold.page;
	hold_look(&hold);
	POOL_EXPECT(!hold.found.tracked && hold.found.owner == LABYRINTH_OWNER_CPU);
	POOL_EXPECT(labyrinth_track(true) == 0);
	POOL_EXPECT(labyrinth_track(true) == 0);
	POOL_EXPECT(labyrinth_track(false) == 0);
	hold_take(&hold);
	hold_look(&hold);
	POOL_EXPECT(hold.count == 2 && hold.found.tracked);
	POOL_EXPECT(labyrinth_track(false) == 0);
	POOL_EXPECT(labyrinth_free(hold.maze, hold.page) == 0);
	hold_take(&hold);
	hold_look(&hold);
	POOL_EXPECT(!hold.found.tracked);
	POOL_EXPECT(labyrinth_free(hold.maze, hold.page) == 0);
	POOL_EXPECT(labyrinth_free(hold.maze, before) == 0);
	return pool_end(hold.maze);
}

const struct pool_case pool_holder_cases[] = {
	{ "each holder by name, from every place", pool_case_holders },
	{ "what was not tracked is told as unknown", pool_case_untracked },
	{ }
};
