/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what a stranger may do before his stream is somebody's: send 24 bytes, within 5 seconds. */
#include "node/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "node/peers/joins.h"
#include "node/preamble.h"
#include "node/process/guests.h"
#include "node/site/addresses.h"
#include "node/site/ports.h"

#define WAITING_MAX	 64U
#define PREAMBLE_TIMEOUT 5.0
#define LOGS_A_MINUTE	 10U
#define ACCEPT_AT_ONCE	 16U
#define ACCEPT_PAUSE	 0.1 /* s, when there are no descriptors left */

struct waiting { /* a stream whose preamble is not whole */
	struct waiting *next;
	struct listener *all;
	int fd;
	ev_io io;
	ev_timer deadline;
	uint8_t got[PREAMBLE_SIZE];
	unsigned n;
};

struct listener {
	struct mosd *d;
	int fd[PORTS_FAMILIES];
	ev_io io[PORTS_FAMILIES];
	ev_timer pause;
	struct waiting *first; /* the latest */
	unsigned n_waiting;
	struct listener_counts counts;
	nsec_t log_since;
	unsigned logged, unlogged;
};

/* Return: "" if nobody is at the other end of @fd any more. */
static const char *peer_text(int fd, char to[static NODE_ADDR_TEXT])
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct node_addr a;

	if (getpeername(fd, (struct sockaddr *)&sa, &len) < 0 || !addr_of((const struct sockaddr *)&sa, &a))
		return "";
	return node_addr_str(&a, to);
}

/* A flood of bad streams must not become a flood of lines. @from: an address, or "". */
static void complain(struct listener *l, const char *from, const char *what)
{
	nsec_t now = mono_now();

	if (now - l->log_since > 60 * NSEC_PER_SEC) {
		if (l->unlogged)
			log_warning("%u more streams were refused", l->unlogged);
		l->log_since = now;
		l->logged = l->unlogged = 0;
	}
	if (l->logged++ < LOGS_A_MINUTE)
		log_warning("stream%s%s refused: %s", *from ? " from " : "", from, what);
	else
		l->unlogged++;
}

static void waiting_end(struct waiting *w)
{
	struct waiting **at = &w->all->first;
	struct ev_loop *loop = w->all->d->loop;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->all->n_waiting--;
	ev_io_stop(loop, &w->io);
	ev_timer_stop(loop, &w->deadline);
	close_fd(&w->fd);
	free(w);
}

static void hand_on(struct waiting *w)
{
	struct listener *l = w->all;
	struct err e = ERR_INIT;
	char addr[NODE_ADDR_TEXT];
	const char *from = peer_text(w->fd, addr);
	struct token t;
	int fl, r;

	if (preamble_parse(w->got, &t) < 0) {
		l->counts.bad_preamble++;
		complain(l, from, "it does not speak umosix's language");
		waiting_end(w);
		return;
	}
	ev_io_stop(l->d->loop, &w->io);
	fl = fcntl(w->fd, F_GETFL); /* the supervisor expects a blocking socket */
	if (fl >= 0)
		(void)fcntl(w->fd, F_SETFL, fl & ~O_NONBLOCK);
	r = joins_stream(l->d->joins, w->fd, &t, &e);
	if (r == -ENOENT)
		r = guests_stream(l->d->guests, w->fd, &t, &e);
	(void)steal_fd(&w->fd);
	if (r < 0) {
		*(r == -ENOENT ? &l->counts.unknown_token : &l->counts.failed) += 1;
		complain(l, from, err_str(&e, r));
	} else {
		l->counts.handed_on++;
	}
	waiting_end(w);
}

static void on_bytes(struct ev_loop *loop, ev_io *io, int revents)
{
	struct waiting *w = io->data;
	ssize_t n = recv(w->fd, w->got + w->n, PREAMBLE_SIZE - w->n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		w->all->counts.bad_preamble++; /* a port scan, mostly: not worth a line */
		waiting_end(w);
		return;
	}
	w->n += (unsigned)n;
	if (w->n == PREAMBLE_SIZE)
		hand_on(w);
}

static void on_deadline(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct waiting *w = t->data;
	char addr[NODE_ADDR_TEXT];

	w->all->counts.timed_out++;
	complain(w->all, peer_text(w->fd, addr), "no preamble within 5 s");
	waiting_end(w);
}

static int waiting_create(struct listener *l, int fd)
{
	struct waiting *w, *oldest = l->first;
	char addr[NODE_ADDR_TEXT];

	if (l->n_waiting >= WAITING_MAX) {
		/* An honest peer sends at once, so whoever waits longest is the
		 * least likely one. */
		while (oldest->next)
			oldest = oldest->next;
		l->counts.crowded_out++;
		complain(l, peer_text(oldest->fd, addr), "too many streams wait");
		waiting_end(oldest);
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->all = l;
	w->fd = fd;
	w->next = l->first;
	l->first = w;
	l->n_waiting++;
	w->io.data = w->deadline.data = w;
	ev_io_init(&w->io, on_bytes, fd, EV_READ);
	ev_timer_init(&w->deadline, on_deadline, PREAMBLE_TIMEOUT, 0);
	ev_io_start(l->d->loop, &w->io);
	ev_timer_start(l->d->loop, &w->deadline);
	return 0;
}

static void on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
	struct listener *l = io->data;

	for (unsigned i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			    errno == ENOMEM) {
				complain(l, "", strerror(errno));
				for (unsigned k = 0; k < 2; k++)
					ev_io_stop(loop, &l->io[k]);
				ev_timer_again(loop, &l->pause);
			}
			return;
		}
		l->counts.accepted++;
		if (waiting_create(l, fd) < 0)
			close_fd(&fd);
	}
}

static void on_pause(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct listener *l = t->data;

	ev_timer_stop(loop, t);
	for (unsigned k = 0; k < 2; k++)
		if (l->fd[k] >= 0)
			ev_io_start(loop, &l->io[k]);
}

int listener_create(struct mosd *d, struct listener **ret, struct err *e)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "out of memory");
	l->d = d;
	l->log_since = mono_now();
	l->pause.data = l;
	ev_timer_init(&l->pause, on_pause, 0, ACCEPT_PAUSE);
	r = ports_open(SOCK_STREAM, d->site.conf.port, &d->site.conf.listen, l->fd, e);
	if (r < 0) {
		listener_destroy(l);
		return r;
	}
	for (unsigned k = 0; k < PORTS_FAMILIES; k++) {
		if (l->fd[k] < 0)
			continue;
		l->io[k].data = l;
		ev_io_init(&l->io[k], on_accept, l->fd[k], EV_READ);
		ev_io_start(d->loop, &l->io[k]);
	}
	*ret = l;
	return 0;
}

void listener_destroy(struct listener *l)
{
	if (!l)
		return;
	while (l->first)
		waiting_end(l->first);
	ev_timer_stop(l->d->loop, &l->pause);
	for (unsigned k = 0; k < 2; k++)
		if (l->fd[k] >= 0) {
			ev_io_stop(l->d->loop, &l->io[k]);
			close_fd(&l->fd[k]);
		}
	free(l);
}

const struct listener_counts *listener_counts(const struct listener *l)
{
	return &l->counts;
}
