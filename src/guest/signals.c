/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: signals of a guest. They arrive at the deputy, stop at mos-home and are sent on. From outside
 * most of them cannot be queued as they were, so the body gets a plain tgkill, and the stored
 * siginfo is put in place at its signal-delivery stop, also when it was blocked for a while.
 * Whether and how a signal acts is decided at the body, whose mask and actions are the true ones. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/capture.h"
#include "wire/msg.h"

#define SIG_BIT(s)    (1ULL << ((s) - 1))
#define DEFAULT_IGNORE (SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))
#define DEFAULT_STOP   (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
/* Raised by an instruction of the thread itself: taken away, they come again. */
#define SYNCHRONOUS (SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | SIG_BIT(SIGFPE) | SIG_BIT(SIGTRAP))

static void tell_home(struct guest *g, uint16_t type, uint64_t id)
{
	int64_t used = guest_clock(g, CLOCK_PROCESS_CPUTIME_ID);
	struct iovec iov = { &used, sizeof(used) };

	if (channel_send(g->home, type, id, &iov, type == MSG_DIED) < 0)
		guest_end(g, "home-lost");
}

static int find(const struct guest *g, int sig)
{
	for (unsigned i = 0; i < g->nsignals; i++)
		if (g->signal[i].si_signo == sig)
			return (int)i;
	return -1;
}

static void forget(struct guest *g, int i)
{
	g->nsignals--;
	memmove(&g->signal[i], &g->signal[i + 1],
		(g->nsignals - (unsigned)i) * sizeof(g->signal[0]));
	memmove(&g->queued[i], &g->queued[i + 1], (g->nsignals - (unsigned)i) * sizeof(g->queued[0]));
}

void signals_keep(struct guest *g, const siginfo_t *si, bool queued)
{
	int i = find(g, si->si_signo);

	if (i >= 0 && !queued) { /* the kernel's instance of one that we know: of several, the first */
		for (unsigned k = (unsigned)i; k < g->nsignals; k++) {
			if (g->signal[k].si_signo != si->si_signo || !g->queued[k])
				continue;
			g->queued[k] = false;
			break;
		}
		return;
	}
	/* Its opposite came while it stood before its delivery: it has no effect any more. Raised again it
	 * would undo what came later. */
	if (!queued && (DEFAULT_STOP | SIG_BIT(SIGCONT)) & SIG_BIT(si->si_signo))
		return;
	if (g->nsignals == SIGNALS_MAX)
		return;
	g->signal[g->nsignals] = *si;
	g->queued[g->nsignals++] = queued;
}

/* Sending one of the two takes the other away, wherever it waits. */
static void forget_opposite(struct guest *g, int sig)
{
	uint64_t gone = sig == SIGCONT ? DEFAULT_STOP : DEFAULT_STOP & SIG_BIT(sig) ? SIG_BIT(SIGCONT) : 0;

	for (unsigned i = 0; i < g->nsignals;)
		if (gone & SIG_BIT(g->signal[i].si_signo))
			forget(g, (int)i);
		else
			i++;
}

/* What the body's kernel had of us and has no more, without a stop to show for it, is gone: by
 * sigaction(SIG_IGN), a wait for signals. Kept, it would hide the next of its kind and break off each
 * call. */
