/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that look for each other on a virtual link: numbers, who keeps one, who gets to know whom. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/number.h"
#include "link.h"

static void candidates(void **state)
{
	struct node_addr four, zero, six;

	assert_int_equal(node_addr_parse("192.168.10.220", &four), 0);
	assert_int_equal(node_addr_parse("10.1.0.0", &zero), 0);
	assert_int_equal(node_addr_parse("fd00::1:2", &six), 0);
	assert_int_equal(number_candidate(&four, 0).v, 2780); /* as omdiscd's manual has it */
	for (unsigned i = 0; i < 70000; i++) {
		const struct node_addr *a = i % 3 ? i % 2 ? &four : &zero : &six;
		node_id n = number_candidate(a, i), next = number_candidate(a, i + 1);

		assert_true(n.v && n.v <= NODE_ID_MAX && n.v != next.v);
		assert_int_equal(n.v, number_candidate(a, i).v);
	}
}

static void refuses(void **state)
{
	struct discovery_self self = { .number = 5, .fixed = true };
	struct discovery *d;

	assert_int_equal(discovery_create(&link_ops, NULL, &self, 0, &d), -EINVAL);
	assert_int_equal(node_addr_parse("10.0.0.1", &self.addr), 0);
	self.number = 0;
	assert_int_equal(discovery_create(&link_ops, NULL, &self, 0, &d), -EINVAL);
	self.number = NODE_ID_MAX + 1;
	assert_int_equal(discovery_create(&link_ops, NULL, &self, 0, &d), -EINVAL);
	assert_null(d);
	discovery_destroy(NULL);
}

static void three_meet(void **state)
{
	link_anew(1);
	link_add(0, "10.0.0.1", 0, false);
	link_add(1, "10.0.0.2", 0, false);
	link_add(2, "fd00::3", 0, false);
	link_pass(1200 * LINK_MSEC);
	assert_int_equal(link_number(0), 1);
	assert_int_equal(link_number(1), 2);
	assert_true(link_number(2));
	assert_int_equal(net.node[0].claimed, 1);
	link_pass(15 * LINK_SEC); /* now each has one, and is alone */
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++)
			assert_true(i == j || link_knows(i, j));
}

static void one_number_for_two(void **state)
{
	unsigned firsts = 0;

	for (unsigned s = 1; s <= 50; s++) {
		link_anew(s);
		for (unsigned i = 0; i < 4; i++) {
			const char *addrs[] = { "10.0.0.7", "10.1.0.7", "10.2.0.7", "10.3.0.7" };

			link_add(i, addrs[i], 0, false);
		}
		link_pass(8 * LINK_SEC);
		firsts = 0;
		for (unsigned i = 0; i < 4; i++) {
			firsts += link_number(i) == 7;
			assert_true(link_number(i) == 7 || net.node[i].times_lost);
			for (unsigned j = 0; j < i; j++)
				assert_int_not_equal(link_number(i), link_number(j));
		}
		assert_int_equal(firsts, 1);
	}
}

static void who_was_first_keeps_it(void **state)
{
	for (unsigned s = 1; s <= 50; s++) {
		link_anew(s);
		link_add(0, "10.0.0.7", 0, false);
		link_pass(4 * LINK_SEC);
		link_add(1, "10.1.0.7", 0, false);
		link_pass(4 * LINK_SEC);
		assert_int_equal(link_number(0), 7);
		assert_int_equal(net.node[1].lost, 7);
		assert_memory_equal(&net.node[1].by, &net.node[0].addr, sizeof(net.node[1].by));
		assert_int_equal(link_number(1), net.node[1].lost_next);
		assert_true(link_knows(1, 0));
	}
}

/* A machine and its copy, which remembers the same number. */
static void a_copy(void **state)
{
	for (unsigned s = 1; s <= 50; s++) {
		link_anew(s);
		link_add(0, "10.0.0.7", 9, false);
		link_pass(4 * LINK_SEC);
		discovery_others(net.node[0].d, 3, false);
		link_add(1, "10.0.0.8", 9, false);
		discovery_others(net.node[1].d, 3, false); /* they take it for the other one */
		link_pass(4 * LINK_SEC);
		assert_int_equal(link_number(0), 9);
		assert_int_equal(link_number(1), 8); /* by its address */
		assert_int_equal(net.node[0].times_lost, 0);
		assert_int_equal(net.node[0].undisputed, 1);
		assert_int_equal(net.node[1].had, 8); /* never the other's: so it need not say it */
		assert_int_equal(net.node[1].undisputed, 1);
	}
}

