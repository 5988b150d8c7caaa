// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - a solved maze as a picture: walls that lie in a line are one line, and so are
 * the path's steps, so that the file stays small
 */
#include "maze.h"

#define CELL 10

static void middle(const struct maze *maze, uint32_t cell, uint32_t *x, uint32_t *y)
{
	*x = cell % maze->width * CELL + CELL / 2;
	*y = cell / maze->width * CELL + CELL / 2;
}

static void dot(const struct maze *maze, uint32_t cell, const char *colour, FILE *out)
{
	uint32_t x, y;

	middle(maze, cell, &x, &y);
	fprintf(out, "<circle cx=\"%u\" cy=\"%u\" r=\"3\" fill=\"%s\"/>\n", x, y, colour);
}

/* Is there a wall between (x, y) and its neighbour; a thick maze shows its cells instead */
static bool wall(const struct maze *maze, uint32_t x, uint32_t y, uint8_t side)
{
	return !maze->thick && maze->walls[y * maze->width + x] & side;
}

static void walls(const struct maze *maze, FILE *out)
{
	uint32_t x, y, from;

	fprintf(out, "<path d=\"M0 0H%uV%uH0Z", maze->width * CELL, maze->height * CELL);
	for (y = 0; y + 1 < maze->height; y++) {
		for (x = 0; x < maze->width; x++) {
			for (from = x; x < maze->width && wall(maze, x, y, LABYRINTH_MAZE_SOUTH);)
				x++;
			if (x > from)
				fprintf(out, "M%u %uH%u", from * CELL, (y + 1) * CELL, x * CELL);
		}
	}
	for (x = 0; x + 1 < maze->width; x++) {
		for (y = 0; y < maze->height; y++) {
			for (from = y; y < maze->height && wall(maze, x, y, LABYRINTH_MAZE_EAST);)
				y++;
			if (y > from)
				fprintf(out, "M%u %uV%u", (x + 1) * CELL, from * CELL, y * CELL);
		}
	}
	fputs("\" fill=\"none\" stroke=\"#222\" stroke-width=\"2\" stroke-linecap=\"square\"/>\n",
	      out);
}

static void solid(const struct maze *maze, FILE *out)
{
	uint32_t x, y, from;

	fputs("<path d=\"", out);
	for (y = 0; y < maze->height; y++) {
		for (x = 0; x < maze->width; x++) {
			for (from = x; x < maze->width && maze->solid[y * maze->width + x];)
				x++;
			if (x > from)
				fprintf(out, "M%u %uh%uv%dh-%uz", from * CELL, y * CELL,
					(x - from) * CELL, CELL, (x - from) * CELL);
		}
	}
	fputs("\" fill=\"#222\"/>\n", out);
}

static void path(const struct maze *maze, const struct maze_result *result, FILE *out)
{
	uint32_t cell = maze->start, i, x, y;
	char last = 0;

	middle(maze, cell, &x, &y);
	fprintf(out, "<path d=\"M%u %u", x, y);
	for (i = 0; i < result->steps; i++) {
		char letter = maze_step_letter(result, i);
		unsigned int step = letter == 'N' ? LABYRINTH_STEP_NORTH :
				    letter == 'E' ? LABYRINTH_STEP_EAST :
				    letter == 'S' ? LABYRINTH_STEP_SOUTH : LABYRINTH_STEP_WEST;

		if (last && letter != last) {
			middle(maze, cell, &x, &y);
			fprintf(out, "L%u %u", x, y);
		}
		last = letter;
		cell = maze_neighbour(maze, cell, step);
	}
	middle(maze, cell, &x, &y);
	fprintf(out, "L%u %u\" fill=\"none\" stroke=\"#d33\" stroke-width=\"3\" stroke-linejoin=\"round\"/>\n",
		x, y);
}

void maze_svg(const struct maze *maze, const struct maze_result *result, FILE *out)
{
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 %u %u\" width=\"%u\">\n",
		maze->width * CELL + 8, maze->height * CELL + 8, maze->width * CELL + 8);
	fprintf(out, "<title>%u x %u cells, %u steps, %u cells visited</title>\n", maze->width,
		maze->height, result->steps, result->visited);
	fprintf(out, "<rect x=\"-4\" y=\"-4\" width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	if (maze->thick)
		solid(maze, out);
	path(maze, result, out);
	walls(maze, out);
	dot(maze, maze->start, "#27a", out);
	dot(maze, maze->goal, "#2a4", out);
	fputs("</svg>\n", out);
}
