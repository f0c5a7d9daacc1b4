/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <sys/stat.h>

#include "guest.h"

GUEST("fs: working folder, relative paths and umask are those of home")

int main(void)
{
	char before[PATH_MAX], now[PATH_MAX];
	struct stat st;
	int fd;

	G_TRUE(mkdir("deep", 0755) == 0 || errno == EEXIST);
	G_OK(chdir("deep"));
	G_PTR(getcwd(before, sizeof(before)));
	G_OK(close(g_file("here", "home", 4)));
	(void)umask(027);
	g_ready();
	while (g_waiting()) {
		char text[8] = { 0 };

		fd = G_OK(open("./here", O_RDONLY | O_CLOEXEC));
		G_EQ(read(fd, text, sizeof(text)), 4);
		G_STR(text, "home");
		G_OK(close(fd));
		G_EQ(access("../deep/here", R_OK), 0);
	}
	G_PTR(getcwd(now, sizeof(now)));
	G_STR(now, before);
	(void)unlink("made");
	fd = G_OK(open("made", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
	G_OK(fstat(fd, &st));
	G_EQ(st.st_mode & 0777, 0640);
	G_EQ(umask(0), 027);
	return g_pass();
}
