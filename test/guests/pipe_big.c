/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/uio.h>
#include <sys/wait.h>

#include "guest.h"

GUEST("fd: blocking writes of 4 MiB to a slow reader, in one part and in three, are never short")

enum { BIG = 4 << 20 };

static void reader(int fd)
{
	static unsigned char part[9973];
	uint64_t turns = 0;
	size_t at = 0;

	for (;;) {
		ssize_t n = G_OKL(read(fd, part, sizeof(part)));

		if (n == 0)
			_exit(at == 0 && turns > 0 ? 0 : 9);
		for (ssize_t i = 0; i < n; i++) {
			if (part[i] != g_byte(turns, at))
				_exit(8);
			if (++at == BIG) {
				at = 0;
				turns++;
			}
		}
	}
}

int main(void)
{
	unsigned char *text = G_PTR(malloc(BIG));
	struct iovec parts[3] = { { text, 1 }, { text + 1, BIG / 2 }, { text + 1 + BIG / 2, BIG / 2 - 1 } };
	uint64_t turns = 0;
	int p[2], status;
	pid_t child;

	G_OK(pipe(p));
	child = G_OK(fork());
	if (child == 0) {
		G_OK(close(p[1]));
		reader(p[0]);
	}
	G_OK(close(p[0]));
	g_ready();
	do {
		g_fill(text, BIG, turns);
		G_EQ(turns % 2 ? writev(p[1], parts, 3) : write(p[1], text, BIG), BIG);
		turns++;
	} while (g_waiting());
	G_OK(close(p[1]));
	G_EQ(waitpid(child, &status, 0), child);
	G_EQ(status, 0);
	return g_pass();
}
