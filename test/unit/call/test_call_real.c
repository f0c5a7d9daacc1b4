/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Holds the table against the kernel: each call is made natively, and again as a deputy would make
 * it, with its arguments laid out by the plan in buffers full of rubbish; result and memory, to the
 * last byte, must be the same. So a size, a direction or a count that is wrong shows. */
#include "base/util.h"
#include "call/call.h"
#include "wire/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/fs.h>

#include <setjmp.h>
#include <cmocka.h>

#define AREAS   6
#define AREA    8192
#define BUF(i)  (0xb0fb0f0000000000ULL + (i)) /* stands for area i */
#define AREA_OF(v) ((v) - BUF(0))

struct areas {
	_Alignas(64) uint8_t b[AREAS][AREA];
};

/* What the calls work on. */
static int dir_fd, file_fd, out_fd, pipe_r, pipe_w, pty_fd, epoll_fd, timer_fd, pipe2_r, pipe2_w;
static pid_t child;

struct real {
	const char *what;
	long nr;
	uint64_t arg[CALL_ARGS];
	void (*prepare)(struct areas *a);
	unsigned skip; /* bytes at area 1's start that differ from one time to the next */
	bool any_result; /* so does the result */
};

static int64_t raw(long nr, const uint64_t a[CALL_ARGS])
{
	long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return r == -1 ? -errno : r;
}

static uint32_t iov_run(const struct iovec *v, uint32_t n, uint8_t *run, bool to_iov, uint32_t len)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = (uint32_t)MIN(v[i].iov_len, (size_t)(to_iov ? len - at : UINT32_MAX));

		if (run && to_iov)
			memcpy(v[i].iov_base, run + at, k);
		else if (run)
			memcpy(run + at, v[i].iov_base, k);
		at += k;
	}
	return at;
}

/* What guest and home do together, in one process. */
static int64_t forwarded(const char *what, long nr, const uint64_t arg[CALL_ARGS])
{
	static uint8_t deputy[CALL_ARGS][CALL_DATA_MAX];
	struct iovec one[CALL_ARGS];
	uint32_t cap[CALL_ARGS];
	uint64_t regs[CALL_ARGS];
	struct call_plan p;
	int64_t ret;
	int r = call_plan(nr, arg, &p);

	if (r < 0)
		fail_msg("%s: no plan: %d", what, r);
	memcpy(regs, p.arg, sizeof(regs));
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		void *guest = (void *)p.arg[i];
		bool iov = p.kind[i] == ARG_IOV_IN || p.kind[i] == ARG_IOV_OUT;
		uint32_t in_len = 0;

		if (p.kind[i] == ARG_VALUE)
			continue;
		memset(deputy[i], 0xee, 16384);
		if (iov)
			in_len = iov_run(guest, p.size[i], NULL, false, 0);
		else if (call_arg_in(p.kind[i]))
			in_len = p.kind[i] == ARG_STR ? (uint32_t)strlen(guest) + 1 : p.size[i];
		r = call_place_size(&p, i, in_len);
		assert_true(r >= 0);
		cap[i] = (uint32_t)r;
		if (p.kind[i] == ARG_IOV_IN)
			(void)iov_run(guest, p.size[i], deputy[i], false, 0);
		else if (call_arg_in(p.kind[i]))
			memcpy(deputy[i], guest, in_len);
		regs[i] = (uint64_t)deputy[i];
		if (iov) {
			one[i] = (struct iovec){ deputy[i], cap[i] };
			regs[i] = (uint64_t)&one[i];
			regs[2] = 1;
		}
	}
	ret = raw(nr, regs);
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		uint32_t n = call_arg_out(p.kind[i]) ? call_out_len(&p, i, ret, cap[i]) : 0;

		if (p.kind[i] == ARG_IOV_OUT)
			(void)iov_run((void *)p.arg[i], p.size[i], deputy[i], true, n);
		else if (n)
			memcpy((void *)p.arg[i], deputy[i], n);
	}
	return ret;
}

