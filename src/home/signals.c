/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: signals of a migrant that is away arrive at P, which is traced and blocks none: each stops P
 * here. We take it away from the kernel and send it on; the body decides what it does. What the body
 * decides is then done to P, for the parent and the shell to see: to die of it, to stop. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "home/home.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "wire/msg.h"

static bool dumps_core(int sig)
{
	return sig == SIGQUIT || sig == SIGILL || sig == SIGTRAP || sig == SIGABRT || sig == SIGBUS ||
	       sig == SIGFPE || sig == SIGSEGV || sig == SIGXCPU || sig == SIGXFSZ || sig == SIGSYS;
}

/* By default: else P would not die of it, and its end would be waited for in vain. */
static bool ends(int sig)
{
	return sig != SIGCHLD && sig != SIGCONT && sig != SIGURG && sig != SIGWINCH && sig != SIGSTOP &&
	       sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU;
}

static void send_to_host(struct home *h, uint16_t type, uint64_t id, const void *p, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	if (h->host_channel && channel_send(h->host_channel, type, id, &iov, 1) < 0)
		home_lost_host(h, "the connection to it broke");
}

void signals_forward(struct home *h, const siginfo_t *si)
{
	/* While the body is between two places nobody could take it. */
	if (h->place == PLACE_AWAY && !h->hop.going)
		send_to_host(h, MSG_SIGNAL, (uint64_t)si->si_signo, si, sizeof(*si));
	else if (h->nheld < ARRAY_SIZE(h->held))
		h->held[h->nheld++] = *si;
}

void signals_release_held(struct home *h)
{
	unsigned n = h->nheld;

	h->nheld = 0;
	for (unsigned i = 0; i < n; i++)
		signals_forward(h, &h->held[i]);
}

static bool was_carried(struct home *h, const siginfo_t *si)
{
	for (unsigned i = 0; i < h->ncarried; i++) {
		if (h->carried[i].si_signo != si->si_signo || h->carried[i].si_code != si->si_code ||
		    h->carried[i].si_value.sival_ptr != si->si_value.sival_ptr)
			continue;
		h->carried[i] = h->carried[--h->ncarried];
		return true;
	}
	return false;
}

void signals_take_away(void *ctx, const siginfo_t *si)
{
	struct home *h = ctx;

	if (si->si_signo == SIGTRAP && si->si_code == SI_KERNEL)
		return; /* the resident's knock */
	if (!was_carried(h, si))
		signals_forward(h, si);
}

void signals_on_stop(struct home *h, int sig)
{
	siginfo_t si;

	if (sig == h->dying) {
		(void)trace_cont(h->pid, sig);
		return;
	}
	if (sig == h->stopping) {
		h->stopping = 0;
		h->stop_due = true;
		(void)trace_interrupt(h->pid); /* stopped or not, it says so */
		(void)trace_cont(h->pid, sig);
		return;
	}
	if (trace_siginfo(h->pid, &si) < 0)
		return;
	if (was_carried(h, &si)) {
		(void)trace_cont(h->pid, 0);
		return;
	}
	if (h->place == PLACE_LINGERING) {
		settle_linger_signal(h, &si);
		return;
	}
	if (sig == SIGSTOP) { /* cannot be refused: both stop */
		send_to_host(h, MSG_FREEZE, 0, NULL, 0);
		(void)trace_cont(h->pid, sig);
		return;
	}
	if (sig == SIGCONT)
		send_to_host(h, MSG_THAW, 0, NULL, 0);
	signals_forward(h, &si);
	(void)trace_cont(h->pid, 0);
}

/* P's own action for the signal becomes the default: while away it means nothing else. */
static int set_default(struct home *h, int sig)
{
	struct err e = ERR_INIT;
	uint64_t at;
	void *to;

	if (h->run.state == RUN_GOING && deputy_interrupt(h) < 0)
		return -ESRCH;
	agent_begin(&h->p);
	to = agent_scratch(&h->p, 32, &at);
	memset(to, 0, 32);
	(void)agent_add(&h->p, SYS_rt_sigaction, (uint64_t)sig, at, 0, 8, 0, 0);
	return agent_run_all(&h->p, "setting a signal's action", &e);
}

void signals_not_stopped(struct home *h)
{
	h->stop_due = false;
	send_to_host(h, MSG_THAW, 0, NULL, 0);
}

void signals_die(struct home *h, int sig)
{
	if (sig < 1 || sig > IMAGE_SIGNALS || !ends(sig) || h->dying || h->exiting)
		return;
	/* Is a core wanted? Then it comes home with its memory, and dies here. */
	if (dumps_core(sig) && procfs_may_dump_core(h->pid)) {
		comeback_ask(h, 0, "core-dump");
		return;
	}
	if (sig != SIGKILL && set_default(h, sig) < 0)
		return;
	h->dying = sig;
	if (syscall(SYS_tgkill, h->pid, h->pid, sig) < 0)
		log_debug("ending %d: %s", (int)h->pid, strerror(errno));
}

void signals_stop(struct home *h, int sig)
{
	if (sig != SIGSTOP && sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
		return;
	if (sig != SIGSTOP && set_default(h, sig) < 0)
		return;
	if (h->run.state == RUN_DONE) /* perhaps just now */
		deputy_answer_again(h);
	else
		deputy_resume(h);
	h->stopping = sig;
	if (syscall(SYS_tgkill, h->pid, h->pid, sig) < 0)
		log_debug("stopping %d: %s", (int)h->pid, strerror(errno));
}
