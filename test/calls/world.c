/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world: a folder with files of several kinds, and a descriptor of each kind, at the same numbers
 * each time. It is made anew in the same process, since a new one would not be away.
 *
 * What lasts longer than a world has descriptors above the limit: no call reaches those. */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#define FILE_MOST (4UL << 20) /* no file gets longer: the folder may be memory */
#define STEADY_SIZE (6 * PAGE + 100)
#define FD_TTY	    15
#define FD_TTY_PEER 16

int world_pid;
static char steady_path[PATH_MAX];
static uint64_t steady_ino, first_brk, robust_head, robust_len;

/* ---- what lasts ------------------------------------------------------------------------------ */

static int keep(int fd, int as)
{
	if (fd < 0)
		return -errno;
	if (dup2(fd, as) < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

static int make_steady(void)
{
	struct chance c = { 77 };
	static uint64_t text[STEADY_SIZE / 8 + 1];
	struct stat st;
	int fd = open("steady", O_RDWR | O_CREAT | O_TRUNC, 0444);

	for (unsigned i = 0; i < ARRAY_SIZE(text); i++)
		text[i] = chance_next(&c);
	if (fd < 0 || write(fd, text, STEADY_SIZE) != STEADY_SIZE || fstat(fd, &st) < 0 ||
	    !realpath("steady", steady_path))
		return -errno;
	steady_ino = st.st_ino;
	return keep(fd, FD_STEADY);
}

int world_begin(const char *folder)
{
	struct rlimit fds = { WORLD_FDS, 1024 }, size = { FILE_MOST, FILE_MOST };
	int pair[4], r;

	(void)setsid();
	world_pid = getpid();
	if (chdir(folder) < 0)
		return -errno;
	r = keep(open(".", O_RDONLY | O_DIRECTORY), FD_TOP);
	if (r == 0)
		r = make_steady();
	if (r == 0 && mkfifo("kept-fifo", 0600) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = keep(open("kept-fifo", O_RDWR | O_NONBLOCK), FD_FIFO);
	if (r == 0 && (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0 ||
		       socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair + 2) < 0))
		r = -errno;
	for (int i = 0; r == 0 && i < 4; i++)
		r = keep(pair[i], FD_SOCKETS + i);
	if (r < 0)
		return r;
	first_brk = (uint64_t)RAW(SYS_brk, 0);
	(void)RAW(SYS_get_robust_list, 0, &robust_head, &robust_len);
	if (setrlimit(RLIMIT_NOFILE, &fds) < 0 || setrlimit(RLIMIT_FSIZE, &size) < 0)
		return -errno;
	return 0;
}

bool world_is_steady(uint64_t fd)
{
	struct stat st;

	return fstat((int)fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == steady_ino;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

bool world_is_ours(uint64_t fd)
{
	struct stat st;

	return fstat((int)fd, &st) == 0 && st.st_uid == getuid() && !S_ISCHR(st.st_mode);
}

bool world_is_tty(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       (major(st.st_rdev) == 5 || (major(st.st_rdev) >= 128 && major(st.st_rdev) < 144));
}

void world_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && !(flags & (O_NONBLOCK | O_PATH)))
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void world_settle(void)
{
	struct timespec t = { 0, 4000000 };
	uint64_t fds[WORLD_FDS];

	for (unsigned i = 0; i < WORLD_FDS; i++)
		fds[i] = i | (uint64_t)1 /* POLLIN */ << 32;
	(void)RAW(SYS_poll, fds, WORLD_FDS, 0);
	(void)RAW(SYS_nanosleep, &t, 0);
}

static int at(int fd, int as)
{
	if (fd < 0)
		return -errno;
	if (fd == as)
		return 0;
	return keep(fd, as);
}

static int pair_at(int fds[2], int as)
{
	int r = at(fds[0], as);

	return r == 0 ? at(fds[1], as + 1) : r;
}

/* What a former world has left in them, and has set. */
static void drain(int fd)
{
	char text[4096];

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(fd, F_SETOWN, 0);
	(void)fcntl(fd, F_SETSIG, 0);
	while (read(fd, text, sizeof(text)) > 0)
		;
}

static int make_tty(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK), unlocked = 0, r;
	struct termios t;

	r = at(master, FD_TTY);
	if (r < 0 || ioctl(FD_TTY, TIOCSPTLCK, &unlocked) < 0)
		return r < 0 ? r : -errno;
	r = at(ioctl(FD_TTY, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK), FD_TTY_PEER);
	if (r == 0 && tcgetattr(FD_TTY_PEER, &t) < 0)
		return -errno;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL); /* an echo comes when the kernel finds time */
	return r < 0 || tcsetattr(FD_TTY_PEER, TCSANOW, &t) == 0 ? r : -errno;
}

static int make_epoll(void)
{
	struct epoll_event e = { EPOLLIN, { .u64 = 7 } };
	int r = at(epoll_create1(0), 20);

	return r < 0 || epoll_ctl(20, EPOLL_CTL_ADD, 7, &e) == 0 ? r : -errno;
}

static int make_inotify(void)
{
	int r = at(inotify_init1(IN_NONBLOCK), 19);

	if (r == 0 && inotify_add_watch(19, ".", IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB) < 0)
		r = -errno;
	return r;
}

static int make_pipe(void)
{
	static const char text[100] = "from a pipe";
	int fds[2];

	if (pipe2(fds, O_NONBLOCK) < 0 || write(fds[1], text, sizeof(text)) != sizeof(text))
		return -errno;
	return pair_at(fds, 7);
}

static int make_memfd(void)
{
	int r = at((int)RAW(SYS_memfd_create, "calls", 2 /* ALLOW_SEALING */), 21);

	if (r == 0 && ftruncate(21, 5000) < 0)
		r = -errno;
	return r;
}

static int make_sockets(void)
{
	int r = 0;

	for (int i = 0; r == 0 && i < 4; i++) {
		drain(FD_SOCKETS + i);
		r = dup2(FD_SOCKETS + i, 9 + i) < 0 ? -errno : 0;
	}
	return r;
}

static const struct {
	const char *path;
	int flags;
	int as;
} opened[] = {
	{ "/dev/null", O_RDWR, 0 },
	{ "/dev/zero", O_RDONLY, 1 },
	{ "/dev/full", O_RDWR, 2 },
	{ "a", O_RDWR, 3 },
	{ "a", O_RDONLY, 4 },
	{ "b", O_WRONLY | O_APPEND, 5 },
	{ steady_path, O_RDONLY, 6 },
	{ ".", O_RDONLY | O_DIRECTORY, 13 },
	{ "dir", O_RDONLY | O_DIRECTORY, 14 },
	{ "a", O_PATH, 22 },
	{ "fifo", O_RDWR | O_NONBLOCK, 23 },
	{ "c", O_RDWR, 24 },
	{ steady_path, O_RDONLY, 25 },
};

static int make_descriptors(void)
{
	static int (*const made[])(void) = { make_pipe,	   make_sockets, make_tty,
					     make_inotify, make_epoll,	 make_memfd };
	int r = 0;

	for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(opened); i++)
		r = at(open(opened[i].path, opened[i].flags), opened[i].as);
	for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(made); i++)
		r = made[i]();
	if (r == 0)
		r = at((int)RAW(SYS_eventfd2, 3, O_NONBLOCK), 17);
	if (r == 0)
		r = at((int)RAW(SYS_timerfd_create, 1 /* MONOTONIC */, O_NONBLOCK), 18);
	return r;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int make_file(struct chance *c, const char *name, size_t n, mode_t mode)
{
	static uint64_t text[3 * PAGE / 8];
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, mode);
	int r;

	for (unsigned i = 0; i < n / 8; i++)
		text[i] = chance_next(c);
	if (fd < 0)
		return -errno;
	r = write(fd, text, n) == (ssize_t)n ? 0 : -errno;
	(void)close(fd);
	return r;
}

