/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16 bytes before each payload, little-endian: u32 length, u16 type, u16 zero, u64 id. */
#ifndef MOS_WIRE_FRAME_H
#define MOS_WIRE_FRAME_H

#include <stdint.h>

#define FRAME_HEADER_SIZE 16U

struct frame_header {
	uint32_t len; /* of the payload; at most FRAME_MAX */
	uint16_t type;
	uint64_t id;
};

void frame_header_encode(const struct frame_header *h, uint8_t to[static FRAME_HEADER_SIZE]);
/* Return: 0, or -EPROTO for a length over FRAME_MAX or a reserved field that is not zero. */
int frame_header_decode(const uint8_t from[static FRAME_HEADER_SIZE], struct frame_header *ret);

#endif
