/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec and run: a command on a node. exec becomes the command, so terminal, signals, pid and exit
 * status are the command's own. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "lab/vm.h"

static int enter(const struct lab *l, unsigned node, struct err *e)
{
	CLEANUP(close_fd) int fd = lab_node_open(l, node, NULL);
	int r;

	if (fd < 0)
		return err_set(e, fd, "node %u of lab '%s' is down (moslab start %u --name %s)",
			       node, l->name, node, l->name);
	/* First the cgroup: from here on `kill` and `down` find us, whatever we have entered. */
	r = group_join(l, node, e);
	if (r < 0)
		return r;
	if (setns(fd, CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		return err_set(e, -errno, "cannot enter node %u: %s", node, strerror(errno));
	return 0;
}

static int become(const struct passwd *pw, struct err *e)
{
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return err_set(e, -errno, "cannot become %s: %s", pw->pw_name, strerror(errno));
	(void)setenv("HOME", pw->pw_dir, 1);
	(void)setenv("USER", pw->pw_name, 1);
	(void)setenv("LOGNAME", pw->pw_name, 1);
	(void)setenv("SHELL", pw->pw_shell, 1);
	return 0;
}

static int go(const struct lab *l, unsigned node, const struct exec_opts *o, struct err *e)
{
	CLEANUP(free_ptr) char *cwd = getcwd(NULL, 0);
	const struct passwd *pw = NULL;
	int r;

	if (!node || node > l->nodes)
		return err_set(e, -EINVAL, "lab '%s' has the nodes 1 to %u", l->name, l->nodes);
	if (l->vm[0])
		return vm_exec(l, node, o, e);
	/* before the node's /etc covers the machine's: the same users, but perhaps sockets of NSS
	 */
	if (o->user && !(pw = getpwnam(o->user)))
		return err_set(e, -ENOENT, "no user '%s'", o->user);
	r = enter(l, node, e);
	if (r < 0)
		return r;
	if (pw && (r = become(pw, e)) < 0)
		return r;
	if (o->cwd && chdir(o->cwd) < 0)
		return err_set(e, -errno, "--cwd %s: %s", o->cwd, strerror(errno));
	if (!o->cwd && (!cwd || chdir(cwd) < 0))
		(void)chdir("/");
	(void)setenv("MOSLAB_NAME", l->name, 1);
	return 0;
}

/* Return: only with an exit code, as env(1) has them. */
static int exec_loaded(struct lab *l, unsigned node, const struct exec_opts *o)
{
	struct err e = ERR_INIT;
	int r = go(l, node, o, &e), no;

	if (r < 0) {
		lab_say("%s", err_str(&e, r));
		return LAB_EXEC_FAILED;
	}
	(void)execvp(o->argv[0], o->argv);
	no = errno;
	lab_say("%s: %s", o->argv[0], strerror(no));
	return no == ENOENT ? 127 : 126;
}

int cmd_exec(struct lab *l, unsigned node, const struct exec_opts *o)
{
	struct err e = ERR_INIT;
	int r = lab_load(l, &e);

	if (r < 0) {
		lab_say("%s", err_str(&e, r));
		return LAB_EXEC_FAILED;
	}
	return exec_loaded(l, node, o);
}

static volatile pid_t run_child;

static void pass_on(int sig)
{
	if (run_child > 0)
		(void)kill(run_child, sig);
}

/* Ctrl-C and Ctrl-\ reach the command from the terminal by themselves; we outlive it. */
static void run_signals(void)
{
	static const int passed[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	struct sigaction a = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

	for (unsigned i = 0; i < ARRAY_SIZE(passed); i++)
		(void)sigaction(passed[i], &a, NULL);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
}

static int run_command(struct lab *l, const struct exec_opts *o)
{
	sigset_t all, old;
	int st;

	/* no signal between the fork and the child's own dispositions, or run_child's value */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	run_child = fork();
	if (!run_child) {
		for (int s = 1; s < NSIG; s++)
			(void)signal(s, SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(exec_loaded(l, 1, o));
	}
	run_signals();
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (run_child < 0) {
		lab_say("fork: %s", strerror(errno));
		return LAB_EXEC_FAILED;
	}
	while (waitpid(run_child, &st, 0) < 0)
		if (errno != EINTR)
			return LAB_EXEC_FAILED;
	run_child = 0;
	return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}

int cmd_run(struct lab *l, const struct exec_opts *o)
{
	int status, r;

	if (cmd_up(l))
		return LAB_EXEC_FAILED;
	lab_finish(l); /* the command may kill, cut, heal */
	status = run_command(l, o);
	r = cmd_down(l);
	return status || !r ? status : LAB_EXEC_FAILED;
}
