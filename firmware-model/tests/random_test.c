// SPDX-License-Identifier: GPL-2.0-only
/*
 * A seeded driver makes every call, sensible or not, in any order, and an
 * oracle that knows only the contract watches: accounts, order, contents, tags,
 * grants, shares, and that whatever happened before, all can be brought to an end.
 */
#include "maze.h"

#define QUEUES_MAX LABYRINTH_MAX_QUEUES
#define STREAM_PAGES_MAX 4096

struct oracle {
	struct labyrinth_fw *fw;
	uint64_t random;
	uint64_t now;
	uint64_t digest; /* of all answers */
	uint32_t nr_queues;

	uint64_t next_seq[QUEUES_MAX]; /* lowest that may come */
	uint64_t delivered[QUEUES_MAX];
	uint64_t failed[QUEUES_MAX];
	uint64_t refused[QUEUES_MAX];
	uint64_t period_drops[QUEUES_MAX];
	uint32_t newest_tag; /* in requests, by generation */

	/* the stream: where each of its pages begins, which were seen */
	uint64_t pushed;
	uint64_t start[STREAM_PAGES_MAX + 1];
	uint8_t seen[STREAM_PAGES_MAX];
	uint64_t last_ordinal[QUEUES_MAX];
	uint64_t pages;

	uint64_t results[QUEUES_MAX];
	uint32_t statuses; /* bit per status that was seen */
};

static struct oracle o;

static void note(uint64_t answer)
{
	o.digest = (o.digest ^ answer) * UINT64_C(0x100000001b3);
}

static uint32_t any(uint32_t below)
{
	return draw(&o.random, below);
}

