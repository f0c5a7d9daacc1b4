/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A body gets its filter, or is killed while it gets it: then nobody waits for what it would have done next. A hang
 * ends by SIGALRM. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "../pauses.h"
#include "base/util.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"

#define PATIENCE 20

static struct guest g;
static bool kill_it; /* when it has its filter, and before it does anything under it */

int __real_notify_sync_wake(int fd);
int __wrap_notify_sync_wake(int fd);

int __wrap_notify_sync_wake(int fd)
{
	if (kill_it)
		(void)kill(g.box.body.pid, SIGKILL);
	return __real_notify_sync_wake(fd);
}

static int setup(void **state)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	struct agent *a = &g.box.body;
	struct err e = ERR_INIT;
	struct trace_wait w;

	g = (struct guest){ .notify_fd = -1, .box = SANDBOX_INIT };
	kill_it = false;
	a->pid = pauses();
	assert_true(a->pid > 0);
	assert_int_equal(trace_seize(a->pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	assert_int_equal(trace_interrupt(a->pid), 0);
	assert_int_equal(trace_wait(a->pid, 0, &w), 0);
	assert_int_equal(trace_set_mask(a->pid, TRACE_MASK_ALL), 0);
	assert_int_equal(procfs_maps(a->pid, 1000, &maps), 0);
	assert_int_equal(agent_find_insn(a->pid, &maps, &a->insn), 0);
	if (agent_map(a, agent_choose_place(&maps), &e) < 0)
		fail_msg("%s", err_str(&e, 0));
	assert_int_equal(agent_enter(a), 0);
	agent_begin(a);
	(void)agent_add(a, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); /* whoever runs this test */
	assert_int_equal(agent_run_all(a, "giving up privileges to come", &e), 0);
	(void)alarm(PATIENCE);
	return 0;
}

static int teardown(void **state)
{
	(void)alarm(0);
	(void)kill(g.box.body.pid, SIGKILL);
	(void)waitpid(g.box.body.pid, NULL, __WALL);
	agent_forget(&g.box.body);
	close_fd(&g.notify_fd);
	return 0;
}

/* Its getpid is its own, its open is told and goes no further. */
static void installs(void **state)
{
	struct agent *a = &g.box.body;
	struct err e = ERR_INIT;
	struct seccomp_notif n;

	if (guest_filter(&g, &e) < 0)
		fail_msg("%s", err_str(&e, 0));
	agent_begin(a);
	(void)agent_add(a, SYS_getpid, 0, 0, 0, 0, 0, 0);
	(void)agent_add(a, SYS_open, 0, 0, 0, 0, 0, 0);
	agent_post(a);
	assert_int_equal(guest_next_notification(&g, &n), 0);
	assert_int_equal(n.data.nr, SYS_open);
	assert_int_equal(notify_answer(g.notify_fd, n.id, -ENOENT), 0);
	assert_int_equal(agent_wait(a), 0);
	assert_int_equal(agent_ret(a, 0), a->pid);
	assert_int_equal(agent_ret(a, 1), -ENOENT);
}

static void killed_meanwhile(void **state)
{
	struct err e = ERR_INIT;

	kill_it = true;
	assert_int_equal(guest_filter(&g, &e), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(installs, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_meanwhile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