static int64_t run_one(const struct real *t, struct areas *a, bool native)
{
	uint64_t arg[CALL_ARGS];

	memset(a, 0xa5, sizeof(*a));
	if (t->prepare)
		t->prepare(a);
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		uint64_t n = AREA_OF(t->arg[i]);

		arg[i] = n < AREAS ? (uint64_t)a->b[n] : t->arg[i];
	}
	return native ? raw(t->nr, arg) : forwarded(t->what, t->nr, arg);
}

/* ---- what they need beforehand --------------------------------------------------------------- */

#define TEXT(a, i, s) memcpy((a)->b[i], s, sizeof(s))

static void path_file(struct areas *a)
{
	TEXT(a, 0, "file");
}

static void path_link(struct areas *a)
{
	TEXT(a, 0, "link");
}

static void xattr_name(struct areas *a)
{
	TEXT(a, 0, "file");
	TEXT(a, 2, "user.mos");
	TEXT(a, 3, "a value");
}

static void rewind_all(struct areas *a)
{
	(void)lseek(dir_fd, 0, SEEK_SET);
	(void)lseek(file_fd, 0, SEEK_SET);
	(void)lseek(out_fd, 0, SEEK_SET);
	memset(a->b[3], 0, 16); /* offsets */
	a->b[3][0] = 5;
	a->b[4][0] = 0;
	memset(a->b[4], 0, 16);
}

static void vectors(struct areas *a)
{
	struct iovec v[3] = { { a->b[1], 7 }, { a->b[2], 0 }, { a->b[4], 4000 } };

	rewind_all(a);
	memset(a->b[1], 'x', 7);
	memset(a->b[4], 'y', 4000);
	memcpy(a->b[5], v, sizeof(v));
}

static void poll_two(struct areas *a)
{
	struct pollfd f[3] = { { pipe_r, POLLIN, 0 }, { pipe_w, POLLOUT, 0 }, { -1, 1, 7 } };

	memcpy(a->b[1], f, sizeof(f));
	memset(a->b[3], 0, 16);
}

static void fd_sets(struct areas *a)
{
	fd_set s;

	FD_ZERO(&s);
	FD_SET(pipe_r, &s);
	FD_SET(pipe_w, &s);
	for (unsigned i = 1; i < 4; i++)
		memcpy(a->b[i], &s, 8);
	memset(a->b[4], 0, 16);
}

static void fork_one(struct areas *a)
{
	child = fork();
	if (child == 0)
		_exit(3);
	/* Let it be dead without reaping it. */
	(void)waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT);
}

static void whole_file_lock(struct areas *a)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	memcpy(a->b[1], &l, sizeof(l));
}

static void one_event(struct areas *a)
{
	struct epoll_event e = { .events = EPOLLOUT, .data.u64 = 0x1122334455667788 };

	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, pipe2_w, NULL);
	memcpy(a->b[1], &e, sizeof(e));
}

static void timer_off(struct areas *a)
{
	memset(a->b[2], 0, 32);
}

static void queue_info(struct areas *a)
{
	siginfo_t si = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };
	struct timespec none = { 0 };
	sigset_t s;

	(void)sigemptyset(&s);
	(void)sigaddset(&s, SIGRTMIN);
	while (sigtimedwait(&s, NULL, &none) > 0)
		;
	memcpy(a->b[1], &si, sizeof(si));
}

static void cache_range(struct areas *a)
{
	memset(a->b[2], 0, 16);
}

