/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time as nanoseconds in 64 bits. */
#ifndef MOS_BASE_CLOCK_H
#define MOS_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

typedef int64_t nsec_t;

#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL

nsec_t clock_now(clockid_t id);
static inline nsec_t mono_now(void)
{
	return clock_now(CLOCK_MONOTONIC);
}
nsec_t timespec_nsec(const struct timespec *t);
struct timespec nsec_timespec(nsec_t t);

#endif