static void forget_vanished(struct guest *g)
{
	struct procfs_status st;
	siginfo_t stop = { 0 };
	pid_t pid = g->box.body.pid;

	/* The kernel takes a signal and makes the stop that reports it at once, so in this order. */
	if (procfs_status(pid, &st) < 0 ||
	    waitid(P_PID, (id_t)pid, &stop, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ||
	    stop.si_pid)
		return;
	for (unsigned i = 0; i < g->nsignals;)
		if (g->queued[i] && !(st.sig_pending & SIG_BIT(g->signal[i].si_signo)))
			forget(g, (int)i);
		else
			i++;
}

static void raise_in_body(const struct guest *g, int sig)
{
	if (syscall(SYS_tgkill, g->box.body.pid, g->box.body.pid, sig) < 0)
		log_debug("signal %d: %s", sig, strerror(errno));
}

/* Will it end a wait? Blocked and ignored ones do not. */
static bool acts(const struct guest *g, int sig)
{
	struct procfs_status st;

	if (procfs_status(g->box.body.pid, &st) < 0)
		return false;
	if (st.sig_blocked & SIG_BIT(sig) || st.sig_ignored & SIG_BIT(sig))
		return false;
	return st.sig_caught & SIG_BIT(sig) || !(DEFAULT_IGNORE & SIG_BIT(sig));
}

/* Does it stop the process? */
static bool stops(const struct guest *g, int sig)
{
	struct procfs_status st;

	return DEFAULT_STOP & SIG_BIT(sig) && acts(g, sig) && procfs_status(g->box.body.pid, &st) == 0 &&
	       !(st.sig_caught & SIG_BIT(sig));
}

void signals_take(struct guest *g, const siginfo_t *si)
{
	int sig = si->si_signo;
	struct waiting *w = &g->wait;

	if (sig < 1 || sig > IMAGE_SIGNALS || w->kind == WAIT_EXIT || w->kind == WAIT_DIED)
		return;
	if (g->nsignals)
		forget_vanished(g);
	if ((sig < SIGRTMIN && find(g, sig) >= 0) || g->nsignals == SIGNALS_MAX)
		return; /* as the kernel does: one of a kind waits, and no more than the limit */
	forget_opposite(g, sig);
	/* A call that waits need not be broken off for it: its time would start anew. */
	if ((w->kind == WAIT_SLEEP || w->kind == WAIT_CALL) && w->notif && !w->interrupted && !g->frozen &&
	    !g->departed && stops(g, sig)) {
		guest_freeze(g);
		tell_home(g, MSG_STOPPED, (uint64_t)sig | g->thaws << 8);
		return;
	}
	signals_keep(g, si, true);
	raise_in_body(g, sig);
	if (w->kind == WAIT_NONE || !w->notif || !acts(g, sig))
		return;
	if (w->kind == WAIT_SLEEP) {
		local_sleep_rest(g);
		signals_interrupt(g, -514);
	} else if (w->kind == WAIT_CALL && !w->interrupted) {
		w->interrupted = true;
		tell_home(g, MSG_CANCEL, w->id);
	}
}

int signals_keep_for_later(void *ctx, const siginfo_t *si)
{
	if (!(SYNCHRONOUS & SIG_BIT(si->si_signo)))
		signals_keep(ctx, si, false);
	return 0;
}

int signals_stop_body(struct guest *g)
{
	struct trace_wait t;

	return trace_stop(g->box.body.pid, signals_keep_for_later, g, &t);
}

/* The call returns @code at a stop of ours, where the kernel's own restart logic follows: EINTR if a
 * handler without SA_RESTART runs, else the call is issued again. Answering without the stop would
 * show the program errno 512 if its thread had no signal after all. */
void signals_interrupt(struct guest *g, int64_t code)
{
	struct waiting *w = &g->wait;
	pid_t pid = g->box.body.pid;
	struct user_regs_struct regs;
	uint64_t notif = w->notif;
	int r;

	w->kind = WAIT_NONE;
	w->notif = 0;
	g->broken_off = true;
	r = trace_interrupt(pid);
	if (r == 0)
		r = notify_answer(g->notify_fd, notif, code);
	if (r == 0) {
		struct trace_wait t;

		r = trace_wait(pid, 0, &t);
		if (r == 0 && t.event != TRACE_INTERRUPT)
			r = -ESRCH;
	}
	if (r == 0)
		r = trace_regs(pid, &regs);
	if (r == 0 && (long)regs.orig_rax == CALL_NR_PENDING) {
		/* issued again, it is the call itself, wherever that happens */
		regs.orig_rax = (unsigned long long)w->plan.nr;
		r = trace_set_regs(pid, &regs);
	}
	if (r == 0 && !g->frozen)
		r = trace_cont(pid, 0);
	if (r < 0)
		log_debug("interrupting the body: %s", strerror(-r));
}

void signals_raise_kept(struct guest *g)
{
	struct waiting *w = &g->wait;
	bool act = false;

	g->kept = false;
	forget_vanished(g);
	for (unsigned i = 0; i < g->nsignals; i++) {
		if (!g->queued[i])
			raise_in_body(g, g->signal[i].si_signo);
		g->queued[i] = true;
		act |= acts(g, g->signal[i].si_signo);
	}
	if (!act || !w->notif || w->interrupted || w->answered)
		return;
	if (w->kind == WAIT_SLEEP) {
		local_sleep_rest(g);
		signals_interrupt(g, -514);
	} else if (w->kind == WAIT_CALL) {
		w->interrupted = true;
		tell_home(g, MSG_CANCEL, w->id);
	}
}

/* A signal must not be delivered inside the vDSO: its frame would carry an address home that is wrong
 * there. Taken away, the thread is led out, the signal is raised again. */
static bool lead_out_of_vdso(struct guest *g, int sig)
{
	CLEANUP(vma_list_finish) struct vma_list maps = { 0 };
	pid_t pid = g->box.body.pid;
	struct user_regs_struct regs;
	bool inside = false;
	siginfo_t si;

	if (trace_regs(pid, &regs) < 0)
		return false;
	for (uint32_t i = 0; i < g->m->nvmas; i++)
		inside |= g->m->vma[i].kind == IMAGE_VDSO && regs.rip >= g->m->vma[i].start &&
			  regs.rip < g->m->vma[i].end;
	if (!inside || trace_siginfo(pid, &si) < 0 || procfs_maps(pid, IMAGE_VMAS_MAX, &maps) < 0)
		return false;
	if (SYNCHRONOUS & SIG_BIT(sig) && si.si_code > 0)
		return false;
	signals_keep(g, &si, false);
	if (capture_settle(pid, &maps, signals_keep_for_later, g) < 0)
		return false;
	signals_raise_kept(g);
	(void)trace_cont(pid, 0);
	return true;
}

/* The body is about to make a call that is notified, or has just begun to, and we have not heard of it
 * yet. A signal waits until we have: broken off here, a call that can not be interrupted would
 * return EINTR, and the frame of a handler would hold the number of an inherited call. */
static bool before_notice(struct guest *g, int sig)
{
	pid_t pid = g->box.body.pid;
	struct user_regs_struct regs;
	siginfo_t si;
	long nr;

	if (g->broken_off || SYNCHRONOUS & SIG_BIT(sig) || trace_regs(pid, &regs) < 0) {
		g->broken_off = false;
		return false;
	}
	nr = (long)regs.orig_rax;
	if ((long)regs.rax != CALL_NR_PENDING || nr >= 0) {
		const uint64_t arg[CALL_ARGS] = { regs.rdi, regs.rsi, regs.rdx,
						  regs.r10, regs.r8,  regs.r9 };

		if (nr < 0 || (long)regs.rax != -512 || call_classify(nr, arg, NULL) == CALL_LOCAL)
			return false;
	}
	if (trace_siginfo(pid, &si) < 0)
		return false;
	signals_keep(g, &si, false);
	g->kept = true;
	(void)trace_cont(pid, 0);
	return true;
}

/* A page of a file that is not there: perhaps the file has grown, or we are out of memory. The
 * instruction runs again at home, where it is as it should be. */
static bool goes_home_for(struct guest *g, int sig)
{
	static const uint64_t none[CALL_ARGS];
	siginfo_t si;

	if (sig != SIGBUS || g->wait.kind != WAIT_NONE || trace_siginfo(g->box.body.pid, &si) < 0 ||
	    si.si_code != BUS_ADRERR)
		return false;
	forward_want_home(g, 0, -1, none, "past-eof");
	return true; /* it stays in this stop */
}

static void deliver(struct guest *g, int sig)
{
	pid_t pid = g->box.body.pid;
	struct procfs_status st;
	siginfo_t si;
	int i;

	if (goes_home_for(g, sig) || before_notice(g, sig) || lead_out_of_vdso(g, sig))
		return;
	i = find(g, sig);
	if (procfs_status(pid, &st) < 0)
		return;
	if (!(st.sig_caught & SIG_BIT(sig)) && !(st.sig_ignored & SIG_BIT(sig)) &&
	    !(DEFAULT_IGNORE & SIG_BIT(sig))) {
		if (DEFAULT_STOP & SIG_BIT(sig)) {
			if (i < 0) { /* nobody at home sent it: not ours to act on */
				(void)trace_cont(pid, 0);
				return;
			}
			forget(g, i);
			g->frozen = true; /* it stays in this stop */
			tell_home(g, MSG_STOPPED, (uint64_t)sig | g->thaws << 8);
			return;
		}
		/* It stands here until home has ended the deputy, or wants it home to dump core: then
		 * it dies there of the same signal. A fault comes again by itself. */
		if (trace_siginfo(pid, &si) == 0 && !(SYNCHRONOUS & SIG_BIT(sig) && si.si_code > 0))
			signals_keep(g, i >= 0 ? &g->signal[i] : &si, false);
		g->wait.kind = WAIT_DIED;
		tell_home(g, MSG_DIED, (uint64_t)sig);
		return;
	}
	if (i >= 0) {
		(void)trace_set_siginfo(pid, &g->signal[i]);
		forget(g, i);
	}
	(void)trace_cont(pid, sig);
}

void guest_on_stop(struct guest *g)
{
	pid_t pid = g->box.body.pid;
	struct trace_wait t;
	int st;

	while (g->running && !g->departed && trace_wait(pid, TRACE_NOHANG, &t) == 0 &&
	       t.event != TRACE_NONE) {
		if (t.event == TRACE_ENDED) {
			log_info("the body was ended from outside (status %#x)", (unsigned)t.status);
			g->running = false;
			tell_home(g, MSG_DIED, SIGKILL);
			return;
		}
		if (t.event == TRACE_SIGNAL)
			deliver(g, t.sig);
		else if (!g->frozen)
			(void)trace_cont(pid, 0);
	}
	if (waitpid(g->box.init, &st, WNOHANG) == g->box.init) {
		g->box.init = -1;
		if (g->running)
			tell_home(g, MSG_DIED, SIGKILL);
	}
}
