/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process driven through the resident. Its knock (int3) and our stop meet at every instant: a stop
 * must come to its end, and no SIGTRAP may be left behind for the program. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "../pauses.h"
#include "base/clock.h"
#include "base/util.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/agent.h"

#define MEETINGS 30000

static void start(struct agent *a)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	struct err e = ERR_INIT;
	struct trace_wait w;

	a->pid = pauses();
	assert_true(a->pid > 0);
	assert_int_equal(trace_seize(a->pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	assert_int_equal(trace_interrupt(a->pid), 0);
	assert_int_equal(trace_wait(a->pid, 0, &w), 0);
	assert_int_equal(w.event, TRACE_INTERRUPT);
	assert_int_equal(trace_set_mask(a->pid, TRACE_MASK_ALL), 0);
	assert_int_equal(procfs_maps(a->pid, 1000, &maps), 0);
	assert_int_equal(agent_find_insn(a->pid, &maps, &a->insn), 0);
	if (agent_map(a, agent_choose_place(&maps), &e) < 0)
		fail_msg("%s", err_str(&e, 0));
	assert_int_equal(trace_set_mask(a->pid, 0), 0); /* as a deputy: open to all signals */
	assert_int_equal(agent_enter(a), 0);
}

static void finish(struct agent *a)
{
	int st;

	(void)kill(a->pid, SIGKILL);
	(void)waitpid(a->pid, &st, __WALL);
	agent_forget(a);
}

static void calls(void **state)
{
	struct agent a = AGENT_INIT;

	start(&a);
	agent_begin(&a);
	(void)agent_add(&a, SYS_getpid, 0, 0, 0, 0, 0, 0);
	(void)agent_add(&a, SYS_close, (uint64_t)-1, 0, 0, 0, 0, 0);
	assert_int_equal(agent_run(&a), 0);
	assert_int_equal(agent_ret(&a, 0), a.pid);
	assert_int_equal(agent_ret(&a, 1), -9); /* EBADF */
	finish(&a);
}

/* The knock is on its way, or has just been raised, when we stop it. */
static void knock_meets_stop(void **state)
{
	struct agent a = AGENT_INIT;
	nsec_t end = mono_now() + 10 * NSEC_PER_SEC; /* on one processor each takes a time slice */
	unsigned took = 0;

	start(&a);
	for (unsigned i = 0; i < MEETINGS && mono_now() < end; i++) {
		struct resident_ctl *c = agent_ctl(&a);
		siginfo_t si[4];
		int n;

		agent_begin(&a);
		(void)agent_add(&a, SYS_getpid, 0, 0, 0, 0, 0, 0);
		__atomic_store_n(&c->knock, 1, __ATOMIC_SEQ_CST);
		agent_post(&a);
		while (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != a.want)
			;
		for (volatile unsigned k = 0; k < i % 1500; k++)
			;
		took += !__atomic_exchange_n(&c->knock, 0, __ATOMIC_SEQ_CST);
		assert_int_equal(agent_stop_idle(&a), 0);
		n = trace_peek_signals(a.pid, false, si, ARRAY_SIZE(si));
		for (int k = 0; k < n; k++)
			assert_int_not_equal(si[k].si_signo, SIGTRAP);
		assert_int_equal(agent_enter(&a), 0);
	}
	print_message("%u knocks were taken\n", took);
	assert_true(took > 0);
	finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),
		cmocka_unit_test(knock_meets_stop),
	};

	if (geteuid()) {
		(void)puts("opening map_files of another process needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
