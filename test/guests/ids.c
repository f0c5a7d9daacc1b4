/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <grp.h>
#include <sys/stat.h>

#include "guest.h"

GUEST("process: user, groups and the rights that follow from them are those of home")

int main(void)
{
	gid_t groups[256], now[256];
	uid_t uid = getuid();
	gid_t gid = getgid();
	int n = G_OK(getgroups(256, groups));
	struct stat st;

	g_ready();
	while (g_waiting()) {
		uid_t r, e, s;

		G_EQ(getuid(), uid);
		G_EQ(getgid(), gid);
		G_EQ(geteuid(), uid);
		G_EQ(getegid(), gid);
		G_OK(getresuid(&r, &e, &s));
		G_EQ(s, uid);
		G_EQ(getgroups(256, now), n);
		G_MEM(now, groups, (size_t)n * sizeof(gid_t));
	}
	(void)unlink("owned");
	G_OK(close(g_file("owned", "x", 1)));
	G_OK(stat("owned", &st));
	G_EQ(st.st_uid, uid);
	if (uid != 0) {
		G_EQ(setuid(0), -1);
		G_EQ(errno, EPERM);
		G_EQ(open("/etc/shadow", O_RDONLY | O_CLOEXEC), -1);
		G_EQ(errno, EACCES);
	}
	return g_pass();
}
