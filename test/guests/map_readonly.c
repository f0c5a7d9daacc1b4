/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a read-only shared file mapping shows the file")

enum { LEN = 64 * 4096 + 17 };

int main(void)
{
	static unsigned char text[LEN];
	const unsigned char *map;
	int fd;

	g_fill(text, LEN, 5);
	G_OK(close(g_file("readonly", text, LEN)));
	fd = G_OK(open("readonly", O_RDONLY | O_CLOEXEC));
	map = G_PTR(mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0));
	G_OK(close(fd));
	G_FILLED(map, 10 * 4096, 5); /* some touched before, the rest not */
	g_ready();
	for (size_t i = 0; g_waiting(); i = (i + 4096) % LEN)
		G_EQ(map[i], text[i]);
	G_FILLED(map, LEN, 5);
	return g_pass();
}
