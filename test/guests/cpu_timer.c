/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/time.h>

#include "guest.h"

GUEST("time: a POSIX timer of processor time keeps a process at home")
GUEST_STAYS("cpu-timer")

int main(void)
{
	struct itimerspec t = { .it_value.tv_sec = 1000 };
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	timer_t id;

	G_OK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &e, &id));
	G_OK(timer_settime(id, 0, &t, NULL));
	g_ready();
	g_wait();
	return g_pass();
}
