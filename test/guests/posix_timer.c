/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "guest.h"

GUEST("time: POSIX timers go on, bring their value, and are made and deleted wherever it is")

static volatile long ticks;
static volatile int value;

static void on_tick(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	if (si->si_code != SI_TIMER)
		value = -1;
	else
		value = si->si_value.sival_int;
	ticks += 1 + si->si_overrun;
}

static timer_t timer(int what, long long each)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = what };
	struct itimerspec t = { 0 };
	timer_t id;

	G_OK(timer_create(CLOCK_MONOTONIC, &e, &id));
	t.it_value.tv_sec = t.it_interval.tv_sec = each / G_NS_PER_S;
	t.it_value.tv_nsec = t.it_interval.tv_nsec = each % G_NS_PER_S;
	G_OK(timer_settime(id, 0, &t, NULL));
	return id;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_tick, .sa_flags = SA_RESTART | SA_SIGINFO };
	struct itimerspec now, before;
	long long from, took;
	timer_t id, other;

	G_OK(sigaction(SIGRTMIN + 1, &sa, NULL));
	from = g_now();
	id = timer(77, 25 * G_NS_PER_MS);
	g_ready();
	while (g_waiting()) {
		G_OK(timer_gettime(id, &now));
		G_EQ(now.it_interval.tv_nsec, 25 * G_NS_PER_MS);
		G_BETWEEN(now.it_value.tv_nsec, 1, 25 * G_NS_PER_MS);
		other = timer(78, 1000 * G_NS_PER_S);
		G_TRUE(other != id);
		now = (struct itimerspec){ 0 };
		G_OK(timer_settime(other, 0, &now, &before));
		G_BETWEEN(before.it_value.tv_sec, 990, 1000);
		G_OK(timer_delete(other));
		G_EQ(timer_delete(other), -1);
		G_EQ(errno, EINVAL);
	}
	for (long t = ticks; ticks < t + 5;) /* it runs still */
		g_compute(1000);
	G_OK(timer_delete(id));
	took = (g_now() - from) / (25 * G_NS_PER_MS);
	G_EQ(value, 77);
	/* What comes while one waits is counted in the one that waits. */
	G_BETWEEN(ticks, took / 2, took + 1);
	return g_pass();
}
