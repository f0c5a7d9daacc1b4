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

#include "base/util.h"
#include "cluster/conf.h"

static void parse(const char *text, struct conf *c)
{
	struct err e = ERR_INIT;

	if (conf_parse(text, strlen(text), "c", c, &e) < 0)
		fail_msg("%s", e.msg);
}

static void defaults(void **state)
{
	struct conf c;

	parse("# all as it comes\n", &c);
	assert_int_equal(c.node.v, 0);
	assert_int_equal(c.port, 4660);
	assert_string_equal(c.key_file, "/etc/umosix/cluster.key");
	assert_string_equal(c.map_file, "");
	assert_int_equal(c.guest_ids_base, 1879048192);
	assert_int_equal(c.guest_ids_count, 65536);
	assert_int_equal(c.listen.size, 0);
	assert_false(c.block);
	assert_true(c.balance && c.usher);
	assert_false(c.discover.on);
	assert_int_equal(c.discover.ttl, 1);
	assert_false(conf_exports_privileged(&c, (node_id){ 1 }));
}

static void everything(void **state)
{
	struct conf c;
	char s[NODE_ADDR_TEXT];

	parse("node = 7\n"
	      "  port=5000 ; a comment\n"
	      "; another\n"
	      "key-file = /k\r\n"
	      "map-file = /etc/my map\n"
	      "guest-ids = 100000:10\n"
	      "export-privileged = 2, 5-9 65535\n"
	      "listen = fd00::1\n"
	      "cgroup = /moslab-a/node1/\n"
	      "speed = 12000\n"
	      "balance = no\n"
	      "usher = no\n"
	      "block = Yes",
	      &c);
	assert_int_equal(c.node.v, 7);
	assert_int_equal(c.port, 5000);
	assert_string_equal(c.key_file, "/k");
	assert_string_equal(c.map_file, "/etc/my map");
	assert_int_equal(c.guest_ids_base, 100000);
	assert_int_equal(c.guest_ids_count, 10);
	assert_string_equal(node_addr_str(&c.listen, s), "fd00::1");
	assert_true(c.block);
	assert_false(c.balance || c.usher);
	assert_string_equal(c.cgroup, "/moslab-a/node1");
	assert_int_equal(c.speed, 12000);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(conf_exports_privileged(&c, (node_id){ i }),
				 i == 2 || (i >= 5 && i <= 9));
	assert_true(conf_exports_privileged(&c, (node_id){ 65535 }));
	assert_false(conf_exports_privileged(&c, (node_id){ 65536 }));
}

static void discover(void **state)
{
	static const char *const good[] = { "yes", "eth0", "eth0, wlp2s0 br-1", "a b c d e f", "no" };
	static const unsigned links[] = { 0, 1, 3, 6, 0 };
	static const char *const none[] = { "",	   ",", "a b c d e f g", "/dev/eth0", "sixteen-letters-",
					    "..",  "eth0:1", "\x80" };
	struct conf_discover d = { .ttl = 9 };
	struct err e = ERR_INIT;
	struct conf c;

	parse("members = key\ndiscover = eth0 br0\ndiscover-ttl = 255\n", &c);
	assert_true(c.discover.on && c.discover.n == 2 && c.discover.ttl == 255);
	assert_string_equal(c.discover.links[1], "br0");
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(conf_discover_parse(good[i], &d));
		assert_int_equal(d.n, links[i]);
		assert_int_equal(d.on, i + 1 < ARRAY_SIZE(good));
		assert_int_equal(d.ttl, 9);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
		assert_false(conf_discover_parse(none[i], &d));
	assert_false(d.on); /* a bad one changes nothing */
	assert_int_equal(conf_parse("discover = yes\n", 15, "c", &c, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "members = key"));
}

static void rules_know_their_lines(void **state)
{
	struct conf c;

	parse("# whose programs\nadopt = user=ann\n\nspeed = 0\nadopt = program=r* age=1\n", &c);
	assert_int_equal(c.adopt.n, 2);
	assert_int_equal(c.adopt.rule[0].line, 2);
	assert_int_equal(c.adopt.rule[1].line, 5);
}

