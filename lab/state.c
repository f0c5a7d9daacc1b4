/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the lab's folder: names, locks, the lab's file, files that name processes.
 *
 * DOC: the locks are flock() on the folders themselves, so that no lock file is left behind. A
 * folder may be removed while somebody waits for it, hence the look whether the name still leads to
 * what was locked. /run/moslab is held only to add or remove a lab, the lab's own for every change.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "lab/lab.h"

bool lab_name_ok(const char *name)
{
	size_t n = strlen(name);

	if (!n || n > LAB_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       n;
}

void lab_init(struct lab *l, const char *name)
{
	memset(l, 0, sizeof(*l));
	(void)snprintf(l->name, sizeof(l->name), "%s", name);
	l->lock = -1;
}

void lab_finish(struct lab *l)
{
	close_fd(&l->lock);
}

bool lab_limited(const struct lab *l)
{
	for (unsigned i = 1; i <= l->nodes; i++)
		if (l->limit[i].cpu_milli || l->limit[i].memory)
			return true;
	return false;
}

const char *lab_path(char to[LAB_PATH], const struct lab *l, const char *fmt, ...)
{
	int n = snprintf(to, LAB_PATH, LAB_ROOT "/%s/", l->name);
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(to + n, (size_t)(LAB_PATH - n), fmt, ap);
	va_end(ap);
	ASSERT(n < LAB_PATH);
	return to;
}

const char *lab_node_str(char to[16], unsigned node)
{
	if (node == LAB_SWITCH)
		(void)snprintf(to, 16, "switch");
	else
		(void)snprintf(to, 16, "node%u", node);
	return to;
}

void lab_nap(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Opens and locks a folder that is still there under its name afterwards. */
static int folder_lock(const char *path)
{
	for (;;) {
		CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat a, b;

		if (fd < 0)
			return -errno;
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR || lab_stop)
				return -errno;
		if (fstat(fd, &a) < 0)
			return -errno;
		if (!stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
			return steal_fd(&fd);
	}
}

static int root_lock(bool make)
{
	int r;

	do {
		if (make && mkdir(LAB_ROOT, 0700) < 0 && errno != EEXIST)
			return -errno;
		r = folder_lock(LAB_ROOT);
	} while (make && r == -ENOENT);
	return r;
}

int lab_each(int (*fn)(const char *name, void *arg), void *arg)
{
	DIR *d = opendir(LAB_ROOT);
	struct dirent *de;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (de = readdir(d)))
		if (lab_name_ok(de->d_name))
			r = fn(de->d_name, arg);
	(void)closedir(d);
	return r;
}

int lab_write(const char *path, mode_t mode, const char *text)
{
	CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	return io_write_all(fd, text, strlen(text));
}

static int lab_save(const struct lab *l, struct err *e)
{
	char tmp[LAB_PATH], path[LAB_PATH];
	FILE *f = fopen(lab_path(tmp, l, "lab.tmp"), "we");
	bool bad;

	if (!f)
		return err_set(e, -errno, "%s: %s", tmp, strerror(errno));
	(void)fprintf(f, "nodes %u\nnet %u\nmosd %s\nvm %s\n", l->nodes, l->net, l->mosd, l->vm);
	for (unsigned i = 1; i <= l->nodes; i++)
		(void)fprintf(f, "limit %u %u %llu\n", i, l->limit[i].cpu_milli,
			      (unsigned long long)l->limit[i].memory);
	bad = ferror(f) != 0;
	if (fclose(f) || bad || rename(tmp, lab_path(path, l, "lab")) < 0)
		return err_set(e, -EIO, "%s cannot be written", path);
	return 0;
}

static int parse_line(struct lab *l, char *line)
{
	unsigned i, cpu;
	unsigned long long mem;

	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "mosd ", 5))
		(void)snprintf(l->mosd, sizeof(l->mosd), "%.*s", PATH_MAX - 1, line + 5);
	else if (!strncmp(line, "vm ", 3))
		(void)snprintf(l->vm, sizeof(l->vm), "%.*s", LAB_PATH - 1, line + 3);
	else if (sscanf(line, "limit %u %u %llu", &i, &cpu, &mem) == 3) {
		if (!i || i > LAB_NODES)
			return -EINVAL;
		l->limit[i] = (struct lab_limit){ cpu, mem };
	} else if (sscanf(line, "nodes %u", &l->nodes) != 1 && sscanf(line, "net %u", &l->net) != 1)
		return -EINVAL;
	return 0;
}

int lab_load(struct lab *l, struct err *e)
{
	char path[LAB_PATH], line[PATH_MAX + 4];
	FILE *f = fopen(lab_path(path, l, "lab"), "re");
	int r = 0;

	if (!f && errno == ENOENT)
		return err_set(e, -ENOENT, "no lab named '%s' is up (moslab up N --name %s)",
			       l->name, l->name);
	if (!f)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	while (!r && fgets(line, sizeof(line), f))
		r = parse_line(l, line);
	(void)fclose(f);
	if (r < 0 || !l->nodes || l->nodes > LAB_NODES)
		return err_set(e, -EINVAL, "%s is damaged (moslab down --name %s)", path, l->name);
	return 0;
}

