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

#include "cluster/map.h"

static int resolve(void *ctx, const char *name, struct node_addr *ret)
{
	++*(int *)ctx;
	return strcmp(name, "cnode11") ? -ENOENT : node_addr_parse("192.168.1.11", ret);
}

static struct map *parse(const char *text)
{
	struct err e = ERR_INIT;
	struct map *m;
	int asked = 0;

	if (map_parse(text, strlen(text), "m", resolve, &asked, &m, &e) < 0)
		fail_msg("%s", e.msg);
	return m;
}

static void node_is(const struct map *m, uint32_t id, const char *want)
{
	struct node_addr a;
	char s[NODE_ADDR_TEXT];

	if (!want) {
		assert_int_equal(map_find_node(m, (node_id){ id }, &a), -ENOENT);
		return;
	}
	assert_int_equal(map_find_node(m, (node_id){ id }, &a), 0);
	assert_string_equal(node_addr_str(&a, s), want);
}

static void addr_is(const struct map *m, const char *addr, uint32_t want)
{
	struct node_addr a;
	node_id id = NODE_ID_NONE;

	assert_int_equal(node_addr_parse(addr, &a), 0);
	assert_int_equal(map_find_addr(m, &a, &id), want ? 0 : -ENOENT);
	assert_int_equal(id.v, want);
}

static void example(void **state)
{
	struct map *m = parse("# the manual's own\n"
			      "1 192.168.1.1 10\n"
			      "11 cnode11 1 # by name\n"
			      "\n"
			      "\t1 10.0.0.1 ALIAS\r\n"
			      "2 10.0.0.2 0");
	size_t n;

	assert_int_equal(map_count(m), 11);
	node_is(m, 1, "192.168.1.1");
	node_is(m, 10, "192.168.1.10");
	node_is(m, 11, "192.168.1.11");
	node_is(m, 12, NULL);
	node_is(m, 0, NULL);
	addr_is(m, "192.168.1.7", 7);
	addr_is(m, "192.168.1.11", 11);
	addr_is(m, "192.168.1.12", 0);
	addr_is(m, "192.168.1.0", 0);
	addr_is(m, "10.0.0.1", 1);
	addr_is(m, "10.0.0.2", 2);
	addr_is(m, "10.0.0.3", 0);
	addr_is(m, "::ffff:10.0.0.2", 2);
	addr_is(m, "::1", 0);
	assert_non_null(map_ranges(m, &n));
	assert_int_equal(n, 4);
	map_destroy(m);
}

static void iterates(void **state)
{
	static const uint32_t want[] = { 3, 4, 9, 65535 };
	struct map *m = parse("9 10.0.0.9 1\n65535 10.1.0.0 1\n3 fd00::3 2\n3 10.0.0.3 alias\n");
	node_id id = NODE_ID_NONE;

	for (unsigned i = 0; i < 4; i++) {
		id = map_next(m, id);
		assert_int_equal(id.v, want[i]);
	}
	assert_int_equal(map_next(m, id).v, 0);
	node_is(m, 4, "fd00::4");
	addr_is(m, "fd00::4", 4);
	addr_is(m, "fd00::5", 0);
	map_destroy(m);
}

static void empty(void **state)
{
	struct map *m = parse("# nothing\n");

	assert_int_equal(map_count(m), 0);
	assert_int_equal(map_next(m, NODE_ID_NONE).v, 0);
	addr_is(m, "10.0.0.1", 0);
	node_is(m, 1, NULL);
	map_destroy(m);
	map_destroy(NULL);
}

static void all_numbers(void **state)
{
	struct map *m = parse("1 10.0.0.0 65535");
	node_id id = NODE_ID_NONE;
	uint32_t n = 0;

	assert_int_equal(map_count(m), 65535);
	while (id = map_next(m, id), id.v)
		n++;
	assert_int_equal(n, 65535);
	node_is(m, 65535, "10.0.255.254");
	map_destroy(m);
}

