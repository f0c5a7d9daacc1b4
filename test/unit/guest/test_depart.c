/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A body that was stopped to depart, and then could not be captured, goes on as if nothing had been: inside a call of
 * the host's kernel, too. A hang ends by SIGALRM. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "guest/guest.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/capture.h"

#define PATIENCE 20

static struct guest g;
static int to[2], from[2];
static enum { MAPS, SETTLE, LOOK, NOTHING } fails;

/* What depart.c needs of mos-guest. */
void guest_end(struct guest *own, const char *cause)
{
	fail_msg("the guest has ended: %s", cause);
	abort();
}

int signals_keep_for_later(void *ctx, const siginfo_t *si)
{
	return 0;
}

int signals_stop_body(struct guest *own)
{
	struct trace_wait w;

	return trace_stop(own->box.body.pid, signals_keep_for_later, own, &w);
}

void signals_raise_kept(struct guest *own)
{
}

int __real_procfs_maps(pid_t pid, unsigned max, struct vma_list *ret);
int __wrap_procfs_maps(pid_t pid, unsigned max, struct vma_list *ret);
int __wrap_procfs_maps(pid_t pid, unsigned max, struct vma_list *ret)
{
	return fails == MAPS ? -ENOMEM : __real_procfs_maps(pid, max, ret);
}

int __wrap_capture_settle(pid_t pid, const struct vma_list *maps, trace_signal_fn fn, void *ctx);
int __wrap_capture_settle(pid_t pid, const struct vma_list *maps, trace_signal_fn fn, void *ctx)
{
	return fails == SETTLE ? -EAGAIN : 0;
}

int __real_procfs_stat(pid_t pid, struct procfs_stat *ret);
int __wrap_procfs_stat(pid_t pid, struct procfs_stat *ret);
int __wrap_procfs_stat(pid_t pid, struct procfs_stat *ret)
{
	return fails == LOOK ? -EMFILE : __real_procfs_stat(pid, ret);
}

/* Sends back each byte, one greater. */
static _Noreturn void echo(void)
{
	uint8_t c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(to[0], &c, 1) == 1 && (c++, write(from[1], &c, 1) == 1))
		;
	_exit(1);
}

static void answers(uint8_t c)
{
	uint8_t got = 0;

	assert_int_equal(write(to[1], &c, 1), 1);
	assert_int_equal(read(from[0], &got, 1), 1);
	assert_int_equal(got, c + 1);
}

static int setup(void **state)
{
	pid_t pid;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	pid = fork();
	if (!pid)
		echo();
	assert_true(pid > 0);
	g = (struct guest){ .notify_fd = -1, .box = SANDBOX_INIT };
	g.box.body.pid = pid;
	g.m = image_create();
	assert_non_null(g.m);
	g.m->ids.uid[0] = 4711; /* as at home; the body's own are others */
	assert_int_equal(trace_seize(pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	(void)alarm(PATIENCE);
	return 0;
}

static int teardown(void **state)
{
	(void)alarm(0);
	(void)kill(g.box.body.pid, SIGKILL);
	(void)waitpid(g.box.body.pid, NULL, __WALL);
	image_destroy(g.m);
	for (unsigned i = 0; i < 2; i++) {
		close_fd(&to[i]);
		close_fd(&from[i]);
	}
	return 0;
}

static void goes_on(void **state)
{
	struct err e = ERR_INIT;

	answers(1);
	for (fails = MAPS; fails < NOTHING; fails++) {
		assert_true(guest_depart(&g, NULL, false, &e) < 0);
		assert_true(g.departed);
		guest_resume(&g);
		assert_false(g.departed);
		answers((uint8_t)(10 + fails));
		assert_int_equal(g.m->ids.uid[0], 4711);
	}
}

/* Home holds it by a stop signal, and lets it go later. */
static void frozen(void **state)
{
	struct err e = ERR_INIT;

	answers(1);
	guest_freeze(&g);
	fails = MAPS;
	assert_true(guest_depart(&g, NULL, false, &e) < 0);
	guest_resume(&g);
	assert_int_equal(waitpid(g.box.body.pid, NULL, __WALL | WNOHANG), 0);
	guest_thaw(&g);
	answers(7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(frozen, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
