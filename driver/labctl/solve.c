// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl solve - have the device find the shortest path through a maze
 *
 * Contract: what the device says is checked: a path that does not lead from the start to
 * the goal is a failure of the device, and nothing of it is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "labctl.h"
#include "maze.h"
#include "sink.h"

enum {
	OPT_SVG = LABCTL_OPT_FIRST, OPT_JSON, OPT_MODE, OPT_QUEUE,
};

enum solve_exit {
	SOLVE_NO_WAY = 3,
	SOLVE_NO_MAZE = 4,
};

/* No text of a maze is longer; and what is endless ends here */
#define INPUT_MAX (1u << 20)

static const struct option options[] = {
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "queue", required_argument, NULL, OPT_QUEUE },
	LABCTL_COMMON_OPTIONS
};

struct order {
	const char *path;
	const char *svg;
	bool json;
	struct labyrinth_bind bind;
};

/* --- input ------------------------------------------------------------------ */

/* The whole input, in @data with room for INPUT_MAX; -1 with the error printed */
static ssize_t read_input(const char *path, uint8_t *data)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	size_t size = 0;
	ssize_t n = 1;

	if (fd < 0) {
		labctl_error("%s: %s", path, strerror(errno));
		return -1;
	}
	while (n && size < INPUT_MAX) {
		n = read(fd, data + size, INPUT_MAX - size);
		if (n < 0 && errno != EINTR) {
			labctl_error("%s: %s", path, strerror(errno));
			break;
		}
		size += n > 0 ? n : 0;
		n = n < 0 ? 1 : n;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	if (n < 0)
		return -1;
	if (size == INPUT_MAX) {
		labctl_error("%s: more than %u bytes: that is no maze", path, INPUT_MAX - 1);
		return -1;
	}
	return size;
}

/* --- the device -------------------------------------------------------------- */

/* One result, in @data with room for LABYRINTH_JOB_MAX; its size or a negative errno */
static ssize_t read_result(int fd, uint8_t *data)
{
	size_t size = 0, want = LABYRINTH_RESULT_HEADER;

	while (size < want) {
		ssize_t n = labyrinth_io_read(fd, data + size, want - size);
		struct maze_result head;

		if (n <= 0)
			return n ? n : -ENODATA;
		size += n;
		if (size == LABYRINTH_RESULT_HEADER && want == size) {
			maze_read_result(&head, data, size);
			if (head.steps >= LABYRINTH_MAZE_CELLS_MAX)
				return -EPROTO;
			want += LABYRINTH_MAZE_BYTES(head.steps);
		}
	}
	return size;
}

static ssize_t ask(const struct order *order, const uint8_t *job, size_t size, uint8_t *answer)
{
	struct labyrinth_bind bind = order->bind;
	ssize_t n;
	int fd = labyrinth_io_open(labctl_device, O_RDWR), err;

	if (fd < 0) {
		labctl_io_error("open", fd);
		return fd;
	}
	err = labyrinth_io_bind(fd, &bind);
	if (err) {
		labctl_io_error("bind", err);
		n = err;
	} else {
		n = labyrinth_io_write(fd, job, size);
		if (n)
			labctl_io_error("write", n);
	}
	if (!err && !n) {
		n = read_result(fd, answer);
		if (n == -EPROTO)
			labctl_error("%s: the device answered with what is no result", labctl_device);
		else if (n < 0)
			labctl_io_error("read", n);
	}
	close(fd);
	return n;
}

/* --- output ------------------------------------------------------------------ */

static void print_json(const struct maze *maze, const struct maze_result *result)
{
	struct json json = { .out = stdout, .compact = true };
	char path[LABYRINTH_MAZE_CELLS_MAX + 1];
	uint32_t i;

	for (i = 0; i < result->steps; i++)
		path[i] = maze_step_letter(result, i);
	path[i] = 0;
	json_open(&json, NULL, '{');
	json_string(&json, "status", maze_status(result->status));
	json_number(&json, "width", maze->width);
	json_number(&json, "height", maze->height);
	json_number(&json, "steps", result->steps);
	json_number(&json, "visited", result->visited);
	json_number(&json, "work", result->work);
	json_number(&json, "pages", result->pages);
	if (!result->status)
		json_string(&json, "path", path);
	json_close(&json, '}');
	json_end(&json);
}

static bool write_svg(const struct maze *maze, const struct maze_result *result, const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	struct sink sink;
	bool good;

	if (!memory)
		return labctl_error("out of memory"), false;
	maze_svg(maze, result, memory);
	if (fclose(memory))
		return labctl_error("out of memory"), false;
	good = sink_open(&sink, path);
	if (good && !sink_write(&sink, text, size)) {
		sink_abandon(&sink);
		good = false;
	} else if (good) {
		good = sink_finish(&sink);
	}
	free(text);
	return good;
}

static int say(const struct order *order, const struct maze_result *result)
{
	switch (result->status) {
	case LABYRINTH_SOLVE_UNSOLVABLE:
		labctl_error("%s: no way leads from the start to the goal (%u cells visited)",
			     order->path, result->visited);
		return SOLVE_NO_WAY;
	case LABYRINTH_SOLVE_MALFORMED:
		labctl_error("%s: malformed: no maze, or not as long as it says", order->path);
		return SOLVE_NO_MAZE;
	case LABYRINTH_SOLVE_GEOMETRY:
		labctl_error("%s: impossible geometry: no cells, start or goal outside, or no wall all round",
			     order->path);
		return SOLVE_NO_MAZE;
	case LABYRINTH_SOLVE_OVERSIZE:
		labctl_error("%s: too large: at most %u cells a side, %u in all", order->path,
			     LABYRINTH_MAZE_SIDE_MAX, LABYRINTH_MAZE_CELLS_MAX);
		return SOLVE_NO_MAZE;
	case LABYRINTH_SOLVE_ENDLESS:
		labctl_error("%s: endless: more than the %u bytes that a job can have", order->path,
			     LABYRINTH_JOB_MAX);
		return SOLVE_NO_MAZE;
	case LABYRINTH_SOLVE_BUSY:
		return labctl_error("%s: other queues keep the device's memory: try again, or stop them",
				    labctl_device);
	default:
		return labctl_error("%s: the device could not do it: %s", labctl_device,
				    maze_status(result->status));
	}
}

