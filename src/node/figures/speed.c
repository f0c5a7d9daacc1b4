/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the mix, and where its result is kept.
 *
 * DOC: mosd measures before it answers. It costs 40 ms once for a machine and a mix, which nobody
 * notices at a start; told later, the first records would have a wrong speed, by which others
 * would move processes. Restarts read the file: the speed is a constant by which nodes compare
 * themselves, not a measure of how busy the machine is at that moment. */
#include "node/figures/speed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/util.h"
#include "cluster/info.h"
#include "kernel/cpu.h"

#define WORDS	(1U << 17) /* of 8 bytes: a megabyte, about a core's own second cache */
#define STEPS	250000U	   /* in a round */
#define ROUNDS	10U
#define MIX_A	6364136223846793005ULL /* Knuth's */
#define MIX_B	1442695040888963407ULL

static uint64_t round_of_mix(uint64_t *v, uint64_t x)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < STEPS; i++) {
		uint64_t *free_place, *next_place;

		x = x * MIX_A + MIX_B;
		free_place = &v[x >> 47];		     /* the processor may run ahead ... */
		next_place = &v[(at ^ x >> 30) % WORDS]; /* ... and has to wait for what was read */
		if (*free_place & 1)
			x += *next_place / (x | 1);
		else
			x ^= *next_place << 7;
		at = *next_place;
		*free_place = x + at;
	}
	return x;
}

uint32_t speed_measure(void)
{
	CLEANUP(free_ptr) uint64_t *v = malloc(WORDS * sizeof(*v));
	nsec_t best = INT64_MAX;
	volatile uint64_t sink;

	if (!v)
		return INFO_STANDARD_SPEED;
	for (unsigned i = 0; i < WORDS; i++)
		v[i] = (i + 1) * MIX_A; /* the same everywhere */
	for (unsigned i = 0; i < ROUNDS; i++) {
		nsec_t begin = clock_now(CLOCK_THREAD_CPUTIME_ID);

		sink = round_of_mix(v, i);
		best = MIN(best, clock_now(CLOCK_THREAD_CPUTIME_ID) - begin);
	}
	(void)sink;
	best = (nsec_t)INFO_STANDARD_SPEED * SPEED_REFERENCE_NS / MAX(best, (nsec_t)1);
	return (uint32_t)MAX(MIN(best, (nsec_t)SPEED_MAX), (nsec_t)1);
}

void speed_format(uint32_t speed, const char *cpu, char *to, size_t size)
{
	(void)snprintf(to, size, "mix %u on %s\n%u\n", SPEED_MIX, cpu, speed);
}

int speed_parse(const char *text, const char *cpu, uint32_t *ret)
{
	char first[CPU_NAME + 32];
	size_t n = (size_t)snprintf(first, sizeof(first), "mix %u on %s\n", SPEED_MIX, cpu);
	uint64_t speed;
	int end = 0;

	if (n >= sizeof(first) || strncmp(text, first, n) != 0 || text[n] < '0' || text[n] > '9')
		return -EINVAL;
	if (sscanf(text + n, "%9" SCNu64 "%n", &speed, &end) != 1 || strcmp(text + n + end, "\n") ||
	    !speed || speed > SPEED_MAX)
		return -EINVAL;
	*ret = (uint32_t)speed;
	return 0;
}

static int keep(const char *text)
{
	static const char tmp[] = SPEED_PATH ".new";
	CLEANUP(free_ptr) char *dir = strdup(SPEED_PATH);
	CLEANUP(close_fd) int fd = -1;
	int r;

	if (!dir)
		return -ENOMEM;
	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, strlen(text));
	if (r == 0 && rename(tmp, SPEED_PATH) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(tmp);
	return r;
}

uint32_t speed_kept(void)
{
	char cpu[CPU_NAME], text[CPU_NAME + 64];
	uint32_t speed;
	int r;

	cpu_name(cpu);
	if (io_read_file(SPEED_PATH, text, sizeof(text)) > 0 && speed_parse(text, cpu, &speed) == 0)
		return speed;
	speed = speed_measure();
	speed_format(speed, cpu, text, sizeof(text));
	r = keep(text);
	if (r < 0)
		log_debug("the speed is measured at each start: write %s: %s", SPEED_PATH, strerror(-r));
	return speed;
}
