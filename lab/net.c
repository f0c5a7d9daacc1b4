/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the lab's cables: a bridge in the switch's network namespace, a veth pair to each node, a
 * tap where the node is a virtual machine.
 * The machine's own network namespace has no part in it. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "lab/lab.h"

static _Noreturn void batch_child(int netns, int in, int out, bool force)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setns(netns, CLONE_NEWNET) < 0) {
		(void)dprintf(out, "setns: %s\n", strerror(errno));
		_exit(1);
	}
	(void)dup2(in, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	/* -force goes on after a failing line */
	if (force)
		(void)execlp("ip", "ip", "-force", "-batch", "-", (char *)NULL);
	else
		(void)execlp("ip", "ip", "-batch", "-", (char *)NULL);
	(void)dprintf(out, "ip (iproute2): %s\n", strerror(errno));
	_exit(1);
}

int net_batch(int pidfd, const char *text, bool force, struct err *e)
{
	CLEANUP(close_fd) int in = memfd_create("ip", MFD_CLOEXEC);
	CLEANUP(close_fd) int out = memfd_create("ip-says", MFD_CLOEXEC);
	char says[160];
	ssize_t n;
	pid_t pid;
	int st, r;

	if (in < 0 || out < 0)
		return err_set(e, -errno, "memfd_create: %s", strerror(errno));
	r = io_write_all(in, text, strlen(text));
	if (r < 0 || lseek(in, 0, SEEK_SET) < 0)
		return err_set(e, -EIO, "memfd cannot be written");
	pid = fork();
	if (!pid)
		batch_child(pidfd, in, out, force);
	if (pid < 0)
		return err_set(e, -errno, "fork: %s", strerror(errno));
	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return err_set(e, -errno, "waitpid: %s", strerror(errno));
	if (!st || force)
		return 0;
	n = pread(out, says, sizeof(says) - 1, 0);
	says[MAX(n, 0)] = '\0';
	says[strcspn(says, "\n")] = '\0';
	return err_set(e, -EIO, "ip: %s", says);
}

static int switch_open(const struct lab *l, struct err *e)
{
	int fd = lab_node_open(l, LAB_SWITCH, NULL);

	if (fd < 0)
		return err_set(e, fd, "the switch of lab '%s' has died (moslab down --name %s)",
			       l->name, l->name);
	return fd;
}

int net_switch(const struct lab *l, struct err *e)
{
	CLEANUP(close_fd) int fd = switch_open(l, e);
	char text[256];
	int n;

	if (fd < 0)
		return fd;
	/* No snooping: nodes may look for each other by multicast, and nobody here queries. */
	n = snprintf(text, sizeof(text),
		     "link set lo up\n"
		     "link add br0 type bridge stp_state 0 mcast_snooping 0\n"
		     "link set br0 up\n");
	if (l->vm[0]) /* `exec` comes from here */
		(void)snprintf(text + n, sizeof(text) - (size_t)n, "addr add 10.77.%u.254/24 dev br0\n",
			       l->net);
	return net_batch(fd, text, false, e);
}

/* A virtual machine has the other end of a tap, and gives itself its address. */
static int plug_vm(int hub, unsigned node, bool up, struct err *e)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "tuntap add dev node%u mode tap\n"
		       "link set node%u master br0 %s\n",
		       node, node, up ? "up" : "down");
	return net_batch(hub, text, false, e);
}

int net_plug(const struct lab *l, unsigned node, struct err *e)
{
	CLEANUP(close_fd) int hub = switch_open(l, e);
	CLEANUP(close_fd) int fd = -1;
	char text[512], path[LAB_PATH];
	struct lab_proc p;
	int r;

	if (hub < 0)
		return hub;
	fd = lab_node_open(l, node, &p);
	if (fd < 0)
		return err_set(e, fd, "node %u died while it was starting", node);
	/* The address is the node's for good: after a restart the others send where it was before.
	 * Whoever pulled the cable out must put it in again. */
	r = access(lab_path(path, l, "node%u/cut", node), F_OK);
	if (l->vm[0])
		return plug_vm(hub, node, r < 0, e);
	(void)snprintf(text, sizeof(text),
		       "link add node%u type veth peer name eth0 address 02:6d:6f:73:%02x:%02x netns %d\n"
		       "link set node%u master br0 %s\n",
		       node, node >> 8 & 0xff, node & 0xff, p.pid, node, r < 0 ? "up" : "down");
	r = net_batch(hub, text, false, e);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text),
		       "link set lo up\n"
		       "addr add 10.77.%u.%u/24 brd + dev eth0\n"
		       "link set eth0 up\n",
		       l->net, node);
	return net_batch(fd, text, false, e);
}

int net_link(const struct lab *l, unsigned node, bool up, struct err *e)
{
	CLEANUP(close_fd) int hub = switch_open(l, e);
	char text[64];

	(void)snprintf(text, sizeof(text), "link set node%u %s\n", node, up ? "up" : "down");
	return hub < 0 ? hub : net_batch(hub, text, false, e);
}

void net_unplug(const struct lab *l, unsigned node)
{
	CLEANUP(close_fd) int hub = switch_open(l, NULL);
	char text[64];

	(void)snprintf(text, sizeof(text), "link del node%u\n", node);
	if (hub >= 0)
		(void)net_batch(hub, text, true, NULL);
}
