/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the arguments of a call mean, one letter each. The product's table has no need to know it:
 * there a descriptor, a length and a flag are all numbers. Nor does it know pointers of calls that
 * run where the program is; those have a capital letter here.
 *
 *   f descriptor   d descriptor of a folder   n length   o offset   i small number   z nothing
 *   g flags        O flags of open            m mode     u owner    h whence         p process
 *   s signal       c clock                    w milliseconds        a advice         l prctl option
 *   q protection   M mapping's flags          @ a page to be mapped  N its length    k brk
 *   x futex's operation   8 eight, mostly   2 twenty-four, mostly   3 how an epoll is changed
 *   4 fcntl's command   5 ioctl's request  6 flock's operation  r random
 *   pointers, by what stands there: S signals  A action  T time  I interval  J siginfo  P pollfds
 *   E epoll event  K lock  Y path  X name of an attribute  H open_how  F set of descriptors
 *   W words  L a stack  . anything
 */
#include "calls.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

static const struct {
	uint16_t nr;
	char words[CALL_ARGS + 1];
} words[] = {
	/* memory */
	{ __NR_mmap, "@NqMfo" },
	{ __NR_mremap, "@NNg@" },
	{ __NR_madvise, "@Na" },
	{ __NR_mprotect, "@Nq" },
	{ __NR_munmap, "@N" },
	{ __NR_brk, "k" },
	{ __NR_msync, "@Ng" },
	{ __NR_mincore, "@N." },
	{ __NR_mlock, "@N" },
	{ __NR_munlock, "@N" },
	{ __NR_remap_file_pages, "@Nzig" },
	{ __NR_mbind, "@Nizzg" },
	/* futexes and threads */
	{ __NR_futex, "WxiTWi" },
	{ __NR_futex_waitv, ".igTc" },
	{ 454, "Wiig" },
	{ __NR_set_robust_list, "W2" },
	{ __NR_get_robust_list, "pWW" },
	{ __NR_set_tid_address, "W" },
	{ __NR_rseq, "Wigr" },
	{ __NR_getrandom, ".ng" },
	{ __NR_arch_prctl, "lW" },
	{ __NR_prctl, "lWzzz" },
	{ __NR_personality, "l" },
	{ __NR_membarrier, "gzz" },
	/* signals */
	{ __NR_rt_sigaction, "sA.8" },
	{ __NR_rt_sigprocmask, "iS.8" },
	{ __NR_rt_sigpending, ".8" },
	{ __NR_sigaltstack, "L." },
	{ __NR_kill, "ps" },
	{ __NR_tkill, "ps" },
	{ __NR_tgkill, "pps" },
	{ __NR_rt_sigqueueinfo, "psJ" },
	{ __NR_rt_tgsigqueueinfo, "ppsJ" },
	{ __NR_rt_sigtimedwait, "S.T8" },
	{ __NR_signalfd4, "fS8g" },
	/* time */
	{ __NR_clock_gettime, "c." },
	{ __NR_clock_getres, "c." },
	{ __NR_clock_nanosleep, "cgT." },
	{ __NR_nanosleep, "T." },
	{ __NR_gettimeofday, ".." },
	{ __NR_time, "." },
	{ __NR_setitimer, "iI." },
	{ __NR_getitimer, "i." },
	{ __NR_alarm, "i" },
	{ __NR_timerfd_create, "cg" },
	{ __NR_timerfd_settime, "fzI." },
	{ __NR_timerfd_gettime, "f." },
	{ __NR_timer_delete, "i" },
	/* processes */
	{ __NR_wait4, "p.g." },
	{ __NR_waitid, "ip.g." },
	{ __NR_getpgid, "p" },
	{ __NR_getsid, "p" },
	{ __NR_setpgid, "pp" },
	{ __NR_getresuid, "..." },
	{ __NR_getresgid, "..." },
	{ __NR_getgroups, "i." },
	{ __NR_uname, "." },
	{ __NR_getcpu, "..z" },
	{ __NR_sysinfo, "." },
	{ __NR_getrlimit, "i." },
	{ __NR_prlimit64, "piz." },
	{ __NR_getpriority, "hp" },
	{ __NR_sched_getaffinity, "pn." },
	{ __NR_sched_getparam, "p." },
	{ __NR_sched_getscheduler, "p" },
	{ __NR_sched_getattr, "p.ng" },
	{ __NR_sched_get_priority_max, "i" },
	{ __NR_sched_get_priority_min, "i" },
	{ __NR_sched_rr_get_interval, "p." },
	{ __NR_ioprio_get, "hp" },
	{ __NR_getrusage, "i." },
	{ __NR_times, "." },
	{ __NR_setuid, "u" },
	{ __NR_setgid, "u" },
	{ __NR_setreuid, "uu" },
	{ __NR_setresuid, "uuu" },
	{ __NR_setgroups, "i." },
	{ __NR_capget, ".." },
	{ __NR_pidfd_open, "pg" },
	{ __NR_pidfd_send_signal, "fsJz" },
	/* reading and writing */
	{ __NR_read, "f.n" },
	{ __NR_write, "f.n" },
	{ __NR_pread64, "f.no" },
	{ __NR_pwrite64, "f.no" },
	{ __NR_readv, "f.i" },
	{ __NR_writev, "f.i" },
	{ __NR_preadv, "f.ioz" },
	{ __NR_pwritev, "f.ioz" },
	{ __NR_preadv2, "f.iozg" },
	{ __NR_pwritev2, "f.iozg" },
	{ __NR_lseek, "foh" },
	{ __NR_sendfile, "ffWn" },
	{ __NR_splice, "fWfWnh" },
	{ __NR_tee, "ffnh" },
	{ __NR_copy_file_range, "fWfWnz" },
	{ __NR_readahead, "fon" },
	{ __NR_fadvise64, "foni" },
	{ __NR_fallocate, "fhoo" },
	{ __NR_fsync, "f" },
	{ __NR_fdatasync, "f" },
	{ __NR_sync_file_range, "foog" },
	{ __NR_ftruncate, "fo" },
	{ __NR_syncfs, "f" },
	{ 451, "fW.g" },
	/* descriptors */
	{ __NR_open, "YOm" },
	{ __NR_openat, "dYOm" },
	{ __NR_openat2, "dYH2" },
	{ __NR_creat, "Ym" },
	{ __NR_close, "f" },
	{ __NR_close_range, "ffg" },
	{ __NR_dup, "f" },
	{ __NR_dup2, "ff" },
	{ __NR_dup3, "ffO" },
	{ __NR_fcntl, "f4i" },
	{ __NR_ioctl, "f5i" },
	{ __NR_flock, "f6" },
	{ __NR_pipe, "." },
	{ __NR_pipe2, ".O" },
	{ __NR_eventfd, "i" },
	{ __NR_eventfd2, "iO" },
	{ __NR_memfd_create, "Yg" },
	{ __NR_inotify_init1, "O" },
	{ __NR_inotify_add_watch, "fYg" },
	{ __NR_inotify_rm_watch, "fh" },
	/* waiting */
	{ __NR_poll, "Piw" },
	{ __NR_ppoll, "PiTz8" },
	{ __NR_select, "iFFFt" },
	{ __NR_pselect6, "iFFFTz" },
	{ __NR_epoll_create, "i" },
	{ __NR_epoll_create1, "O" },
	{ __NR_epoll_ctl, "f3fE" },
	{ __NR_epoll_wait, "f.iw" },
	{ __NR_epoll_pwait, "f.iwz8" },
	{ __NR_epoll_pwait2, "f.iTz8" },
	/* paths */
	{ __NR_stat, "Y." },
	{ __NR_fstat, "f." },
	{ __NR_lstat, "Y." },
	{ __NR_newfstatat, "dY.g" },
	{ __NR_statx, "dYgi." },
	{ __NR_statfs, "Y." },
	{ __NR_fstatfs, "f." },
	{ __NR_ustat, "i." },
	{ __NR_getdents, "f.n" },
	{ __NR_getdents64, "f.n" },
	{ __NR_getcwd, ".n" },
	{ __NR_chdir, "Y" },
	{ __NR_fchdir, "f" },
	{ __NR_readlink, "Y.n" },
	{ __NR_readlinkat, "dY.n" },
	{ __NR_access, "Yh" },
	{ __NR_faccessat, "dYh" },
	{ __NR_faccessat2, "dYhg" },
	{ __NR_truncate, "Yo" },
	{ __NR_rename, "YY" },
	{ __NR_renameat, "dYdY" },
	{ __NR_renameat2, "dYdYg" },
	{ __NR_mkdir, "Ym" },
	{ __NR_mkdirat, "dYm" },
	{ __NR_rmdir, "Y" },
	{ __NR_link, "YY" },
	{ __NR_linkat, "dYdYg" },
	{ __NR_unlink, "Y" },
	{ __NR_unlinkat, "dYg" },
	{ __NR_symlink, "YY" },
	{ __NR_symlinkat, "YdY" },
	{ __NR_mknod, "Ymi" },
	{ __NR_mknodat, "dYmi" },
	{ __NR_chmod, "Ym" },
	{ __NR_fchmod, "fm" },
	{ __NR_fchmodat, "dYm" },
	{ 452, "dYmg" },
	{ __NR_chown, "Yuu" },
	{ __NR_fchown, "fuu" },
	{ __NR_lchown, "Yuu" },
	{ __NR_fchownat, "dYuug" },
	{ __NR_umask, "m" },
	{ __NR_utime, "Y." },
	{ __NR_utimes, "YI" },
	{ __NR_futimesat, "dYI" },
	{ __NR_utimensat, "dYIg" },
	/* extended attributes */
	{ __NR_setxattr, "YX.nz" },
	{ __NR_lsetxattr, "YX.nz" },
	{ __NR_fsetxattr, "fX.nz" },
	{ __NR_getxattr, "YX.n" },
	{ __NR_lgetxattr, "YX.n" },
	{ __NR_fgetxattr, "fX.n" },
	{ __NR_listxattr, "Y.n" },
	{ __NR_llistxattr, "Y.n" },
	{ __NR_flistxattr, "f.n" },
	{ __NR_removexattr, "YX" },
	{ __NR_lremovexattr, "YX" },
	{ __NR_fremovexattr, "fX" },
	{ 465, "dYg.n" },
	{ 466, "dYgX" },
	/* sockets, always at home */
	{ __NR_socket, "iiz" },
	{ __NR_socketpair, "iiz." },
	{ __NR_getsockname, "f.W" },
	{ __NR_getpeername, "f.W" },
	{ __NR_sendto, "f.ngzz" },
	{ __NR_recvfrom, "f.ngzz" },
	{ __NR_listen, "fi" },
};

