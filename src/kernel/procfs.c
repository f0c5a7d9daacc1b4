/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/util.h"

void vma_list_finish(struct vma_list *l)
{
	free(l->v);
	*l = (struct vma_list){ 0 };
}

const struct vma *vma_list_find(const struct vma_list *l, uint64_t addr)
{
	unsigned lo = 0, hi = l->n;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (l->v[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo < l->n ? &l->v[lo] : NULL;
}

int procfs_open(pid_t pid, const char *what, int flags)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Whole file into a grown buffer: maps may be megabytes. */
static int slurp(pid_t pid, const char *what, char **ret, size_t *ret_len)
{
	CLEANUP(close_fd) int fd = procfs_open(pid, what, O_RDONLY);
	CLEANUP(free_ptr) char *b = NULL;
	size_t len = 0, cap = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t k;

		if (cap - len < 4097) {
			char *n = realloc(b, cap = cap * 2 + 16384);

			if (!n)
				return -ENOMEM;
			b = n;
		}
		k = read(fd, b + len, cap - len - 1);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (!k)
			break;
		len += (size_t)k;
	}
	b[len] = '\0';
	*ret = steal_ptr(&b);
	*ret_len = len;
	return 0;
}

static bool parse_map_line(const char *line, struct vma *v)
{
	unsigned maj, min;
	char perm[5];
	int at = 0;

	memset(v, 0, sizeof(*v));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &v->start,
		   &v->end, perm, &v->off, &maj, &min, &v->ino, &at) < 7)
		return false;
	line += at;
	v->dev = makedev(maj, min);
	v->prot = (uint8_t)((perm[0] == 'r' ? PROT_READ : 0) | (perm[1] == 'w' ? PROT_WRITE : 0) |
			    (perm[2] == 'x' ? PROT_EXEC : 0));
	v->shared = perm[3] == 's';
	v->kind = v->ino || v->dev ? VMA_FILE : VMA_ANON;
	if (v->kind == VMA_ANON) { /* a file may bear any name, these can not */
		if (!strncmp(line, "[vdso]", 6))
			v->kind = VMA_VDSO;
		else if (!strncmp(line, "[vvar", 5))
			v->kind = VMA_VVAR;
		v->stack = !strncmp(line, "[stack]", 7);
		v->heap = !strncmp(line, "[heap]", 6);
	}
	return true;
}

int procfs_parse_maps(char *text, unsigned max, struct vma_list *l)
{
	char *line, *next;

	l->n = 0;
	for (line = text; *line; line = next) {
		struct vma v;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		else
			next = line + strlen(line);
		if (!parse_map_line(line, &v))
			return -EPROTO;
		if (v.start >= 0x800000000000ULL)
			continue; /* [vsyscall] */
		if (l->n == max)
			return -E2BIG;
		if (l->n == l->cap) {
			unsigned cap = l->cap * 2 + 128;
			struct vma *n = realloc(l->v, cap * sizeof(*n));

			if (!n)
				return -ENOMEM;
			l->v = n;
			l->cap = cap;
		}
		l->v[l->n++] = v;
	}
	return 0;
}

int procfs_maps(pid_t pid, unsigned max, struct vma_list *l)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t len;
	int r = slurp(pid, "maps", &text, &len);

	if (r < 0)
		return r;
	return len ? procfs_parse_maps(text, max, l) : -ESRCH; /* a zombie has none */
}

int procfs_parse_stat(char *text, struct procfs_stat *ret)
{
	char *p, *save = NULL;
	unsigned i = 4;

	memset(ret, 0, sizeof(*ret));
	p = strrchr(text, ')'); /* the name may hold anything, also ") R 1 (" */
	if (!p || p[1] != ' ' || !p[2])
		return -EPROTO;
	ret->state = p[2];
	for (p = strtok_r(p + 3, " \n", &save); p && i < PROCFS_STAT_FIELDS;
	     p = strtok_r(NULL, " \n", &save))
		ret->f[i++] = strtoull(p, NULL, 10);
	return 0;
}

int procfs_stat(pid_t pid, struct procfs_stat *ret)
{
	char b[2048], path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = io_read_file(path, b, sizeof(b));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	return procfs_parse_stat(b, ret);
}

