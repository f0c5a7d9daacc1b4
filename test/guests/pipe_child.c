/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/wait.h>

#include "guest.h"

GUEST("process: a child made before answers through pipes all the while")

int main(void)
{
	int to[2], from[2], status;
	uint64_t n = 0, got;
	pid_t child;

	G_OK(pipe(to));
	G_OK(pipe(from));
	child = G_OK(fork());
	if (child == 0) {
		G_OK(close(to[1]));
		G_OK(close(from[0]));
		while (read(to[0], &n, sizeof(n)) == sizeof(n)) {
			n = n * n + 1;
			G_EQ(write(from[1], &n, sizeof(n)), sizeof(n));
		}
		_exit(23);
	}
	G_OK(close(to[0]));
	G_OK(close(from[1]));
	g_ready();
	while (g_waiting()) {
		n++;
		G_EQ(write(to[1], &n, sizeof(n)), sizeof(n));
		G_EQ(read(from[0], &got, sizeof(got)), sizeof(got));
		G_EQ(got, n * n + 1);
	}
	G_OK(close(to[1]));
	G_EQ(waitpid(child, &status, 0), child);
	G_TRUE(WIFEXITED(status));
	G_EQ(WEXITSTATUS(status), 23);
	return g_pass();
}
