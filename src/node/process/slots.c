/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the slot files: DIR/NUMBER holds "PID START", and behind it
 * "HOME PID-AT-HOME UID-AT-HOME EPOCH" once the guest is known. */
#include "node/process/slots.h"

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
#include "node/process/proc.h"

static void slot_path(const char *dir, unsigned slot, char *to, size_t size)
{
	(void)snprintf(to, size, "%s/%u", dir, slot);
}

/* The living supervisor that holds the slot of @path, or 0. */
static pid_t holder(const char *path, struct slot_note *n)
{
	struct slot_note found = { 0 };
	struct proc_stat st;
	uint64_t start;
	char text[160];
	int pid, k;

	*n = found;
	if (io_read_file(path, text, sizeof(text)) < 0)
		return 0;
	k = sscanf(text, "%d %" SCNu64 " %" SCNu32 " %d %" SCNu32 " %" SCNu32, &pid, &start,
		   &found.home, &found.home_pid, &found.home_uid, &found.epoch);
	if (k < 2 || proc_read_stat(pid, &st) < 0 || st.start != start || st.state == 'Z')
		return 0;
	if (k == 6)
		*n = found;
	return pid;
}

pid_t slots_holder(const char *dir, unsigned slot, struct slot_note *ret)
{
	char path[PATH_MAX];

	slot_path(dir, slot, path, sizeof(path));
	return holder(path, ret);
}

/* Whole or not at all: a mosd that dies here must not free a slot. */
static int write_slot(const char *path, const char *text, size_t n)
{
	CLEANUP(close_fd) int fd = -1;
	char next[PATH_MAX + 4];
	int r;

	(void)snprintf(next, sizeof(next), "%s.new", path);
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, n);
	if (r == 0 && rename(next, path) < 0)
		r = -errno;
	return r;
}

int slots_claim(const char *dir, unsigned slot, pid_t pid)
{
	char path[PATH_MAX], text[64];
	struct slot_note none;
	struct proc_stat st;
	pid_t other;
	int n, r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	slot_path(dir, slot, path, sizeof(path));
	other = holder(path, &none);
	if (other && other != pid)
		return -EEXIST;
	r = proc_read_stat(pid, &st);
	if (r < 0)
		return r;
	if (other == pid)
		return 0;
	n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", (int)pid, st.start);
	return write_slot(path, text, (size_t)n);
}

int slots_note(const char *dir, unsigned slot, pid_t pid, const struct slot_note *note)
{
	char path[PATH_MAX], text[160];
	struct proc_stat st;
	int n, r = proc_read_stat(pid, &st);

	if (r < 0)
		return r;
	slot_path(dir, slot, path, sizeof(path));
	n = snprintf(text, sizeof(text), "%d %" PRIu64 " %" PRIu32 " %d %" PRIu32 " %" PRIu32 "\n",
		     (int)pid, st.start, note->home, (int)note->home_pid, note->home_uid, note->epoch);
	return write_slot(path, text, (size_t)n);
}

int slots_take(const char *dir, unsigned count, pid_t pid)
{
	for (unsigned i = 0; i < count; i++) {
		struct slot_note none;
		int r;

		if (slots_holder(dir, i, &none))
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