static const char *field(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *p = text;

	while (p && *p) {
		if (!strncmp(p, name, n) && p[n] == ':')
			return p + n + 1;
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	return NULL;
}

static uint64_t number(const char *text, const char *name, int base)
{
	const char *p = field(text, name);

	return p ? strtoull(p, NULL, base) : 0;
}

int procfs_parse_status(const char *t, struct procfs_status *ret)
{
	const char *p;
	char *end;

	memset(ret, 0, sizeof(*ret));
	p = field(t, "Uid");
	if (!p || sscanf(p, "%u %u %u %u", &ret->uid[0], &ret->uid[1], &ret->uid[2], &ret->uid[3]) != 4)
		return -EPROTO;
	p = field(t, "Gid");
	if (!p || sscanf(p, "%u %u %u %u", &ret->gid[0], &ret->gid[1], &ret->gid[2], &ret->gid[3]) != 4)
		return -EPROTO;
	ret->sig_pending = number(t, "SigPnd", 16) | number(t, "ShdPnd", 16);
	ret->sig_blocked = number(t, "SigBlk", 16);
	ret->sig_ignored = number(t, "SigIgn", 16);
	ret->sig_caught = number(t, "SigCgt", 16);
	ret->cap_eff = number(t, "CapEff", 16);
	ret->cap_prm = number(t, "CapPrm", 16);
	ret->locked_kb = number(t, "VmLck", 10);
	ret->huge_kb = number(t, "HugetlbPages", 10);
	ret->tracer = (pid_t)number(t, "TracerPid", 10);
	ret->threads = (unsigned)number(t, "Threads", 10);
	ret->seccomp = (unsigned)number(t, "Seccomp", 10);
	p = field(t, "Groups");
	while (p && ret->ngroups < ARRAY_SIZE(ret->group)) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (*p == '\n' || !*p)
			break;
		ret->group[ret->ngroups] = (uint32_t)strtoul(p, &end, 10);
		if (end == p)
			break;
		ret->ngroups++;
		p = end;
	}
	return 0;
}

int procfs_status(pid_t pid, struct procfs_status *ret)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t len;
	int r = slurp(pid, "status", &text, &len);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	return procfs_parse_status(text, ret);
}

int procfs_comm(pid_t pid, char to[16])
{
	char path[64], b[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	n = io_read_file(path, b, sizeof(b));
	if (n < 0)
		return (int)n;
	if (n && b[n - 1] == '\n')
		b[--n] = '\0';
	memset(to, 0, 16);
	memcpy(to, b, MIN((size_t)n, 15UL));
	return 0;
}

ssize_t procfs_auxv(pid_t pid, void *to, size_t size)
{
	CLEANUP(close_fd) int fd = procfs_open(pid, "auxv", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, to, size);
	return n < 0 ? -errno : n;
}

int64_t procfs_cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t id;
	int r = clock_getcpuclockid(pid, &id);

	if (r)
		return -r;
	if (clock_gettime(id, &t) < 0)
		return -errno;
	return timespec_nsec(&t);
}

void procfs_map_file_name(char *to, size_t size, uint64_t start, uint64_t end)
{
	(void)snprintf(to, size, "map_files/%" PRIx64 "-%" PRIx64, start, end);
}

bool procfs_parse_core_limit(const char *text)
{
	static const char name[] = "Max core file size";
	const char *at = strstr(text, name);

	if (!at || (at != text && at[-1] != '\n'))
		return false;
	at += sizeof(name) - 1;
	at += strspn(at, " ");
	return *at && *at != '\n' && !(at[0] == '0' && at[1] == ' ');
}

bool procfs_may_dump_core(pid_t pid)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t len;

	return slurp(pid, "limits", &text, &len) == 0 && procfs_parse_core_limit(text);
}

/* Such clocks have numbers below 0, or are CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID. */
bool procfs_parse_cpu_timer(const char *text)
{
	static const char name[] = "ClockID: ";
	const char *at = text;

	while ((at = strstr(at, name))) {
		long clock = strtol(at += sizeof(name) - 1, NULL, 10);

		if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
			return true;
	}
	return false;
}

bool procfs_has_cpu_timer(pid_t pid)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t len;

	return slurp(pid, "timers", &text, &len) == 0 && procfs_parse_cpu_timer(text);
}

uint64_t procfs_waited_ns(pid_t pid)
{
	CLEANUP(free_ptr) char *text = NULL;
	uint64_t waited;
	size_t len;

	if (slurp(pid, "schedstat", &text, &len) < 0 || sscanf(text, "%*u %" SCNu64, &waited) != 1)
		return 0;
	return waited;
}

uint64_t procfs_rss_kib(pid_t pid)
{
	CLEANUP(free_ptr) char *text = NULL;
	uint64_t pages;
	size_t len;

	if (slurp(pid, "statm", &text, &len) < 0 || sscanf(text, "%*u %" SCNu64, &pages) != 1 ||
	    pages > UINT64_MAX / MOS_PAGE)
		return 0;
	return pages * (MOS_PAGE / 1024);
}

uint64_t procfs_parse_io_calls(const char *text)
{
	const char *r = strstr(text, "syscr: "), *w = strstr(text, "syscw: ");
	uint64_t reads, writes;

	if (!r || !w || sscanf(r, "syscr: %" SCNu64, &reads) != 1 ||
	    sscanf(w, "syscw: %" SCNu64, &writes) != 1 || reads > UINT64_MAX - writes)
		return 0;
	return reads + writes;
}

uint64_t procfs_io_calls(pid_t pid)
{
	CLEANUP(free_ptr) char *text = NULL;
	size_t len;

	return slurp(pid, "io", &text, &len) < 0 ? 0 : procfs_parse_io_calls(text);
}
