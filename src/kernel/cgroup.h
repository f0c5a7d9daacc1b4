/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroups that bound this node, of version 1, 2 or both: what they allow, what is used, which
 * tasks are in them.
 *
 * The scope is the group whose tasks are this node's: the one that is named, or the topmost one
 * around us with a limit on processor time, or what a container sees as the topmost of all. A limit
 * on memory alone makes no scope: what is outside still runs on the same processors. Without a
 * scope the node is the machine. */
#ifndef MOS_KERNEL_CGROUP_H
#define MOS_KERNEL_CGROUP_H

#include "base/err.h"
#include "kernel/cgroup-text.h"

struct cgroup {
	struct cgroup_tree tree[CGROUP_KIND_COUNT_];
	/* The group whose limits count first, and then those around it. As a folder; empty: none can
	 * be seen. */
	char start[CGROUP_KIND_COUNT_][CGROUP_PATH];
	bool top[CGROUP_KIND_COUNT_]; /* the mount point is the kernel's own top, without limits */
	bool scoped;		 /* there is a scope */
	char scope[CGROUP_PATH]; /* its folder; empty without one */
	bool scope_unified;	 /* it is in the unified hierarchy */
	/* Files that tell of the scope, or of the machine; empty where the kernel has none. */
	char usage[CGROUP_PATH + 16];	 /* processor time used */
	char pressure[CGROUP_PATH + 16]; /* processor pressure */
	int usage_fd, pressure_fd;	 /* kept: they are read each second */
};

#define CGROUP_INIT { .usage_fd = -1, .pressure_fd = -1 }

/* What all groups from ours up allow together. CGROUP_NONE without a limit. */
struct cgroup_cpu {
	uint64_t milli; /* thousandths of a processor by quota */
	unsigned cpus;	/* processors by cpusets; 0: not told */
};

struct cgroup_memory {	/* KiB */
	uint64_t total;	 /* the tightest limit */
	uint64_t free;	 /* that could still be had under the tightest one, file cache given up */
	uint64_t unused; /* the same without touching the cache */
};

/* Looks for the node's groups; @c is CGROUP_INIT or was found before. @named: path of the scope below the hierarchies' mount points, as
 * "/a/b"; "/" is the machine; empty to find it. Return: 0; -ENOENT when no hierarchy has @named,
 * and then the scope is found as if it were empty; -errno when /proc cannot be read. */
int cgroup_find(struct cgroup *c, const char *named, struct err *e);
void cgroup_finish(struct cgroup *c);
/* Read limits and what is used of them now. What cannot be read does not bound. */
void cgroup_cpu(const struct cgroup *c, struct cgroup_cpu *ret);
void cgroup_memory(const struct cgroup *c, struct cgroup_memory *ret);
/* Processor time that the scope, or the machine, has used so far. Return: 0 or -errno. */
int cgroup_used_ns(struct cgroup *c, uint64_t *ret);
/* Time in which some task of it had to wait for a processor. Return: 0 or -errno. */
int cgroup_waited_us(struct cgroup *c, uint64_t *ret);
/* Threads in the scope and in the groups below it, at most @max of them, in no order.
 * @ret_all: whether these are all. Return: how many, -ENOENT without a scope. */
int cgroup_tasks(const struct cgroup *c, int *to, unsigned max, bool *ret_all);

#endif
