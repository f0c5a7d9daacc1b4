/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("time: sleeps, relative and absolute, end in time and never start anew")

int main(void)
{
	g_ready();
	do {
		struct timespec t = { .tv_nsec = 400 * G_NS_PER_MS }, left = { 7, 7 };
		long long from = g_now(), took;

		G_OK(nanosleep(&t, &left));
		took = g_now() - from;
		G_BETWEEN(took, 400 * G_NS_PER_MS, 1400 * G_NS_PER_MS);
		from = g_now();
		t = (struct timespec){ (from + 150 * G_NS_PER_MS) / G_NS_PER_S,
				       (from + 150 * G_NS_PER_MS) % G_NS_PER_S };
		G_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
		took = g_now() - from;
		G_BETWEEN(took, 150 * G_NS_PER_MS, 1150 * G_NS_PER_MS);
		from = g_clock(CLOCK_REALTIME);
		t = (struct timespec){ (from + 100 * G_NS_PER_MS) / G_NS_PER_S,
				       (from + 100 * G_NS_PER_MS) % G_NS_PER_S };
		G_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
		took = g_clock(CLOCK_REALTIME) - from;
		G_BETWEEN(took, 99 * G_NS_PER_MS, 1100 * G_NS_PER_MS);
	} while (g_waiting());
	return g_pass();
}
