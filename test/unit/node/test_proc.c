/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc as programs with nasty names would have it. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "node/process/proc.h"

#define REST " S 41 42 43 34819 42 4194304 1 2 3 4 111 222 5 6 20 0 1 0 987654 1 2 3"

static void stat_of_any_name(void **state)
{
	static const char *const names[] = { "xz",    "a) R 1 (b", ")",	   "(",		 "))((",
					     "a b c", "",	   "x\ny", ") Z 1 1 1 1" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct proc_stat s;
		char text[256];

		(void)snprintf(text, sizeof(text), "42 (%s)%s\n", names[i], REST);
		assert_int_equal(proc_parse_stat(text, &s), 0);
		assert_string_equal(s.comm, names[i]);
		assert_int_equal(s.pid, 42);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.ppid, 41);
		assert_int_equal(s.session, 43);
		assert_int_equal(s.tty, 34819);
		assert_int_equal(s.utime, 111);
		assert_int_equal(s.stime, 222);
		assert_int_equal(s.start, 987654);
		assert_false(s.kernel_thread);
	}
}

static void stat_that_is_none(void **state)
{
	static const char *const bad[] = { "",		 "42",		"42 (x",
					   "42 x) S",	 ") ( 42",	"(x)" REST,
					   "0 (x)" REST, "-3 (x)" REST, "42 (x) S 1 2 3",
					   "42 (x)" };
	struct proc_stat s;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(proc_parse_stat(bad[i], &s), -EINVAL);
}

static void status_fields(void **state)
{
	static const char text[] = "Name:\tx\\nUid:\\t0 0 0 0\nUmask:\t0022\nTgid:\t42\n"
				   "TracerPid:\t7\nUid:\t1000\t1001\t1002\t1003\n"
				   "Gid:\t1\t2\t3\t4\nVmRSS:\t  1234 kB\n"
				   "CapPrm:\t000001ffffffffff\nCapEff:\t0000000000000001\n";
	struct proc_status s;

	assert_int_equal(proc_parse_status(text, &s), 0);
	assert_int_equal(s.tgid, 42);
	assert_int_equal(s.tracer, 7);
	assert_int_equal(s.uid[0], 1000);
	assert_int_equal(s.uid[3], 1003);
	assert_int_equal(s.gid[2], 3);
	assert_true(s.cap_permitted == 0x1ffffffffffULL);
	assert_int_equal(s.cap_effective, 1);
	assert_int_equal(s.rss_kib, 1234);
	assert_int_equal(proc_parse_status("Tgid:\t1\n", &s), -EINVAL);
	assert_int_equal(proc_parse_status("", &s), -EINVAL);
}

static void sched(void **state)
{
	uint64_t ran = 0, waited = 0;

	assert_int_equal(proc_parse_sched("768810 60360 2\n", &ran, &waited), 0);
	assert_int_equal(ran, 768810);
	assert_int_equal(waited, 60360);
	assert_int_equal(proc_parse_sched("", &ran, &waited), -EINVAL);
	assert_int_equal(proc_parse_sched("5", &ran, &waited), -EINVAL);
	assert_int_equal(proc_read_sched(getpid(), &ran, &waited), 0);
	assert_true(ran > 0);
	assert_int_equal(proc_read_sched(0, &ran, &waited), -ESRCH);
}

static void a_living_one(void **state)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	char args[256];

	assert_int_equal(prctl(PR_SET_NAME, "a) R 1 (b"), 0);
	assert_int_equal(proc_id_read(getpid(), &id), 0);
	assert_string_equal(id.stat.comm, "a) R 1 (b");
	assert_int_equal(id.stat.ppid, getppid());
	assert_int_equal(id.status.uid[0], getuid());
	assert_true(proc_alive(id.pidfd));
	proc_read_args(getpid(), "x", args, sizeof(args));
	assert_non_null(strstr(args, "test_proc"));
	assert_true(proc_runs_program(getpid(), "test_proc"));
}

static void one_that_ended(void **state)
{
	CLEANUP(proc_id_finish) struct proc_id id = PROC_ID_INIT;
	siginfo_t si;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_id_read(pid, &id), 0);
	assert_int_equal(id.stat.state, 'Z');
	assert_false(proc_alive(id.pidfd));
	proc_id_finish(&id);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(proc_id_read(pid, &id), -ESRCH);
	assert_int_equal(proc_id_read(0, &id), -ESRCH);
	assert_int_equal(proc_id_read(-1, &id), -ESRCH);
}

static void terminals(void **state)
{
	char name[32];

	proc_tty_name(0, name, sizeof(name));
	assert_string_equal(name, "?");
	proc_tty_name(34816 + 3, name, sizeof(name));
	assert_string_equal(name, "pts/3");
	proc_tty_name(0x401, name, sizeof(name));
	assert_string_equal(name, "tty1");
	proc_tty_name(0x440, name, sizeof(name));
	assert_string_equal(name, "ttyS0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_of_any_name), cmocka_unit_test(stat_that_is_none),
		cmocka_unit_test(status_fields),    cmocka_unit_test(a_living_one),
		cmocka_unit_test(one_that_ended),   cmocka_unit_test(terminals),
		cmocka_unit_test(sched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
