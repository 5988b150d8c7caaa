// SPDX-License-Identifier: GPL-2.0-only
/*
 * labctl - mazes as text; maze.h says what thin and thick are
 *
 * Walls are '#', '+', '-' or '|'; open are ' ', '.' and '*'; S and G are the start and
 * the goal, which else are the first and the last open cell.  What is printed can be
 * read again.
 */
#include <string.h>

#include "labctl.h"
#include "maze.h"

#define SIDE_CHARS (2 * LABYRINTH_MAZE_SIDE_MAX + 1)

/* The characters, and what was found among them */
struct page {
	const char *path;
	const char *row[SIDE_CHARS];
	uint32_t rows;
	uint32_t columns;
};

static bool is_wall(char c)
{
	return c == '#' || c == '+' || c == '-' || c == '|';
}

static bool is_open(char c)
{
	return c == ' ' || c == '.' || c == '*' || c == 'S' || c == 'G';
}

static char at(const struct page *page, uint32_t x, uint32_t y)
{
	return page->row[y][x];
}

static bool read_rows(struct page *page, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *line_end = memchr(text, '\n', end - text);
		const char *next = line_end ? line_end + 1 : end;
		size_t length = (line_end ? line_end : end) - text, x;

		if (length && text[length - 1] == '\r')
			length--;
		if (page->rows == SIDE_CHARS || length > SIDE_CHARS)
			return labctl_error("%s: the maze is too large: at most %u cells a side, %u in all",
					    page->path, LABYRINTH_MAZE_SIDE_MAX,
					    LABYRINTH_MAZE_CELLS_MAX), false;
		for (x = 0; x < length; x++)
			if (!is_wall(text[x]) && !is_open(text[x]))
				return labctl_error("%s:%u:%zu: not a character of a maze: use # for walls, spaces, S and G",
						    page->path, page->rows + 1, x + 1), false;
		if (!page->rows)
			page->columns = length;
		if (length != page->columns)
			return labctl_error("%s:%u: %zu characters, but the first line has %u: make all lines as long",
					    page->path, page->rows + 1, length, page->columns), false;
		page->row[page->rows++] = text;
		text = next;
	}
	if (!page->columns)
		return labctl_error("%s: no maze in it: see `labctl maze`", page->path), false;
	return true;
}

/* Posts at the corners, open cells in between, all round a wall */
static bool is_thin(const struct page *page)
{
	uint32_t x, y;

	if (page->rows < 3 || page->columns < 3 || page->rows % 2 == 0 || page->columns % 2 == 0)
		return false;
	for (y = 0; y < page->rows; y++) {
		for (x = 0; x < page->columns; x++) {
			bool outer = !x || !y || x + 1 == page->columns || y + 1 == page->rows;
			char c = at(page, x, y);

			if ((outer || (x % 2 == 0 && y % 2 == 0)) && !is_wall(c))
				return false;
			if (x % 2 && y % 2 && !is_open(c))
				return false;
			/* A start in a passage has no cell */
			if ((x + y) % 2 && (c == 'S' || c == 'G'))
				return false;
		}
	}
	return true;
}

/* What is in the passage between two cells, and of the cells */
static bool closed(const struct maze *maze, const struct page *page, uint32_t x, uint32_t y,
		   uint32_t dx, uint32_t dy)
{
	if (x + dx >= maze->width || y + dy >= maze->height)
		return true;
	if (!maze->thick)
		return is_wall(at(page, 2 * x + 1 + dx, 2 * y + 1 + dy));
	return is_wall(at(page, x, y)) || is_wall(at(page, x + dx, y + dy));
}

static bool find_ends(struct maze *maze, const struct page *page)
{
	uint32_t cells = maze->width * maze->height, i;
	uint32_t first = UINT32_MAX, last = 0, starts = 0, goals = 0;

	for (i = 0; i < cells; i++) {
		uint32_t x = i % maze->width, y = i / maze->width;
		char c = maze->thick ? at(page, x, y) : at(page, 2 * x + 1, 2 * y + 1);

		if (maze->solid[i])
			continue;
		if (first == UINT32_MAX)
			first = i;
		last = i;
		if (c == 'S') {
			maze->start = i;
			starts++;
		} else if (c == 'G') {
			maze->goal = i;
			goals++;
		}
	}
	if (first == UINT32_MAX)
		return labctl_error("%s: nothing but walls: leave a way open", page->path), false;
	if (starts > 1 || goals > 1)
		return labctl_error("%s: more than one %c: leave one", page->path,
				    starts > 1 ? 'S' : 'G'), false;
	if (!starts)
		maze->start = first;
	if (!goals)
		maze->goal = last;
	return true;
}

bool maze_parse(struct maze *maze, const char *path, const char *text, size_t size)
{
	static struct page page;
	uint32_t i;

	memset(maze, 0, sizeof(*maze));
	page = (struct page){ .path = path };
	if (!read_rows(&page, text, size))
		return false;
	maze->thick = !is_thin(&page);
	maze->width = maze->thick ? page.columns : page.columns / 2;
	maze->height = maze->thick ? page.rows : page.rows / 2;
	if (!maze_size_ok(maze->width, maze->height))
		return labctl_error("%s: %u x %u cells are too many: at most %u a side, %u in all",
				    path, maze->width, maze->height, LABYRINTH_MAZE_SIDE_MAX,
				    LABYRINTH_MAZE_CELLS_MAX), false;
	for (i = 0; i < maze->width * maze->height; i++) {
		uint32_t x = i % maze->width, y = i / maze->width;

		maze->solid[i] = maze->thick && is_wall(at(&page, x, y));
		maze->walls[i] = closed(maze, &page, x, y, 1, 0) * LABYRINTH_MAZE_EAST |
				 closed(maze, &page, x, y, 0, 1) * LABYRINTH_MAZE_SOUTH;
	}
	return find_ends(maze, &page);
}

static char cell_char(const struct maze *maze, uint32_t cell)
{
	if (cell == maze->start)
		return 'S';
	if (cell == maze->goal)
		return 'G';
	if (maze->solid[cell])
		return '#';
	return maze->trodden[cell] ? '.' : ' ';
}

/* Between a cell and the next one, east or south of it */
static char passage_char(const struct maze *maze, uint32_t cell, uint32_t next, uint8_t side)
{
	if (maze->walls[cell] & side)
		return '#';
	return maze->trodden[cell] && maze->trodden[next] ? '.' : ' ';
}

static void print_thin(const struct maze *maze, FILE *out)
{
	uint32_t x, y;

	for (x = 0; x < 2 * maze->width + 1; x++)
		fputc('#', out);
	fputc('\n', out);
	for (y = 0; y < maze->height; y++) {
		fputc('#', out);
		for (x = 0; x < maze->width; x++) {
			uint32_t cell = y * maze->width + x;

			fputc(cell_char(maze, cell), out);
			fputc(passage_char(maze, cell, cell + 1, LABYRINTH_MAZE_EAST), out);
		}
		fputs("\n#", out);
		for (x = 0; x < maze->width; x++) {
			uint32_t cell = y * maze->width + x;

			fputc(passage_char(maze, cell, cell + maze->width, LABYRINTH_MAZE_SOUTH),
			      out);
			fputc('#', out);
		}
		fputc('\n', out);
	}
}

void maze_print(const struct maze *maze, FILE *out)
{
	uint32_t x, y;

	if (!maze->thick) {
		print_thin(maze, out);
		return;
	}
	for (y = 0; y < maze->height; y++) {
		for (x = 0; x < maze->width; x++)
			fputc(cell_char(maze, y * maze->width + x), out);
		fputc('\n', out);
	}
}
