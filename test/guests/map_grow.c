/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a file's mapping that grows shows the file, at home or away")
GUEST_MAY_GO_HOME("this-call")
GUEST_CASES(2)

enum { PAGE = 4096, PAGES = 6 };

static unsigned char *text;
static int fd;

static void grow(unsigned char *p, size_t from, size_t to)
{
	p = G_PTR(mremap(p, from, to, MREMAP_MAYMOVE));
	G_MEM(p, text, to);
	G_OK(munmap(p, to));
}

int main(void)
{
	unsigned char *before, *shared;

	text = G_PTR(malloc(PAGES * PAGE));
	g_fill(text, PAGES * PAGE, 5);
	fd = g_file("text", text, PAGES * PAGE);
	before = G_PTR(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	shared = G_PTR(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, G_OK(open("text", O_RDONLY)), 0));
	G_MEM(before, text, 2 * PAGE);
	g_ready();
	while (g_waiting()) { /* what shrinks stays */
		unsigned char *p = G_PTR(mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

		p = G_PTR(mremap(p, 4 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
		G_MEM(p, text, 3 * PAGE);
		G_OK(munmap(p, 3 * PAGE));
	}
	if (g_case(0)) {
		before[0] ^= 1;
		text[0] ^= 1;
		grow(before, 2 * PAGE, PAGES * PAGE);
		text[0] ^= 1;
	}
	if (g_case(1)) {
		grow(G_PTR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0)), PAGE, 3 * PAGE);
		grow(shared, 2 * PAGE, PAGES * PAGE);
	}
	return g_pass();
}
