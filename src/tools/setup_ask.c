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

/* A line without its end and the blanks around. Return: 0, -EMSGSIZE when it is too long, of which nothing is
 * taken for an answer, or -ENODATA at the end of file. */
static int read_line(char *to, size_t size)
{
	size_t n, skip;

	if (!fgets(to, (int)size, stdin))
		return -ENODATA;
	n = strlen(to);
	if (n == size - 1 && to[n - 1] != '\n') {
		for (int c; (c = getchar()) != '\n' && c != EOF;)
			;
		return -EMSGSIZE;
	}
	while (n && strchr(" \t\r\n", to[n - 1]))
		to[--n] = '\0';
	skip = strspn(to, " \t");
	memmove(to, to + skip, n - skip + 1);
	return 0;
}

int setup_ask(const struct question *q, const char *said, bool unattended, char *to, size_t size,
	      struct err *e)
{
	if (said || unattended) {
		const char *answer = said ? said : q->usual;
		int r;

		if (!*answer)
			return err_set(e, -EINVAL, "%s is missing", q->name);
		r = check(q, answer, e);
		if (r == 0 && snprintf(to, size, "%s", answer) >= (int)size)
			r = err_set(e, -EINVAL, "it is too long");
		return r < 0 ? err_wrap(e, r, "%s %s", q->name, answer) : 0;
	}
	for (;;) {
		struct err wrong = ERR_INIT;
		int r;

		(void)printf("%s%s%s%s ", q->text, *q->usual ? " [" : "", q->usual, *q->usual ? "]" : "");
		(void)fflush(stdout);
		r = read_line(to, size);
		if (r == -ENODATA) {
			(void)puts("");
			return err_set(e, -ECANCELED, "nothing is changed");
		}
		if (r == 0 && !*to)
			(void)snprintf(to, size, "%s", q->usual);
		r = r < 0 ? err_set(&wrong, r, "that is too long") : check(q, to, &wrong);
		if (r == 0)
			return 0;
		(void)printf("  %s\n", err_str(&wrong, r));
	}
}
