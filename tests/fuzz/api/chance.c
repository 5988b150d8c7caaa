// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzer's generator (splitmix64), and values that are worth a try
 */
#include "fuzz.h"

uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

uint64_t interesting(uint64_t random)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		3,
		4,
		7,
		8,
		15,
		16,
		32,
		63,
		64,
		255,
		256,
		1024,
		4095,
		4096,
		4097,
		65535,
		65536,
		131072,
		0x7fffffff,
		0x80000000,
		0xfffffffe,
		0xffffffff,
		0x100000000ull,
		0x7fffffffffffffffull,
		0x8000000000000000ull,
		0xfffffffffffff000ull,
		0xffffffffffffffffull,
	};
	uint64_t pick = random >> 8;

	switch (random & 3) {
	case 0:
		return pick;
	case 1:
		return 1ull << (pick & 63);
	default:
		return values[pick % (sizeof(values) / sizeof(values[0]))];
	}
}

uint64_t seeded(uint64_t seed, unsigned int thread, uint64_t program)
{
	uint64_t state = seed * 0xd1342543de82ef95ull + thread;

	state = next_random(&state) ^ program * 0xaf251af3b0f025b5ull;
	return next_random(&state);
}
