/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: the deputy does the body's calls with its own files, rights and working directory. A request
 * is written into the shared area, the resident issues it, and its result goes back. We wait on a
 * futex for a moment, since most calls are short; a call that takes longer is left alone, and the
 * resident stops itself (int3) when it has finished, which we see as a ptrace stop.
 *
 * Only we decide how an interruption ends. A stop of ours, or a signal that the body does not take,
 * must not show: the kernel restarts most calls by itself, through the resident's instruction; those
 * that return EINTR outright are issued again, and a write that was cut goes on with its rest. */
#include "home/home.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/log.h"
#include "base/util.h"
#include "kernel/futex.h"
#include "kernel/trace.h"
#include "wire/msg.h"

#define SHORT_CALL_NS  (300 * NSEC_PER_USEC) /* how long we wait before we let ourselves be told */

static bool is_restart(int64_t v)
{
	return v == -512 || v == -513 || v == -514 || v == -516;
}

/* Which argument holds a timeout in milliseconds, or -1. */
static int timeout_arg(long nr)
{
	return nr == SYS_poll ? 2 : nr == SYS_epoll_wait || nr == SYS_epoll_pwait ? 3 : -1;
}

static void note_deadline(struct run *r)
{
	int t = timeout_arg(r->plan.nr);

	r->deadline = t >= 0 && (int32_t)r->plan.arg[t] > 0 ?
			      mono_now() + (int32_t)r->plan.arg[t] * NSEC_PER_MSEC :
			      0;
}

/* How many bytes a write-like call is to move in all; 0 if that is unknown. */
static uint64_t wanted(const struct home *h, const struct run *r)
{
	if (r->plan.nr == SYS_sendfile)
		return r->plan.arg[3];
	if (r->plan.kind[1] == ARG_IN)
		return r->plan.arg[2];
	return call_arg_vector(r->plan.kind[1]) ? arguments_sum_parts(h) : 0;
}

/* The OUT bytes of argument @i into the message. */
static void put_out(struct home *h, struct buf *b, unsigned i, int64_t ret)
{
	struct run *r = &h->run;
	uint32_t n = arguments_out_len(h, i, ret);
	struct call_message m;

	if (r->plan.kind[i] == ARG_MSG_OUT) {
		arguments_message(h, ret, &m);
		call_put_message_answer(b, &m);
	}
	buf_put_u32(b, n);
	buf_put(b, h->p.base + AREA_BUF + r->at[i], n);
}

static void answer(struct home *h, int64_t ret)
{
	static struct buf b;
	struct run *r = &h->run;
	struct iovec iov;

	buf_clear(&b);
	buf_put_u64(&b, (uint64_t)ret);
	buf_put_u8(&b, r->flags);
	for (unsigned i = 0; i < CALL_ARGS; i++)
		if (call_arg_out(r->plan.kind[i]))
			put_out(h, &b, i, ret);
	iov = (struct iovec){ b.data, b.len };
	if (b.failed || channel_send(h->host_channel, MSG_REPLY, r->id, &iov, 1) < 0)
		home_lost_host(h, "the connection to it broke");
}

/* A call that P took along from before it left used P's own memory. Now it can be given back. */
static void drop_if_due(struct home *h)
{
	if (h->run.taken_along && !h->dropped && h->place == PLACE_AWAY)
		leave_drop_memory(h);
}

void deputy_answer_again(struct home *h)
{
	if (h->run.state == RUN_DONE)
		answer(h, h->run.ret);
}

/* A call that P took along has given its results out into P's own memory, which is dropped or replaced
 * soon. From now on they stand in the buffer, as those of any forwarded call. */
static void absorb_native(struct home *h, int64_t ret)
{
	struct run *r = &h->run;
	uint32_t at = 0;

	if (!r->native || h->place == PLACE_LINGERING)
		return;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		uint32_t n;

		r->at[i] = r->cap[i] = 0;
		if (!call_arg_out(r->plan.kind[i]))
			continue;
		n = MIN(r->plan.len_at[i] ? MIN(r->room, r->plan.size[i]) : r->plan.size[i], AREA_BUF_SIZE - at);
		if (call_out_len(&r->plan, i, ret, n) &&
		    mem_read(&h->mem, (uaddr_t){ r->plan.arg[i] }, h->p.base + AREA_BUF + at, n) < 0)
			n = 0; /* the program gave a bad address: it gets what is there */
		r->at[i] = at;
		r->cap[i] = n;
		at += (n + 63) & ~63U;
	}
	r->native = false;
	r->taken_along = true;
}

static void issue(struct home *h, bool wait);

