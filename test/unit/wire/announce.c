/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announcements: opened by whoever has the key, by nobody else, and not when a bit is changed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "wire/announce.h"

static const struct key_ring ring = { .key = { { "one key of thirty-two bytes....." } }, .n = 1 };
static const struct key_ring other = { .key = { { "another one of thirty-two bytes." } }, .n = 1 };
static const uint8_t text[ANNOUNCE_TEXT] = "what is announced", salt[ANNOUNCE_SALT] = "not random";

static struct announce *make(const struct key_ring *k)
{
	struct announce *a;

	assert_int_equal(announce_create(k, &a), 0);
	return a;
}

static void opens(void **state)
{
	struct announce *a = make(&ring), *b = make(&ring);
	uint8_t d[ANNOUNCE_SIZE], got[ANNOUNCE_TEXT];

	assert_int_equal(announce_seal(a, salt, text, d), 0);
	assert_int_equal(announce_open(b, d, sizeof(d), got), 0);
	assert_memory_equal(got, text, sizeof(text));
	for (unsigned i = 0; i + sizeof("announced") <= sizeof(d); i++)
		assert_memory_not_equal(d + i, "announced", sizeof("announced") - 1);
	announce_destroy(a);
	announce_destroy(b);
}

static void a_salt_makes_a_key(void **state)
{
	struct announce *a = make(&ring);
	uint8_t one[ANNOUNCE_SIZE], two[ANNOUNCE_SIZE], next[ANNOUNCE_SALT] = "another";

	assert_int_equal(announce_seal(a, salt, text, one), 0);
	assert_int_equal(announce_seal(a, next, text, two), 0);
	assert_memory_not_equal(one + 4 + ANNOUNCE_SALT, two + 4 + ANNOUNCE_SALT, ANNOUNCE_TEXT);
	announce_destroy(a);
}

static void any_change_is_seen(void **state)
{
	struct announce *a = make(&ring);
	uint8_t d[ANNOUNCE_SIZE + 1], got[ANNOUNCE_TEXT];

	assert_int_equal(announce_seal(a, salt, text, d), 0);
	for (size_t bit = 0; bit < 8 * ANNOUNCE_SIZE; bit++) {
		d[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(announce_open(a, d, ANNOUNCE_SIZE, got),
				 bit < 32 ? -EPROTO : -EBADMSG);
		d[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n <= sizeof(d); n++)
		assert_int_equal(announce_open(a, d, n, got), n == ANNOUNCE_SIZE ? 0 : -EPROTO);
	announce_destroy(a);
}

static void keys(void **state)
{
	struct key_ring both = { .key = { other.key[0], ring.key[0] }, .n = 2 }, none = { .n = 0 };
	struct announce *a = make(&ring), *b = make(&other), *c = make(&both);
	uint8_t d[ANNOUNCE_SIZE], got[ANNOUNCE_TEXT];

	assert_int_equal(announce_seal(a, salt, text, d), 0);
	assert_int_equal(announce_open(b, d, sizeof(d), got), -EBADMSG);
	assert_int_equal(announce_open(c, d, sizeof(d), got), 0); /* while a key is exchanged */
	assert_int_equal(announce_set_keys(a, &none), -ENOKEY);
	assert_int_equal(announce_set_keys(a, &both), 0);
	assert_int_equal(announce_seal(a, salt, text, d), 0);
	assert_int_equal(announce_open(b, d, sizeof(d), got), 0);
	announce_destroy(a);
	announce_destroy(b);
	announce_destroy(c);
	assert_int_equal(announce_create(&none, &a), -ENOKEY);
	announce_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens),
		cmocka_unit_test(a_salt_makes_a_key),
		cmocka_unit_test(any_change_is_seen),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
