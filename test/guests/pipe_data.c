/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("fd: data that lies in a pipe is neither lost nor doubled")

int main(void)
{
	unsigned char text[30000], got[30000];
	int p[2];

	g_fill(text, sizeof(text), 4);
	G_OK(pipe2(p, O_CLOEXEC));
	g_write_all(p[1], text, sizeof(text));
	g_ready();
	while (g_waiting()) { /* takes some from the front, puts it behind again */
		G_EQ(read(p[0], got, 3000), 3000);
		G_EQ(write(p[1], got, 3000), 3000);
	}
	G_OK(close(p[1]));
	for (size_t n = 0; n < sizeof(got);) {
		ssize_t r = G_OKL(read(p[0], got + n, sizeof(got) - n));

		G_TRUE(r > 0);
		n += (size_t)r;
	}
	G_EQ(read(p[0], got, 0), 0);
	for (size_t turn = 0; turn < 10; turn++) /* rotated by a multiple of 3000 */
		if (memcmp(got, text + turn * 3000, sizeof(text) - turn * 3000) == 0 &&
		    memcmp(got + sizeof(text) - turn * 3000, text, turn * 3000) == 0)
			return g_pass();
	g_fail("content of the pipe, expected a rotation of what went in, got %02x %02x %02x",
	       got[0], got[1], got[2]);
}
