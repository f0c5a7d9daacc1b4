/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spans.h"

#include <string.h>

#include "base/util.h"

void spans_add(struct spans *s, uint64_t start, uint64_t end)
{
	unsigned i = 0, j;

	if (start >= end)
		return;
	while (i < s->n && s->v[i].end < start)
		i++;
	for (j = i; j < s->n && s->v[j].start <= end; j++) {
		start = MIN(start, s->v[j].start);
		end = MAX(end, s->v[j].end);
	}
	if (i == j && s->n == SPANS_MAX) { /* the new one matters most: another is forgotten */
		unsigned k = i ? --i : 0;

		memmove(&s->v[k], &s->v[k + 1], (s->n - k - 1) * sizeof(s->v[0]));
		s->n--;
		j = i;
	}
	/* [i, j) becomes one */
	memmove(&s->v[i + 1], &s->v[j], (s->n - j) * sizeof(s->v[0]));
	s->n += 1 - (j - i);
	s->v[i] = (struct span){ start, end };
}

uint64_t spans_gap(const struct spans *s, uint64_t at, uint64_t end, uint64_t *ret_end)
{
	*ret_end = end;
	for (unsigned i = 0; i < s->n && at < end; i++) {
		if (s->v[i].end <= at)
			continue;
		if (s->v[i].start > at) {
			*ret_end = MIN(end, s->v[i].start);
			return at;
		}
		at = s->v[i].end;
	}
	return MIN(at, end);
}
