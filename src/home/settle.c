/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: the last step of coming home: P leaves the resident and is the program again.
 *
 * If the program was in the middle of a call, one of three things is true. The call has its result
 * already: P gets it. It was broken off with nothing consumed: P's registers say so, and the kernel
 * issues it again by its own restart logic. Or only the resident can finish it (a poll or sleep
 * whose time must not start anew, the rest of a write): then P lingers there, at home, with its own
 * signal mask, until it is done or a signal comes. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "home/home.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/capture.h"
#include "move/message.h"

#define SIG_BIT(s)     (1ULL << ((s) - 1))
#define DEFAULT_STOP   (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define DEFAULT_IGNORE (SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))

enum effect { EFFECT_NONE, EFFECT_STOPS, EFFECT_BREAKS };

/* Signals that were taken away as P was stopped wait in it again. It is idle, and all are blocked. */
static int queue_held(struct home *h, struct err *e)
{
	int r = trace_cont(h->pid, 0);

	for (unsigned i = 0; r == 0 && i < h->nheld; i++)
		r = signals_queue_again(h, &h->held[i], e);
	h->nheld = 0;
	return r < 0 ? r : agent_stop_idle(&h->p);
}

/* P, idle in the loop and with all signals blocked, becomes the program: registers, then the area
 * goes, then the mask, then a stop from which the kernel's own signal and restart logic follows. */
static int release(struct home *h, struct err *e)
{
	struct user_regs_struct regs = h->m->regs;
	struct trace_wait w;
	int r = fault_point("release");

	if (r == 0)
		r = agent_stop_idle(&h->p);
	if (r == 0)
		r = trace_set_mask(h->pid, TRACE_MASK_ALL);
	if (r == 0 && h->nheld)
		r = queue_held(h, e);
	if (r == 0)
		r = restore_xstate(h->pid, h->m);
	if (r == 0)
		r = agent_unmap(&h->p);
	if (r == 0)
		r = trace_set_regs(h->pid, &regs);
	if (r == 0)
		r = trace_set_mask(h->pid, h->m->mask);
	if (r == 0)
		r = trace_interrupt(h->pid);
	if (r == 0)
		r = trace_cont(h->pid, 0);
	if (r == 0)
		r = trace_wait(h->pid, 0, &w);
	if (r < 0)
		return err_set(e, r, "leaving the resident: %s", strerror(-r));
	if (w.event == TRACE_ENDED) {
		home_process_ended(h, w.status);
		return 0;
	}
	(void)fault_point("detach"); /* to be held there: what a failure does, a kill shows */
	(void)trace_options(h->pid, 0);
	/* If a stop signal's stop is in force, the kernel sees to it that it stands. */
	r = trace_detach(h->pid, w.event == TRACE_SIGNAL ? w.sig : 0);
	if (r < 0) /* it was killed meanwhile, and is ours to reap */
		return err_set(e, r, "detaching: %s", strerror(-r));
	h->seized = false;
	h->place = PLACE_HOME;
	return 0;
}

static void set_result(struct home *h, int64_t ret)
{
	h->m->regs.rax = (unsigned long long)ret;
	h->m->regs.orig_rax = (unsigned long long)-1;
}

/* Nothing consumed: the kernel restarts it, or ends it with EINTR if a handler runs. */
static void set_restart(struct home *h, int64_t code)
{
	h->m->regs.rax = (unsigned long long)(code == -512 || code == -513 ? code : -514);
	h->m->regs.orig_rax = (unsigned long long)h->m->pending.nr;
}

/* Of a message that was received what is not bytes. Return: false if the program has none there any more; else its
 * iovecs. */
static bool put_message(struct home *h, uint64_t at, uint64_t *ret_list, uint32_t *ret_many)
{
	struct call_message got;
	struct message msg;

	if (message_read(&h->mem, (uaddr_t){ at }, &msg) < 0)
		return false;
	arguments_message(h, h->run.ret, &got);
	if (h->run.ret >= 0)
		(void)message_write(&h->mem, &msg, &got);
	*ret_list = msg.iov;
	*ret_many = msg.niov;
	return true;
}

