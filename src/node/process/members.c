/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the cgroup of this node's migrants.
 *
 * DOC: A node's group has the members; what mosrun was told about one (struct migrant_wish) stands in
 * the name of a group below it, where that member is. So the kernel itself hands wishes on to children,
 * at the fork, whoever of the parents has ended since, and a restarted mosd finds them. */
#include "node/process/members.h"

#include <dirent.h>
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
#define GROUPS_MAX    512U /* of wishes; an empty one is removed when another is made */

struct members {
	struct migrants *migrants;
	char dir[PATH_MAX]; /* empty: by the process tree */
	bool mounted;	    /* by us */
	bool none;	    /* were there at the last look, and none has come since */
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

static void on_born(struct migrant *m, void *data)
{
	members_wish(data, m->pid, &m->wish);
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
	migrants_on_born(migrants, on_born, v);
	return v;
}

/* The kernel counts a group's groups as links of its folder. Most nodes have none, and are asked each second. */
static bool has_groups(const struct members *v)
{
	struct stat st;

	return v->dir[0] && stat(v->dir, &st) == 0 && st.st_nlink != 2;
}

/* Calls @each with the path of each group of a wish. */
static void for_each_group(struct members *v, void (*each)(const char *path, void *data), void *data)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct migrant_wish w;
	struct dirent *de;
	DIR *dir = has_groups(v) ? opendir(v->dir) : NULL;

	while (dir && (de = readdir(dir))) {
		if (de->d_type != DT_DIR || wish_parse(de->d_name, &w) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", v->dir, de->d_name);
		each(path, data);
	}
	if (dir)
		(void)closedir(dir);
}

static void count_left(const char *path, void *data)
{
	unsigned *n = data;

	if (rmdir(path) < 0) /* has members */
		++*n;
}

void members_destroy(struct members *v)
{
	unsigned left = 0;

	if (!v)
		return;
	for_each_group(v, count_left, &left);
	if (v->dir[0] && rmdir(v->dir) == 0)
		(void)umount2(MOS_CGROUP_MOUNT, MNT_DETACH);
	free(v);
}

/* The group for @w, made if need be; the node's own where there are too many. */
static int group_of(struct members *v, const struct migrant_wish *w, char *to, size_t size)
{
	char text[WISH_TEXT_MAX];
	unsigned left = 0;

	wish_text(w, text);
	if (snprintf(to, size, "%s%s%s", v->dir, text[0] ? "/" : "", text) >= (int)size)
		return -ENAMETOOLONG;
	if (!text[0] || access(to, F_OK) == 0)
		return 0;
	for_each_group(v, count_left, &left);
	if (left >= GROUPS_MAX) { /* the record has the wish; children will not inherit it */
		(void)snprintf(to, size, "%s", v->dir);
		return 0;
	}
	return mkdir(to, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int members_add(struct members *v, pid_t pid, const struct migrant_wish *w, struct err *e)
{
	char group[PATH_MAX + NAME_MAX + 2], path[sizeof(group) + 16], text[16];
	int r;

	v->none = false;
	if (!v->dir[0])
		return 0; /* its record is enough */
	r = group_of(v, w, group, sizeof(group));
	if (r < 0)
		return err_set(e, r, "make %s: %s", group, strerror(-r));
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = io_write_file(path, text);
	return r < 0 ? err_set(e, r, "put %d into %s: %s", (int)pid, group, strerror(-r)) : 0;
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
	bool any; /* found, of those that we can name or not */
};

static bool each_in_tree(pid_t pid, void *data)
{
	const struct each *w = data;

	if (descends(w->v, pid))
		w->each(pid, w->data);
	return true;
}

static int each_in_group(const char *group, struct each *w)
{
	char path[PATH_MAX + NAME_MAX + 16];
	FILE *f;
	int pid;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fscanf(f, "%d", &pid) == 1) {
		w->any = true;
		if (pid > 0)
			w->each(pid, w->data);
	}
	(void)fclose(f);
	return 0;
}

static void each_in_wish(const char *path, void *data)
{
	struct each *w = data;

	if (each_in_group(path, w) < 0)
		w->any = true; /* nobody knows */
}

int members_for_each(struct members *v, void (*each)(pid_t pid, void *data), void *data)
{
	struct each w = { .v = v, .each = each, .data = data };
	int r;

	if (!v->dir[0])
		return proc_for_each(each_in_tree, &w);
	r = each_in_group(v->dir, &w);
	for_each_group(v, each_in_wish, &w);
	v->none = r == 0 && !w.any;
	return r;
}

bool members_none(const struct members *v)
{
	return v->none;
}

/* Where @pid is below the node's group: "" for in it, "/NAME". Return: NULL if it is no member. */
static const char *place_in(const struct members *v, pid_t pid, char *text, size_t size)
{
	const char *own = v->dir + strlen(MOS_CGROUP_MOUNT);
	char path[64], *line;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (io_read_file(path, text, size) < 0)
		return NULL;
	while ((line = strsep(&text, "\n"))) {
		const char *at = strstr(line, ":name=umosix:");

		if (!at)
			continue;
		at += strlen(":name=umosix:");
		if (!strncmp(at, own, strlen(own)) && (at[strlen(own)] == '/' || !at[strlen(own)]))
			return at + strlen(own);
	}
	return NULL;
}

bool members_has(struct members *v, pid_t pid)
{
	char text[8192];

	return v->dir[0] ? place_in(v, pid, text, sizeof(text)) != NULL : descends(v, pid);
}

/* The nearest ancestor with a record knows, as long as it lives. */
static void inherit(struct members *v, pid_t pid, struct migrant_wish *ret)
{
	for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		const struct migrant *m;
		struct proc_stat st;

		if (proc_read_stat(pid, &st) < 0)
			return;
		m = i ? migrants_find(v->migrants, pid, st.start) : NULL;
		if (m) {
			*ret = m->wish;
			return;
		}
		pid = st.ppid;
	}
}

void members_wish(struct members *v, pid_t pid, struct migrant_wish *ret)
{
	const char *place;
	char text[8192];

	*ret = (struct migrant_wish){ 0 };
	if (!v->dir[0]) {
		inherit(v, pid, ret);
		return;
	}
	place = place_in(v, pid, text, sizeof(text));
	if (place && *place == '/')
		(void)wish_parse(place + 1, ret); /* else a group that is not ours: nothing said */
}

const char *members_way(const struct members *v)
{
	return v->dir[0] ? "cgroup" : "process tree";
}
