/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest program says to its test: build one kind of state, g_ready(), let anything happen
 * in g_wait(), verify, g_pass(). The program knows nothing of moves; the test knows nothing of the
 * state. It is told by the environment:
 *   G_READY  file written when the state is built        G_GO    file that ends the wait
 *   G_BUSY   what it does meanwhile: "compute" (default), "calls", "nap" or "sleep"
 *   G_CASE   the only thing to do after the wait, of the GUEST_CASES(n) that it has
 *   G_FIFO   for "sleep": the fifo it reads until a byte or the end comes
 * Without G_GO it runs alone, as from a shell: the wait is a few rounds of work. */
#ifndef MOS_TEST_GUEST_H
#define MOS_TEST_GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* "area: one sentence". The tests read these lines from the source. */
#define GUEST(about) __attribute__((used)) static const char g_about[] = about;
/* The word with which a move of this program is refused while it waits. */
#define GUEST_STAYS(reason) __attribute__((used)) static const char g_stays[] = reason;
/* What it does after the wait may bring it home, for this cause. */
#define GUEST_MAY_GO_HOME(cause) __attribute__((used)) static const char g_home[] = cause;
/* How many things it does after the wait, g_case(0) to g_case(n - 1): each is also done as the first of all. */
#define GUEST_CASES(n) enum { g_cases = (n) };

#define G_NS_PER_MS 1000000LL
#define G_NS_PER_S  1000000000LL

__attribute__((noreturn, format(printf, 1, 2))) static inline void g_fail(const char *fmt, ...)
{
	__builtin_va_list ap;

	(void)fflush(stdout);
	(void)printf("fail %s: ", program_invocation_short_name);
	__builtin_va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	__builtin_va_end(ap);
	(void)printf("\n");
	(void)fflush(stdout);
	_exit(1);
}

static inline int g_pass(void)
{
	(void)printf("pass %s\n", program_invocation_short_name);
	return fflush(stdout) == 0 ? 0 : 1;
}

static inline long long g_ok(long long r, const char *what, int line)
{
	if (r == -1)
		g_fail("%s (line %d), expected success, got %s", what, line, strerror(errno));
	return r;
}

static inline int g_oki(int r, const char *what, int line)
{
	return (int)g_ok(r, what, line);
}

static inline void g_eq(long long got, long long want, const char *what, int line)
{
	if (got != want)
		g_fail("%s (line %d), expected %lld (%#llx), got %lld (%#llx)", what, line, want,
		       (unsigned long long)want, got, (unsigned long long)got);
}

static inline void g_between(long long got, long long lo, long long hi, const char *what, int line)
{
	if (got < lo || got > hi)
		g_fail("%s (line %d), expected %lld to %lld, got %lld", what, line, lo, hi, got);
}

static inline void *g_ptr(void *p, const char *what, int line)
{
	if (p == NULL || p == (void *)-1)
		g_fail("%s (line %d), expected an address, got %s", what, line, strerror(errno));
	return p;
}

static inline void g_mem(const void *got, const void *want, size_t n, const char *what, int line)
{
	const unsigned char *a = got, *b = want;

	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i])
			g_fail("%s (line %d), byte %zu of %zu, expected %#x, got %#x", what, line,
			       i, n, b[i], a[i]);
	}
}

#define G_OK(x)                g_oki((x), #x, __LINE__)
#define G_OKL(x)               g_ok((long long)(x), #x, __LINE__)
#define G_PTR(x)               g_ptr((x), #x, __LINE__)
#define G_EQ(got, want)        g_eq((long long)(got), (long long)(want), #got, __LINE__)
#define G_TRUE(x)              g_eq(!!(x), 1, #x, __LINE__)
#define G_BETWEEN(got, lo, hi) g_between((got), (lo), (hi), #got, __LINE__)
#define G_MEM(got, want, n)    g_mem((got), (want), (n), #got, __LINE__)
#define G_STR(got, want)                                                                           \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (strcmp(got_, want_) != 0)                                                      \
			g_fail("%s (line %d), expected \"%s\", got \"%s\"", #got, __LINE__, want_, \
			       got_);                                                              \
	} while (0)

static inline bool g_case(int i)
{
	const char *only = getenv("G_CASE");

	return !only || strtol(only, NULL, 10) == i;
}

