/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "guest/init/order.h"
#include "kernel/trace.h"
#include "move/files.h"
#include "move/image.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define INIT_NAME "mos-init"

static const char *const init_says[] = {
	[INIT_OK] = "nothing",
	[INIT_ORDER] = "it got no order",
	[INIT_LOCK_DOWN] = "namespaces inside the sandbox cannot be forbidden",
	[INIT_ROOT] = "an empty root cannot be made",
	[INIT_PID] = "the process's pid cannot be had here (is kernel.pid_max lower than at home?)",
	[INIT_AREA] = "the resident's place is taken",
	[INIT_BODY] = "privileges cannot be given up",
};

/* The children's time namespace: their clocks show home's time. Offsets are absolute, so those of our
 * own namespace are added by the kernel only if we are in the first one. */
static int time_namespace(struct sandbox *s, const struct sandbox_order *o)
{
	nsec_t mono = o->mono, boot = o->boot;
	struct timespec m = nsec_timespec(mono), b = nsec_timespec(boot);
	char text[128];

	s->mono = mono;
	s->boot = boot;
	if (unshare(CLONE_NEWTIME) < 0)
		return -errno;
	(void)snprintf(text, sizeof(text), "monotonic %lld %ld\nboottime %lld %ld\n",
		       (long long)m.tv_sec, m.tv_nsec, (long long)b.tv_sec, b.tv_nsec);
	return io_write_file("/proc/self/timens_offsets", text);
}

static int write_map(pid_t pid, const char *which, uint32_t base)
{
	char path[64], text[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, which);
	(void)snprintf(text, sizeof(text), "0 %u 1\n1 %u 1\n", base, base + 1);
	return io_write_file(path, text);
}

static int move_fd(int fd, int to)
{
	return dup2(fd, to) < 0 ? -errno : 0;
}

/* In the child, before it becomes mos-init: a copy of this process, of one thread. */
static _Noreturn void become_init(int sock, const struct sandbox *s, int exe)
{
	int area = s->area_fd, files = s->files_ro_fd, beyond = s->beyond_fd;
	sigset_t none;
	char go;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(sock, &go, 1) != 1) /* our ids are mapped now */
		_exit(1);
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		_exit(2);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* setresuid has cleared it */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	/* out of the way of 3-7 first */
	sock = fcntl(sock, F_DUPFD, 20);
	area = fcntl(area, F_DUPFD, 20);
	files = fcntl(files, F_DUPFD, 20);
	beyond = fcntl(beyond, F_DUPFD, 20);
	exe = fcntl(exe, F_DUPFD_CLOEXEC, 20);
	if (exe < 0 || move_fd(sock, 3) || move_fd(area, 4) || move_fd(files, BODY_FILES_FD) ||
	    move_fd(beyond, BODY_BEYOND_FD))
		_exit(3);
	(void)close(sock);
	(void)close(area);
	(void)close(files);
	(void)close(beyond);
	(void)syscall(SYS_close_range, 7, 19, 0);
	(void)syscall(SYS_execveat, exe, "", (char *const[]){ (char *)(uintptr_t)INIT_NAME, NULL },
		      (char *const[]){ NULL }, AT_EMPTY_PATH);
	_exit(4);
}

