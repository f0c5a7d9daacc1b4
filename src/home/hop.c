/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host to host: the body goes directly; home prepares the next host, commits when the body stands
 * there, and tells the former one to let go. Until then the body can go on where it was. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "home/files.h"
#include "wire/msg.h"

#define LAST_WORDS_MS 5000
#define NEXT_WORD_MS  100 /* two that give up together say so on two connections */
#define BUILT_SECS    30 /* behind the last of the body; as when it leaves home */

/* One half of a hop: the stages of the first prepare the next host and order the former one to send; those of the
 * second, when the body stands there, decide. Between them home listens to both, and to all else. */
struct half {
	struct home *h;
	const struct order *o;
	struct hop to; /* what the former host is told */
	bool told;     /* the former host has called it off, and all is settled */
};

static int stage_prepare(void *ctx, struct err *e)
{
	struct half *p = ctx;
	int r = check_movable(p->h->pid, true, p->o->privileged, e);

	return r < 0 ? r : leave_prepare(p->h, p->o, true, &p->h->hop.to, p->to.token, e);
}

static void undo_prepare(void *ctx)
{
	struct half *p = ctx;

	home_close_hop(p->h);
	p->h->hop.going = false;
	p->h->request = 0;
}

static int stage_order(void *ctx, struct err *e)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct half *p = ctx;
	struct home *h = p->h;
	struct iovec iov;
	int r;

	hop_put(&p->to, &b);
	if (b.failed)
		return err_set(e, -ENOMEM, "no memory");
	iov = (struct iovec){ b.data, b.len };
	h->request = p->o->request;
	h->hop.node = p->o->node;
	h->hop.going = true;
	h->hop.left = false;
	h->hop.frozen = mono_now();
	home_watch_hop(h);
	h->hop.unanswered++;
	r = channel_send(h->host_channel, MSG_HOP, 0, &iov, 1);
	if (r < 0)
		home_lost_host(h, "the connection to it broke");
	return r;
}

static const struct stage first_half[] = {
	{ "hop-prepare", stage_prepare, undo_prepare, 0 },
	{ "hop-order", stage_order, NULL, 0 },
};

void hop_begin(struct home *h, const struct order *o)
{
	struct half p = { .h = h, .o = o, .to = { .node = o->node, .port = o->port, .epoch = h->epoch + 1 } };
	struct err e = ERR_INIT;
	struct stage_times t;
	int committed, r;

	(void)snprintf(p.to.addr, sizeof(p.to.addr), "%s", o->addr);
	h->hop.began = mono_now();
	r = stages_run(first_half, ARRAY_SIZE(first_half), &p, &t, &committed, &e);
	if (r < 0 && h->place == PLACE_AWAY)
		node_not_moved(h, o->request, o->node, &e, r);
}

/* What the former host says, until it has said all or the hop is over. Return: 1 then, 0: it is silent, -errno: it is
 * lost. */
static int hear_out(struct home *h)
{
	nsec_t until = mono_now() + LAST_WORDS_MS * NSEC_PER_MSEC;
	struct frame f;

	while (h->hop.going && !h->hop.left) {
		nsec_t left = (until - mono_now()) / NSEC_PER_MSEC;
		int r = left > 0 ? channel_recv(h->host_channel, (int)left, &f) : 0;

		if (r <= 0)
			return r;
		home_take(h, &f);
	}
	return 1;
}

/* What the former host said before it let the body go (a call, where it has mapped a file) may come later than the
 * next one's word: they are two connections. Without it the body could wait for ever, at the next host, for what home
 * was never asked. So who is silent keeps the body, and who is lost has taken the process with it. */
static int stage_last_words(void *ctx, struct err *e)
{
	struct half *p = ctx;
	struct home *h = p->h;
	int r = hear_out(h);

	p->told = !h->hop.going;
	if (p->told)
		return err_set(e, -ECANCELED, "the former host could not send it after all");
	if (r < 0)
		home_lost_host(h, "the connection to it broke before it had said all");
	if (r < 0)
		return err_reason(e, r, "unreachable", "node %u, where it ran, was lost", h->host);
	return r ? 0 : err_reason(e, -ETIMEDOUT, "unreachable", "node %u, where it runs, said nothing for %d s: it stays",
				  h->host, LAST_WORDS_MS / 1000);
}

/* Home's step to the next epoch: from here on it is at the next host. */
static int stage_commit(void *ctx, struct err *e)
{
	struct half *p = ctx;
	struct home *h = p->h;
	int r = channel_send(h->hop.to, MSG_GO, h->epoch + 1, NULL, 0);

	if (r < 0)
		return err_reason(e, r, "unreachable", "the next node was lost at the last step");
	h->epoch++;
	return 0;
}

