/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/prctl.h>

#include "guest.h"

GUEST("identity: the name it gives itself is shown everywhere")

int main(void)
{
	char want[16], got[32];
	int n = 0;

	G_OK(prctl(PR_SET_NAME, "name-0"));
	g_ready();
	while (g_waiting()) {
		ssize_t k;
		int fd;

		G_OK(prctl(PR_GET_NAME, got));
		(void)snprintf(want, sizeof(want), "name-%d", n);
		G_STR(got, want);
		(void)snprintf(want, sizeof(want), "name-%d", ++n);
		G_OK(prctl(PR_SET_NAME, want));
		G_OK(prctl(PR_GET_NAME, got));
		G_STR(got, want);
		/* as ps sees it */
		fd = G_OK(open("/proc/self/comm", O_RDONLY | O_CLOEXEC));
		k = G_OKL(read(fd, got, sizeof(got) - 1));
		G_OK(close(fd));
		got[k - 1] = '\0';
		G_STR(got, want);
	}
	return g_pass();
}
