/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the slot files: DIR/NUMBER holds "PID START". */
#include "node/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/util.h"
#include "node/proc.h"

static void slot_path(const char *dir, unsigned slot, char *to, size_t size)
{
	(void)snprintf(to, size, "%s/%u", dir, slot);
}

/* The living supervisor that holds the slot of @path, or 0. */
static pid_t holder(const char *path)
{
	struct proc_stat st;
	uint64_t start;
	char text[64];
	int pid;

	if (io_read_file(path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%d %" SCNu64, &pid, &start) != 2)
		return 0;
	if (proc_read_stat(pid, &st) < 0 || st.start != start || st.state == 'Z')
		return 0;
	return pid;
}

int slots_claim(const char *dir, unsigned slot, pid_t pid)
{
	CLEANUP(close_fd) int fd = -1;
	char path[PATH_MAX], text[64];
	struct proc_stat st;
	pid_t other;
	int n, r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	slot_path(dir, slot, path, sizeof(path));
	other = holder(path);
	if (other && other != pid)
		return -EEXIST;
	r = proc_read_stat(pid, &st);
	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", (int)pid, st.start);
	return io_write_all(fd, text, (size_t)n);
}

int slots_take(const char *dir, unsigned count, pid_t pid)
{
	for (unsigned i = 0; i < count; i++) {
		char path[PATH_MAX];
		int r;

		slot_path(dir, i, path, sizeof(path));
		if (holder(path))
			continue;
		r = slots_claim(dir, i, pid);
		return r < 0 ? r : (int)i;
	}
	return -ENOSPC;
}

void slots_free(const char *dir, unsigned slot)
{
	char path[PATH_MAX];

	slot_path(dir, slot, path, sizeof(path));
	(void)unlink(path);
}