static int mark_net(const char *name, void *arg)
{
	bool *used = arg;
	struct lab *l = malloc(sizeof(*l));

	if (!l)
		return -ENOMEM;
	lab_init(l, name);
	if (!lab_load(l, NULL) && l->net < 256)
		used[l->net] = true;
	free(l);
	return 0;
}

/* The first free network from a place that the name gives: a lab keeps its addresses. */
static int choose_net(struct lab *l)
{
	bool used[256] = { 0 };
	unsigned h = 5381;
	int r = lab_each(mark_net, used);

	if (r < 0)
		return r;
	for (const char *c = l->name; *c; c++)
		h = h * 33 + (unsigned char)*c;
	for (unsigned i = 0; i < 254; i++) {
		unsigned k = 1 + (h + i) % 254;

		if (!used[k]) {
			l->net = k;
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

int lab_create(struct lab *l, struct err *e)
{
	CLEANUP(close_fd) int root = root_lock(true);
	char path[LAB_PATH];
	int r;

	if (root < 0)
		return err_set(e, root, LAB_ROOT ": %s", strerror(-root));
	r = choose_net(l);
	if (r < 0)
		return err_set(e, r, "no free network 10.77.0.0/16: %s", strerror(-r));
	if (mkdir(lab_path(path, l, "%s", ""), 0700) < 0) {
		if (errno == EEXIST)
			return err_set(
				e, -EEXIST,
				"lab '%s' is there already (moslab down --name %s, or choose "
				"another --name)",
				l->name, l->name);
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	}
	l->lock = folder_lock(path);
	if (l->lock < 0)
		return err_set(e, l->lock, "%s: %s", path, strerror(-l->lock));
	return lab_save(l, e);
}

int lab_lock(struct lab *l, struct err *e)
{
	char path[LAB_PATH];

	l->lock = folder_lock(lab_path(path, l, "%s", ""));
	if (l->lock == -ENOENT)
		return err_set(e, -ENOENT, "no lab named '%s' is up (moslab up N --name %s)",
			       l->name, l->name);
	return l->lock < 0 ? err_set(e, l->lock, "%s: %s", path, strerror(-l->lock)) : 0;
}

int lab_lock_load(struct lab *l, struct err *e)
{
	int r = lab_lock(l, e);

	return r < 0 ? r : lab_load(l, e);
}

static int rm_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (remove(path) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int lab_rm_tree(const char *path)
{
	int r = nftw(path, rm_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	if (r == -1)
		return errno == ENOENT ? 0 : -errno;
	return r;
}

int lab_remove(struct lab *l, struct err *e)
{
	CLEANUP(close_fd) int root = root_lock(false);
	char path[LAB_PATH];
	int r;

	(void)snprintf(path, sizeof(path), LAB_ROOT "/%s", l->name);
	r = lab_rm_tree(path);
	if (r < 0)
		return err_set(e, r, "%s cannot be removed: %s", path, strerror(-r));
	(void)rmdir(LAB_ROOT); /* unless there are others */
	return 0;
}

void lab_tidy(void)
{
	CLEANUP(close_fd) int root = root_lock(false);

	if (root >= 0)
		(void)rmdir(LAB_ROOT);
}

/* Return: the time at which @pid started, in ticks since boot; 0 if it is dead. */
static unsigned long long start_time(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long start;
	char *p, state;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_file(path, text, sizeof(text)) <= 0)
		return 0;
	p = strrchr(text, ')'); /* the name may hold anything */
	if (!p || sscanf(p + 1,
			 " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			 "%*d %llu",
			 &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

int lab_proc_save(const char *path, pid_t pid)
{
	char text[64], tmp[LAB_PATH + 8];
	int r;

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	(void)snprintf(text, sizeof(text), "%d %llu\n", pid, start_time(pid));
	r = lab_write(tmp, 0600, text);
	if (r < 0)
		return r;
	return rename(tmp, path) < 0 ? -errno : 0;
}

int lab_proc_load(const char *path, struct lab_proc *ret)
{
	struct lab_proc p;
	char text[64];
	ssize_t n = io_read_file(path, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (sscanf(text, "%d %llu", &p.pid, &p.start) != 2 || p.pid <= 0 || !p.start)
		return -EINVAL;
	*ret = p;
	return 0;
}

bool lab_proc_alive(const struct lab_proc *p)
{
	return start_time(p->pid) == p->start;
}

int lab_proc_open(const struct lab_proc *p)
{
	CLEANUP(close_fd) int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd < 0)
		return -errno;
	return lab_proc_alive(p) ? steal_fd(&fd) : -ESRCH;
}

int lab_node_open(const struct lab *l, unsigned node, struct lab_proc *ret)
{
	char path[LAB_PATH], name[16];
	struct lab_proc p;

	if (lab_proc_load(lab_path(path, l, "%s/pid", lab_node_str(name, node)), &p) < 0)
		return -ESRCH;
	if (ret)
		*ret = p;
	return lab_proc_open(&p);
}
