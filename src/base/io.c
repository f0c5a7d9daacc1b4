/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

int io_write_all(int fd, const void *p, size_t n)
{
	const char *c = p;

	while (n) {
		ssize_t k = write(fd, c, n);

		if (k < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		c += k;
		n -= (size_t)k;
	}
	return 0;
}

int io_read_all(int fd, void *p, size_t n)
{
	char *c = p;

	while (n) {
		ssize_t k = read(fd, c, n);

		if (k < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!k)
			return -ENODATA;
		c += k;
		n -= (size_t)k;
	}
	return 0;
}

ssize_t io_read_file(const char *path, char *to, size_t size)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t k = read(fd, to + n, size - n);

		if (k < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!k)
			break;
		n += (size_t)k;
		if (n == size)
			return -EFBIG;
	}
	to[n] = '\0';
	return (ssize_t)n;
}

/* Return: bytes, or -errno. */
static ssize_t read_at_start(int fd, char *to, size_t size)
{
	ssize_t n;

	do
		n = pread(fd, to, size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -EFBIG;
	to[n] = '\0';
	return n;
}

ssize_t io_read_kept(int *fd, const char *path, char *to, size_t size)
{
	ssize_t n = *fd < 0 ? -EBADF : read_at_start(*fd, to, size);

	if (n >= 0)
		return n;
	close_fd(fd);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	n = read_at_start(*fd, to, size);
	if (n < 0)
		close_fd(fd);
	return n;
}

int io_write_file(const char *path, const char *text)
{
	CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);
	ssize_t k;

	if (fd < 0)
		return -errno;
	k = write(fd, text, n);
	if (k < 0)
		return -errno;
	return (size_t)k == n ? 0 : -EIO;
}

int io_set_nonblock(int fd)
{
	int fl = fcntl(fd, F_GETFL);

	return fl < 0 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0 ? -errno : 0;
}

int io_own_dir(char *to, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", to, size - 1);
	char *slash;

	if (n < 0)
		return -errno;
	to[n] = '\0';
	slash = strrchr(to, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

/* As the file that is there, or as a new one. */
static int dress(int fd, const char *path)
{
	struct stat old, own;

	if (stat(path, &old) < 0)
		return errno == ENOENT ? (fchmod(fd, 0644) < 0 ? -errno : 0) : -errno;
	if (fstat(fd, &own) < 0)
		return -errno;
	if ((old.st_uid != own.st_uid || old.st_gid != own.st_gid) && fchown(fd, old.st_uid, old.st_gid) < 0)
		return -errno;
	return fchmod(fd, old.st_mode & 07777) < 0 ? -errno : 0;
}

int io_replace_file(const char *path, const char *text)
{
	CLEANUP(close_fd) int fd = -1;
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX], next[PATH_MAX];
	int r;

	/* a name that is nobody's: NAME.new may be the administrator's */
	if (!slash || (size_t)snprintf(next, sizeof(next), "%.*s/.%s.XXXXXX", (int)(slash - path), path,
				       slash + 1) >= sizeof(next))
		return -ENAMETOOLONG;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = mkostemp(next, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, strlen(text));
	if (r == 0)
		r = dress(fd, path);
	if (r == 0 && (fsync(fd) < 0 || rename(next, path) < 0))
		r = -errno;
	if (r < 0)
		(void)unlink(next);
	return r;
}
