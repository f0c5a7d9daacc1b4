/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of cgroup files, of both versions, as numbers. Pure; any text is taken, and what does
 * not look like the kernel's is refused. */
#ifndef MOS_KERNEL_CGROUP_TEXT_H
#define MOS_KERNEL_CGROUP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_PATH 512U
#define CGROUP_NONE UINT64_MAX /* "max", "-1": no limit */

/* What a hierarchy is good for to us. The unified one (version 2) may have all of it or nothing. */
enum cgroup_kind {
	CGROUP_UNIFIED,
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_FREEZER,
	CGROUP_PIDS,
	CGROUP_KIND_COUNT_
};

struct cgroup_tree {
	char mount[CGROUP_PATH]; /* where it is mounted; empty: nowhere */
	char root[CGROUP_PATH];	 /* which of its groups is seen there, "/" for the topmost */
	char own[CGROUP_PATH];	 /* our group below the mount point, "" or "/a/b" */
};

/* Finds the hierarchies in the text of /proc/self/mountinfo: the first mount of each counts. */
void cgroup_parse_mounts(const char *text, struct cgroup_tree tree[static CGROUP_KIND_COUNT_]);
/* Finds our own groups in the text of /proc/self/cgroup, for the trees that are mounted. A group
 * that cannot be seen below the mount point becomes "". */
void cgroup_parse_own(const char *text, struct cgroup_tree tree[static CGROUP_KIND_COUNT_]);

/* "123", "max", "-1". Return: 0 or -EPROTO. */
int cgroup_parse_number(const char *text, uint64_t *ret);
/* The number behind @name, one "name number" a line. Return: 0, -ENOENT, -EPROTO. */
int cgroup_parse_field(const char *text, const char *name, uint64_t *ret);
/* "50000 100000" or "max 100000" as thousandths of a processor, CGROUP_NONE without a limit.
 * Return: 0 or -EPROTO. */
int cgroup_parse_cpu_max(const char *text, uint64_t *ret);
/* The same from version 1's two numbers. @quota CGROUP_NONE: no limit. */
uint64_t cgroup_cpu_share(uint64_t quota_us, uint64_t period_us);
/* How many processors "0-3,7" has. Return: 0 or more, -EPROTO. */
int cgroup_parse_cpus(const char *text);
/* The microseconds in which some task waited, of a "some ... total=123" line as in cpu.pressure.
 * Return: 0 or -EPROTO. */
int cgroup_parse_pressure(const char *text, uint64_t *ret);
/* Numbers of tasks, a line each; 0, a task that is not in our pid namespace, is left out. Takes at
 * most @max of @text; a last line without its newline is not taken, as a buffer may have cut it.
 * Return: how many. */
unsigned cgroup_parse_tasks(const char *text, int *to, unsigned max);

#endif
