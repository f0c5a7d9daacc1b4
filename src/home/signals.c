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

#define SIG_BIT(s) (1ULL << ((s) - 1))

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

static uint64_t opposite(int sig)
{
	const uint64_t stops = SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU);

	return sig == SIGCONT ? stops : stops & SIG_BIT(sig) ? SIG_BIT(SIGCONT) : 0;
}

static unsigned without(uint64_t gone, siginfo_t *si, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		if (!(gone & SIG_BIT(si[i].si_signo)))
			si[left++] = si[i];
	return left;
}

/* Those that @sig takes away, where the kernel does not see them. */
static void forget_opposite(struct home *h, int sig)
{
	h->nheld = without(opposite(sig), h->held, h->nheld);
	h->ntravel = without(opposite(sig), h->travel, h->ntravel);
}

void signals_hold(struct home *h, const siginfo_t *si)
{
	forget_opposite(h, si->si_signo);
	if (h->nheld < ARRAY_SIZE(h->held))
		h->held[h->nheld++] = *si;
}

void signals_travel(struct home *h, unsigned n)
{
	memcpy(h->travel, h->held, n * sizeof(h->travel[0]));
	h->ntravel = n;
	h->nheld -= n;
	memmove(h->held, h->held + n, h->nheld * sizeof(h->held[0]));
}

void signals_stay(struct home *h)
{
	unsigned n = h->ntravel, rest = MIN(h->nheld, (unsigned)ARRAY_SIZE(h->held) - n);

	memmove(h->held + n, h->held, rest * sizeof(h->held[0]));
	memcpy(h->held, h->travel, n * sizeof(h->held[0]));
	h->nheld = n + rest;
	h->ntravel = h->ncarried = 0;
}

bool signals_overtaken(const struct home *h, int sig)
{
	struct procfs_status st;

	return opposite(sig) && procfs_status(h->pid, &st) == 0 && st.sig_pending & opposite(sig);
}

/* Of one kind that waits the kernel keeps one for the thread and one for the process: put in the other place,
 * it would be there twice when the next one comes. */
bool signals_of_thread(const siginfo_t *si)
{
	/* Those of job control take each other away wherever they wait. */
	return si->si_code == SI_TKILL || opposite(si->si_signo);
}

int signals_queue_again(struct home *h, const siginfo_t *si, struct err *e)
{
	uint64_t at;
	void *to;

	if (signals_overtaken(h, si->si_signo))
		return 0;
	agent_begin(&h->p);
	to = agent_scratch(&h->p, sizeof(*si), &at);
	memcpy(to, si, sizeof(*si));
	if (signals_of_thread(si))
		(void)agent_add(&h->p, SYS_rt_tgsigqueueinfo, (uint64_t)h->pid, (uint64_t)h->pid,
				(uint64_t)si->si_signo, at, 0, 0);
	else
		(void)agent_add(&h->p, SYS_rt_sigqueueinfo, (uint64_t)h->pid, (uint64_t)si->si_signo, at, 0, 0, 0);
	return agent_run_all(&h->p, "raising a waiting signal", e);
}

static void send_to_host(struct home *h, uint16_t type, uint64_t id, const void *p, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	if (h->host_channel && channel_send(h->host_channel, type, id, &iov, 1) < 0)
		home_lost_host(h, "the connection to it broke");
}

static void thaw(struct home *h)
{
	h->frozen = false;
	send_to_host(h, MSG_THAW, ++h->thaws, NULL, 0);
}

void signals_freeze(struct home *h)
{
	h->frozen = true;
	send_to_host(h, MSG_FREEZE, 0, NULL, 0);
}

void signals_forward(struct home *h, const siginfo_t *si)
{
	/* While the body is between two places nobody could take it. */
	if (h->place == PLACE_AWAY && !h->hop.going)
		send_to_host(h, MSG_SIGNAL, (uint64_t)si->si_signo, si, sizeof(*si));
	else
		signals_hold(h, si);
	/* Behind it: it takes away a stop signal that waits in the body, which could stop it again. */
	if (si->si_signo == SIGCONT && (h->place == PLACE_AWAY || h->place == PLACE_COMING))
		thaw(h);
}

