/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes by number: put in, found, moved, taken out, written as a map and read again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/roster.h"

static struct node_addr addr(const char *text)
{
	struct node_addr a;

	assert_int_equal(node_addr_parse(text, &a), 0);
	return a;
}

static int put(struct roster *r, uint32_t node, const char *text, bool proven)
{
	struct node_addr a = addr(text);

	return roster_put(r, (node_id){ node }, &a, proven);
}

static void finds(void **state)
{
	struct roster *r = roster_create();
	struct node_addr a, six = addr("fd00::3");

	assert_int_equal(put(r, 3, "fd00::3", false), 1);
	assert_int_equal(put(r, 3, "fd00::3", false), 0);
	assert_int_equal(put(r, 3, "fd00::3", true), 1);
	assert_int_equal(put(r, 3, "fd00::3", false), 0);
	assert_true(roster_proven(r, (node_id){ 3 }));
	assert_int_equal(put(r, 65535, "10.0.0.9", true), 1);
	assert_int_equal(roster_count(r), 2);
	assert_int_equal(roster_find(r, (node_id){ 3 }, &a), 0);
	assert_int_equal(node_addr_cmp(&a, &six), 0);
	assert_int_equal(roster_at(r, &six).v, 3);
	assert_int_equal(roster_find(r, (node_id){ 4 }, &a), -ENOENT);
	assert_int_equal(roster_find(r, NODE_ID_NONE, &a), -ENOENT);
	assert_int_equal(roster_next(r, NODE_ID_NONE).v, 3);
	assert_int_equal(roster_next(r, (node_id){ 3 }).v, 65535);
	assert_int_equal(roster_next(r, (node_id){ 65535 }).v, 0);
	assert_int_equal(roster_free_number(r).v, 1);
	roster_destroy(r);
}

static void one_address_one_node(void **state)
{
	struct roster *r = roster_create();

	assert_int_equal(put(r, 1, "10.0.0.1", true), 1);
	assert_int_equal(put(r, 2, "10.0.0.1", true), 1); /* it was given another number */
	assert_int_equal(roster_count(r), 1);
	assert_int_equal(roster_next(r, NODE_ID_NONE).v, 2);
	assert_int_equal(put(r, 2, "10.0.0.5", false), 1); /* it has another address */
	assert_true(roster_proven(r, (node_id){ 2 }));
	assert_true(roster_drop(r, (node_id){ 2 }));
	assert_false(roster_drop(r, (node_id){ 2 }));
	assert_int_equal(roster_count(r), 0);
	roster_destroy(r);
}

static void refuses(void **state)
{
	struct roster *r = roster_create();
	struct node_addr none = { 0 }, odd = { .size = 7 };

	assert_int_equal(put(r, 0, "10.0.0.1", true), -EINVAL);
	assert_int_equal(put(r, 65536, "10.0.0.1", true), -EINVAL);
	assert_int_equal(roster_put(r, (node_id){ 1 }, &none, true), -EINVAL);
	assert_int_equal(roster_put(r, (node_id){ 1 }, &odd, true), -EINVAL);
	assert_int_equal(roster_count(r), 0);
	roster_destroy(r);
}

static void as_a_map(void **state)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT, again = BUF_INIT;
	struct roster *r = roster_create(), *s = roster_create();
	struct map *m = NULL;
	struct node_addr six;
	struct err e = ERR_INIT;

	for (uint32_t i = 1; i <= 300; i++) {
		struct node_addr a = { .size = 4, .bytes = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } };

		assert_int_equal(roster_put(r, (node_id){ i }, &a, i != 7), 1);
	}
	assert_int_equal(put(r, 1000, "fd00::1", true), 1);
	roster_text(r, &b);
	assert_int_equal(map_parse((const char *)b.data, b.len, "roster", NULL, NULL, &m, &e), 0);
	assert_int_equal(map_count(m), 300);
	assert_int_equal(roster_add_map(s, m), 0);
	roster_text(s, &again);
	assert_int_equal(again.len, b.len);
	assert_memory_equal(again.data, b.data, b.len);
	assert_int_equal(roster_free_number(s).v, 7);
	buf_clear(&again);
	six = addr("fd00::1");
	roster_text_for(s, (node_id){ 1 }, &six, &again); /* neither node 1 nor node 1000 */
	assert_int_equal(again.len, b.len - strlen("1 10.1.0.1 1\n") - strlen("1000 fd00::1 1\n"));
	map_destroy(m);
	roster_destroy(r);
	roster_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(one_address_one_node),
		cmocka_unit_test(refuses),
		cmocka_unit_test(as_a_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
