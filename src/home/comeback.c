/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host to home: P is the sink, the body the source. Until home's step to the next epoch the body
 * stands at its host and can be let go on there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "home/home.h"
#include "kernel/trace.h"
#include "move/capture.h"
#include "move/sink.h"
#include "wire/msg.h"

struct comeback {
	struct home *h;
	struct image *m;
	uint64_t bytes;
	bool drained; /* nothing of the image is under way any more */
};

void comeback_ask(struct home *h, uint64_t request, const char *cause)
{
	h->request = request;
	h->come_cause = cause;
	h->come_began = mono_now();
	h->place = PLACE_COMING; /* signals wait from here on */
	if (channel_send(h->host_channel, MSG_COME, 0, NULL, 0) < 0)
		home_lost_host(h, "the connection to it broke");
}

static int stage_settle(void *ctx, struct err *e)
{
	struct comeback *c = ctx;
	struct home *h = c->h;
	int r = deputy_stop_idle(h);

	if (r == 0)
		r = agent_enter(&h->p);
	return r < 0 ? err_reason(e, r, "gone", "it ended") : 0;
}

static int stage_map(void *ctx, struct err *e)
{
	struct comeback *c = ctx;

	/* What the kernel wrote into P's pages while it was the deputy must not survive. */
	leave_drop_memory(c->h);
	return apply_maps(c->h, c->m, e);
}

static int refuse_other(void *ctx, const struct frame *f, struct err *e)
{
	struct comeback *c = ctx;

	c->drained |= f->type == MSG_ABORT;
	if (f->type == MSG_ABORT)
		return home_told_why(f, "the host could not send it", e);
	if (f->type == MSG_PONG)
		return 0;
	return err_set(e, -EPROTO, "unexpected message %s among the pages", msg_name(f->type));
}

static int stage_fill(void *ctx, struct err *e)
{
	struct comeback *c = ctx;
	struct sink s = { .mem = &c->h->mem, .m = c->m, .file_fd = -1 };
	int r = sink_receive(&s, c->h->host_channel, refuse_other, c, e);

	c->bytes = s.bytes;
	c->drained |= r == 0;
	return r;
}

/* Signals that could be delivered nowhere wait in P. */
static int raise_signals(struct home *h, const siginfo_t *si, unsigned n, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; i < n && r == 0; i++)
		r = signals_queue_again(h, &si[i], e);
	return r;
}

static int stage_restore(void *ctx, struct err *e)
{
	struct comeback *c = ctx;
	int r = restore_visit(&c->h->p, c->m, e);

	if (r == 0)
		r = raise_signals(c->h, c->m->signal, c->m->nsignals, e);
	return r;
}

/* A body's clock may have run a little faster: P does not go on before a time it has seen. */
static int stage_clock(void *ctx, struct err *e)
{
	struct comeback *c = ctx;
	struct timespec t = nsec_timespec(c->m->mono);

	if (MAX(c->m->mono, c->m->coarse) - mono_now() > 10 * NSEC_PER_SEC)
		return err_set(e, -EPROTO, "the host's clock is out of bounds");
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	while (clock_now(CLOCK_MONOTONIC_COARSE) < c->m->coarse) { /* it ticks: a few milliseconds */
		struct timespec tick = { 0, 200 * NSEC_PER_USEC };

		(void)nanosleep(&tick, NULL);
	}
	return 0;
}

static int stage_commit(void *ctx, struct err *e)
{
	struct comeback *c = ctx;
	struct home *h = c->h;
	const struct image_pending *p = &c->m->pending;

	if (p->kind == PENDING_CALL &&
	    (p->id != h->run.id || h->run.state == RUN_NONE || p->nr != h->run.plan.nr))
		return err_set(e, -EPROTO,
			       "the body waits for a call that was never made: %s %#llx, home's is %s %#llx "
			       "(state %d)",
			       call_name(p->nr), (unsigned long long)p->id,
			       h->run.state == RUN_NONE ? "none" : "another",
			       (unsigned long long)h->run.id, (int)h->run.state);
	h->epoch++;
	return 0;
}

