/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the hello of a supervisor, which must be its first packet. */
#include "node/rejoin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "node/link.h"
#include "node/obj.h"
#include "node/paths.h"
#include "node/process/guests.h"
#include "node/process/homes.h"

#define HELLO_TIMEOUT 5.0

struct rejoin {
	struct mosd *d;
	int fd;
	ev_io io;
	struct newcomer *first;
};

struct newcomer {
	struct newcomer *next;
	struct rejoin *all;
	int fd;
	pid_t pid;
	ev_io io;
	ev_timer deadline;
};

static void newcomer_end(struct newcomer *n)
{
	struct newcomer **at = &n->all->first;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	ev_io_stop(n->all->d->loop, &n->io);
	ev_timer_stop(n->all->d->loop, &n->deadline);
	close_fd(&n->fd);
	free(n);
}

static void on_hello(struct ev_loop *loop, ev_io *w, int revents)
{
	static char data[LINK_PACKET_MAX];
	struct newcomer *n = w->data;
	struct mosd *d = n->all->d;
	struct err e = ERR_INIT;
	const char *kind;
	json_t *o;
	ssize_t len = recv(n->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
	int r = -EPROTO;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	o = len > 0 && (size_t)len <= sizeof(data) ? json_loadb(data, (size_t)len, 0, NULL) : NULL;
	kind = obj_str(o, "kind");
	ev_io_stop(loop, &n->io);
	if (!kind || !obj_str(o, "ev") || strcmp(obj_str(o, "ev"), "hello"))
		(void)err_set(&e, r, "the first packet is no hello");
	else if (!strcmp(kind, "home"))
		r = home_adopt(d, steal_fd(&n->fd), n->pid, o, &e);
	else if (!strcmp(kind, "guest"))
		r = guests_adopt(d->guests, steal_fd(&n->fd), n->pid, o, &e);
	else
		(void)err_set(&e, r, "unknown kind of supervisor");
	if (r < 0)
		log_warning("supervisor %d turned away: %s", (int)n->pid, err_str(&e, r));
	json_decref(o);
	newcomer_end(n);
}

static void on_deadline(struct ev_loop *loop, ev_timer *t, int revents)
{
	newcomer_end(t->data);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	struct rejoin *j = w->data;
	CLEANUP(close_fd) int fd = accept4(j->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct newcomer *n;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	/* The mode of the socket lets only root in; a descriptor passed on must not help either. */
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.uid)
		return;
	n = calloc(1, sizeof(*n));
	if (!n)
		return;
	n->all = j;
	n->fd = steal_fd(&fd);
	n->pid = cred.pid;
	n->next = j->first;
	j->first = n;
	n->io.data = n->deadline.data = n;
	ev_io_init(&n->io, on_hello, n->fd, EV_READ);
	ev_timer_init(&n->deadline, on_deadline, HELLO_TIMEOUT, 0);
	ev_io_start(loop, &n->io);
	ev_timer_start(loop, &n->deadline);
}

int rejoin_create(struct mosd *d, struct rejoin **ret, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = MOS_SUPERVISORS_PATH };
	CLEANUP(close_fd)
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct rejoin *j;
	mode_t old;
	int r;

	if (fd < 0)
		return err_set(e, -errno, "socket for supervisors: %s", strerror(errno));
	(void)unlink(MOS_SUPERVISORS_PATH);
	old = umask(0177);
	r = bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 256) < 0 ? -errno
											: 0;
	(void)umask(old);
	if (r < 0)
		return err_set(e, r, "%s: %s", MOS_SUPERVISORS_PATH, strerror(-r));
	j = calloc(1, sizeof(*j));
	if (!j)
		return err_set(e, -ENOMEM, "out of memory");
	j->d = d;
	j->fd = steal_fd(&fd);
	j->io.data = j;
	ev_io_init(&j->io, on_accept, j->fd, EV_READ);
	ev_io_start(d->loop, &j->io);
	*ret = j;
	return 0;
}

void rejoin_destroy(struct rejoin *j)
{
	if (!j)
		return;
	(void)unlink(MOS_SUPERVISORS_PATH);
	while (j->first)
		newcomer_end(j->first);
	ev_io_stop(j->d->loop, &j->io);
	close_fd(&j->fd);
	free(j);
}
