/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two runs may answer differently, and only where the call has answered: times, numbers of
 * files and processes, what others of the machine do. What is behind an error must be untouched,
 * unless it was EFAULT: then a part of it may have been written. */
#include "calls.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define ANY UINT64_MAX

static const struct mask {
	uint16_t nr;
	uint8_t arg;
	uint16_t at, n;	  /* bytes behind the pointer */
	uint64_t request; /* of a fcntl or ioctl, or ANY */
	bool always;	  /* though it failed, too */
} masks[] = {
	/* struct stat: number, device's number, blocks and times */
	{ __NR_stat, 1, 8, 8, ANY },
	{ __NR_stat, 1, 40, 8, ANY },
	{ __NR_stat, 1, 64, 56, ANY },
	{ __NR_fstat, 1, 8, 8, ANY },
	{ __NR_fstat, 1, 40, 8, ANY },
	{ __NR_fstat, 1, 64, 56, ANY },
	{ __NR_lstat, 1, 8, 8, ANY },
	{ __NR_lstat, 1, 40, 8, ANY },
	{ __NR_lstat, 1, 64, 56, ANY },
	{ __NR_newfstatat, 2, 8, 8, ANY },
	{ __NR_newfstatat, 2, 40, 8, ANY },
	{ __NR_newfstatat, 2, 64, 56, ANY },
	{ __NR_statx, 4, 32, 8, ANY },
	{ __NR_statx, 4, 48, 8, ANY },
	{ __NR_statx, 4, 64, 72, ANY },
	/* what is free */
	{ __NR_statfs, 1, 24, 32, ANY },
	{ __NR_fstatfs, 1, 24, 32, ANY },
	{ __NR_ustat, 1, 0, 32, ANY },
	{ __NR_sysinfo, 0, 0, 112, ANY },
	{ 451, 2, 0, 40, ANY },
	/* times */
	{ __NR_clock_gettime, 1, 0, 16, ANY },
	{ __NR_gettimeofday, 0, 0, 16, ANY, true },
	{ __NR_time, 0, 0, 8, ANY },
	{ __NR_times, 0, 0, 32, ANY },
	{ __NR_getrusage, 1, 0, 144, ANY },
	{ __NR_setitimer, 2, 0, 32, ANY },
	{ __NR_getitimer, 1, 0, 32, ANY },
	{ __NR_timerfd_settime, 3, 0, 32, ANY },
	{ __NR_timerfd_gettime, 1, 0, 32, ANY },
	{ __NR_select, 4, 0, 16, ANY, true },
	{ __NR_pselect6, 4, 0, 16, ANY, true },
	{ __NR_ppoll, 2, 0, 16, ANY, true },
	/* processes and processors */
	{ __NR_getcpu, 0, 0, 4, ANY, true },
	{ __NR_getcpu, 1, 0, 4, ANY, true },
	{ __NR_fcntl, 2, 0, 8, F_GETOWN_EX },
	{ __NR_fcntl, 2, 0, 8, F_SETOWN_EX, true },
	{ __NR_ioctl, 2, 0, 8, FIOQSIZE }, /* in blocks */
	{ __NR_ioctl, 2, 0, 4, TIOCGPGRP },
	{ __NR_ioctl, 2, 0, 4, TIOCGSID },
	{ __NR_ioctl, 2, 0, 4, TIOCSPGRP, true },
	{ __NR_ioctl, 2, 0, 4, TIOCGPTN },
	{ __NR_ioctl, 2, 0, 4, TIOCGDEV },
	{ __NR_fcntl, 2, 24, 4, F_OFD_GETLK },
	{ __NR_ioctl, 2, 0, 4, FS_IOC_GETVERSION },
	/* addresses that chance gives */
	{ __NR_arch_prctl, 1, 0, 8, ANY },
	{ __NR_get_robust_list, 1, 0, 8, ANY, true },
};

static void wipe(uint64_t at, uint64_t n)
{
	static const char nothing[256];

	for (uint64_t i = 0; i < n; i += sizeof(nothing))
		if (!arena_put(at + i, nothing, MIN(n - i, sizeof(nothing))))
			for (uint64_t k = i; k < n && arena_put(at + k, nothing, 1); k++)
				;
}

/* Both kinds of directory entries begin with a number and an offset, and a length follows; behind
 * the name the kernel leaves some bytes as they were, of which a forwarded call knows nothing. The
 * old kind has its type in the last byte. */
static void wipe_entries(uint64_t at, int64_t n, bool old)
{
	uint16_t len = 0;

	for (int64_t i = 0; i < n && arena_get(at + (uint64_t)i + 16, &len, sizeof(len)) && len; i += len) {
		uint64_t entry = at + (uint64_t)i, k = old ? 18 : 19;
		char byte = 1;

		wipe(entry, 16);
		while (k < len && arena_get(entry + k, &byte, 1) && byte)
			k++;
		if (k + (old ? 1 : 0) < len)
			wipe(entry + k, len - (old ? 1U : 0U) - k);
	}
}

int64_t mask_call(const struct drawn *d, int64_t result)
{
	for (unsigned i = 0; i < ARRAY_SIZE(masks); i++) {
		const struct mask *m = &masks[i];

		if (m->nr != d->nr || (result < 0 && result != -EFAULT && !m->always) || !d->arg[m->arg])
			continue;
		if (m->request == ANY || m->request == (uint32_t)d->arg[1])
			wipe(d->arg[m->arg] + m->at, m->n);
	}
	if (result > 0 && (d->nr == __NR_getdents || d->nr == __NR_getdents64)) {
		uint64_t end = d->arg[1] + (uint64_t)result, room = (uint32_t)d->arg[2] - (uint64_t)result;

		wipe_entries(d->arg[1], result, d->nr == __NR_getdents);
		/* Of the next one, too, the number may have been written before there was no more room. */
		if (!arena_good(end, room))
			wipe(end, MIN(room, 2 * PAGE));
	}
	if (result > 0 && d->nr == __NR_getrandom)
		wipe(d->arg[0], (uint64_t)result);
	if (result == 0 && d->nr == __NR_mincore)
		wipe(d->arg[2], (d->arg[1] + PAGE - 1) / PAGE);
	return result;
}

/* ---- results --------------------------------------------------------------------------------- */

static const struct {
	uint16_t nr;
	const char *word; /* for what is no error */
} results[] = {
	{ __NR_time, "a time" },	  { __NR_times, "a time" },	{ __NR_alarm, "a time" },
	{ __NR_getppid, "the parent" }, { __NR_getsid, "a session" },{ __NR_brk, "a place" },	{ 456, "done" },
};

static bool is_pid(const struct drawn *d)
{
	static const uint16_t tell[] = { __NR_getpid, __NR_gettid, __NR_getpgrp, __NR_getpgid,
					 __NR_setsid, __NR_set_tid_address };

	for (unsigned i = 0; i < ARRAY_SIZE(tell); i++)
		if (tell[i] == d->nr)
			return true;
	return d->nr == __NR_fcntl && d->arg[1] == F_GETOWN;
}

const char *mask_result(const struct drawn *d, int64_t result)
{
	if (result == world_pid && is_pid(d))
		return "self";
	if (result == -world_pid && is_pid(d))
		return "-self";
	if (result >= 0 && (d->nr == __NR_mmap || d->nr == __NR_mremap) &&
	    ((uint64_t)result < ARENA || (uint64_t)result >= ARENA + (64UL << 20)))
		return "somewhere";
	for (unsigned i = 0; i < ARRAY_SIZE(results); i++)
		if (results[i].nr == d->nr && result >= 0)
			return results[i].word;
	return NULL;
}
