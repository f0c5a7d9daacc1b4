/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("process: pid, parent, group, session and thread id never change")

int main(void)
{
	pid_t pid = getpid(), ppid = getppid(), pgrp = getpgrp(), sid = getsid(0), child;
	int p[2], status;

	G_OK(pipe(p));
	child = G_OK(fork()); /* a parent that may move: its child sees the same number */
	if (child == 0) {
		char c;

		G_OK(close(p[1]));
		G_EQ(read(p[0], &c, 1), 0);
		_exit(getppid() == pid ? 0 : 1);
	}
	G_OK(close(p[0]));
	g_ready();
	while (g_waiting()) {
		G_EQ(syscall(SYS_getpid), pid);
		G_EQ(syscall(SYS_gettid), pid);
		G_EQ(getppid(), ppid);
		G_EQ(getpgrp(), pgrp);
		G_EQ(getpgid(0), pgrp);
		G_EQ(getpgid(child), pgrp);
		G_EQ(getsid(0), sid);
		G_OK(kill(pid, 0));
		G_OK(kill(child, 0));
	}
	G_OK(close(p[1]));
	G_EQ(waitpid(child, &status, 0), child);
	G_EQ(status, 0);
	return g_pass();
}
