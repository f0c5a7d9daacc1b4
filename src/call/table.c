/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every system call of x86-64, a row each: where it runs and how its arguments travel. Those whose
 * class hangs on an argument have rules beside the row's own class (irregular.c, ioctl.c). Numbers
 * of kernels newer than Debian 12's headers are written out.
 *
 * OUT is for what the kernel fills whole. Where it fills a part, and the result does not tell
 * which, the argument is INOUT: what was not written then comes back as it was. */
#include "call/table.h"

#include "base/util.h"

#include <asm/unistd.h>
#include <assert.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <utime.h>

#define TIMES2     32 /* two timeval or timespec */
#define TIME1      16
#define ITIMER     32
#define RUSAGE     144 /* the kernel's; musl's is longer */
#define SYSINFO    112
#define SIGINFO    128
#define SIGINFO_WAIT 28 /* what waitid writes of one, up to si_status */
#define SIGEVENT   64
#define USTAT      32
#define CACHESTAT  40
#define SOCKADDR   128 /* sockaddr_storage */
#define SOCKOPT    4096 /* with more room it is at home */

static_assert(sizeof(struct stat) == 144, "struct stat");
static_assert(sizeof(struct statfs) == 120, "struct statfs");
static_assert(sizeof(struct statx) == 256, "struct statx");
static_assert(sizeof(struct pollfd) == 8, "struct pollfd");
static_assert(sizeof(struct epoll_event) == 12, "struct epoll_event");
static_assert(sizeof(struct itimerspec) == ITIMER, "struct itimerspec");

