/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "guest.h"

GUEST("fd: lines appended by two descriptors arrive once each and in order")

int main(void)
{
	FILE *f;
	char line[64], want[64];
	int a = G_OK(open("log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
	int b = G_OK(open("log", O_WRONLY | O_APPEND | O_CLOEXEC));
	long n = 0, seen = 0;

	g_ready();
	while (g_waiting()) {
		int len = snprintf(line, sizeof(line), "line %ld\n", n++);

		G_EQ(write(n % 3 ? a : b, line, (size_t)len), len);
	}
	f = G_PTR(fopen("log", "re"));
	while (fgets(line, sizeof(line), f) != NULL) {
		(void)snprintf(want, sizeof(want), "line %ld\n", seen++);
		G_STR(line, want);
	}
	(void)fclose(f);
	G_EQ(seen, n);
	return g_pass();
}
