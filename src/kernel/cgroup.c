/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where the kernel keeps a group's limits and accounts.
 *
 * DOC: the top of a mounted hierarchy need not be the kernel's own top: inside a container it is
 * the container's group. The kernel's own can be told from all others by its files: version 1 has
 * release_agent only there, version 2 has cgroup.events everywhere else. */
#include "kernel/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"

#define PROC_TEXT   (1024U * 1024U)
#define FILE_TEXT   8192U
#define TASKS_TEXT  (64U * 1024U) /* of one group: some ten thousand tasks */
#define DEPTH_MAX   16U		  /* of groups below the scope */
#define GROUPS_MAX  256U	  /* that one listing looks into */
#define KIB	    1024U
#define NSEC_OF_US  1000U
#define UNLIMITED   (1ULL << 60) /* bytes: version 1 writes "no limit" as the greatest page number */

/* Joins a folder and a file's name. Return: whether that fits. */
static bool join(char *to, size_t size, const char *dir, const char *name)
{
	int n = snprintf(to, size, "%s%s", dir, name);

	return n >= 0 && (size_t)n < size;
}

static int read_text(const char *dir, const char *name, char *to, size_t size)
{
	char path[CGROUP_PATH + 64];
	ssize_t n;

	if (!join(path, sizeof(path), dir, name))
		return -ENAMETOOLONG;
	n = io_read_file(path, to, size);
	return n < 0 ? (int)n : 0;
}

static int read_number(const char *dir, const char *name, uint64_t *ret)
{
	char text[64];
	int r = read_text(dir, name, text, sizeof(text));

	return r < 0 ? r : cgroup_parse_number(text, ret);
}

static bool has(const char *dir, const char *name)
{
	char path[CGROUP_PATH + 64];

	return join(path, sizeof(path), dir, name) && !access(path, R_OK);
}

/* @dir is the kernel's own topmost group of its hierarchy, not a container's. */
static bool is_top(const char *dir, bool unified)
{
	return unified ? !has(dir, "/cgroup.events") : has(dir, "/release_agent");
}

static uint64_t quota_of(const char *dir, bool unified)
{
	uint64_t share = CGROUP_NONE, quota, period;
	char text[64];

	if (unified) {
		if (read_text(dir, "/cpu.max", text, sizeof(text)) == 0)
			(void)cgroup_parse_cpu_max(text, &share);
	} else if (read_number(dir, "/cpu.cfs_quota_us", &quota) == 0 &&
		   read_number(dir, "/cpu.cfs_period_us", &period) == 0) {
		share = cgroup_cpu_share(quota, period);
	}
	return share;
}

/* Return: processors that the group may use, 0 where that is not told. */
static unsigned cpus_of(const char *dir, bool unified)
{
	char text[FILE_TEXT];
	int n = read_text(dir, unified ? "/cpuset.cpus.effective" : "/cpuset.effective_cpus", text,
			  sizeof(text));

	if (n == 0)
		n = cgroup_parse_cpus(text);
	return n > 0 ? (unsigned)n : 0;
}

static bool bounds_cpu(const char *dir, bool unified, unsigned online)
{
	unsigned cpus = cpus_of(dir, unified);

	return quota_of(dir, unified) != CGROUP_NONE || (cpus && cpus < online);
}

static bool inside(const char *own, const char *group)
{
	size_t n = strlen(group);

	return !strncmp(own, group, n) && (own[n] == '/' || !own[n]);
}

/* Where the walks begin: in each tree at our group; but at the one that was @named, if it exists
 * there and ours is not inside. */
