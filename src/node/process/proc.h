/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells about processes. The parsers are pure: a program may give itself any name. */
#ifndef MOS_NODE_PROCESS_PROC_H
#define MOS_NODE_PROCESS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t pid, ppid, pgrp, session;
	char comm[64];
	char state;
	int tty; /* a device number, or 0 */
	bool kernel_thread;
	uint64_t utime, stime; /* in clock ticks */
	uint64_t start;	       /* in clock ticks since boot: with the pid, it names a process */
};

struct proc_status {
	pid_t tgid, tracer;
	uid_t uid[4]; /* real, effective, saved, file system */
	gid_t gid[4];
	uint64_t cap_permitted, cap_effective;
	uint64_t rss_kib;
};

/* A process that cannot be mistaken for another: while the pidfd tells of no end, the rest is
 * its. */
struct proc_id {
	int pidfd; /* owned */
	struct proc_stat stat;
	struct proc_status status;
};

#define PROC_ID_INIT                                                                               \
	{                                                                                          \
		.pidfd = -1                                                                        \
	}

/* Return: 0 or -EINVAL. */
int proc_parse_stat(const char *text, struct proc_stat *ret);
int proc_parse_status(const char *text, struct proc_status *ret);
/* Return: 0, -ESRCH when there is no such process (any more), other -errno. */
int proc_read_stat(pid_t pid, struct proc_stat *ret);
int proc_read_status(pid_t pid, struct proc_status *ret);
/* How long the thread has run and waited to run, in ns. Return: 0, -ESRCH, -EINVAL. */
int proc_parse_sched(const char *text, uint64_t *ret_ran, uint64_t *ret_waited);
int proc_read_sched(pid_t tid, uint64_t *ret_ran, uint64_t *ret_waited);
/* Return: 0; -ESRCH; -ENOTUNIQ when @pid is a thread of a process, whose pid is then in
 * @ret->status.tgid. A zombie is a process too. */
int proc_id_read(pid_t pid, struct proc_id *ret);
void proc_id_finish(struct proc_id *id);
/* True as long as the process of @pidfd has not ended. */
bool proc_alive(int pidfd);
/* The command line with blanks between its words, or "[comm]" where there is none. */
void proc_read_args(pid_t pid, const char *comm, char *to, size_t size);
/* "pts/3", "ttyS0", or "?". */
void proc_tty_name(int tty, char *to, size_t size);
/* The target of /proc/PID/exe is this file name (its last part), as far as we may see. */
bool proc_runs_program(pid_t pid, const char *name);
/* Calls @each with every pid there is, until it returns false. */
int proc_for_each(bool (*each)(pid_t pid, void *data), void *data);

#endif
