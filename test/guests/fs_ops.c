/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "guest.h"

GUEST("fs: making, linking, renaming and removing files works all the while")

static void once(long n)
{
	char name[32], link_to[32] = { 0 }, text[32] = { 0 };
	struct stat st, other;
	int fd;

	(void)snprintf(name, sizeof(name), "f%ld", n % 5);
	fd = g_file(name, name, strlen(name));
	G_OK(fstat(fd, &st));
	G_EQ(st.st_size, strlen(name));
	G_OK(link(name, "hard"));
	G_OK(fstat(fd, &st));
	G_EQ(st.st_nlink, 2);
	G_OK(symlink(name, "soft"));
	G_EQ(readlink("soft", link_to, sizeof(link_to) - 1), strlen(name));
	G_STR(link_to, name);
	G_OK(stat("soft", &other));
	G_EQ(other.st_ino, st.st_ino);
	G_OK(rename("hard", "moved"));
	G_OK(unlink(name));
	G_EQ(access(name, F_OK), -1);
	G_EQ(errno, ENOENT);
	G_OK(ftruncate(fd, 1000));
	G_EQ(pread(fd, text, sizeof(text), 990), 10);
	G_OK(unlink("soft"));
	G_OK(unlink("moved"));
	G_OK(fstat(fd, &st));
	G_EQ(st.st_nlink, 0);
	G_OK(close(fd));
	G_OK(mkdir("folder", 0700));
	G_EQ(rmdir("folder"), 0);
}

int main(void)
{
	long n = 0;

	g_ready();
	while (g_waiting())
		once(n++);
	return g_pass();
}
