/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of SIZE MiB that is moved: idle in a read, or computing. "watch": computes until SIGUSR1
 * and tells the longest time between two looks at the processor's counter, which is the freeze as the
 * program has it, and by how much CLOCK_MONOTONIC fell behind the counter. "clock": the same, but it
 * does nothing else than call clock_gettime. "touch": changes every page. */
#include <signal.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "bench.h"

static volatile sig_atomic_t enough;
static volatile uint64_t sink;

static void stop(int sig)
{
	enough = 1;
}

static void fill(uint64_t *p, size_t n)
{
	uint64_t x = 88172645463325252ULL;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = x;
	}
}

/* Nanoseconds of a tick of the processor's counter. */
static double tick(void)
{
	int64_t t = bench_now(CLOCK_MONOTONIC), now;
	uint64_t c = __rdtsc();

	do
		now = bench_now(CLOCK_MONOTONIC);
	while (now - t < 50000000);
	return (double)(now - t) / (double)(__rdtsc() - c);
}

static void watch(double ns, int clock)
{
	uint64_t began, before, longest = 0, x = 1;
	int64_t at;

	enough = 0;
	(void)printf("{\"watching\":1}\n");
	(void)fflush(stdout);
	at = bench_now(CLOCK_MONOTONIC);
	began = before = __rdtsc();
	while (!enough) {
		uint64_t c = __rdtsc();

		longest = c - before > longest ? c - before : longest;
		before = c;
		if (clock)
			(void)bench_now(CLOCK_MONOTONIC);
		else
			for (int i = 0; i < 500; i++)
				x = x * 6364136223846793005ULL + (x >> 29);
	}
	sink = x;
	at = bench_now(CLOCK_MONOTONIC) - at;
	began = __rdtsc() - began;
	(void)printf("{\"gap\":%.0f,\"late\":%.0f}\n", (double)longest * ns,
		     (double)began * ns - (double)at);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t size = (size_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 4) << 20;
	uint64_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double ns = tick();
	char word[32];
	long n;

	if (p == MAP_FAILED)
		bench_die("mmap");
	fill(p, size / sizeof(*p));
	(void)signal(SIGUSR1, stop);
	(void)printf("{\"pid\":%d}\n", (int)getpid());
	(void)fflush(stdout);
	while (bench_order(word, &n)) {
		if (!strcmp(word, "watch") || !strcmp(word, "clock")) {
			watch(ns, word[0] == 'c');
		} else if (!strcmp(word, "touch")) {
			for (size_t i = 0; i < size / sizeof(*p); i += 512)
				p[i]++;
			(void)printf("{\"touched\":1}\n");
			(void)fflush(stdout);
		}
	}
	return 0;
}
