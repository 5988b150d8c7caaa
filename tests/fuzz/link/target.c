// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's side of the link under libFuzzer
 *
 * Contract: an input is a sequence of steps, each a byte that names it and the bytes
 * that it takes; where it ends, so does the program.  It is the device: it writes calls,
 * good ones and anything, and rings.  The memory is where the firmware has it, nothing
 * is mapped beside it, and the device's part is read-only while the firmware runs, as
 * its MPU has it.  After each bell exactly the calls that make sense are answered, in
 * their order and no more than the ring has; what is shown is what the core has; and the
 * core's state is one that it could have come to.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "input.h"

/* Its variables are set to what a reset makes of them, so it is compiled here */
#include "host/link.c"

#define MEMORY ((uint8_t *)(uintptr_t)LINK_BASE)
#define MOST_LOOKS (WATCH_LATE + 1)

struct labyrinth kernel_pool;

static jmp_buf reset;
static uint32_t rung, started;
static bool scribbled;
/* The device's own words */
static struct labyrinth_link_calls *const calls = (void *)(uintptr_t)LINK_BASE;

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* --- the board ------------------------------------------------------------------ */

void board_bell_start(void)
{
	started++;
}

void board_bell_ring(void)
{
	rung++;
}

void board_bell_done(void)
{
}

void board_watchdog_start(uint32_t cycles)
{
	RULE(cycles);
}

void board_watchdog_done(void)
{
}

void board_reset(void)
{
	longjmp(reset, 1);
}

/* --- one that runs ---------------------------------------------------------------- */

static void protect(int how)
{
	RULE(!mprotect(MEMORY, 1u << LINK_CALLS_LOG2, how));
}

static void check_shown(void)
{
	RULE(STATE->taken == fw.maze.taken && STATE->refused == fw.maze.refused &&
	     STATE->failed == fw.maze.failed);
	RULE(!memcmp(STATE->core, fw.page, LABYRINTH_LINK_CORE_SIZE));
}

static void boot(void)
{
	memset(&fw, 0, sizeof(fw));
	epoch = tail = refused = beats = seen = still = 0;
	rung = started = 0;
	scribbled = false;
	protect(PROT_READ);
	link_start();
	protect(PROT_READ | PROT_WRITE);
	RULE(rung == 1 && started == 1);
	RULE(ANSWERS->magic == LABYRINTH_LINK_MAGIC && ANSWERS->epoch == calls->epoch);
	RULE(!ANSWERS->tail && !ANSWERS->refused && labyrinth_fw_valid(&fw));
	check_shown();
}

/* @run as the firmware's; true: it was reset. */
static bool runs(void (*run)(void))
{
	bool again = setjmp(reset);

	if (!again) {
		protect(PROT_READ);
		run();
	}
	protect(PROT_READ | PROT_WRITE);
	if (again)
		boot();
	return again;
}

/* How many of the calls make sense, from the first on; *all: none is left */
static uint32_t sensible(uint32_t from, bool *all)
{
	uint32_t n = calls->head - from, i;

	*all = n <= LABYRINTH_LINK_SLOTS;
	for (i = 0; *all && i < n; i++) {
		const struct labyrinth_link_call *call =
			&calls->slot[(from + i) % LABYRINTH_LINK_SLOTS];

		*all = call->number == from + i && call->op < LABYRINTH_LINK_OPS;
		if (!*all)
			break;
	}
	return n <= LABYRINTH_LINK_SLOTS ? i : 0;
}

static void bell(void)
{
	uint32_t from = tail, before = refused, bells = rung, n, number;
	bool other = calls->epoch != epoch, all;

	n = sensible(from, &all);
	if (runs(board_bell)) {
		RULE(other);
		return;
	}
	RULE(!other && rung == bells + 1);
	RULE(tail == from + n && ANSWERS->tail == tail);
	RULE(refused == before + !all && ANSWERS->refused == refused);
	for (number = from; number != tail; number++) {
		volatile struct labyrinth_link_answer *answer =
			&ANSWERS->slot[number % LABYRINTH_LINK_SLOTS];

		RULE(answer->number == number);
		RULE(answer->op == calls->slot[number % LABYRINTH_LINK_SLOTS].op);
	}
	check_shown();
	RULE(fw.nr_queues >= 1 && fw.nr_queues <= LABYRINTH_MAX_QUEUES);
	/* Whoever wrote into the search's memory finds a search that is spoilt */
	RULE(scribbled || labyrinth_fw_valid(&fw));
}

/* A look without a beat since the last one is the more alarming the more there were. */
static void look(bool beat)
{
	bool other = calls->epoch != epoch;

	if (beat)
		link_beat();
	RULE(ANSWERS->beats == beats);
	if (runs(board_watchdog))
		RULE(other || !beat);
	else
		RULE(!other);
}

static void hang(void)
{
	bool again = false;

	for (int i = 0; i < MOST_LOOKS && !again; i++)
		again = runs(board_watchdog);
	RULE(again);
}

