/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the clients of the control socket. Any user may connect and send anything. */
#include "node/ask/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/ask/ops.h"
#include "node/obj.h"
#include "node/paths.h"

#define CLIENTS_MAX	 256U
#define CLIENTS_PER_USER 64U /* so that one user cannot shut the others out */
#define ASKS_MAX	 16U /* unanswered, of one client */
#define ACCEPT_AT_ONCE	 16U
#define UNSENT_MAX	 (8U * 1024U * 1024U)

struct client {
	struct client *next;
	struct control *all;
	int fd;
	ev_io in, out;
	struct ucred cred;
	struct ask *asks; /* unanswered */
	unsigned n_asks;
	struct buf unsent;
	size_t sent;
	bool broken;  /* nothing can be sent any more; ends at the next chance */
	bool hung_up; /* it sends nothing more; ends when all is answered and sent */
	size_t n;
	char line[CONTROL_LINE_MAX];
};

struct control {
	struct mosd *d;
	int fd;
	ev_io io;
	ev_prepare reap; /* ends broken clients between two rounds of callbacks */
	struct client *first;
	unsigned n;
};

static void client_end(struct client *c)
{
	struct client **at = &c->all->first;
	struct ev_loop *loop = c->all->d->loop;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->all->n--;
	for (struct ask *a = c->asks; a; a = a->next)
		a->client = NULL; /* its operation still holds it */
	ev_io_stop(loop, &c->in);
	ev_io_stop(loop, &c->out);
	buf_finish(&c->unsent);
	close_fd(&c->fd);
	free(c);
}

static void on_reap(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct control *all = w->data;

	for (struct client *c = all->first, *next; c; c = next) {
		next = c->next;
		if (c->broken || (c->hung_up && !c->asks && c->sent == c->unsent.len))
			client_end(c);
	}
}

static void flush(struct client *c)
{
	struct ev_loop *loop = c->all->d->loop;

	while (!c->broken && c->sent < c->unsent.len) {
		ssize_t n = send(c->fd, c->unsent.data + c->sent, c->unsent.len - c->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			ev_io_start(loop, &c->out);
			return;
		}
		if (n < 0)
			c->broken = true;
		else
			c->sent += (size_t)n;
	}
	ev_io_stop(loop, &c->out);
	buf_clear(&c->unsent);
	c->sent = 0;
}

/* Steals @o. */
static void client_send(struct client *c, json_t *o)
{
	CLEANUP(free_ptr) char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	if (c->broken)
		return;
	if (!text || c->unsent.len > UNSENT_MAX) { /* no memory, or it does not read */
		c->broken = true;
		return;
	}
	buf_put(&c->unsent, text, strlen(text));
	buf_put_u8(&c->unsent, '\n');
	if (c->unsent.failed)
		c->broken = true;
	else
		flush(c);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	flush(w->data);
}

bool ask_gone(const struct ask *a)
{
	return !a->client || a->client->hung_up || a->client->broken;
}

void ask_tell(struct ask *a, json_t *o)
{
	if (o && a->id)
		(void)json_object_set(o, "id", a->id);
	if (a->client)
		client_send(a->client, o);
	else
		json_decref(o);
}

void ask_done(struct ask *a, json_t *o)
{
	struct client *c = a->client;

	if (o)
		(void)json_object_set_new(o, "done", json_true());
	ask_tell(a, o);
	if (c) {
		struct ask **at = &c->asks;

		while (*at != a)
			at = &(*at)->next;
		*at = a->next;
		c->n_asks--;
	}
	json_decref(a->id);
	free(a);
}

void ask_fail(struct ask *a, const char *code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ask_done(a, json_pack("{sbssso}", "ok", 0, "code", code, "error", obj_text(text)));
}

