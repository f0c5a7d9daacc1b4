/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how a reason is stored and wrapped. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What it says may be made of what it said. */
static __attribute__((format(printf, 2, 0))) void compose(struct err *e, const char *fmt, va_list ap)
{
	char text[ERR_MSG_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	memcpy(e->msg, text, sizeof(e->msg));
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	e->reason[0] = '\0';
	va_start(ap, fmt);
	compose(e, fmt, ap);
	va_end(ap);
	return code;
}

int err_wrap(struct err *e, int code, const char *fmt, ...)
{
	char old[ERR_MSG_MAX];
	size_t n;
	va_list ap;

	if (!e)
		return code;
	memcpy(old, e->msg, sizeof(old));
	if (!old[0])
		(void)snprintf(old, sizeof(old), "%s", strerror(-code));
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	(void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", old);
	return code;
}

int err_reason(struct err *e, int code, const char *reason, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	compose(e, fmt, ap);
	va_end(ap);
	if (reason != e->reason)
		(void)snprintf(e->reason, sizeof(e->reason), "%s", reason);
	return code;
}

const char *err_str(const struct err *e, int code)
{
	return e && e->msg[0] ? e->msg : strerror(code < 0 ? -code : code);
}
