// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver loaded in other ways: fewer vectors, INTx, other policies, a pool
 * that is too small on purpose.  The data is right in each of them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lab.h"

#define PAGES 1000

static bool is_rt(void)
{
	return !access("/sys/kernel/realtime", F_OK);
}

struct job {
	pthread_t thread;
	struct lab_rx *rx;
	int err;
};

static void *run_job(void *arg)
{
	struct job *job = arg;

	job->err = lab_receive(job->rx, 0);
	return NULL;
}

/* All queues with @pages each, from first to last; the first error. */
static int run_all(struct lab_rx *rx, uint32_t mode, uint32_t depth, uint64_t pages)
{
	struct job job[LAB_QUEUES];
	int i, err = 0;

	for (i = 0; i < LAB_QUEUES; i++) {
		struct labyrinth_bind bind = lab_generator(i, mode, pages);

		bind.depth = depth;
		err = lab_bind(&rx[i], &bind);
		if (err)
			return err;
	}
	for (i = 0; i < LAB_QUEUES; i++) {
		job[i] = (struct job){ .rx = &rx[i] };
		if (pthread_create(&job[i].thread, NULL, run_job, &job[i]))
			return -EAGAIN;
	}
	for (i = 0; i < LAB_QUEUES; i++) {
		pthread_join(job[i].thread, NULL);
		err = err ? err : job[i].err;
	}
	return err;
}

/* Loads the module with @params, and waits for its device if there is to be one. */
static void begin(struct __test_metadata *_metadata, struct lab_rx *rx, const char *params,
		  bool device)
{
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		rx[i].fd = -1;
	if (!getenv("LAB_MODULE_DIR"))
		return;
	ASSERT_EQ(0, lab_unload());
	ASSERT_EQ(0, lab_load(params));
	EXPECT_EQ(device, device ? lab_wait_device() : !access(LAB_DEV, F_OK));
}

/* Everything back, and the module as it was. */
static void end(struct __test_metadata *_metadata, struct lab_rx *rx, bool device)
{
	int i;

	for (i = 0; i < LAB_QUEUES; i++)
		lab_close(&rx[i]);
	if (!getenv("LAB_MODULE_DIR"))
		return;
	if (device)
		EXPECT_TRUE(lab_pages_back());
	EXPECT_EQ(0, lab_unload());
	EXPECT_EQ(0, lab_load(""));
	EXPECT_TRUE(lab_wait_device());
}

FIXTURE(loaded) {
	struct lab_rx rx[LAB_QUEUES];
	bool refused;
};

FIXTURE_VARIANT(loaded) {
	const char *params;
	int vectors;
	bool not_rt;		/* the policy is refused on PREEMPT_RT */
	bool no_ring;		/* not even one page for each queue */
};

FIXTURE_VARIANT_ADD(loaded, intx) { .params = "intx=1", .vectors = 0 };
FIXTURE_VARIANT_ADD(loaded, one_vector) { .params = "vectors=1", .vectors = 1 };
FIXTURE_VARIANT_ADD(loaded, two_vectors) { .params = "vectors=2", .vectors = 2 };
FIXTURE_VARIANT_ADD(loaded, three_vectors) { .params = "vectors=3", .vectors = 3 };
FIXTURE_VARIANT_ADD(loaded, depth_2) { .params = "depth=2", .vectors = LAB_QUEUES + 1 };
FIXTURE_VARIANT_ADD(loaded, policy_pool) { .params = "policy=pool", .vectors = LAB_QUEUES + 1 };
FIXTURE_VARIANT_ADD(loaded, policy_direct) {
	.params = "policy=direct", .vectors = LAB_QUEUES + 1, .not_rt = true
};
FIXTURE_VARIANT_ADD(loaded, tiny_pool) {
	.params = "policy=pool pool_pages=8 pool_max=8", .vectors = LAB_QUEUES + 1
};
FIXTURE_VARIANT_ADD(loaded, single_page) {
	.params = "policy=pool pool_pages=1 pool_max=1", .vectors = LAB_QUEUES + 1, .no_ring = true
};

FIXTURE_SETUP(loaded)
{
	self->refused = variant->not_rt && is_rt();
	begin(_metadata, self->rx, variant->params, !self->refused);
}

FIXTURE_TEARDOWN(loaded)
{
	end(_metadata, self->rx, !self->refused);
}

static void expect_right(struct __test_metadata *_metadata, struct lab_rx *rx, uint64_t pages)
{
	struct labyrinth_queue_stats stats;
	int i;

	for (i = 0; i < LAB_QUEUES; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_EQ(pages, rx[i].pages);
		EXPECT_EQ(pages, stats.produced);
		EXPECT_EQ(pages, stats.delivered);
		EXPECT_EQ(0, rx[i].gaps);
		EXPECT_TRUE(lab_clean(&rx[i]));
		EXPECT_EQ(0, stats.invalid + stats.failed + stats.refused);
		EXPECT_EQ(stats.isr_contexts[2], lab_isr_pages(&stats));
		EXPECT_EQ(0, stats.isr_contexts[0] + stats.isr_contexts[1]);
	}
}

