/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "node/preamble.h"

static void parses(void **state)
{
	uint8_t b[PREAMBLE_SIZE] = "umosix1\n";
	struct token t;

	assert_int_equal(preamble_parse(b, &t), 0);
	assert_true(token_is_zero(&t));
	b[PREAMBLE_SIZE - 1] = 1;
	assert_int_equal(preamble_parse(b, &t), 0);
	assert_false(token_is_zero(&t));
	for (unsigned i = 0; i < 8; i++) {
		b[i] ^= 0x20;
		assert_int_equal(preamble_parse(b, &t), -EPROTO);
		b[i] ^= 0x20;
	}
}

static void hex(void **state)
{
	static const char *const bad[] = { "",
					   "0",
					   "00112233445566778899aabbccddeef",
					   "00112233445566778899aabbccddeeff0",
					   "00112233445566778899aabbccddeefg",
					   " 0112233445566778899aabbccddeeff" };
	char text[TOKEN_HEX + 1];
	struct token t, u;

	assert_int_equal(token_from_hex("00112233445566778899aAbBcCdDeEfF", &t), 0);
	token_to_hex(&t, text);
	assert_string_equal(text, "00112233445566778899aabbccddeeff");
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(token_from_hex(bad[i], &t), -EINVAL);
	assert_int_equal(token_draw(&t), 0);
	assert_int_equal(token_draw(&u), 0);
	assert_false(token_equal(&t, &u));
	assert_true(token_equal(&t, &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(parses), cmocka_unit_test(hex) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
