/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "guest.h"

GUEST("process: name, limits, priority and timer slack are kept and can be changed")

int main(void)
{
	struct rlimit files = { .rlim_cur = 77, .rlim_max = 200 }, now;
	char name[16];
	int nice_was;

	G_OK(prctl(PR_SET_NAME, "named-before"));
	G_OK(setrlimit(RLIMIT_NOFILE, &files));
	G_OK(prctl(PR_SET_TIMERSLACK, 77777));
	errno = 0;
	nice_was = getpriority(PRIO_PROCESS, 0);
	g_ready();
	while (g_waiting()) {
		G_OK(prctl(PR_GET_NAME, name));
		G_STR(name, "named-before");
	}
	G_OK(getrlimit(RLIMIT_NOFILE, &now));
	G_EQ(now.rlim_cur, 77);
	G_EQ(now.rlim_max, 200);
	G_EQ(prctl(PR_GET_TIMERSLACK), 77777);
	G_EQ(getpriority(PRIO_PROCESS, 0), nice_was);
	G_EQ(dup2(0, 77), -1);
	G_EQ(errno, EBADF);
	G_EQ(dup2(1, 76), 76);
	G_OK(prctl(PR_SET_NAME, "named-after"));
	G_OK(prctl(PR_GET_NAME, name));
	G_STR(name, "named-after");
	return g_pass();
}
