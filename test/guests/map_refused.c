/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>
#include <sys/socket.h>

#include "guest.h"

GUEST("memory: a mapping at a fixed place that fails leaves there what it leaves at home")
GUEST_MAY_GO_HOME("file-mapping")
GUEST_CASES(3)

enum { PAGE = 4096, PAGES = 3 };

struct outcome {
	int error, left; /* pages */
};

/* A socket is refused by the file itself, when the place has been cleared; a pipe is before. */
static struct outcome refused(int fd, size_t off)
{
	char *place = G_PTR(mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct outcome o = { 0 };
	unsigned char there;

	G_TRUE(mmap(place + off, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED);
	o.error = errno;
	for (int i = 0; i < PAGES; i++)
		o.left += mincore(place + i * PAGE, PAGE, &there) == 0;
	G_OK(munmap(place, PAGES * PAGE));
	return o;
}

int main(void)
{
	struct outcome want[3];
	int sockets[2], pipes[2];

	G_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	G_OK(pipe(pipes));
	want[0] = refused(sockets[0], PAGE);
	want[1] = refused(pipes[0], PAGE);
	want[2] = refused(sockets[0], PAGE + 1);
	g_ready();
	g_wait();
	for (int i = 0; i < 3; i++) {
		struct outcome o;

		if (!g_case(i))
			continue;
		o = refused(i == 1 ? pipes[0] : sockets[0], PAGE + (i == 2));
		G_EQ(o.error, want[i].error);
		G_EQ(o.left, want[i].left);
	}
	return g_pass();
}
