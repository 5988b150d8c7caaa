// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and changing programs
 */
#include "fuzz.h"

#define MOST_KINDS 64

static const struct kind *all[MOST_KINDS];
static unsigned int count, weights, weights_alone;

static void collect(const struct kind *kinds)
{
	for (; kinds->name && count < MOST_KINDS; kinds++) {
		all[count++] = kinds;
		weights_alone += kinds->weight;
		weights += kinds->alone ? 0 : kinds->weight;
	}
}

unsigned int kinds_count(void)
{
	if (!count) {
		collect(ioctl_kinds);
		collect(file_kinds);
		collect(memory_kinds);
		collect(system_kinds);
	}
	return count;
}

const struct kind *kind_of(unsigned int number)
{
	return all[number % kinds_count()];
}

static unsigned int pick_kind(unsigned int thread, uint64_t random)
{
	unsigned int i = 0, left = random % (thread ? weights : weights_alone);

	for (;; i++) {
		if (thread && all[i]->alone)
			continue;
		if (left < all[i]->weight)
			return i;
		left -= all[i]->weight;
	}
}

static void make_call(struct call *c, unsigned int thread, uint64_t *random)
{
	uint64_t bits = next_random(random);

	c->kind = pick_kind(thread, next_random(random));
	c->file = bits;
	c->other = bits >> 8;
	c->where = bits >> 16;
	c->size = interesting(next_random(random));
	c->a = interesting(next_random(random));
	c->b = next_random(random);
}

void make_program(struct program *p, unsigned int thread, uint64_t random)
{
	unsigned int i;

	kinds_count();
	for (i = 0; i < PROGRAM_CALLS; i++)
		make_call(&p->calls[i], thread, &random);
}

void change_program(struct program *p, unsigned int thread, uint64_t *random)
{
	unsigned int changes = 1 + next_random(random) % 4;

	while (changes--) {
		uint64_t bits = next_random(random);
		struct call *c = &p->calls[bits % PROGRAM_CALLS];

		switch (bits >> 32 & 7) {
		case 0:
			make_call(c, thread, random);
			break;
		case 1:
			*c = p->calls[bits >> 8 & (PROGRAM_CALLS - 1)];
			break;
		case 2:
			c->where = bits >> 16;
			break;
		case 3:
			c->size = interesting(next_random(random));
			break;
		case 4:
			c->a = interesting(next_random(random));
			break;
		case 5:
			c->b ^= 1ull << (bits >> 16 & 63);
			break;
		default:
			c->b = next_random(random);
			break;
		}
	}
}
