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

/* What the former host said before it let the body go (a call, where it has mapped a file) may come
 * later than the next one's word: they are two connections. */
static int stage_last_words(void *ctx, struct err *e)
{
	struct half *p = ctx;
	struct home *h = p->h;
	struct frame f;

	while (h->hop.going && !h->hop.left && channel_recv(h->host_channel, LAST_WORDS_MS, &f) > 0)
		home_take(h, &f);
	p->told = !h->hop.going;
	return p->told ? err_set(e, -ECANCELED, "the former host could not send it after all") : 0;
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

void hop_failed(struct home *h, const char *reason, const char *text)
{
	struct err e = ERR_INIT;
	int r = err_reason(&e, -ECANCELED, reason, "%s", text);

	call_off(h);
	stays(h, &e, r);
}
