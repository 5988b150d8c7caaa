// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the litmus tests and the pool's cases; prints TAP
 *   check [--full|--first] [PART OF A NAME]
 * --first: the pool's cases only, and no more after one that fails
 */
#include <stdio.h>
#include <string.h>

#include "cases.h"

static bool wanted(const struct model_test *test, const char *part)
{
	return !part || strstr(test->name, part);
}

int main(int argc, char **argv)
{
	bool full = argc > 1 && !strcmp(argv[1], "--full");
	bool first = argc > 1 && !strcmp(argv[1], "--first");
	const char *part = argc > 1 + (full || first) ? argv[1 + (full || first)] : NULL;
	const struct model_test *groups[] = {
		model_litmus, model_free, model_hand, model_stock, model_apart
	};
	const unsigned int counts[] = {
		model_litmus_count, model_free_count, model_hand_count, model_stock_count,
		model_apart_count
	};
	unsigned int group, i, number = 0;
	bool good = true;

	for (group = first; group < sizeof(groups) / sizeof(groups[0]); group++)
		for (i = 0; i < counts[group] && (good || !first); i++) {
			const struct model_test *test = &groups[group][i];

			if (wanted(test, part))
				good &= model_explore(test, ++number,
						      full ? test->full : test->bound);
		}
	printf("1..%u\n", number);
	return good && number ? 0 : 1;
}
