/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of the whole machine. */
#ifndef MOS_KERNEL_MACHINE_H
#define MOS_KERNEL_MACHINE_H

#include <stdint.h>

struct machine_memory {
	uint64_t total, available, unused; /* KiB */
};

/* Text of /proc/meminfo. Return: 0 or -EPROTO. */
int machine_parse_memory(const char *text, struct machine_memory *ret);
/* @fd is -1 at first, and kept: io_read_kept. */
int machine_memory(int *fd, struct machine_memory *ret);
/* Tasks that run or wait to run, in the text of /proc/loadavg. Return: 0 or -EPROTO. */
int machine_parse_running(const char *text, unsigned *ret);
/* The same now, which counts whoever asks. @fd: as above. */
int machine_running(int *fd, unsigned *ret);
/* Processor time used so far in ticks, in the text of /proc/stat: what other machines took from
 * this one (steal) does not count. Return: 0 or -EPROTO. */
int machine_parse_used(const char *text, uint64_t *ret);
int machine_used_ns(uint64_t *ret);
/* Processors that are online, and that we may run on. At least 1. */
unsigned machine_online(void);
unsigned machine_allowed(void);

#endif
