// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Jobs for the solver: from the first piece to the result.
 *
 * A job passes through the phases in their order, or is answered before the last
 * of them: with what is wrong with it, or because it waited too long.  Its result
 * is made in a page of its queue's share, taken first, so that there is always
 * room to answer; the other pages are the solver's and taken as they are needed.
 * Nothing of a result is staged before it is whole.
 *
 * The solver is had in turn by the queues that asked for it, those that cannot
 * have a page for a result passed over: a queue that nobody reads holds up only
 * itself.  So does one whose job does not become whole, after LABYRINTH_JOB_USEC.
 */
#include "fw_internal.h"

#define JOB_NS (LABYRINTH_JOB_USEC * UINT64_C(1000))

_Static_assert(sizeof(struct labyrinth_maze) == LABYRINTH_MAZE_HEADER, "ABI");
_Static_assert(sizeof(struct labyrinth_result) == LABYRINTH_RESULT_HEADER,
	       "ABI");
_Static_assert(LABYRINTH_JOB_MAX ==
		       LABYRINTH_MAZE_HEADER +
			       LABYRINTH_MAZE_BYTES(LABYRINTH_MAZE_CELLS_MAX),
	       "the longest job");
_Static_assert(LABYRINTH_MAZE_BYTES(LABYRINTH_MAZE_CELLS_MAX) <=
		       LABYRINTH_PAGE_SIZE,
	       "the walls are in one page");

#define MAZE(field) offsetof(struct labyrinth_maze, field)
#define RESULT(field) offsetof(struct labyrinth_result, field)

static uint32_t get16(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8;
}

static uint32_t get32(const uint8_t *from)
{
	return get16(from) | get16(from + 2) << 16;
}

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)value;
	to[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value);
	put16(to + 2, value >> 16);
}

/* --- whose turn it is -------------------------------------------------------- */

/* The first queue behind the last one served that waits, or is @q, and has room. */
static bool its_turn(const struct labyrinth_fw *fw, uint32_t q)
{
	uint32_t waits = fw->job.waits | 1u << q;

	for (uint32_t i = 1; i <= fw->nr_queues; i++) {
		uint32_t next = (fw->job.queue + i) % fw->nr_queues;

		if ((waits & 1u << next) && lfw_may_take(fw, next))
			return next == q;
	}
	return false;
}

bool labyrinth_fw_job_ready(const struct labyrinth_fw *fw, uint32_t q)
{
	return q < fw->nr_queues && lfw_solves(fw, q) && !fw->jobs[q].open &&
	       fw->job.phase == LABYRINTH_FW_IDLE && its_turn(fw, q);
}

/* --- its pages ---------------------------------------------------------------- */

static void drop_pages(struct labyrinth_fw *fw)
{
	struct labyrinth_fw_job *job = &fw->job;

	while (job->nr_pages)
		lfw_release(fw, job->pages[--job->nr_pages]);
}

/* Nothing of a job is left but what decides about the next one. */
static void forget(struct labyrinth_fw *fw)
{
	uint32_t waits = fw->job.waits;
	uint8_t queue = fw->job.queue;

	memset(&fw->job, 0, sizeof(fw->job));
	fw->job.waits = waits;
	fw->job.queue = queue;
}

static void stage_result(struct labyrinth_fw *fw, int page, uint32_t length,
			 uint64_t now)
{
	struct labyrinth_fw_page *result = &fw->page[page];

	result->length = (uint16_t)length;
	result->crc32c = labyrinth_crc32c(0, result->data, length);
	result->ready_ns = now;
	lfw_stage(fw, page);
}

void lfw_job_answer(struct labyrinth_fw *fw, enum labyrinth_solve_status status,
		    uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;
	struct labyrinth_fw_jobs *jobs = &fw->jobs[job->queue];
	uint8_t *header = fw->page[job->result].data;
	uint32_t steps = status == LABYRINTH_SOLVE_SOLVED ? job->steps : 0;
	uint32_t size = LABYRINTH_RESULT_HEADER + LABYRINTH_MAZE_BYTES(steps);
	int first = job->result, second = -1;

	memset(header, 0, LABYRINTH_RESULT_HEADER);
	put32(header + RESULT(magic), LABYRINTH_RESULT_MAGIC);
	put16(header + RESULT(status), status);
	put32(header + RESULT(cookie), job->cookie);
	put32(header + RESULT(size), size);
	put32(header + RESULT(steps), steps);
	put32(header + RESULT(visited), job->visited);
	put32(header + RESULT(work), job->work);
	put16(header + RESULT(width), job->width);
	put16(header + RESULT(height), job->height);
	/* What the search went on from has become the rest of its path */
	if (size > LABYRINTH_PAGE_SIZE)
		second = job->pages[--job->nr_pages];
	drop_pages(fw);
	forget(fw);
	jobs->answered++;
	jobs->skip = jobs->open;
	if (second < 0) {
		stage_result(fw, first, size, now);
		return;
	}
	stage_result(fw, first, LABYRINTH_PAGE_SIZE, now);
	stage_result(fw, second, size - LABYRINTH_PAGE_SIZE, now);
}