static void bad(void **state)
{
	static const struct {
		const char *text, *says;
	} t[] = {
		{ "0 10.0.0.1 1", "m:1: node number 0" },
		{ "65536 10.0.0.1 1", "1 to 65535" },
		{ "x 10.0.0.1 1", "unknown word \"x\"" },
		{ "-1 10.0.0.1 1", "unknown word \"-1\"" },
		{ "0x1 10.0.0.1 1", "unknown word" },
		{ "1", "the address is missing" },
		{ "\n1 10.0.0.1", "m:2: the range size is missing" },
		{ "1 10.0.0.1 1 p", "\"p\" is too much" },
		{ "1 10.0.0.1 GATEWAY", "\"GATEWAY\" is not a range size" },
		{ "1 10.0.0.1 99999999999", "is not a range size" },
		{ "1 10.0.0.300 1", "not a valid IP" },
		{ "1 fd00:::1 1", "not a valid IP" },
		{ "1 nosuch 1", "host \"nosuch\"" },
		{ "2 10.0.0.1 65535", "go past 65535" },
		{ "65535 10.0.0.1 2", "go past 65535" },
		{ "1 255.255.255.250 7", "last one there is" },
		{ "1 10.0.0.1 3\n3 10.0.1.1 1", "m:2: node 3 is named in line 1" },
		{ "3 10.0.1.1 1\n1 10.0.0.1 3", "m:2: node 3 is named in line 1" },
		{ "1 10.0.0.1 1\n1 10.0.1.1 1", "ALIAS" },
		{ "1 10.0.0.1 3\n9 10.0.0.3 1", "m:2: address 10.0.0.3 is given in line 1" },
		{ "1 10.0.0.1 1\n1 10.0.0.1 ALIAS", "m:2: address 10.0.0.1 is given" },
		{ "7 10.0.0.1 ALIAS", "ALIAS for node 7" },
	};

	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = ERR_INIT;
		struct map *m = (struct map *)(uintptr_t)1;
		int asked = 0;

		assert_int_equal(map_parse(t[i].text, strlen(t[i].text), "m", resolve, &asked, &m,
					   &e),
				 -EINVAL);
		assert_null(m);
		if (!strstr(e.msg, t[i].says))
			fail_msg("\"%s\" gave: %s", t[i].text, e.msg);
	}
}

static void not_text(void **state)
{
	static const char nul[] = "1 10.0.0.1\0 1";
	char long_word[400];
	struct err e = ERR_INIT;
	struct map *m;

	assert_int_equal(map_parse(nul, sizeof(nul) - 1, "m", NULL, NULL, &m, &e), -EINVAL);
	memset(long_word, 'a', sizeof(long_word));
	assert_int_equal(map_parse(long_word, 400, "m", NULL, NULL, &m, &e), -EINVAL);
	assert_int_equal(map_parse("1 host 1", 8, "m", NULL, NULL, &m, &e), -EINVAL);
	assert_int_equal(map_parse("", MAP_TEXT_MAX + 1UL, "m", NULL, NULL, &m, &e), -E2BIG);
}

static void absent(void **state)
{
	struct map *m = parse("1 10.0.0.1 2");
	struct node_addr own[8];
	struct err e = ERR_INIT;

	assert_int_equal(map_explain_absent(m, "/etc/openmosix.map", own, 0, &e), -EADDRNOTAVAIL);
	assert_int_equal(node_addr_parse("10.9.0.1", &own[0]), 0);
	for (unsigned i = 1; i < 8; i++)
		assert_int_equal(
			node_addr_parse("fd00:1111:2222:3333:4444:5555:6666:7777", &own[i]), 0);
	assert_int_equal(map_explain_absent(m, "/etc/openmosix.map", own, 2, &e), -EADDRNOTAVAIL);
	assert_non_null(strstr(e.msg, "10.9.0.1, fd00:1111"));
	assert_non_null(strstr(e.msg, "set `node`"));
	assert_int_equal(map_explain_absent(m, "/etc/openmosix.map", own, 8, &e), -EADDRNOTAVAIL);
	assert_non_null(strstr(e.msg, " ...)"));
	assert_non_null(strstr(e.msg, "set `node`"));
	map_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example),     cmocka_unit_test(iterates),
		cmocka_unit_test(empty),       cmocka_unit_test(all_numbers),
		cmocka_unit_test(bad),         cmocka_unit_test(not_text),
		cmocka_unit_test(absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