static const struct stage stages[] = {
	{ "come-settle", stage_settle, NULL, STAGE_FROZEN },
	{ "come-map", stage_map, NULL, STAGE_FROZEN },
	{ "come-fill", stage_fill, NULL, STAGE_FROZEN },
	{ "come-restore", stage_restore, NULL, STAGE_FROZEN },
	{ "come-clock", stage_clock, NULL, STAGE_FROZEN },
	{ "come-commit", stage_commit, NULL, STAGE_FROZEN | STAGE_COMMIT },
};

/* If P has ended, so do we, and nothing goes on anywhere. */
static void end_with_it(struct home *h)
{
	if (trace_has_ended(h->pid))
		deputy_on_child(h);
}

/* It stays where it was. What of the image is still under way is read and thrown away. */
static void go_on_there(struct home *h, const struct err *e, int code, bool drained)
{
	struct frame f;

	end_with_it(h);
	while (!drained) {
		int r = channel_recv(h->host_channel, 10000, &f);

		if (r <= 0) {
			home_lost_host(h, "the connection to it broke");
			return;
		}
		drained = f.type == MSG_END || f.type == MSG_ABORT;
	}
	end_with_it(h); /* a SIGKILL takes its memory some time before it is seen to have ended */
	h->place = PLACE_AWAY;
	(void)agent_stop_idle(&h->p);
	(void)trace_set_mask(h->pid, 0);
	(void)trace_cont(h->pid, 0);
	signals_let_go(h); /* as the shell has seen it */
	if (channel_send(h->host_channel, MSG_RESUME, 0, NULL, 0) < 0) {
		home_lost_host(h, "the connection to it broke");
		return;
	}
	log_warning("it stays at node %u: %s", h->host, err_str(e, code));
	node_not_moved(h, h->request, 0, e, code);
	h->request = 0;
	signals_release_held(h);
	deputy_resume(h);
}

void comeback_refused(struct home *h, const struct frame *f)
{
	struct err e = ERR_INIT;

	go_on_there(h, &e, home_told_why(f, "the host could not send it", &e), true);
}

void comeback_take(struct home *h, const struct frame *first)
{
	struct comeback c = { .h = h, .m = image_create() };
	struct err e = ERR_INIT;
	struct stage_times t = { 0 };
	nsec_t began = mono_now();
	uint32_t from = h->host;
	int committed = 0, r;

	if (!c.m)
		r = err_set(&e, -ENOMEM, "no memory");
	else
		r = sink_receive_image(h->host_channel, first, c.m, &e);
	if (r == 0 && (c.m->pid != h->pid || c.m->epoch != h->epoch || c.m->area != h->p.area))
		r = err_set(&e, -EPROTO, "the image is of another process or epoch");
	if (r == 0)
		r = stages_run(stages, ARRAY_SIZE(stages), &c, &t, &committed, &e);
	if (!committed) {
		image_destroy(c.m);
		end_with_it(h);
		if (r == -ECONNRESET || r == -ETIMEDOUT)
			home_lost_host(h, "the connection to it broke");
		else
			go_on_there(h, &e, r, c.drained);
		return;
	}
	image_destroy(h->m);
	h->m = c.m;
	h->cpu_away += h->m->cpu - h->cpu_before;
	h->away_total += mono_now() - h->away_since;
	h->bytes += c.bytes;
	h->host = 0;
	home_close_host(h);
	if (raise_signals(h, h->held, h->nheld, &e) < 0)
		log_warning("%s", err_str(&e, 0));
	h->nheld = h->ncarried = 0;
	r = settle_home(h, &e);
	if (r < 0) {
		end_with_it(h);
		if (r == -ESRCH) { /* killed under our hands: the loop hears of its end in a moment */
			(void)kill(h->pid, SIGKILL);
			return;
		}
		log_error("it could not be set going at home: %s", err_str(&e, r));
		node_ended(h, SIGKILL, "failed", err_str(&e, r));
		(void)kill(h->pid, SIGKILL);
		return;
	}
	if (!h->request)
		h->came_home++;
	/* Its own clock stood still with it. */
	node_moved(h, h->request, from, h->come_cause, mono_now() - MIN(began, MAX(h->m->mono, h->come_began)),
		   mono_now() - h->come_began, c.bytes);
	h->request = 0;
	if (h->place == PLACE_HOME)
		home_end(h);
	deputy_resume(h);
}
