/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors with a reason a person can act on. Functions return 0 or more, or -errno; where a human or
 * the other node will need the reason, an optional struct err comes last. Nothing is allocated. */
#ifndef MOS_BASE_ERR_H
#define MOS_BASE_ERR_H

#define ERR_MSG_MAX 240

struct err {
	int code;              /* -errno; 0 while unused */
	char reason[24];       /* short word for programs ("shared-writable"), or empty */
	char msg[ERR_MSG_MAX]; /* one line: what failed, why, what to do */
};

#define ERR_INIT { 0 }

/* Stores code and message (replacing an older one). @e may be NULL. Return: @code. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message that @e holds. Return: @code. */
int err_wrap(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with the word that names the reason for programs and for `mosctl why`. */
int err_reason(struct err *e, int code, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The message, or the text of the code if there is none. Valid as long as @e. */
const char *err_str(const struct err *e, int code);

#endif
