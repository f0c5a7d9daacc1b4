/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/wait.h>

#include "guest.h"

GUEST("fd: record locks are kept, and belong to the same process")

/* Asks, each time a byte comes, who holds the lock. */
static void watcher(int ask, int answer, pid_t parent)
{
	int fd = G_OK(open("lock", O_RDWR | O_CLOEXEC));
	char c;

	while (read(ask, &c, 1) == 1) {
		struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };

		G_OK(fcntl(fd, F_GETLK, &l));
		c = (char)(l.l_type == F_WRLCK && l.l_pid == parent && l.l_start == 10 ? 'y' : 'n');
		G_EQ(write(answer, &c, 1), 1);
	}
	_exit(0);
}

int main(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20 };
	int fd = g_file("lock", "0123456789012345678901234567890", 31), ask[2], answer[2], status;
	pid_t parent = getpid();
	char c = 0;

	G_OK(fcntl(fd, F_SETLK, &l));
	G_OK(pipe(ask));
	G_OK(pipe(answer));
	if (G_OK(fork()) == 0) {
		G_OK(close(ask[1]));
		watcher(ask[0], answer[1], parent);
	}
	G_OK(close(ask[0]));
	g_ready();
	while (g_waiting()) {
		G_EQ(write(ask[1], "?", 1), 1);
		G_EQ(read(answer[0], &c, 1), 1);
		G_EQ(c, 'y');
	}
	l.l_type = F_UNLCK;
	G_OK(fcntl(fd, F_SETLK, &l));
	G_EQ(write(ask[1], "?", 1), 1);
	G_EQ(read(answer[0], &c, 1), 1);
	G_EQ(c, 'n');
	G_OK(close(ask[1]));
	G_OK(wait(&status));
	G_EQ(status, 0);
	return g_pass();
}
