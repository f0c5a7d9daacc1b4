/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line changes, the rest stays. */
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
		{ "a\n  node=1 # x\n\nport = 2", "node", "3", "a\nnode = 3\n\nport = 2\n" },
		{ "#node = 1\nnode-x = 2\n", "node", "3", "#node = 1\nnode-x = 2\nnode = 3\n" },
		{ "node : 1\r\nport = 2\nnode = 5\n", "node", "3", "node = 3\nport = 2\n" },
		{ "x = 1\nnode = 1\ny = 2\n", "node", NULL, "x = 1\ny = 2\n" },
		{ "x = 1\n", "node", NULL, "x = 1\n" },
		{ "node\n", "node", "1", "node\nnode = 1\n" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		CLEANUP(buf_finish) struct buf b = BUF_INIT, again = BUF_INIT;

		conf_edit(t[i].before, strlen(t[i].before), t[i].key, t[i].value, &b);
		assert_int_equal(b.len, strlen(t[i].after));
		assert_memory_equal(b.data, t[i].after, b.len);
		conf_edit((const char *)b.data, b.len, t[i].key, t[i].value, &again);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.data, b.data, b.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
