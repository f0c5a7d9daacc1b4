/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/uio.h>

#include "guest.h"

GUEST("fd: readv, writev, preadv and pwritev move every byte to its place")

enum { N = 40 };

int main(void)
{
	static unsigned char out[N][5000], in[N][5000];
	struct iovec ov[N], iv[N];
	size_t total = 0;
	int fd = g_file("vec", "", 0);

	for (size_t i = 0; i < N; i++) {
		size_t n = i * 123 + (i % 3);

		g_fill(out[i], n, i);
		ov[i] = (struct iovec){ out[i], n };
		iv[i] = (struct iovec){ in[i], n };
		total += n;
	}
	g_ready();
	while (g_waiting()) {
		G_OKL(lseek(fd, 0, SEEK_SET));
		G_EQ(writev(fd, ov, N), total);
		memset(in, 0, sizeof(in));
		G_OKL(lseek(fd, 0, SEEK_SET));
		G_EQ(readv(fd, iv, N), total);
		G_MEM(in, out, sizeof(in));
		G_EQ(pwritev(fd, ov, N, 777), total);
		memset(in, 0, sizeof(in));
		G_EQ(preadv(fd, iv, N, 777), total);
		G_MEM(in, out, sizeof(in));
	}
	return g_pass();
}
