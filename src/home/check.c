/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what keeps a process at home that can be seen without stopping it. Each reason is a word for
 * `mosctl why` and a line for a person. What needs its memory map is in maps.c. */
#include <errno.h>
#include <string.h>

#include "home/home.h"
#include "kernel/procfs.h"

/* A host could act with these rights at home. */
static bool has_rights(const struct procfs_status *s)
{
	bool other = !s->uid[1] || s->cap_eff || s->cap_prm;

	for (unsigned i = 1; i < 4; i++)
		other |= s->uid[i] != s->uid[0] || s->gid[i] != s->gid[0];
	return other;
}

int check_movable(pid_t pid, bool privileged_too, struct err *e)
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
	/* mosd has looked before; since then it may have executed a set-id program */
	if (!privileged_too && has_rights(&s))
		return err_reason(e, -EPERM, "privileged",
				  "it has root's or other special rights, which stay at home unless "
				  "export-privileged in /etc/umosix/mosd.conf names the node");
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
