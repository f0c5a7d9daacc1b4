/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <errno.h>

#include "node/obj.h"

static void fields(void **state)
{
	json_t *o = json_loads("{\"a\":5,\"b\":\"5\",\"c\":5.0,\"d\":true,\"e\":-1,\"f\":null}", 0,
			       NULL);
	char text[4];
	int64_t v = 77;

	assert_int_equal(obj_int(o, "a", 0, 5, &v), 0);
	assert_int_equal(v, 5);
	v = 77;
	assert_int_equal(obj_int(o, "a", 0, 4, &v), -EINVAL);
	assert_int_equal(obj_int(o, "b", 0, 9, &v), -EINVAL);
	assert_int_equal(obj_int(o, "c", 0, 9, &v), -EINVAL);
	assert_int_equal(obj_int(o, "e", 0, 9, &v), -EINVAL);
	assert_int_equal(obj_int(o, "f", 0, 9, &v), -EINVAL);
	assert_int_equal(obj_int(o, "x", 0, 9, &v), -ENOENT);
	assert_int_equal(v, 77);
	assert_int_equal(obj_int_or(o, "x", 0, 9, 3), 3);
	assert_true(obj_bool_or(o, "d", false));
	assert_true(obj_bool_or(o, "a", true));
	assert_null(obj_str(o, "a"));
	assert_string_equal(obj_str(o, "b"), "5");
	obj_copy(o, "x", text, sizeof(text));
	assert_string_equal(text, "");
	assert_null(obj_str(NULL, "a"));
	json_decref(o);
}

static void any_bytes(void **state)
{
	json_t *o = obj_text("a\xff\xc3");

	assert_string_equal(json_string_value(o), "a??");
	json_decref(o);
	o = obj_text("\xc3\xa4\n");
	assert_string_equal(json_string_value(o), "\xc3\xa4\n");
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fields), cmocka_unit_test(any_bytes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
