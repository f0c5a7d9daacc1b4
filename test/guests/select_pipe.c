/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <sys/select.h>

#include "guest.h"

GUEST("fd: select and poll tell of exactly the descriptors that are ready")

int main(void)
{
	int a[2], b[2];
	char c;

	G_OK(pipe(a));
	G_OK(pipe(b));
	G_EQ(write(b[1], "x", 1), 1);
	g_ready();
	while (g_waiting()) {
		struct timeval tv = { .tv_usec = 20000 };
		struct pollfd p[3] = { { a[0], POLLIN, 0 }, { b[0], POLLIN, 0 }, { a[1], POLLOUT, 0 } };
		fd_set r;

		FD_ZERO(&r);
		FD_SET(a[0], &r);
		FD_SET(b[0], &r);
		G_EQ(select(b[0] + 1, &r, NULL, NULL, &tv), 1);
		G_TRUE(FD_ISSET(b[0], &r));
		G_TRUE(!FD_ISSET(a[0], &r));
		G_EQ(poll(p, 3, -1), 2);
		G_EQ(p[0].revents, 0);
		G_EQ(p[1].revents, POLLIN);
		G_EQ(p[2].revents, POLLOUT);
		FD_ZERO(&r);
		FD_SET(a[0], &r);
		tv = (struct timeval){ .tv_usec = 5000 };
		G_EQ(select(a[0] + 1, &r, NULL, NULL, &tv), 0);
		G_EQ(tv.tv_usec, 0);
	}
	G_EQ(read(b[0], &c, 1), 1);
	G_EQ(c, 'x');
	return g_pass();
}
