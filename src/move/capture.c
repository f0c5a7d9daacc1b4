/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/capture.h"

#include <errno.h>
#include <linux/rseq.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/util.h"
#include "kernel/mem.h"
#include "kernel/trace.h"
#include "kernel/xstate.h"

#define ACTION_SIZE 32U /* the kernel's struct sigaction */
#define SIGSET_SIZE 8U

static bool in_vdso(const struct vma_list *maps, uint64_t rip)
{
	const struct vma *v = vma_list_find(maps, rip);

	return v && v->start <= rip && v->kind == VMA_VDSO;
}

/* Inside the vDSO's own work, that is. Where it gives up and makes the system call (processor-time
 * clocks), it holds nothing any more, and the call may be one that waits for us. */
static bool halfway(pid_t pid, const struct vma_list *maps, const struct user_regs_struct *r)
{
	struct mem m = { .pid = pid, .mem_fd = -1, .pagemap_fd = -1 };
	uint8_t insn[2];

	if (!in_vdso(maps, r->rip) || (long)r->orig_rax >= 0)
		return false;
	return mem_read(&m, (uaddr_t){ r->rip }, insn, sizeof(insn)) < 0 || insn[0] != 0x0f ||
	       insn[1] != 0x05;
}

/* Lets the thread run until we stop it again. */
static int run_a_little(pid_t pid, trace_signal_fn fn, void *ctx)
{
	struct trace_wait w;
	int r = trace_cont(pid, 0);

	return r < 0 ? r : trace_stop(pid, fn, ctx, &w);
}

/* One instruction. */
static int step(pid_t pid, trace_signal_fn fn, void *ctx)
{
	struct trace_wait w;
	siginfo_t si;
	int sig = 0, r;

	do {
		r = trace_step(pid, sig);
		if (r == 0)
			r = trace_wait(pid, 0, &w);
		if (r < 0)
			return r;
		if (w.event == TRACE_ENDED)
			return -ESRCH;
		sig = w.event == TRACE_SIGNAL && w.sig != SIGTRAP && fn && trace_siginfo(pid, &si) == 0 ?
			      fn(ctx, &si) : 0;
	} while (w.event != TRACE_SIGNAL || w.sig != SIGTRAP);
	return 0;
}

/* A thread stopped between the bounds of a restartable sequence is sent to its abort handler, as the
 * kernel would have done on its way back to the program. */
static int leave_rseq(pid_t pid, struct user_regs_struct *regs)
{
	struct mem m = { .pid = pid, .mem_fd = -1, .pagemap_fd = -1 };
	struct trace_rseq q;
	struct rseq_cs cs;
	uint64_t ptr = 0, none = 0;

	if (trace_rseq(pid, &q) < 0 || !q.ptr)
		return 0;
	if (mem_read(&m, (uaddr_t){ q.ptr + offsetof(struct rseq, rseq_cs) }, &ptr, sizeof(ptr)) < 0 ||
	    !ptr)
		return 0;
	if (mem_read(&m, (uaddr_t){ ptr }, &cs, sizeof(cs)) < 0)
		return 0;
	if (regs->rip - cs.start_ip < cs.post_commit_offset) {
		regs->rip = cs.abort_ip;
		(void)mem_write(&m, (uaddr_t){ q.ptr + offsetof(struct rseq, rseq_cs) }, &none,
				sizeof(none));
		return trace_set_regs(pid, regs);
	}
	return 0;
}

int capture_settle(pid_t pid, const struct vma_list *maps,
		   trace_signal_fn fn, void *ctx)
{
	struct user_regs_struct regs;
	uint64_t mask;
	int r = trace_regs(pid, &regs);

	for (int tries = 0; r == 0 && halfway(pid, maps, &regs) && tries < 40; tries++) {
		r = run_a_little(pid, fn, ctx);
		if (r == 0)
			r = trace_regs(pid, &regs);
	}
	if (r == 0 && halfway(pid, maps, &regs)) {
		/* SIGTRAP stays open: a step that finds it blocked resets its handler */
		r = trace_mask(pid, &mask);
		if (r == 0)
			r = trace_set_mask(pid, ~(1ULL << (SIGTRAP - 1)));
		for (int steps = 0; r == 0 && halfway(pid, maps, &regs) && steps < 5000; steps++) {
			r = step(pid, fn, ctx);
			if (r == 0)
				r = trace_regs(pid, &regs);
		}
		if (r == 0)
			r = trace_set_mask(pid, mask);
		if (r == 0 && halfway(pid, maps, &regs))
			r = -EAGAIN;
	}
	return r < 0 ? r : leave_rseq(pid, &regs);
}