/* Was the call cut short, so that its rest is to be done? Nothing breaks off a write to a regular file:
 * where such a one is short, a limit or the disk ends it, and to go on would raise SIGXFSZ. */
static bool was_cut(const struct home *h, const struct run *r, int64_t ret)
{
	if (!(r->plan.flags & CALL_RESUMES) || ret <= 0 || r->done + (uint64_t)ret >= wanted(h, r))
		return false;
	if (r->plan.kind[1] != ARG_IN && r->plan.kind[1] != ARG_IOV_IN)
		return true;
	return !descriptor_is_file(h, (int)r->plan.arg[0]);
}

/* The call has returned @ret: is that its end? */
static void returned(struct home *h, int64_t ret)
{
	struct run *r = &h->run;

	if (h->exiting)
		return;
	if (ret == -EINTR && (r->plan.flags & CALL_EINTR)) {
		if (r->cancel) {
			ret = -514;
		} else if (r->deadline && mono_now() >= r->deadline) {
			ret = 0;
		} else {
			r->restart = false;
			issue(h, true);
			return;
		}
	}
	if (!r->cancel && was_cut(h, r, ret) &&
	    call_advance(r->plan.nr, r->arg, (uint64_t)ret) == 0) {
		r->done += (uint64_t)ret;
		issue(h, true);
		return;
	}
	if (r->done)
		ret = ret > 0 ? (int64_t)r->done + ret : (int64_t)r->done;
	absorb_native(h, ret);
	r->state = RUN_DONE;
	r->ret = ret;
	if (h->place == PLACE_LINGERING) {
		settle_linger_over(h);
		return;
	}
	answer(h, ret);
	drop_if_due(h);
}

/* Lets the resident have it. */
static void issue(struct home *h, bool wait)
{
	struct run *r = &h->run;
	struct resident_ctl *c = agent_ctl(&h->p);
	int t = timeout_arg(r->plan.nr);
	struct timespec ts = { 0, SHORT_CALL_NS };
	uint32_t seen;

	if (r->deadline && !r->restart && t >= 0) {
		nsec_t left = r->deadline - mono_now();

		r->arg[t] = (uint64_t)(MAX(left, (nsec_t)0) + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	}
	if (r->nparts && r->done)
		arguments_lay_parts(h);
	agent_begin(&h->p);
	(void)agent_add(&h->p, r->restart ? SYS_restart_syscall : r->plan.nr, r->arg[0], r->arg[1],
			r->arg[2], r->arg[3], r->arg[4], r->arg[5]);
	seen = __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
	r->state = RUN_GOING;
	agent_post(&h->p);
	if (!wait)
		return;
	while (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != h->p.want) {
		if (futex_wait(&c->done, seen, &ts) < 0 && errno == ETIMEDOUT)
			break;
	}
	deputy_poll(h);
}

void deputy_poll(struct home *h)
{
	struct resident_ctl *c = agent_ctl(&h->p);

	if (h->run.state != RUN_GOING)
		return;
	if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != h->p.want) {
		__atomic_store_n(&c->knock, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != h->p.want)
			return; /* it will knock */
	}
	/* Finished between: if it has taken the knock, a stop follows, which is let go on. */
	(void)__atomic_exchange_n(&c->knock, 0, __ATOMIC_SEQ_CST);
	h->run.state = RUN_DONE;
	returned(h, agent_ret(&h->p, 0));
}

/* After a whole piece of a large read: may the host ask for the next one? */
static void note_whole(struct home *h, const struct call_packet *c)
{
	struct run *r = &h->run;

	/* All of them have their buffer there. */
	if (r->plan.flags & CALL_READS && MAX(r->plan.size[1], c->len[1]) >= CALL_DATA_MAX &&
	    descriptor_reads_whole(h, (int)r->plan.arg[0]))
		r->flags = ANSWER_WHOLE;
}

static bool may_run(long nr, const uint64_t arg[CALL_ARGS])
{
	enum call_class c = call_classify(nr, arg, NULL);

	return c == CALL_FORWARD || (c == CALL_BOTH && nr == SYS_prctl /* the name */);
}

void deputy_call(struct home *h, uint64_t id, const uint8_t *p, uint32_t n)
{
	struct run *r = &h->run;
	struct call_packet c;
	int k = call_get(p, n, &c);

	if (k == 0 && !may_run(c.plan.nr, c.plan.arg))
		k = -EPROTO;
	if (k < 0 || r->state == RUN_GOING || r->state == RUN_READY) {
		log_error("the host asks for a call it may not (number %ld): its connection is closed",
			  c.plan.nr);
		home_lost_host(h, "it broke the protocol");
		return;
	}
	if (h->exiting || h->dying)
		return; /* its end is decided */
	*r = (struct run){ .id = id, .plan = c.plan };
	h->forwarded++;
	if (c.plan.nr >= 0 && c.plan.nr < (long)ARRAY_SIZE(h->calls))
		h->calls[c.plan.nr]++;
	note_deadline(r);
	note_whole(h, &c);
	k = arguments_place(h, &c);
	if (k < 0) {
		r->state = RUN_DONE;
		r->ret = k;
		answer(h, k);
		return;
	}
	issue(h, true);
}

