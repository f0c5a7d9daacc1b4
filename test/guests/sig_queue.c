/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "guest.h"

GUEST("signal: blocked and open real-time signals to itself are each seen once, in order")

enum { PAGE = 4096, LEN = 20 * PAGE };

static volatile sig_atomic_t seen, wrong;

static void on_signal(int sig, siginfo_t *si, void *ctx)
{
	seen++;
	if (si->si_pid != getpid() || si->si_value.sival_int != seen)
		wrong++;
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	static unsigned char text[LEN];
	sigset_t set;
	int sent = 0;

	G_OK(sigaction(SIGRTMIN, &a, NULL));
	G_OK(sigemptyset(&set));
	G_OK(sigaddset(&set, SIGRTMIN));
	g_fill(text, LEN, 6);
	g_ready();
	while (g_waiting()) {
		union sigval v = { .sival_int = ++sent };
		unsigned char *m;

		G_OK(sigprocmask(SIG_BLOCK, &set, NULL));
		G_OK(sigqueue(getpid(), SIGRTMIN, v));
		m = malloc(LEN);
		memcpy(m, text, LEN);
		G_OK(access("/", F_OK));
		m[PAGE] ^= 1;
		G_EQ(m[PAGE], text[PAGE] ^ 1);
		G_EQ(seen, sent - 1); /* it waits, over a move too */
		G_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
		v.sival_int = ++sent;
		G_OK(sigqueue(getpid(), SIGRTMIN, v));
		G_MEM(m, text, PAGE);
		free(m);
		for (long long end = g_now() + 5 * G_NS_PER_S; seen != sent && g_now() < end;)
			g_compute(1000);
		G_EQ(seen, sent);
		G_EQ(wrong, 0);
	}
	return g_pass();
}
