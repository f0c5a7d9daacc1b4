/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/util.h"

#define STAT_TEXT   (1024U * 1024U) /* a line for each processor and one with each interrupt */
#define PROCESSORS  8192U
#define ALLOWED_SET CPU_ALLOC_SIZE(PROCESSORS)

static int memory_field(const char *text, const char *name, uint64_t *ret)
{
	size_t n = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, name, n) && text[n] == ':')
			return sscanf(text + n + 1, "%" SCNu64, ret) == 1 ? 0 : -EPROTO;
	return -ENOENT;
}

int machine_parse_memory(const char *text, struct machine_memory *ret)
{
	struct machine_memory m = { 0 };

	if (memory_field(text, "MemTotal", &m.total) < 0 || !m.total ||
	    memory_field(text, "MemFree", &m.unused) < 0)
		return -EPROTO;
	if (memory_field(text, "MemAvailable", &m.available) < 0)
		m.available = m.unused;
	m.available = MIN(m.available, m.total);
	m.unused = MIN(m.unused, m.total);
	*ret = m;
	return 0;
}

int machine_memory(int *fd, struct machine_memory *ret)
{
	char text[8192];
	ssize_t n = io_read_kept(fd, "/proc/meminfo", text, sizeof(text));

	return n < 0 ? (int)n : machine_parse_memory(text, ret);
}

int machine_parse_running(const char *text, unsigned *ret)
{
	unsigned running, all;

	if (sscanf(text, "%*u.%*u %*u.%*u %*u.%*u %u/%u", &running, &all) != 2)
		return -EPROTO;
	*ret = running;
	return 0;
}

int machine_running(int *fd, unsigned *ret)
{
	char text[256];
	ssize_t n = io_read_kept(fd, "/proc/loadavg", text, sizeof(text));

	return n < 0 ? (int)n : machine_parse_running(text, ret);
}

int machine_parse_used(const char *text, uint64_t *ret)
{
	uint64_t user, nice, sys, irq, soft;

	if (sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64,
		   &user, &nice, &sys, &irq, &soft) != 5)
		return -EPROTO;
	*ret = user + nice + sys + irq + soft;
	return 0;
}

int machine_used_ns(uint64_t *ret)
{
	CLEANUP(free_ptr) char *text = malloc(STAT_TEXT);
	long hz = sysconf(_SC_CLK_TCK);
	ssize_t n = text ? io_read_file("/proc/stat", text, STAT_TEXT) : -ENOMEM;
	uint64_t ticks;
	int r;

	if (n < 0)
		return (int)n;
	r = machine_parse_used(text, &ticks);
	if (r == 0)
		*ret = ticks * (uint64_t)(NSEC_PER_SEC / MAX(hz, 1L));
	return r;
}

unsigned machine_online(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN); /* reads a file, and MAX would twice */

	return (unsigned)MAX(n, 1L);
}

unsigned machine_allowed(void)
{
	cpu_set_t *set = CPU_ALLOC(PROCESSORS);
	int n = 0;

	if (set && sched_getaffinity(0, ALLOWED_SET, set) == 0)
		n = CPU_COUNT_S(ALLOWED_SET, set);
	CPU_FREE(set);
	return n > 0 ? (unsigned)n : machine_online();
}
