/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what keeps a process at home that can be seen without stopping it. Each reason is a word for
 * `mosctl why` and a line for a person. What needs its memory map is in maps.c. */
#include <errno.h>
#include <string.h>

#include "home/home.h"
#include "kernel/procfs.h"

int check_movable(pid_t pid, struct err *e)
{
	struct procfs_status s;
	struct procfs_stat f;
	int r = procfs_status(pid, &s);

	if (r == 0)
		r = procfs_stat(pid, &f);
	if (r < 0)
		return err_reason(e, -ESRCH, "gone", "there is no process %d", (int)pid);
	if (f.state == 'Z' || f.state == 'X')
		return err_reason(e, -ESRCH, "gone", "process %d has ended already", (int)pid);
	if (f.state == 'T')
		return err_reason(e, -EBUSY, "stopped",
				  "it is stopped; continue it first (kill -CONT %d)", (int)pid);
	if (s.threads > 1)
		return err_reason(e, -EOPNOTSUPP, "threads", "it has %u threads", s.threads);
	if (s.seccomp)
		return err_reason(e, -EOPNOTSUPP, "seccomp", "it has a seccomp filter of its own");
	if (s.locked_kb)
		return err_reason(e, -EOPNOTSUPP, "locked", "it has %llu KiB of locked memory",
				  (unsigned long long)s.locked_kb);
	if (s.huge_kb)
		return err_reason(e, -EOPNOTSUPP, "hugetlb", "it has memory of huge pages");
	return 0;
}
