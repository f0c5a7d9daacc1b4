/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int check(const struct question *q, const char *answer, struct err *e)
{
	if (!*answer)
		return err_set(e, -EINVAL, "there is no usual answer: say something");
	return q->check ? q->check(answer, q->ctx, e) : 0;
}

/* A line without its end and the blanks around. Return: false at the end of file. */
static bool read_line(char *to, size_t size)
{
	size_t n, skip;

	if (!fgets(to, (int)size, stdin))
		return false;
	n = strlen(to);
	if (n && to[n - 1] != '\n')
		for (int c; (c = getchar()) != '\n' && c != EOF;)
			; /* too long to be an answer: it will not be a good one */
	while (n && strchr(" \t\r\n", to[n - 1]))
		to[--n] = '\0';
	skip = strspn(to, " \t");
	memmove(to, to + skip, n - skip + 1);
	return true;
}

int setup_ask(const struct question *q, const char *said, bool unattended, char *to, size_t size,
	      struct err *e)
{
	if (said || unattended) {
		const char *answer = said ? said : q->usual;
		int r = check(q, answer, e);

		if (r == 0 && snprintf(to, size, "%s", answer) >= (int)size)
			r = err_set(e, -EINVAL, "it is too long");
		return r < 0 ? err_wrap(e, r, "%s %s", q->name, answer) : 0;
	}
	for (;;) {
		struct err wrong = ERR_INIT;
		int r;

		(void)printf("%s%s%s%s ", q->text, *q->usual ? " [" : "", q->usual, *q->usual ? "]" : "");
		(void)fflush(stdout);
		if (!read_line(to, size)) {
			(void)puts("");
			return err_set(e, -ECANCELED, "nothing is changed");
		}
		if (!*to)
			(void)snprintf(to, size, "%s", q->usual);
		r = check(q, to, &wrong);
		if (r == 0)
			return 0;
		(void)printf("  %s\n", err_str(&wrong, r));
	}
}
