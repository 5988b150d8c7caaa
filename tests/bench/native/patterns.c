/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contract: what one core writes for the other - the pages' names - is copied
 * outside of the timed sections, so that a section across cores has only the
 * allocator's own traffic; the patterns with a ring say so in their names.
 */
#include <rte_ring_elem.h>
#include <stdlib.h>
#include <string.h>

#include "other.h"
#include "patterns.h"

#define LOCAL_PAGES	16384	/* of a round on one core */
#define BATCHES		8	/* of BATCH pages, of a round across cores */
#define RING_PAGES	65536	/* of a round with the ring */
#define RING_SIZE	1024
#define TOKEN_RING_SIZE	64	/* as many pages at the most as the pool can do without */

static struct rte_ring *item_ring, *token_ring;
static uint64_t seed = 88172645463325252;

bool patterns_init(void)
{
	item_ring = rte_ring_create("items", RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	token_ring = rte_ring_create_elem("tokens", sizeof(struct labyrinth_run), TOKEN_RING_SIZE,
					  SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return item_ring && token_ring;
}

static uint64_t random_next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* Within each window of so many */
static void shuffle(union item *item, unsigned int count, unsigned int window)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int left = window - i % window;
		unsigned int j = i + random_next() % (left < count - i ? left : count - i);
		union item swap = item[i];

		item[i] = item[j];
		item[j] = swap;
	}
}

static bool one_core(uint64_t (*section)(struct pool *, unsigned int), struct pool *pool,
		     struct timing *timing)
{
	if (section)
		timing->total = (double)section(pool, LOCAL_PAGES) / LOCAL_PAGES;
	return section;
}

static bool run_pair(const struct pattern *self, const struct allocator *how, struct pool *pool,
		     struct timing *timing)
{
	(void)self;
	return one_core(how->pair, pool, timing);
}

static bool run_pair_address(const struct pattern *self, const struct allocator *how, struct pool *pool,
			     struct timing *timing)
{
	(void)self;
	return one_core(how->pair_address, pool, timing);
}

static bool run_kept(const struct pattern *self, const struct allocator *how, struct pool *pool,
		     struct timing *timing)
{
	(void)self;
	return one_core(how->kept, pool, timing);
}

static bool run_bulk(const struct pattern *self, const struct allocator *how, struct pool *pool,
		     struct timing *timing)
{
	(void)self;
	return one_core(how->bulk, pool, timing);
}

static bool run_token(const struct pattern *self, const struct allocator *how, struct pool *pool,
		      struct timing *timing)
{
	(void)self;
	return one_core(how->token, pool, timing);
}

/* The freeing core's part of a batch */
struct batch {
	const struct allocator *how;
	struct pool *pool;
	union item *item;
	unsigned int count;
	bool meet;		/* begin when the other side begins */
	uint64_t cycles;
};

static void free_batch(void *arg)
{
	struct batch *batch = arg;
	static union item item[POOL_PAGES];

	memcpy(item, batch->item, batch->count * sizeof(*item));
	if (batch->meet)
		other_meet();
	batch->cycles = batch->how->put(batch->pool, item, batch->count);
}

/*
 * One core takes a batch; meanwhile, or afterwards if they take turns, the other
 * frees the batch that was taken before.
 */
static bool run_across(const struct pattern *self, const struct allocator *how, struct pool *pool,
		       struct timing *timing)
{
	static union item taken[BATCH], sent[BATCH];
	struct batch batch = { .how = how, .pool = pool, .item = sent, .count = BATCH, .meet = !self->turns };
	uint64_t get = 0, put = 0;

	how->get(pool, sent, BATCH);
	for (unsigned int i = 0; i < BATCHES; i++) {
		memset(taken, 0, sizeof(taken));
		if (self->window)
			shuffle(sent, BATCH, self->window);
		other_begin(free_batch, &batch);
		if (self->turns)
			other_wait();
		else
			other_meet();
		get += how->get(pool, taken, BATCH);
		other_wait();
		put += batch.cycles;
		memcpy(sent, taken, sizeof(sent));
	}
	how->put(pool, sent, BATCH);
	timing->get = (double)get / (BATCHES * BATCH);
	timing->put = (double)put / (BATCHES * BATCH);
	timing->total = timing->get + timing->put;
	return true;
}

/* The consumer's part of a round with a ring */
struct stream {
	uint64_t (*consume)(struct pool *pool, struct rte_ring *ring, unsigned int count);
	struct pool *pool;
	struct rte_ring *ring;
	uint64_t end;
};

static void consume_stream(void *arg)
{
	struct stream *stream = arg;

	stream->end = stream->consume(stream->pool, stream->ring, RING_PAGES);
}

