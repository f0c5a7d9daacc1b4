/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how to find a node's processes without cgroups: by the mounts they see. It catches what
 * left its cgroup, or all of a node where no cgroup can be made. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "lab/lab.h"

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !strcmp(s + n - k, end);
}

/* Return: whether one of @pid's mounts is the lab's folder of @node (0: of any node) at
 * /run/umosix: no inode number is trusted, for these are given out again. */
static bool sees_node(const struct lab *l, unsigned node, const char *pid)
{
	char path[64], line[4096], root[1024], at[1024], want[LAB_PATH];
	bool yes = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	f = fopen(path, "re");
	while (f && !yes && fgets(line, sizeof(line), f)) {
		unsigned i;
		char *p;

		if (sscanf(line, "%*d %*d %*s %1023s %1023s", root, at) != 2 ||
		    strcmp(at, "/run/umosix"))
			continue;
		(void)snprintf(want, sizeof(want), "/moslab/%s/node", l->name);
		p = strstr(root, want);
		yes = p && sscanf(p + strlen(want), "%u", &i) == 1 && (!node || i == node) &&
		      ends_with(root, "/run");
	}
	if (f)
		(void)fclose(f);
	return yes;
}

int group_sweep(const struct lab *l, unsigned node)
{
	struct stat own, its;
	struct dirent *de;
	int n = 0;
	DIR *d;

	if (stat("/proc/self/ns/mnt", &own) < 0)
		return -errno;
	d = opendir("/proc");
	while (d && (de = readdir(d))) {
		char path[320];

		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/ns/mnt", de->d_name);
		if (stat(path, &its) < 0 || its.st_ino == own.st_ino)
			continue;
		if (!sees_node(l, node, de->d_name))
			continue;
		n++;
		(void)kill((pid_t)strtol(de->d_name, NULL, 10), SIGKILL);
	}
	if (d)
		(void)closedir(d);
	return n;
}

/* Return: whether @pid is dead, was of this lab, and waits for the machine's init only. */
static bool is_unreaped(const struct lab *l, const char *pid)
{
	char path[64], text[4096], part[64], state, *p;
	int parent;

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (io_read_file(path, text, sizeof(text)) <= 0)
		return false;
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %c %d", &state, &parent) != 2 || state != 'Z' || parent != 1)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	(void)snprintf(part, sizeof(part), "/moslab-%s/", l->name);
	return io_read_file(path, text, sizeof(text)) > 0 && strstr(text, part);
}

void group_wait_reaped(const struct lab *l)
{
	for (unsigned i = 0; i < 20; i++) {
		DIR *d = opendir("/proc");
		struct dirent *de;
		bool any = false;

		while (d && !any && (de = readdir(d)))
			any = isdigit((unsigned char)de->d_name[0]) && is_unreaped(l, de->d_name);
		if (d)
			(void)closedir(d);
		if (!any)
			return;
		lab_nap(5);
	}
}
