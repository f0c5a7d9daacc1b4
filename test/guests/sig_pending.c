/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "guest.h"

GUEST("signal: blocked signals stay pending, in order, with their values")

static volatile int order[8], values[8], n;

static void on_signal(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	order[n] = sig;
	values[n++] = si->si_value.sival_int;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	sigset_t all, pending, now;

	G_OK(sigfillset(&sa.sa_mask));
	G_OK(sigaction(SIGUSR1, &sa, NULL));
	G_OK(sigaction(SIGRTMIN, &sa, NULL));
	G_OK(sigaction(SIGRTMIN + 1, &sa, NULL));
	G_OK(sigemptyset(&all));
	G_OK(sigaddset(&all, SIGUSR1));
	G_OK(sigaddset(&all, SIGRTMIN));
	G_OK(sigaddset(&all, SIGRTMIN + 1));
	G_OK(sigprocmask(SIG_BLOCK, &all, NULL));
	G_OK(raise(SIGUSR1));
	G_OK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 31 }));
	G_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 11 }));
	G_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 12 }));
	g_ready();
	g_wait();
	G_EQ(n, 0);
	G_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	G_EQ(sigismember(&now, SIGRTMIN), 1);
	G_EQ(sigismember(&now, SIGUSR2), 0);
	G_OK(sigpending(&pending));
	G_EQ(sigismember(&pending, SIGUSR1), 1);
	G_EQ(sigismember(&pending, SIGRTMIN), 1);
	G_EQ(sigismember(&pending, SIGUSR2), 0);
	G_OK(sigprocmask(SIG_UNBLOCK, &all, NULL));
	G_EQ(n, 4);
	G_EQ(order[0], SIGUSR1);
	G_EQ(order[1], SIGRTMIN);
	G_EQ(values[1], 11);
	G_EQ(values[2], 12);
	G_EQ(order[3], SIGRTMIN + 1);
	G_EQ(values[3], 31);
	return g_pass();
}