static void on_line(struct client *c, const char *line, size_t n)
{
	struct ask *a;
	json_error_t je;
	json_t *o;

	if (!n)
		return;
	a = calloc(1, sizeof(*a));
	if (!a) {
		c->broken = true;
		return;
	}
	a->client = c;
	a->d = c->all->d;
	a->cred = c->cred;
	a->next = c->asks;
	c->asks = a;
	c->n_asks++;
	o = json_loadb(line, n, JSON_REJECT_DUPLICATES, &je);
	if (!o) {
		ask_fail(a, "bad-request", "not JSON: %s", je.text);
	} else if (!json_is_object(o)) {
		ask_fail(a, "bad-request", "a request is a JSON object");
	} else if (c->n_asks > ASKS_MAX) {
		ask_fail(a, "busy", "more than %u requests wait for an answer", ASKS_MAX);
	} else {
		json_t *id = json_object_get(o, "id");

		if (json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= 64))
			a->id = json_incref(id);
		op_dispatch(a, o);
	}
	json_decref(o);
}

static void on_lines(struct client *c)
{
	size_t from = 0;
	char *end;

	while (!c->broken && (end = memchr(c->line + from, '\n', c->n - from))) {
		size_t n = (size_t)(end - (c->line + from));

		on_line(c, c->line + from, n);
		from += n + 1;
	}
	memmove(c->line, c->line + from, c->n - from);
	c->n -= from;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct client *c = w->data;
	ssize_t n;

	if (c->n == sizeof(c->line)) { /* where it ends is unknown, so the rest is worthless */
		client_send(c, json_pack("{sbsssssb}", "ok", 0, "code", "bad-request", "error",
					 "a line has at most 65536 bytes", "done", 1));
		c->broken = true;
		return;
	}
	n = recv(c->fd, c->line + c->n, sizeof(c->line) - c->n, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		c->broken = true;
		return;
	}
	if (!n) { /* it may still read */
		c->hung_up = true;
		ev_io_stop(loop, w);
		return;
	}
	c->n += (size_t)n;
	on_lines(c);
}

static bool too_many(const struct control *all, uid_t uid)
{
	unsigned n = 0;

	for (const struct client *c = all->first; c; c = c->next)
		n += c->cred.uid == uid;
	return all->n >= CLIENTS_MAX || (uid && n >= CLIENTS_PER_USER);
}

/* Return: whether there may be more to accept. */
static bool accept_one(struct control *all)
{
	static const char full[] =
		"{\"ok\":false,\"code\":\"busy\",\"error\":\"too many connections "
		"to mosd: try again\",\"done\":true}\n";
	struct ev_loop *loop = all->d->loop;
	CLEANUP(close_fd) int fd = accept4(all->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct client *c;

	if (fd < 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return true;
	c = too_many(all, cred.uid) ? NULL : calloc(1, sizeof(*c));
	if (!c) {
		(void)send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		return true;
	}
	c->all = all;
	c->cred = cred;
	c->fd = steal_fd(&fd);
	c->next = all->first;
	all->first = c;
	all->n++;
	c->in.data = c->out.data = c;
	ev_io_init(&c->in, on_readable, c->fd, EV_READ);
	ev_io_init(&c->out, on_writable, c->fd, EV_WRITE);
	ev_io_start(loop, &c->in);
	return true;
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	for (unsigned i = 0; i < ACCEPT_AT_ONCE && accept_one(w->data); i++)
		;
}

int control_create(struct mosd *d, struct control **ret, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = MOS_CONTROL_PATH };
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct control *c;

	if (fd < 0)
		return err_set(e, -errno, "control socket: %s", strerror(errno));
	(void)unlink(MOS_CONTROL_PATH); /* a dead mosd's: the lock is ours */
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
	    chmod(MOS_CONTROL_PATH, 0666) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_set(e, -errno, "%s: %s", MOS_CONTROL_PATH, strerror(errno));
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, -ENOMEM, "out of memory");
	c->d = d;
	c->fd = steal_fd(&fd);
	c->io.data = c->reap.data = c;
	ev_io_init(&c->io, on_accept, c->fd, EV_READ);
	ev_io_start(d->loop, &c->io);
	ev_prepare_init(&c->reap, on_reap);
	ev_prepare_start(d->loop, &c->reap);
	*ret = c;
	return 0;
}

void control_destroy(struct control *c)
{
	if (!c)
		return;
	(void)unlink(MOS_CONTROL_PATH);
	ev_io_stop(c->d->loop, &c->io);
	ev_prepare_stop(c->d->loop, &c->reap);
	while (c->first)
		client_end(c->first);
	close_fd(&c->fd);
	free(c);
}

unsigned control_clients(const struct control *c)
{
	return c->n;
}
