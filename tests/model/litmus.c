// SPDX-License-Identifier: GPL-2.0-only
/* The checker checked: small programs of which is known what a weak memory does */
#include <string.h>

#include "cases.h"

struct litmus {
	uint64_t x, y, plain;
	struct model_lock lock;
	uint64_t box;
};

static struct litmus *l;
/* The tests' own notes, not of the model: what each CPU loaded */
static uint64_t got[MODEL_CPUS], got2[MODEL_CPUS];

static void setup(void)
{
	l = model_new(sizeof(*l));
}

static void begin(void)
{
	memset(got, 0, sizeof(got));
	memset(got2, 0, sizeof(got2));
}

#define LOAD(p, order)		model_load(&(p), sizeof(p), order, MODEL_SITE(#p))
#define STORE(p, v, order)	model_store(&(p), sizeof(p), v, order, MODEL_SITE(#p))

/* Message passing */
static void pass_relaxed(void)
{
	STORE(l->x, 1, MODEL_RELAXED);
	STORE(l->y, 1, MODEL_RELAXED);
}

static void pass_release(void)
{
	STORE(l->x, 1, MODEL_RELAXED);
	STORE(l->y, 1, MODEL_RELEASE);
}

static void get_acquire(void)
{
	if (LOAD(l->y, MODEL_ACQUIRE))
		model_check(LOAD(l->x, MODEL_RELAXED) == 1);
}

static void get_relaxed(void)
{
	if (LOAD(l->y, MODEL_RELAXED))
		model_check(LOAD(l->x, MODEL_RELAXED) == 1);
}

/* The same with a plain payload: a race instead of an old value */
static void payload_relaxed(void)
{
	model_write(l->plain, 1);
	STORE(l->y, 1, MODEL_RELAXED);
}

static void payload_release(void)
{
	model_write(l->plain, 1);
	STORE(l->y, 1, MODEL_RELEASE);
}

static void payload_get(void)
{
	if (LOAD(l->y, MODEL_ACQUIRE))
		model_check(model_read(l->plain) == 1);
}

/* Store buffering: both may miss the other's store, unless there are fences */
static void buffer_0(void)
{
	STORE(l->x, 1, MODEL_RELEASE);
	got[0] = LOAD(l->y, MODEL_ACQUIRE);
}

static void buffer_1(void)
{
	STORE(l->y, 1, MODEL_RELEASE);
	got[1] = LOAD(l->x, MODEL_ACQUIRE);
}

static void buffer_fence_0(void)
{
	STORE(l->x, 1, MODEL_RELAXED);
	model_fence(MODEL_SITE("fence"));
	got[0] = LOAD(l->y, MODEL_RELAXED);
}

static void buffer_fence_1(void)
{
	STORE(l->y, 1, MODEL_RELAXED);
	model_fence(MODEL_SITE("fence"));
	got[1] = LOAD(l->x, MODEL_RELAXED);
}

static void one_saw(void)
{
	model_check(got[0] || got[1]);
}

/* Independent readers of independent writers */
static void write_x(void)
{
	STORE(l->x, 1, MODEL_RELAXED);
}

static void write_y(void)
{
	STORE(l->y, 1, MODEL_RELAXED);
}

static void read_xy(void)
{
	got[2] = LOAD(l->x, MODEL_ACQUIRE);
	got2[2] = LOAD(l->y, MODEL_ACQUIRE);
}

static void read_yx(void)
{
	got[3] = LOAD(l->y, MODEL_ACQUIRE);
	got2[3] = LOAD(l->x, MODEL_ACQUIRE);
}

static void one_order(void)
{
	model_check(!(got[2] && !got2[2] && got[3] && !got2[3]));
}

/* Coherence: of one location nobody sees an older value after a newer */
static void write_twice(void)
{
	STORE(l->x, 1, MODEL_RELAXED);
	STORE(l->x, 2, MODEL_RELAXED);
}

static void read_twice(void)
{
	uint64_t first = LOAD(l->x, MODEL_RELAXED);

	model_check(LOAD(l->x, MODEL_RELAXED) >= first);
}

/* A lock orders, and excludes */
static void locked(void)
{
	model_pin(1);
	model_lock(&l->lock, MODEL_SITE("lock"));
	model_write(l->plain, model_read(l->plain) + 1);
	model_unlock(&l->lock, MODEL_SITE("lock"));
	model_pin(-1);
}

