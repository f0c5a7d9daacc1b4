/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/time.h>

#include "guest.h"

GUEST("signal: handlers with siginfo run on the alternate stack, with flags and masks kept")

static unsigned char alt[1 << 16];
static volatile long hits;
static volatile int wrong;

static void on_signal(int sig, siginfo_t *si, void *uc)
{
	unsigned char here;
	sigset_t now;

	(void)uc;
	if (&here < alt || &here >= alt + sizeof(alt))
		wrong = 1;
	if (sig != SIGRTMIN + 2 || si->si_code != SI_QUEUE || si->si_pid != getpid() ||
	    si->si_uid != getuid() || si->si_value.sival_int != (int)hits + 1000)
		wrong = 2;
	if (sigprocmask(SIG_BLOCK, NULL, &now) != 0 || sigismember(&now, SIGUSR2) != 1)
		wrong = 3;
	hits++;
}

int main(void)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, got;
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction old;
	long sent = 0;

	G_OK(sigemptyset(&sa.sa_mask));
	G_OK(sigaddset(&sa.sa_mask, SIGUSR2));
	G_OK(sigaltstack(&ss, NULL));
	G_OK(sigaction(SIGRTMIN + 2, &sa, NULL));
	G_TRUE(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	g_ready();
	while (g_waiting()) {
		G_OK(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = (int)sent + 1000 }));
		sent++;
		G_EQ(hits, sent);
		G_EQ(wrong, 0);
	}
	G_OK(sigaltstack(NULL, &got));
	G_EQ((intptr_t)got.ss_sp, (intptr_t)alt);
	G_EQ(got.ss_size, sizeof(alt));
	G_OK(sigaction(SIGRTMIN + 2, NULL, &old));
	G_EQ((intptr_t)old.sa_sigaction, (intptr_t)on_signal);
	G_EQ(old.sa_flags & (SA_SIGINFO | SA_ONSTACK), SA_SIGINFO | SA_ONSTACK);
	G_EQ(sigismember(&old.sa_mask, SIGUSR2), 1);
	G_OK(sigaction(SIGHUP, NULL, &old));
	G_EQ((intptr_t)old.sa_handler, (intptr_t)SIG_IGN);
	G_OK(raise(SIGHUP));
	return g_pass();
}
