// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's job parser and search under libFuzzer
 *
 * Contract: an input is a sequence of calls, each a byte that names it and the bytes
 * that it takes; where it ends, so does the program.  The bytes of jobs are the input's
 * own, or those of a good maze of which the input spoils some.  After each call the
 * state must be one that the core could have come to, and each page that comes out must
 * be the right one of its result; at the end every page must be had back by a stop.
 */
#include <string.h>

#include "input.h"
#include "labyrinth_fw.h"

#define QUEUES 3u

static _Alignas(LABYRINTH_PAGE_SIZE) uint8_t
	memory[LABYRINTH_STAGING_PAGES * LABYRINTH_PAGE_SIZE];
static struct labyrinth_fw fw;
static uint64_t now;
static uint32_t owed[QUEUES];	/* bytes of a result whose first page came */

static uint32_t get32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void start(uint32_t q, uint8_t how)
{
	struct labyrinth_fw_config cfg = {
		.mode = how & 1,
		.source = how & 6 ? LABYRINTH_SOURCE_SOLVE : LABYRINTH_SOURCE_GENERATOR,
		.gen_burst = 1,
		.gen_min = 1,
		.gen_max = 64,
	};

	if (labyrinth_fw_start(&fw, q, &cfg, how & 8, now) == 0)
		owed[q] = 0;
}

/* The bytes of a piece: any, or a part of a maze, a little spoilt */
static size_t piece(struct input *in, uint8_t how, uint8_t *bytes)
{
	uint32_t width = 1 + byte(in), height = 1 + byte(in) % 128, cells = width * height;
	uint32_t n = LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(cells);
	uint8_t walls = byte(in);

	if (how & 1) {
		n = in->left < LABYRINTH_PAGE_SIZE ? (uint32_t)in->left : LABYRINTH_PAGE_SIZE;
		n = n % (1 + byte(in) * 16u);
		for (uint32_t i = 0; i < n; i++)
			bytes[i] = byte(in);
		return n;
	}
	if (cells > LABYRINTH_MAZE_CELLS_MAX)
		n = LABYRINTH_JOB_MAX;
	memset(bytes, walls, n);
	memset(bytes, 0, LABYRINTH_MAZE_HEADER);
	memcpy(bytes, "MAZE\1", 5);
	bytes[8] = (uint8_t)n;
	bytes[9] = (uint8_t)(n >> 8);
	bytes[12] = (uint8_t)width;
	bytes[13] = (uint8_t)(width >> 8);
	bytes[14] = (uint8_t)height;
	bytes[20] = (uint8_t)(width - 1);
	bytes[22] = (uint8_t)(height - 1);
	for (uint32_t i = 0; i < cells && cells <= LABYRINTH_MAZE_CELLS_MAX; i++)
		bytes[LABYRINTH_MAZE_HEADER + i / 4] |=
			(uint8_t)(((i % width + 1 == width) | (i / width + 1 == height) << 1) << i % 4 * 2);
	if (cells % 4 && cells <= LABYRINTH_MAZE_CELLS_MAX)
		bytes[n - 1] &= (uint8_t)((1u << cells % 4 * 2) - 1);
	for (int i = 0; i < (how >> 1 & 3); i++)
		bytes[byte(in) % (n < 64 ? n : 64)] = byte(in);
	return how & 8 && n > 1 ? n / 2 : n;
}

static void job(struct input *in, uint32_t q, uint8_t how)
{
	static uint8_t bytes[LABYRINTH_JOB_MAX + LABYRINTH_PAGE_SIZE];
	size_t n;

	if (!fw.jobs[q].open && !labyrinth_fw_job_begin(&fw, q, how, now))
		return;
	n = piece(in, how, bytes);
	for (size_t at = 0; at < n; at += LABYRINTH_PAGE_SIZE)
		labyrinth_fw_job_push(&fw, q, bytes + at,
				      n - at < LABYRINTH_PAGE_SIZE ? n - at : LABYRINTH_PAGE_SIZE,
				      now);
	if (how & 16)
		labyrinth_fw_job_fail(&fw, q, byte(in), now);
	if (!(how & 32))
		labyrinth_fw_job_end(&fw, q, now);
}

/* Its first page has the header, a second one the rest. */
static void check_page(uint32_t q, const struct labyrinth_fw_page *page)
{
	uint32_t length = page->length;

	RULE(page->crc32c == labyrinth_crc32c(0, page->data, length));
	if (fw.queue[q].cfg.source != LABYRINTH_SOURCE_SOLVE)
		return;
	if (owed[q]) {
		RULE(length == owed[q]);
		owed[q] = 0;
		return;
	}
	RULE(length >= LABYRINTH_RESULT_HEADER && get32(page->data) == LABYRINTH_RESULT_MAGIC);
	RULE(page->data[4] < LABYRINTH_SOLVE_DAMAGED && !page->data[5]);
	RULE(get32(page->data + 12) ==
	     LABYRINTH_RESULT_HEADER + LABYRINTH_MAZE_BYTES(get32(page->data + 16)));
	RULE(!page->data[4] || !get32(page->data + 16));
	owed[q] = get32(page->data + 12) - length;
	RULE(!owed[q] || length == LABYRINTH_PAGE_SIZE);
}

static void take(uint32_t q, uint8_t how)
{
	const struct labyrinth_fw_page *page;
	uint32_t tag = labyrinth_fw_req_tag(&fw, q);

	if (tag && how & 1)
		labyrinth_fw_grant(&fw, q, tag, (uint64_t)tag * LABYRINTH_PAGE_SIZE);
	page = labyrinth_fw_next(&fw, q);
	if (!page)
		return;
	check_page(q, page);
	labyrinth_fw_done(&fw, q, true);
}

static void step(struct input *in)
{
	uint8_t op = byte(in), how = byte(in);
	uint32_t q = op / 8 % QUEUES;

	switch (op % 8) {
	case 0:
		start(q, how);
		break;
	case 1:
		labyrinth_fw_stop(&fw, q);
		owed[q] = 0;
		break;
	case 2:
	case 3:
		job(in, q, how);
		break;
	case 4:
		now += (uint64_t)how << how % 24;
		break;
	case 5:
		take(q, how);
		break;
	default:
		RULE(labyrinth_fw_poll(&fw, q, now) > now);
	}
	RULE(labyrinth_fw_valid(&fw));
	for (q = 0; q < QUEUES; q++)
		RULE(!labyrinth_fw_job_ready(&fw, q) || !fw.jobs[q].open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	now = 0;
	memset(owed, 0, sizeof(owed));
	labyrinth_fw_init(&fw, memory, QUEUES);
	while (in.left)
		step(&in);
	for (uint32_t q = 0; q < QUEUES; q++)
		labyrinth_fw_stop(&fw, q);
	RULE(!fw.maze.taken && !fw.maze.refused);
	return 0;
}