static void set_start(struct cgroup *c, const char *named)
{
	if (!named[0])
		named = "/";
	for (unsigned k = 0; k < CGROUP_KIND_COUNT_; k++) {
		const struct cgroup_tree *t = &c->tree[k];
		char *to = c->start[k];

		if (!t->mount[0])
			continue;
		c->top[k] = is_top(t->mount, k == CGROUP_UNIFIED);
		if (named[1] && !inside(t->own, named) && join(to, CGROUP_PATH, t->mount, named) &&
		    has(to, "/cgroup.procs"))
			continue;
		if (!join(to, CGROUP_PATH, t->mount, t->own))
			to[0] = '\0';
	}
}

/* Begins a walk from tree @kind's start up. Return: false if there is nothing to walk. */
static bool walk(const struct cgroup *c, unsigned kind, char dir[static CGROUP_PATH])
{
	memcpy(dir, c->start[kind], CGROUP_PATH);
	return dir[0] && !(c->top[kind] && !strcmp(dir, c->tree[kind].mount));
}

/* @dir becomes its parent. Return: false above the last one that may have limits. */
static bool go_up(const struct cgroup *c, unsigned kind, char *dir)
{
	size_t mount = strlen(c->tree[kind].mount);
	char *slash = strrchr(dir, '/');

	if (!slash || strlen(dir) <= mount)
		return false;
	*slash = '\0';
	return !(c->top[kind] && strlen(dir) <= mount);
}

static void set_scope(struct cgroup *c, unsigned kind, const char *dir)
{
	c->scoped = true;
	c->scope_unified = kind == CGROUP_UNIFIED;
	(void)snprintf(c->scope, sizeof(c->scope), "%s", dir);
}

/* Inside a container: the topmost group that it can see is its own. */
static bool find_container(struct cgroup *c)
{
	for (unsigned k = 0; k < CGROUP_KIND_COUNT_; k++) {
		const char *mount = c->tree[k].mount;

		if (mount[0] && has(mount, "/cgroup.procs") && !c->top[k]) {
			set_scope(c, k, mount);
			return true;
		}
	}
	return false;
}

static bool find_limited(struct cgroup *c)
{
	static const unsigned kinds[] = { CGROUP_UNIFIED, CGROUP_CPU, CGROUP_CPUSET };
	unsigned online = (unsigned)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
	char dir[CGROUP_PATH];

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned k = kinds[i];

		if (!walk(c, k, dir))
			continue;
		do {
			if (bounds_cpu(dir, k == CGROUP_UNIFIED, online))
				set_scope(c, k, dir); /* one further up takes its place */
		} while (go_up(c, k, dir));
		if (c->scoped)
			return true;
	}
	return false;
}

static bool find_named(struct cgroup *c, const char *named)
{
	char dir[CGROUP_PATH];

	for (unsigned k = 0; k < CGROUP_KIND_COUNT_; k++) {
		const char *mount = c->tree[k].mount;

		if (mount[0] && join(dir, sizeof(dir), mount, named) && has(dir, "/cgroup.procs")) {
			set_scope(c, k, dir);
			return true;
		}
	}
	return false;
}

/* The scope's folder below its own mount point. */
static const char *below_mount(const struct cgroup *c)
{
	for (unsigned k = 0; c->scoped && k < CGROUP_KIND_COUNT_; k++) {
		const char *mount = c->tree[k].mount;
		size_t n = strlen(mount);

		if (n && !strncmp(c->scope, mount, n) && (c->scope[n] == '/' || !c->scope[n]))
			return c->scope + n;
	}
	return "";
}

/* Finds the file @name that tells of the scope in tree @kind. */
static void find_account(const struct cgroup *c, unsigned kind, const char *name, char *to,
			 size_t size)
{
	const char *mount = c->tree[kind].mount, *below = below_mount(c);
	char dir[CGROUP_PATH];

	if (to[0] || !mount[0] || !join(dir, sizeof(dir), mount, below))
		return;
	/* The same name in another hierarchy is the same group, but for the topmost. */
	if (is_top(dir, kind == CGROUP_UNIFIED) == c->scoped || !has(dir, name))
		return;
	(void)join(to, size, dir, name);
}

