/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of adoption: which are good, whom they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/adopt.h"

static const struct adopt_process render = {
	.uid = 1000, .user = "ann", .path = "/opt/render/bin/render-7", .comm = "frame 12", .age = 100
};

/* Return: seconds to wait, -1 if no rule fits. */
static int meant(const char *rule, const struct adopt_process *p)
{
	struct adopt_rules r = { .n = 0 };
	uint64_t wait = 0;

	assert_true(adopt_add(&r, rule));
	return adopt_find(&r, p, &wait) ? (int)wait : -1;
}

static void fits(void **state)
{
	static const struct {
		const char *rule;
		int wait;
	} t[] = {
		{ "user=*", 0 },
		{ "user=ann", 0 },
		{ "user=1000", 0 },
		{ "user=anna", -1 },
		{ "user=100", -1 },
		{ "program=render-*", 0 },
		{ "program=render", -1 },
		{ "program=frame*", 0 },
		{ "program=/opt/*/bin/render-*", 0 },
		{ "program=/opt/*", -1 },
		{ "program=* age=0", 0 },
		{ "  age=160\tuser=ann  program=[r]ender-7 ", 60 },
		{ "age=101", 1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		if (meant(t[i].rule, &render) != t[i].wait)
			fail_msg("%s: %d, not %d", t[i].rule, meant(t[i].rule, &render), t[i].wait);
}

static void root_is_meant_by_name_only(void **state)
{
	struct adopt_process root = render;

	root.uid = 0;
	root.user = "root";
	assert_int_equal(meant("user=*", &root), -1);
	assert_int_equal(meant("program=render-7", &root), -1);
	assert_int_equal(meant("user=root", &root), 0);
	assert_int_equal(meant("user=0", &root), 0);
}

static void the_rule_that_fits_first_counts(void **state)
{
	struct adopt_rules r = { .n = 0 };
	struct adopt_process nameless = render;
	uint64_t wait = 7;

	assert_null(adopt_find(&r, &render, &wait));
	assert_true(adopt_add(&r, "program=render-* age=500"));
	assert_true(adopt_add(&r, "user=bob"));
	assert_true(adopt_add(&r, "user=ann age=130"));
	assert_ptr_equal(adopt_find(&r, &render, &wait), &r.rule[2]);
	assert_int_equal(wait, 30);
	nameless.user = NULL;
	assert_ptr_equal(adopt_find(&r, &nameless, &wait), &r.rule[0]);
	assert_int_equal(wait, 400);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"", " ", "everything", "user=", "program=", "age=", "age=-1", "age=1m", "age=99999999999",
		"user=ann user=bob", "user=ann uid=3", "user=0123456789012345678901234567890123",
		"user=ann,program=x", "user=ann, program=x", "user=ann;age=1",
	};
	struct adopt_rules r = { .n = 0 };
	char longer[400];

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		if (adopt_add(&r, bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "program=", 8);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(adopt_add(&r, longer));
	for (unsigned i = 0; i < ADOPT_RULES_MAX; i++)
		assert_true(adopt_add(&r, "user=ann"));
	assert_false(adopt_add(&r, "user=ann"));
	assert_int_equal(r.n, ADOPT_RULES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits),
		cmocka_unit_test(root_is_meant_by_name_only),
		cmocka_unit_test(the_rule_that_fits_first_counts),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
