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

void hop_begin(struct home *h, const struct order *o)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	struct hop to = { .node = o->node, .port = o->port, .epoch = h->epoch + 1 };
	struct iovec iov;
	int r = fault_point("hop-prepare");

	h->hop.began = mono_now();
	if (r == 0)
		r = check_movable(h->pid, true, o->privileged, &e);
	if (r == 0)
		r = leave_prepare(h, o, true, &h->hop.to, to.token, &e);
	if (r < 0) {
		node_not_moved(h, o->request, o->node, &e, r);
		return;
	}
	(void)snprintf(to.addr, sizeof(to.addr), "%s", o->addr);
	hop_put(&to, &b);
	iov = (struct iovec){ b.data, b.len };
	h->request = o->request;
	h->hop.node = o->node;
	h->hop.going = true;
	h->hop.left = false;
	h->hop.frozen = mono_now();
	home_watch_hop(h);
	if (channel_send(h->host_channel, MSG_HOP, 0, &iov, 1) < 0)
		home_lost_host(h, "the connection to it broke");
}

/* What the former host said before it let the body go (a call, where it has mapped a file) may come
 * later than the next one's word: they are two connections. */
static void last_words(struct home *h)
{
	struct frame f;

	while (h->hop.going && !h->hop.left && channel_recv(h->host_channel, LAST_WORDS_MS, &f) > 0)
		home_take(h, &f);
}

/* The body stands at the next host. Home's step to the next epoch: from here on it is there. */
void hop_built(struct home *h)
{
	uint32_t from = h->host;
	int r = fault_point("hop-commit");

	last_words(h);
	if (!h->hop.going)
		return;
	if (r == 0)
		r = channel_send(h->hop.to, MSG_GO, h->epoch + 1, NULL, 0);
	if (r < 0) {
		hop_failed(h, "unreachable", "the next node was lost at the last step");
		return;
	}
	h->epoch++;
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

	(void)err_reason(&e, -ECANCELED, reason, "%s", text);
	home_close_hop(h);
	h->hop.going = false;
	node_not_moved(h, h->request, h->hop.node, &e, -ECANCELED);
	h->request = 0;
	if (channel_send(h->host_channel, MSG_RESUME, 0, NULL, 0) < 0) {
		home_lost_host(h, "the connection to it broke");
		return;
	}
	signals_release_held(h);
	deputy_answer_again(h);
}
