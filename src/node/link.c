/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how supervisors are started and how packets go to and fro. */
#include "node/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"

#define STATUS_GRACE	2.0 /* seconds in which an exit status must follow the end of file */
#define PACKETS_AT_ONCE 16

struct link {
	struct ev_loop *loop;
	ev_io io;
	ev_child child;
	ev_timer grace;
	int fd;
	pid_t pid;
	bool is_child, at_end;
	const struct link_ops *ops;
	void *data;
};

static void link_end(struct link *l, int status)
{
	const struct link_ops *ops = l->ops;
	void *data = l->data;

	ev_io_stop(l->loop, &l->io);
	ev_child_stop(l->loop, &l->child);
	ev_timer_stop(l->loop, &l->grace);
	close_fd(&l->fd);
	free(l);
	ops->closed(data, status);
}

static void at_end_of_file(struct link *l)
{
	l->at_end = true;
	ev_io_stop(l->loop, &l->io);
	if (!l->is_child) {
		link_end(l, LINK_STATUS_UNKNOWN);
		return;
	}
	ev_timer_start(l->loop, &l->grace); /* how it ended is worth a short wait */
}

/* Return: 1 a packet was handled, 0 none waits, -errno at the end. */
static int read_packet(struct link *l)
{
	static char data[LINK_PACKET_MAX];
	json_error_t je;
	json_t *o;
	ssize_t n = recv(l->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);

	/* It ended with something of ours unread. That is told once, before what it sent itself. */
	if (n < 0 && errno == ECONNRESET)
		n = recv(l->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		return -ENODATA;
	o = (size_t)n <= sizeof(data) ? json_loadb(data, (size_t)n, 0, &je) : NULL;
	if (!json_is_object(o)) {
		log_warning("process %d sent a packet that is no JSON object", (int)l->pid);
		json_decref(o);
		return 1;
	}
	l->ops->packet(l->data, o);
	json_decref(o);
	return 1;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct link *l = w->data;

	for (unsigned i = 0; i < PACKETS_AT_ONCE; i++) {
		int r = read_packet(l);

		if (r < 0)
			at_end_of_file(l);
		if (r <= 0)
			return;
	}
}

static void on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	struct link *l = w->data;
	int status = w->rstatus;

	/* What it sent before it ended still counts. */
	while (!l->at_end && read_packet(l) > 0)
		;
	link_end(l, status);
}

static void on_grace(struct ev_loop *loop, ev_timer *w, int revents)
{
	link_end(w->data, LINK_STATUS_UNKNOWN);
}

static int link_create(struct ev_loop *loop, int fd, pid_t pid, bool is_child,
		       const struct link_ops *ops, void *data, struct link **ret)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	*l = (struct link){
		.loop = loop, .fd = fd, .pid = pid, .is_child = is_child, .ops = ops, .data = data
	};
	l->io.data = l->child.data = l->grace.data = l;
	ev_io_init(&l->io, on_readable, fd, EV_READ);
	ev_child_init(&l->child, on_child, pid, 0);
	ev_timer_init(&l->grace, on_grace, STATUS_GRACE, 0);
	ev_io_start(loop, &l->io);
	if (is_child)
		ev_child_start(loop, &l->child);
	*ret = l;
	return 0;
}

/* In the child: puts the descriptors in place and becomes the program. */
static _Noreturn void become(const char *path, const char *program, int fd3, int fd4)
{
	char *argv[] = { strdupa(program), NULL };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int a = fcntl(fd3, F_DUPFD, 10), b = fd4 >= 0 ? fcntl(fd4, F_DUPFD, 10) : -1;

	if (a < 0 || dup2(a, 3) < 0)
		_exit(126);
	if (fd4 >= 0 ? b < 0 || dup2(b, 4) < 0 : close(4) < 0 && errno != EBADF)
		_exit(126);
	(void)syscall(SYS_close_range, 5U, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)sigaction(SIGPIPE, &dfl, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid(); /* a Ctrl-C meant for mosd in a terminal is not for its supervisors */
	(void)execv(path, argv);
	_exit(127);
}

static int find_program(const char *program, char *to, size_t size, struct err *e)
{
	char dir[PATH_MAX];
	const char *dirs[] = { dir, MOS_LIBEXEC };

	if (io_own_dir(dir, sizeof(dir)) < 0)
		dirs[0] = MOS_LIBEXEC;
	for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++) {
		int n = snprintf(to, size, "%s/%s", dirs[i], program);

		if (n > 0 && (size_t)n < size && !access(to, X_OK))
			return 0;
	}
	return err_reason(e, -ENOENT, "no-supervisor",
			  "%s is neither in %s nor in %s: install it there", program, dirs[0],
			  MOS_LIBEXEC);
}

int link_spawn(struct ev_loop *loop, const char *program, int fd4, const struct link_ops *ops,
	       void *data, struct link **ret, struct err *e)
{
	CLEANUP(close_fd) int ours = -1;
	CLEANUP(close_fd) int theirs = -1;
	char path[PATH_MAX];
	int pair[2], r;
	pid_t pid;

	r = find_program(program, path, sizeof(path), e);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "socket pair for %s: %s", program, strerror(errno));
	ours = pair[0];
	theirs = pair[1];
	(void)io_set_nonblock(ours);
	pid = fork();
	if (pid < 0)
		return err_set(e, -errno, "fork for %s: %s", program, strerror(errno));
	if (!pid)
		become(path, program, theirs, fd4);
	r = link_create(loop, ours, pid, true, ops, data, ret);
	if (r < 0)
		return err_set(e, r, "start %s: %s", program, strerror(-r)); /* it sees the end */
	(void)steal_fd(&ours);
	return 0;
}

int link_adopt(struct ev_loop *loop, int fd, pid_t pid, const struct link_ops *ops, void *data,
	       struct link **ret)
{
	int r = link_create(loop, fd, pid, false, ops, data, ret);

	if (r < 0)
		close_fd(&fd);
	return r;
}

int link_send(struct link *l, json_t *o, int fd)
{
	CLEANUP(free_ptr) char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} ctl = { 0 };
	struct iovec iov = { .iov_base = text };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int r;

	json_decref(o);
	if (!text)
		return -ENOMEM;
	if (l->at_end)
		return -EPIPE;
	iov.iov_len = strlen(text);
	if (iov.iov_len > LINK_PACKET_MAX)
		return -EMSGSIZE;
	if (fd >= 0) {
		m.msg_control = ctl.bytes;
		m.msg_controllen = sizeof(ctl.bytes);
		ctl.align.cmsg_level = SOL_SOCKET;
		ctl.align.cmsg_type = SCM_RIGHTS;
		ctl.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&ctl.align), &fd, sizeof(fd));
	}
	r = sendmsg(l->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
	explicit_bzero(text, iov.iov_len); /* it may have been a secret */
	return r;
}

void link_drop(struct link *l)
{
	if (l)
		(void)shutdown(l->fd, SHUT_RDWR);
}

pid_t link_pid(const struct link *l)
{
	return l->pid;
}