static void locked_unpinned(void)
{
	model_lock(&l->lock, MODEL_SITE("lock"));
	model_unlock(&l->lock, MODEL_SITE("lock"));
}

static void counted_three(void)
{
	model_check(l->plain == 3);
}

static void unlocked(void)
{
	model_write(l->plain, model_read(l->plain) + 1);
}

static void added_relaxed(void)
{
	STORE(l->x, LOAD(l->x, MODEL_RELAXED) + 1, MODEL_RELAXED);
}

static void added(void)
{
	model_rmw(&l->x, sizeof(l->x), MODEL_ADD, 1, 0, MODEL_SITE("x"));
}

static void added_three(void)
{
	model_check(l->x == 3);
}

/* Deadlock, boxes */
static void take_only(void)
{
	model_take(&l->box);
}

static void box_payload(void)
{
	model_write(l->plain, 7);
	model_give(&l->box, 1);
}

static void box_get(void)
{
	model_take(&l->box);
	model_check(model_read(l->plain) == 7);
}

/* An NMI between a load and its store loses a count; it cannot take a held lock */
static void nmi_trying(void)
{
	if (!model_trylock(&l->lock, MODEL_SITE("lock")))
		return;
	model_write(l->plain, model_read(l->plain) + 1);
	model_unlock(&l->lock, MODEL_SITE("lock"));
}

static void nmi_locking(void)
{
	model_lock(&l->lock, MODEL_SITE("lock"));
	model_unlock(&l->lock, MODEL_SITE("lock"));
}

static void added_two(void)
{
	model_check(l->x == 2);
}

#define TEST(name_, ...)	{ .name = name_, .setup = setup, .begin = begin, .bound = 6, .full = 6, __VA_ARGS__ }

const struct model_test model_litmus[] = {
	TEST("litmus: message passing, relaxed stores", .cpu = { pass_relaxed, get_acquire }, .fails = true),
	TEST("litmus: message passing, relaxed load", .cpu = { pass_release, get_relaxed }, .fails = true),
	TEST("litmus: message passing, release and acquire", .cpu = { pass_release, get_acquire }),
	TEST("litmus: payload, relaxed store", .cpu = { payload_relaxed, payload_get }, .fails = true,
	     .expect = "data race"),
	TEST("litmus: payload, release and acquire", .cpu = { payload_release, payload_get }),
	TEST("litmus: store buffering", .cpu = { buffer_0, buffer_1 }, .end = one_saw, .fails = true),
	TEST("litmus: store buffering with fences", .cpu = { buffer_fence_0, buffer_fence_1 },
	     .end = one_saw),
	TEST("litmus: independent readers", .cpu = { write_x, write_y, read_xy, read_yx },
	     .end = one_order, .fails = true),
	TEST("litmus: coherence", .cpu = { write_twice, read_twice, read_twice }),
	TEST("litmus: a lock", .cpu = { locked, locked, locked }, .end = counted_three),
	TEST("litmus: a lock without a pin", .cpu = { locked_unpinned, NULL }, .fails = true,
	     .expect = "locked_unpinned takes lock unpinned"),
	TEST("litmus: no lock", .cpu = { unlocked, unlocked }, .fails = true, .expect = "data race"),
	TEST("litmus: load and store", .cpu = { added_relaxed, added_relaxed, added_relaxed },
	     .end = added_three, .fails = true),
	TEST("litmus: read-modify-write", .cpu = { added, added, added }, .end = added_three),
	TEST("litmus: a wait for ever", .cpu = { take_only, NULL }, .fails = true,
	     .expect = "CPU 0 waits for ever"),
	TEST("litmus: a box", .cpu = { box_payload, box_get }),
	TEST("litmus: NMI in load and store", .cpu = { added_relaxed, NULL }, .nmi = added_relaxed,
	     .end = added_two, .fails = true),
	TEST("litmus: NMI and trylock", .cpu = { locked, locked }, .nmi = nmi_trying),
	TEST("litmus: NMI and lock", .cpu = { locked, NULL }, .nmi = nmi_locking, .fails = true,
	     .expect = "an NMI takes lock"),
};

const unsigned int model_litmus_count = sizeof(model_litmus) / sizeof(model_litmus[0]);
