/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/time.h>

#include "guest.h"

GUEST("time: an interval timer goes on, and SIGALRM comes as often as time has passed")

static volatile long ticks;

static void on_alarm(int sig)
{
	(void)sig;
	ticks++;
}

int main(void)
{
	struct itimerval every = { { .tv_usec = 20000 }, { .tv_usec = 20000 } }, now;
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	long long from, took;

	G_OK(sigaction(SIGALRM, &sa, NULL));
	from = g_now();
	G_OK(setitimer(ITIMER_REAL, &every, NULL));
	g_ready();
	while (g_waiting()) {
		G_OK(getitimer(ITIMER_REAL, &now));
		G_EQ(now.it_interval.tv_usec, 20000);
	}
	for (long t = ticks; ticks < t + 5;) /* it runs still */
		g_compute(1000);
	took = (g_now() - from) / (20 * G_NS_PER_MS);
	/* Signals that come while one is pending merge, so fewer is right; none at all is not. */
	G_BETWEEN(ticks, took / 4, took + 1);
	every = (struct itimerval){ 0 };
	G_OK(setitimer(ITIMER_REAL, &every, NULL));
	return g_pass();
}
