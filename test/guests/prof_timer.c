/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/time.h>

#include "guest.h"

GUEST("time: an interval timer of processor time keeps a process at home")
GUEST_STAYS("cpu-timer")

int main(void)
{
	struct itimerval t = { .it_value.tv_sec = 1000 };

	G_OK(setitimer(ITIMER_PROF, &t, NULL));
	g_ready();
	g_wait();
	return g_pass();
}
