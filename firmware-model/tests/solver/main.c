// SPDX-License-Identifier: GPL-2.0-only
/*
 * The solver as a filter, for whoever has jobs and wants results: on standard input
 * each job behind its length in four bytes, little-endian; on standard output the
 * results as they come from the queue.  A job is pushed in pages, as the device does.
 * Exit status: 0, or 1 with a line if the core, or what is on standard input, is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "labyrinth_fw.h"

#define INPUT_MAX 65536u
#define CALLS_MAX 1000

static _Alignas(LABYRINTH_PAGE_SIZE)
	uint8_t memory[LABYRINTH_STAGING_PAGES * LABYRINTH_PAGE_SIZE];
static struct labyrinth_fw fw;

static int failed(const char *what)
{
	fprintf(stderr, "labyrinth-solver: %s\n", what);
	return 1;
}

/* Its length, 0 at the end of the input, -1 for a broken one */
static long read_job(uint8_t *job)
{
	uint8_t head[4];
	size_t got = fread(head, 1, sizeof(head), stdin);
	uint32_t n = head[0] | (uint32_t)head[1] << 8 |
		     (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;

	if (!got)
		return 0;
	if (got != sizeof(head) || !n || n > INPUT_MAX ||
	    fread(job, 1, n, stdin) != n)
		return -1;
	return (long)n;
}

/* All pages of the queue go out. */
static int write_pages(void)
{
	const struct labyrinth_fw_page *page;

	while ((page = labyrinth_fw_next(&fw, 0))) {
		if (fwrite(page->data, 1, page->length, stdout) != page->length)
			return failed("cannot write");
		labyrinth_fw_done(&fw, 0, true);
	}
	return 0;
}

static int solve(const uint8_t *job, size_t n, uint64_t *now)
{
	if (!labyrinth_fw_job_begin(&fw, 0, 0, *now))
		return failed("a job cannot begin");
	for (size_t at = 0; at < n; at += LABYRINTH_PAGE_SIZE)
		labyrinth_fw_job_push(&fw, 0, job + at,
				      n - at < LABYRINTH_PAGE_SIZE
					      ? n - at
					      : LABYRINTH_PAGE_SIZE,
				      *now);
	labyrinth_fw_job_end(&fw, 0, *now);
	for (int i = 0; !labyrinth_fw_next(&fw, 0); i++) {
		uint64_t next = labyrinth_fw_poll(&fw, 0, *now);

		if (i == CALLS_MAX || next <= *now || !labyrinth_fw_valid(&fw))
			return failed("a job does not end");
		*now = next;
	}
	if (write_pages())
		return 1;
	return fw.maze.taken ? failed("pages are not back") : 0;
}

int main(void)
{
	static uint8_t job[INPUT_MAX];
	struct labyrinth_fw_config cfg = {
		.mode = LABYRINTH_CONFIG_RING,
		.source = LABYRINTH_SOURCE_SOLVE,
	};
	uint64_t now = 0;
	long n;

	labyrinth_fw_init(&fw, memory, 1);
	if (labyrinth_fw_start(&fw, 0, &cfg, true, now))
		return failed("the queue does not start");
	while ((n = read_job(job)) > 0) {
		if (solve(job, (size_t)n, &now))
			return 1;
		now++;
	}
	return n || fflush(stdout) ? failed("the input is broken") : 0;
}