int deputy_load_native(struct home *h, const struct image *m, int64_t code, struct err *e)
{
	struct run *r = &h->run;
	const struct image_pending *p = &m->pending;
	int k;

	*r = (struct run){ .id = p->id, .native = true, .code = code, .restart = code == -516 };
	k = call_plan(p->nr, p->arg, &r->plan);
	for (unsigned i = 0; k == 0 && i < CALL_ARGS; i++)
		if (r->plan.len_at[i] &&
		    mem_read(&h->mem, (uaddr_t){ p->arg[r->plan.len_at[i]] }, &r->room, sizeof(r->room)) < 0)
			return err_reason(e, -EBUSY, "busy", "it is inside %s", call_name(p->nr));
	if ((int32_t)r->room < 0)
		r->room = 0;
	if (k < 0) { /* a sleep: it gives nothing out */
		r->plan = (struct call_plan){ .nr = p->nr };
		memcpy(r->plan.arg, p->arg, sizeof(p->arg));
	}
	for (unsigned i = 0; i < CALL_ARGS; i++)
		if (r->plan.kind[i] == ARG_IOV_OUT || r->plan.kind[i] == ARG_MSG_OUT)
			return err_reason(e, -EBUSY, "busy", "it is inside %s", call_name(p->nr));
	memcpy(r->arg, r->plan.arg, sizeof(r->arg));
	if (r->plan.flags & CALL_RESUMES) { /* the whole, it needs no room of ours */
		memcpy(r->plan.arg, p->arg, sizeof(p->arg));
		memcpy(r->arg, p->arg, sizeof(p->arg));
		if (call_arg_vector(r->plan.kind[1]) && arguments_load_parts(h, r->plan.kind[1], p->arg) < 0)
			return err_reason(e, -EBUSY, "busy", "it is inside %s", call_name(p->nr));
	}
	note_deadline(r);
	r->state = RUN_INTERRUPTED;
	if (code > 0) { /* a write that the stop cut short */
		r->done = (uint64_t)code;
		if (call_advance(p->nr, r->arg, r->done) < 0)
			return err_reason(e, -EBUSY, "busy", "it is inside %s", call_name(p->nr));
	}
	return 0;
}

void deputy_resume(struct home *h)
{
	if (h->run.state == RUN_INTERRUPTED || h->run.state == RUN_READY)
		issue(h, true);
}

/* P is stopped: inside the call, so that rax tells how it was broken off? */
static bool inside(const struct home *h, const struct user_regs_struct *r)
{
	return agent_ctl(&h->p)->state == RESIDENT_RUNNING && (long)r->orig_rax >= 0 &&
	       r->rip == h->p.area + AREA_CODE + resident_syscall_offset() + 2;
}

static int until_interrupt(struct home *h, struct user_regs_struct *regs)
{
	struct trace_wait w;
	int r = trace_stop(h->pid, signals_while_driven, h, &w);

	if (r < 0)
		return r;
	signals_told_stop(h, w.event == TRACE_GROUP);
	return trace_regs(h->pid, regs);
}

/* P is stopped, and has not begun with the call: it can be taken back. */
static bool not_begun(const struct home *h)
{
	const struct resident_ctl *c = agent_ctl(&h->p);

	return c->state == RESIDENT_IDLE && __atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != h->p.want;
}

