/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how nodes come up: holders, cables, mosd, one step for all nodes at a time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/util.h"
#include "lab/vm.h"

volatile int lab_stop;

static int holder_exec(const struct lab *l, unsigned node, int sock)
{
	char path[LAB_PATH], name[16], num[16];
	sigset_t none;
	int log, null;

	(void)setsid();
	log = open(lab_path(path, l, "%s/log", lab_node_str(name, node)),
		   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		return -errno;
	if (sock != 3 && dup2(sock, 3) < 0)
		return -errno;
	if (sock == 3 && fcntl(3, F_SETFD, 0) < 0)
		return -errno;
	/* a caller's pipe must not be kept open by us for as long as the lab stands */
	if (close_range(4, ~0U, 0) < 0)
		return -errno;
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)snprintf(num, sizeof(num), "%u", node);
	(void)execl("/proc/self/exe", "moslab", "__init", l->name, num, (char *)NULL);
	return -errno;
}

/* Return: our end of the holder's socket. */
static int holder_spawn(const struct lab *l, unsigned node, struct err *e)
{
	CLEANUP(close_fd) int ours = -1;
	CLEANUP(close_fd) int its = -1;
	char path[LAB_PATH], name[16];
	int sv[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return err_set(e, -errno, "socketpair: %s", strerror(errno));
	ours = sv[0];
	its = sv[1];
	pid = fork();
	if (!pid) {
		(void)holder_exec(l, node, its);
		_exit(LAB_FAILED);
	}
	if (pid < 0)
		return err_set(e, -errno, "fork: %s", strerror(errno));
	r = lab_proc_save(lab_path(path, l, "%s/pid", lab_node_str(name, node)), pid);
	return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : steal_fd(&ours);
}

static int holder_expect(int fd, unsigned node, const char *word, struct err *e)
{
	nsec_t end = mono_now() + LAB_WAIT_MS * NSEC_PER_MSEC;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[ERR_MSG_MAX], name[16];
	ssize_t n;

	(void)lab_node_str(name, node);
	for (;;) {
		nsec_t left = end - mono_now();
		int r = left > 0 ? poll(&p, 1, (int)(left / NSEC_PER_MSEC) + 1) : 0;

		if (lab_stop)
			return err_set(e, -EINTR, "interrupted");
		if (!r)
			return err_set(e, -ETIMEDOUT, "%s does not answer", name);
		if (r > 0)
			break;
	}
	n = recv(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return err_set(e, -EPIPE, "the holder of %s died (moslab logs)", name);
	text[n] = '\0';
	if (strcmp(text, word) != 0)
		return err_set(e, -EIO, "%s: %s", name, text);
	return 0;
}

static int control_answers(const char *path)
{
	CLEANUP(close_fd) int fd = -1;

	/* mosd alone knows its socket's type; one of the two is wrong with EPROTOTYPE */
	for (unsigned i = 0; i < 2; i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };

		fd = socket(AF_UNIX, (i ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC, 0);
		(void)snprintf(a.sun_path, sizeof(a.sun_path), "%.107s", path);
		if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)))
			return 0;
		if (errno != EPROTOTYPE)
			break;
		close_fd(&fd);
	}
	return -errno;
}

static int mosd_wait(const struct lab *l, unsigned node, nsec_t end, struct err *e)
{
	char path[LAB_PATH], control[LAB_PATH];
	struct lab_proc p;
	unsigned nap = 2;

	if (!l->mosd[0])
		return 0;
	if (lab_proc_load(lab_path(path, l, "node%u/mosd.pid", node), &p) < 0)
		return err_set(e, -ESRCH, "%s is missing", path);
	(void)lab_path(control, l, "node%u/run/control", node);
	while (control_answers(control) < 0) {
		if (!lab_proc_alive(&p))
			return err_set(e, -ESRCH, "mosd of node %u ended while it was starting",
				       node);
		if (lab_stop)
			return err_set(e, -EINTR, "interrupted");
		if (mono_now() > end)
			return err_set(e, -ETIMEDOUT,
				       "mosd of node %u does not answer at /run/umosix/control",
				       node);
		lab_nap(nap);
		nap = MIN(nap + 1, 20U);
	}
	return 0;
}

/* What a machine loses with its power: /run, and the pid files of the dead. */
static int node_reset(const struct lab *l, unsigned node, struct err *e)
{
	static const char *const gone[] = { "run", "scratch", "pid", "mosd.pid", "vm.pid", "up", "ssh" };
	char path[LAB_PATH];
	int r = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(gone) && !r; i++)
		r = lab_rm_tree(lab_path(path, l, "node%u/%s", node, gone[i]));
	for (unsigned i = 0; i < 2 && !r; i++) {
		(void)lab_path(path, l, "node%u/%s", node, gone[i]);
		r = mkdir(path, i ? 0700 : 0755) < 0 ? -errno : chmod(path, i ? 0700 : 0755);
	}
	return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int nodes_steps(struct lab *l, unsigned first, unsigned last, int *sock, struct err *e)
{
	nsec_t end;
	int r;

	for (unsigned i = first; i <= last; i++) {
		if (i != LAB_SWITCH && (r = node_reset(l, i, e)) < 0)
			return r;
		r = group_make(l, i, e);
		if (r < 0)
			return r;
		sock[i] = holder_spawn(l, i, e);
		if (sock[i] < 0)
			return sock[i];
	}
	for (unsigned i = first; i <= last; i++) {
		r = holder_expect(sock[i], i, "ready", e);
		if (r < 0)
			return r;
		r = i == LAB_SWITCH ? net_switch(l, e) : net_plug(l, i, e);
		if (r < 0)
			return err_wrap(e, r, "cable of node %u", i);
	}
	for (unsigned i = first; i <= last; i++)
		if (send(sock[i], "go", 2, MSG_NOSIGNAL) < 0)
			return err_set(e, -errno, "the holder of node %u died", i);
	for (unsigned i = first; i <= last; i++) {
		r = holder_expect(sock[i], i, "up", e);
		if (r < 0)
			return r;
	}
	end = mono_now() + LAB_WAIT_MS * NSEC_PER_MSEC;
	for (unsigned i = MAX(first, 1U); i <= last; i++) {
		r = l->vm[0] ? vm_wait(l, i, e) : mosd_wait(l, i, end, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int nodes_start(struct lab *l, unsigned first, unsigned last, struct err *e)
{
	int sock[LAB_NODES + 1], r;

	for (unsigned i = first; i <= last; i++)
		sock[i] = -1;
	r = nodes_steps(l, first, last, sock, e);
	for (unsigned i = first; i <= last; i++)
		close_fd(&sock[i]);
	return r;
}
