/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "guest.h"

GUEST("signal: one that waits vanishes when it is ignored or its opposite comes, and the next is taken")

static volatile int came;

static void on_signal(int sig)
{
	(void)sig;
	came++;
}

static void until_pending(int sig, int want)
{
	long long from = g_now();
	sigset_t set;

	do {
		G_OK(sigpending(&set));
		G_BETWEEN(g_now() - from, 0, 20 * G_NS_PER_S);
	} while (sigismember(&set, sig) != want);
}

/* Not cut short: nothing of what has vanished breaks it off. */
static void whole_nap(void)
{
	struct timespec nap = { .tv_nsec = 20 * G_NS_PER_MS };
	long long from = g_now();

	G_OK(nanosleep(&nap, NULL));
	G_BETWEEN(g_now() - from, 19 * G_NS_PER_MS, 5 * G_NS_PER_S);
}

int main(void)
{
	sigset_t set, none;

	G_OK(sigemptyset(&none));
	G_OK(sigemptyset(&set));
	G_OK(sigaddset(&set, SIGUSR1));
	G_OK(sigaddset(&set, SIGTSTP));
	G_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	g_ready();
	g_wait();
	for (int turn = 0; turn < 3; turn++) {
		G_EQ(signal(SIGUSR1, on_signal) == SIG_ERR, 0);
		G_OK(kill(getpid(), SIGUSR1));
		until_pending(SIGUSR1, 1);
		G_EQ(signal(SIGUSR1, SIG_IGN) == on_signal, 1);
		until_pending(SIGUSR1, 0);
		G_EQ(signal(SIGUSR1, on_signal) == SIG_IGN, 1);
		G_OK(kill(getpid(), SIGUSR1));
		until_pending(SIGUSR1, 1);
		G_OK(kill(getpid(), SIGTSTP));
		until_pending(SIGTSTP, 1);
		G_OK(kill(getpid(), SIGCONT));
		until_pending(SIGTSTP, 0);
		G_OK(sigprocmask(SIG_SETMASK, &none, NULL));
		while (came == turn)
			whole_nap();
		G_EQ(came, turn + 1);
		whole_nap();
		whole_nap();
		G_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	}
	return g_pass();
}