/* The former host goes on with its copy. */
static void call_off(struct home *h)
{
	home_close_hop(h);
	h->hop.going = false;
	if (channel_send(h->host_channel, MSG_RESUME, 0, NULL, 0) < 0)
		home_lost_host(h, "the connection to it broke");
}

static void undo_hop(void *ctx)
{
	struct half *p = ctx;

	if (p->h->hop.going)
		call_off(p->h);
}

static const struct stage second_half[] = {
	{ "hop-last-words", stage_last_words, undo_hop, STAGE_FROZEN },
	{ "hop-commit", stage_commit, NULL, STAGE_FROZEN | STAGE_COMMIT },
};

static void stays(struct home *h, const struct err *e, int code)
{
	if (h->place != PLACE_AWAY)
		return; /* it was lost */
	node_not_moved(h, h->request, h->hop.node, e, code);
	h->request = 0;
	signals_release_held(h);
	deputy_answer_again(h);
}

static void take(struct home *h)
{
	home_close_host(h); /* the former host lets its copy go */
	h->host_channel = h->hop.to;
	h->thaws = 0;
	h->frozen = false;
	h->hop.to = NULL;
	h->hop.going = false;
	h->host = h->hop.node;
	mapping_new_host(h);
	files_new_host(h); /* of what the former one passed on we know nothing */
	home_watch_host(h);
}

void hop_built(struct home *h)
{
	struct half p = { .h = h };
	uint32_t from = h->host;
	struct err e = ERR_INIT;
	struct stage_times t;
	int committed, r = stages_run(second_half, ARRAY_SIZE(second_half), &p, &t, &committed, &e);

	if (!committed) {
		if (!p.told)
			stays(h, &e, r);
		return;
	}
	take(h);
	node_moved(h, h->request, from, "asked", mono_now() - h->hop.frozen, mono_now() - h->hop.began,
		   h->hop.bytes);
	h->request = 0;
	if (h->stopped || h->stop_due || h->stopping)
		signals_freeze(h); /* the former one knew */
	/* A result may have reached the former host after the body had left it. Signals first: one may
	 * be of the call's own making. */
	signals_release_held(h);
	deputy_answer_again(h);
}

/* The host answers each HOP, with END or ABORT, also one that we have called off meanwhile. Return: is this the answer
 * to the last one, which is under way? */
static bool answered(struct home *h)
{
	return h->hop.unanswered && --h->hop.unanswered == 0 && h->hop.going;
}

/* The former host has said all that it had to say before the body goes on elsewhere. */
void hop_sent(struct home *h, const struct frame *f)
{
	int64_t stood = 0;

	if (!answered(h))
		return;
	if (f->len == sizeof(stood))
		memcpy(&stood, f->data, sizeof(stood));
	h->hop.left = true;
	h->hop.sent = mono_now();
	h->hop.bytes = f->id;
	h->hop.frozen = MAX(mono_now() - MAX(stood, (int64_t)0), h->hop.began);
}

void hop_next_failed(struct home *h, int r, const struct frame *f)
{
	struct err e = ERR_INIT;

	if (r > 0 && f->type == MSG_ABORT)
		r = home_told_why(f, "the next node could not build it", &e);
	else if (r == -ETIMEDOUT)
		r = err_reason(&e, r, "unreachable", "the next node did not build it within %d s", BUILT_SECS);
	else
		r = err_reason(&e, r < 0 ? r : -EPROTO, "unreachable", "the next node %s while it built the process",
			       r < 0 ? "was lost" : "broke the protocol");
	call_off(h);
	stays(h, &e, r);
}

void hop_beat(struct home *h)
{
	if (h->hop.going && h->hop.left && mono_now() - h->hop.sent > BUILT_SECS * NSEC_PER_SEC)
		hop_next_failed(h, -ETIMEDOUT, NULL);
}

void hop_refused(struct home *h, const struct frame *f)
{
	struct err e = ERR_INIT;
	struct frame next;
	int r;

	if (!answered(h))
		return;
	r = channel_recv(h->hop.to, NEXT_WORD_MS, &next);
	if (r > 0 && next.type == MSG_ABORT) { /* it gave up, and so the former one could not go on: why, it knows */
		hop_next_failed(h, r, &next);
		return;
	}
	r = home_told_why(f, "the host could not send it on", &e);
	call_off(h);
	stays(h, &e, r);
}
