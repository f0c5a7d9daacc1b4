/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/stages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/util.h"

#define FAULT_FILE "/run/umosix/fault"
#define HELD_FILE  FAULT_FILE ".held"

/* Return: whether there is a wish. */
static bool read_wish(char *text, size_t size)
{
	if (io_read_file(FAULT_FILE, text, size) <= 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* Stands still until the wish is another one. */
static void hold(const char *name, char *text, size_t size)
{
	CLEANUP(close_fd) int fd = open(HELD_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct timespec moment = { 0, NSEC_PER_MSEC };

	log_info("fault point %s: held", name);
	if (fd < 0 || io_write_all(fd, name, strlen(name)) < 0)
		log_warning("%s: %s", HELD_FILE, strerror(errno));
	while (read_wish(text, size) && !strncmp(text, "hold-", 5) && !strcmp(text + 5, name))
		(void)nanosleep(&moment, NULL);
	(void)unlink(HELD_FILE);
}

int fault_point(const char *name)
{
	const char *want = getenv("MOS_FAULT");
	char text[128];
	size_t n;

	if (!want) {
		if (!read_wish(text, sizeof(text)))
			return 0;
		want = text;
		if (!strncmp(text, "hold-", 5) && !strcmp(text + 5, name)) {
			hold(name, text, sizeof(text));
			return 0;
		}
	}
	if (!strncmp(want, "kill-", 5) && !strcmp(want + 5, name)) {
		log_info("fault point %s: this supervisor ends itself", name);
		(void)kill(getpid(), SIGKILL);
	}
	n = strlen(name);
	if (strncmp(want, name, n) || (want[n] && want[n] != ':'))
		return 0;
	n = want[n] ? strtoul(want + n + 1, NULL, 10) : EIO;
	return n && n < 4096 ? -(int)n : -EIO;
}

int stages_run(const struct stage *s, unsigned n, void *ctx, struct stage_times *times,
	       int *ret_committed, struct err *e)
{
	nsec_t start = mono_now();
	unsigned i;
	int r = 0;

	ASSERT(n <= STAGES_MAX);
	*ret_committed = 0;
	*times = (struct stage_times){ .n = n };
	for (i = 0; i < n; i++) {
		nsec_t t = mono_now();

		r = fault_point(s[i].name);
		if (r < 0)
			(void)err_reason(e, r, "fault-point", "fault point: %s", strerror(-r));
		else
			r = s[i].run(ctx, e);
		t = mono_now() - t;
		times->name[i] = s[i].name;
		times->spent[i] = t;
		if (s[i].flags & STAGE_FROZEN)
			times->frozen += t;
		log_debug("stage %s: %lld us%s%s", s[i].name, (long long)(t / NSEC_PER_USEC),
			  r < 0 ? ", failed: " : "", r < 0 ? err_str(e, r) : "");
		if (r < 0)
			break;
		if (s[i].flags & STAGE_COMMIT)
			*ret_committed = 1;
	}
	times->total = mono_now() - start;
	if (r < 0 && !*ret_committed)
		for (unsigned k = i + 1; k-- > 0;)
			if (s[k].undo)
				s[k].undo(ctx);
	return r;
}
