/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talk with mosd: JSON objects, one a packet, on the inherited descriptor. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "guest/guest.h"

#define PACKET_MAX 65536
#define IDS_MIN	   65536 /* below are the users of the host itself */

static int send_object(struct guest *g, json_t *o)
{
	CLEANUP(free_ptr) char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	if (!text)
		return -ENOMEM;
	if (g->node_fd < 0)
		return 0; /* mosd is gone; we go on */
	return send(g->node_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* One packet. @ret_fd may be NULL. Return: an object, or NULL at the end or on nonsense. */
static json_t *receive(struct guest *g, int *ret_fd)
{
	static char text[PACKET_MAX];
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { text, sizeof(text) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(g->node_fd, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && ret_fd)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}

int node_admit(struct guest *g, struct err *e)
{
	json_t *o;
	const char *op = NULL, *why = "no reason given", *token = NULL, *code = "refused";
	char comm[sizeof(g->hello.comm)];
	json_int_t ids = 0;
	int node = 0, r = 0;

	memcpy(comm, g->hello.comm, sizeof(comm)); /* ends with NUL; any bytes before it */
	(void)send_object(g, json_pack("{s:s, s:i, s:i, s:I, s:s, s:I, s:b, s:I, s:I, s:I}", "ev", "admit",
				       "home", (int)g->hello.home, "pid", (int)g->hello.pid, "uid",
				       (json_int_t)g->hello.uid, "comm", text_clean(comm), "epoch",
				       (json_int_t)g->hello.epoch, "ordered", g->hello.ordered,
				       "memory", (json_int_t)g->hello.memory, "wants",
				       (json_int_t)g->hello.wants, "load_limit",
				       (json_int_t)g->hello.load_limit));
	o = receive(g, NULL);
	if (!o || json_unpack(o, "{s:s, s?s, s?s, s?s, s?I, s?i}", "op", &op, "error", &why, "code", &code,
			      "token", &token, "id", &ids, "node", &node) < 0)
		r = err_set(e, -EPROTO, "mosd does not answer");
	else if (strcmp(op, "admitted"))
		r = err_reason(e, -EACCES, code, "%s", why);
	else if (!token || strlen(token) != 2 * TOKEN_SIZE || ids < IDS_MIN || ids > UINT32_MAX - 2 ||
		 node < 1)
		r = err_set(e, -EPROTO, "mosd's answer is malformed");
	for (unsigned i = 0; r == 0 && i < TOKEN_SIZE; i++)
		if (sscanf(token + 2 * i, "%2hhx", &g->token[i]) != 1)
			r = err_set(e, -EPROTO, "mosd's token is malformed");
	g->ids = (uint32_t)ids;
	g->node = (uint32_t)node;
	json_decref(o);
	return r;
}

void node_tell(struct guest *g, const char *ev, const char *key, const char *value)
{
	if (key)
		(void)send_object(g, json_pack("{s:s, s:s}", "ev", ev, key, value));
	else
		(void)send_object(g, json_pack("{s:s, s:i}", "ev", ev, "body", (int)g->box.body.pid));
}

int node_take_stream(struct guest *g, int timeout_ms)
{
	struct pollfd p[] = { { g->node_fd, POLLIN, 0 }, { channel_fd(g->home), POLLIN, 0 } };
	nsec_t until = mono_now() + timeout_ms * NSEC_PER_MSEC;
	struct frame f;
	int fd = -1;
	json_t *o;

	do {
		nsec_t left = MAX(until - mono_now(), 0);
		int r;

		if (poll(p, ARRAY_SIZE(p), (int)(left / NSEC_PER_MSEC)) <= 0)
			return -ETIMEDOUT;
		r = p[1].revents ? channel_recv(g->home, 0, &f) : 0;
		if (r) /* home has nothing to say now, but that nobody will come */
			return r < 0 ? r : -EPROTO;
	} while (!p[0].revents);
	o = receive(g, &fd);
	if (!o && fd < 0) { /* mosd ended */
		close_fd(&g->node_fd);
		return -EPIPE;
	}
	json_decref(o);
	return fd < 0 ? -EPROTO : fd;
}
