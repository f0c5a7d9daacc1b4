/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the lab's cgroups: where they can be, limits, and how to kill all of a node.
 *
 * DOC: a node is the cgroup moslab-NAME/nodeI. The v2 hierarchy is used wherever one is mounted,
 * even without controllers, since it has cgroup.kill; else v1's freezer, else pids. Limits use v2's
 * controllers or, where these are v1's, a folder of the same name there. No record is kept of the
 * choice: whoever joins, kills or removes looks into every hierarchy for that folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/util.h"
#include "lab/lab.h"

#define GROUP_PATH 512

enum tree { TREE_V2, TREE_FREEZER, TREE_PIDS, TREE_CPU, TREE_MEMORY, TREE_COUNT_ };

struct trees {
	char root[TREE_COUNT_][LAB_PATH]; /* where mounted; empty: not there */
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || strchr(", \t", p[-1])) && (!p[n] || strchr(", \t\n", p[n])))
			return true;
	return false;
}

static void trees_find(struct trees *t)
{
	static const char *const word[] = { NULL, "freezer", "pids", "cpu", "memory" };
	const char *masked = getenv("MOS_NOFEAT");
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[2048], where[LAB_PATH], type[32], opts[512];

	memset(t, 0, sizeof(*t));
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %255s %31s %511s", where, type, opts) != 3)
			continue;
		if (!strcmp(type, "cgroup2") && !t->root[TREE_V2][0] &&
		    !(masked && has_word(masked, "cgroup2")))
			memcpy(t->root[TREE_V2], where, sizeof(where));
		for (int i = TREE_FREEZER; i < TREE_COUNT_; i++)
			if (!strcmp(type, "cgroup") && has_word(opts, word[i]) && !t->root[i][0])
				memcpy(t->root[i], where, sizeof(where));
	}
	if (f)
		(void)fclose(f);
}

static const char *node_dir(char to[GROUP_PATH], const struct trees *t, int tree,
			    const struct lab *l, unsigned node)
{
	char name[16];

	(void)snprintf(to, GROUP_PATH, "%s/moslab-%s/%s", t->root[tree], l->name,
		       lab_node_str(name, node));
	return to;
}