void signals_release_held(struct home *h)
{
	siginfo_t si[ARRAY_SIZE(h->held)];
	unsigned n = h->nheld;

	memcpy(si, h->held, n * sizeof(si[0]));
	h->nheld = 0;
	for (unsigned i = 0; i < n; i++)
		signals_forward(h, &si[i]);
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

/* P takes all that waits in it, by itself. Later a SIGCONT could take such a copy away, and the next signal
 * that is like it would pass for the copy. */
void signals_drop_carried(struct home *h)
{
	const unsigned many = 32;
	bool more = h->ncarried;

	while (more) {
		const siginfo_t *got[32];
		uint64_t all, at[32], now;

		agent_begin(&h->p);
		memset(agent_scratch(&h->p, sizeof(uint64_t), &all), 0xff, sizeof(uint64_t));
		memset(agent_scratch(&h->p, sizeof(struct timespec), &now), 0, sizeof(struct timespec));
		for (unsigned i = 0; i < many; i++) {
			got[i] = agent_scratch(&h->p, sizeof(siginfo_t), &at[i]);
			(void)agent_add(&h->p, SYS_rt_sigtimedwait, all, at[i], now, 8, 0, 0);
		}
		more = agent_run(&h->p) == 0;
		for (unsigned i = 0; more && i < many; i++) {
			siginfo_t si = *got[i]; /* the program's process could write there */

			more = agent_ret(&h->p, (int)i) > 0;
			if (more && si.si_signo > 0 && si.si_signo <= IMAGE_SIGNALS && !was_carried(h, &si))
				signals_hold(h, &si);
		}
	}
	h->ncarried = 0;
}

/* P is stopped as its body was by a signal that we put in place of another at a stop of P. Sent, it would
 * take a SIGCONT away that has come since and that we do not know of; in place of another it has no
 * effect after a SIGCONT. The other is a SIGURG of ours with this mark: of no effect either, should it ever
 * be left over. It is sent to the thread: the program's own go to the process, and of two that wait in
 * one place the kernel keeps the first. */
static bool is_mark(const siginfo_t *si)
{
	return si->si_signo == SIGURG && agent_is_ours(si);
}

static void raise_mark(struct home *h)
{
	siginfo_t si = { .si_signo = SIGURG, .si_code = SI_QUEUE };

	si.si_pid = getpid();
	si.si_uid = getuid();
	if (syscall(SYS_rt_tgsigqueueinfo, h->pid, h->pid, SIGURG, &si) < 0)
		log_debug("stopping %d: %s", (int)h->pid, strerror(errno));
}

/* The mark has come up. Return: the signal to stop by in its place. */
static int take_mark(struct home *h)
{
	int sig = h->stopping;

	h->stopping = 0;
	return sig && !signals_overtaken(h, sig) ? sig : 0;
}

/* Where P is being driven, a SIGSTOP takes effect as anywhere else: for its parent it is stopped from now
 * on, and the kernel, which alone sees each SIGCONT in time, says when it is not any more. That we drive P
 * on meanwhile, nobody sees; it stands when we let it go. */
int signals_while_driven(void *ctx, const siginfo_t *si)
{
	struct home *h = ctx;

	if (is_mark(si))
		return take_mark(h);
	if (agent_is_ours(si))
		return 0; /* the resident's knock */
	if (si->si_signo == SIGCONT || si->si_signo == SIGSTOP)
		h->stopping = 0; /* it has stopped, or is not to stop any more */
	if (si->si_signo == SIGSTOP) {
		forget_opposite(h, SIGSTOP); /* raised later, a SIGCONT from before would let it go on */
		signals_freeze(h);
		return SIGSTOP;
	}
	if (!was_carried(h, si))
		signals_forward(h, si);
	return 0;
}

/* P, at the stop before a signal, is stopped by @sig in its place; 0: by none. */
static void stop_by(struct home *h, int sig)
{
	h->stop_due = sig;
	if (sig)
		(void)trace_interrupt(h->pid); /* stopped or not, it says so */
	(void)trace_cont(h->pid, sig);
}

void signals_on_stop(struct home *h, int sig)
{
	siginfo_t si;

	if (sig == h->dying) {
		(void)trace_cont(h->pid, sig);
		return;
	}
	if (trace_siginfo(h->pid, &si) < 0)
		return;
	if (sig == SIGCONT || sig == SIGSTOP)
		h->stopping = 0; /* it has stopped, or is not to stop any more */
	if (is_mark(&si)) {
		stop_by(h, take_mark(h));
		return;
	}
	if (was_carried(h, &si)) {
		(void)trace_cont(h->pid, 0);
		return;
	}
	if (h->place == PLACE_LINGERING) {
		settle_linger_signal(h, &si);
		return;
	}
	if (sig == SIGSTOP) { /* cannot be refused: both stop */
		forget_opposite(h, SIGSTOP);
		signals_freeze(h);
		stop_by(h, sig);
		return;
	}
	signals_forward(h, &si);
	(void)trace_cont(h->pid, 0);
}

/* P's own action for the signal becomes the default: while away it means nothing else. */
static int set_default(struct home *h, int sig)
{
	uint64_t at;
	void *to;

	if (h->run.state == RUN_GOING && deputy_interrupt(h) < 0)
		return -ESRCH;
	agent_begin(&h->p);
	to = agent_scratch(&h->p, 32, &at);
	memset(to, 0, 32);
	(void)agent_add(&h->p, SYS_rt_sigaction, (uint64_t)sig, at, 0, 8, 0, 0);
	return deputy_run(h);
}

void signals_told_stop(struct home *h, bool stopped)
{
	bool was = h->stopped || h->stop_due;

	h->stopped = stopped;
	h->stop_due = false;
	if (was && !stopped)
		thaw(h);
}

void signals_let_go(struct home *h)
{
	h->stopped = h->p.stopped;
	h->stop_due = false;
	if (h->stopped)
		signals_freeze(h);
	else if (h->frozen)
		thaw(h);
	signals_stand(h);
}

void signals_stand(struct home *h)
{
	if (h->stopped)
		(void)trace_interrupt(h->pid);
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

void signals_stop(struct home *h, int sig, uint64_t thaws)
{
	/* A SIGCONT may have crossed its word: the body goes on by now. */
	if (thaws != h->thaws)
		return;
	h->frozen = true;
	if (h->stopped)
		return;
	if (sig != SIGSTOP && sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
		return;
	if (sig != SIGSTOP && set_default(h, sig) < 0)
		return;
	if (h->run.state == RUN_DONE) /* perhaps just now */
		deputy_answer_again(h);
	else
		deputy_resume(h);
	if (thaws == h->thaws) { /* else a SIGCONT has come up meanwhile */
		h->stopping = sig;
		raise_mark(h);
	}
	signals_stand(h); /* a SIGSTOP may have come meanwhile */
}