static int make_files(struct chance *c, bool big)
{
	int r = 0, fd;

	if (mkdir("dir", 0755) < 0 || mkdir("dir/sub", 0700) < 0)
		return -errno;
	r = make_file(c, "a", 2 * PAGE + 123, 0644);
	if (r == 0)
		r = make_file(c, "b", 0, 0600);
	if (r == 0)
		r = make_file(c, "c", 700, 0644);
	if (r == 0)
		r = make_file(c, "dir/d", PAGE, 0444);
	if (r == 0)
		r = make_file(c, "none", 10, 0);
	if (r < 0)
		return r;
	if (symlink("a", "link") < 0 || symlink("loop", "loop") < 0 || symlink("gone", "dangling") < 0 ||
	    linkat(FD_TOP, "kept-fifo", AT_FDCWD, "fifo", 0) < 0)
		return -errno;
	if (big) {
		fd = open("a", O_WRONLY);
		r = fd < 0 || pwrite(fd, (void *)ARENA_BIG, BIG_SIZE, 0) != (ssize_t)BIG_SIZE ? -errno : 0;
		(void)close(fd);
	}
	return r;
}

struct entry { /* linux_dirent64 */
	uint64_t ino, off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* Removes what the folder @dir has; for the folders in it, again. */
static void remove_all(int dir, const char *name, int depth)
{
	_Alignas(8) char text[8192];
	int fd;
	long n;

	(void)fchmodat(dir, name, 0700, 0);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	while (fd >= 0 && depth < 12 && (n = RAW(SYS_getdents64, fd, text, sizeof(text))) > 0) {
		for (long i = 0; i < n;) {
			const struct entry *e = (const struct entry *)(const void *)(text + i);

			i += e->len;
			if (!strcmp(e->name, ".") || !strcmp(e->name, ".."))
				continue;
			if (e->type == 4 /* DT_DIR */)
				remove_all(fd, e->name, depth + 1);
			else
				(void)unlinkat(fd, e->name, 0);
		}
	}
	(void)close(fd);
	(void)unlinkat(dir, name, AT_REMOVEDIR);
}

int world_make(struct chance *c, bool big)
{
	int r;

	arena_reset(c, big);
	(void)umask(022);
	(void)fchmod(FD_STEADY, 0444);
	(void)fchmod(FD_FIFO, 0600);
	(void)fcntl(FD_FIFO, F_SETFL, O_NONBLOCK);
	drain(FD_FIFO);
	if (fchdir(FD_TOP) < 0 || mkdir("w", 0755) < 0 || chdir("w") < 0)
		return -errno;
	r = make_files(c, big);
	return r == 0 ? make_descriptors() : r;
}

void world_end(void)
{
	static const struct itimerval off;
	static const uint64_t no_stack[3] = { 0, 2 /* SS_DISABLE */, 0 };
	uint64_t all = UINT64_MAX;

	(void)RAW(SYS_setitimer, ITIMER_REAL, &off, 0);
	(void)RAW(SYS_close_range, 0, WORLD_FDS, 0);
	(void)RAW(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	signals_reset();
	(void)RAW(SYS_sigaltstack, no_stack, 0);
	(void)RAW(SYS_set_robust_list, robust_head, robust_len);
	(void)RAW(SYS_arch_prctl, 0x1001 /* SET_GS */, 0);
	(void)RAW(SYS_prctl, 15 /* SET_NAME */, "mos-calls");
	(void)RAW(SYS_brk, first_brk);
	remove_all(FD_TOP, "w", 0);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static const char *const paths[] = {
	"a",	  "a",	      "b",	"c",	   "c",	     "dir",	"dir/d",  "dir/sub", "dir/sub/x",
	"link",	  "loop",     "dangling", "none",  "fifo",   "new1",	"new2",	  "new3",    "dir/new1",
	"new1/x", "dir/",     "a/",	"a/b",	   ".",	     "./c",	"",	  "dir/sub/.", "dir/../a",
	"nope",	  "nope/x",   "/dev/null", "/dev/zero", "/nonexistent/x", "dir//./d", "/proc/self/cwd",
	"/dev/ptmx", "user.calls", "user.b", "security.x",
	"trusted.x", "calls", "\xff\xfe",
};

const char *world_path(struct chance *c, bool longer)
{
	static char text[PATH_MAX + 256];
	size_t n;

	if (chance_of(c, 940))
		return CHANCE_PICK(c, paths);
	/* A name, or a whole path, just short enough or just too long. */
	n = chance_of(c, 500) ? 254 + chance_below(c, 4) : PATH_MAX - 3 + chance_below(c, 4);
	if (!longer)
		n = MIN(n, 256UL);
	memset(text, 'x', n);
	if (n > 300)
		for (size_t i = 0; i + 2 < n; i += 2)
			memcpy(text + i, "./", 2);
	text[n] = '\0';
	return text;
}