void cgroup_finish(struct cgroup *c)
{
	close_fd(&c->usage_fd);
	close_fd(&c->pressure_fd);
}

int cgroup_find(struct cgroup *c, const char *named, struct err *e)
{
	CLEANUP(free_ptr) char *text = malloc(PROC_TEXT);
	bool missing = false;
	int r;

	cgroup_finish(c);
	*c = (struct cgroup)CGROUP_INIT;
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	r = read_text("/proc", "/self/mountinfo", text, PROC_TEXT);
	if (r < 0)
		return err_set(e, r, "read /proc/self/mountinfo: %s", strerror(-r));
	cgroup_parse_mounts(text, c->tree);
	r = read_text("/proc", "/self/cgroup", text, PROC_TEXT);
	if (r < 0)
		return err_set(e, r, "read /proc/self/cgroup: %s", strerror(-r));
	cgroup_parse_own(text, c->tree);
	set_start(c, named);
	if (named[0] && strcmp(named, "/") != 0)
		missing = !find_named(c, named);
	if ((!named[0] || missing) && !find_container(c))
		(void)find_limited(c);
	find_account(c, CGROUP_UNIFIED, "/cpu.stat", c->usage, sizeof(c->usage));
	find_account(c, CGROUP_CPUACCT, "/cpuacct.usage", c->usage, sizeof(c->usage));
	find_account(c, CGROUP_UNIFIED, "/cpu.pressure", c->pressure, sizeof(c->pressure));
	if (missing)
		return err_set(e, -ENOENT, "no cgroup hierarchy has a group %s, which `cgroup` in the "
			       "configuration names", named);
	return 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* @limit, @used, @cache in bytes. */
static void memory_bounds(uint64_t limit, uint64_t used, uint64_t cache, struct cgroup_memory *l)
{
	uint64_t unused = less(limit, used);

	if (limit >= UNLIMITED)
		return;
	l->total = MIN(l->total, limit / KIB);
	l->unused = MIN(l->unused, unused / KIB);
	l->free = MIN(l->free, MIN(unused + MIN(cache, used), limit) / KIB);
}

/* File pages of a group that it can lose: all that it has not used of late, and, as programs would
 * soon read them again, half of the others. */
static uint64_t cache_of(const char *dir, bool unified)
{
	uint64_t idle = 0, busy = 0;
	char text[FILE_TEXT];

	if (read_text(dir, "/memory.stat", text, sizeof(text)) < 0)
		return 0;
	(void)cgroup_parse_field(text, unified ? "inactive_file" : "total_inactive_file", &idle);
	(void)cgroup_parse_field(text, unified ? "active_file" : "total_active_file", &busy);
	return idle > UNLIMITED || busy > UNLIMITED ? 0 : idle + busy / 2;
}

static void memory_of(const char *dir, bool unified, struct cgroup_memory *l)
{
	uint64_t limit = CGROUP_NONE, high = CGROUP_NONE, used;

	if (read_number(dir, unified ? "/memory.max" : "/memory.limit_in_bytes", &limit) < 0)
		return;
	/* beyond memory.high programs are held up until pages have been given back */
	if (unified && read_number(dir, "/memory.high", &high) == 0)
		limit = MIN(limit, high);
	if (limit < UNLIMITED &&
	    read_number(dir, unified ? "/memory.current" : "/memory.usage_in_bytes", &used) == 0)
		memory_bounds(limit, used, cache_of(dir, unified), l);
}

void cgroup_cpu(const struct cgroup *c, struct cgroup_cpu *ret)
{
	static const unsigned kinds[] = { CGROUP_UNIFIED, CGROUP_CPU, CGROUP_CPUSET };
	struct cgroup_cpu l = { CGROUP_NONE, 0 };
	char dir[CGROUP_PATH];

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		bool unified = kinds[i] == CGROUP_UNIFIED;

		memcpy(dir, c->start[kinds[i]], sizeof(dir));
		if (dir[0] && kinds[i] != CGROUP_CPU) {
			unsigned n = cpus_of(dir, unified); /* a parent's set holds more */

			if (n)
				l.cpus = l.cpus ? MIN(l.cpus, n) : n;
		}
		if (kinds[i] == CGROUP_CPUSET || !walk(c, kinds[i], dir))
			continue;
		do {
			uint64_t share = quota_of(dir, unified); /* reads files, and MIN would twice */

			l.milli = MIN(l.milli, share);
		} while (go_up(c, kinds[i], dir));
	}
	*ret = l;
}

