/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows which part of a line sets a key, by the same rules as conf.c, which are inih's: the first = or :
 * divides, and a ; behind a blank begins a comment. */
#include "cluster/conf-edit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Where in a line what stands. */
struct pair {
	const char *key, *key_end, *value, *value_end;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && blank(*p))
		p++;
	return p;
}

static const char *trim(const char *p, const char *end)
{
	while (end > p && blank(end[-1]))
		end--;
	return end;
}

/* The first of @chars, or the beginning of a comment, or @end. */
static const char *find(const char *p, const char *end, const char *chars)
{
	for (bool after_blank = false; p < end; p++) {
		if (strchr(chars, *p) && *p)
			return p;
		if (after_blank && *p == ';')
			return p;
		after_blank = blank(*p);
	}
	return end;
}

/* @end: without the newline. Return: false for a line that sets nothing. */
static bool pair_find(const char *line, const char *end, bool first, struct pair *ret)
{
	static const char bom[] = "\xef\xbb\xbf";
	const char *start = skip_blanks(line, end), *divider, *stop;

	if (first && end - start >= 3 && !memcmp(start, bom, 3))
		start = skip_blanks(start + 3, end);
	divider = find(start, end, "=:");
	if (divider == end || *divider == ';')
		return false;
	stop = find(divider + 1, end, "");
	*ret = (struct pair){ start, trim(start, divider), skip_blanks(divider + 1, stop), NULL };
	ret->value_end = trim(ret->value, stop);
	if (ret->value == ret->value_end) /* before the blanks that a comment needs */
		ret->value = ret->value_end = divider + 1;
	return true;
}

static bool same(const char *p, const char *end, const char *s)
{
	return (size_t)(end - p) == strlen(s) && !memcmp(p, s, strlen(s));
}

static bool can_stand(const char *value)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value[i] < ' ' || (value[i] == ';' && (!i || value[i - 1] == ' ')))
			return false;
	return !n || (value[0] != ' ' && value[n - 1] != ' ');
}

static void put_text(struct buf *to, const char *p, const char *end)
{
	buf_put(to, p, (size_t)(end - p));
}

static void append(struct buf *to, const char *text, const char *end, const char *key, const char *value)
{
	const char *nl = memrchr(text, '\n', (size_t)(end - text));
	const char *newline = nl && nl > text && nl[-1] == '\r' ? "\r\n" : "\n";

	if (text < end && end[-1] != '\n')
		buf_put(to, newline, strlen(newline));
	buf_put(to, key, strlen(key));
	buf_put(to, " = ", 3);
	buf_put(to, value, strlen(value));
	buf_put(to, newline, strlen(newline));
}

int conf_edit(const char *text, size_t len, const char *key, const char *value, struct buf *to)
{
	const char *begin = text, *end = text + len;
	bool found = false;

	if (value && !can_stand(value))
		return -EINVAL;
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *next = nl ? nl + 1 : end;
		struct pair p;

		if (!pair_find(text, nl ? nl : end, text == begin, &p) || !same(p.key, p.key_end, key)) {
			put_text(to, text, next);
		} else if (value && !found) {
			found = true; /* one line is enough */
			if (same(p.value, p.value_end, value)) {
				put_text(to, text, next);
			} else {
				put_text(to, text, p.value);
				if (p.value == p.value_end)
					buf_put_u8(to, ' ');
				buf_put(to, value, strlen(value));
				put_text(to, p.value_end, next);
			}
		}
		text = next;
	}
	if (value && !found)
		append(to, begin, end, key, value);
	return to->failed ? -ENOMEM : 0;
}
