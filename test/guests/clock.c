/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/time.h>

#include "guest.h"

GUEST("time: no clock runs backwards or jumps, by vDSO or by call")

enum { N = 6 };

int main(void)
{
	static const clockid_t ids[N] = { CLOCK_MONOTONIC,        CLOCK_BOOTTIME, CLOCK_REALTIME,
					  CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME_COARSE,
					  CLOCK_MONOTONIC_RAW };
	long long last[N], wall, mono;

	wall = g_clock(CLOCK_REALTIME);
	mono = g_clock(CLOCK_MONOTONIC);
	for (int i = 0; i < N; i++)
		last[i] = g_clock(ids[i]);
	g_ready();
	while (g_waiting()) {
		for (int turn = 0; turn < 100; turn++) {
			for (int i = 0; i < N; i++) {
				long long now = g_clock(ids[i]);

				if (now < last[i])
					g_fail("clock %d, expected at least %lld, got %lld", ids[i],
					       last[i], now);
				if (now > last[i] + 2 * G_NS_PER_S)
					g_fail("clock %d, expected no jump from %lld, got %lld", ids[i],
					       last[i], now);
				last[i] = now;
			}
		}
	}
	wall = g_clock(CLOCK_REALTIME) - wall;
	mono = g_clock(CLOCK_MONOTONIC) - mono;
	G_BETWEEN(wall - mono, -100 * G_NS_PER_MS, 100 * G_NS_PER_MS);
	G_BETWEEN(time(NULL) - last[2] / G_NS_PER_S, -1, 1);
	return g_pass();
}
