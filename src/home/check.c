/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what keeps a process at home that can be seen without stopping it. Each reason is a word for
 * `mosctl why` and a line for a person. What needs its memory map is in maps.c. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"

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


/* Is it inside a call that runs at home only? Stopped there it would have to stay, and some of these
 * calls do not like to be stopped. */
static int check_call(pid_t pid, struct err *e)
{
	char path[64], text[256];
	uint64_t arg[CALL_ARGS];
	const char *word = NULL;
	enum call_class class;
	long nr;

	(void)snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	if (io_read_file(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &nr,
		   &arg[0], &arg[1], &arg[2], &arg[3], &arg[4], &arg[5]) != 7 || nr < 0)
		return 0; /* it runs, or stands outside a call */
	class = call_classify(nr, arg, &word);
	if ((class != CALL_HOME && class != CALL_BOTH) || nr == SYS_pselect6 || nr == SYS_restart_syscall ||
	    nr == SYS_execve || nr == SYS_execveat) /* these end where the new program begins */
		return 0;
	return err_reason(e, -EBUSY, word ? word : "busy", "it is inside %s, which runs at home only",
			  call_name(nr));
}

/* Descriptors that would tell of the deputy, or lead to memory that it no longer has. */
static const struct {
	const char *link, *word, *what;
} bound[] = {
	{ "anon_inode:[signalfd]", "signalfd", "a signalfd" },
	{ "anon_inode:[userfaultfd]", "userfaultfd", "a userfaultfd" },
	{ "anon_inode:[io_uring]", "io_uring", "an io_uring" },
	{ "anon_inode:[perf_event]", "perf-event", "a performance counter" },
};

static int check_descriptors(pid_t pid, struct err *e)
{
	char path[64], link[64];
	struct dirent *d;
	DIR *dir;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && r == 0 && (d = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);

		if (n <= 0)
			continue;
		link[n] = '\0';
		for (unsigned i = 0; i < ARRAY_SIZE(bound); i++)
			if (!strcmp(link, bound[i].link))
				r = err_reason(e, -EOPNOTSUPP, bound[i].word, "it has %s open", bound[i].what);
		if (call_tells_of_self(link, pid))
			r = err_reason(e, -EOPNOTSUPP, "proc-self", "it has %s open, which tells of itself", link);
	}
	if (dir)
		(void)closedir(dir);
	return r;
}

int check_movable(pid_t pid, bool stopped, bool privileged_too, struct err *e)
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
	if (procfs_has_cpu_timer(pid))
		return err_reason(e, -EOPNOTSUPP, "cpu-timer", "it has a timer of processor time");
	r = check_descriptors(pid, e);
	if (r < 0 || stopped)
		return r;
	return check_call(pid, e);
}