void lfw_job_halt(struct labyrinth_fw *fw, uint32_t q)
{
	fw->job.waits &= ~(1u << q);
	fw->jobs[q].open = false;
	fw->jobs[q].skip = false;
	if (!lfw_job_of(fw, q))
		return;
	drop_pages(fw);
	lfw_release(fw, fw->job.result);
	forget(fw);
}

/* --- its pieces --------------------------------------------------------------- */

bool labyrinth_fw_job_begin(struct labyrinth_fw *fw, uint32_t q,
			    uint32_t cookie, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;
	int page;

	if (q >= fw->nr_queues || !lfw_solves(fw, q) || fw->jobs[q].open)
		return false;
	job->waits |= 1u << q;
	if (job->phase != LABYRINTH_FW_IDLE)
		return false;
	/* One that cannot have a page asks all the same: so it stands in line */
	if (lfw_may_take(fw, q) && !its_turn(fw, q))
		return false;
	page = lfw_take(fw, q);
	if (page < 0)
		return false;
	job->waits &= ~(1u << q);
	fw->page[page].stage = LABYRINTH_FW_RESULT;
	job->result = (uint8_t)page;
	job->queue = (uint8_t)q;
	job->cookie = cookie;
	job->deadline = now + JOB_NS;
	job->phase = LABYRINTH_FW_CLAIM;
	if (lfw_take_work(fw))
		job->phase = LABYRINTH_FW_TAKE;
	fw->jobs[q].begun++;
	fw->jobs[q].open = true;
	return true;
}

bool labyrinth_fw_job_room(const struct labyrinth_fw *fw, uint32_t q)
{
	return q < fw->nr_queues && fw->jobs[q].open &&
	       (fw->jobs[q].skip || fw->job.phase == LABYRINTH_FW_TAKE);
}

/* What is wrong with the header, LABYRINTH_SOLVE_SOLVED if nothing. */
static enum labyrinth_solve_status read_header(struct labyrinth_fw_job *job)
{
	const uint8_t *header = job->header;
	uint32_t width = get16(header + MAZE(width));
	uint32_t height = get16(header + MAZE(height));
	uint32_t start_x = get16(header + MAZE(start_x));
	uint32_t start_y = get16(header + MAZE(start_y));
	uint32_t goal_x = get16(header + MAZE(goal_x));
	uint32_t goal_y = get16(header + MAZE(goal_y));

	if (get32(header + MAZE(magic)) != LABYRINTH_MAZE_MAGIC ||
	    get16(header + MAZE(version)) != LABYRINTH_MAZE_VERSION ||
	    get16(header + MAZE(flags)) || get32(header + MAZE(reserved)) ||
	    get32(header + MAZE(reserved) + 4))
		return LABYRINTH_SOLVE_MALFORMED;
	job->width = (uint16_t)width;
	job->height = (uint16_t)height;
	if (!width || !height)
		return LABYRINTH_SOLVE_GEOMETRY;
	if (width > LABYRINTH_MAZE_SIDE_MAX ||
	    height > LABYRINTH_MAZE_SIDE_MAX ||
	    width * height > LABYRINTH_MAZE_CELLS_MAX)
		return LABYRINTH_SOLVE_OVERSIZE;
	if (start_x >= width || goal_x >= width || start_y >= height ||
	    goal_y >= height)
		return LABYRINTH_SOLVE_GEOMETRY;
	job->size = get32(header + MAZE(size));
	if (job->size !=
	    LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(width * height))
		return LABYRINTH_SOLVE_MALFORMED;
	job->start = (uint16_t)(start_y * width + start_x);
	job->goal = (uint16_t)(goal_y * width + goal_x);
	return LABYRINTH_SOLVE_SOLVED;
}

