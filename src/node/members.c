/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the cgroup of this node's migrants. */
#include "node/members.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "node/paths.h"

#define ANCESTORS_MAX 64U

struct members {
	struct migrants *migrants;
	char dir[PATH_MAX]; /* empty: by the process tree */
	bool mounted;	    /* by us */
};

/* One hierarchy is shared by all nodes of a kernel (containers, a lab): each has its own group. */
static void own_name(char *to, size_t size)
{
	const char *name = getenv("MOS_CGROUP_NAME");

	if (name && *name)
		(void)snprintf(to, size, "%s", name);
	else if (gethostname(to, size) < 0)
		(void)snprintf(to, size, "node");
	to[size - 1] = '\0';
	for (char *p = to; *p; p++)
		if (*p == '/')
			*p = '_';
	if (to[0] == '.')
		to[0] = '_';
}

static int set_up(struct members *v)
{
	char name[128];
	struct stat st;

	if (mkdir(MOS_CGROUP_MOUNT, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (stat(MOS_CGROUP_MOUNT "/cgroup.procs", &st) < 0) {
		if (mount("umosix", MOS_CGROUP_MOUNT, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  "none,name=umosix") < 0)
			return -errno;
		v->mounted = true;
	}
	own_name(name, sizeof(name));
	(void)snprintf(v->dir, sizeof(v->dir), "%s/%s", MOS_CGROUP_MOUNT, name);
	if (mkdir(v->dir, 0755) < 0 && errno != EEXIST) {
		int r = -errno;

		v->dir[0] = '\0';
		return r;
	}
	return 0;
}

struct members *members_create(struct migrants *migrants)
{
	struct members *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return NULL;
	v->migrants = migrants;
	r = set_up(v);
	if (r < 0)
		log_warning(
			"no cgroup for migrants (%s): a descendant whose parents ended before it "
			"is not recognised",
			strerror(-r));
	return v;
}

void members_destroy(struct members *v)
{
	if (!v)
		return;
	if (v->dir[0] && rmdir(v->dir) == 0)
		(void)umount2(MOS_CGROUP_MOUNT, MNT_DETACH);
	free(v);
}

int members_add(struct members *v, pid_t pid, struct err *e)
{
	char path[PATH_MAX + 16], text[16];
	int r;

	if (!v->dir[0])
		return 0; /* its record is enough */
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", v->dir);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = io_write_file(path, text);
	return r < 0 ? err_set(e, r, "put %d into %s: %s", (int)pid, v->dir, strerror(-r)) : 0;
}

static bool is_root(struct members *v, pid_t pid, uint64_t start)
{
	const struct migrant *m = migrants_find(v->migrants, pid, start);

	return m && m->how == MIGRANT_MOSRUN;
}

static bool descends(struct members *v, pid_t pid)
{
	for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		struct proc_stat st;

		if (proc_read_stat(pid, &st) < 0)
			return false;
		if (is_root(v, pid, st.start))
			return true;
		pid = st.ppid;
	}
	return false;
}

struct each {
	struct members *v;
	void (*each)(pid_t pid, void *data);
	void *data;
};

static bool each_in_tree(pid_t pid, void *data)
{
	const struct each *w = data;

	if (descends(w->v, pid))
		w->each(pid, w->data);
	return true;
}

int members_for_each(struct members *v, void (*each)(pid_t pid, void *data), void *data)
{
	struct each w = { .v = v, .each = each, .data = data };
	char path[PATH_MAX + 16];
	FILE *f;
	int pid;

	if (!v->dir[0])
		return proc_for_each(each_in_tree, &w);
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", v->dir);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fscanf(f, "%d", &pid) == 1)
		if (pid > 0)
			each(pid, data);
	(void)fclose(f);
	return 0;
}

bool members_has(struct members *v, pid_t pid)
{
	char path[64], text[8192], *line, *rest = text;
	const char *own = v->dir + strlen(MOS_CGROUP_MOUNT);

	if (!v->dir[0])
		return descends(v, pid);
	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (io_read_file(path, text, sizeof(text)) < 0)
		return false;
	while ((line = strsep(&rest, "\n"))) {
		const char *at = strstr(line, ":name=umosix:");

		if (at && !strcmp(at + strlen(":name=umosix:"), own))
			return true;
	}
	return false;
}

const char *members_way(const struct members *v)
{
	return v->dir[0] ? "cgroup" : "process tree";
}
