/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are never made, each with its reason. */
#include "calls.h"

#include <asm/unistd.h>
#include <string.h>

static const struct {
	uint16_t nr;
	const char *why;
} never[] = {
	{ __NR_exit, "ends it" },
	{ __NR_exit_group, "ends it" },
	{ __NR_rt_sigreturn, "takes registers from the stack" },
	{ __NR_pause, "waits for ever" },
	{ __NR_rt_sigsuspend, "waits for ever" },
	{ __NR_fork, "a child would go on with the world" },
	{ __NR_vfork, "a child would go on with the world" },
	{ __NR_clone, "a child would go on with the world" },
	{ __NR_clone3, "a child would go on with the world" },
	{ __NR_execve, "leaves the program" },
	{ __NR_execveat, "leaves the program" },
	{ __NR_ptrace, "a traced process cannot leave" },
	{ __NR_seccomp, "a process with a filter cannot leave" },
	{ __NR_unshare, "cannot be undone" },
	{ __NR_setns, "cannot be undone" },
	{ __NR_chroot, "cannot be undone" },
	{ __NR_setrlimit, "cannot be undone" },
	{ __NR_landlock_restrict_self, "cannot be undone" },
	{ __NR_setpriority, "cannot be undone" },
	{ __NR_sched_setscheduler, "cannot be undone" },
	{ __NR_sched_setparam, "cannot be undone" },
	{ __NR_sched_setattr, "cannot be undone" },
	{ __NR_sched_setaffinity, "cannot be undone" },
	{ __NR_ioprio_set, "cannot be undone" },
	{ __NR_modify_ldt, "cannot be undone" },
	{ __NR_set_thread_area, "cannot be undone" },
	{ __NR_set_mempolicy, "cannot be undone" },
	{ 450, "cannot be undone: set_mempolicy_home_node" },
	{ __NR_mlockall, "what is mapped later would be locked, too" },
	{ __NR_pkey_alloc, "cannot be undone" },
	{ 453, "cannot be undone: map_shadow_stack" },
	{ 462, "cannot be undone: mseal" },
	{ __NR_timer_create, "lasts longer than the world" },
	{ __NR_io_setup, "maps memory that cannot leave" },
	{ __NR_io_uring_setup, "maps memory that cannot leave" },
	{ __NR_io_uring_enter, "may wait for ever" },
	{ __NR_perf_event_open, "counts what differs" },
	{ __NR_kcmp, "compares addresses of the kernel" },
	{ __NR_sync, "the whole machine would wait" },
	{ __NR_syslog, "tells of the whole machine" },
	{ __NR_shutdown, "the sockets last longer than the world" },
	{ __NR_setsockopt, "the sockets last longer than the world" },
	{ __NR_connect, "leaves the world" },
	{ __NR_bind, "leaves the world" },
	{ __NR_accept, "may wait for ever" },
	{ __NR_accept4, "may wait for ever" },
	{ __NR_sendmsg, "the words do not describe it" },
	{ __NR_recvmsg, "the words do not describe it" },
	{ __NR_sendmmsg, "the words do not describe it" },
	{ __NR_recvmmsg, "the words do not describe it" },
	{ __NR_getsockopt, "the words do not describe it" },
	{ __NR_process_vm_readv, "the words do not describe it" },
	{ __NR_process_vm_writev, "writes anywhere" },
	{ __NR_process_madvise, "the words do not describe it" },
	{ __NR_process_mrelease, "the words do not describe it" },
	{ __NR_move_pages, "the words do not describe it" },
	{ __NR_migrate_pages, "the words do not describe it" },
	{ __NR_vmsplice, "the pipe would share pages with the arena" },
	{ __NR_userfaultfd, "our own accesses would wait for ever" },
	{ __NR_signalfd, "such a descriptor keeps it at home" },
	{ __NR_signalfd4, "such a descriptor keeps it at home" },
	{ __NR_name_to_handle_at, "what it tells hangs on the file's number" },
	{ __NR_open_by_handle_at, "the words do not describe it" },
	{ __NR_fanotify_init, "tells of other processes" },
	{ __NR_bpf, "leaves the world" },
	{ __NR_restart_syscall, "what it restarts is no call of the program's" },
	{ __NR_memfd_secret, "such memory cannot leave" },
	{ 335, "only from within a probe: uretprobe" },
	{ 336, "only from within a probe: uprobe" },
	{ 455, "may wait for ever: futex_wait" },
	{ 456, "the words do not describe it: futex_requeue" },
	{ __NR_remap_file_pages, "what it makes cannot leave" },
};

/* Whole families, by the reason for which they are made at home. */
static const struct {
	const char *reason, *why;
} never_for[] = {
	{ "sysv-ipc", "lasts longer than the world" },
	{ "shared-memory", "lasts longer than the world" },
	{ "posix-queue", "lasts longer than the world" },
	{ "aio", "waits" },
	{ "keyring", "lasts longer than the world" },
	{ "administration", "the machine is not ours" },
	{ "mount", "the machine is not ours" },
	{ "obsolete", "there is nothing to call" },
};

const char *tame_never(long nr)
{
	const struct call_row *row = call_row(nr);

	for (unsigned i = 0; i < ARRAY_SIZE(never); i++)
		if (never[i].nr == nr)
			return never[i].why;
	/* A row with rules has a reason for the rest only. */
	for (unsigned i = 0; row && row->reason && !row->rules && i < ARRAY_SIZE(never_for); i++)
		if (!strcmp(never_for[i].reason, row->reason))
			return never_for[i].why;
	return NULL;
}
