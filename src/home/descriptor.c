/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: what a descriptor of P leads to, as far as it tells why a read or write is short. A pipe or a
 * terminal gives what there is. A file, a disk and the memory devices give all that is asked for: a long read of
 * them goes on piece by piece. And nothing breaks a file off, while a stop of ours cuts reads of /dev/zero and its
 * kin. */
#include <linux/major.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "home/home.h"

#define ZERO_MINOR    5U /* of MEM_MAJOR: zero, full (7), random (8), urandom (9) */
#define URANDOM_MINOR 9U

static bool look(const struct home *h, int fd, struct stat *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, fd);
	return stat(path, ret) == 0;
}

static bool is_memory(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && major(st->st_rdev) == MEM_MAJOR;
}

bool descriptor_is_file(const struct home *h, int fd)
{
	struct stat st;

	return look(h, fd, &st) && S_ISREG(st.st_mode);
}

bool descriptor_reads_whole(const struct home *h, int fd)
{
	struct stat st;

	return look(h, fd, &st) && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || is_memory(&st));
}

bool descriptor_reads_again(const struct home *h, int fd)
{
	struct stat st;

	return look(h, fd, &st) && is_memory(&st) && minor(st.st_rdev) >= ZERO_MINOR &&
	       minor(st.st_rdev) <= URANDOM_MINOR;
}
