/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may move what. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "node/process/check.h"

static struct proc_id ordinary(void)
{
	return (struct proc_id){ .pidfd = -1,
				 .stat = { .pid = 42, .state = 'S', .comm = "x" },
				 .status = { .uid = { 1000, 1000, 1000, 1000 },
					     .gid = { 100, 100, 100, 100 } } };
}

static void owners(void **state)
{
	struct proc_id id = ordinary();

	assert_true(check_owner(&id.status, 1000));
	assert_true(check_owner(&id.status, 0));
	assert_false(check_owner(&id.status, 1001));
	for (unsigned i = 0; i < 3; i++) { /* a set-id program is not its caller's */
		id = ordinary();
		id.status.uid[i] = 0;
		assert_false(check_owner(&id.status, 1000));
	}
}

static void refuses(const struct proc_id *id, const char *reason)
{
	struct err e = ERR_INIT;

	assert_int_equal(check_movable(id, false, &e), -EPERM);
	assert_string_equal(e.reason, reason);
	assert_true(e.msg[0]);
}

static void reasons(void **state)
{
	struct proc_id id = ordinary();
	struct err e = ERR_INIT;

	assert_int_equal(check_movable(&id, false, &e), 0);
	id.stat.pid = 1;
	refuses(&id, "init");
	id = ordinary();
	id.stat.kernel_thread = true;
	refuses(&id, "kernel-thread");
	id = ordinary();
	id.stat.state = 'Z';
	refuses(&id, "zombie");
	id = ordinary();
	id.status.tracer = 7;
	refuses(&id, "traced");
	id = ordinary();
	id.status.cap_effective = 1;
	refuses(&id, "privileged");
	assert_int_equal(check_movable(&id, true, &e), 0);
	id = ordinary();
	id.status.cap_permitted = 1;
	refuses(&id, "privileged");
	for (unsigned i = 0; i < 4; i++) {
		id = ordinary();
		id.status.uid[i] = 0;
		refuses(&id, "privileged");
		id = ordinary();
		id.status.gid[i] = 5;
		refuses(&id, "privileged");
	}
	memset(id.status.uid, 0, sizeof(id.status.uid)); /* root without capabilities */
	refuses(&id, "privileged");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(owners), cmocka_unit_test(reasons) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
