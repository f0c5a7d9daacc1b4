/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("process: a program that executes itself keeps its pid and its open descriptors")
GUEST_MAY_GO_HOME("execve")

int main(int argc, char **argv)
{
	char pid[32], fd_text[32];
	char self[4096] = { 0 };
	int fd;

	if (argc == 3) {
		char got[8] = { 0 };

		(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
		G_STR(argv[1], pid);
		fd = (int)strtol(argv[2], NULL, 10);
		G_EQ(read(fd, got, sizeof(got)), 3);
		G_STR(got, "def");
		return g_pass();
	}
	fd = g_file("exec", "abcdef", 6);
	G_OK(fcntl(fd, F_SETFD, 0));
	G_OKL(lseek(fd, 3, SEEK_SET));
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)snprintf(fd_text, sizeof(fd_text), "%d", fd);
	G_OKL(readlink("/proc/self/exe", self, sizeof(self) - 1));
	g_ready();
	g_wait();
	G_OK(execv(self, (char *[]){ argv[0], pid, fd_text, NULL }));
	return 1;
}
