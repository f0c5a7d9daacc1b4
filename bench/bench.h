/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of bench/ share: they obey lines on standard input and answer each with one JSON
 * object on standard output. */
#ifndef MOS_BENCH_H
#define MOS_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline int64_t bench_now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static _Noreturn inline void bench_die(const char *what)
{
	perror(what);
	exit(1);
}

static int bench_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Sorts @t and prints what is typical and what is worst, in nanoseconds. */
static inline void bench_report(int64_t *t, size_t n)
{
	qsort(t, n, sizeof(*t), bench_cmp);
	(void)printf("{\"n\":%zu,\"min\":%lld,\"p50\":%lld,\"p99\":%lld,\"max\":%lld}\n", n, (long long)t[0],
		     (long long)t[n / 2], (long long)t[n - 1 - n / 100], (long long)t[n - 1]);
	(void)fflush(stdout);
}

/* The next order: a word and a number. Return: false at the end of input. One read(2) a line, since
 * the driver waits for each answer. */
static inline int bench_order(char word[32], long *ret_n)
{
	char line[128];
	ssize_t k = read(STDIN_FILENO, line, sizeof(line) - 1);

	*ret_n = 0;
	word[0] = '\0';
	if (k <= 0)
		return 0;
	line[k] = '\0';
	return sscanf(line, "%31s %ld", word, ret_n) >= 1;
}

#endif