int restore_xstate(pid_t pid, const struct image *m)
{
	static uint8_t own[XSTATE_MAX], fit[XSTATE_MAX];
	int n = trace_xstate(pid, own, sizeof(own));

	if (n < 0)
		return n;
	xstate_fit(m->xstate, m->xstate_len, own, (size_t)n, fit);
	return trace_set_xstate(pid, fit, (size_t)n);
}

int capture_stopped(pid_t pid, struct image *m, struct err *e)
{
	struct procfs_status st;
	struct procfs_stat f;
	struct trace_rseq q;
	ssize_t n;
	int r;

	r = trace_regs(pid, &m->regs);
	if (r == 0)
		r = trace_mask(pid, &m->mask);
	if (r < 0)
		return err_set(e, r, "cannot read the registers: %s", strerror(-r));
	r = trace_xstate(pid, m->xstate, sizeof(m->xstate));
	if (r < 0)
		return err_set(e, r, "cannot read the extended registers: %s", strerror(-r));
	m->xstate_len = (uint32_t)r;
	if (trace_rseq(pid, &q) == 0) {
		m->rseq_ptr = q.ptr;
		m->rseq_size = q.size;
		m->rseq_signature = q.signature;
	}
	{
		void *head = NULL;
		size_t len = 0;

		if (syscall(SYS_get_robust_list, pid, &head, &len) == 0) {
			m->robust_head = (uint64_t)(uintptr_t)head;
			m->robust_len = len;
		}
	}
	r = procfs_stat(pid, &f);
	if (r == 0)
		r = procfs_status(pid, &st);
	if (r == 0)
		r = procfs_comm(pid, m->comm);
	if (r < 0)
		return err_set(e, r, "cannot read /proc/%d: %s", (int)pid, strerror(-r));
	m->mm.start_code = f.f[26];
	m->mm.end_code = f.f[27];
	m->mm.start_stack = f.f[28];
	m->mm.start_data = f.f[45];
	m->mm.end_data = f.f[46];
	m->mm.start_brk = f.f[47];
	m->mm.arg_start = f.f[48];
	m->mm.arg_end = f.f[49];
	m->mm.env_start = f.f[50];
	m->mm.env_end = f.f[51];
	n = procfs_auxv(pid, m->auxv, sizeof(m->auxv));
	if (n < 0)
		return err_set(e, (int)n, "cannot read /proc/%d/auxv: %s", (int)pid,
			       strerror((int)-n));
	m->auxv_len = (uint32_t)n;
	memcpy(m->ids.uid, st.uid, sizeof(m->ids.uid));
	memcpy(m->ids.gid, st.gid, sizeof(m->ids.gid));
	m->ids.ngroups = MIN(st.ngroups, IMAGE_GROUPS_MAX);
	memcpy(m->ids.group, st.group, m->ids.ngroups * sizeof(st.group[0]));
	return 0;
}

static bool action_counts(unsigned s)
{
	return s != SIGKILL && s != SIGSTOP;
}

