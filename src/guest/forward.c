/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: a call that home does. What it takes in is read once from the body's memory and sent; what it
 * gives out is written there when the answer comes; then the body goes on. A request above
 * CALL_DATA_MAX is done in pieces, so that the program sees one whole read or write. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "base/util.h"
#include "call/packet.h"
#include "guest/guest.h"
#include "kernel/notify.h"
#include "wire/msg.h"

static struct buf out; /* the message being made; one at a time, kept for its memory */

static void finish(struct guest *g, int64_t result)
{
	struct waiting *w = &g->wait;
	uint64_t notif = w->notif;

	w->kind = WAIT_NONE;
	w->notif = 0;
	if (notif && w->both && !result)
		(void)notify_continue(g->notify_fd, notif);
	else if (notif)
		(void)notify_answer(g->notify_fd, notif, result); /* -ENOENT: it died meanwhile */
	w->both = false;
}

/* One argument's bytes behind the head of the message. */
static int put_arg(struct guest *g, struct waiting *w, int i, bool data, uint32_t piece)
{
	const struct call_plan *p = &w->part;
	enum arg_kind k = p->kind[i];
	uint32_t n = data ? piece : p->len_at[i] ? w->room : p->size[i];
	size_t at = out.len;
	ssize_t len;
	void *to;

	if (call_arg_message(k) && bytes_put_message(g, w, k == ARG_MSG_OUT, &out) < 0)
		return -EFAULT;
	if (call_arg_vector(k))
		bytes_put_parts(w, n, &out);
	if (!call_arg_in(k))
		return 0;
	if (k == ARG_STR)
		n = PATH_MAX;
	if (!call_arg_vector(k))
		buf_put_u32(&out, n);
	to = buf_grow(&out, n);
	if (!to)
		return -ENOMEM;
	if (data)
		return bytes_get(g, w, to, n);
	if (k != ARG_STR)
		return mem_read(&g->mem, (uaddr_t){ p->arg[i] }, to, n);
	len = mem_read_str(&g->mem, (uaddr_t){ p->arg[i] }, to, n);
	if (len < 0)
		return (int)len;
	out.len = at;
	buf_put_u32(&out, (uint32_t)len);
	out.len += (size_t)len; /* the string stands there already */
	return 0;
}

/* Is it about to open a file of /proc that tells of the process that opens it? At home the deputy
 * would open its own, whose memory and processor time are not the program's. */
static bool opens_own_proc(struct guest *g, const struct call_plan *p)
{
	int i = p->nr == SYS_open ? 0 : p->nr == SYS_openat || p->nr == SYS_openat2 ? 1 : -1;
	char path[64];
	ssize_t n;

	if (i < 0)
		return false;
	n = mem_read_str(&g->mem, (uaddr_t){ p->arg[i] }, path, sizeof(path));
	if (n < 0 && n != -ENAMETOOLONG)
		return false;
	path[sizeof(path) - 1] = '\0';
	return call_tells_of_self(path, g->hello.pid);
}

/* How many bytes the next piece has. Of a write the first one takes those that make no whole page: a pipe fills its
 * last page up with just these. */
static uint32_t next_piece(const struct waiting *w)
{
	uint64_t rest = w->want - w->done, odd = rest & MOS_PAGE_MASK;

	if (rest <= CALL_DATA_MAX)
		return (uint32_t)rest;
	return w->plan.flags & CALL_RESUMES && odd ? CALL_DATA_MAX - (uint32_t)(MOS_PAGE - odd) : CALL_DATA_MAX;
}

/* The next piece, of @n bytes, as a call of its own. */
static int plan_piece(struct waiting *w, int d, uint32_t n, uint64_t arg[CALL_ARGS])
{
	int r = 0;

	memcpy(arg, w->plan.arg, sizeof(w->plan.arg));
	if (w->done)
		r = call_advance(w->plan.nr, arg, w->done);
	if (d >= 0 && (w->plan.kind[d] == ARG_IN || w->plan.kind[d] == ARG_OUT))
		arg[2] = n;
	return r < 0 ? r : call_plan(w->plan.nr, arg, &w->part);
}

static bool points_somewhere(const struct call_plan *p)
{
	unsigned i = 0;

	while (i < CALL_ARGS && p->kind[i] == ARG_VALUE)
		i++;
	return i < CALL_ARGS;
}

/* Sends the next piece of the call (or the whole). Return: 0; -ESRCH: the body is gone; other -errno: home does not
 * hear of it, the program's memory is not as the call needs it. */
static int send_piece(struct guest *g)
{
	struct waiting *w = &g->wait;
	uint64_t arg[CALL_ARGS];
	int d = bytes_arg(&w->plan), r;
	uint32_t piece = next_piece(w);
	struct iovec iov;

	/* The first piece of what goes in is read whole or not at all, below. */
	if (d >= 0 && (w->done || call_arg_out(w->plan.kind[d]))) {
		size_t good = bytes_reach(g, w, piece);

		if (good < piece && (!w->done || !good))
			return -EFAULT;
		piece = (uint32_t)good;
	}
	r = plan_piece(w, d, piece, arg);
	if (r < 0)
		return r;
	if (!bytes_args_good(g, w))
		return -EFAULT;
	buf_clear(&out);
	call_put_head(&out, w->plan.nr, arg);
	for (int i = 0; r == 0 && i < CALL_ARGS; i++)
		r = put_arg(g, w, i, i == d, piece);
	if (r == 0 && out.failed)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (points_somewhere(&w->part) && notify_valid(g->notify_fd, w->notif) < 0)
		return -ESRCH; /* it was gone while we read: what we have may be another one's */
	w->id = ++g->calls;
	iov = (struct iovec){ out.data, out.len };
	if (channel_send(g->home, MSG_CALL, w->id, &iov, 1) < 0)
		guest_end(g, "home-lost");
	return 0;
}

