/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the cheap reasons against a move; what needs a look inside is mos-home's to find. */
#include "node/process/check.h"

#include <errno.h>

bool check_owner(const struct proc_status *s, uid_t caller)
{
	return !caller || (s->uid[0] == caller && s->uid[1] == caller && s->uid[2] == caller);
}

bool check_privileged(const struct proc_status *s)
{
	if (!s->uid[1] || s->cap_permitted || s->cap_effective)
		return true;
	for (unsigned i = 1; i < 4; i++)
		if (s->uid[i] != s->uid[0] || s->gid[i] != s->gid[0])
			return true;
	return false;
}

int check_movable(const struct proc_id *id, bool privileged_too, struct err *e)
{
	const struct proc_stat *s = &id->stat;

	if (s->pid == 1)
		return err_reason(e, -EPERM, "init",
				  "process 1 holds its system together: it stays");
	if (s->kernel_thread)
		return err_reason(e, -EPERM, "kernel-thread", "%d is a thread of the kernel",
				  s->pid);
	if (s->state == 'Z' || s->state == 'X')
		return err_reason(e, -EPERM, "zombie",
				  "%d has ended and waits for its parent %d to notice", s->pid,
				  s->ppid);
	if (id->status.tracer)
		return err_reason(
			e, -EPERM, "traced",
			"%d is traced by %d (a debugger?): it can move after that one let go",
			s->pid, id->status.tracer);
	if (!privileged_too && check_privileged(&id->status))
		return err_reason(
			e, -EPERM, "privileged",
			"%d has root's or other special rights, which stay at home unless "
			"export-privileged in %s names the node",
			s->pid, "/etc/umosix/mosd.conf");
	return 0;
}
