/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "guest.h"

GUEST("signal: of two of a kind that wait for the process, one is delivered, wherever the first came")

static volatile int process, thread;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		process++;
	else
		thread++;
}

int main(void)
{
	sigset_t both;

	G_TRUE(signal(SIGUSR1, on_signal) != SIG_ERR);
	G_TRUE(signal(SIGUSR2, on_signal) != SIG_ERR);
	G_OK(sigemptyset(&both));
	G_OK(sigaddset(&both, SIGUSR1));
	G_OK(sigaddset(&both, SIGUSR2));
	G_OK(sigprocmask(SIG_BLOCK, &both, NULL));
	G_OK(kill(getpid(), SIGUSR1));
	G_OK(raise(SIGUSR2));
	g_ready();
	g_wait();
	G_OK(kill(getpid(), SIGUSR1));
	G_OK(raise(SIGUSR2));
	G_EQ(process + thread, 0);
	G_OK(sigprocmask(SIG_UNBLOCK, &both, NULL));
	G_EQ(process, 1);
	G_EQ(thread, 1);
	return g_pass();
}
