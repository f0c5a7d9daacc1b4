/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child that has what we have and does nothing, to be looked at or ended. It does not outlive us. */
#ifndef MOS_TEST_UNIT_PAUSES_H
#define MOS_TEST_UNIT_PAUSES_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

static inline pid_t pauses(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)pause();
}

#endif
