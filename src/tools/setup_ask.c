/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/setup_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 4096U /* what a terminal gives at once */

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

/* Return: 0 and @answer in @to, if it is good. */
static int take(const struct question *q, const char *answer, char *to, size_t size, struct err *e)
{
	int r = check(q, answer, e);

	if (r == 0 && snprintf(to, size, "%s", answer) >= (int)size)
		r = err_set(e, -EINVAL, "that is too long");
	return r;
}

static int unasked(const struct question *q, const char *answer, char *to, size_t size, struct err *e)
{
	int r;

	if (!*answer)
		return err_set(e, -EINVAL, "%s is missing%s%s", q->name, q->missing ? ": " : "",
			       q->missing ? q->missing : "");
	r = take(q, answer, to, size, e);
	return r < 0 ? err_wrap(e, r, "%s %s", q->name, answer) : 0;
}

int setup_ask(const struct question *q, const char *said, bool unattended, char *to, size_t size,
	      struct err *e)
{
	if (said || unattended)
		return unasked(q, said ? said : q->usual, to, size, e);
	if (!isatty(STDIN_FILENO))
		return err_set(e, -EINVAL,
			       "%s is not said, and there is no terminal to ask: say it, or --yes, with which all that "
			       "is not said is as usual",
			       q->name);
	for (;;) {
		struct err wrong = ERR_INIT;
		char line[LINE_SIZE];
		int r;

		(void)printf("%s%s%s%s ", q->text, *q->usual ? " [" : "", q->usual, *q->usual ? "]" : "");
		(void)fflush(stdout);
		r = read_line(line, sizeof(line));
		if (r == -ENODATA) {
			(void)puts("");
			return err_set(e, -ECANCELED, "nothing is changed");
		}
		r = r < 0 ? err_set(&wrong, r, "that is too long") : take(q, *line ? line : q->usual, to, size, &wrong);
		if (r == 0)
			return 0;
		(void)printf("  %s\n", err_str(&wrong, r));
	}
}