/* The plan of a call as the program gave it: what call_plan cuts to a piece is put back. */
static int whole_plan(long nr, const uint64_t arg[CALL_ARGS], struct call_plan *ret)
{
	int r = call_plan(nr, arg, ret);

	if (r == 0)
		memcpy(ret->arg, arg, sizeof(ret->arg));
	return r;
}

void forward_call(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS])
{
	struct waiting *w = &g->wait;
	int r = whole_plan(nr, arg, &w->plan);

	if (r < 0) {
		forward_want_home(g, notif, nr, arg, "this-call");
		return;
	}
	if (opens_own_proc(g, &w->plan)) {
		forward_want_home(g, notif, nr, arg, "proc-self");
		return;
	}
	w->kind = WAIT_CALL;
	w->notif = notif;
	w->done = 0;
	w->interrupted = w->answered = w->both = false;
	r = bytes_find(g, w);
	if (r == 0)
		r = send_piece(g);
	if (r == -ESRCH)
		finish(g, r);
	else if (r < 0)
		forward_want_home(g, notif, nr, arg,
				  r == -EFAULT || r == -EINVAL	? "bad-address" :
				  r == -ENAMETOOLONG		? "long-string" :
				  r == -E2BIG			? "this-call" :
								  "no-memory");
}

int forward_inherit(struct guest *g, const struct image_pending *p)
{
	struct waiting *w = &g->wait;
	uint64_t arg[CALL_ARGS];
	int r = whole_plan(p->nr, p->arg, &w->plan);

	if (r < 0) { /* a sleep that goes on at home: it gives nothing out */
		w->plan = (struct call_plan){ .nr = p->nr };
		memcpy(w->plan.arg, p->arg, sizeof(p->arg));
		w->part = w->plan;
		w->kind = WAIT_CALL;
		w->id = p->id;
		w->done = w->want = w->niov = 0;
		return 0;
	}
	w->kind = WAIT_CALL;
	w->id = p->id;
	w->done = p->done;
	r = bytes_find(g, w);
	if (r < 0)
		return r;
	/* the piece under way is what the former host sent */
	return plan_piece(w, bytes_arg(&w->plan), next_piece(w), arg);
}

/* Writes what the call gave out. */
static int put_out(struct guest *g, struct waiting *w, const struct call_answer *a)
{
	int d = bytes_arg(&w->plan);

	for (int i = 0; i < CALL_ARGS; i++) {
		void *data = (void *)(uintptr_t)a->data[i];
		int r;

		if (w->part.kind[i] == ARG_MSG_OUT && a->ret >= 0 &&
		    message_write(&g->mem, &w->msg, &a->message) < 0)
			return -EFAULT;
		if (!a->len[i])
			continue;
		if (i == d)
			r = bytes_put(g, w, data, MIN(a->len[i], w->want - w->done));
		else
			r = mem_write(&g->mem, (uaddr_t){ w->part.arg[i] }, data, a->len[i]);
		if (r < 0)
			return -EFAULT;
	}
	return 0;
}

/* @piece: so many were asked for. */
static bool goes_on(const struct waiting *w, const struct call_answer *a, uint32_t piece)
{
	if (a->ret <= 0 || w->done >= w->want || (uint64_t)a->ret < piece)
		return false;
	return (w->plan.flags & CALL_RESUMES) ||
	       ((w->plan.flags & CALL_READS) && (a->flags & ANSWER_WHOLE));
}

void forward_answer(struct guest *g, uint64_t id, const uint8_t *p, uint32_t n)
{
	struct waiting *w = &g->wait;
	struct call_answer a;
	uint32_t piece;
	int r;

	if (w->kind != WAIT_CALL || w->id != id)
		return; /* of a call that was broken off */
	if (!w->notif) { /* the body has not asked yet */
		free(w->answer);
		w->answer = malloc(n ? n : 1);
		if (!w->answer)
			guest_end(g, "failed");
		memcpy(w->answer, p, n);
		w->answer_len = n;
		w->answered = true;
		return;
	}
	r = call_get_answer(&w->part, p, n, &a);
	if (r < 0) {
		log_error("home sent a malformed answer to %s", call_name(w->plan.nr));
		guest_end(g, "failed");
	}
	if (put_out(g, w, &a) < 0)
		a.ret = -EFAULT;
	if (a.ret == -512 || a.ret == -513 || a.ret == -514) {
		if (w->done)
			finish(g, (int64_t)w->done);
		else
			signals_interrupt(g, a.ret);
		return;
	}
	piece = next_piece(w);
	if (a.ret > 0)
		w->done += (uint64_t)a.ret;
	if (goes_on(w, &a, piece) && !w->interrupted && send_piece(g) == 0)
		return;
	if (w->niov && w->done)
		finish(g, (int64_t)w->done);
	else
		finish(g, a.ret);
}

void forward_want_home(struct guest *g, uint64_t notif, long nr, const uint64_t arg[CALL_ARGS],
		       const char *word)
{
	struct waiting *w = &g->wait;
	struct iovec iov = { (void *)(uintptr_t)word, strlen(word) };

	w->kind = WAIT_HOME;
	w->both = false;
	w->notif = notif;
	w->plan.nr = nr;
	memmove(w->plan.arg, arg, sizeof(w->plan.arg)); /* perhaps the same */
	if (channel_send(g->home, MSG_WANT_HOME, (uint64_t)nr, &iov, 1) < 0)
		guest_end(g, "home-lost");
}
