/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
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

int io_replace_file(const char *path, const char *text)
{
	CLEANUP(close_fd) int fd = -1;
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX], next[PATH_MAX];
	int r;

	if (!slash || (size_t)snprintf(next, sizeof(next), "%s.new", path) >= sizeof(next))
		return -ENAMETOOLONG;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, strlen(text));
	if (r == 0 && (fsync(fd) < 0 || rename(next, path) < 0))
		r = -errno;
	if (r < 0)
		(void)unlink(next);
	return r;
}
