/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

nsec_t timespec_nsec(const struct timespec *t)
{
	return t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}

struct timespec nsec_timespec(nsec_t t)
{
	struct timespec s = { .tv_sec = t / NSEC_PER_SEC, .tv_nsec = t % NSEC_PER_SEC };

	if (s.tv_nsec < 0) {
		s.tv_nsec += NSEC_PER_SEC;
		s.tv_sec--;
	}
	return s;
}

nsec_t clock_now(clockid_t id)
{
	struct timespec t = { 0 };

	(void)clock_gettime(id, &t);
	return timespec_nsec(&t);
}