int capture_visit(struct agent *a, bool at_home, struct image *m, struct err *e)
{
	uint64_t at, at_stack, at_tid, at_mono, at_coarse, at_boot, at_virtual, at_prof;
	uint8_t *actions, *stack, *tid;
	struct timespec *mono, *coarse, *boot;
	struct itimerval *virtual, *prof;
	int i_brk, r;

	agent_begin(a);
	actions = agent_scratch(a, ACTION_SIZE * (IMAGE_SIGNALS + 1), &at);
	stack = agent_scratch(a, 24, &at_stack);
	tid = agent_scratch(a, 8, &at_tid);
	mono = agent_scratch(a, sizeof(*mono), &at_mono);
	coarse = agent_scratch(a, sizeof(*coarse), &at_coarse);
	boot = agent_scratch(a, sizeof(*boot), &at_boot);
	virtual = agent_scratch(a, sizeof(*virtual), &at_virtual);
	prof = agent_scratch(a, sizeof(*prof), &at_prof);
	memset(tid, 0, 8);
	memset(actions, 0, ACTION_SIZE * (IMAGE_SIGNALS + 1));
	for (unsigned s = 1; s <= IMAGE_SIGNALS; s++)
		if (action_counts(s))
			(void)agent_add(a, SYS_rt_sigaction, s, 0, at + s * ACTION_SIZE, SIGSET_SIZE, 0, 0);
	(void)agent_add(a, SYS_sigaltstack, 0, at_stack, 0, 0, 0, 0);
	i_brk = agent_add(a, SYS_brk, 0, 0, 0, 0, 0, 0);
	(void)agent_add(a, SYS_clock_gettime, CLOCK_MONOTONIC, at_mono, 0, 0, 0, 0);
	(void)agent_add(a, SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, at_coarse, 0, 0, 0, 0);
	(void)agent_add(a, SYS_clock_gettime, CLOCK_BOOTTIME, at_boot, 0, 0, 0, 0);
	if (at_home) {
		(void)agent_add(a, SYS_prctl, PR_GET_TID_ADDRESS, at_tid, 0, 0, 0, 0);
		(void)agent_add(a, SYS_getitimer, ITIMER_VIRTUAL, at_virtual, 0, 0, 0, 0);
		(void)agent_add(a, SYS_getitimer, ITIMER_PROF, at_prof, 0, 0, 0, 0);
	}
	r = agent_run_all(a, "reading the process's own state", e);
	if (r < 0)
		return r;
	if (at_home && (timerisset(&virtual->it_value) || timerisset(&prof->it_value)))
		return err_reason(e, -EOPNOTSUPP, "cpu-timer", "it has a timer of processor time");
	for (unsigned s = 1; s <= IMAGE_SIGNALS; s++) {
		uint64_t w[4];

		if (!action_counts(s))
			continue;
		memcpy(w, actions + s * ACTION_SIZE, sizeof(w));
		m->action[s] = (struct image_action){ w[0], w[1], w[2], w[3] };
	}
	memcpy(m->altstack, stack, 24);
	if (at_home)
		memcpy(&m->tid_address, tid, 8);
	m->mm.brk = (uint64_t)agent_ret(a, i_brk);
	m->mono = timespec_nsec(mono);
	m->coarse = timespec_nsec(coarse);
	m->boot = timespec_nsec(boot);
	return 0;
}

/* The actions that the process has by now, as the kernel gives them out. */
static int look_at_actions(struct agent *a, uint8_t to[ACTION_SIZE * (IMAGE_SIGNALS + 1)], struct err *e)
{
	uint64_t at;
	uint8_t *actions;
	int r;

	agent_begin(a);
	actions = agent_scratch(a, ACTION_SIZE * (IMAGE_SIGNALS + 1), &at);
	for (unsigned s = 1; s <= IMAGE_SIGNALS; s++)
		if (action_counts(s))
			(void)agent_add(a, SYS_rt_sigaction, s, 0, at + s * ACTION_SIZE, SIGSET_SIZE, 0, 0);
	r = agent_run_all(a, "reading the actions of signals", e);
	memcpy(to, actions, ACTION_SIZE * (IMAGE_SIGNALS + 1));
	return r;
}

int restore_visit(struct agent *a, const struct image *m, struct err *e)
{
	uint8_t own[ACTION_SIZE * (IMAGE_SIGNALS + 1)];
	uint64_t at, at_stack;
	uint8_t *actions, *stack;
	int r = look_at_actions(a, own, e);

	if (r < 0)
		return r;
	agent_begin(a);
	actions = agent_scratch(a, ACTION_SIZE * (IMAGE_SIGNALS + 1), &at);
	stack = agent_scratch(a, 24, &at_stack);
	for (unsigned s = 1; s <= IMAGE_SIGNALS; s++) {
		const struct image_action *k = &m->action[s];
		const uint64_t w[4] = { k->handler, k->flags, k->restorer, k->mask };

		/* Set once more, an action that ignores its signal would take away one that waits: a SIGCONT
		 * or SIGCHLD that has come to P while it comes home. */
		if (!action_counts(s) || !memcmp(own + s * ACTION_SIZE, w, sizeof(w)))
			continue;
		memcpy(actions + s * ACTION_SIZE, w, sizeof(w));
		(void)agent_add(a, SYS_rt_sigaction, s, at + s * ACTION_SIZE, 0, SIGSET_SIZE, 0, 0);
	}
	memcpy(stack, m->altstack, 24);
	(void)agent_add(a, SYS_sigaltstack, at_stack, 0, 0, 0, 0, 0);
	(void)agent_add(a, SYS_set_robust_list, m->robust_head, 24, 0, 0, 0, 0);
	(void)agent_add(a, SYS_set_tid_address, m->tid_address, 0, 0, 0, 0, 0);
	if (m->rseq_ptr)
		(void)agent_add(a, SYS_rseq, m->rseq_ptr, m->rseq_size, 0, m->rseq_signature, 0, 0);
	return agent_run_all(a, "setting the process's own state", e);
}
