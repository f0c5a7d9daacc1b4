/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's holder: makes its namespaces, starts its mosd, then only waits. It restarts nothing;
 * when it dies, mosd dies with it. Node 0, the switch, has a network namespace and nothing else. A node
 * that is a virtual machine has no namespaces, and QEMU in place of mosd.
 *
 * DOC: with whoever starts it, it talks over the packet socket on descriptor 3:
 * "ready" when the namespaces stand; then it waits for "go" (the cable is in), starts mosd and
 * answers "up"; any other answer is the text of an error. If that socket closes before "go", the
 * starter has died and so does this. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "lab/vm.h"

#define INIT_SOCKET 3

static int namespaces(const struct lab *l, unsigned node, struct err *e)
{
	char name[16];

	if (node == LAB_SWITCH)
		return unshare(CLONE_NEWNET) < 0
			       ? err_set(e, -errno, "unshare: %s", strerror(errno))
			       : 0;
	if (l->vm[0])
		return 0;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		return err_set(e, -errno, "unshare: %s", strerror(errno));
	(void)lab_node_str(name, node);
	if (sethostname(name, strlen(name)) < 0)
		return err_set(e, -errno, "sethostname: %s", strerror(errno));
	return place_mount(l, node, e);
}

static _Noreturn void mosd_exec(const struct lab *l, unsigned node, pid_t parent)
{
	char group[64];
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	(void)snprintf(group, sizeof(group), "%s-node%u", l->name, node);
	(void)setenv("MOS_CGROUP_NAME", group, 1);
	(void)execlp(l->mosd, "mosd", (char *)NULL);
	log_error("%s cannot be started: %s", l->mosd, strerror(errno));
	_exit(127);
}

static int mosd_start(const struct lab *l, unsigned node, struct err *e)
{
	pid_t parent = getpid(), pid;
	char path[LAB_PATH];
	int r;

	if (node != LAB_SWITCH && l->vm[0])
		return vm_start(l, node, e);
	if (node == LAB_SWITCH || !l->mosd[0])
		return 0;
	pid = fork();
	if (!pid)
		mosd_exec(l, node, parent);
	if (pid < 0)
		return err_set(e, -errno, "fork: %s", strerror(errno));
	/* By a path of the machine: /run/moslab is the same in here. */
	r = lab_proc_save(lab_path(path, l, "node%u/mosd.pid", node), pid);
	return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

static int say(const char *text)
{
	return send(INIT_SOCKET, text, strlen(text), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int prepare(struct lab *l, unsigned node, struct err *e)
{
	char word[16];
	ssize_t n;
	int r;

	r = lab_load(l, e);
	if (r < 0)
		return r;
	r = group_join(l, node, e);
	if (r < 0)
		return r;
	r = namespaces(l, node, e);
	if (r < 0)
		return r;
	if (say("ready") < 0)
		return err_set(e, -EPIPE, "whoever started this has died");
	do
		n = recv(INIT_SOCKET, word, sizeof(word), 0);
	while (n < 0 && errno == EINTR);
	if (n != 2 || memcmp(word, "go", 2) != 0)
		return err_set(e, -EPIPE, "whoever started this has died");
	return mosd_start(l, node, e);
}

/* @name: what @main is. */
static void reap(pid_t pid, int st, const struct lab_proc *main, const char *name)
{
	if (WIFSIGNALED(st) && pid == main->pid)
		log_warning("%s (pid %d) was killed by signal %d", name, pid, WTERMSIG(st));
	else if (pid == main->pid)
		log_warning("%s (pid %d) exited with status %d", name, pid, WEXITSTATUS(st));
	else
		log_debug("orphan %d ended", pid);
}

int init_main(const char *name, unsigned node)
{
	struct lab_proc main = { 0 };
	CLEANUP(free_ptr) struct lab *l = malloc(sizeof(*l));
	char who[64], word[16], path[LAB_PATH];
	const char *runs;
	struct err e = ERR_INIT;
	sigset_t child;
	int r, st;

	if (!l)
		return LAB_FAILED;
	lab_init(l, name);
	(void)snprintf(who, sizeof(who), "moslab %s", lab_node_str(word, node));
	log_init(who);
	(void)umask(022);
	(void)fcntl(INIT_SOCKET, F_SETFD, FD_CLOEXEC);
	(void)chdir("/");
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &child, NULL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans of mosd's are reaped here */
	r = prepare(l, node, &e);
	if (r < 0) {
		log_error("%s", err_str(&e, r));
		(void)say(err_str(&e, r));
		return LAB_FAILED;
	}
	(void)say("up");
	(void)close(INIT_SOCKET);
	runs = node != LAB_SWITCH && l->vm[0] ? "vm" : "mosd";
	(void)lab_proc_load(lab_path(path, l, "%s/%s.pid", word, runs), &main);
	for (;;) {
		pid_t pid = waitpid(-1, &st, WNOHANG);

		if (pid > 0)
			reap(pid, st, &main, runs);
		else
			(void)sigwaitinfo(&child, NULL);
		/* A machine that was shut down from within is down. */
		if (pid > 0 && pid == main.pid && !strcmp(runs, "vm"))
			return LAB_OK;
	}
}
