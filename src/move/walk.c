/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/walk.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "wire/limits.h"

void walk_begin(struct walk *w, const struct mem *mem, const struct image *m)
{
	w->mem = mem;
	w->m = m;
	w->vma = 0;
	w->window = 0;
	w->at = w->n = 0;
}

static bool has_own_pages(const struct image_vma *v)
{
	return v->kind == IMAGE_ANON || v->kind == IMAGE_FILE;
}

/* Looks at the pages behind the window. Return: 1, 0: no mapping has any left, -errno. */
static int look_on(struct walk *w, struct err *e)
{
	uint64_t from = w->window + (uint64_t)w->n * MOS_PAGE;
	unsigned n;
	int r;

	for (; w->vma < w->m->nvmas; w->vma++, from = 0) {
		const struct image_vma *v = &w->m->vma[w->vma];

		if (has_own_pages(v) && MAX(from, v->start) < v->end)
			break;
	}
	if (w->vma == w->m->nvmas)
		return 0;
	from = MAX(from, w->m->vma[w->vma].start);
	n = (unsigned)MIN((w->m->vma[w->vma].end - from) / MOS_PAGE, (uint64_t)WALK_WINDOW);
	r = mem_pages(w->mem, from, n, w->state);
	if (r < 0)
		return err_set(e, r, "reading pagemap: %s", strerror(-r));
	w->window = from;
	w->n = n;
	w->at = 0;
	return 1;
}

int walk_next(struct walk *w, struct run *ret, struct err *e)
{
	unsigned end;

	for (;;) {
		while (w->at < w->n && w->state[w->at] != PAGE_PRIVATE && w->state[w->at] != PAGE_GUARD)
			w->at++;
		if (w->at < w->n)
			break;

		int r = look_on(w, e);

		if (r <= 0)
			return r;
	}
	if (w->state[w->at] == PAGE_GUARD)
		return err_reason(e, -EOPNOTSUPP, "guard-pages", "has guard regions in its memory");
	end = w->at;
	while (end < w->n && w->state[end] == PAGE_PRIVATE && end - w->at < PAGES_CHUNK / MOS_PAGE)
		end++;
	ret->addr = w->window + (uint64_t)w->at * MOS_PAGE;
	ret->len = (size_t)(end - w->at) * MOS_PAGE;
	ret->keep_zero = w->m->vma[w->vma].kind == IMAGE_FILE;
	return 1;
}

void walk_pass(struct walk *w, const struct run *run)
{
	w->at += (unsigned)(run->len / MOS_PAGE);
}
