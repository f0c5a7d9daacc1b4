/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line a message to standard error, where systemd's journal or the lab's log file takes it.
 * Library code does not log above debug; whoever handles an error logs it, once. */
#ifndef MOS_BASE_LOG_H
#define MOS_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* @who stands before each line ("mos-home 4242"). The level comes from MOS_LOG (error, warning,
 * info, debug); info unless told. To the journal (JOURNAL_STREAM) lines go with their priority and without
 * the time, which it notes itself. */
void log_init(const char *who);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int log_enabled(enum log_level level);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_enabled(LOG_LEVEL_DEBUG))                                                  \
			log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                    \
	} while (0)

#endif
