/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/trace.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define PT(req, pid, addr, data)                                                                   \
	(ptrace((enum __ptrace_request)(req), (pid), (void *)(uintptr_t)(addr),                    \
		(void *)(uintptr_t)(data)) < 0 ?                                                   \
		 -errno :                                                                          \
		 0)

int trace_seize(pid_t pid, unsigned long options)
{
	return PT(PTRACE_SEIZE, pid, 0, options);
}

int trace_interrupt(pid_t pid)
{
	return PT(PTRACE_INTERRUPT, pid, 0, 0);
}

/* As waitid(2). Return: 1 with what there is to tell, 0 nothing, -errno. */
static int wait_id(pid_t pid, int options, siginfo_t *ret)
{
	int r;

	do {
		ret->si_pid = 0;
		r = waitid(P_PID, (id_t)pid, ret, options | __WALL);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == ECHILD ? -ESRCH : -errno;
	return ret->si_pid != 0;
}

static void told_end(const siginfo_t *si, struct trace_wait *ret)
{
	ret->event = TRACE_ENDED;
	ret->status = si->si_code == CLD_EXITED ? (si->si_status & 0xff) << 8 :
		      si->si_status | (si->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

int trace_wait(pid_t pid, int flags, struct trace_wait *ret)
{
	int hang = flags & TRACE_NOHANG ? WNOHANG : 0, ev, r;
	siginfo_t si;

	*ret = (struct trace_wait){ .event = TRACE_NONE };
	do { /* a stop is taken; if a SIGKILL has ended it meanwhile, there is something else to tell */
		r = wait_id(pid, WSTOPPED | WEXITED | WNOWAIT | hang, &si);
		if (r <= 0)
			return r;
		if (si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED) {
			told_end(&si, ret);
			return 0;
		}
		r = wait_id(pid, WSTOPPED | WNOHANG, &si);
	} while (r == 0);
	if (r < 0)
		return r;
	ret->sig = si.si_status & 0xff;
	ev = si.si_status >> 8;
	if (ev == PTRACE_EVENT_STOP)
		ret->event = ret->sig == SIGTRAP ? TRACE_INTERRUPT : TRACE_GROUP;
	else if (ev == PTRACE_EVENT_EXEC)
		ret->event = TRACE_EXEC;
	else if (ev)
		ret->event = TRACE_OTHER;
	else if (ret->sig == (SIGTRAP | 0x80))
		ret->event = TRACE_SYSCALL;
	else
		ret->event = TRACE_SIGNAL;
	return 0;
}

bool trace_has_ended(pid_t pid)
{
	siginfo_t si;
	int r = wait_id(pid, WEXITED | WNOWAIT | WNOHANG, &si);

	return r == 1 || r == -ESRCH;
}

void trace_reap(pid_t pid)
{
	siginfo_t si;

	(void)wait_id(pid, WEXITED | WNOHANG, &si);
}

int trace_cont(pid_t pid, int sig)
{
	return PT(PTRACE_CONT, pid, 0, sig);
}

int trace_step(pid_t pid, int sig)
{
	return PT(PTRACE_SINGLESTEP, pid, 0, sig);
}

int trace_listen(pid_t pid)
{
	return PT(PTRACE_LISTEN, pid, 0, 0);
}

int trace_detach(pid_t pid, int sig)
{
	return PT(PTRACE_DETACH, pid, 0, sig);
}

/* A stop of ours comes before any signal that waits, and any other stop may have swallowed it: it is asked
 * for again before the thread goes on. But one that nobody has asked for (SIGCONT causes one) may wait
 * already. It serves as well, and must be looked for first: if another one is asked for while the thread
 * stands in it, that comes before the thread runs, and the next look would find it and ask for a third:
 * the thread would never run again. */
static int until_stopped(pid_t pid, trace_signal_fn fn, void *ctx, struct trace_wait *w)
{
	siginfo_t si;
	int r = 0;

	while (r == 0) {
		int sig = 0;

		if (w->event == TRACE_ENDED)
			return -ESRCH;
		if (w->event == TRACE_INTERRUPT || w->event == TRACE_GROUP)
			return 0;
		if (w->event == TRACE_SIGNAL && fn && trace_siginfo(pid, &si) == 0)
			sig = fn(ctx, &si);
		r = trace_interrupt(pid);
		if (r == 0 && w->event != TRACE_NONE)
			r = trace_cont(pid, sig);
		if (r == 0)
			r = trace_wait(pid, 0, w);
	}
	return r;
}

int trace_stop(pid_t pid, trace_signal_fn fn, void *ctx, struct trace_wait *ret)
{
	int r = trace_wait(pid, TRACE_NOHANG, ret);

	return r < 0 ? r : until_stopped(pid, fn, ctx, ret);
}

int trace_stop_again(pid_t pid, trace_signal_fn fn, void *ctx, struct trace_wait *ret)
{
	*ret = (struct trace_wait){ .event = TRACE_OTHER };
	return until_stopped(pid, fn, ctx, ret);
}

int trace_options(pid_t pid, unsigned long options)
{
	return PT(PTRACE_SETOPTIONS, pid, 0, options);
}

int trace_regs(pid_t pid, struct user_regs_struct *ret)
{
	return PT(PTRACE_GETREGS, pid, 0, ret);
}

int trace_set_regs(pid_t pid, const struct user_regs_struct *r)
{
	return PT(PTRACE_SETREGS, pid, 0, r);
}

/* A processor without XSAVE has what all have, 512 bytes of the same layout. */
static int xstate(enum __ptrace_request request, pid_t pid, struct iovec *iov)
{
	int r = PT(request, pid, NT_X86_XSTATE, iov);

	return r == -ENODEV ? PT(request, pid, NT_PRFPREG, iov) : r;
}

int trace_xstate(pid_t pid, void *to, size_t size)
{
	struct iovec iov = { to, size };
	int r = xstate(PTRACE_GETREGSET, pid, &iov);

	return r < 0 ? r : (int)iov.iov_len;
}

int trace_set_xstate(pid_t pid, const void *from, size_t size)
{
	struct iovec iov = { (void *)(uintptr_t)from, size };

	return xstate(PTRACE_SETREGSET, pid, &iov);
}

int trace_mask(pid_t pid, uint64_t *ret)
{
	return PT(PTRACE_GETSIGMASK, pid, sizeof(*ret), ret);
}

int trace_set_mask(pid_t pid, uint64_t mask)
{
	return PT(PTRACE_SETSIGMASK, pid, sizeof(mask), &mask);
}

int trace_siginfo(pid_t pid, siginfo_t *ret)
{
	return PT(PTRACE_GETSIGINFO, pid, 0, ret);
}

int trace_peek_signals(pid_t pid, bool shared, siginfo_t *ret, unsigned max)
{
	struct __ptrace_peeksiginfo_args a = { .off = 0, .flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0,
					       .nr = (int)max };
	long n = ptrace((enum __ptrace_request)PTRACE_PEEKSIGINFO, pid, &a, ret);

	return n < 0 ? -errno : (int)n;
}

int trace_set_siginfo(pid_t pid, const siginfo_t *si)
{
	return PT(PTRACE_SETSIGINFO, pid, 0, si);
}

int trace_rseq(pid_t pid, struct trace_rseq *ret)
{
	struct __ptrace_rseq_configuration c;

	*ret = (struct trace_rseq){ 0 };
	memset(&c, 0, sizeof(c));
	if (ptrace((enum __ptrace_request)PTRACE_GET_RSEQ_CONFIGURATION, pid, sizeof(c), &c) < 0)
		return -errno;
	ret->ptr = c.rseq_abi_pointer;
	ret->size = c.rseq_abi_size;
	ret->signature = c.signature;
	return 0;
}

/* Waits for the next stop of a call that we drive; other stops are let go on. */
static int next_syscall_stop(pid_t pid)
{
	struct trace_wait w = { .event = TRACE_NONE };
	int r;

	for (;;) {
		/* A SIGSTOP takes effect: for the parent the process is stopped, and we drive it on. */
		r = PT(PTRACE_SYSCALL, pid, 0, w.event == TRACE_SIGNAL && w.sig == SIGSTOP ? SIGSTOP : 0);
		if (r < 0)
			return r;
		r = trace_wait(pid, 0, &w);
		if (r < 0)
			return r;
		if (w.event == TRACE_ENDED)
			return -ESRCH;
		if (w.event == TRACE_SYSCALL)
			return 0;
	}
}

int trace_inject(pid_t pid, uint64_t insn, long nr, const uint64_t arg[6], int64_t *ret)
{
	struct user_regs_struct own, u;
	int r = trace_regs(pid, &own);

	if (r < 0)
		return r;
	u = own;
	u.rip = insn;
	u.rax = (unsigned long long)nr;
	u.orig_rax = (unsigned long long)-1; /* or the kernel restarts an old call on our behalf */
	u.rdi = arg[0];
	u.rsi = arg[1];
	u.rdx = arg[2];
	u.r10 = arg[3];
	u.r8 = arg[4];
	u.r9 = arg[5];
	r = trace_set_regs(pid, &u);
	/* Entry and exit stop, not a single-step or int3: these raise SIGTRAP, which turns a handler
	 * of an ignored or blocked SIGTRAP into the default. */
	if (r == 0)
		r = next_syscall_stop(pid);
	if (r == 0)
		r = next_syscall_stop(pid);
	if (r == 0)
		r = trace_regs(pid, &u);
	if (r < 0)
		return r;
	*ret = (int64_t)u.rax;
	return trace_set_regs(pid, &own);
}
