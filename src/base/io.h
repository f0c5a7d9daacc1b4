/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reads and writes of files and descriptors. Each returns 0 or a count, or -errno. */
#ifndef MOS_BASE_IO_H
#define MOS_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

int io_write_all(int fd, const void *p, size_t n);
/* Reads exactly @n bytes; -ENODATA at an early end. */
int io_read_all(int fd, void *p, size_t n);
/* Reads a small text file whole; at most @size-1 bytes, always NUL-terminated.
 * Return: bytes, -EFBIG if there is more. */
ssize_t io_read_file(const char *path, char *to, size_t size);
/* The same for a file of /proc or of a cgroup that is read again and again: *@fd (-1 at first; the caller's to
 * close) is kept between reads. Only for files that the kernel shows as one record, since what
 * one read gives is taken for all. Where reading fails, as it does in a cgroup that was removed, it is opened
 * anew. */
ssize_t io_read_kept(int *fd, const char *path, char *to, size_t size);
/* Writes @text to an existing file in one write (for /proc and cgroup files). */
int io_write_file(const char *path, const char *text);
/* Makes @path a file with @text, at once or not at all; mode and owner stay, a new one has mode 0644. Its
 * folder is made if it is missing (not those above). */
int io_replace_file(const char *path, const char *text);
int io_set_nonblock(int fd);
/* The folder in which this program's own executable lies, without a slash at the end. */
int io_own_dir(char *to, size_t size);

#endif
