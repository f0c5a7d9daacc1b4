/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping a thread that signals and stop signals reach at every instant. A hang ends by SIGALRM. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/clock.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"

#define STOPS	 5000
#define PATIENCE 60

/* An instruction through which calls can be injected. */
__attribute__((naked, used, noinline)) static void insn(void)
{
	__asm__("syscall\n\tret");
}

static void on_timer(int sig)
{
	(void)sig;
}

/* One that signals reach all the time. */
static pid_t victim(void)
{
	const struct itimerval often = { { 0, 50 }, { 0, 50 } };
	pid_t pid = fork();

	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGALRM, on_timer);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	for (;;)
		(void)getppid();
}

static void finish(pid_t pid)
{
	int st;

	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &st, __WALL);
	(void)alarm(0);
}

static int count(void *ctx, const siginfo_t *si)
{
	unsigned *n = ctx;

	(*n)++;
	return si->si_signo;
}

/* Signals come before it, and all of them go on to the thread. */
static void stops_whatever_comes_first(void **state)
{
	nsec_t end = mono_now() + 10 * NSEC_PER_SEC;
	unsigned signals = 0;
	pid_t pid = victim();

	(void)state;
	(void)alarm(PATIENCE);
	assert_int_equal(trace_seize(pid, PTRACE_O_EXITKILL), 0);
	for (unsigned i = 0; i < STOPS && mono_now() < end; i++) {
		struct trace_wait w;

		for (volatile unsigned k = 0; k < i % 1500; k++)
			;
		assert_int_equal(trace_stop(pid, count, &signals, &w), 0);
		assert_int_equal(w.event, TRACE_INTERRUPT);
		if (i % 7 == 0)
			assert_int_equal(trace_stop_again(pid, count, &signals, &w), 0);
		assert_int_equal(trace_cont(pid, 0), 0);
	}
	assert_true(signals > 0);
	finish(pid);
}

static char state_of(pid_t pid)
{
	struct procfs_stat f;

	assert_int_equal(procfs_stat(pid, &f), 0);
	return f.state;
}

/* A stop signal's stop lasts while the thread is driven, until it is let go; SIGCONT ends it. */
static void a_stop_lasts(void **state)
{
	const uint64_t none[6] = { 0 };
	unsigned signals = 0;
	struct trace_wait w;
	int64_t got = 0;
	pid_t pid = victim();

	(void)state;
	(void)alarm(PATIENCE);
	assert_int_equal(trace_seize(pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	do { /* the stop of ours may come first */
		assert_int_equal(trace_stop(pid, count, &signals, &w), 0);
		assert_int_equal(trace_cont(pid, 0), 0);
	} while (w.event != TRACE_GROUP);
	assert_int_equal(trace_stop(pid, count, &signals, &w), 0);
	assert_int_equal(w.event, TRACE_GROUP);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(trace_stop_again(pid, count, &signals, &w), 0);
	assert_int_equal(w.event, TRACE_INTERRUPT);

	/* Sent while a call is injected. */
	assert_int_equal(trace_set_mask(pid, TRACE_MASK_ALL), 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(trace_inject(pid, (uint64_t)(uintptr_t)&insn, SYS_getpid, none, &got), 0);
	assert_int_equal(got, pid);
	assert_int_equal(trace_stop_again(pid, count, &signals, &w), 0);
	assert_int_equal(w.event, TRACE_GROUP);
	assert_int_equal(trace_set_mask(pid, 0), 0);
	assert_int_equal(trace_detach(pid, 0), 0);
	while (state_of(pid) != 'T')
		;
	finish(pid);
}

/* One that ends with status 7 when @go is closed. */
static pid_t ends_by_itself(int *go)
{
	int fd[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		(void)close(fd[1]);
		(void)read(fd[0], &c, 1);
		_exit(7);
	}
	(void)close(fd[0]);
	*go = fd[1];
	return pid;
}

/* Whoever asks hears of the end, with its status, until it is reaped. */
static void told_until_reaped(pid_t pid, int status)
{
	struct trace_wait w;

	for (int flags = 0; flags <= TRACE_NOHANG; flags++) {
		assert_int_equal(trace_wait(pid, flags, &w), 0);
		assert_int_equal(w.event, TRACE_ENDED);
		assert_int_equal(w.status, status);
		assert_true(trace_has_ended(pid));
	}
	assert_int_equal(trace_cont(pid, 0), -ESRCH);
	trace_reap(pid);
	assert_int_equal(trace_wait(pid, 0, &w), -ESRCH);
	assert_true(trace_has_ended(pid));
	(void)alarm(0);
}

static void an_exit_is_told(void **state)
{
	int go;
	pid_t pid = ends_by_itself(&go);

	(void)alarm(PATIENCE);
	assert_int_equal(trace_seize(pid, PTRACE_O_EXITKILL), 0);
	assert_false(trace_has_ended(pid));
	(void)close(go);
	told_until_reaped(pid, 7 << 8);
}

static void a_death_is_told(void **state)
{
	struct trace_wait w;
	int go;
	pid_t pid = ends_by_itself(&go);

	(void)alarm(PATIENCE);
	assert_int_equal(trace_seize(pid, PTRACE_O_EXITKILL), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(trace_wait(pid, 0, &w), 0);
	assert_int_equal(w.event, TRACE_SIGNAL);
	assert_int_equal(w.sig, SIGTERM);
	assert_false(trace_has_ended(pid));
	assert_int_equal(trace_cont(pid, SIGTERM), 0);
	told_until_reaped(pid, SIGTERM);
	(void)close(go);
}

/* A stop that nobody has taken goes with a SIGKILL. */
static void killed_in_a_stop(void **state)
{
	int go;
	pid_t pid = ends_by_itself(&go);

	(void)alarm(PATIENCE);
	assert_int_equal(trace_seize(pid, PTRACE_O_EXITKILL), 0);
	assert_int_equal(trace_interrupt(pid), 0);
	while (state_of(pid) != 't')
		;
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (!trace_has_ended(pid))
		;
	told_until_reaped(pid, SIGKILL);
	(void)close(go);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stops_whatever_comes_first),
		cmocka_unit_test(a_stop_lasts),
		cmocka_unit_test(an_exit_is_told),
		cmocka_unit_test(a_death_is_told),
		cmocka_unit_test(killed_in_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
