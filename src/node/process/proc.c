/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the formats of /proc/PID/{stat,status,schedstat,cmdline}. */
#include "node/process/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"

#define PF_KTHREAD_BIT 0x00200000U /* linux/sched.h of the kernel */

int proc_parse_stat(const char *text, struct proc_stat *ret)
{
	/* The name may hold blanks and parentheses itself: only the last one closes it. */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	struct proc_stat s = { 0 };
	unsigned flags;
	size_t n;

	if (!open || !close || close < open)
		return -EINVAL;
	if (sscanf(text, "%d (", &s.pid) != 1 || s.pid < 1)
		return -EINVAL;
	n = MIN((size_t)(close - open - 1), sizeof(s.comm) - 1);
	memcpy(s.comm, open + 1, n);
	s.comm[n] = '\0';
	if (sscanf(close + 1,
		   " %c %d %d %d %d %*d %u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %*d %*d %" SCNu64,
		   &s.state, &s.ppid, &s.pgrp, &s.session, &s.tty, &flags, &s.utime, &s.stime,
		   &s.start) != 9)
		return -EINVAL;
	s.kernel_thread = flags & PF_KTHREAD_BIT;
	*ret = s;
	return 0;
}

/* The text after "@name:" at the beginning of a line. The kernel escapes newlines in names. */
static const char *status_field(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, name, n) && p[n] == ':')
			return p + n + 1;
	return NULL;
}

int proc_parse_status(const char *text, struct proc_status *ret)
{
	const char *tgid = status_field(text, "Tgid"), *tracer = status_field(text, "TracerPid");
	const char *uid = status_field(text, "Uid"), *gid = status_field(text, "Gid");
	const char *prm = status_field(text, "CapPrm"), *eff = status_field(text, "CapEff");
	const char *rss = status_field(text, "VmRSS"); /* a kernel thread has none */
	struct proc_status s = { 0 };

	if (!tgid || !tracer || !uid || !gid || !prm || !eff)
		return -EINVAL;
	if (sscanf(tgid, "%d", &s.tgid) != 1 || sscanf(tracer, "%d", &s.tracer) != 1 ||
	    sscanf(uid, "%u %u %u %u", &s.uid[0], &s.uid[1], &s.uid[2], &s.uid[3]) != 4 ||
	    sscanf(gid, "%u %u %u %u", &s.gid[0], &s.gid[1], &s.gid[2], &s.gid[3]) != 4 ||
	    sscanf(prm, "%" SCNx64, &s.cap_permitted) != 1 ||
	    sscanf(eff, "%" SCNx64, &s.cap_effective) != 1)
		return -EINVAL;
	if (rss && sscanf(rss, "%" SCNu64, &s.rss_kib) != 1)
		return -EINVAL;
	*ret = s;
	return 0;
}

static int read_file(pid_t pid, const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = io_read_file(path, to, size);
	if (n == -ENOENT || n == 0)
		return -ESRCH;
	return n < 0 ? (int)n : 0;
}

int proc_read_stat(pid_t pid, struct proc_stat *ret)
{
	char text[1024];
	int r = read_file(pid, "stat", text, sizeof(text));

	return r < 0 ? r : proc_parse_stat(text, ret);
}

int proc_read_status(pid_t pid, struct proc_status *ret)
{
	char text[8192];
	int r = read_file(pid, "status", text, sizeof(text));

	return r < 0 ? r : proc_parse_status(text, ret);
}

int proc_parse_sched(const char *text, uint64_t *ret_ran, uint64_t *ret_waited)
{
	uint64_t ran, waited;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %*u", &ran, &waited) != 2)
		return -EINVAL;
	*ret_ran = ran;
	*ret_waited = waited;
	return 0;
}

int proc_read_sched(pid_t tid, uint64_t *ret_ran, uint64_t *ret_waited)
{
	char text[128];
	int r = read_file(tid, "schedstat", text, sizeof(text));

	return r < 0 ? r : proc_parse_sched(text, ret_ran, ret_waited);
}

bool proc_alive(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

int proc_id_read(pid_t pid, struct proc_id *ret)
{
	struct proc_id id = PROC_ID_INIT;
	CLEANUP(close_fd) int fd = -1;
	int r;

	if (pid < 1)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 && errno == ESRCH)
		return -ESRCH;
	/* Linux before 6.9 answers EINVAL for a thread, later ones ENOENT: let status tell. */
	r = proc_read_status(pid, &id.status);
	if (r == 0)
		r = proc_read_stat(pid, &id.stat);
	if (r < 0)
		return r;
	if (id.status.tgid != pid) {
		*ret = id;
		return -ENOTUNIQ;
	}
	if (fd < 0)
		return -ESRCH;
	/* Had it ended, the number could be another's by now. A zombie still holds its own. */
	if (!proc_alive(fd) && id.stat.state != 'Z' && id.stat.state != 'X')
		return -ESRCH;
	id.pidfd = steal_fd(&fd);
	*ret = id;
	return 0;
}

void proc_id_finish(struct proc_id *id)
{
	close_fd(&id->pidfd);
	id->pidfd = -1;
}

void proc_read_args(pid_t pid, const char *comm, char *to, size_t size)
{
	CLEANUP(close_fd) int fd = -1;
	char path[64];
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, to, size - 1);
	while (n > 0 && !to[n - 1])
		n--;
	if (n <= 0) {
		(void)snprintf(to, size, "[%s]", comm);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (!to[i])
			to[i] = ' ';
	to[n] = '\0';
}

void proc_tty_name(int tty, char *to, size_t size)
{
	unsigned maj = major((dev_t)(unsigned)tty), min = minor((dev_t)(unsigned)tty);

	if (maj >= 136 && maj <= 143)
		(void)snprintf(to, size, "pts/%u", (maj - 136) * 256 + min);
	else if (maj == 4 && min < 64)
		(void)snprintf(to, size, "tty%u", min);
	else if (maj == 4)
		(void)snprintf(to, size, "ttyS%u", min - 64);
	else
		(void)snprintf(to, size, "%s", tty ? "tty" : "?");
}

bool proc_runs_program(pid_t pid, const char *name)
{
	char path[64], exe[PATH_MAX];
	const char *last;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = '\0';
	last = strrchr(exe, '/');
	if (!last || strncmp(last + 1, name, strlen(name)) != 0)
		return false;
	last += 1 + strlen(name);
	return !*last || !strcmp(last, " (deleted)"); /* an upgrade has replaced it */
}

int proc_for_each(bool (*each)(pid_t pid, void *data), void *data)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);

		if (*end || pid < 1 || pid > INT_MAX)
			continue;
		if (!each((pid_t)pid, data))
			break;
	}
	closedir(d);
	return 0;
}
