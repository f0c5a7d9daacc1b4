/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char log_who[48] = "umosix";
static enum log_level log_max = LOG_LEVEL_INFO;
static bool log_journal;

static const char *const level_str[] = { "error: ", "warning: ", "", "debug: " };
static const char level_priority[] = "3467"; /* as sd-daemon(3) has it */

/* Whether standard error is the journal's stream: systemd says which one it gave us (systemd.exec(5)), and
 * whoever started us since may have put something else there. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	int end = 0;

	return stream && sscanf(stream, "%llu:%llu%n", &dev, &ino, &end) == 2 && !stream[end] &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

/* The journal notes the time itself, and takes the priority from the line. Return: the length. */
static int put_head(char *line, size_t size, enum log_level level)
{
	struct timespec t;

	if (log_journal)
		return snprintf(line, size, "<%c>%s: %s", level_priority[level], log_who, level_str[level]);
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return snprintf(line, size, "%lld.%03ld %s: %s", (long long)t.tv_sec, t.tv_nsec / 1000000, log_who,
			level_str[level]);
}

void log_init(const char *who)
{
	static const char *const words[] = { "error", "warning", "info", "debug" };
	const char *want = getenv("MOS_LOG");

	(void)snprintf(log_who, sizeof(log_who), "%s", who);
	log_journal = is_journal();
	for (unsigned i = 0; want && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(want, words[i]))
			log_max = (enum log_level)i;
}

int log_enabled(enum log_level level)
{
	return level <= log_max;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, k;

	if (level > log_max)
		return;
	n = put_head(line, sizeof(line), level);
	va_start(ap, fmt);
	k = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (k > 0)
		n += k;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	for (int i = 0; i < n; i++) /* a peer's text must not forge lines */
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere to complain */
}