static void old_and_new(struct areas *a)
{
	TEXT(a, 0, "file2");
	TEXT(a, 1, "file3");
	(void)close(open("file2", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void how_to_open(struct areas *a)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_PATH | O_CLOEXEC, 0, 0 };

	TEXT(a, 0, "file");
	memcpy(a->b[1], &how, sizeof(how));
}

/* ---- the calls ------------------------------------------------------------------------------- */

static int64_t fds[10];
enum { DIRF, FILEF, OUTF, PIPER, PIPEW, PTY, EPOLL, TIMER, PIPE2R, PIPE2W };
#define FD(n) (0xfdfdfd0000000000ULL + (n)) /* stands for fds[n] */

static const struct real reals[] = {
	{ "fstat", SYS_fstat, { FD(FILEF), BUF(1) } },
	{ "stat", SYS_stat, { BUF(0), BUF(1) }, path_file },
	{ "lstat", SYS_lstat, { BUF(0), BUF(1) }, path_link },
	{ "stat fails", SYS_stat, { BUF(0), 0 }, path_file },
	{ "newfstatat", SYS_newfstatat, { FD(DIRF), BUF(0), BUF(1), 0 }, path_file },
	{ "statx", SYS_statx, { FD(DIRF), BUF(0), 0, 0xfff, BUF(1) }, path_file },
	{ "statfs", SYS_statfs, { BUF(0), BUF(1) }, path_file },
	{ "fstatfs", SYS_fstatfs, { FD(FILEF), BUF(1) } },
	{ "ustat", SYS_ustat, { 0, BUF(1) } },
	{ "getcwd", SYS_getcwd, { BUF(1), 4096 } },
	{ "getcwd too short", SYS_getcwd, { BUF(1), 2 } },
	{ "getcwd with a huge size", SYS_getcwd, { BUF(1), 1ULL << 40 } },
	{ "readlink", SYS_readlink, { BUF(0), BUF(1), 100 }, path_link },
	{ "readlink cut", SYS_readlink, { BUF(0), BUF(1), 2 }, path_link },
	{ "readlinkat", SYS_readlinkat, { FD(DIRF), BUF(0), BUF(1), 100 }, path_link },
	/* The kernel leaves out the bytes that pad each record; nobody reads them. */
	{ "getdents64", SYS_getdents64, { FD(DIRF), BUF(1), 4096 }, rewind_all, 256 },
	{ "getdents", SYS_getdents, { FD(DIRF), BUF(1), 4096 }, rewind_all, 256 },
	{ "getdents64 too short", SYS_getdents64, { FD(DIRF), BUF(1), 3 }, rewind_all },
	{ "read", SYS_read, { FD(FILEF), BUF(1), 8000 }, rewind_all },
	{ "read 0", SYS_read, { FD(FILEF), BUF(1), 0 }, rewind_all },
	{ "read fails", SYS_read, { 9999, BUF(1), 10 } },
	{ "pread64", SYS_pread64, { FD(FILEF), BUF(1), 100, 5 } },
	{ "readv", SYS_readv, { FD(FILEF), BUF(5), 3 }, vectors },
	{ "readv too many", SYS_readv, { FD(FILEF), BUF(5), 5000 }, vectors },
	{ "readv none", SYS_readv, { FD(FILEF), BUF(5), 0 }, vectors },
	{ "preadv", SYS_preadv, { FD(FILEF), BUF(5), 3, 3 }, vectors },
	{ "preadv2", SYS_preadv2, { FD(FILEF), BUF(5), 3, -1ULL }, vectors },
	{ "writev", SYS_writev, { FD(OUTF), BUF(5), 3 }, vectors },
	{ "pwritev", SYS_pwritev, { FD(OUTF), BUF(5), 3, 4 }, vectors },
	{ "write", SYS_write, { FD(OUTF), BUF(1), 100 }, rewind_all },
	{ "pwrite64", SYS_pwrite64, { FD(OUTF), BUF(1), 100, 7 }, rewind_all },
	{ "sendfile", SYS_sendfile, { FD(OUTF), FD(FILEF), BUF(3), 10 }, rewind_all },
	{ "sendfile at the position", SYS_sendfile, { FD(OUTF), FD(FILEF), 0, 10 }, rewind_all },
	{ "copy_file_range", SYS_copy_file_range, { FD(FILEF), BUF(3), FD(OUTF), BUF(4), 10 },
	  rewind_all },
	{ "splice", SYS_splice, { FD(FILEF), BUF(3), FD(PIPE2W), 0, 10 }, rewind_all },
	{ "lseek", SYS_lseek, { FD(FILEF), 3, SEEK_SET } },
	{ "pipe2", SYS_pipe2, { BUF(1), O_CLOEXEC }, NULL, 8 },
	{ "openat2", SYS_openat2, { FD(DIRF), BUF(0), BUF(1), 24 }, how_to_open, 0, true },
	{ "rename", SYS_rename, { BUF(0), BUF(1) }, old_and_new },
	{ "utimensat", SYS_utimensat, { FD(DIRF), BUF(0), BUF(3), 0 }, path_file },
	{ "setxattr", SYS_setxattr, { BUF(0), BUF(2), BUF(3), 7, 0 }, xattr_name },
	{ "getxattr", SYS_getxattr, { BUF(0), BUF(2), BUF(1), 100 }, xattr_name },
	{ "getxattr asks", SYS_getxattr, { BUF(0), BUF(2), BUF(1), 0 }, xattr_name },
	{ "getxattr too short", SYS_getxattr, { BUF(0), BUF(2), BUF(1), 3 }, xattr_name },
	{ "listxattr", SYS_listxattr, { BUF(0), BUF(1), 100 }, xattr_name },
	{ "listxattrat", 465, { FD(DIRF), BUF(0), 0, BUF(1), 100 }, xattr_name },
	{ "flistxattr", SYS_flistxattr, { FD(FILEF), BUF(1), 100 } },
	{ "cachestat", 451, { FD(FILEF), BUF(2), BUF(1), 0 }, cache_range, 40 },
	{ "poll", SYS_poll, { BUF(1), 3, 0 }, poll_two },
	{ "ppoll", SYS_ppoll, { BUF(1), 3, BUF(3), 0 }, poll_two },
	{ "select", SYS_select, { 64, BUF(1), BUF(2), BUF(3), BUF(4) }, fd_sets },
	{ "select, fewer bits", SYS_select, { 3, BUF(1), BUF(2), 0, BUF(4) }, fd_sets },
	{ "select of -1", SYS_select, { -1ULL, BUF(1), BUF(2), 0, BUF(4) }, fd_sets },
	{ "pselect6", SYS_pselect6, { 64, BUF(1), 0, BUF(3), BUF(4), 0 }, fd_sets },
	{ "epoll_ctl", SYS_epoll_ctl, { FD(EPOLL), EPOLL_CTL_ADD, FD(PIPE2W), BUF(1) }, one_event },
	{ "epoll_wait", SYS_epoll_wait, { FD(EPOLL), BUF(1), 10, 0 } },
	{ "epoll_pwait2", SYS_epoll_pwait2, { FD(EPOLL), BUF(1), 10, BUF(2), 0 }, timer_off },
	{ "epoll_wait of -1", SYS_epoll_wait, { FD(EPOLL), BUF(1), -1ULL, 0 } },
	{ "timerfd_settime", SYS_timerfd_settime, { FD(TIMER), 0, BUF(2), BUF(1) }, timer_off },
	{ "timerfd_gettime", SYS_timerfd_gettime, { FD(TIMER), BUF(1) } },
	{ "setitimer", SYS_setitimer, { 0, BUF(2), BUF(1) }, timer_off },
	{ "getitimer", SYS_getitimer, { 0, BUF(1) } },
	{ "TCGETS", SYS_ioctl, { FD(PTY), TCGETS, BUF(1) } },
	{ "TCGETS2", SYS_ioctl, { FD(PTY), 0x802c542a, BUF(1) } },
	{ "TCGETA", SYS_ioctl, { FD(PTY), TCGETA, BUF(1) } },
	{ "TIOCGLCKTRMIOS", SYS_ioctl, { FD(PTY), TIOCGLCKTRMIOS, BUF(1) } },
	{ "TIOCGWINSZ", SYS_ioctl, { FD(PTY), TIOCGWINSZ, BUF(1) } },
	{ "TIOCGPTN", SYS_ioctl, { FD(PTY), TIOCGPTN, BUF(1) } },
	{ "TIOCGPTLCK", SYS_ioctl, { FD(PTY), TIOCGPTLCK, BUF(1) } },
	{ "TIOCGPKT", SYS_ioctl, { FD(PTY), TIOCGPKT, BUF(1) } },
	{ "TIOCGETD", SYS_ioctl, { FD(PTY), TIOCGETD, BUF(1) } },
	{ "TIOCOUTQ", SYS_ioctl, { FD(PTY), TIOCOUTQ, BUF(1) } },
	{ "TIOCGSOFTCAR", SYS_ioctl, { FD(PTY), TIOCGSOFTCAR, BUF(1) } },
	{ "TIOCGDEV", SYS_ioctl, { FD(PTY), TIOCGDEV, BUF(1) } },
	{ "TIOCGEXCL", SYS_ioctl, { FD(PTY), TIOCGEXCL, BUF(1) } },
	{ "TCGETS of a file", SYS_ioctl, { FD(FILEF), TCGETS, BUF(1) } },
	{ "FIONREAD", SYS_ioctl, { FD(PIPER), FIONREAD, BUF(1) } },
	{ "FIOQSIZE", SYS_ioctl, { FD(FILEF), FIOQSIZE, BUF(1) } },
	{ "FIGETBSZ", SYS_ioctl, { FD(FILEF), FIGETBSZ, BUF(1) } },
	{ "FS_IOC_GETFLAGS", SYS_ioctl, { FD(FILEF), FS_IOC_GETFLAGS, BUF(1) } },
	{ "FS_IOC_GETVERSION", SYS_ioctl, { FD(FILEF), FS_IOC_GETVERSION, BUF(1) } },
	{ "FS_IOC_FSGETXATTR", SYS_ioctl, { FD(FILEF), FS_IOC_FSGETXATTR, BUF(1) } },
	{ "FS_IOC_GETFSLABEL", SYS_ioctl, { FD(FILEF), FS_IOC_GETFSLABEL, BUF(1) } },
	{ "F_GETLK", SYS_fcntl, { FD(FILEF), F_GETLK, BUF(1) }, whole_file_lock },
	{ "F_SETLK", SYS_fcntl, { FD(FILEF), F_SETLK, BUF(1) }, whole_file_lock },
	{ "F_GETOWN_EX", SYS_fcntl, { FD(PIPER), F_GETOWN_EX, BUF(1) } },
	{ "F_GETOWNER_UIDS", SYS_fcntl, { FD(PIPER), 17, BUF(1) } },
	{ "F_GET_RW_HINT", SYS_fcntl, { FD(FILEF), F_GET_RW_HINT, BUF(1) } },
	{ "F_GETPIPE_SZ", SYS_fcntl, { FD(PIPER), F_GETPIPE_SZ } },
	{ "wait4", SYS_wait4, { -1ULL, BUF(2), 0, BUF(1) }, fork_one, 144, true },
	{ "wait4 without children", SYS_wait4, { -1ULL, BUF(2), WNOHANG, BUF(1) } },
	{ "waitid, nobody", SYS_waitid, { P_ALL, 0, BUF(1), WEXITED | WNOHANG, BUF(2) } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { 0, 34, BUF(1) }, queue_info },
	{ "getrlimit", SYS_getrlimit, { 7, BUF(1) } },
	{ "prlimit64", SYS_prlimit64, { 0, 7, 0, BUF(1) } },
	{ "getrusage", SYS_getrusage, { 0, BUF(1) }, NULL, 144 },
	{ "sysinfo", SYS_sysinfo, { BUF(1) }, NULL, 112 },
	{ "times", SYS_times, { BUF(1) }, NULL, 32, true },
	{ "sched_getaffinity", SYS_sched_getaffinity, { 0, 1024, BUF(1) } },
	{ "sched_getaffinity, odd", SYS_sched_getaffinity, { 0, 13, BUF(1) } },
	{ "sched_getattr", SYS_sched_getattr, { 0, BUF(1), 48, 0 } },
	{ "sched_getattr, longer", SYS_sched_getattr, { 0, BUF(1), 256, 0 } },
	{ "sched_getparam", SYS_sched_getparam, { 0, BUF(1) } },
	{ "sched_rr_get_interval", SYS_sched_rr_get_interval, { 0, BUF(1) } },
};

/* Return: whether all is the same. */
static bool same(const struct real *t)
{
	static struct areas native, away;
	const uint8_t *x = (const uint8_t *)&native, *y = (const uint8_t *)&away;
	int64_t a = run_one(t, &native, true);
	int64_t b = run_one(t, &away, false);

	if (a == -ENOSYS && b == -ENOSYS)
		return true; /* an older kernel */
	if (a != b && !t->any_result) {
		print_error("%s: native %ld, forwarded %ld\n", t->what, a, b);
		return false;
	}
	memcpy(away.b[1], native.b[1], t->skip);
	if (t->prepare == vectors) /* holds addresses */
		memcpy(away.b[5], native.b[5], 3 * sizeof(struct iovec));
	for (unsigned i = 0; i < sizeof(native); i++) {
		if (x[i] == y[i])
			continue;
		print_error("%s: area %u byte %u: native %#x, forwarded %#x, result %ld\n", t->what,
			    i / AREA, i % AREA, x[i], y[i], a);
		return false;
	}
	return true;
}

static void test_reals(void **state)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(reals); i++) {
		struct real t = reals[i];

		for (unsigned j = 0; j < CALL_ARGS; j++)
			if (t.arg[j] - FD(0) < ARRAY_SIZE(fds))
				t.arg[j] = (uint64_t)fds[t.arg[j] - FD(0)];
		if (t.nr == SYS_rt_sigqueueinfo)
			t.arg[0] = (uint64_t)getpid();
		bad += !same(&t);
	}
	assert_int_equal(bad, 0);
}

