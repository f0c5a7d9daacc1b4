/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A header that decodes must encode to the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "wire/frame.h"
#include "wire/limits.h"

#define RUNS 200000

static const char *const words[] = { "\x01", "\x10", "\x11", "\x80", "\xff" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct frame_header h;
	uint8_t b[FRAME_HEADER_SIZE];

	for (; n >= FRAME_HEADER_SIZE; p += FRAME_HEADER_SIZE, n -= FRAME_HEADER_SIZE) {
		memcpy(b, p, sizeof(b));
		b[6] &= p[0]; /* else hardly any would be good */
		b[7] = 0;
		b[3] = b[3] == 0xff ? 1 : 0;
		if (frame_header_decode(b, &h) == 0) {
			uint8_t again[FRAME_HEADER_SIZE];

			ASSERT(h.len <= FRAME_MAX);
			frame_header_encode(&h, again);
			ASSERT(!memcmp(b, again, sizeof(b)));
		}
		(void)frame_header_decode(p, &h);
	}
	return 0;
}

#include "plain_main.h"
