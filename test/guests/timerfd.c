/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/timerfd.h>

#include "guest.h"

GUEST("time: a periodic timerfd expires as often as time has passed")

int main(void)
{
	struct itimerspec every = { { .tv_nsec = 10 * G_NS_PER_MS }, { .tv_nsec = 10 * G_NS_PER_MS } };
	int fd = G_OK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	long long from = g_now(), took;
	uint64_t n, sum = 0;

	G_OK(timerfd_settime(fd, 0, &every, NULL));
	g_ready();
	while (g_waiting()) {
		G_EQ(read(fd, &n, sizeof(n)), sizeof(n));
		sum += n;
	}
	G_EQ(read(fd, &n, sizeof(n)), sizeof(n));
	sum += n;
	took = g_now() - from;
	G_BETWEEN((long long)sum, took / (10 * G_NS_PER_MS) - 30, took / (10 * G_NS_PER_MS) + 1);
	return g_pass();
}