/* Interrupted, waitid and the others write what they write: the children's case with siginfo. */
static void test_waitid_child(void **state)
{
	static struct areas a, b;
	const struct real t = { "waitid", SYS_waitid,
				{ P_ALL, 0, BUF(1), WEXITED | WNOWAIT, BUF(2) } };

	fork_one(&a);
	assert_int_equal(run_one(&t, &a, true), 0);
	assert_int_equal(run_one(&t, &b, false), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static char dir[] = "/tmp/test_call_real.XXXXXX";

static int set_up(void **state)
{
	int p[2], q[2];

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file_fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	out_fd = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (symlink("file", "link") < 0 || write(file_fd, "some text in a file\n", 20) != 20 ||
	    pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(q, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    write(p[1], "abc", 3) != 3)
		return -1;
	pipe_r = p[0];
	pipe_w = p[1];
	pipe2_r = q[0];
	pipe2_w = q[1];
	pty_fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	fds[DIRF] = dir_fd;
	fds[FILEF] = file_fd;
	fds[OUTF] = out_fd;
	fds[PIPER] = pipe_r;
	fds[PIPEW] = pipe_w;
	fds[PTY] = pty_fd;
	fds[EPOLL] = epoll_fd;
	fds[TIMER] = timer_fd;
	fds[PIPE2R] = pipe2_r;
	fds[PIPE2W] = pipe2_w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "file", "out", "link", "file2", "file3" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlink(names[i]);
	return chdir("/") < 0 || rmdir(dir) < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_waitid_child),
	};
	sigset_t s;

	/* Already here: cmocka restores the mask when a test fails, and a signal may pend. */
	(void)sigemptyset(&s);
	(void)sigaddset(&s, SIGRTMIN);
	(void)sigprocmask(SIG_BLOCK, &s, NULL);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