/* clang-format off */
#define ARGS(...) .arg = { __VA_ARGS__ }
#define BLOCKS    CALL_BLOCKS
#define READS     (CALL_BLOCKS | CALL_READS)
#define RESUMES   (CALL_BLOCKS | CALL_RESUMES)
#define WAITS     (CALL_BLOCKS | CALL_OUT_ON_EINTR)
#define EPOLLS    (CALL_BLOCKS | CALL_EINTR)
#define ROW(nr, nm, cls, ...) [nr] = { .name = nm, .class_ = (cls), __VA_ARGS__ }
#define LOCAL(n)     ROW(__NR_##n, #n, CALL_LOCAL)
#define HOST(n)      ROW(__NR_##n, #n, CALL_HOST)
#define BOTH(n)      ROW(__NR_##n, #n, CALL_BOTH)
#define FWD(n, ...)  ROW(__NR_##n, #n, CALL_FORWARD, __VA_ARGS__)
#define HOME(n, why) ROW(__NR_##n, #n, CALL_HOME, .reason = why)
/* By rules; HOME for this reason where none matches. */
#define RULES(n, list, why, ...) \
	ROW(__NR_##n, #n, CALL_HOME, .reason = why, .rules = list, __VA_ARGS__)

static const struct call_row rows[CALL_NR_END] = {
	/* ---- memory -------------------------------------------------------------------------- */
	RULES(mmap, call_rules_mmap, "mapping"),
	RULES(mremap, call_rules_mremap, "mapping"),
	RULES(madvise, call_rules_madvise, "madvise"),
	LOCAL(mprotect),
	LOCAL(munmap),
	LOCAL(brk),
	LOCAL(msync), /* a shared mapping is either read-only or keeps the process at home */
	LOCAL(mincore),
	HOME(remap_file_pages, "mapping"),
	HOME(mlock, "locked-memory"),
	HOME(mlock2, "locked-memory"),
	HOME(munlock, "locked-memory"),
	HOME(mlockall, "locked-memory"),
	HOME(munlockall, "locked-memory"),
	HOME(pkey_mprotect, "pkeys"),
	HOME(pkey_alloc, "pkeys"),
	HOME(pkey_free, "pkeys"),
	HOME(mbind, "numa"),
	HOME(set_mempolicy, "numa"),
	HOME(get_mempolicy, "numa"),
	HOME(set_mempolicy_home_node, "numa"),
	HOME(migrate_pages, "numa"),
	HOME(move_pages, "numa"),
	HOME(shmget, "shared-memory"),
	HOME(shmat, "shared-memory"),
	HOME(shmctl, "shared-memory"),
	HOME(shmdt, "shared-memory"),
	HOME(userfaultfd, "userfaultfd"),
	HOME(memfd_secret, "secret-memory"),
	HOME(process_vm_readv, "other-process"),
	HOME(process_vm_writev, "other-process"),
	HOME(process_madvise, "other-process"),
	HOME(process_mrelease, "other-process"),
	ROW(453, "map_shadow_stack", CALL_HOME, .reason = "shadow-stack"),
	ROW(462, "mseal", CALL_HOME, .reason = "sealed"),

	/* ---- futexes, and what a thread is to the kernel ------------------------------------- */
	RULES(futex, call_rules_futex, "realtime-futex"),
	RULES(futex_waitv, call_rules_futex_waitv, "realtime-futex"),
	ROW(454, "futex_wake", CALL_HOME, .reason = "no-row"),
	ROW(455, "futex_wait", CALL_HOME, .reason = "no-row"),
	ROW(456, "futex_requeue", CALL_HOME, .reason = "no-row"),
	LOCAL(set_robust_list),
	RULES(get_robust_list, call_rules_get_robust_list, "other-process"),
	LOCAL(set_tid_address),
	LOCAL(rseq),
	ROW(471, "rseq_slice_yield", CALL_HOME, .reason = "no-row"),
	LOCAL(sched_yield),
	LOCAL(getpid),
	LOCAL(gettid),
	LOCAL(getrandom),
	RULES(arch_prctl, call_rules_arch_prctl, "arch-prctl"),
	RULES(prctl, call_rules_prctl, "prctl"),
	RULES(personality, call_rules_personality, "personality"),
	HOME(set_thread_area, "obsolete"),
	HOME(get_thread_area, "obsolete"),
	HOME(modify_ldt, "ldt"),
	HOME(iopl, "io-ports"),
	HOME(ioperm, "io-ports"),
	HOME(membarrier, "membarrier"),
	HOME(seccomp, "seccomp"),
	ROW(335, "uretprobe", CALL_HOME, .reason = "no-row"),
	ROW(336, "uprobe", CALL_HOME, .reason = "no-row"),

	/* ---- signals: handlers, mask and what is pending are the body's ---------------------- */
	LOCAL(rt_sigaction),
	LOCAL(rt_sigprocmask),
	LOCAL(rt_sigreturn),
	LOCAL(rt_sigpending),
	LOCAL(rt_sigsuspend),
	LOCAL(sigaltstack),
	LOCAL(pause),
	LOCAL(restart_syscall),
	FWD(kill),
	FWD(tkill),
	FWD(tgkill),
	FWD(rt_sigqueueinfo, ARGS(V, V, IN(SIGINFO))),
	FWD(rt_tgsigqueueinfo, ARGS(V, V, V, IN(SIGINFO))),
	HOME(rt_sigtimedwait, "signal-wait"),
	HOME(signalfd, "signalfd"),
	HOME(signalfd4, "signalfd"),

	/* ---- time ---------------------------------------------------------------------------- */
	RULES(clock_gettime, call_rules_clock, "clock"),
	RULES(clock_getres, call_rules_clock, "clock"),
	RULES(clock_nanosleep, call_rules_clock_nanosleep, "clock"),
	HOST(nanosleep),
	HOST(gettimeofday),
	HOST(time),
	RULES(setitimer, call_rules_itimer, "cpu-timer", ARGS(V, IN(ITIMER), OUT(ITIMER))),
	RULES(getitimer, call_rules_itimer, "cpu-timer", ARGS(V, OUT(ITIMER))),
	FWD(alarm),
	FWD(timerfd_create),
	FWD(timerfd_settime, ARGS(V, V, IN(ITIMER), OUT(ITIMER))),
	FWD(timerfd_gettime, ARGS(V, OUT(ITIMER))),
	/* The deputy has them, whose signals travel. */
	RULES(timer_create, call_rules_timer_create, "cpu-timer", ARGS(V, IN(SIGEVENT), OUT(4))),
	FWD(timer_settime, ARGS(V, V, IN(ITIMER), OUT(ITIMER))),
	FWD(timer_gettime, ARGS(V, OUT(ITIMER))),
	FWD(timer_getoverrun),
	FWD(timer_delete),
	HOME(clock_settime, "clock"),
	HOME(clock_adjtime, "clock"),
	HOME(adjtimex, "clock"),
	HOME(settimeofday, "clock"),
	/* Home's view: the time used away is not in it yet, for nobody can add to a task's account
	 * there. Also what wait4 of a parent tells. */
	FWD(times, ARGS(OUT(sizeof(struct tms)))),
	FWD(getrusage, ARGS(V, OUT(RUSAGE))),

	/* ---- processes ----------------------------------------------------------------------- */
	RULES(clone, call_rules_clone, "fork"),
	HOME(clone3, "fork"),
	HOME(fork, "fork"),
	HOME(vfork, "fork"),
	HOME(execve, "execve"),
	HOME(execveat, "execve"),
	BOTH(exit),
	BOTH(exit_group),
	/* With WNOHANG and nothing to report, 0 comes back and nothing was written. */
	FWD(wait4, ARGS(V, OUT_POS(4), V, OUT_POS(RUSAGE)), .flags = BLOCKS),
	/* Returns 0 in both cases; writes some members only, and when it fails too. */
	FWD(waitid, ARGS(V, V, INOUT_ALWAYS(SIGINFO_WAIT), V,
			 INOUT(RUSAGE)), .flags = BLOCKS),
	FWD(getppid), /* others change these four at home */
	FWD(getpgrp),
	FWD(getpgid),
	FWD(getsid),
	FWD(setpgid),
	FWD(setsid),
	HOST(getuid),
	HOST(geteuid),
	HOST(getgid),
	HOST(getegid),
	HOST(getresuid),
	HOST(getresgid),
	HOST(getgroups),
	HOME(setuid, "credentials"),
	HOME(setgid, "credentials"),
	HOME(setreuid, "credentials"),
	HOME(setregid, "credentials"),
	HOME(setresuid, "credentials"),
	HOME(setresgid, "credentials"),
	HOME(setfsuid, "credentials"),
	HOME(setfsgid, "credentials"),
	HOME(setgroups, "credentials"),
	HOME(capget, "credentials"), /* how long its data is stands in its header */
	HOME(capset, "credentials"),
	HOST(uname),
	HOST(getcpu),
	FWD(sysinfo, ARGS(OUT(SYSINFO))),
	FWD(getrlimit, ARGS(V, OUT(16))),
	HOME(setrlimit, "rlimit"),
	RULES(prlimit64, call_rules_prlimit64, "rlimit", ARGS(V, V, V, OUT(16))),
	FWD(getpriority),
	HOME(setpriority, "scheduling"),
	/* The result is the size of the kernel's mask; the rest of the buffer is left alone. The count
	 * must be a multiple of 8. */
	FWD(sched_getaffinity, ARGS(V, V, OUT_RET_AS_IS(1))),
	HOME(sched_setaffinity, "scheduling"),
	FWD(sched_getparam, ARGS(V, OUT(4))),
	HOME(sched_setparam, "scheduling"),
	FWD(sched_getscheduler),
	HOME(sched_setscheduler, "scheduling"),
	FWD(sched_getattr, ARGS(V, INOUT_UINT(2, 1))),
	HOME(sched_setattr, "scheduling"),
	FWD(sched_get_priority_max),
	FWD(sched_get_priority_min),
	FWD(sched_rr_get_interval, ARGS(V, OUT(TIME1))),
	FWD(ioprio_get),
	HOME(ioprio_set, "scheduling"),
	HOME(ptrace, "ptrace"),
	HOME(kcmp, "other-process"),
	HOME(pidfd_open, "pidfd"),
	HOME(pidfd_getfd, "pidfd"),
	HOME(pidfd_send_signal, "pidfd"),
	HOME(setns, "namespaces"),
	HOME(unshare, "namespaces"),
	ROW(470, "listns", CALL_HOME, .reason = "namespaces"),

	/* ---- reading and writing ------------------------------------------------------------- */
	FWD(read, ARGS(V, OUT_RET(2)), .flags = READS),
	FWD(write, ARGS(V, IN_CUT(2)), .flags = RESUMES),
	FWD(pread64, ARGS(V, OUT_RET(2)), .flags = READS),
	FWD(pwrite64, ARGS(V, IN_CUT(2)), .flags = RESUMES),
	FWD(readv, ARGS(V, IOV_OUT(2)), .flags = READS),
	FWD(writev, ARGS(V, IOV_IN(2)), .flags = RESUMES),
	FWD(preadv, ARGS(V, IOV_OUT(2)), .flags = READS),
	FWD(pwritev, ARGS(V, IOV_IN(2)), .flags = RESUMES),
	FWD(preadv2, ARGS(V, IOV_OUT(2)), .flags = READS),
	FWD(pwritev2, ARGS(V, IOV_IN(2)), .flags = RESUMES),
	FWD(lseek),
	FWD(sendfile, ARGS(V, V, INOUT(8)), .flags = RESUMES),
	FWD(splice, ARGS(V, INOUT(8), V, INOUT(8)), .flags = RESUMES),
	FWD(tee, .flags = BLOCKS),
	FWD(copy_file_range, ARGS(V, INOUT(8), V, INOUT(8))),
	HOME(vmsplice, "page-sharing"),
	FWD(readahead),
	FWD(fadvise64),
	FWD(fallocate),
	FWD(fsync),
	FWD(fdatasync),
	FWD(sync_file_range),
	FWD(ftruncate),
	FWD(sync),
	FWD(syncfs),
	ROW(451, "cachestat", CALL_FORWARD, ARGS(V, IN(16), OUT(CACHESTAT))),

	/* ---- descriptors --------------------------------------------------------------------- */
	FWD(open, ARGS(STR), .flags = BLOCKS),
	FWD(openat, ARGS(V, STR), .flags = BLOCKS),
	FWD(openat2, ARGS(V, STR, IN_BY(3)), .flags = BLOCKS),
	FWD(creat, ARGS(STR), .flags = BLOCKS),
	FWD(close),
	FWD(close_range, .rules = call_rules_close_range),
	FWD(dup),
	FWD(dup2),
	FWD(dup3),
	RULES(fcntl, call_rules_fcntl, "fcntl"),
	RULES(ioctl, call_rules_ioctl, "ioctl"),
	FWD(flock, .flags = BLOCKS),
	FWD(pipe, ARGS(OUT(8))),
	FWD(pipe2, ARGS(OUT(8))),
	FWD(eventfd),
	FWD(eventfd2),
	FWD(memfd_create, ARGS(STR)),
	FWD(inotify_init),
	FWD(inotify_init1),
	FWD(inotify_add_watch, ARGS(V, STR)),
	FWD(inotify_rm_watch),

	/* ---- waiting; the kernel tells what is left of the time after failures too ---------- */
	FWD(poll, ARGS(INOUT_UINT(1, 8)), .flags = WAITS),
	RULES(ppoll, call_rules_mask_3, "signal-mask",
	      ARGS(INOUT_UINT(1, 8), V, INOUT_ALWAYS(TIME1)), .flags = WAITS),
	FWD(select, ARGS(V, FD_SET_BY(0), FD_SET_BY(0), FD_SET_BY(0), INOUT_ALWAYS(TIME1)),
	    .flags = WAITS),
	RULES(pselect6, call_rules_mask_5, "signal-mask",
	      ARGS(V, FD_SET_BY(0), FD_SET_BY(0), FD_SET_BY(0), INOUT_ALWAYS(TIME1)),
	      .flags = WAITS),
	FWD(epoll_create),
	FWD(epoll_create1),
	FWD(epoll_ctl, ARGS(V, V, V, IN(12)), .rules = call_rules_epoll_ctl),
	FWD(epoll_wait, ARGS(V, OUT_RET_INT(2, 12)), .flags = EPOLLS),
	RULES(epoll_pwait, call_rules_mask_4, "signal-mask",
	      ARGS(V, OUT_RET_INT(2, 12)), .flags = EPOLLS),
	RULES(epoll_pwait2, call_rules_mask_4, "signal-mask",
	      ARGS(V, OUT_RET_INT(2, 12), V, IN(TIME1)), .flags = EPOLLS),
	HOME(epoll_ctl_old, "obsolete"),
	HOME(epoll_wait_old, "obsolete"),

	/* ---- paths --------------------------------------------------------------------------- */
	FWD(stat, ARGS(STR, OUT(sizeof(struct stat)))),
	FWD(fstat, ARGS(V, OUT(sizeof(struct stat)))),
	FWD(lstat, ARGS(STR, OUT(sizeof(struct stat)))),
	FWD(newfstatat, ARGS(V, STR, OUT(sizeof(struct stat)))),
	FWD(statx, ARGS(V, STR, V, V, OUT(sizeof(struct statx)))),
	FWD(statfs, ARGS(STR, OUT(sizeof(struct statfs)))),
	FWD(fstatfs, ARGS(V, OUT(sizeof(struct statfs)))),
	FWD(ustat, ARGS(V, OUT(USTAT))),
	FWD(getdents, ARGS(V, OUT_RET_UINT(2))),
	FWD(getdents64, ARGS(V, OUT_RET_UINT(2))),
	FWD(getcwd, ARGS(OUT_RET(1))),
	FWD(chdir, ARGS(STR)),
	FWD(fchdir),
	FWD(readlink, ARGS(STR, OUT_RET_INT(2, 1))),
	FWD(readlinkat, ARGS(V, STR, OUT_RET_INT(3, 1))),
	FWD(access, ARGS(STR)),
	FWD(faccessat, ARGS(V, STR)),
	FWD(faccessat2, ARGS(V, STR)),
	FWD(truncate, ARGS(STR)),
	FWD(rename, ARGS(STR, STR)),
	FWD(renameat, ARGS(V, STR, V, STR)),
	FWD(renameat2, ARGS(V, STR, V, STR)),
	FWD(mkdir, ARGS(STR)),
	FWD(mkdirat, ARGS(V, STR)),
	FWD(rmdir, ARGS(STR)),
	FWD(link, ARGS(STR, STR)),
	FWD(linkat, ARGS(V, STR, V, STR)),
	FWD(unlink, ARGS(STR)),
	FWD(unlinkat, ARGS(V, STR)),
	FWD(symlink, ARGS(STR, STR)),
	FWD(symlinkat, ARGS(STR, V, STR)),
	FWD(mknod, ARGS(STR)),
	FWD(mknodat, ARGS(V, STR)),
	FWD(chmod, ARGS(STR)),
	FWD(fchmod),
	FWD(fchmodat, ARGS(V, STR)),
	ROW(452, "fchmodat2", CALL_FORWARD, ARGS(V, STR)),
	FWD(chown, ARGS(STR)),
	FWD(fchown),
	FWD(lchown, ARGS(STR)),
	FWD(fchownat, ARGS(V, STR)),
	FWD(umask),
	FWD(utime, ARGS(STR, IN(sizeof(struct utimbuf)))),
	FWD(utimes, ARGS(STR, IN(TIMES2))),
	FWD(futimesat, ARGS(V, STR, IN(TIMES2))),
	FWD(utimensat, ARGS(V, STR, IN(TIMES2))),

	/* ---- extended attributes: a size of 0 asks how long it is ---------------------------- */
	FWD(setxattr, ARGS(STR, STR, IN_BY(3))),
	FWD(lsetxattr, ARGS(STR, STR, IN_BY(3))),
	FWD(fsetxattr, ARGS(V, STR, IN_BY(3))),
	FWD(getxattr, ARGS(STR, STR, OUT_RET(3))),
	FWD(lgetxattr, ARGS(STR, STR, OUT_RET(3))),
	FWD(fgetxattr, ARGS(V, STR, OUT_RET(3))),
	FWD(listxattr, ARGS(STR, OUT_RET(2))),
	FWD(llistxattr, ARGS(STR, OUT_RET(2))),
	FWD(flistxattr, ARGS(V, OUT_RET(2))),
	FWD(removexattr, ARGS(STR, STR)),
	FWD(lremovexattr, ARGS(STR, STR)),
	FWD(fremovexattr, ARGS(V, STR)),
	ROW(463, "setxattrat", CALL_HOME, .reason = "no-row"), /* a pointer within a structure */
	ROW(464, "getxattrat", CALL_HOME, .reason = "no-row"),
	ROW(465, "listxattrat", CALL_FORWARD, ARGS(V, STR, V, OUT_RET(4))),
	ROW(466, "removexattrat", CALL_FORWARD, ARGS(V, STR, V, STR)),
	ROW(468, "file_getattr", CALL_HOME, .reason = "no-row"),
	ROW(469, "file_setattr", CALL_HOME, .reason = "no-row"),

	/* ---- sockets. With a timeout of the socket's own they return EINTR when merely stopped.
	 * The length of an address is written before the address can fail. */
	FWD(socket),
	FWD(socketpair, ARGS(V, V, V, INOUT_ALWAYS(8))), /* the numbers are written before it can fail */
	FWD(connect, ARGS(V, IN_INT(2)), .flags = EPOLLS),
	FWD(accept, ARGS(V, OUT_LEN(2, SOCKADDR), INOUT_ALWAYS(4)), .flags = EPOLLS),
	FWD(accept4, ARGS(V, OUT_LEN(2, SOCKADDR), INOUT_ALWAYS(4)), .flags = EPOLLS),
	FWD(bind, ARGS(V, IN_INT(2))),
	FWD(listen),
	FWD(shutdown),
	FWD(getsockname, ARGS(V, OUT_LEN(2, SOCKADDR), INOUT_ALWAYS(4))),
	FWD(getpeername, ARGS(V, OUT_LEN(2, SOCKADDR), INOUT_ALWAYS(4))),
	RULES(setsockopt, call_rules_setsockopt, "socket-option", ARGS(V, V, V, IN_INT(4))),
	/* Of some options the buffer goes in, too. */
	RULES(getsockopt, call_rules_getsockopt, "socket-option", ARGS(V, V, V, INOUT_LEN(4, SOCKOPT), INOUT_ALWAYS(4))),
	FWD(sendto, ARGS(V, IN_CUT(2), V, V, IN_INT(5)), .rules = call_rules_sendto, .flags = RESUMES | CALL_EINTR),
	FWD(recvfrom, ARGS(V, OUT_RET(2), V, V, OUT_LEN(5, SOCKADDR), INOUT_ALWAYS(4)), .rules = call_rules_recvfrom,
	    .flags = EPOLLS),
	FWD(sendmsg, ARGS(V, MSG_IN), .rules = call_rules_sendmsg, .flags = RESUMES | CALL_EINTR),
	FWD(recvmsg, ARGS(V, MSG_OUT), .rules = call_rules_recvmsg, .flags = EPOLLS),
	HOME(sendmmsg, "sockets"), /* pointers within a list of structures */
	HOME(recvmmsg, "sockets"),

	/* ---- between processes, and asynchronous --------------------------------------------- */
	HOME(semget, "sysv-ipc"),
	ROW(__NR_semop, "semop", CALL_HOME, .reason = "sysv-ipc", .flags = EPOLLS),
	ROW(__NR_semtimedop, "semtimedop", CALL_HOME, .reason = "sysv-ipc", .flags = EPOLLS),
	HOME(semctl, "sysv-ipc"),
	HOME(msgget, "sysv-ipc"),
	HOME(msgsnd, "sysv-ipc"),
	HOME(msgrcv, "sysv-ipc"),
	HOME(msgctl, "sysv-ipc"),
	HOME(mq_open, "posix-queue"),
	HOME(mq_unlink, "posix-queue"),
	HOME(mq_timedsend, "posix-queue"),
	HOME(mq_timedreceive, "posix-queue"),
	HOME(mq_notify, "posix-queue"),
	HOME(mq_getsetattr, "posix-queue"),
	HOME(io_setup, "aio"),
	HOME(io_destroy, "aio"),
	HOME(io_getevents, "aio"),
	HOME(io_pgetevents, "aio"),
	HOME(io_submit, "aio"),
	HOME(io_cancel, "aio"),
	HOME(io_uring_setup, "io_uring"),
	HOME(io_uring_enter, "io_uring"),
	HOME(io_uring_register, "io_uring"),

	/* ---- the system's management, and what nobody calls ---------------------------------- */
	HOME(chroot, "namespaces"),
	HOME(pivot_root, "namespaces"),
	HOME(mount, "mount"),
	HOME(umount2, "mount"),
	HOME(open_tree, "mount"),
	HOME(move_mount, "mount"),
	HOME(fsopen, "mount"),
	HOME(fsconfig, "mount"),
	HOME(fsmount, "mount"),
	HOME(fspick, "mount"),
	HOME(mount_setattr, "mount"),
	ROW(457, "statmount", CALL_HOME, .reason = "mount"),
	ROW(458, "listmount", CALL_HOME, .reason = "mount"),
	ROW(467, "open_tree_attr", CALL_HOME, .reason = "mount"),
	HOME(landlock_create_ruleset, "security"),
	HOME(landlock_add_rule, "security"),
	HOME(landlock_restrict_self, "security"),
	ROW(459, "lsm_get_self_attr", CALL_HOME, .reason = "security"),
	ROW(460, "lsm_set_self_attr", CALL_HOME, .reason = "security"),
	ROW(461, "lsm_list_modules", CALL_HOME, .reason = "security"),
	HOME(add_key, "keyring"),
	HOME(request_key, "keyring"),
	HOME(keyctl, "keyring"),
	HOME(perf_event_open, "perf"),
	HOME(bpf, "bpf"),
	HOME(fanotify_init, "no-row"),
	HOME(fanotify_mark, "no-row"),
	HOME(name_to_handle_at, "no-row"), /* how long its handle is stands in it */
	HOME(open_by_handle_at, "no-row"),
	HOME(quotactl, "administration"),
	HOME(quotactl_fd, "administration"),
	HOME(syslog, "administration"),
	HOME(acct, "administration"),
	HOME(swapon, "administration"),
	HOME(swapoff, "administration"),
	HOME(reboot, "administration"),
	HOME(sethostname, "administration"),
	HOME(setdomainname, "administration"),
	HOME(init_module, "administration"),
	HOME(finit_module, "administration"),
	HOME(delete_module, "administration"),
	HOME(kexec_load, "administration"),
	HOME(kexec_file_load, "administration"),
	HOME(vhangup, "administration"),
	HOME(lookup_dcookie, "obsolete"),
	HOME(sysfs, "obsolete"),
	HOME(uselib, "obsolete"),
	HOME(_sysctl, "obsolete"),
	HOME(create_module, "obsolete"),
	HOME(get_kernel_syms, "obsolete"),
	HOME(query_module, "obsolete"),
	HOME(nfsservctl, "obsolete"),
	HOME(getpmsg, "obsolete"),
	HOME(putpmsg, "obsolete"),
	HOME(afs_syscall, "obsolete"),
	HOME(tuxcall, "obsolete"),
	HOME(security, "obsolete"),
	HOME(vserver, "obsolete"),
};
/* clang-format on */

const struct call_row *call_row(long nr)
{
	/* Also leaves out the x32 calls, whose numbers have bit 30 set. */
	if (nr < 0 || nr >= CALL_NR_END || !rows[nr].name)
		return NULL;
	return &rows[nr];
}
