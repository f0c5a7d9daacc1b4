/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a mapping over a former file mapping replaces it for good")

enum { PAGE = 4096, PAGES = 32 };

int main(void)
{
	static unsigned char text[PAGES * PAGE];
	unsigned char *map;
	int fd;

	g_fill(text, sizeof(text), 1);
	fd = g_file("fixed", text, sizeof(text));
	map = G_PTR(mmap(NULL, sizeof(text), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	G_FILLED(map, 4 * PAGE, 1);
	G_PTR(mmap(map + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	g_ready();
	while (g_waiting()) {
		unsigned char *p;

		p = G_PTR(mmap(map + 8 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		G_EQ(p - map, 8 * PAGE);
		G_EQ(p[0], 0);
		g_fill(p, 4 * PAGE, 9);
		/* ... and a piece of the file over that, from another offset */
		p = G_PTR(mmap(map + 9 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 20 * PAGE));
		G_MEM(p, text + 20 * PAGE, PAGE);
	}
	G_FILLED(map, 2 * PAGE, 1);
	for (int i = 2 * PAGE; i < 4 * PAGE; i++)
		G_EQ(map[i], 0);
	G_MEM(map + 4 * PAGE, text + 4 * PAGE, 4 * PAGE);
	G_FILLED(map + 8 * PAGE, PAGE, 9);
	G_MEM(map + 9 * PAGE, text + 20 * PAGE, PAGE);
	for (int i = 2 * PAGE; i < 4 * PAGE; i++)
		G_EQ(map[8 * PAGE + i], g_byte(9, (size_t)i));
	G_MEM(map + 12 * PAGE, text + 12 * PAGE, 20 * PAGE);
	return g_pass();
}
