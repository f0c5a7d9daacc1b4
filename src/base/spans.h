/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few ranges of numbers, in order, none touching another. It may forget some when there are too
 * many: for what is known to be there, where not to know only costs work. */
#ifndef MOS_BASE_SPANS_H
#define MOS_BASE_SPANS_H

#include <stdint.h>

#define SPANS_MAX 32U

struct span {
	uint64_t start, end;
};

struct spans {
	unsigned n;
	struct span v[SPANS_MAX];
};

void spans_add(struct spans *s, uint64_t start, uint64_t end);
/* The first number from @at on, below @end, that is in no range; @ret_end is where the next range
 * begins, or @end. Return: it, or @end when there is none. */
uint64_t spans_gap(const struct spans *s, uint64_t at, uint64_t end, uint64_t *ret_end);

#endif