static int solve(const struct order *order, uint8_t *input, size_t size)
{
	static struct maze maze;
	struct maze_result result;
	uint8_t job[LABYRINTH_JOB_MAX], answer[LABYRINTH_JOB_MAX];
	bool binary = maze_is_job(input, size);
	ssize_t n;

	if (!size)
		return labctl_error("%s: empty: see `labctl maze`", order->path), SOLVE_NO_MAZE;
	if (binary && size > LABYRINTH_JOB_WRITE_MAX)
		size = LABYRINTH_JOB_WRITE_MAX;	/* the device will say that it is too much */
	if (!binary) {
		if (!maze_parse(&maze, order->path, (const char *)input, size))
			return SOLVE_NO_MAZE;
		size = maze_to_job(&maze, job);
	}
	n = ask(order, binary ? input : job, size, answer);
	if (n < 0)
		return LABCTL_FAILED;
	if (!maze_read_result(&result, answer, n) || result.cookie ||
	    (!result.status && binary && !maze_from_job(&maze, input, size)) ||
	    (!result.status && !maze_tread(&maze, &result)))
		return labctl_error("%s: the device answered with what is no way through this maze",
				    labctl_device);
	if (order->json)
		print_json(&maze, &result);
	if (result.status)
		return say(order, &result);
	if (order->svg && !write_svg(&maze, &result, order->svg))
		return LABCTL_FAILED;
	if (!order->json && !(order->svg && !strcmp(order->svg, "-"))) {
		maze_print(&maze, stdout);
		/* What is on standard output is a maze, and can be read again */
		fprintf(stderr, "%u steps, %u of %u cells visited\n", result.steps,
			result.visited, maze.width * maze.height);
	}
	return LABCTL_OK;
}

static int set_option(const struct labctl_command *self, struct order *order, int option)
{
	uint64_t number;

	switch (option) {
	case OPT_SVG:
		order->svg = optarg;
		break;
	case OPT_JSON:
		order->json = true;
		break;
	case OPT_MODE:
		if (!strcmp(optarg, "demand"))
			order->bind.mode = LABYRINTH_MODE_DEMAND;
		else if (!strcmp(optarg, "ring"))
			order->bind.mode = LABYRINTH_MODE_RING;
		else
			return labctl_usage(self, "--mode %s: name demand or ring", optarg);
		break;
	case OPT_QUEUE:
		if (!labctl_number(optarg, 0, LABYRINTH_MAX_QUEUES - 1, &number))
			return labctl_usage(self, "--queue %s: name a number from 0 to %u", optarg,
					    LABYRINTH_MAX_QUEUES - 1);
		order->bind.queue = number;
		break;
	}
	return LABCTL_OK;
}

static int solve_main(const struct labctl_command *self, int argc, char **argv)
{
	static uint8_t input[INPUT_MAX];
	struct order order = {
		.bind = { .queue = -1, .source = LABYRINTH_SRC_SOLVE },
	};
	int option, status;
	ssize_t size;

	for (;;) {
		option = labctl_getopt_words(self, argc, argv, options, &status);
		if (option != -1) {
			status = set_option(self, &order, option);
			if (status)
				return status;
			continue;
		}
		if (status != -1)
			return status;
		if (optind == argc)
			break;
		if (order.path)
			return labctl_usage(self, "what is '%s' for?", argv[optind]);
		/* Options may follow the file's name */
		order.path = argv[optind++];
	}
	if (!order.path)
		return labctl_usage(self, "which maze? name a file, or - for standard input");
	if (order.json && order.svg && !strcmp(order.svg, "-"))
		return labctl_usage(self, "--json and --svg - cannot both be on standard output");
	size = read_input(order.path, input);
	return size < 0 ? LABCTL_FAILED : solve(&order, input, size);
}

const struct labctl_command labctl_solve = {
	.name = "solve",
	.summary = "have the device find the shortest path through a maze",
	.usage = "usage: labctl solve FILE|- [OPTION]... [--device /dev/labyrinthN]\n"
		 "\n"
		 "Gives a maze to the device's solver, and prints it with the path that comes back,\n"
		 "a shortest one, marked by dots.  The maze is as `labctl maze` makes it, as text or\n"
		 "binary.  Text: lines of the same length; # + - | are walls, spaces and dots are\n"
		 "open; S is the start, else the first open cell, G the goal, else the last one.\n"
		 "Where every second character both ways is a post and those between are open, it\n"
		 "is a maze of thin walls; else each character is a cell.\n"
		 "\n"
		 "  --svg PATH    draw it too, - for standard output instead of the text\n"
		 "  --json        the result as one line of JSON instead of the text\n"
		 "  --mode MODE   demand: the device interrupts for a buffer (default);\n"
		 "                ring: buffers are posted ahead\n"
		 "  --queue Q     take queue Q (default: the lowest free one)\n"
		 "\n"
		 "exit status: 0 solved; 1 something failed, or the device is busy; 2 wrong usage;\n"
		 "3 there is no way; 4 this is no maze: malformed, impossible, or too large\n",
	.main = solve_main,
};