static int open_init(void)
{
	char dir[4000], path[4096];
	int fd, r = io_own_dir(dir, sizeof(dir));

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, INIT_NAME);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)snprintf(path, sizeof(path), "%s/%s", MOS_LIBEXEC, INIT_NAME);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* The only child of process 1 is the body. */
static pid_t only_child(pid_t pid)
{
	char path[64], text[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (io_read_file(path, text, sizeof(text)) <= 0)
		return -1;
	return (pid_t)strtol(text, NULL, 10);
}

static int open_to_read(int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int make_memfds(struct sandbox *s)
{
	CLEANUP(close_fd) int empty = memfd_create("umosix-beyond", MFD_CLOEXEC);

	s->area_fd = memfd_create("umosix-area", MFD_CLOEXEC);
	s->files_fd = memfd_create("umosix-files", MFD_CLOEXEC);
	if (s->area_fd < 0 || s->files_fd < 0 || ftruncate(s->area_fd, AREA_SIZE) < 0 ||
	    ftruncate(s->files_fd, (off_t)IMAGE_FILES_MAX << FILE_SHIFT) < 0)
		return -errno;
	s->files_ro_fd = open_to_read(s->files_fd);
	s->beyond_fd = open_to_read(empty);
	if (s->files_ro_fd < 0 || s->beyond_fd < 0)
		return -errno;
	s->body.base = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->area_fd, 0);
	if (s->body.base == MAP_FAILED) {
		s->body.base = NULL;
		return -errno;
	}
	agent_install(s->body.base);
	return 0;
}

static int start_init(struct sandbox *s, const struct sandbox_order *o, int exe, int *ret_sock,
		      struct err *e)
{
	struct clone_args c = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
			 CLONE_NEWUTS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	CLEANUP(close_fd) int mine = -1;
	CLEANUP(close_fd) int its = -1;
	int sock[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return err_set(e, -errno, "socketpair: %s", strerror(errno));
	mine = sock[0];
	its = sock[1];
	s->init = (pid_t)syscall(SYS_clone3, &c, sizeof(c));
	if (s->init < 0)
		return err_set(e, -errno, "namespaces for the guest: %s", strerror(errno));
	if (!s->init)
		become_init(its, s, exe);
	r = write_map(s->init, "uid_map", o->id_base);
	if (r == 0)
		r = write_map(s->init, "gid_map", o->id_base);
	if (r < 0)
		return err_set(e, r, "mapping ids %u-%u: %s", o->id_base, o->id_base + 1,
			       strerror(-r));
	if (write(mine, "g", 1) != 1)
		return err_set(e, -errno, "starting the sandbox: %s", strerror(errno));
	*ret_sock = steal_fd(&mine);
	return 0;
}

static int order_body(struct sandbox *s, const struct sandbox_order *o, int sock, struct err *e)
{
	struct init_order order = { o->pid, o->area, resident_entry_offset() };
	char failed = 0;
	ssize_t n;

	if (write(sock, &order, sizeof(order)) != sizeof(order))
		return err_set(e, -EPIPE, "the sandbox's first process ended early");
	n = read(sock, &failed, 1);
	if (n != 1 || failed) {
		unsigned k = n == 1 && failed > 0 ? (unsigned)failed : 0;

		return err_reason(e, -EPERM, "sandbox", "no sandbox: %s",
				  n != 1 ? "its first process ended early" :
				  k < ARRAY_SIZE(init_says) ? init_says[k] : "unknown failure");
	}
	s->body.pid = only_child(s->init);
	if (s->body.pid <= 0)
		return err_set(e, -ESRCH, "the body ended early");
	return 0;
}

int sandbox_create(struct sandbox *s, const struct sandbox_order *o, struct err *e)
{
	CLEANUP(close_fd) int exe = open_init();
	CLEANUP(close_fd) int sock = -1;
	struct resident_ctl *ctl;
	int r;

	if (exe < 0)
		return err_set(e, exe, "cannot find %s beside mos-guest or in %s", INIT_NAME, MOS_LIBEXEC);
	r = make_memfds(s);
	if (r < 0)
		return err_set(e, r, "memory for the guest: %s", strerror(-r));
	r = time_namespace(s, o);
	if (r < 0)
		return err_set(e, r, "clocks for the guest: %s", strerror(-r));
	ctl = agent_ctl(&s->body);
	ctl->req = ctl->done = 0;
	r = start_init(s, o, exe, &sock, e);
	if (r < 0)
		return r;
	r = order_body(s, o, sock, e);
	if (r < 0)
		return r;
	s->body.area = o->area;
	/* From here on the body dies with us: it must never run on without its supervisor. */
	r = trace_seize(s->body.pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	if (r < 0)
		return err_set(e, r, "cannot trace the body: %s", strerror(-r));
	return 0;
}

void sandbox_destroy(struct sandbox *s)
{
	int st;

	if (s->init > 0) {
		(void)kill(s->init, SIGKILL);
		if (s->body.pid > 0) /* its tracer must take its end before process 1 can end */
			while (waitpid(s->body.pid, &st, __WALL) == s->body.pid && !WIFEXITED(st) &&
			       !WIFSIGNALED(st))
				;
		(void)waitpid(s->init, &st, 0);
	}
	s->init = -1;
	s->body.pid = -1;
	agent_forget(&s->body);
	close_fd(&s->area_fd);
	close_fd(&s->files_fd);
	close_fd(&s->files_ro_fd);
	close_fd(&s->beyond_fd);
}
