/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU job of fixed work: "work N" computes in registers, "walk N" reads and writes at random places
 * of 64 MiB. Answers with the processor time and the time it took.
 * spin count PID: as its own process, answers each line with the user instructions of PID so far. */
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "bench.h"

#define WALK_SIZE (64U << 20)

static volatile uint64_t sink;

static void work(long n)
{
	uint64_t x = 1;

	for (long i = 0; i < n * 1000; i++)
		x = x * 6364136223846793005ULL + (uint64_t)i + (x >> 29);
	sink = x;
}

static void walk(uint64_t *p, long n)
{
	uint64_t x = 1;

	for (long i = 0; i < n * 1000; i++) {
		uint64_t *at = &p[(x >> 20) % (WALK_SIZE / sizeof(*p))];

		x = x * 6364136223846793005ULL + *at + 1;
		*at += x;
	}
	sink = x;
}

static int count(pid_t pid)
{
	struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE, .size = sizeof(a),
				     .config = PERF_COUNT_HW_INSTRUCTIONS, .exclude_kernel = 1,
				     .exclude_hv = 1, .inherit = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	char word[32];
	long n;

	while (bench_order(word, &n)) {
		long long v = -1;

		if (fd >= 0 && read(fd, &v, sizeof(v)) != sizeof(v))
			v = -1;
		(void)printf("{\"instructions\":%lld}\n", v);
		(void)fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t *p;
	char word[32];
	long n;

	if (argc == 3 && !strcmp(argv[1], "count"))
		return count((pid_t)strtol(argv[2], NULL, 10));
	p = mmap(NULL, WALK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		bench_die("mmap");
	for (size_t i = 0; i < WALK_SIZE / sizeof(*p); i++)
		p[i] = i * 2654435761U;
	(void)printf("{\"pid\":%d}\n", (int)getpid());
	(void)fflush(stdout);
	while (bench_order(word, &n)) {
		int64_t wall = bench_now(CLOCK_MONOTONIC), cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);

		if (!strcmp(word, "walk"))
			walk(p, n);
		else
			work(n);
		cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall = bench_now(CLOCK_MONOTONIC) - wall;
		(void)printf("{\"cpu\":%lld,\"wall\":%lld}\n", (long long)cpu, (long long)wall);
		(void)fflush(stdout);
	}
	return 0;
}
