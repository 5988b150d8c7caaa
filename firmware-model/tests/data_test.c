// SPDX-License-Identifier: GPL-2.0-only
/* CRC-32C and the generator's pages against answers from elsewhere. */
#include "fixture.h"

/* The definition, bit by bit */
static uint32_t crc_by_bits(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int b = 0; b < 8; b++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void crc_gives_the_answers_of_rfc_3720(void **state)
{
	/* Appendix B.4 */
	static const uint8_t read_pdu[48] = {
		0x01,	     0xc0,	  [16] = 0x14, [22] = 0x04,
		[27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02,
	};
	uint8_t data[32];

	(void)state;
	memset(data, 0, sizeof(data));
	assert_int_equal(labyrinth_crc32c(0, data, 32), 0x8a9136aau);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(labyrinth_crc32c(0, data, 32), 0x62a8ab43u);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(labyrinth_crc32c(0, data, 32), 0x46dd794eu);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = (uint8_t)(31 - i);
	assert_int_equal(labyrinth_crc32c(0, data, 32), 0x113fdb5cu);
	assert_int_equal(labyrinth_crc32c(0, read_pdu, 48), 0xd9963a56u);
	assert_int_equal(labyrinth_crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(labyrinth_crc32c(0, data, 0), 0);
}

static void crc_is_its_definition_at_every_length_and_alignment(void **state)
{
	uint8_t data[SIZE + 8];
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)draw(&random, 256);
	for (size_t n = 0; n <= 300; n++) {
		for (size_t at = 0; at < 8; at++)
			assert_int_equal(labyrinth_crc32c(0, data + at, n),
					 crc_by_bits(0, data + at, n));
	}
	/* Each byte value at each place of a word: every entry of each table */
	for (size_t at = 0; at < 8; at++) {
		for (unsigned int byte = 0; byte < 256; byte++) {
			data[at] = (uint8_t)byte;
			assert_int_equal(labyrinth_crc32c(0, data, 8),
					 crc_by_bits(0, data, 8));
		}
	}
}

static void crc_goes_on_where_it_stopped(void **state)
{
	uint8_t data[64];
	uint32_t whole;

	(void)state;
	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + 1);
	whole = labyrinth_crc32c(0, data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		uint32_t crc = labyrinth_crc32c(0, data, cut);

		assert_int_equal(labyrinth_crc32c(crc, data + cut,
						  sizeof(data) - cut),
				 whole);
	}
}

/* Answers of an independent Python implementation of the header's words */
static const struct {
	uint64_t seed;
	uint32_t queue;
	uint64_t seq;
	uint32_t min, max, length, crc;
} answers[] = {
	{ 0x0u, 0, 0x0u, 1, 4096, 1, 0xc7cc2a06u },
	{ 0x7u, 0, 0x0u, 1, 4096, 4096, 0xce77f6afu },
	{ 0x7u, 0, 0x1u, 1, 4096, 1, 0x98dafa54u },
	{ 0x7u, 1, 0x0u, 1, 4096, 1241, 0x3f817a43u },
	{ 0x7u, 15, 0xf4240u, 64, 1500, 1500, 0x37471f41u },
	{ UINT64_MAX, 15, UINT64_MAX, 4096, 4096, 4096, 0xd3bb9c0eu },
	{ 0x2au, 3, 0x5u, 7, 7, 7, 0x9bb207b4u },
	{ 0x1u, 0, 0x100000000u, 1, 4096, 2544, 0x7383ddffu },
};

static void generator_gives_known_pages(void **state)
{
	uint8_t page[SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		uint32_t n =
			labyrinth_gen_page(answers[i].seed, answers[i].queue,
					   answers[i].seq, answers[i].min,
					   answers[i].max, page);

		assert_int_equal(n, answers[i].length);
		assert_int_equal(labyrinth_crc32c(0, page, n), answers[i].crc);
	}
}

static void generator_stays_within_its_sizes_and_writes_no_more(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 1, 1 },  { 1, 2 },	 { 1, 4096 },	 { 8, 9 },
		{ 7, 17 }, { 64, 1500 }, { 4095, 4096 }, { 4096, 4096 },
	};
	uint8_t page[SIZE];

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		uint32_t min = sizes[s][0], max = sizes[s][1];

		for (uint64_t seq = 0; seq < 500; seq++) {
			uint32_t n;

			memset(page, 0xee, sizeof(page));
			n = labyrinth_gen_page(3, 2, seq, min, max, page);
			assert_in_range(n, min, max);
			for (uint32_t i = n; i < SIZE; i++)
				assert_int_equal(page[i], 0xee);
			for (uint32_t i = 0; i < 8 && n >= 8; i++)
				assert_int_equal(page[i],
						 seq >> (8 * i) & 0xff);
		}
	}
}

static void generator_mixes_sizes_and_contents(void **state)
{
	uint32_t smallest = 0, largest = 0, between = 0;
	uint32_t ones = 0, bits = 0;
	uint8_t page[SIZE];

	(void)state;
	for (uint64_t seq = 0; seq < 4000; seq++) {
		uint32_t n = labyrinth_gen_page(11, 0, seq, 1, SIZE, page);

		smallest += n == 1;
		largest += n == SIZE;
		between += n > 1 && n < SIZE;
		for (uint32_t i = 8; i < n; i++)
			ones += (uint32_t)__builtin_popcount(page[i]);
		bits += n > 8 ? 8 * (n - 8) : 0;
	}
	assert_in_range(smallest, 350, 650);
	assert_in_range(largest, 800, 1200);
	assert_in_range(between, 2200, 2800);
	assert_in_range(ones, bits / 100 * 49, bits / 100 * 51);
}

static void generator_depends_on_seed_queue_and_sequence(void **state)
{
	uint8_t one[SIZE], other[SIZE];

	(void)state;
	labyrinth_gen_page(5, 1, 9, SIZE, SIZE, one);
	labyrinth_gen_page(5, 1, 9, SIZE, SIZE, other);
	assert_memory_equal(one, other, SIZE);
	labyrinth_gen_page(6, 1, 9, SIZE, SIZE, other);
	assert_memory_not_equal(one + 8, other + 8, SIZE - 8);
	labyrinth_gen_page(5, 2, 9, SIZE, SIZE, other);
	assert_memory_not_equal(one + 8, other + 8, SIZE - 8);
	labyrinth_gen_page(5, 1, 10, SIZE, SIZE, other);
	assert_memory_not_equal(one + 8, other + 8, SIZE - 8);
}

SUITE(data_suite, TEST(crc_gives_the_answers_of_rfc_3720),
      TEST(crc_is_its_definition_at_every_length_and_alignment),
      TEST(crc_goes_on_where_it_stopped), TEST(generator_gives_known_pages),
      TEST(generator_stays_within_its_sizes_and_writes_no_more),
      TEST(generator_mixes_sizes_and_contents),
      TEST(generator_depends_on_seed_queue_and_sequence));
