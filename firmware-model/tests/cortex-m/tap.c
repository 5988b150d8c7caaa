// SPDX-License-Identifier: GPL-2.0-only
#include "bench.h"

static uint32_t number, failures, bad;

void tap_result(bool good, const char *what)
{
	failures += !good;
	board_text(good ? "ok " : "not ok ");
	board_number(++number);
	board_text(" - ");
	board_text(what);
	board_text("\n");
}

bool tap_bad(const char *what, uint32_t a, uint32_t b)
{
	/* The first few say what it is about. */
	if (bad++ < 5) {
		board_text("# ");
		board_text(what);
		board_text(": ");
		board_hex(a);
		board_text(" ");
		board_hex(b);
		board_text("\n");
	}
	return false;
}

void tap_so(const char *what)
{
	tap_result(!bad, what);
	bad = 0;
}

void tap_line(const char *what, uint32_t n)
{
	board_text("# ");
	board_text(what);
	board_text(" ");
	board_number(n);
	board_text("\n");
}

_Noreturn void tap_end(void)
{
	board_text("1..");
	board_number(number);
	board_text("\n");
	board_end(!failures);
}