void labyrinth_fw_job_push(struct labyrinth_fw *fw, uint32_t q,
			   const uint8_t *data, size_t n, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;
	enum labyrinth_solve_status fault;
	uint32_t of_header;

	if (!labyrinth_fw_job_room(fw, q) || fw->jobs[q].skip)
		return;
	if (n > LABYRINTH_JOB_MAX - job->got) {
		lfw_job_answer(fw, LABYRINTH_SOLVE_ENDLESS, now);
		return;
	}
	if (job->got < LABYRINTH_MAZE_HEADER) {
		of_header = LABYRINTH_MAZE_HEADER - job->got;
		if (of_header > n)
			of_header = (uint32_t)n;
		memcpy(job->header + job->got, data, of_header);
		job->got += of_header;
		data += of_header;
		n -= of_header;
		if (job->got < LABYRINTH_MAZE_HEADER)
			return;
		fault = read_header(job);
		if (fault) {
			lfw_job_answer(fw, fault, now);
			return;
		}
	}
	memcpy(fw->page[job->pages[0]].data + job->got - LABYRINTH_MAZE_HEADER,
	       data, n);
	job->got += (uint32_t)n;
}

/* Outer walls, and nothing beyond the last cell */
static bool closed(const struct labyrinth_fw_job *job, const uint8_t *walls)
{
	uint32_t cells = (uint32_t)job->width * job->height;
	uint32_t last = cells - job->width;

	for (uint32_t i = job->width - 1u; i < cells; i += job->width) {
		if (!(lfw_pair(&walls[i / 4], i) & LABYRINTH_MAZE_EAST))
			return false;
	}
	for (uint32_t i = last; i < cells; i++) {
		if (!(lfw_pair(&walls[i / 4], i) & LABYRINTH_MAZE_SOUTH))
			return false;
	}
	return cells % 4 == 0 || walls[cells / 4] >> cells % 4 * 2 == 0;
}

/* Memory for the search, as much as there is now; when there is all of it it begins. */
static void make_room(struct labyrinth_fw *fw)
{
	struct labyrinth_fw_job *job = &fw->job;
	uint32_t want = lfw_solve_pages((uint32_t)job->width * job->height);

	while (job->nr_pages < want) {
		if (!lfw_take_work(fw))
			return;
	}
	lfw_solve_begin(fw);
	job->phase = LABYRINTH_FW_FLOOD;
}

static void whole(struct labyrinth_fw *fw, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;

	if (job->got < LABYRINTH_MAZE_HEADER || job->got != job->size) {
		lfw_job_answer(fw, LABYRINTH_SOLVE_MALFORMED, now);
	} else if (!closed(job, fw->page[job->pages[0]].data)) {
		lfw_job_answer(fw, LABYRINTH_SOLVE_GEOMETRY, now);
	} else {
		job->deadline = now + JOB_NS;
		job->phase = LABYRINTH_FW_ROOM;
		make_room(fw);
	}
}

void labyrinth_fw_job_fail(struct labyrinth_fw *fw, uint32_t q, uint32_t status,
			   uint64_t now)
{
	if (q >= fw->nr_queues || !fw->jobs[q].open || fw->jobs[q].skip)
		return;
	if (status != LABYRINTH_SOLVE_BAD_DESC && status != LABYRINTH_SOLVE_DMA)
		status = LABYRINTH_SOLVE_MALFORMED;
	lfw_job_answer(fw, (enum labyrinth_solve_status)status, now);
}

void labyrinth_fw_job_end(struct labyrinth_fw *fw, uint32_t q, uint64_t now)
{
	bool answered;

	if (q >= fw->nr_queues || !fw->jobs[q].open)
		return;
	answered = fw->jobs[q].skip;
	fw->jobs[q].open = false;
	fw->jobs[q].skip = false;
	if (!answered)
		whole(fw, now);
}

/* --- its time ----------------------------------------------------------------- */

