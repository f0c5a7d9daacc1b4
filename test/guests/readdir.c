/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <sys/stat.h>

#include "guest.h"

GUEST("fs: a folder half read is read to its end, each name once")

enum { FILES = 3000 };

int main(void)
{
	static bool seen[FILES];
	struct dirent *e;
	char name[64];
	int n = 0;
	DIR *d;

	G_TRUE(mkdir("many", 0755) == 0 || errno == EEXIST);
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "many/entry-with-a-long-name-%d", i);
		G_OK(close(G_OK(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644))));
	}
	d = G_PTR(opendir("many"));
	g_ready();
	for (;;) {
		if (n > 100 && n % 50 == 0)
			(void)g_waiting();
		errno = 0;
		e = readdir(d);
		if (e == NULL)
			break;
		if (e->d_name[0] == '.')
			continue;
		G_EQ(strncmp(e->d_name, "entry-with-a-long-name-", 23), 0);
		n++;
		G_EQ(seen[strtol(e->d_name + 23, NULL, 10)], 0);
		seen[strtol(e->d_name + 23, NULL, 10)] = true;
	}
	G_EQ(errno, 0);
	G_EQ(n, FILES);
	while (g_waiting()) {
		rewinddir(d);
		G_PTR(readdir(d));
	}
	(void)closedir(d);
	return g_pass();
}
