/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows which line of a configuration sets a key, by the same rules as conf.c. */
#include "cluster/conf-edit.h"

#include <stdbool.h>
#include <string.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Whether the line of @n bytes sets @key. A comment sets nothing. */
static bool sets(const char *line, size_t n, const char *key)
{
	const char *end = line + n, *stop;

	while (line < end && blank(*line))
		line++;
	for (stop = line; stop < end && *stop != '=' && *stop != ':'; stop++)
		;
	if (stop == end)
		return false;
	while (stop > line && blank(stop[-1]))
		stop--;
	return (size_t)(stop - line) == strlen(key) && !memcmp(line, key, strlen(key));
}

static void put_pair(struct buf *to, const char *key, const char *value)
{
	buf_put(to, key, strlen(key));
	buf_put(to, " = ", 3);
	buf_put(to, value, strlen(value));
	buf_put_u8(to, '\n');
}

void conf_edit(const char *text, size_t len, const char *key, const char *value, struct buf *to)
{
	const char *end = text + len;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = nl ? (size_t)(nl - text) + 1 : (size_t)(end - text);

		if (!sets(text, n, key)) {
			buf_put(to, text, n);
			if (!nl)
				buf_put_u8(to, '\n');
		} else if (value) {
			put_pair(to, key, value);
			value = NULL; /* one line is enough */
		}
		text += n;
	}
	if (value)
		put_pair(to, key, value);
}
