/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosrun's command line, as openMosix's users type it. */
#include "unit.h"

#include <errno.h>

#include "tools/run_options.h"

static char *line[12];

static int parse(struct run_options *o, ...)
{
	struct err e = ERR_INIT;
	va_list ap;
	int n = 0, r;

	line[n++] = (char *)(uintptr_t) "mosrun";
	va_start(ap, o);
	while ((line[n] = va_arg(ap, char *)))
		n++;
	va_end(ap);
	r = run_options_parse(n, line, o, &e);
	assert_int_equal(!!e.msg[0], r < 0);
	return r;
}

static void good(void **state)
{
	struct run_options o;

	assert_int_equal(parse(&o, "true", "-h", NULL), 0);
	assert_ptr_equal(o.cmd, line + 1);
	assert_int_equal(o.node, 0);
	assert_int_equal(o.lock, RUN_LOCK_NONE);
	assert_false(o.home);
	assert_int_equal(parse(&o, "-3", "-F", "-l", "prog", "-9", NULL), 0);
	assert_int_equal(o.node, 3);
	assert_true(o.anywhere);
	assert_int_equal(o.lock, RUN_LOCK_UNLOCK);
	assert_ptr_equal(o.cmd, line + 4);
	assert_int_equal(parse(&o, "-h", "p", NULL), 0);
	assert_true(o.home);
	assert_int_equal(o.lock, RUN_LOCK_LOCK);
	assert_int_equal(parse(&o, "-hl", "p", NULL), 0);
	assert_int_equal(o.lock, RUN_LOCK_UNLOCK);
	assert_int_equal(parse(&o, "-FL", "-65535", "--", "-p", NULL), 0);
	assert_int_equal(o.node, 65535);
	assert_ptr_equal(o.cmd, line + 4);
	assert_int_equal(parse(&o, "--help", NULL), 0);
	assert_true(o.help);
	assert_null(o.cmd);
	assert_int_equal(parse(&o, "-F", "--version", NULL), 0);
	assert_true(o.version);
	assert_int_equal(parse(&o, "-3", "-3", "p", NULL), 0);
}

static void bad(void **state)
{
	struct run_options o;

	assert_int_equal(parse(&o, NULL), -EINVAL);
	assert_int_equal(parse(&o, "-F", NULL), -EINVAL);
	assert_int_equal(parse(&o, "--", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-x", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-Fx", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "--nonsense", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-0", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-65536", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-99999999999999999999", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-3x", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-3", "-4", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-h", "-4", "p", NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(bad) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