/* The job is one of @q. */
uint64_t lfw_job_poll(struct labyrinth_fw *fw, uint32_t q, uint64_t now)
{
	struct labyrinth_fw_job *job = &fw->job;

	if (job->phase == LABYRINTH_FW_CLAIM && lfw_take_work(fw)) {
		job->phase = LABYRINTH_FW_TAKE;
		job->deadline = now + JOB_NS;
	}
	if (job->phase == LABYRINTH_FW_ROOM)
		make_room(fw);
	switch (job->phase) {
	case LABYRINTH_FW_FLOOD:
	case LABYRINTH_FW_TRACE:
		lfw_solve_run(fw, now);
		break;
	default:
		if (now >= job->deadline)
			lfw_job_answer(fw,
				       job->phase == LABYRINTH_FW_TAKE
					       ? LABYRINTH_SOLVE_ENDLESS
					       : LABYRINTH_SOLVE_BUSY,
				       now);
	}
	if (!lfw_job_of(fw, q))
		return LABYRINTH_FW_NEVER;
	return job->phase >= LABYRINTH_FW_FLOOD ? now + 1 : job->deadline;
}

bool lfw_job_waiting(const struct labyrinth_fw *fw)
{
	return (fw->job.phase == LABYRINTH_FW_CLAIM ||
		fw->job.phase == LABYRINTH_FW_ROOM) &&
	       lfw_may_work(fw);
}

/* --- from outside -------------------------------------------------------------- */

/* Adds @page of the job's to @seen, if it can be there. */
static bool page_valid(const struct labyrinth_fw *fw, uint32_t page,
		       uint32_t stage, uint32_t *seen)
{
	if (page >= LABYRINTH_STAGING_PAGES || *seen & 1u << page ||
	    fw->page[page].stage != stage ||
	    fw->page[page].queue != fw->job.queue)
		return false;
	*seen |= 1u << page;
	return true;
}

/* What read_header() made of the header, and what the search relies on */
static bool maze_valid(const struct labyrinth_fw_job *job)
{
	struct labyrinth_fw_job again = *job;

	return read_header(&again) == LABYRINTH_SOLVE_SOLVED &&
	       again.size == job->size && again.width == job->width &&
	       again.height == job->height && again.start == job->start &&
	       again.goal == job->goal;
}

static bool search_valid(const struct labyrinth_fw_job *job)
{
	uint32_t cells = (uint32_t)job->width * job->height;

	if (job->phase < LABYRINTH_FW_FLOOD)
		return true;
	return job->nr_pages == lfw_solve_pages(cells) && job->level < cells &&
	       job->steps < cells && job->traced <= job->steps &&
	       job->at < cells;
}

static bool phase_valid(const struct labyrinth_fw *fw)
{
	const struct labyrinth_fw_job *job = &fw->job;
	bool open = fw->jobs[job->queue].open;

	if (job->got > LABYRINTH_JOB_MAX)
		return false;
	switch (job->phase) {
	case LABYRINTH_FW_CLAIM:
		return open && !job->nr_pages && !job->got;
	case LABYRINTH_FW_TAKE:
		return open && job->nr_pages == 1 &&
		       (job->got < LABYRINTH_MAZE_HEADER || maze_valid(job));
	default:
		return !open && job->nr_pages >= 1 && maze_valid(job) &&
		       job->got == job->size && search_valid(job);
	}
}

bool lfw_job_valid(const struct labyrinth_fw *fw, uint32_t *seen)
{
	const struct labyrinth_fw_job *job = &fw->job;

	if (job->phase >= LABYRINTH_FW_PHASES || job->queue >= fw->nr_queues ||
	    job->waits >> fw->nr_queues ||
	    job->nr_pages > LABYRINTH_FW_WORK_PAGES)
		return false;
	for (uint32_t q = 0; q < LABYRINTH_MAX_QUEUES; q++) {
		const struct labyrinth_fw_jobs *jobs = &fw->jobs[q];

		if ((jobs->open || job->waits & 1u << q) && !lfw_solves(fw, q))
			return false;
		/* An open job is answered, or it is the one that the solver has */
		if (jobs->skip ? !jobs->open || lfw_job_of(fw, q)
			       : jobs->open && !lfw_job_of(fw, q))
			return false;
		/* An answer is to a job, and what the solver has is not answered */
		if (jobs->answered > jobs->begun ||
		    (lfw_job_of(fw, q) && jobs->answered == jobs->begun))
			return false;
	}
	if (job->phase == LABYRINTH_FW_IDLE)
		return !job->nr_pages && !job->ticket;
	if (!lfw_solves(fw, job->queue) || !phase_valid(fw) ||
	    !page_valid(fw, job->result, LABYRINTH_FW_RESULT, seen))
		return false;
	for (uint32_t i = 0; i < job->nr_pages; i++) {
		if (!page_valid(fw, job->pages[i], LABYRINTH_FW_WORK, seen))
			return false;
	}
	return true;
}