int deputy_interrupt(struct home *h)
{
	struct run *r = &h->run;
	struct resident_ctl *c = agent_ctl(&h->p);
	struct user_regs_struct regs;

	while (r->state == RUN_GOING) {
		struct timespec ts = { 0, NSEC_PER_MSEC };
		uint32_t seen;
		int k = until_interrupt(h, &regs);

		if (k < 0)
			return k;
		if (inside(h, &regs) && (is_restart((int64_t)regs.rax) ||
					 ((int64_t)regs.rax == -EINTR && (r->plan.flags & CALL_EINTR)))) {
			r->code = (int64_t)regs.rax;
			r->restart = r->code == -516;
			r->state = RUN_INTERRUPTED;
			if (r->plan.flags & CALL_OUT_ON_EINTR && !r->restart)
				absorb_native(h, r->code); /* what is left of its time */
			return agent_enter(&h->p); /* idle in the loop again */
		}
		if (not_begun(h)) { /* a stopped program begins none */
			r->code = r->restart ? -516 : -513;
			r->state = RUN_INTERRUPTED;
			return agent_enter(&h->p);
		}
		k = trace_cont(h->pid, 0);
		if (k < 0)
			return k;
		/* It has a result, or is about to begin: look again in a moment. */
		seen = __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
		if (seen != h->p.want)
			(void)futex_wait(&c->done, seen, &ts);
		if (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) != h->p.want)
			continue;
		(void)__atomic_exchange_n(&c->knock, 0, __ATOMIC_SEQ_CST);
		r->ret = agent_ret(&h->p, 0);
		if (was_cut(h, r, r->ret) &&
		    call_advance(r->plan.nr, r->arg, (uint64_t)r->ret) == 0) {
			r->done += (uint64_t)r->ret;
			r->code = -512;
			r->restart = false;
			r->state = RUN_INTERRUPTED;
		} else if (r->ret == -EINTR && (r->plan.flags & CALL_EINTR)) {
			r->code = -EINTR;
			r->state = RUN_INTERRUPTED;
		} else if (r->ret > 0 && !r->cancel && r->plan.flags & CALL_READS &&
			   descriptor_reads_again(h, (int)r->plan.arg[0])) {
			r->code = -513;
			r->state = RUN_INTERRUPTED;
		} else {
			if (r->done)
				r->ret = r->ret > 0 ? (int64_t)r->done + r->ret : (int64_t)r->done;
			absorb_native(h, r->ret);
			r->state = RUN_DONE;
		}
	}
	return 0;
}

int deputy_stop_idle(struct home *h)
{
	int r = deputy_interrupt(h);

	if (r == 0)
		r = agent_stop_idle(&h->p);
	if (r == 0)
		r = trace_set_mask(h->pid, TRACE_MASK_ALL);
	return r;
}

void deputy_cancel(struct home *h, uint64_t id)
{
	struct run *r = &h->run;
	int k;

	if (r->id != id || r->state != RUN_GOING)
		return; /* it has been answered */
	r->cancel = true;
	k = deputy_interrupt(h);
	if (k < 0)
		return; /* P has ended: the loop hears of it */
	if (r->state == RUN_INTERRUPTED) {
		r->ret = r->done ? (int64_t)r->done :
			 r->code == -512 || r->code == -513 ? r->code : -514;
		absorb_native(h, r->ret);
		r->state = RUN_DONE;
	}
	answer(h, r->ret);
	drop_if_due(h);
	signals_stand(h);
}

int deputy_run(struct home *h)
{
	int r;

	h->driven = true;
	signals_stand(h); /* out of the stop that it stands in */
	r = agent_run(&h->p);
	h->driven = false;
	signals_stand(h);
	return r;
}

static void on_stop(struct home *h, const struct trace_wait *w)
{
	siginfo_t si;

	switch (w->event) {
	case TRACE_ENDED:
		home_process_ended(h, w->status);
		return;
	case TRACE_SIGNAL:
		if (w->sig == SIGTRAP && trace_siginfo(h->pid, &si) == 0 && si.si_code == SI_KERNEL &&
		    h->dying != SIGTRAP) {
			(void)trace_cont(h->pid, 0);
			deputy_poll(h);
		} else {
			signals_on_stop(h, w->sig);
		}
		break;
	case TRACE_GROUP:
		signals_told_stop(h, true);
		(void)(h->driven ? trace_cont(h->pid, 0) : trace_listen(h->pid));
		break;
	case TRACE_EXEC:
		home_has_execed(h);
		break;
	case TRACE_INTERRUPT:
		(void)trace_cont(h->pid, 0);
		signals_told_stop(h, false);
		break;
	case TRACE_SYSCALL:
	case TRACE_OTHER:
	case TRACE_NONE:
		(void)trace_cont(h->pid, 0);
		break;
	}
}

bool deputy_on_agent_stop(void *ctx, const struct trace_wait *w)
{
	struct home *h = ctx;

	/* Elsewhere P blocks every signal, or stands still by our will. */
	if (h->place != PLACE_AWAY)
		return false;
	on_stop(h, w);
	return true;
}

void deputy_on_child(struct home *h)
{
	struct trace_wait w;

	while (h->place != PLACE_ENDED && trace_wait(h->pid, TRACE_NOHANG, &w) == 0 &&
	       w.event != TRACE_NONE)
		on_stop(h, &w);
	if (h->place == PLACE_AWAY)
		mapping_go_on(h);
}
