/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <sys/select.h>

#include "guest.h"

GUEST("time: poll, ppoll and select time out in time and never start anew")

int main(void)
{
	int p[2];

	G_OK(pipe(p));
	g_ready();
	do {
		struct pollfd pfd = { p[0], POLLIN, 0 };
		struct timespec t = { .tv_nsec = 200 * G_NS_PER_MS };
		struct timeval tv = { .tv_usec = 200000 };
		long long from = g_now(), took;

		G_EQ(poll(&pfd, 1, 400), 0);
		took = g_now() - from;
		G_BETWEEN(took, 399 * G_NS_PER_MS, 1400 * G_NS_PER_MS);
		from = g_now();
		G_EQ(ppoll(&pfd, 1, &t, NULL), 0);
		took = g_now() - from;
		G_BETWEEN(took, 199 * G_NS_PER_MS, 1200 * G_NS_PER_MS);
		from = g_now();
		G_EQ(select(0, NULL, NULL, NULL, &tv), 0);
		took = g_now() - from;
		G_BETWEEN(took, 199 * G_NS_PER_MS, 1200 * G_NS_PER_MS);
	} while (g_waiting());
	return g_pass();
}
