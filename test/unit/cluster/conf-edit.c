/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line changes, the rest stays. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/conf-edit.h"

static void edits(void **state)
{
	static const struct {
		const char *before, *key, *value, *after;
	} t[] = {
		{ "", "node", "3", "node = 3\n" },
		{ "# mine\nport = 1\n", "node", "3", "# mine\nport = 1\nnode = 3\n" },
		{ "# no end", "node", "3", "# no end\nnode = 3\n" },
		{ "a\n  node=1\n\nport = 2", "node", "3", "a\n  node=3\n\nport = 2" },
		{ "  node=1 ; mine\n", "node", "23", "  node=23 ; mine\n" },
		{ "node = ; none\n", "node", "3", "node = 3 ; none\n" },
		{ "node =\n", "node", "3", "node = 3\n" },
		{ "node=;x\n", "node", "3", "node=3\n" }, /* no comment: no blank before it */
		{ "a ; node = 1\n", "node", "3", "a ; node = 1\nnode = 3\n" },
		{ "; node = 1\n", "node", "3", "; node = 1\nnode = 3\n" },
		{ "\xef\xbb\xbfnode = 1\n", "node", "3", "\xef\xbb\xbfnode = 3\n" },
		{ "\n\xef\xbb\xbfnode = 1\n", "node", "3", "\n\xef\xbb\xbfnode = 1\nnode = 3\n" },
		{ "#node = 1\nnode-x = 2\n", "node", "3", "#node = 1\nnode-x = 2\nnode = 3\n" },
		{ "node : 1\r\nport = 2\nnode = 5\n", "node", "3", "node : 3\r\nport = 2\n" },
		{ "port = 2\r\n", "node", "3", "port = 2\r\nnode = 3\r\n" },
		/* what is right stays, however it is written */
		{ "\t node\t:3\t; mine\r\nport=2", "node", "3", "\t node\t:3\t; mine\r\nport=2" },
		{ "port=2", "node", NULL, "port=2" },
		{ "\nnode = 1 ; x", "node", NULL, "\n" },
		{ "x = 1\nnode = 1\ny = 2\n", "node", NULL, "x = 1\ny = 2\n" },
		{ "x = 1\n", "node", NULL, "x = 1\n" },
		{ "node\n", "node", "1", "node\nnode = 1\n" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		CLEANUP(buf_finish) struct buf b = BUF_INIT, again = BUF_INIT;

		assert_int_equal(conf_edit(t[i].before, strlen(t[i].before), t[i].key, t[i].value, &b), 0);
		assert_int_equal(b.len, strlen(t[i].after));
		assert_memory_equal(b.data, t[i].after, b.len);
		assert_int_equal(conf_edit((const char *)b.data, b.len, t[i].key, t[i].value, &again), 0);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.data, b.data, b.len);
	}
}

static void refuses_what_would_be_read_otherwise(void **state)
{
	static const char *const values[] = { "1\nport = 2", "1 ; x", ";", " 1", "1 ", "1\t", "\r" };

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		CLEANUP(buf_finish) struct buf b = BUF_INIT;

		assert_int_equal(conf_edit("node = 1\n", 9, "node", values[i], &b), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits),
		cmocka_unit_test(refuses_what_would_be_read_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
