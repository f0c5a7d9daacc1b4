/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("signal: sigtimedwait takes a queued signal of a child, and times out in time")
GUEST_MAY_GO_HOME("signal-wait")

int main(void)
{
	struct timespec short_time = { .tv_nsec = 20 * G_NS_PER_MS }, long_time = { .tv_sec = 60 };
	sigset_t set;
	siginfo_t si;
	int p[2], status;
	pid_t child;
	char c = 1;

	G_OK(sigemptyset(&set));
	G_OK(sigaddset(&set, SIGRTMIN + 3));
	G_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	G_OK(pipe(p));
	child = G_OK(fork());
	if (child == 0) {
		G_OK(close(p[1]));
		while (read(p[0], &c, 1) == 1)
			G_OK(sigqueue(getppid(), SIGRTMIN + 3, (union sigval){ .sival_int = c }));
		_exit(0);
	}
	G_OK(close(p[0]));
	g_ready();
	g_wait();
	for (int turn = 0; turn < 5; turn++) {
		long long from = g_now(), took;

		G_EQ(sigtimedwait(&set, &si, &short_time), -1);
		G_EQ(errno, EAGAIN);
		took = g_now() - from;
		G_BETWEEN(took, 19 * G_NS_PER_MS, 2 * G_NS_PER_S);
		G_EQ(write(p[1], &c, 1), 1);
		G_EQ(sigtimedwait(&set, &si, &long_time), SIGRTMIN + 3);
		G_EQ(si.si_pid, child);
		G_EQ(si.si_code, SI_QUEUE);
		G_EQ(si.si_value.sival_int, c);
		c = (char)(c % 100 + 1);
	}
	G_OK(close(p[1]));
	G_EQ(waitpid(child, &status, 0), child);
	G_EQ(status, 0);
	return g_pass();
}
