/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "guest.h"

GUEST("fd: parts of a vector are given one by one; a long read is whole where it is at home")

enum { BIG = (5 << 20) / 2 };

int main(void)
{
	static char a[16], b[4096];
	struct iovec v[3] = { { a, 1 }, { b, sizeof(b) }, { a, 0 } };
	char *big = G_PTR(mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct iovec halves[2] = { { big, BIG - 1000 }, { big + BIG - 1000, 1000 } };
	int watch = G_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), zero = G_OK(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	int null = G_OK(open("/dev/null", O_WRONLY | O_CLOEXEC)), file = g_file("big", "", 0), few = g_file("few", "", 0);

	G_OK(inotify_add_watch(watch, "few", IN_ATTRIB));
	g_ready();
	while (g_waiting()) {
		/* inotify has no read of vectors, so a first part too short for an event is an error. */
		G_OK(fchmod(few, 0600));
		G_EQ(readv(watch, v, 2), -1);
		G_EQ(errno, EINVAL);
		G_EQ(readv(watch, v + 1, 1), sizeof(struct inotify_event));

		/* The kernel looks at the lower half of the count, and then at no more than it names. */
		G_EQ(syscall(SYS_writev, null, v, 1L << 32 | 1), 1);
		G_EQ(syscall(SYS_writev, null, v, 1L << 32), 0);
		G_EQ(syscall(SYS_writev, null, v, 1025), -1);
		G_EQ(errno, EINVAL);
		G_EQ(writev(null, v + 2, 1), 0);

		memset(big, 'x', BIG);
		G_EQ(pwritev(file, halves, 2, 0), BIG);
		G_EQ(preadv(file, halves, 2, 5), BIG - 5);
		G_EQ(big[BIG - 6], 'x');
		G_EQ(read(zero, big, BIG), BIG);
		G_EQ(big[BIG - 1], 0);
		G_EQ(readv(zero, halves, 2), BIG);
	}
	return g_pass();
}
