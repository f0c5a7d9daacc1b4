/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges of files' pages: each once, and what is missing of them, against a map of single pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "move/ranges.h"

#define FILES 3U
#define PAGES 40U
#define VMAS  12U

typedef bool page_map[FILES][PAGES];

static void make(struct image *m, struct image_vma *v, unsigned n, page_map has)
{
	*m = (struct image){ .nvmas = n, .vma = v };
	memset(has, 0, sizeof(page_map));
	for (unsigned i = 0; i < n; i++) {
		uint32_t file = (uint32_t)rand() % FILES, from = (uint32_t)rand() % PAGES;
		uint32_t len = 1 + (uint32_t)rand() % (PAGES - from);
		int kind = rand() % 4;

		v[i] = (struct image_vma){ .start = i << 20, .end = (i << 20) + len * MOS_PAGE,
					   .off = from * MOS_PAGE, .file = file,
					   .kind = kind ? IMAGE_FILE : IMAGE_ANON,
					   .flags = kind == 1 ? IMAGE_VMA_BEYOND : 0 };
		for (uint32_t k = from; kind > 1 && k < from + len; k++)
			has[file][k] = true;
	}
}

static void check(const struct file_ranges *r, page_map want)
{
	page_map got = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		assert_true(r->v[i].file < FILES && r->v[i].off < r->v[i].end);
		if (i && r->v[i].file == r->v[i - 1].file)
			assert_true(r->v[i - 1].end <= r->v[i].off);
		else if (i)
			assert_true(r->v[i - 1].file < r->v[i].file);
		for (uint64_t k = r->v[i].off / MOS_PAGE; k < r->v[i].end / MOS_PAGE; k++)
			got[r->v[i].file][k] = true;
	}
	assert_memory_equal(got, want, sizeof(got));
}

static void by_chance(void **state)
{
	for (unsigned turn = 0; turn < 20000; turn++) {
		CLEANUP(file_ranges_finish) struct file_ranges a = FILE_RANGES_INIT;
		CLEANUP(file_ranges_finish) struct file_ranges b = FILE_RANGES_INIT;
		struct image_vma va[VMAS], vb[VMAS];
		page_map in_a, in_b;
		struct image m;

		make(&m, va, (unsigned)rand() % VMAS, in_a);
		assert_int_equal(file_ranges_of(&m, &a), 0);
		check(&a, in_a);
		make(&m, vb, (unsigned)rand() % VMAS, in_b);
		assert_int_equal(file_ranges_of(&m, &b), 0);
		assert_int_equal(file_ranges_without(&a, &b), 0);
		for (unsigned f = 0; f < FILES; f++)
			for (unsigned k = 0; k < PAGES; k++)
				in_a[f][k] &= !in_b[f][k];
		check(&a, in_a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(by_chance) };

	srand(7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
