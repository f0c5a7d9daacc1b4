/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flood is bounded, and drowns nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "cluster/quota.h"

#define SEC 1000000000LL

static struct node_addr addr(uint32_t n)
{
	struct node_addr a = { .size = 4, .bytes = { 10 } };

	a.bytes[2] = (uint8_t)(n >> 8);
	a.bytes[3] = (uint8_t)n;
	return a;
}

static unsigned taken(struct quota *q, int64_t now, uint32_t from, unsigned n)
{
	struct node_addr a = addr(from);
	unsigned r = 0;

	while (n--)
		r += quota_take(q, now, &a);
	return r;
}

static void one_floods(void **state)
{
	unsigned heard = 0;

	for (uint64_t salt = 1; salt <= 100; salt++) {
		struct quota q = { .salt = salt * 0x9e3779b97f4a7c15ULL };

		for (int64_t s = 1; s <= 3; s++) {
			assert_int_equal(taken(&q, s * SEC, 1, 100000), QUOTA_SENDER);
			heard += taken(&q, s * SEC + SEC / 2, 2, 10);
			assert_int_equal(taken(&q, s * SEC + SEC / 2, 1, 100000), 0);
		}
	}
	assert_in_range(heard, 2900, 3000); /* one salt in 256 puts both at one place */
}

static void many_flood(void **state)
{
	struct quota q = { .salt = 5 };
	unsigned r = 0;

	for (uint32_t i = 0; i < 10000; i++)
		r += taken(&q, SEC, i, 3);
	assert_int_equal(r, QUOTA_ALL);
	r = 0;
	for (uint32_t i = 0; i < 200; i++) /* the nodes of a cluster, after a power cut */
		r += taken(&q, 2 * SEC, i, 6);
	assert_in_range(r, 1150, 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_floods),
		cmocka_unit_test(many_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