/* Writes what the call gave out into the program's memory. @interrupted: only what counts then. */
static void put_out(struct home *h, bool interrupted)
{
	struct run *r = &h->run;
	const struct image_pending *p = &h->m->pending;
	uint64_t skip = p->done;

	if (r->native || (interrupted && !(r->plan.flags & CALL_OUT_ON_EINTR)))
		return;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		const uint8_t *from = h->p.base + AREA_BUF + r->at[i];
		uint32_t n, many;
		uint64_t list;

		if (!call_arg_out(r->plan.kind[i]))
			continue;
		n = interrupted ? r->cap[i] : arguments_out_len(h, i, r->ret);
		if (!call_arg_vector(r->plan.kind[i])) {
			/* plan.arg of a later piece points behind what earlier ones filled */
			(void)mem_write(&h->mem, (uaddr_t){ r->plan.arg[i] }, from, n);
			continue;
		}
		list = p->arg[i];
		many = (uint32_t)p->arg[i + 1];
		if (r->plan.kind[i] == ARG_MSG_OUT && !put_message(h, p->arg[i], &list, &many))
			return;
		for (uint32_t k = 0; n && k < many && k < CALL_PARTS_MAX; k++) {
			uint64_t v[2], len;

			if (mem_read(&h->mem, (uaddr_t){ list + k * sizeof(v) }, v, sizeof(v)) < 0)
				return;
			if (skip >= v[1]) {
				skip -= v[1];
				continue;
			}
			len = MIN(v[1] - skip, (uint64_t)n);
			(void)mem_write(&h->mem, (uaddr_t){ v[0] + skip }, from, len);
			from += len;
			n -= (uint32_t)len;
			skip = 0;
		}
	}
}

/* P waits in the resident, with its own mask, for the call in h->run. */
static int linger(struct home *h, struct err *e)
{
	int r = agent_stop_idle(&h->p);

	if (r == 0)
		r = trace_set_mask(h->pid, h->m->mask);
	if (r == 0)
		r = trace_cont(h->pid, 0);
	if (r < 0)
		return err_set(e, r, "it ended");
	h->place = PLACE_LINGERING;
	h->stopped = h->p.stopped;
	signals_stand(h);
	return 0;
}

/* The rest of a read or write, in the program's own memory. */
static int linger_rest(struct home *h, uint64_t done, struct err *e)
{
	const struct image_pending *p = &h->m->pending;
	struct run *r = &h->run, rest = { .state = RUN_READY, .id = r->id, .native = true, .plan = r->plan, .done = done };
	uint64_t want = p->arg[2];
	int k;

	memcpy(rest.plan.arg, p->arg, sizeof(p->arg));
	memcpy(rest.arg, p->arg, sizeof(p->arg));
	k = call_advance(p->nr, rest.arg, done);
	*r = rest;
	if (k == 0 && call_arg_vector(r->plan.kind[1])) {
		k = arguments_load_parts(h, r->plan.kind[1], p->arg);
		want = arguments_sum_parts(h);
	}
	if (k < 0 || done >= want) {
		r->state = RUN_DONE;
		set_result(h, (int64_t)done);
		return release(h, e);
	}
	h->m->pending.done = 0; /* counted in the run: if it leaves again, that tells the sum */
	return linger(h, e);
}

static int sleep_on(struct home *h, struct err *e)
{
	const struct image_pending *p = &h->m->pending;
	struct timespec t = nsec_timespec(p->deadline);
	struct run *r = &h->run;

	if (clock_now((clockid_t)p->clock) >= p->deadline) {
		set_result(h, 0);
		return release(h, e);
	}
	*r = (struct run){ .state = RUN_READY, .plan.nr = SYS_clock_nanosleep };
	memcpy(h->p.base + AREA_BUF, &t, sizeof(t));
	r->arg[0] = p->clock;
	r->arg[1] = TIMER_ABSTIME;
	r->arg[2] = h->p.area + AREA_BUF;
	return linger(h, e);
}

/* One of several pieces, all of which was done: there may be more of them. */
static bool is_whole_piece(const struct run *r)
{
	enum arg_kind k = r->plan.kind[1];

	return (k == ARG_IN || k == ARG_OUT || call_arg_vector(k)) && !r->native && r->ret > 0 &&
	       (uint64_t)r->ret == r->cap[1] &&
	       (r->plan.flags & CALL_RESUMES || (r->plan.flags & CALL_READS && r->flags & ANSWER_WHOLE));
}

/* The call has ended, with what the deputy has. */
static int finished(struct home *h, struct err *e)
{
	const struct image_pending *p = &h->m->pending;
	struct run *r = &h->run;
	uint64_t done = p->done;

	put_out(h, false);
	if (r->ret == -512 || r->ret == -513 || r->ret == -514) { /* the host had it broken off, and then left */
		if (done)
			set_result(h, (int64_t)done);
		else
			set_restart(h, r->ret);
		return release(h, e);
	}
	if (r->ret > 0)
		done += (uint64_t)r->ret;
	if (is_whole_piece(r))
		return linger_rest(h, done, e);
	set_result(h, p->done ? (int64_t)done : r->ret);
	return release(h, e);
}

