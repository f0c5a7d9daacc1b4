/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/addr.h"

static struct node_addr addr(const char *s)
{
	struct node_addr a;

	assert_int_equal(node_addr_parse(s, &a), 0);
	return a;
}

static void text(void **state)
{
	static const char *const good[] = { "10.0.0.1", "255.255.255.255", "::", "fd00::1:2" };
	static const char *const bad[] = { "", "10.0.0", "10.0.0.256", "a", "1.2.3.4 ", ":::" };
	char s[NODE_ADDR_TEXT];
	struct node_addr a;

	for (unsigned i = 0; i < 4; i++) {
		a = addr(good[i]);
		assert_string_equal(node_addr_str(&a, s), good[i]);
	}
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(node_addr_parse(bad[i], &a), -EINVAL);
	a = addr("::ffff:10.1.2.3");
	assert_string_equal(node_addr_str(&a, s), "10.1.2.3");
}

static void add(const char *from, uint32_t n, const char *want)
{
	struct node_addr a = addr(from), b, w;

	if (!want) {
		assert_int_equal(node_addr_add(&a, n, &b), -ERANGE);
		return;
	}
	w = addr(want);
	assert_int_equal(node_addr_add(&a, n, &b), 0);
	assert_int_equal(node_addr_cmp(&b, &w), 0);
	assert_true(node_addr_sub(&b, &a) == n);
}

static void counting(void **state)
{
	add("10.0.0.250", 10, "10.0.1.4");
	add("10.0.0.0", 65535, "10.0.255.255");
	add("0.0.0.0", UINT32_MAX, "255.255.255.255");
	add("255.255.255.255", 0, "255.255.255.255");
	add("255.255.255.255", 1, NULL);
	add("fd00::ffff:ffff", 1, "fd00::1:0:0");
	add("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 1, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	add("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 2, NULL);
}

static void far_apart(void **state)
{
	struct node_addr a = addr("fd00::"), b = addr("fc00::"), c = addr("10.0.0.1");

	assert_true(node_addr_sub(&a, &b) == UINT64_MAX);
	assert_true(node_addr_cmp(&b, &a) < 0);
	assert_true(node_addr_cmp(&c, &b) < 0);
	assert_true(node_addr_cmp(&b, &c) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(counting),
		cmocka_unit_test(far_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
