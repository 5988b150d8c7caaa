/* SPDX-License-Identifier: GPL-2.0-only */
/* What the targets have in common: a rule that must hold, and an input that is read to its end. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define RULE(what)                                                   \
	do {                                                         \
		if (!(what)) {                                       \
			fprintf(stderr, "broken: %s\n", #what);      \
			abort();                                     \
		}                                                    \
	} while (0)

struct input {
	const uint8_t *at;
	size_t left;
};

/* Behind the end there are zeroes. */
static inline uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_INPUT_H */