static uint8_t byte_at(uint64_t at)
{
	return (uint8_t)(at * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

static bool streams(uint32_t q)
{
	return o.fw->queue[q].running &&
	       o.fw->queue[q].cfg.source == LABYRINTH_SOURCE_STREAM;
}

static bool solves(uint32_t q)
{
	return o.fw->queue[q].running &&
	       o.fw->queue[q].cfg.source == LABYRINTH_SOURCE_SOLVE;
}

static bool has_solver(uint32_t q)
{
	return o.fw->job.phase != LABYRINTH_FW_IDLE && o.fw->job.queue == q;
}

static uint32_t held(uint32_t q)
{
	const struct labyrinth_fw *fw = o.fw;

	return fw->queue[q].fifo_len + has_solver(q) +
	       (fw->filling >= 0 && fw->page[fw->filling].queue == q &&
		streams(q));
}

/* What the rules allow at most, for a queue that has just grown */
static void check_share(uint32_t q, uint32_t before)
{
	uint32_t running = 0, without = 0, idle = 0, now = held(q);
	uint32_t solver = 0;

	if (now <= before || now < 2)
		return;
	for (uint32_t i = 0; i < o.nr_queues; i++) {
		running += o.fw->queue[i].running;
		idle += !o.fw->queue[i].running;
		without += o.fw->queue[i].running && !held(i);
		if (solves(i))
			solver = LABYRINTH_FW_WORK_PAGES - o.fw->job.nr_pages;
	}
	assert_true(now <= PAGES / running);
	assert_true(PAGES - pages_taken(o.fw) >=
		    without + (idle < 3 ? idle : 3) + solver);
	if (running > 1)
		assert_true(now <= 7);
}

static void poll(uint32_t q)
{
	const struct labyrinth_fw_queue *queue = &o.fw->queue[q];
	uint64_t overruns = queue->count.dropped[LABYRINTH_DROP_OVERRUN];
	uint32_t before = held(q);
	uint64_t next = labyrinth_fw_poll(o.fw, q, o.now);

	assert_true(next > o.now);
	note(next);
	check_share(q, before);
	if (queue->cfg.source != LABYRINTH_SOURCE_GENERATOR ||
	    !queue->cfg.gen_period)
		assert_int_equal(queue->count.dropped[LABYRINTH_DROP_OVERRUN],
				 overruns);
}

static void check_stream_page(const struct labyrinth_fw_page *page)
{
	uint64_t at = o.start[page->ordinal];

	assert_true(page->ordinal < o.pages);
	assert_int_equal(o.seen[page->ordinal], 0);
	assert_true(page->ordinal + 1 > o.last_ordinal[page->queue]);
	assert_int_equal(page->length, o.start[page->ordinal + 1] - at);
	for (uint32_t i = 0; i < page->length; i++)
		assert_int_equal(page->data[i], byte_at(at + i));
	o.seen[page->ordinal] = 1;
	o.last_ordinal[page->queue] = page->ordinal + 1;
}

static void check_result(const struct labyrinth_fw_page *page)
{
	static const uint8_t magic[] = { 'P', 'A', 'T', 'H' };

	/* These paths are short: each result is one page */
	assert_memory_equal(page->data, magic, sizeof(magic));
	assert_true(page->length >= LABYRINTH_RESULT_HEADER);
	assert_true(page->data[4] < LABYRINTH_SOLVE_STATUSES);
	o.results[page->queue]++;
	o.statuses |= 1u << page->data[4];
}

/* A piece of a job: good or bad, the next one or another one */
static void ask(uint32_t q)
{
	static struct maze maze;
	uint8_t job[LABYRINTH_JOB_MAX + SIZE];
	uint32_t n, fault = any(16);

	if (!o.fw->jobs[q].open &&
	    !labyrinth_fw_job_begin(o.fw, q, any(UINT32_MAX), o.now))
		return;
	maze_fill(&maze, 1 + any(40), 1 + any(40), any(2));
	if (any(8) == 0)
		maze_fill(&maze, 128, 128, any(2));
	n = maze_job(&maze, job);
	if (fault == 0)
		job[any(LABYRINTH_MAZE_HEADER)] ^= (uint8_t)(1 + any(255));
	if (fault == 1)
		n = any(sizeof(job));
	if (labyrinth_fw_job_room(o.fw, q))
		labyrinth_fw_job_push(o.fw, q, job, n, o.now);
	else
		note(1);
	if (fault == 3)
		labyrinth_fw_job_fail(o.fw, q, any(20), o.now);
	if (fault != 2)
		labyrinth_fw_job_end(o.fw, q, o.now);
}

static void transfer(uint32_t q, bool good)
{
	const struct labyrinth_fw_page *page = labyrinth_fw_next(o.fw, q);
	const struct labyrinth_fw_config *cfg = &o.fw->queue[q].cfg;

	if (!page)
		return;
	note(page->seq);
	note(page->crc32c);
	assert_int_equal(page->queue, q);
	assert_true(page->seq >= o.next_seq[q]);
	/* Without a period there are no gaps */
	if (cfg->source != LABYRINTH_SOURCE_GENERATOR || !cfg->gen_period)
		assert_int_equal(page->seq, o.next_seq[q]);
	o.period_drops[q] += page->seq - o.next_seq[q];
	o.next_seq[q] = page->seq + 1;
	if (cfg->source == LABYRINTH_SOURCE_STREAM)
		check_stream_page(page);
	else if (cfg->source == LABYRINTH_SOURCE_SOLVE)
		check_result(page);
	else
		check_generated(page, cfg);
	if (cfg->mode == LABYRINTH_CONFIG_DEMAND)
		assert_int_equal(page->addr % SIZE, 0);
	labyrinth_fw_done(o.fw, q, good);
	o.delivered[q] += good;
	o.failed[q] += !good;
}

static void answer(uint32_t q)
{
	const struct labyrinth_fw *fw = o.fw;
	uint32_t tag = labyrinth_fw_req_tag(fw, q);
	uint32_t waiting = labyrinth_fw_req_waiting(fw, q);
	uint64_t addr = any(12) * (uint64_t)SIZE;
	bool doubled = false;
	int got;

	note(tag);
	if (any(8) == 0)
		addr += 1 + any(SIZE - 1);
	if (any(8) == 0)
		tag = any(2) ? any(UINT32_MAX) : fw->page[any(PAGES)].tag;
	for (uint32_t i = 0; i < PAGES; i++)
		doubled |= fw->page[i].stage == LABYRINTH_FW_GRANTED &&
			   fw->page[i].addr == addr;
	{
		const struct labyrinth_fw_page *page = &fw->page[tag & 7];
		bool asked = tag && page->tag == tag && page->queue == q &&
			     page->stage == LABYRINTH_FW_ASKED;
		bool denied = tag && page->tag == tag && page->queue == q &&
			      page->stage == LABYRINTH_FW_REFUSED;

		if (any(3)) {
			got = labyrinth_fw_grant(o.fw, q, tag, addr);
			if (!asked && !denied)
				assert_int_equal(got,
						 -(int)LABYRINTH_ERR_STALE_TAG);
			else if (addr % SIZE || doubled)
				assert_int_equal(got,
						 -(int)LABYRINTH_ERR_BAD_GRANT);
			else
				assert_int_equal(got, 0);
		} else {
			got = labyrinth_fw_deny(o.fw, q, tag, o.now);
			assert_int_equal(
				got, asked ? 0 : -(int)LABYRINTH_ERR_STALE_TAG);
		}
	}
	if (got) {
		o.refused[q]++;
		assert_int_equal(labyrinth_fw_req_waiting(fw, q), waiting);
	}
}

static void whole(void)
{
	assert_true(o.pages < STREAM_PAGES_MAX);
	o.start[++o.pages] = o.pushed;
}

static void push(void)
{
	uint8_t data[SIZE + 100];
	size_t n = any(2) ? sizeof(data) : any(sizeof(data));
	uint32_t turn = o.fw->stream_turn, before = held(turn);
	size_t room = labyrinth_fw_stream_room(o.fw), took;
	uint32_t after = held(turn);

	if (o.pages + 100 > STREAM_PAGES_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(o.pushed + i);
	took = labyrinth_fw_stream_push(o.fw, data, n, o.now);
	assert_int_equal(took, n < room ? n : room);
	note(took);
	o.pushed += took;
	if (took && took == room)
		whole();
	/* The page that was just filled counts as one taken by room */
	if (after > before && after == held(turn))
		check_share(turn, before);
	assert_int_equal(o.fw->stream_bytes, o.pushed);
}

static void flush(bool end)
{
	if (o.fw->filling >= 0 && o.fw->page[o.fw->filling].length)
		whole();
	if (end)
		labyrinth_fw_stream_end(o.fw, o.now);
	else
		labyrinth_fw_stream_flush(o.fw, o.now);
}

static void restart(uint32_t q)
{
	static const uint32_t periods[] = { 0, 1, 700, 50000 };
	static const uint32_t sources[] = { 0, 1, 1, 1, 1, 1, 2, 2, 3, 4 };
	struct labyrinth_fw_config cfg = generator(any(2));
	bool clear = any(2);
	bool can = !o.fw->queue[q].running;
	int got;

	cfg.source = sources[any(10)];
	cfg.gen_seed = any(100);
	cfg.gen_period = periods[any(4)];
	cfg.gen_count = any(2) * any(200);
	cfg.gen_burst = any(8) ? 1 + any(20) : any(400);
	cfg.gen_max = 1 + any(SIZE + 20);
	cfg.gen_min = any(8) ? 1 + any(cfg.gen_max) : any(SIZE);
	if (cfg.source == LABYRINTH_SOURCE_GENERATOR)
		can &= cfg.gen_burst >= 1 && cfg.gen_burst <= 256 &&
		       cfg.gen_min >= 1 && cfg.gen_min <= cfg.gen_max &&
		       cfg.gen_max <= SIZE;
	can &= cfg.source != 4;
	if (cfg.source == LABYRINTH_SOURCE_STREAM)
		can &= q < o.fw->stream_queues;
	got = labyrinth_fw_start(o.fw, q, &cfg, clear, o.now);
	assert_int_equal(got, can ? 0 : -(int)LABYRINTH_ERR_BAD_CONFIG);
	if (!can || !clear)
		return;
	o.next_seq[q] = 0;
	o.delivered[q] = o.failed[q] = o.refused[q] = o.period_drops[q] = 0;
}

static void stop(uint32_t q)
{
	bool was = o.fw->queue[q].running, stream = streams(q);

	labyrinth_fw_stop(o.fw, q);
	assert_null(labyrinth_fw_next(o.fw, q));
	assert_int_equal(labyrinth_fw_req_waiting(o.fw, q), 0);
	/* Kept pages may be dealt to another queue now */
	memset(o.last_ordinal, 0, sizeof(o.last_ordinal));
	if (was && !stream) {
		/* What was dropped took its numbers with it */
		o.period_drops[q] += o.fw->queue[q].next_seq - o.next_seq[q];
		o.next_seq[q] = o.fw->queue[q].next_seq;
	}
}

static void step(void)
{
	uint32_t q = any(o.nr_queues);

	o.now += any(3) ? any(300) : any(100000);
	/* Longer than a job may wait */
	if (any(40) == 0)
		o.now += LABYRINTH_JOB_USEC * UINT64_C(1000);
	switch (any(34)) {
	case 0:
		stop(any(4) ? q : any(2) % o.nr_queues);
		break;
	case 1:
		restart(q);
		break;
	case 2:
		restart(any(2) % o.nr_queues);
		break;
	case 3:
		flush(any(16) == 0);
		break;
	case 4:
		labyrinth_fw_stream_begin(o.fw);
		break;
	case 5:
		labyrinth_fw_stream_deal(o.fw, any(4) ? 1 + any(2)
						      : any(o.nr_queues + 2));
		break;
	case 6:
		o.fw->queue[q].req_timeout_us = any(3) * any(50);
		break;
	case 7:
		note(labyrinth_fw_eos(o.fw, q));
		break;
	case 8:
		transfer(q, false);
		break;
	case 9 ... 14:
		push();
		break;
	case 15 ... 20:
		answer(q);
		break;
	case 21 ... 25:
		poll(q);
		break;
	case 26 ... 27:
		ask(q);
		break;
	default:
		transfer(q, true);
	}
}

static void check(void)
{
	check_sane(o.fw);
	for (uint32_t q = 0; q < o.nr_queues; q++) {
		const struct labyrinth_fw_queue *queue = &o.fw->queue[q];
		const struct labyrinth_fw_counters *count = &queue->count;
		uint32_t waiting = labyrinth_fw_req_waiting(o.fw, q);

		assert_int_equal(count->delivered, o.delivered[q]);
		assert_int_equal(count->dropped[LABYRINTH_DROP_DMA],
				 o.failed[q]);
		assert_int_equal(count->refused, o.refused[q]);
		assert_true(o.fw->jobs[q].answered <= o.fw->jobs[q].begun);
		assert_true((waiting & 0xffff) + (waiting >> 16) <=
			    queue->fifo_len);
		/* A queue that waits can be helped by a call, and only then */
		if (labyrinth_fw_waiting(o.fw) & 1u << q)
			assert_true(queue->running &&
				    pages_taken(o.fw) < PAGES);
	}
}

/* From any state: the host grants all, the sources end, and all comes out. */
static void bring_to_an_end(void)
{
	struct labyrinth_fw *fw = o.fw;

	for (uint32_t q = 0; q < o.nr_queues; q++)
		stop(q);
	labyrinth_fw_stream_begin(fw);
	for (uint32_t q = 0; q < o.nr_queues; q++) {
		struct labyrinth_fw_config cfg = stream(q % 2);

		if (q >= fw->stream_queues) {
			cfg = generator(q % 2);
			cfg.gen_count = 20;
		}
		assert_int_equal(labyrinth_fw_start(fw, q, &cfg, true, o.now),
				 0);
		o.next_seq[q] = o.delivered[q] = o.failed[q] = o.refused[q] = 0;
	}
	flush(true);
	for (int round = 0; round < 100; round++) {
		for (uint32_t q = 0; q < o.nr_queues; q++) {
			uint32_t tag;

			poll(q);
			while ((tag = labyrinth_fw_req_tag(fw, q)))
				assert_int_equal(labyrinth_fw_grant(
							 fw, q, tag,
							 tag * (uint64_t)SIZE),
						 0);
			transfer(q, true);
			check();
		}
	}
	for (uint32_t q = 0; q < o.nr_queues; q++) {
		assert_true(labyrinth_fw_eos(fw, q));
		if (q >= fw->stream_queues)
			assert_int_equal(o.delivered[q], 20);
	}
	assert_int_equal(fw->maze.taken, 0);
	/* Each page of the stream came out exactly once */
	for (uint64_t i = 0; i < o.pages; i++)
		assert_int_equal(o.seen[i], 1);
	assert_int_equal(o.start[o.pages], o.pushed);
}

static uint64_t run(uint64_t seed, uint32_t nr_queues, int steps)
{
	memset(&o, 0, sizeof(o));
	o.random = seed;
	o.nr_queues = nr_queues;
	o.fw = bed(nr_queues);
	for (int i = 0; i < steps; i++) {
		step();
		check();
	}
	bring_to_an_end();
	return o.digest;
}

static void whatever_is_called_the_contract_holds(void **state)
{
	uint64_t pages = 0, results = 0;
	uint32_t statuses = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 1000; seed++) {
		run(seed, 1 + seed % QUEUES_MAX, 2000);
		pages += o.pages;
		for (uint32_t q = 0; q < o.nr_queues; q++)
			results += o.results[q];
		statuses |= o.statuses;
	}
	/* The driver did get somewhere */
	assert_true(pages > 10000);
	assert_true(results > 1000);
	assert_int_equal(statuses | 1u << LABYRINTH_SOLVE_DAMAGED,
			 (1u << LABYRINTH_SOLVE_STATUSES) - 1);
}

static void the_same_calls_give_the_same_answers(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		uint64_t once = run(seed, 4, 3000);

		assert_true(run(seed, 4, 3000) == once);
		assert_true(run(seed + 100, 4, 3000) != once);
	}
}

SUITE(random_suite, TEST(whatever_is_called_the_contract_holds),
      TEST(the_same_calls_give_the_same_answers));
