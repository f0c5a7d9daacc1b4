/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows which files below /proc/PID differ between a deputy and the process it stands for. Names,
 * arguments, files, user, groups and limits are the same. */
#include "call/call.h"

#include <stdio.h>
#include <string.h>

static const char *const told[] = {
	"auxv",	 "clear_refs", "map_files",    "maps",	"mem",	  "numa_maps", "pagemap", "sched",
	"schedstat", "smaps",  "smaps_rollup", "stack", "stat",	  "statm",     "status",  "syscall",
	"task",	 "timers",     "timerslack_ns", "wchan", "coredump_filter",
};

bool call_tells_of_self(const char *path, int pid)
{
	char own[32];
	size_t n = 0;

	(void)snprintf(own, sizeof(own), "/proc/%d/", pid);
	if (!strncmp(path, "/proc/self/", 11))
		n = 11;
	else if (!strncmp(path, "/proc/thread-self/", 18))
		n = 18;
	else if (!strncmp(path, own, strlen(own)))
		n = strlen(own);
	if (!n)
		return false;
	path += n;
	n = strcspn(path, "/");
	for (unsigned i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (strlen(told[i]) == n && !strncmp(path, told[i], n))
			return true;
	return false;
}
