/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: the order matters. Mounts first, while we may mount. Then the user namespace of the sandbox: in
 * it we have all capabilities and, of the host's, none left; there user 0 can be taken, and all but
 * three capabilities are thrown away. These are needed because the body is user 1: to trace it (its
 * memory belongs to that namespace, mos-init was executed there), to signal it, and to open its
 * /proc/BODY/mem. They hold for what belongs to the namespace's two users, no more. */
#include "guest/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "kernel/procfs.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1U
#define MOVE_MOUNT_F_EMPTY_PATH 4U
#endif

#define KEPT (1U << CAP_SYS_PTRACE | 1U << CAP_KILL | 1U << CAP_DAC_OVERRIDE)
#define FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* A root with nothing in it but /proc/BODY, the way to the body's memory and state. Made on /proc,
 * which is there on every host, in a mount namespace of our own. */
static int bare_root(pid_t body)
{
	CLEANUP(close_fd) int tree = -1;
	char dir[32];

	(void)snprintf(dir, sizeof(dir), "/proc/%d", (int)body);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE | O_CLOEXEC);
	if (tree < 0 || mount("none", "/proc", "tmpfs", FLAGS, "size=16k,mode=755") < 0 ||
	    chdir("/proc") < 0 || mkdir("proc", 0755) < 0 || mkdir(dir + 1, 0755) < 0 ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, dir + 1, MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    mount("none", ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | FLAGS, NULL) < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

static int become_nobody(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct c[2] = { { .effective = KEPT, .permitted = KEPT } };

	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capset, &h, c) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* setns(2) and the ids give no error when they are held up half-way: look. */
static int check(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct c[2];
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) < 0 || getresgid(&g[0], &g[1], &g[2]) < 0 ||
	    syscall(SYS_capget, &h, c) < 0)
		return -errno;
	if (u[0] | u[1] | u[2] | g[0] | g[1] | g[2] || getgroups(0, NULL) || c[0].permitted != KEPT ||
	    c[1].permitted || c[0].inheritable | c[1].inheritable)
		return -EPERM;
	return 0;
}

int rights_give_up(const struct sandbox *s, struct err *e)
{
	const struct rlimit none = { 0, 0 };
	CLEANUP(close_fd) int ns = procfs_open(s->init, "ns/user", O_RDONLY);
	const char *step = "opening its namespace";
	int r = ns < 0 ? ns : 0;

	if (r == 0 && setrlimit(RLIMIT_CORE, &none) < 0)
		r = -errno;
	if (r == 0) {
		step = "a root without files";
		r = bare_root(s->body.pid);
	}
	if (r == 0) {
		step = "its user namespace";
		r = setns(ns, CLONE_NEWUSER) < 0 ? -errno : 0;
	}
	if (r == 0) {
		step = "its user";
		r = become_nobody();
	}
	if (r == 0)
		r = check();
	return r < 0 ? err_reason(e, r, "sandbox", "the guest's supervisor keeps too many rights: %s: %s",
				  step, strerror(-r)) :
		       0;
}
