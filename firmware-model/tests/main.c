// SPDX-License-Identifier: GPL-2.0-only
/* All suites of the firmware core as one TAP document. */
#include <stdlib.h>

#include "fixture.h"

int main(void)
{
	const struct suite *suites[] = {
		&pool_suite,   &data_suite,    &generator_suite, &request_suite,
		&stream_suite, &restart_suite, &share_suite,	 &valid_suite,
		&random_suite, &job_suite,     &solve_suite,
	};
	struct CMUnitTest all[128];
	size_t n = 0;

	for (size_t s = 0; s < sizeof(suites) / sizeof(*suites); s++) {
		for (size_t i = 0; i < suites[s]->n; i++) {
			if (n == sizeof(all) / sizeof(*all))
				abort();
			all[n++] = suites[s]->tests[i];
		}
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("firmware", all, n, NULL, NULL) ? 1 : 0;
}
