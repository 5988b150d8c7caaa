// SPDX-License-Identifier: GPL-2.0-only
/* The suites of the firmware core as one TAP document: all, or those named. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const struct {
	const char *name;
	const struct suite *suite;
} suites[] = {
	{ "pool", &pool_suite },	   { "data", &data_suite },
	{ "generator", &generator_suite }, { "request", &request_suite },
	{ "stream", &stream_suite },	   { "restart", &restart_suite },
	{ "share", &share_suite },	   { "valid", &valid_suite },
	{ "random", &random_suite },	   { "job", &job_suite },
	{ "solve", &solve_suite },
};

static bool named(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	struct CMUnitTest all[128];
	size_t n = 0;

	for (size_t s = 0; s < sizeof(suites) / sizeof(*suites); s++) {
		if (!named(suites[s].name, argc, argv))
			continue;
		for (size_t i = 0; i < suites[s].suite->n; i++) {
			if (n == sizeof(all) / sizeof(*all))
				abort();
			all[n++] = suites[s].suite->tests[i];
		}
	}
	if (!n) {
		fprintf(stderr, "firmware-test: no suite of that name\n");
		return 2;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("firmware", all, n, NULL, NULL) ? 1 : 0;
}
