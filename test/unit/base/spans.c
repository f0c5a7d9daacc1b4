/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/spans.h"

#define END 200U

/* Ordered, apart; says nothing is there that is not in @model; if nothing was forgotten, all of it. */
static void check(const struct spans *s, const bool *model, bool whole)
{
	uint64_t end;

	assert_true(s->n <= SPANS_MAX);
	for (unsigned i = 0; i < s->n; i++) {
		assert_true(s->v[i].start < s->v[i].end);
		assert_true(!i || s->v[i - 1].end < s->v[i].start);
	}
	for (uint64_t at = 0; at < END; at++) {
		bool there = spans_gap(s, at, END, &end) != at;

		assert_true(end > at);
		assert_true(!there || model[at]);
		assert_true(!whole || there == model[at]);
	}
}

static void model(void **state)
{
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct spans s = { 0 };
		bool m[END] = { false }, whole = true;

		srand(seed);
		for (unsigned i = 0; i < 100; i++) {
			unsigned a = (unsigned)rand() % END, most = seed % 2 ? 3 : 20;
			unsigned b = a + (unsigned)rand() % most;
			uint64_t end;

			b = b > END ? END : b;
			whole &= s.n < SPANS_MAX;
			spans_add(&s, a, b);
			for (unsigned k = a; k < b; k++)
				m[k] = true;
			assert_true(spans_gap(&s, a, b, &end) == b); /* the new one is always kept */
			check(&s, m, whole);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