static int broken_off(struct home *h, struct err *e)
{
	const struct image_pending *p = &h->m->pending;
	struct run *r = &h->run;

	if (r->code == -516 || (r->deadline && !r->done))
		return linger(h, e); /* resumed as it is, with what is left of its time */
	if (p->done || r->done)
		return linger_rest(h, p->done + r->done, e);
	put_out(h, true);
	set_restart(h, r->code);
	return release(h, e);
}

int settle_home(struct home *h, struct err *e)
{
	const struct image_pending *p = &h->m->pending;

	if (p->kind == PENDING_SLEEP)
		return sleep_on(h, e);
	if (p->kind == PENDING_CALL)
		return h->run.state == RUN_DONE ? finished(h, e) : broken_off(h, e);
	h->m->regs.orig_rax = (unsigned long long)-1;
	return release(h, e);
}

static void end_linger(struct home *h, int r, struct err *e)
{
	if (r < 0) {
		log_error("it could not be set going at home: %s", err_str(e, r));
		(void)kill(h->pid, SIGKILL);
		return;
	}
	if (h->place == PLACE_HOME)
		home_end(h);
}

void settle_linger_over(struct home *h)
{
	struct err e = ERR_INIT;
	int r;

	if (h->m->pending.kind == PENDING_SLEEP || h->run.native) {
		set_result(h, h->run.ret);
		r = release(h, &e);
	} else {
		r = finished(h, &e);
	}
	end_linger(h, r, &e);
}

/* What does the signal do to the program? Its actions are P's by now. */
static enum effect effect_of(const struct home *h, int sig)
{
	struct procfs_status st;

	if (sig != SIGSTOP && procfs_status(h->pid, &st) == 0) {
		if (st.sig_caught & SIG_BIT(sig))
			return EFFECT_BREAKS;
		if (st.sig_ignored & SIG_BIT(sig) || DEFAULT_IGNORE & SIG_BIT(sig))
			return EFFECT_NONE;
	}
	return DEFAULT_STOP & SIG_BIT(sig) ? EFFECT_STOPS : EFFECT_BREAKS;
}

/* The call that P lingers in ends for a signal, which is delivered when P has left the resident. */
static void break_off(struct home *h, const siginfo_t *si)
{
	struct err e = ERR_INIT;
	int r;

	signals_hold(h, si);
	if (deputy_interrupt(h) < 0)
		return;
	if (h->run.state == RUN_DONE) {
		settle_linger_over(h);
		return;
	}
	if (h->run.done) {
		set_result(h, (int64_t)h->run.done);
	} else {
		if (h->m->pending.kind == PENDING_SLEEP && h->m->pending.rem) {
			nsec_t left = h->m->pending.deadline - clock_now((clockid_t)h->m->pending.clock);
			struct timespec t = nsec_timespec(MAX(left, (nsec_t)0));

			(void)mem_write(&h->mem, (uaddr_t){ h->m->pending.rem }, &t, sizeof(t));
		}
		put_out(h, true);
		set_restart(h, h->run.code);
	}
	r = release(h, &e);
	end_linger(h, r, &e);
}

/* Its mask is its own, so the kernel would deliver it now. A stop is the kernel's business: the call is
 * restarted when P is continued, and it counts on in its time. */
void settle_linger_signal(struct home *h, const siginfo_t *si)
{
	enum effect what = effect_of(h, si->si_signo);

	(void)trace_cont(h->pid, what == EFFECT_STOPS ? si->si_signo : 0);
	if (what == EFFECT_BREAKS)
		break_off(h, si);
}

/* A stop signal that was held waits in P again, and comes up as any other while it lingers. */
static int stop_again(struct home *h, const siginfo_t *si, struct err *e)
{
	int r = deputy_stop_idle(h);

	if (r == 0)
		r = trace_cont(h->pid, 0);
	if (r == 0)
		r = signals_queue_again(h, si, e);
	if (r == 0)
		r = linger(h, e);
	if (r == 0)
		deputy_resume(h);
	return r;
}

void settle_stays(struct home *h)
{
	while (h->place == PLACE_LINGERING && h->nheld && !trace_has_ended(h->pid)) {
		siginfo_t si = h->held[0];
		enum effect what = effect_of(h, si.si_signo);
		struct err e = ERR_INIT;

		memmove(h->held, h->held + 1, --h->nheld * sizeof(h->held[0]));
		if (what == EFFECT_BREAKS)
			break_off(h, &si);
		else if (what == EFFECT_STOPS && stop_again(h, &si, &e) < 0)
			log_warning("%s", err_str(&e, 0));
	}
	if (h->place == PLACE_LINGERING && h->run.state == RUN_DONE)
		settle_linger_over(h);
}
