/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "guest.h"

GUEST("fd: a file that has no name any more can be read and written")

int main(void)
{
	static unsigned char text[300000], got[300000];
	struct stat st;
	int fd;

	g_fill(text, sizeof(text), 3);
	fd = g_file("gone", text, sizeof(text));
	G_OK(unlink("gone"));
	g_ready();
	while (g_waiting()) {
		G_EQ(pread(fd, got, sizeof(got), 0), sizeof(got));
		G_MEM(got, text, sizeof(got));
		g_fill(text + 1000, 5000, (uint64_t)got[0] + 1);
		G_EQ(pwrite(fd, text + 1000, 5000, 1000), 5000);
	}
	G_OK(fstat(fd, &st));
	G_EQ(st.st_nlink, 0);
	G_EQ(st.st_size, sizeof(text));
	return g_pass();
}
