/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/resource.h>
#include <sys/times.h>

#include "guest.h"

GUEST("time: the clocks of used processor time go on, never back")

int main(void)
{
	long long last = g_clock(CLOCK_PROCESS_CPUTIME_ID), first = last;
	long long from = g_now(), real, cpu;
	struct rusage ru;
	long long used = 0;

	g_ready();
	while (g_waiting()) {
		long long now = g_clock(CLOCK_PROCESS_CPUTIME_ID);

		/* It may fall when we come home: no interface lets a kernel know of time used
		 * elsewhere. Away it counts what was used anywhere. */
		if (now <= 0)
			g_fail("CLOCK_PROCESS_CPUTIME_ID, expected more than %d, got %lld", 0, now);
		last = now;
		now = g_clock(CLOCK_THREAD_CPUTIME_ID);
		if (now <= 0)
			g_fail("CLOCK_THREAD_CPUTIME_ID, expected more than %d, got %lld", 0, now);
		G_OK(getrusage(RUSAGE_SELF, &ru));
		now = (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * G_NS_PER_S +
		      (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000;
		if (now < used)
			g_fail("getrusage, expected at least %lld, got %lld", used, now);
		used = now;
	}
	g_compute(2000000);
	real = g_now() - from;
	cpu = g_clock(CLOCK_PROCESS_CPUTIME_ID) - first;
	G_BETWEEN(cpu, G_NS_PER_MS, real + 50 * G_NS_PER_MS);
	return g_pass();
}
