/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of a process. Parsers are bounded and take hostile names. */
#ifndef MOS_KERNEL_PROCFS_H
#define MOS_KERNEL_PROCFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum vma_kind {
	VMA_ANON,
	VMA_FILE, /* of any file, device or memfd; see dev, ino */
	VMA_VDSO,
	VMA_VVAR, /* [vvar], [vvar_vclock]: data that the vDSO reads */
	VMA_KIND_COUNT_
};

struct vma {
	uint64_t start, end, off;
	uint64_t dev, ino;
	uint8_t prot; /* PROT_* */
	uint8_t kind; /* enum vma_kind */
	bool shared, stack, heap;
};

struct vma_list {
	struct vma *v;
	unsigned n, cap;
};

void vma_list_finish(struct vma_list *l);
/* Replaces @l by the mappings of @pid, in order of addresses, [vsyscall] left out.
 * Return: 0, -E2BIG above @max mappings, other -errno. */
int procfs_maps(pid_t pid, unsigned max, struct vma_list *l);
/* The same from text, which is spoiled. */
int procfs_parse_maps(char *text, unsigned max, struct vma_list *l);
/* The first mapping that ends above @addr, or NULL. */
const struct vma *vma_list_find(const struct vma_list *l, uint64_t addr);

/* Fields of /proc/PID/stat by their number in proc(5); [1] and [2] are 0. */
#define PROCFS_STAT_FIELDS 53
struct procfs_stat {
	char state;
	uint64_t f[PROCFS_STAT_FIELDS];
};
int procfs_stat(pid_t pid, struct procfs_stat *ret);
int procfs_parse_stat(char *text, struct procfs_stat *ret); /* spoils it */

struct procfs_status {
	uint32_t uid[4], gid[4]; /* real, effective, saved, file system */
	uint64_t sig_pending; /* of the thread and of the process */
	uint64_t sig_blocked, sig_ignored, sig_caught, cap_eff, cap_prm;
	uint64_t locked_kb, huge_kb;
	pid_t tracer;
	unsigned threads, seccomp;
	unsigned ngroups;
	uint32_t group[64]; /* the first ones */
};
int procfs_status(pid_t pid, struct procfs_status *ret);
int procfs_parse_status(const char *text, struct procfs_status *ret);

/* The name without newline. */
int procfs_comm(pid_t pid, char to[16]);
/* Return: bytes, or -errno. */
ssize_t procfs_auxv(pid_t pid, void *to, size_t size);
/* Whether its limits let it leave a core. (prlimit(2) on another user's process needs CAP_SYS_RESOURCE,
 * which a container's root lacks.) False if they cannot be read. */
bool procfs_may_dump_core(pid_t pid);
bool procfs_parse_core_limit(const char *text);
/* Has it a POSIX timer of a clock that counts processor time? */
bool procfs_has_cpu_timer(pid_t pid);
bool procfs_parse_cpu_timer(const char *text);
/* Processor time that @pid has used so far, in nanoseconds; negative: -errno. */
int64_t procfs_cpu_ns(pid_t pid);
/* How long its first thread has waited for a processor so far, in nanoseconds; 0 if that is not told. */
uint64_t procfs_waited_ns(pid_t pid);
/* What it has in memory; 0 if that is not told. */
uint64_t procfs_rss_kib(pid_t pid);
/* Calls of the read and write families that it has made so far; 0 if that is not told. */
uint64_t procfs_io_calls(pid_t pid);
uint64_t procfs_parse_io_calls(const char *text);
/* Opens /proc/PID/@what (@what without a slash before it). */
int procfs_open(pid_t pid, const char *what, int flags);
/* "start-end" as the entries of map_files are named. */
void procfs_map_file_name(char *to, size_t size, uint64_t start, uint64_t end);

#endif
