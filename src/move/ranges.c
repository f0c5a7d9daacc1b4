/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/ranges.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"

void file_ranges_finish(struct file_ranges *r)
{
	free(r->v);
	*r = (struct file_ranges)FILE_RANGES_INIT;
}

static int by_place(const void *x, const void *y)
{
	const struct file_range *a = x, *b = y;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->off < b->off ? -1 : a->off > b->off;
}

int file_ranges_of(const struct image *m, struct file_ranges *ret)
{
	struct file_range *v = calloc((size_t)m->nvmas + 1, sizeof(*v));
	size_t n = 0, k = 0;

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->nvmas; i++) {
		const struct image_vma *a = &m->vma[i];

		if (a->kind == IMAGE_FILE && !(a->flags & IMAGE_VMA_BEYOND))
			v[n++] = (struct file_range){ a->file, a->off, a->off + (a->end - a->start) };
	}
	qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 1; i < n; i++) {
		if (v[i].file == v[k].file && v[i].off <= v[k].end)
			v[k].end = MAX(v[k].end, v[i].end);
		else
			v[++k] = v[i];
	}
	file_ranges_finish(ret);
	ret->v = v;
	ret->n = n ? k + 1 : 0;
	return 0;
}

/* The first of @have from *@at on that ends behind @off of @file or lies further on. */
static const struct file_range *next_of(const struct file_ranges *have, size_t *at, uint32_t file,
					uint64_t off)
{
	while (*at < have->n && (have->v[*at].file < file ||
				 (have->v[*at].file == file && have->v[*at].end <= off)))
		++*at;
	return *at < have->n && have->v[*at].file == file ? &have->v[*at] : NULL;
}

int file_ranges_without(struct file_ranges *r, const struct file_ranges *have)
{
	/* Each range of @have splits at most one more off. */
	struct file_range *v = calloc(r->n + have->n + 1, sizeof(*v));
	size_t n = 0, at = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++) {
		struct file_range rest = r->v[i];

		while (rest.off < rest.end) {
			const struct file_range *h = next_of(have, &at, rest.file, rest.off);
			uint64_t gap_end = h ? MIN(MAX(h->off, rest.off), rest.end) : rest.end;

			if (rest.off < gap_end)
				v[n++] = (struct file_range){ rest.file, rest.off, gap_end };
			rest.off = h && h->off < rest.end ? MAX(h->end, gap_end) : rest.end;
		}
	}
	file_ranges_finish(r);
	r->v = v;
	r->n = n;
	return 0;
}