/* What stands where a request's third argument points; the rest by chance. */
static const struct {
	uint64_t request;
	char word;
} requests[] = {
	{ F_GETLK, 'K' },     { F_SETLK, 'K' },	  { F_SETLKW, 'K' },   { F_OFD_GETLK, 'K' },
	{ F_OFD_SETLK, 'K' }, { F_OFD_SETLKW, 'K' }, { F_SETFL, 'O' },	{ F_DUPFD, 'i' },
	{ F_SETPIPE_SZ, 'n' }, { F_SETOWN, 'p' },  { F_SETSIG, 's' },	{ TIOCSIG, 's' },
	{ TIOCSPGRP, 'G' },   { FIONBIO, 'W' },	  { FIOASYNC, 'W' },   { TIOCPKT, 'W' },
	{ TIOCSETD, 'W' },    { TIOCGPTPEER, 'O' }, { F_ADD_SEALS, 'i' }, { TCFLSH, 'i' },
	{ TCXONC, 'i' },
};

/* Which descriptors of the world a call is about, up to three; others come, too. */
static const struct {
	uint16_t nr;
	uint8_t fds[3];
} about[] = {
	{ __NR_epoll_ctl, { 20, 20, 20 } },	    { __NR_epoll_wait, { 20, 20, 20 } },
	{ __NR_epoll_pwait, { 20, 20, 20 } },	    { __NR_epoll_pwait2, { 20, 20, 20 } },
	{ __NR_inotify_add_watch, { 19, 19, 19 } }, { __NR_inotify_rm_watch, { 19, 19, 19 } },
	{ __NR_timerfd_settime, { 18, 18, 18 } },   { __NR_timerfd_gettime, { 18, 18, 18 } },
	{ __NR_getdents, { 13, 13, 14 } },	    { __NR_getdents64, { 13, 13, 14 } },
	{ __NR_fchdir, { 13, 13, 14 } },	    { __NR_ftruncate, { 3, 21, 24 } },
	{ __NR_fallocate, { 3, 21, 24 } },	    { __NR_sendfile, { 3, 24, 8 } },
	{ __NR_splice, { 3, 7, 8 } },		    { __NR_tee, { 7, 8, 8 } },
	{ __NR_copy_file_range, { 3, 6, 24 } },	    { __NR_ioctl, { 15, 16, 3 } },
	{ __NR_fsetxattr, { 3, 4, 3 } },	    { __NR_fgetxattr, { 3, 4, 3 } },
	{ __NR_fremovexattr, { 3, 4, 3 } },	    { __NR_flistxattr, { 3, 4, 3 } },
	{ __NR_pwrite64, { 3, 24, 21 } },	    { __NR_pwritev, { 3, 24, 21 } },
	{ __NR_pwritev2, { 3, 24, 21 } },	    { __NR_fcntl, { 3, 7, 24 } },
	{ __NR_sync_file_range, { 3, 24, 3 } },	    { __NR_lseek, { 3, 13, 24 } },
};

int words_descriptor(long nr, struct chance *c)
{
	for (unsigned i = 0; i < ARRAY_SIZE(about); i++)
		if (about[i].nr == nr)
			return chance_of(c, 500) ? CHANCE_PICK(c, about[i].fds) : -1;
	return -1;
}

const char *words_of(long nr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].nr == nr)
			return words[i].words;
	return "";
}

char words_of_request(long nr, uint64_t request)
{
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].request == request &&
		    (nr == __NR_ioctl) == (request > 2048 || request >= 0x5000))
			return requests[i].word;
	return '.';
}
