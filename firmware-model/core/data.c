// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Data: the checksum of a page and the contents of a generator's pages.
 *
 * Both are pure functions, the same on every host whatever its byte order and
 * alignment rules: words are put together from bytes, which compilers turn into
 * one load or store where the machine has it.
 */
#include "crc32c_table.h"
#include "fw_internal.h"

#if CRC32C_SLICES == 8
static inline uint32_t get_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}
#endif

static inline void put_le64(uint8_t *p, uint64_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
	p[4] = (uint8_t)(v >> 32);
	p[5] = (uint8_t)(v >> 40);
	p[6] = (uint8_t)(v >> 48);
	p[7] = (uint8_t)(v >> 56);
}

uint32_t labyrinth_crc32c(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	crc = ~crc;
#if CRC32C_SLICES == 8
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t lo = get_le32(p) ^ crc;
		uint32_t hi = get_le32(p + 4);

		crc = crc32c_table[7][lo & 0xff] ^
		      crc32c_table[6][lo >> 8 & 0xff] ^
		      crc32c_table[5][lo >> 16 & 0xff] ^
		      crc32c_table[4][lo >> 24] ^ crc32c_table[3][hi & 0xff] ^
		      crc32c_table[2][hi >> 8 & 0xff] ^
		      crc32c_table[1][hi >> 16 & 0xff] ^
		      crc32c_table[0][hi >> 24];
	}
#endif
	for (; n; n--, p++)
		crc = crc >> 8 ^ crc32c_table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

/* The finaliser of SplitMix64: neighbours in, unrelated values out. */
static uint64_t scatter(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* xorshift64* */
static uint64_t xorshift(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* A quarter of the pages is full, an eighth minimal, the rest anything. */
static uint32_t mixed_length(uint32_t random, uint32_t min, uint32_t max)
{
	uint32_t kind = random & 7;

	if (kind == 0)
		return min;
	if (kind <= 2)
		return max;
	return min + (random >> 3) % (max - min + 1);
}

uint32_t labyrinth_gen_page(uint64_t seed, uint32_t queue, uint64_t seq,
			    uint32_t min, uint32_t max, uint8_t *data)
{
	uint64_t state = scatter(scatter(scatter(seed) + queue) + seq);
	uint32_t length, at;

	/* The one state that xorshift cannot leave */
	if (!state)
		state = 1;
	length = mixed_length((uint32_t)(state >> 32), min, max);
	for (at = 0; at + 8 <= length; at += 8) {
		uint64_t word = xorshift(&state);

		put_le64(data + at, at ? word : seq);
	}
	for (; at < length; at++)
		data[at] = (uint8_t)(xorshift(&state) >> 56);
	return length;
}
