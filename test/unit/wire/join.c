/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining: what follows from a pass, and messages there and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "wire/join.h"

static struct join_given given(void)
{
	struct join_given g = { .node = 7, .port = 4660, .keys.n = 2, .nodes = "1 10.0.0.1 1\n" };

	memset(g.keys.key, 0x5a, sizeof(g.keys.key));
	return g;
}

static int pass_on(const struct join_given *g, struct join_given *ret)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;

	join_given_put(g, &b);
	return join_given_get(ret, b.data, b.len);
}

static void there_and_back(void **state)
{
	struct join_given g = given(), got;

	assert_int_equal(pass_on(&g, &got), 0);
	assert_memory_equal(&g, &got, sizeof(g));
	memset(g.nodes, '#', JOIN_NODES_MAX);
	assert_int_equal(pass_on(&g, &got), 0);
	assert_memory_equal(&g, &got, sizeof(g));
}

static void refuses(void **state)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct join_given g = given(), got;
	uint32_t version;

	g.node = 0;
	assert_int_equal(pass_on(&g, &got), -EPROTO);
	g.node = 65536;
	assert_int_equal(pass_on(&g, &got), -EPROTO);
	g = given();
	g.port = 0;
	assert_int_equal(pass_on(&g, &got), -EPROTO);
	g = given();
	g.keys.n = 0;
	assert_int_equal(pass_on(&g, &got), -EPROTO);
	g = given();
	join_given_put(&g, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(join_given_get(&got, b.data, n), -EPROTO);
	b.data[b.len - 3] = '\0';
	assert_int_equal(join_given_get(&got, b.data, b.len), -EPROTO);
	b.data[6] = 3; /* keys */
	assert_int_equal(join_given_get(&got, b.data, b.len), -EPROTO);
	buf_clear(&b);
	join_ask_put(&b);
	assert_int_equal(join_ask_get(b.data, b.len, &version), 0);
	assert_int_equal(join_ask_get(b.data, b.len - 1, &version), -EPROTO);
	b.data[0]++;
	assert_int_equal(join_ask_get(b.data, b.len, &version), -EPROTONOSUPPORT);
	assert_int_equal(version, JOIN_VERSION + 1);
}

static void the_name_tells_no_key(void **state)
{
	struct join_pass a = { { 1 } }, b = { { 2 } };
	uint8_t name[2][TOKEN_SIZE];
	struct key_ring key[2];

	assert_int_equal(join_pass_name(&a, name[0]), 0);
	assert_int_equal(join_pass_name(&b, name[1]), 0);
	assert_int_equal(join_pass_key(&a, &key[0]), 0);
	assert_int_equal(join_pass_key(&b, &key[1]), 0);
	assert_int_equal(key[0].n, 1);
	assert_memory_not_equal(name[0], name[1], TOKEN_SIZE);
	assert_memory_not_equal(&key[0].key[0], &key[1].key[0], KEY_BYTES);
	assert_memory_not_equal(name[0], &key[0].key[0], TOKEN_SIZE);
	assert_memory_not_equal(name[0], a.secret, TOKEN_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(refuses),
		cmocka_unit_test(the_name_tells_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