static int write_in(const char *dir, const char *file, const char *text)
{
	char path[GROUP_PATH + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	return io_write_file(path, text);
}

static int make_in(const struct trees *t, int tree, const struct lab *l, unsigned node)
{
	char dir[GROUP_PATH];

	if (!t->root[tree][0])
		return -ENOENT;
	(void)snprintf(dir, sizeof(dir), "%s/moslab-%s", t->root[tree], l->name);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mkdir(node_dir(dir, t, tree, l, node), 0755) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

/* Return: whether v2 gives its nodes @controller now. */
static bool v2_enable(const struct trees *t, const struct lab *l, const char *controller)
{
	char dir[GROUP_PATH], path[GROUP_PATH + 64], text[256], plus[32];

	if (!t->root[TREE_V2][0])
		return false;
	(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", t->root[TREE_V2]);
	if (io_read_file(path, text, sizeof(text)) < 0 || !has_word(text, controller))
		return false;
	(void)snprintf(plus, sizeof(plus), "+%s", controller);
	(void)snprintf(dir, sizeof(dir), "%s/moslab-%s", t->root[TREE_V2], l->name);
	(void)write_in(t->root[TREE_V2], "cgroup.subtree_control", plus);
	return !write_in(dir, "cgroup.subtree_control", plus);
}

static int limit_cpu(const struct trees *t, const struct lab *l, unsigned node)
{
	unsigned milli = l->limit[node].cpu_milli;
	char dir[GROUP_PATH], text[64];
	int r;

	/* 100 ms is the kernel's own period; the quota may not be below 1 ms */
	if (v2_enable(t, l, "cpu")) {
		(void)snprintf(text, sizeof(text), milli ? "%u 100000" : "max 100000", milli * 100);
		return write_in(node_dir(dir, t, TREE_V2, l, node), "cpu.max", text);
	}
	r = make_in(t, TREE_CPU, l, node);
	if (r < 0 || !milli)
		return r;
	(void)snprintf(text, sizeof(text), "%u", milli * 100);
	(void)node_dir(dir, t, TREE_CPU, l, node);
	r = write_in(dir, "cpu.cfs_period_us", "100000");
	return r < 0 ? r : write_in(dir, "cpu.cfs_quota_us", text);
}

static int limit_memory(const struct trees *t, const struct lab *l, unsigned node)
{
	uint64_t bytes = l->limit[node].memory;
	char dir[GROUP_PATH], text[64];
	int r;

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	if (v2_enable(t, l, "memory"))
		return write_in(node_dir(dir, t, TREE_V2, l, node), "memory.max",
				bytes ? text : "max");
	r = make_in(t, TREE_MEMORY, l, node);
	if (r < 0 || !bytes)
		return r;
	return write_in(node_dir(dir, t, TREE_MEMORY, l, node), "memory.limit_in_bytes", text);
}

int group_make(const struct lab *l, unsigned node, struct err *e)
{
	struct trees t;
	int r;

	trees_find(&t);
	/* Without any, the sweep by mount namespace must do. */
	(void)(make_in(&t, TREE_V2, l, node) < 0 && make_in(&t, TREE_FREEZER, l, node) < 0 &&
	       make_in(&t, TREE_PIDS, l, node) < 0);
	/* If one node is limited, each has a folder there, so that `exec` from one node into
	 * another leaves the first one's limits. */
	if (node == LAB_SWITCH || l->vm[0] || !lab_limited(l))
		return 0;
	r = limit_cpu(&t, l, node);
	if (r < 0 && l->limit[node].cpu_milli)
		return err_set(e, r, "--cpus cannot be had here (cgroup's cpu controller): %s",
			       strerror(-r));
	r = limit_memory(&t, l, node);
	if (r < 0 && l->limit[node].memory)
		return err_set(e, r, "--memory cannot be had here (cgroup's memory controller): %s",
			       strerror(-r));
	return 0;
}

int group_join(const struct lab *l, unsigned node, struct err *e)
{
	struct trees t;
	char dir[GROUP_PATH];

	trees_find(&t);
	for (int i = 0; i < TREE_COUNT_; i++) {
		int r;

		if (!t.root[i][0] || access(node_dir(dir, &t, i, l, node), F_OK) < 0)
			continue;
		r = write_in(dir, "cgroup.procs", "0");
		if (r < 0)
			return err_set(e, r, "cannot enter %s: %s", dir, strerror(-r));
	}
	return 0;
}

bool group_has_self(const struct lab *l)
{
	char text[4096], part[64];

	(void)snprintf(part, sizeof(part), "/moslab-%s/", l->name);
	return io_read_file("/proc/self/cgroup", text, sizeof(text)) > 0 && strstr(text, part);
}

/* Calls @fn for @dir and all folders in it, deepest first. Return: the sum. */
static int walk(const char *dir, int (*fn)(const char *dir))
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int sum = 0;

	if (!d)
		return 0;
	while ((de = readdir(d))) {
		char sub[GROUP_PATH * 2];

		if (de->d_type != DT_DIR || de->d_name[0] == '.')
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", dir, de->d_name) < (int)sizeof(sub))
			sum += walk(sub, fn);
	}
	(void)closedir(d);
	return sum + fn(dir);
}

static int kill_procs(const char *dir)
{
	char path[GROUP_PATH * 2 + 16];
	int pid, n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fscanf(f, "%d", &pid) == 1) {
		n++;
		if (pid > 0 && pid != getpid()) /* 0: in a pid namespace that we do not see */
			(void)kill(pid, SIGKILL);
	}
	(void)fclose(f);
	return n;
}

static int rmdir_one(const char *dir)
{
	return rmdir(dir) < 0 && errno != ENOENT;
}

/* One round. Frozen processes neither fork nor end, so no pid read here can be another's by then.
 * Return: how many were alive. */
static int kill_round(const char *dir)
{
	int n;

	(void)write_in(dir, "cgroup.kill", "1");
	(void)write_in(dir, "cgroup.freeze", "1");
	(void)write_in(dir, "freezer.state", "FROZEN");
	n = walk(dir, kill_procs);
	(void)write_in(dir, "freezer.state", "THAWED");
	(void)write_in(dir, "cgroup.freeze", "0");
	return n;
}

/* Kills and, if @remove, removes @leaf ("moslab-NAME" or a node's folder in it) everywhere. */
static int clear(const char *leaf, bool remove, struct err *e)
{
	nsec_t end = mono_now() + LAB_WAIT_MS * NSEC_PER_MSEC;
	struct trees t;
	unsigned nap = 1;

	trees_find(&t);
	for (;;) {
		int left = 0;

		for (int i = 0; i < TREE_COUNT_; i++) {
			char dir[GROUP_PATH];

			if (!t.root[i][0])
				continue;
			(void)snprintf(dir, sizeof(dir), "%s/%s", t.root[i], leaf);
			if (access(dir, F_OK) < 0)
				continue;
			left += kill_round(dir);
			if (remove)
				left += walk(dir, rmdir_one);
		}
		if (!left)
			return 0;
		if (mono_now() > end)
			return err_set(e, -EBUSY, "cgroup %s does not become empty (%d left)", leaf,
				       left);
		lab_nap(nap);
		nap = MIN(nap * 2, 50U);
	}
}

int group_kill(const struct lab *l, unsigned node, struct err *e)
{
	char leaf[96], name[16];

	(void)snprintf(leaf, sizeof(leaf), "moslab-%s/%s", l->name, lab_node_str(name, node));
	return clear(leaf, false, e);
}

/* Return: whether @dir, a folder that mosd made, is that of a node of @l: "L-node1", or with the
 * node's own name before it. */
static bool is_ours(const struct lab *l, const char *dir)
{
	char want[64], name[16];

	for (unsigned i = 1; i <= LAB_NODES; i++) {
		(void)lab_node_str(name, i);
		(void)snprintf(want, sizeof(want), "%s-%s", l->name, name);
		if (!strcmp(dir, want))
			return true;
		if (!strncmp(dir, name, strlen(name)) && strchr("-.", dir[strlen(name)]) &&
		    dir[strlen(name)] && !strcmp(dir + strlen(name) + 1, want))
			return true;
	}
	return false;
}

/* In a process and a mount namespace of its own. */
static int remove_named(const struct lab *l)
{
	const char *top = "/run"; /* some folder that is always there */
	nsec_t end = mono_now() + 2 * NSEC_PER_SEC;
	int left;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", top, "cgroup", 0, "none,name=umosix") < 0)
		return -errno;
	do {
		DIR *d = opendir(top);
		struct dirent *de;

		left = 0;
		while (d && (de = readdir(d))) {
			char dir[LAB_PATH * 2];

			(void)snprintf(dir, sizeof(dir), "%s/%s", top, de->d_name);
			if (de->d_type == DT_DIR && is_ours(l, de->d_name))
				left += walk(dir, kill_procs) + walk(dir, rmdir_one);
		}
		if (d)
			(void)closedir(d);
		if (left)
			lab_nap(5);
	} while (left && mono_now() < end);
	(void)umount2(top, MNT_DETACH);
	return left ? -EBUSY : 0;
}

static int group_remove_named(const struct lab *l, struct err *e)
{
	char text[4096];
	int st;
	pid_t pid;

	/* mounting it would create it */
	if (io_read_file("/proc/self/cgroup", text, sizeof(text)) < 0 ||
	    !strstr(text, ":name=umosix:"))
		return 0;
	pid = fork();
	if (!pid)
		_exit(remove_named(l) < 0);
	if (pid < 0 || waitpid(pid, &st, 0) < 0)
		return err_set(e, -errno, "fork: %s", strerror(errno));
	return st ? err_set(e, -EBUSY, "cgroups of the lab's mosd (name=umosix) are left") : 0;
}

int group_remove(const struct lab *l, struct err *e)
{
	char leaf[64];
	int r, r2;

	(void)snprintf(leaf, sizeof(leaf), "moslab-%s", l->name);
	r = clear(leaf, true, e);
	r2 = group_remove_named(l, e);
	return r < 0 ? r : r2;
}