static inline long long g_clock(clockid_t id)
{
	struct timespec t;

	G_OK(clock_gettime(id, &t));
	return (long long)t.tv_sec * G_NS_PER_S + t.tv_nsec;
}

static inline long long g_now(void)
{
	return g_clock(CLOCK_MONOTONIC);
}

/* A byte pattern that differs from page to page and from area to area. */
static inline unsigned char g_byte(uint64_t area, size_t i)
{
	uint64_t x = (area + 1) * 0x9e3779b97f4a7c15ULL + i * 0xbf58476d1ce4e5b9ULL;

	return (unsigned char)((x ^ (x >> 29)) >> 7);
}

static inline void g_fill(void *p, size_t n, uint64_t area)
{
	for (size_t i = 0; i < n; i++)
		((unsigned char *)p)[i] = g_byte(area, i);
}

static inline void g_filled(const void *p, size_t n, uint64_t area, const char *what, int line)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char got = ((const unsigned char *)p)[i];

		if (got != g_byte(area, i))
			g_fail("%s (line %d), byte %zu of %zu, expected %#x, got %#x", what, line,
			       i, n, g_byte(area, i), got);
	}
}
#define G_FILLED(p, n, area) g_filled((p), (n), (area), #p, __LINE__)

static inline void g_write_all(int fd, const void *p, size_t n)
{
	for (size_t done = 0; done < n;)
		done += (size_t)G_OKL(write(fd, (const char *)p + done, n - done));
}

/* A new file of that name and text in the current folder, open for reading and writing. */
static inline int g_file(const char *name, const void *text, size_t n)
{
	int fd = G_OK(open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));

	g_write_all(fd, text, n);
	G_OKL(lseek(fd, 0, SEEK_SET));
	return fd;
}

/* Forwards and back again: ends where it began unless a register or a page was lost on the way. */
static inline void g_compute(int steps)
{
	static uint64_t seed = 88172645463325252ULL;
	uint64_t x = ++seed, start = x;
	double sum = 0;

	for (int i = 0; i < steps; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (double)(x >> 60);
	}
	for (int i = 0; i < steps; i++) {
		sum -= (double)(x >> 60);
		x = (x - 1442695040888963407ULL) * 13877824140714322085ULL;
	}
	if (x != start || sum != 0)
		g_fail("computing loop, expected %#llx and 0, got %#llx and %g",
		       (unsigned long long)start, (unsigned long long)x, sum);
}

static inline void g_ready(void)
{
	const char *path = getenv("G_READY");
	int fd;

	if (path == NULL)
		return;
	fd = G_OK(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	g_write_all(fd, "ready\n", 6);
	G_OK(close(fd));
}

/* Works for a moment. Return: whether the wait goes on. For programs that have work of their own:
 * while (g_waiting()) work(); */
static inline bool g_waiting(void)
{
	static int rounds;
	const char *go = getenv("G_GO"), *busy = getenv("G_BUSY"), *fifo = getenv("G_FIFO");

	rounds++;
	if (go == NULL)
		return rounds <= 20;
	if (busy != NULL && strcmp(busy, "sleep") == 0 && fifo != NULL) {
		char c;
		int fd;

		if (rounds > 1)
			return false; /* one round of own work after the sleep */
		fd = G_OK(open(fifo, O_RDONLY | O_CLOEXEC));
		G_OKL(read(fd, &c, 1));
		G_OK(close(fd));
		return true;
	}
	if (busy != NULL && strcmp(busy, "nap") == 0) {
		struct timespec t = { .tv_nsec = 3 * G_NS_PER_MS };

		while (nanosleep(&t, &t) < 0) /* a handler may run: some guests have timers */
			G_EQ(errno, EINTR);
	} else if (busy != NULL && strcmp(busy, "calls") == 0) {
		for (int i = 0; i < 20; i++)
			G_EQ(access("/", F_OK), 0);
	} else {
		g_compute(200000);
	}
	if (access(go, F_OK) == 0)
		return rounds == 1; /* one round of own work at least */
	G_EQ(errno, ENOENT);
	return true;
}

static inline void g_wait(void)
{
	while (g_waiting())
		;
}

#endif