void cgroup_memory(const struct cgroup *c, struct cgroup_memory *ret)
{
	static const unsigned kinds[] = { CGROUP_UNIFIED, CGROUP_MEMORY };
	struct cgroup_memory l = { CGROUP_NONE, CGROUP_NONE, CGROUP_NONE };
	char dir[CGROUP_PATH];

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!walk(c, kinds[i], dir))
			continue;
		do
			memory_of(dir, kinds[i] == CGROUP_UNIFIED, &l);
		while (go_up(c, kinds[i], dir));
	}
	*ret = l;
}

int cgroup_used_ns(struct cgroup *c, uint64_t *ret)
{
	char text[FILE_TEXT];
	uint64_t us;
	ssize_t r;

	if (!c->usage[0])
		return -ENOENT;
	r = io_read_kept(&c->usage_fd, c->usage, text, sizeof(text));
	if (r < 0)
		return (int)r;
	if (cgroup_parse_field(text, "usage_usec", &us) < 0)
		return cgroup_parse_number(text, ret);
	*ret = us * NSEC_OF_US;
	return 0;
}

int cgroup_waited_us(struct cgroup *c, uint64_t *ret)
{
	char text[512];
	ssize_t r;

	if (!c->pressure[0])
		return -ENOENT;
	r = io_read_kept(&c->pressure_fd, c->pressure, text, sizeof(text));
	return r < 0 ? (int)r : cgroup_parse_pressure(text, ret);
}

struct listing {
	int *to;
	unsigned n, max, groups;
	bool all, unified;
	char text[TASKS_TEXT];
};

static void list_group(struct listing *l, const char *dir, unsigned depth)
{
	ssize_t n = 0, k;
	CLEANUP(close_fd) int fd = -1;
	struct dirent *de;
	char path[CGROUP_PATH + 64];
	DIR *d;

	if (l->groups++ >= GROUPS_MAX || depth > DEPTH_MAX || l->n == l->max) {
		l->all = false;
		return;
	}
	if (!join(path, sizeof(path), dir, l->unified ? "/cgroup.threads" : "/tasks"))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (k = read(fd, l->text + n, sizeof(l->text) - 1 - (size_t)n)) > 0)
		n += k;
	l->text[n] = '\0';
	if (n == (ssize_t)sizeof(l->text) - 1)
		l->all = false;
	l->n += cgroup_parse_tasks(l->text, l->to + l->n, l->max - l->n);
	d = opendir(dir);
	while (d && (de = readdir(d))) {
		char sub[CGROUP_PATH];

		if (de->d_type != DT_DIR || de->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", dir, de->d_name) < (int)sizeof(sub))
			list_group(l, sub, depth + 1);
		else
			l->all = false;
	}
	if (d)
		(void)closedir(d);
}

int cgroup_tasks(const struct cgroup *c, int *to, unsigned max, bool *ret_all)
{
	CLEANUP(free_ptr) struct listing *l = malloc(sizeof(*l));

	if (!c->scoped)
		return -ENOENT;
	if (!l)
		return -ENOMEM;
	l->to = to;
	l->max = max;
	l->n = l->groups = 0;
	l->all = true;
	l->unified = c->scope_unified;
	list_group(l, c->scope, 0);
	*ret_all = l->all && l->n < max;
	return (int)l->n;
}
