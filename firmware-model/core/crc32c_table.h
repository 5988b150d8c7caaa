/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Slicing-by-8 tables for CRC-32C (Castagnoli, reflected 0x82f63b78), laid out
 * by the compiler: an entry is the exclusive or of the entries of its bits, so
 * that eight constants make a table of 256.  crc32c_table[k][b] is the CRC
 * register after byte b and k zero bytes.
 */
#ifndef LABYRINTH_CRC32C_TABLE_H
#define LABYRINTH_CRC32C_TABLE_H

#include <stdint.h>

/* 8; or 1 where flash is dearer than time, a firmware's of 16 KiB */
#ifndef CRC32C_SLICES
#define CRC32C_SLICES 8
#endif

#define CRC_1(x) (x)
#define CRC_2(x, a) CRC_1(x), CRC_1((x) ^ (a))
#define CRC_4(x, a, b) CRC_2(x, a), CRC_2((x) ^ (b), a)
#define CRC_8(x, a, b, c) CRC_4(x, a, b), CRC_4((x) ^ (c), a, b)
#define CRC_16(x, a, b, c, d) CRC_8(x, a, b, c), CRC_8((x) ^ (d), a, b, c)
#define CRC_32(x, a, b, c, d, e) \
	CRC_16(x, a, b, c, d), CRC_16((x) ^ (e), a, b, c, d)
#define CRC_64(x, a, b, c, d, e, f) \
	CRC_32(x, a, b, c, d, e), CRC_32((x) ^ (f), a, b, c, d, e)
#define CRC_128(x, a, b, c, d, e, f, g) \
	CRC_64(x, a, b, c, d, e, f), CRC_64((x) ^ (g), a, b, c, d, e, f)
/* clang-format off */
#define ROWS(a, b, c, d, e, f, g, h) { \
	CRC_128(0u, a, b, c, d, e, f, g), \
	CRC_128((h), a, b, c, d, e, f, g), \
}

static const uint32_t crc32c_table[CRC32C_SLICES][256] = {
	ROWS(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
	     0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
#if CRC32C_SLICES == 8
	ROWS(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
	     0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	ROWS(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
	     0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	ROWS(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
	     0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	ROWS(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
	     0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	ROWS(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
	     0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	ROWS(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
	     0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	ROWS(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
	     0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664)
#endif
};
/* clang-format on */

#endif /* LABYRINTH_CRC32C_TABLE_H */
