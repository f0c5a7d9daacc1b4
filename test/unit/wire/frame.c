/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/frame.h"
#include "wire/limits.h"

static void layout_is_little_endian(void **state)
{
	static const uint8_t want[FRAME_HEADER_SIZE] = { 4, 3, 2, 0, 6, 5, 0, 0,
							 8, 7, 6, 5, 4, 3, 2, 1 };
	const struct frame_header h = { 0x00020304, 0x0506, 0x0102030405060708 };
	uint8_t got[FRAME_HEADER_SIZE];

	frame_header_encode(&h, got);
	assert_memory_equal(got, want, sizeof(want));
}

static void round_trip(void **state)
{
	static const uint32_t lens[] = { 0, 1, 16384, FRAME_MAX };

	for (unsigned i = 0; i < 4; i++) {
		struct frame_header h = { .len = lens[i], .type = 65535, .id = UINT64_MAX }, g;
		uint8_t b[FRAME_HEADER_SIZE];

		frame_header_encode(&h, b);
		assert_int_equal(frame_header_decode(b, &g), 0);
		assert_int_equal(g.len, h.len);
		assert_int_equal(g.type, h.type);
		assert_true(g.id == h.id);
	}
}

static void refuses(void **state)
{
	struct frame_header h = { .len = FRAME_MAX + 1 }, g;
	uint8_t b[FRAME_HEADER_SIZE];

	frame_header_encode(&h, b);
	assert_int_equal(frame_header_decode(b, &g), -EPROTO);
	h.len = 0;
	frame_header_encode(&h, b);
	b[7] = 1;
	assert_int_equal(frame_header_decode(b, &g), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_little_endian),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
