/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "guest.h"

GUEST("files: a write that the limit on sizes cuts raises no signal, the next one does")

enum { LIMIT = 10000, SHORT = 100 };

static volatile int came;

static void on_limit(int sig)
{
	came++;
}

int main(void)
{
	static char text[LIMIT];
	struct rlimit most = { LIMIT, LIMIT };
	struct iovec v[2] = { { text, SHORT / 2 }, { text, LIMIT / 2 } };
	int fd = g_file("limited", "", 0);

	(void)signal(SIGXFSZ, on_limit);
	G_OK(setrlimit(RLIMIT_FSIZE, &most));
	g_ready();
	while (g_waiting()) {
		came = 0;
		G_EQ(pwrite(fd, text, LIMIT, LIMIT - SHORT), SHORT);
		G_EQ(pwritev(fd, v, 2, LIMIT - SHORT), SHORT);
		G_EQ(came, 0);
		G_EQ(pwrite(fd, text, 1, LIMIT), -1);
		G_EQ(errno, EFBIG);
		G_EQ(came, 1);
	}
	return g_pass();
}