/* --- the device --------------------------------------------------------------------- */

static uint32_t word(struct input *in, uint32_t bytes)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint32_t)byte(in) << 8 * i;
	return value;
}

/* Small, or anything: where a number means something it is small. */
static uint32_t number(struct input *in, uint8_t how)
{
	return how & 1 ? word(in, 4) : byte(in);
}

static void configure(struct input *in, uint8_t how, struct labyrinth_fw_config *cfg)
{
	*cfg = (struct labyrinth_fw_config){
		.mode = number(in, how),
		.source = number(in, how >> 1),
		.gen_seed = 7,
		.gen_count = number(in, how >> 2),
		.gen_period = number(in, how >> 3),
		.gen_burst = number(in, how >> 4),
		.gen_min = number(in, how >> 5),
		.gen_max = number(in, how >> 6),
	};
}

static void call(struct input *in, uint8_t how)
{
	static uint64_t now;
	struct labyrinth_link_call *to = &calls->slot[calls->head % LABYRINTH_LINK_SLOTS];
	uint8_t op = byte(in);

	memset(to, 0, sizeof(*to));
	to->number = calls->head;
	to->op = op % LABYRINTH_LINK_OPS;
	to->queue = number(in, how);
	to->a = number(in, how >> 1);
	/* A tag is not to be guessed, so it is told */
	if (how & 4) {
		to->a = labyrinth_fw_req_tag(&fw, to->queue);
		to->b = (uint64_t)byte(in) * LABYRINTH_PAGE_SIZE;
	} else {
		to->b = number(in, how >> 1);
	}
	now += (uint64_t)byte(in) << (how >> 4) * 3;
	to->now = how & 8 ? (uint64_t)word(in, 4) << 32 | word(in, 4) : now;
	if (to->op == LABYRINTH_LINK_START)
		configure(in, byte(in), &to->cfg);
	calls->head++;
}

/* Any bytes, repeated to fill what is asked for */
static void write_bytes(struct input *in, uint32_t at, uint32_t most)
{
	uint32_t n = 1 + byte(in) % 16, times = 1 + byte(in);
	uint8_t bytes[16];

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = byte(in);
	for (uint32_t i = 0; i < n * times && at < most; i++)
		MEMORY[at++] = bytes[i % n];
}

/* A piece of a job: its first page or the rest, of which the input spoils some bytes */
static void write_maze(struct input *in, uint8_t how)
{
	static uint8_t job[2 * LABYRINTH_PAGE_SIZE];
	uint32_t width = 2 + byte(in) % 127, height = 2 + byte(in) % 127, cells = width * height;
	uint32_t size = LABYRINTH_MAZE_HEADER + LABYRINTH_MAZE_BYTES(cells);

	memset(job, 0, sizeof(job));
	memcpy(job, "MAZE\1", 5);
	job[8] = (uint8_t)size;
	job[9] = (uint8_t)(size >> 8);
	job[12] = (uint8_t)width;
	job[14] = (uint8_t)height;
	job[20] = (uint8_t)(width - 1);
	job[22] = (uint8_t)(height - 1);
	memset(job + LABYRINTH_MAZE_HEADER, byte(in), size - LABYRINTH_MAZE_HEADER);
	for (uint32_t i = 0; i < cells; i++)
		job[LABYRINTH_MAZE_HEADER + i / 4] |=
			(uint8_t)(((i % width + 1 == width) | (i / width + 1 == height) << 1)
				  << i % 4 * 2);
	if (cells % 4)
		job[size - 1] &= (uint8_t)((1u << cells % 4 * 2) - 1);
	for (int i = 0; i < (how & 3); i++)
		job[byte(in) % 64] = byte(in);
	memcpy(MEMORY + LABYRINTH_LINK_DATA, job + (how & 4 ? LABYRINTH_PAGE_SIZE : 0),
	       LABYRINTH_PAGE_SIZE);
}

static void step(struct input *in)
{
	uint8_t op = byte(in), how = byte(in);

	switch (op % 8) {
	case 0:
	case 1:
		call(in, how);
		break;
	case 2:
	case 3:
		bell();
		break;
	case 4:
		write_bytes(in, (how & 1 ? LABYRINTH_LINK_DATA : 0) + word(in, 2) % 0x1000,
			    LABYRINTH_LINK_ANSWERS);
		break;
	case 5:
		write_maze(in, how);
		break;
	case 6:
		if (how & 2)
			calls->epoch = byte(in);
		if (how & 4)
			hang();
		else
			look(how & 1);
		break;
	default:
		write_bytes(in, LABYRINTH_LINK_POOL + word(in, 2) % (1u << POOL_SIZE_LOG2),
			    LABYRINTH_LINK_SIZE);
		scribbled = true;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	RULE(mmap(MEMORY, LABYRINTH_LINK_SIZE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MEMORY);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	memset(MEMORY, 0, LABYRINTH_LINK_SIZE);
	boot();
	while (in.left)
		step(&in);
	return 0;
}
