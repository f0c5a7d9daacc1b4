/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how a node gets folders of its own at places that the machine may not have.
 *
 * DOC: /etc/umosix, /run/umosix and /var/lib/umosix are bind mounts of folders in the lab's state.
 * Where the machine lacks the mount point it must not be made there, so the folder around it (/etc,
 * /run, /var/lib) is covered by an overlay whose upper layer, in a tmpfs that only this mount
 * namespace knows, holds that one name. An overlay hides mounts below it, and a program that writes
 * /run/lock/x must still meet the other nodes there; so whatever is mounted below, and for /run and
 * /var/lib each folder, is bound over the overlay again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "lab/lab.h"

/* Not in every libc's headers; the numbers are the kernel's. */
#define PLACE_TREE_CLONE     1U
#define PLACE_TREE_RECURSIVE 0x8000U
#define PLACE_MOVE_EMPTY     4U

#define PLACE_KEEP_MAX 512

struct place {
	const char *around, *state;
	bool folders; /* bind each folder of it again */
};

static const struct place places[] = {
	{ "/etc", "etc", false },
	{ "/var/lib", "lib", true },
	{ "/run", "run", true },
};

struct keep {
	char name[256];
	int fd;
};

struct keeps {
	struct keep k[PLACE_KEEP_MAX];
	unsigned n;
};

static int tree_clone(const char *path)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			      PLACE_TREE_CLONE | PLACE_TREE_RECURSIVE | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int tree_attach(int fd, const char *path)
{
	return syscall(SYS_move_mount, fd, "", AT_FDCWD, path, PLACE_MOVE_EMPTY) < 0 ? -errno : 0;
}

static void keep_add(struct keeps *ks, const char *around, const char *name)
{
	char path[LAB_PATH + 256];
	int fd;

	for (unsigned i = 0; i < ks->n; i++)
		if (!strcmp(ks->k[i].name, name))
			return;
	if (ks->n == PLACE_KEEP_MAX)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s", around, name);
	fd = tree_clone(path);
	if (fd < 0)
		return; /* gone meanwhile */
	(void)snprintf(ks->k[ks->n].name, sizeof(ks->k[0].name), "%s", name);
	ks->k[ks->n++].fd = fd;
}

static void keeps_collect(struct keeps *ks, const struct place *p)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], at[1024];
	size_t len = strlen(p->around);
	struct dirent *de;
	DIR *d = NULL;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d %*d %*s %*s %1023s", at) != 1 ||
		    strncmp(at, p->around, len) || at[len] != '/')
			continue;
		at[len + 1 + strcspn(at + len + 1, "/")] = '\0';
		keep_add(ks, p->around, at + len + 1);
	}
	if (f)
		(void)fclose(f);
	if (p->folders)
		d = opendir(p->around);
	while (d && (de = readdir(d)))
		if (de->d_type == DT_DIR && strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			keep_add(ks, p->around, de->d_name);
	if (d)
		(void)closedir(d);
}

/* Makes @p->around/umosix in the upper layer below @scratch and covers @p->around. */
static int cover(const struct place *p, int scratch, struct err *e)
{
	char name[64], opts[256];
	struct stat st;

	if (stat(p->around, &st) < 0)
		return err_set(e, -errno, "%s: %s", p->around, strerror(errno));
	(void)snprintf(name, sizeof(name), "%s.upper", p->state);
	if (mkdirat(scratch, name, 0755) < 0 ||
	    fchmodat(scratch, name, st.st_mode & 07777, 0) < 0 ||
	    fchownat(scratch, name, st.st_uid, st.st_gid, 0) < 0)
		return err_set(e, -errno, "%s: %s", name, strerror(errno));
	(void)snprintf(name, sizeof(name), "%s.upper/umosix", p->state);
	if (mkdirat(scratch, name, 0755) < 0)
		return err_set(e, -errno, "%s: %s", name, strerror(errno));
	(void)snprintf(name, sizeof(name), "%s.work", p->state);
	if (mkdirat(scratch, name, 0755) < 0)
		return err_set(e, -errno, "%s: %s", name, strerror(errno));
	(void)snprintf(opts, sizeof(opts),
		       "lowerdir=%s,upperdir=/proc/self/fd/%d/%s.upper,"
		       "workdir=/proc/self/fd/%d/%s.work",
		       p->around, scratch, p->state, scratch, p->state);
	if (mount("moslab", p->around, "overlay", 0, opts) < 0)
		return err_set(e, -errno, "overlay at %s: %s (mkdir %s/umosix avoids it)",
			       p->around, strerror(errno), p->around);
	return 0;
}

static int keeps_restore(struct keeps *ks, const struct place *p, struct err *e)
{
	int first = 0;

	for (unsigned i = 0; i < ks->n; i++) {
		char path[LAB_PATH + 256];
		int r;

		(void)snprintf(path, sizeof(path), "%s/%s", p->around, ks->k[i].name);
		r = tree_attach(ks->k[i].fd, path);
		close_fd(&ks->k[i].fd);
		if (r < 0 && r != -ENOENT && !first)
			first = err_set(e, r, "%s: %s", path, strerror(-r));
	}
	return first;
}

static int place_one(const struct place *p, int scratch, int state, struct err *e)
{
	char path[64];
	struct stat st;
	int r;

	(void)snprintf(path, sizeof(path), "%s/umosix", p->around);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		CLEANUP(free_ptr) struct keeps *ks = calloc(1, sizeof(*ks));

		if (!ks)
			return err_set(e, -ENOMEM, "out of memory");
		keeps_collect(ks, p);
		r = cover(p, scratch, e);
		if (r < 0)
			return r;
		r = keeps_restore(ks, p, e);
		if (r < 0)
			return r;
	}
	r = tree_attach(state, path);
	return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

int place_mount(const struct lab *l, unsigned node, struct err *e)
{
	CLEANUP(close_fd) int scratch = -1;
	int state[ARRAY_SIZE(places)], r = 0;
	char path[LAB_PATH];

	/* Slave, not private: what the machine unmounts must not stay busy because of us. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, -errno, "mount --make-rslave /: %s", strerror(errno));
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		state[i] = tree_clone(lab_path(path, l, "node%u/%s", node, places[i].state));
		if (state[i] < 0)
			return err_set(e, state[i], "%s: %s", path, strerror(-state[i]));
	}
	/* Over the node's own state folder, which is not needed by name any more. */
	(void)lab_path(path, l, "node%u/scratch", node);
	if (mount("moslab", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
		return err_set(e, -errno, "tmpfs at %s: %s", path, strerror(errno));
	scratch = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (scratch < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	for (unsigned i = 0; i < ARRAY_SIZE(places) && !r; i++)
		r = place_one(&places[i], scratch, state[i], e);
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		close_fd(&state[i]);
	if (!r) {
		/* The overlays hold it; its names go: the mount itself, which may lie hidden below
		 * an overlay of /run, and its copy among what was bound again. */
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", scratch);
		(void)umount2(path, MNT_DETACH);
		(void)umount2(lab_path(path, l, "node%u/scratch", node), MNT_DETACH);
	}
	return r;
}
