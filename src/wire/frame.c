/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the layout of a frame's header. */
#include "wire/frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "wire/limits.h"

void frame_header_encode(const struct frame_header *h, uint8_t to[static FRAME_HEADER_SIZE])
{
	uint32_t len = htole32(h->len);
	uint16_t type = htole16(h->type), zero = 0;
	uint64_t id = htole64(h->id);

	memcpy(to, &len, sizeof(len));
	memcpy(to + 4, &type, sizeof(type));
	memcpy(to + 6, &zero, sizeof(zero));
	memcpy(to + 8, &id, sizeof(id));
}

int frame_header_decode(const uint8_t from[static FRAME_HEADER_SIZE], struct frame_header *ret)
{
	uint32_t len;
	uint16_t type, zero;
	uint64_t id;

	memcpy(&len, from, sizeof(len));
	memcpy(&type, from + 4, sizeof(type));
	memcpy(&zero, from + 6, sizeof(zero));
	memcpy(&id, from + 8, sizeof(id));
	len = le32toh(len);
	if (len > FRAME_MAX || zero)
		return -EPROTO;
	*ret = (struct frame_header){ .len = len, .type = le16toh(type), .id = le64toh(id) };
	return 0;
}
