/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("process: children made afterwards end as they should, and waiting tells how")
GUEST_MAY_GO_HOME("fork")

int main(void)
{
	siginfo_t si;
	int status;
	pid_t child;

	g_ready();
	g_wait();
	child = G_OK(fork());
	if (child == 0) {
		g_compute(100000);
		_exit(42);
	}
	G_EQ(waitpid(child, &status, 0), child);
	G_TRUE(WIFEXITED(status));
	G_EQ(WEXITSTATUS(status), 42);
	child = G_OK(fork());
	if (child == 0) {
		G_OK(raise(SIGTERM));
		_exit(1);
	}
	G_OK(waitid(P_PID, (id_t)child, &si, WEXITED | WNOWAIT));
	G_EQ(si.si_code, CLD_KILLED);
	G_EQ(si.si_status, SIGTERM);
	G_EQ(waitpid(-1, &status, 0), child);
	G_TRUE(WIFSIGNALED(status));
	G_EQ(WTERMSIG(status), SIGTERM);
	G_EQ(waitpid(-1, &status, 0), -1);
	G_EQ(errno, ECHILD);
	return g_pass();
}
