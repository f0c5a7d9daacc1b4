/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Much of it on a virtual link: recordings, floods, crowds, all at once, a long time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "link.h"

static void recordings_do_nothing(void **state)
{
	struct notice old[ARRAY_SIZE(net.recorded)];
	const struct discovery_counts *c;
	unsigned n;

	link_anew(5);
	link_add(0, "10.0.0.1", 0, false);
	link_add(1, "10.0.0.2", 0, false);
	link_add(2, "10.3.0.2", 0, false);
	link_pass(12 * LINK_SEC);
	n = net.n_recorded;
	memcpy(old, net.recorded, sizeof(old));
	for (unsigned k = 0, joins = 0, taken = 0, acks = 0; k < n; k++) {
		joins += old[k].kind == NOTICE_JOIN;
		taken += old[k].kind == NOTICE_TAKEN;
		acks += old[k].kind == NOTICE_ACK;
		assert_true(k + 1 < n || (joins && taken && acks));
	}
	link_anew(6);
	link_add(0, "10.0.0.2", 0, false);
	link_pass(4 * LINK_SEC);
	assert_int_equal(link_number(0), 2);
	c = discovery_counts(net.node[0].d);
	for (unsigned times = 0; times < 2; times++)
		for (unsigned k = 0; k < n; k++) {
			discovery_take(net.node[0].d, net.now, &old[k], &net.node[0].addr);
			link_pass(LINK_MSEC);
		}
	assert_int_equal(net.node[0].n_met, 0);
	assert_int_equal(link_number(0), 2);
	assert_int_equal(net.node[0].undisputed, 1);
	assert_true(c->stale && c->repeated && c->heard && !c->collisions);
}

static void a_flood_is_bounded(void **state)
{
	struct notice n = { .kind = NOTICE_JOIN, .number = 9, .port = 4661, .origin = 77 };
	const struct discovery_counts *c;
	uint64_t before;

	link_anew(7);
	link_add(0, "10.0.0.1", 1, false);
	assert_int_equal(node_addr_parse("10.0.0.9", &n.addr), 0);
	link_pass(4 * LINK_SEC);
	c = discovery_counts(net.node[0].d);
	before = c->answers;
	for (unsigned i = 0; i < 20000; i++) { /* ten seconds of it */
		memcpy(n.nonce, &i, sizeof(i));
		n.number = i % 7 ? 9 : 1;
		discovery_take(net.node[0].d, net.now, &n, &net.node[0].addr);
		net.node[0].due = net.now;
		link_pass(LINK_MSEC / 2);
		net.n_flights = 0;
	}
	assert_in_range(c->answers - before, 150, 40 + 10 * 20 + 1);
	assert_true(c->bounded > 15000);
	/* and it goes on */
	link_pass(4 * LINK_SEC);
	link_add(1, "10.0.0.2", 0, false);
	link_pass(4 * LINK_SEC);
	assert_true(link_knows(1, 0));
}

/* In a crowd only some answer, not all at once; to one who only asks all do. */
static void a_crowd(void **state)
{
	struct notice n = { .kind = NOTICE_JOIN, .number = 9, .port = 4661, .origin = 77 };
	unsigned answered = 0, asked = 0, late = 0;

	link_anew(8);
	assert_int_equal(node_addr_parse("10.0.0.9", &n.addr), 0);
	link_add(0, "10.0.0.1", 1, false);
	discovery_others(net.node[0].d, 999, false);
	link_pass(4 * LINK_SEC);
	for (uint32_t i = 1; i <= 4000; i++) {
		uint64_t before = discovery_counts(net.node[0].d)->answers;
		bool ask = i > 2000;

		n.kind = ask ? NOTICE_ASK : NOTICE_JOIN;
		memcpy(n.nonce, &i, sizeof(i));
		discovery_take(net.node[0].d, net.now, &n, &net.node[0].addr);
		net.node[0].due = net.now;
		link_pass(100 * LINK_MSEC);
		late += discovery_counts(net.node[0].d)->answers == before && !ask;
		link_pass(2 * LINK_SEC);
		net.n_flights = 0;
		*(ask ? &asked : &answered) +=
			(unsigned)(discovery_counts(net.node[0].d)->answers - before);
	}
	assert_in_range(answered, 6, 30); /* 8 of 1000 */
	assert_int_equal(asked, 2000);
	assert_true(late > 1990);
}

/* All begin at once, and each has a number in common with another. */
static void a_power_cut(void **state)
{
	uint64_t answers = 0;
	unsigned firsts = 0;

	link_anew(10);
	net.reloads = true;
	for (unsigned i = 0; i < LINK_NODES; i++) {
		char text[NODE_ADDR_TEXT];

		(void)snprintf(text, sizeof(text), "10.%u.1.%u", i % 2, i / 2);
		link_add(i, text, 0, false);
	}
	link_pass(6 * LINK_SEC);
	for (unsigned i = 0; i < LINK_NODES; i++) {
		assert_true(link_number(i));
		firsts += link_number(i) == 256 + i / 2;
		answers += discovery_counts(net.node[i].d)->answers;
		assert_true(net.node[i].n_met > 3); /* one is enough: gossip tells the rest */
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(link_number(i), link_number(j));
	}
	/* but where one that was drawn for somebody else fell on it */
	assert_in_range(firsts, LINK_NODES / 2 - 2, LINK_NODES / 2);
	assert_true(answers <= LINK_NODES * (40 + 6 * 20));
}

static unsigned joins_in(int64_t ns)
{
	uint64_t before = discovery_counts(net.node[0].d)->joins;

	link_pass(ns);
	return (unsigned)(discovery_counts(net.node[0].d)->joins - before);
}

static void rarely_afterwards(void **state)
{
	link_anew(9);
	link_add(0, "10.0.0.1", 0, false);
	assert_int_equal(joins_in(2 * LINK_SEC), 3);
	assert_in_range(joins_in(1000 * LINK_SEC), 80, 130);
	discovery_others(net.node[0].d, 20, false);
	(void)joins_in(13 * LINK_SEC);
	assert_in_range(joins_in(2000 * LINK_SEC), 8, 14);
	discovery_others(net.node[0].d, 0, false); /* left alone */
	net.node[0].due = net.now;
	assert_in_range(joins_in(14 * LINK_SEC), 1, 2);
	link_anew(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_do_nothing),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(a_crowd),
		cmocka_unit_test(a_power_cut),
		cmocka_unit_test(rarely_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
