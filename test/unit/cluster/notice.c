/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said on the link, as bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/notice.h"

static void notices(void **state)
{
	struct notice n = { .kind = NOTICE_TAKEN,
			    .rank = NOTICE_KEEPS,
			    .number = 65535,
			    .port = 4661,
			    .origin = 1ULL << 63,
			    .nonce = "fifteen letters" },
		      got;
	static const char *const bad[] = { "0.0.0.1", "127.0.0.1", "224.0.0.1", "255.255.255.255",
					   "ff02::1", "fe80::1",   "::1" };
	uint8_t b[NOTICE_SIZE];

	assert_int_equal(node_addr_parse("fd00::1", &n.addr), 0);
	notice_put(&n, b);
	assert_int_equal(notice_get(b, &got), 0);
	assert_memory_equal(&got.addr, &n.addr, sizeof(n.addr));
	assert_memory_equal(got.nonce, n.nonce, sizeof(n.nonce));
	assert_true(got.kind == n.kind && got.rank == n.rank && got.number == n.number &&
		    got.port == n.port && got.origin == n.origin);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(node_addr_parse(bad[i], &n.addr), 0);
		notice_put(&n, b);
		assert_int_equal(notice_get(b, &got), -EPROTO);
	}
	assert_int_equal(node_addr_parse("10.0.0.1", &n.addr), 0);
	for (unsigned k = 0; k < 256; k++) {
		bool asks = k == NOTICE_ASK;

		n.number = asks ? 0 : 5;
		notice_put(&n, b);
		b[0] = (uint8_t)k;
		assert_int_equal(notice_get(b, &got), k && k < NOTICE_KIND_COUNT_ ? 0 : -EPROTO);
		b[4] ^= 5; /* a number where there is none, or none where there is one */
		assert_int_equal(notice_get(b, &got), -EPROTO);
		b[4] ^= 5;
		b[1]++;
		assert_int_equal(notice_get(b, &got), -EPROTONOSUPPORT);
	}
	assert_string_equal(notice_kind_str(NOTICE_TAKEN), "taken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
