/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("fd: the offset of a shared file description survives")

int main(void)
{
	char text[64] = { 0 }, c;
	int fd = g_file("offset", "abcdefghijklmnopqrstuvwxyz", 26), twin = G_OK(dup(fd));
	int high = G_OK(fcntl(fd, F_DUPFD_CLOEXEC, 100));
	int other = G_OK(open("offset", O_RDONLY | O_CLOEXEC));
	long turns = 0;

	G_OK(lseek(fd, 3, SEEK_SET));
	G_OK(lseek(other, 7, SEEK_SET));
	g_ready();
	while (g_waiting()) {
		turns++;
		G_EQ(read(turns % 2 ? fd : twin, &c, 1), 1);
		G_EQ(c, 'a' + (3 + turns - 1) % 26);
		if (c == 'z')
			G_EQ(lseek(high, 0, SEEK_SET), 0);
	}
	G_EQ(lseek(twin, 0, SEEK_CUR), (3 + turns) % 26);
	G_EQ(lseek(high, 0, SEEK_CUR), (3 + turns) % 26);
	G_EQ(lseek(other, 0, SEEK_CUR), 7);
	G_EQ(read(other, text, 5), 5);
	G_STR(text, "hijkl");
	G_EQ(fcntl(high, F_GETFD), FD_CLOEXEC);
	G_EQ(fcntl(twin, F_GETFD), 0);
	return g_pass();
}