static double stream_cycles(struct stream *stream,
			    uint64_t (*produce)(struct pool *, struct rte_ring *, unsigned int))
{
	uint64_t start;

	other_begin(consume_stream, stream);
	start = produce(stream->pool, stream->ring, RING_PAGES);
	other_wait();
	return (double)(stream->end - start) / RING_PAGES;
}

static bool run_ring(const struct pattern *self, const struct allocator *how, struct pool *pool,
		     struct timing *timing)
{
	struct stream stream = { .consume = how->consume, .pool = pool, .ring = item_ring };

	(void)self;
	timing->total = stream_cycles(&stream, how->produce);
	return true;
}

static bool run_ring_token(const struct pattern *self, const struct allocator *how, struct pool *pool,
			   struct timing *timing)
{
	struct stream stream = {
		.consume = how->consume_token,
		.pool = pool,
		.ring = how->handler ? item_ring : token_ring,
	};

	(void)self;
	if (how->consume_token)
		timing->total = stream_cycles(&stream, how->produce_token);
	return how->consume_token;
}

static uint64_t produce_nothing(struct pool *pool, struct rte_ring *ring, unsigned int count)
{
	union item item[BULK] = { 0 };
	uint64_t start = fenced_tsc();

	(void)pool;
	for (unsigned int done = 0; done < count; done += BULK) {
		asm volatile("" : : "r"(item) : "memory");
		while (!rte_ring_sp_enqueue_bulk(ring, (void **)item, BULK, NULL))
			continue;
	}
	return start;
}

static uint64_t consume_nothing(struct pool *pool, struct rte_ring *ring, unsigned int count)
{
	union item item[BULK];

	(void)pool;
	for (unsigned int done = 0; done < count; done += BULK) {
		while (!rte_ring_sc_dequeue_bulk(ring, (void **)item, BULK, NULL))
			continue;
		asm volatile("" : : "r"(item) : "memory");
	}
	return fenced_tsc();
}

double ring_alone(void)
{
	struct stream stream = { .consume = consume_nothing, .ring = item_ring };

	return stream_cycles(&stream, produce_nothing);
}

void random_history(const struct allocator *how, struct pool *pool)
{
	static union item item[POOL_PAGES];

	for (unsigned int turn = 0; turn < 32; turn++) {
		unsigned int count = 1 + random_next() % (POOL_PAGES / 2);
		unsigned int here = random_next() % count;
		struct batch there = { .how = how, .pool = pool, .item = item + here, .count = count - here };

		how->get(pool, item, count);
		shuffle(item, count, POOL_PAGES);
		other_begin(free_batch, &there);
		how->put(pool, item, here);
		other_wait();
	}
}

#define ACROSS	",\"bulk\":1,\"cpus\":2,\"batch\":2048"

const struct pattern patterns[] = {
	{ .name = "same core, get then put", .run = run_pair, .target = 3.5,
	  .params = ",\"bulk\":1,\"cpus\":1" },
	{ .name = "same core, get, address, put", .run = run_pair_address,
	  .params = ",\"bulk\":1,\"cpus\":1" },
	{ .name = "same core, 64 gets then 64 puts", .run = run_kept,
	  .params = ",\"bulk\":1,\"cpus\":1" },
	{ .name = "same core, bulk 32, arrays", .run = run_bulk, .target = 1.0,
	  .params = ",\"bulk\":32,\"cpus\":1" },
	{ .name = "same core, bulk 32, tokens", .run = run_token, .target = 4.0,
	  .params = ",\"bulk\":32,\"cpus\":1" },
	{ .name = "across cores, pool alone", .run = run_across, .target = 4.0, .sides = true,
	  .params = ACROSS },
	{ .name = "across cores, random order", .run = run_across, .target = 1.0, .sides = true, .window = BATCH,
	  .params = ACROSS ",\"window\":2048" },
	{ .name = "across cores, random order in 256s", .run = run_across, .sides = true, .window = 256,
	  .params = ACROSS ",\"window\":256" },
	{ .name = "across cores, taking turns", .run = run_across, .sides = true, .turns = true,
	  .params = ACROSS },
	{ .name = "across cores, taking turns, random order", .run = run_across, .sides = true, .turns = true,
	  .window = BATCH, .params = ACROSS ",\"window\":2048" },
	{ .name = "across cores, bulk 32 with ring, arrays", .run = run_ring,
	  .params = ",\"bulk\":32,\"cpus\":2,\"ring\":1024" },
	{ .name = "across cores, bulk 32 with ring, tokens", .run = run_ring_token,
	  .params = ",\"bulk\":32,\"cpus\":2,\"ring\":1024,\"token_ring\":64" },
};

const unsigned int pattern_count = sizeof(patterns) / sizeof(patterns[0]);
