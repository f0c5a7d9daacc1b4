/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sched.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "guest.h"

GUEST("process: random bytes, thread id, host name and processor number are sound")

int main(void)
{
	unsigned char last[32] = { 0 }, now[32];
	struct utsname before, after;
	long processors = sysconf(_SC_NPROCESSORS_CONF);
	pid_t tid = gettid();

	G_OK(uname(&before));
	g_ready();
	while (g_waiting()) {
		int cpu = sched_getcpu();

		G_EQ(getrandom(now, sizeof(now), 0), sizeof(now));
		G_TRUE(memcmp(now, last, sizeof(now)) != 0);
		memcpy(last, now, sizeof(now));
		G_EQ(syscall(SYS_gettid), tid);
		G_BETWEEN(cpu, 0, processors - 1);
	}
	G_OK(uname(&after));
	G_MEM(&after, &before, sizeof(after));
	G_EQ(sysconf(_SC_NPROCESSORS_CONF), processors);
	return g_pass();
}