static void empty_values(void **state)
{
	struct conf c;

	parse("map-file =\nlisten =\nexport-privileged =\ncgroup =\nspeed = 0\n", &c);
	assert_string_equal(c.map_file, "");
	assert_string_equal(c.cgroup, "");
	parse("cgroup = /\n", &c);
	assert_string_equal(c.cgroup, "/");
}

static void bad(void **state)
{
	static const struct {
		const char *text, *says;
	} t[] = {
		{ "\nprot = 1", "c:2: unknown key \"prot\"; did you mean \"port\"" },
		{ "colour = red", "unknown key \"colour\"; mosd.conf(5)" },
		{ "members = all", "map for the nodes of the map, key for" },
		{ "address = here", "an IP address" },
		{ "adopt = user=ann\nadopt = all", "c:2: adopt = \"all\"" },
		{ "members = key\ndiscover = maybe/not", "c:2: discover = \"maybe/not\": write no, yes" },
		{ "discover-ttl = 0", "from 1 to 255" },
		{ "discover-ttl = 256", "from 1 to 255" },
		{ "node = 65536", "c:1: node = \"65536\"" },
		{ "node = -1", "1-65535" },
		{ "node = 1 # mine", "node = " },
		{ "port = 0", "a TCP port" },
		{ "key-file = k", "begins with /" },
		{ "key-file =", "begins with /" },
		{ "guest-ids = 1000:65536", "65536 or more" },
		{ "guest-ids = 4294967295:1", "base:count" },
		{ "guest-ids = 100000", "base:count" },
		{ "guest-ids = 100000:0", "base:count" },
		{ "export-privileged = all", "numbers of nodes" },
		{ "export-privileged = 9-5", "numbers of nodes" },
		{ "export-privileged = 5-", "numbers of nodes" },
		{ "export-privileged = 0", "numbers of nodes" },
		{ "export-privileged = 1x", "numbers of nodes" },
		{ "listen = node1", "an IP address" },
		{ "block = 1", "yes or no" },
		{ "cgroup = moslab-a", "a cgroup that begins with /" },
		{ "cgroup = /a/../b", "a cgroup that" },
		{ "cgroup = /a/..", "a cgroup that" },
		{ "cgroup = /a//b", "a cgroup that" },
		{ "speed = fast", "a speed like 10000" },
		{ "speed = 100000001", "a speed like" },
		{ "speed = 9 9", "a speed like" },
		{ "port = 1\n  port = 2", "c:2: port is set a second time" },
		{ "[net]\nport = 1", "no sections" },
		{ "port 1", "c:1: a line is `key = value`" },
		{ "\n\n  port", "c:3: a line is `key = value`" },
	};

	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = ERR_INIT;
		struct conf c;

		assert_int_equal(conf_parse(t[i].text, strlen(t[i].text), "c", &c, &e), -EINVAL);
		if (!strstr(e.msg, t[i].says))
			fail_msg("\"%s\" gave: %s", t[i].text, e.msg);
	}
}

static void long_lines(void **state)
{
	char text[1000];
	struct err e = ERR_INIT;
	struct conf c;

	/* the cut-off rest of a long comment would read as a setting */
	memset(text, 'x', sizeof(text));
	text[0] = '#';
	memcpy(text + 400, "port = 7", 8);
	memcpy(text + 990, "\nnode = 3\n", 10);
	assert_int_equal(conf_parse(text, sizeof(text), "c", &c, &e), 0);
	assert_int_equal(c.port, 4660);
	assert_int_equal(c.node.v, 3);

	(void)snprintf(text, sizeof(text), "key-file = /%0300d\n", 1);
	assert_int_equal(conf_parse(text, strlen(text), "c", &c, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "c:1: a line of more than "));
	assert_int_equal(conf_parse("port\0", 5, "c", &c, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(discover),
		cmocka_unit_test(rules_know_their_lines),
		cmocka_unit_test(empty_values),
		cmocka_unit_test(bad),
		cmocka_unit_test(long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
