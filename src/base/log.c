/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char log_who[48] = "umosix";
static enum log_level log_max = LOG_LEVEL_INFO;

static const char *const level_str[] = { "error: ", "warning: ", "", "debug: " };

void log_init(const char *who)
{
	static const char *const words[] = { "error", "warning", "info", "debug" };
	const char *want = getenv("MOS_LOG");

	(void)snprintf(log_who, sizeof(log_who), "%s", who);
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
	struct timespec t;
	char line[1024];
	va_list ap;
	int n, k;

	if (level > log_max)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	n = snprintf(line, sizeof(line), "%lld.%03ld %s: %s", (long long)t.tv_sec,
		     t.tv_nsec / 1000000, log_who, level_str[level]);
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
