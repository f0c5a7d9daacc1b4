/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "guest.h"

GUEST("fd: epoll with eventfds reports each event once, with its data, and times out right")

int main(void)
{
	int ep = G_OK(epoll_create1(EPOLL_CLOEXEC));
	int a = G_OK(eventfd(0, EFD_CLOEXEC)), b = G_OK(eventfd(5, EFD_CLOEXEC | EFD_SEMAPHORE));
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0x1122334455667788ULL }, got[4];
	uint64_t v, sum = 0;

	G_OK(epoll_ctl(ep, EPOLL_CTL_ADD, a, &ev));
	g_ready();
	while (g_waiting()) {
		long long from = g_now(), took;

		G_EQ(epoll_wait(ep, got, 4, 30), 0);
		took = g_now() - from;
		G_BETWEEN(took, 29 * G_NS_PER_MS, 2 * G_NS_PER_S);
		v = 3;
		G_EQ(write(a, &v, sizeof(v)), sizeof(v));
		G_EQ(epoll_wait(ep, got, 4, -1), 1);
		G_EQ(got[0].data.u64, 0x1122334455667788ULL);
		G_EQ(got[0].events, EPOLLIN);
		G_EQ(read(a, &v, sizeof(v)), sizeof(v));
		sum += v;
		G_EQ(v, 3);
	}
	for (int i = 0; i < 5; i++) {
		G_EQ(read(b, &v, sizeof(v)), sizeof(v));
		G_EQ(v, 1);
	}
	G_EQ(sum % 3, 0);
	return g_pass();
}
