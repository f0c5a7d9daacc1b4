/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mos-guest may make once it is confined: a thread of its own, no process. Looked at in a child,
 * since there is no way back. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/err.h"
#include "guest/rights.h"

#define THREAD 0x3d0f00UL /* the flags of a thread, as strace shows them */

/* In the child: leaves with the line's number, for the parent to show. */
#define CHILD(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			_exit(__LINE__ % 251 + 1);                                                 \
	} while (0)

/* Return: what came of it; whatever it has made is gone again. */
static int made(long nr, unsigned long flags)
{
	long k = syscall(nr, flags, 0, 0, 0, 0);

	if (k == 0)
		_exit(0);
	if (k > 0)
		(void)waitpid((pid_t)k, NULL, __WALL);
	return k < 0 ? -errno : 0;
}

static void no_process(void)
{
	const unsigned long no_threads[] = {
		SIGCHLD, 0, CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_PARENT | SIGCHLD, CLONE_NEWUSER | SIGCHLD,
		THREAD & ~(unsigned long)CLONE_THREAD, THREAD | CLONE_UNTRACED, THREAD | CLONE_PARENT,
		THREAD | SIGCHLD, THREAD & ~(unsigned long)CLONE_SYSVSEM, THREAD | 1UL << 32,
	};
	char *argv[] = { NULL };

	for (size_t i = 0; i < sizeof(no_threads) / sizeof(no_threads[0]); i++)
		CHILD(made(SYS_clone, no_threads[i]) == -EPERM);
	CHILD(made(SYS_fork, 0) == -EPERM);
	CHILD(made(SYS_vfork, 0) == -EPERM);
	CHILD(fork() == -1 && errno == EPERM);
	/* refused before it is looked at, so that a library turns to clone */
	CHILD(made(SYS_clone3, 0) == -ENOSYS);
	CHILD(execve("/proc/self/exe", argv, argv) == -1 && errno == EPERM);
	CHILD(unshare(CLONE_NEWUSER) == -1 && errno == EPERM);
}

static void *in_thread(void *arg)
{
	no_process();
	*(int *)arg = 1;
	return NULL;
}

static void child(void)
{
	struct err e = ERR_INIT;
	pthread_t t;
	int ran = 0;

	CHILD(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD(rights_confine(&e) == 0);
	no_process();
	for (int i = 0; i < 3; i++) { /* with a stack that was used before, too */
		CHILD(pthread_create(&t, NULL, in_thread, &ran) == 0);
		CHILD(pthread_join(t, NULL) == 0 && ran);
		ran = 0;
	}
	_exit(0);
}

static void threads_and_no_processes(void **state)
{
	pid_t pid = fork();
	int st;

	if (!pid)
		child();
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	if (WEXITSTATUS(st))
		fail_msg("failed at line %d (or 251 more)", WEXITSTATUS(st) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_and_no_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
