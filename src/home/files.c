/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "home/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "move/ranges.h"
#include "move/source.h"

#define SETTLED (2 * NSEC_PER_SEC)

int files_look(struct home *h, uint32_t file, uint64_t *ret_size, struct err *e)
{
	struct home_file *f = &h->file[file];
	nsec_t changed;
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_set(e, -errno, "looking at a mapped file: %s", strerror(errno));
	changed = timespec_nsec(&st.st_ctim);
	if (changed != f->changed || (uint64_t)st.st_size != f->size)
		f->sent.n = 0;
	f->changed = changed;
	f->size = (uint64_t)st.st_size;
	f->settled = clock_now(CLOCK_REALTIME) - changed > SETTLED;
	*ret_size = f->size;
	return 0;
}

uint64_t files_lacking(const struct home *h, uint32_t file, uint64_t off, uint64_t end)
{
	const struct spans *sent = &h->file[file].sent;
	uint64_t gap_end, size = 0;

	for (uint64_t at = spans_gap(sent, off, end, &gap_end); at < end;
	     at = spans_gap(sent, gap_end, end, &gap_end))
		size += gap_end - at;
	return size;
}

int files_send(struct home *h, uint32_t file, uint64_t off, uint64_t end, struct channel *c,
	       struct err *e)
{
	struct spans *sent = &h->file[file].sent;
	struct source src = SOURCE_INIT;
	uint64_t gap_end;
	int r = 0;

	if (!files_lacking(h, file, off, end))
		return 0;
	src.chunk = malloc(PAGES_CHUNK);
	if (!src.chunk)
		return err_set(e, -ENOMEM, "no memory");
	src.read_file = maps_read_file;
	src.ctx = h;
	for (uint64_t at = spans_gap(sent, off, end, &gap_end); r == 0 && at < end;
	     at = spans_gap(sent, gap_end, end, &gap_end))
		r = source_send_file(&src, file, at, gap_end - at, c, e);
	source_close(&src);
	if (r == 0 && h->file[file].settled)
		spans_add(sent, off, end);
	else
		sent->n = 0;
	return r;
}

int files_send_mapped(struct home *h, const struct image *m, struct channel *c, struct err *e)
{
	CLEANUP(file_ranges_finish) struct file_ranges all = FILE_RANGES_INIT;
	uint32_t looked = UINT32_MAX;
	uint64_t size;
	int r = file_ranges_of(m, &all);

	if (r < 0)
		return err_set(e, r, "no memory");
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const struct file_range *f = &all.v[i];

		if (f->file != looked)
			r = files_look(h, f->file, &size, e);
		looked = f->file;
		if (r == 0)
			r = files_send(h, f->file, f->off, f->end, c, e);
	}
	return r;
}

void files_new_host(struct home *h)
{
	for (uint32_t i = 0; i < h->nfiles; i++)
		h->file[i].sent.n = 0;
}
