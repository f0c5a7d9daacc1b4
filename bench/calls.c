/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times single system calls: "getppid N", "zero N" (read 4 KiB from /dev/zero), "file N" (pread 4 KiB
 * of an ordinary file). Wherever it runs, its clock is the vDSO's. */
#include <fcntl.h>
#include <sys/syscall.h>

#include "bench.h"

#define MOST 100000

static int64_t took[MOST];
static char page[4096];

static long one(char kind, int zero, int file)
{
	switch (kind) {
	case 'g':
		return syscall(SYS_getppid);
	case 'z':
		return read(zero, page, sizeof(page));
	default:
		return pread(file, page, sizeof(page), 0);
	}
}

int main(int argc, char **argv)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int file = open(argc > 1 ? argv[1] : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char word[32];
	long n;

	if (zero < 0 || file < 0)
		bench_die("open");
	(void)printf("{\"pid\":%d}\n", (int)getpid());
	(void)fflush(stdout);
	while (bench_order(word, &n)) {
		n = n > MOST ? MOST : n < 1 ? 1 : n;
		for (long i = 0; i < n; i++) {
			int64_t t = bench_now(CLOCK_MONOTONIC);

			if (one(word[0], zero, file) < 0)
				bench_die(word);
			took[i] = bench_now(CLOCK_MONOTONIC) - t;
		}
		bench_report(took, (size_t)n);
	}
	return 0;
}