static void two_halves(void **state)
{
	for (unsigned s = 1; s <= 20; s++) {
		link_anew(s);
		net.loss = 100;
		link_add(0, "10.0.0.7", 0, false);
		link_add(1, "10.1.0.7", 0, false);
		link_add(2, "10.0.0.8", 0, false);
		link_pass(3 * LINK_SEC);
		assert_int_equal(link_number(0), 7);
		assert_int_equal(link_number(1), 7);
		net.loss = 0;
		link_pass(30 * LINK_SEC);
		assert_int_not_equal(link_number(0), link_number(1));
		assert_true(link_number(0) == 7 || link_number(1) == 7);
		assert_true(link_knows(0, 2) && link_knows(2, 0) && link_knows(1, 2));
	}
}

static void given_numbers_stay(void **state)
{
	link_anew(3);
	link_add(0, "10.0.0.7", 5, true);
	link_add(1, "10.0.0.8", 5, true);
	link_pass(8 * LINK_SEC);
	assert_int_equal(link_number(0), 5);
	assert_int_equal(link_number(1), 5);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(net.node[i].times_lost, 1); /* told once in a while, not each time */
		assert_int_equal(net.node[i].lost_next, 0);
	}
	link_add(2, "10.0.0.5", 0, false); /* an equal one is claimed */
	link_pass(8 * LINK_SEC);
	assert_int_not_equal(link_number(2), 5);
}

/* Its processes are away: others know them by its number. */
static void who_is_tied_keeps_it(void **state)
{
	for (unsigned s = 1; s <= 20; s++) {
		link_anew(s);
		link_add(0, "10.0.0.7", 5, false);
		link_add(1, "10.0.0.8", 5, false);
		discovery_others(net.node[0].d, 0, true);
		link_pass(8 * LINK_SEC);
		assert_int_equal(link_number(0), 5);
		assert_int_equal(link_number(1), 8);
	}
}

static void the_absent_keep_theirs(void **state)
{
	link_anew(4);
	net.holder = 7;
	assert_int_equal(node_addr_parse("10.9.0.7", &net.holder_addr), 0);
	net.holder_there = false;
	link_add(0, "10.0.0.1", 1, false);
	link_pass(2 * LINK_SEC);
	link_add(1, "10.0.0.7", 0, false);
	link_pass(4 * LINK_SEC);
	assert_int_equal(net.node[1].lost, 7);
	assert_memory_equal(&net.node[1].by, &net.holder_addr, sizeof(net.holder_addr));
	assert_int_not_equal(link_number(1), 7);
	link_add(2, "10.9.0.7", 0, false); /* that one, without its memory */
	link_pass(4 * LINK_SEC);
	assert_int_equal(link_number(2), 7);
}

/* Whatever is lost: either numbers differ, or somebody says that they do not. */
static void losses(void **state)
{
	for (unsigned s = 1; s <= 100; s++) {
		link_anew(s);
		net.loss = 30;
		link_add(0, "10.0.0.7", 0, false);
		link_add(1, "10.1.0.7", 0, false);
		link_pass(300 * LINK_SEC);
		assert_int_not_equal(link_number(0), link_number(1));
		assert_true(link_knows(0, 1) && link_knows(1, 0));
	}
	link_anew(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates),
		cmocka_unit_test(refuses),
		cmocka_unit_test(three_meet),
		cmocka_unit_test(one_number_for_two),
		cmocka_unit_test(who_was_first_keeps_it),
		cmocka_unit_test(a_copy),
		cmocka_unit_test(two_halves),
		cmocka_unit_test(given_numbers_stay),
		cmocka_unit_test(who_is_tied_keeps_it),
		cmocka_unit_test(the_absent_keep_theirs),
		cmocka_unit_test(losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
