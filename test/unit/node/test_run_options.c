/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mosrun's command line, as openMosix's users type it. */
#include "unit.h"

#include <errno.h>

#include "tools/run_options.h"

static char *line[16];

static int parse(struct run_options *o, ...)
{
	struct err e = ERR_INIT;
	va_list ap;
	int n = 0, r;

	line[n++] = (char *)(uintptr_t) "/usr/bin/mosrun";
	va_start(ap, o);
	while ((line[n] = va_arg(ap, char *)))
		n++;
	va_end(ap);
	r = run_options_parse(n, line, o, &e);
	assert_int_equal(!!e.msg[0], r < 0);
	return r;
}

/* The first argument is the name. */
static int parse_as(struct run_options *o, ...)
{
	struct err e = ERR_INIT;
	va_list ap;
	int n = 0;

	va_start(ap, o);
	while ((line[n] = va_arg(ap, char *)))
		n++;
	va_end(ap);
	return run_options_parse(n, line, o, &e);
}

static void good(void **state)
{
	struct run_options o;

	assert_int_equal(parse(&o, "true", "-h", NULL), 0);
	assert_ptr_equal(o.cmd, line + 1);
	assert_string_equal(o.path, "true");
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

static void places(void **state)
{
	struct run_options o;

	assert_int_equal(parse(&o, "-j1-3,5", "-F", "p", NULL), 0);
	assert_int_equal(o.n_ranges, 2);
	assert_int_equal(o.range[0][0] * 10 + o.range[0][1], 13);
	assert_int_equal(o.range[1][0] * 10 + o.range[1][1], 55);
	assert_true(o.anywhere);
	assert_int_equal(parse(&o, "-j", "65535", "p", NULL), 0);
	assert_int_equal(o.range[0][1], 65535);
	assert_string_equal(o.path, "p");
	assert_int_equal(parse(&o, "-j1,2,3,4,5,6,7,8,9,10,11,12", "p", NULL), 0);
	assert_int_equal(o.n_ranges, 12);
	assert_int_equal(parse(&o, "-b", "-m", "500", "p", NULL), 0);
	assert_true(o.best);
	assert_int_equal(o.memory, 500);
	assert_int_equal(parse(&o, "-Fbm1073741824", "p", NULL), 0);
	assert_int_equal(o.memory, 1 << 30);
	assert_true(o.best && o.anywhere);
}

static void advice(void **state)
{
	struct run_options o;

	assert_int_equal(parse(&o, "-c", "-s", "-k", "p", NULL), 0);
	assert_string_equal(o.kind, "cpu");
	assert_string_equal(o.decay, "slow");
	assert_int_equal(o.lock, RUN_LOCK_KEEP);
	assert_int_equal(parse(&o, "-ciin", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-iin", "p", NULL), 0);
	assert_string_equal(o.kind, "io");
	assert_string_equal(o.decay, "never");
	assert_int_equal(parse(&o, "-t", "5", "p", NULL), 0);
	assert_string_equal(o.decay, "own");
	assert_int_equal(o.interval, 5);
	assert_int_equal(o.fraction, 926);
	assert_int_equal(parse(&o, "-d900", "-t2", "p", NULL), 0);
	assert_int_equal(o.interval * 1000 + o.fraction, 2900);
}

static void own_name(void **state)
{
	struct run_options o;

	assert_int_equal(parse(&o, "-l", "-z", "/usr/sbin/tcpd", "in.rshd", "-L", NULL), 0);
	assert_string_equal(o.path, "/usr/sbin/tcpd");
	assert_ptr_equal(o.cmd, line + 4);
	assert_int_equal(o.lock, RUN_LOCK_UNLOCK);
	assert_int_equal(parse(&o, "-z", "p", NULL), -EINVAL);
}

static void other_names(void **state)
{
	struct run_options o;

	assert_int_equal(parse_as(&o, "nomig", "p", NULL), 0);
	assert_int_equal(o.lock, RUN_LOCK_LOCK);
	assert_false(o.home);
	assert_int_equal(parse_as(&o, "/usr/bin/runhome", "p", "-3", NULL), 0);
	assert_true(o.home);
	assert_int_equal(o.lock, RUN_LOCK_LOCK);
	assert_int_equal(parse_as(&o, "runon", "7", "-z", "p", "q", NULL), 0);
	assert_int_equal(o.node, 7);
	assert_string_equal(o.path, "p");
	assert_string_equal(o.cmd[0], "q");
	assert_int_equal(parse_as(&o, "runon", "-7", "p", NULL), 0);
	assert_int_equal(o.node, 7);
	assert_int_equal(parse_as(&o, "cpujob", "-3", "p", NULL), 0);
	assert_string_equal(o.kind, "cpu");
	assert_int_equal(o.node, 3);
	assert_int_equal(parse_as(&o, "iojob", "p", NULL), 0);
	assert_string_equal(o.kind, "io");
	assert_int_equal(parse_as(&o, "nodecay", "p", NULL), 0);
	assert_string_equal(o.decay, "never");
	assert_int_equal(parse_as(&o, "slowdecay", "p", NULL), 0);
	assert_string_equal(o.decay, "slow");
	assert_int_equal(parse_as(&o, "fastdecay", "p", NULL), 0);
	assert_string_equal(o.decay, "fast");
	for (unsigned i = 0; run_names[i]; i++) {
		assert_int_equal(parse_as(&o, run_names[i], NULL), -EINVAL);
		assert_int_equal(parse_as(&o, run_names[i], "--help", NULL), 0);
		assert_true(o.help);
	}
	assert_int_equal(parse_as(&o, "runon", "p", NULL), -EINVAL);
	assert_int_equal(parse_as(&o, "runon", "7", NULL), -EINVAL);
	assert_int_equal(parse_as(&o, "runon", "-", "p", NULL), -EINVAL);
}

/* Two of one kind: nobody can mean both. */
static void contradictions(void **state)
{
	static char both[][2][8] = { { "-l", "-L" }, { "-L", "-k" }, { "-c", "-i" }, { "-n", "-s" }, { "-s", "-f" },
				     { "-f", "-t5" }, { "-d9", "-n" }, { "-h", "-j1" }, { "-j1", "-b" }, { "-b", "-h" },
				     { "-h", "-3" }, { "-3", "-j1" }, { "-3", "-b" }, { "-j1", "-j2" }, { "-3", "-4" } };
	struct run_options o;

	for (unsigned i = 0; i < sizeof(both) / sizeof(*both); i++) {
		assert_int_equal(parse(&o, both[i][0], both[i][1], "p", NULL), -EINVAL);
		assert_int_equal(parse(&o, both[i][1], both[i][0], "p", NULL), -EINVAL);
		assert_int_equal(parse(&o, both[i][0], "p", both[i][1], NULL), 0);
	}
	assert_int_equal(parse_as(&o, "nomig", "-l", "p", NULL), -EINVAL);
	assert_int_equal(parse_as(&o, "runon", "3", "-h", "p", NULL), -EINVAL);
	assert_int_equal(parse_as(&o, "slowdecay", "-t", "5", "p", NULL), -EINVAL);
	assert_int_equal(parse_as(&o, "runhome", "-hl", "p", NULL), 0);
}

static void called(void **state)
{
	static char nomig[] = "/usr/bin/nomig", other[] = "/bin/x", *line_of[] = { nomig, other };

	assert_string_equal(run_called(1, line_of), "nomig");
	assert_string_equal(run_called(1, line_of + 1), "mosrun");
	assert_string_equal(run_called(0, NULL), "mosrun");
}

static void bad(void **state)
{
	static char lists[][32] = { "", "0", "1-", "-1", "3-1", "1,", ",1", "1,,2", "a", "1-2-3",
				    "65536", "1 2", "1;2", "99999999999999999999",
				    "1,2,3,4,5,6,7,8,9,10,11,12,13" };
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
	for (unsigned i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		assert_int_equal(parse(&o, "-j", lists[i], "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-j", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-j1", "-3", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-j1", "-h", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-b", "-3", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-m", "0", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-m", "1073741825", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-m", "5G", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-t", "0", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-d", "1000", "p", NULL), -EINVAL);
	assert_int_equal(parse(&o, "-d", "-5", "p", NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good),	 cmocka_unit_test(places),
				     cmocka_unit_test(advice),	 cmocka_unit_test(own_name),
				     cmocka_unit_test(other_names), cmocka_unit_test(bad),
				     cmocka_unit_test(contradictions), cmocka_unit_test(called) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