TEST_F_TIMEOUT(loaded, all_queues_work, 300)
{
	static const uint32_t modes[] = { LABYRINTH_MODE_DEMAND, LABYRINTH_MODE_RING };
	struct labyrinth_info info;
	int i, m;

	if (!getenv("LAB_MODULE_DIR"))
		SKIP(return, "LAB_MODULE_DIR is not set");
	if (self->refused)
		SKIP(return, "this policy is refused on PREEMPT_RT, as it has to be");
	ASSERT_EQ(0, lab_info(&info));
	EXPECT_EQ(variant->vectors, info.vectors);
	for (m = 0; m < 2; m++) {
		if (variant->no_ring && modes[m] == LABYRINTH_MODE_RING) {
			EXPECT_EQ(-ENOSPC, run_all(self->rx, modes[m], 0, PAGES));
			continue;
		}
		ASSERT_EQ(0, run_all(self->rx, modes[m], 0, PAGES));
		expect_right(_metadata, self->rx, PAGES);
		for (i = 0; i < LAB_QUEUES; i++)
			lab_close(&self->rx[i]);
		EXPECT_TRUE(lab_pages_back());
	}
}

/* --- too few pages ------------------------------------------------------------------ */

FIXTURE(scarce) {
	struct lab_rx rx[LAB_QUEUES];
};

FIXTURE_VARIANT(scarce) {
	const char *params;
	bool stays;		/* it never gets more */
	bool buddy;		/* the ISR may go on to the page allocator, but not on PREEMPT_RT */
};

FIXTURE_VARIANT_ADD(scarce, tiny_pool) {
	.params = "policy=pool pool_pages=8 pool_max=8", .stays = true
};
FIXTURE_VARIANT_ADD(scarce, single_page) {
	.params = "policy=pool pool_pages=1 pool_max=1", .stays = true
};
FIXTURE_VARIANT_ADD(scarce, growing_pool) { .params = "policy=pool pool_pages=8 pool_max=1024" };
FIXTURE_VARIANT_ADD(scarce, falling_back) {
	.params = "policy=fallback pool_pages=8 pool_max=1024", .buddy = true
};

FIXTURE_SETUP(scarce)
{
	begin(_metadata, self->rx, variant->params, true);
}

FIXTURE_TEARDOWN(scarce)
{
	end(_metadata, self->rx, true);
}

/* Requests are denied, each of them is granted later, and nothing is lost. */
TEST_F_TIMEOUT(scarce, denied_requests_are_granted_late, 300)
{
	uint64_t denied = 0, late = 0, buddy = 0, none = 0;
	struct labyrinth_queue_stats stats;
	int i;

	if (!getenv("LAB_MODULE_DIR"))
		SKIP(return, "LAB_MODULE_DIR is not set");
	ASSERT_EQ(0, run_all(self->rx, LABYRINTH_MODE_DEMAND, 64, PAGES));
	expect_right(_metadata, self->rx, PAGES);
	for (i = 0; i < LAB_QUEUES; i++) {
		ASSERT_EQ(0, lab_queue_stats(i, &stats));
		EXPECT_LE(stats.produced, lab_isr_pages(&stats) + stats.late_grants);
		denied += stats.denied;
		late += stats.late_grants;
		buddy += stats.isr_allocs[4];
		none += stats.isr_allocs[5];
	}
	EXPECT_GE(denied, late);
	if (variant->stays) {
		EXPECT_GT(late, 0);
		EXPECT_GT(none, 0);
	}
	EXPECT_EQ(variant->buddy && !is_rt(), buddy > 0);
}

/* --- parameters that make no sense ------------------------------------------------- */

FIXTURE(refused) {
	int unused;
};

FIXTURE_VARIANT(refused) {
	const char *params;
};

FIXTURE_VARIANT_ADD(refused, policy) { .params = "policy=best" };
FIXTURE_VARIANT_ADD(refused, mode) { .params = "mode=both" };
FIXTURE_VARIANT_ADD(refused, depth_odd) { .params = "depth=100" };
FIXTURE_VARIANT_ADD(refused, depth_none) { .params = "depth=0" };
FIXTURE_VARIANT_ADD(refused, depth_beyond) { .params = "depth=4096" };
FIXTURE_VARIANT_ADD(refused, bounds_crossed) { .params = "pool_pages=100 pool_max=99" };
FIXTURE_VARIANT_ADD(refused, allocator) { .params = "allocator=best" };
FIXTURE_VARIANT_ADD(refused, bottom) { .params = "bottom=middle" };
FIXTURE_VARIANT_ADD(refused, page_pool_in_hardirq) { .params = "allocator=page_pool" };
FIXTURE_VARIANT_ADD(refused, policy_of_another) {
	.params = "allocator=page bottom=softirq policy=pool"
};

FIXTURE_VARIANT_ADD(refused, isolate_of_another) {
	.params = "allocator=mempool bottom=softirq isolate=strict"
};

FIXTURE_SETUP(refused)
{
	if (!getenv("LAB_MODULE_DIR"))
		return;
	ASSERT_EQ(0, lab_unload());
}

FIXTURE_TEARDOWN(refused)
{
	if (!getenv("LAB_MODULE_DIR"))
		return;
	lab_unload();
	EXPECT_EQ(0, lab_load(""));
	EXPECT_TRUE(lab_wait_device());
}

TEST_F(refused, the_module_does_not_load)
{
	if (!getenv("LAB_MODULE_DIR"))
		SKIP(return, "LAB_MODULE_DIR is not set");
	EXPECT_EQ(-EINVAL, lab_load(variant->params));
}

TEST_HARNESS_MAIN
