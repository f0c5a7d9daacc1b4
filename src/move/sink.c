/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/util.h"
#include "move/files.h"
#include "wire/msg.h"

#define SINK_TIMEOUT_MS 10000 /* a source that says nothing for so long is lost */

static const struct image_vma *find(const struct image *m, uint64_t addr)
{
	uint32_t lo = 0, hi = m->nvmas;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (m->vma[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo < m->nvmas && m->vma[lo].start <= addr ? &m->vma[lo] : NULL;
}

static int take_pages(struct sink *s, const struct frame *f, struct err *e)
{
	uint64_t at = f->id, end = at + f->len;

	if (at & MOS_PAGE_MASK || end < at)
		return err_set(e, -EPROTO, "pages at a bad address");
	for (uint64_t a = at; a < end;) { /* a run may span neighbours */
		const struct image_vma *v = find(s->m, a);

		if (!v || (v->kind != IMAGE_ANON && v->kind != IMAGE_FILE))
			return err_set(e, -EPROTO, "pages for %#llx, where nothing is mapped",
				       (unsigned long long)a);
		a = v->end;
	}
	{
		int r = mem_write_forced(s->mem, (uaddr_t){ at }, f->data, f->len);

		if (r < 0)
			return err_set(e, r, "filling memory at %#llx: %s", (unsigned long long)at,
				       strerror(-r));
	}
	return 0;
}

static int take_file(struct sink *s, const struct frame *f, struct err *e)
{
	uint32_t file = file_page_file(f->id);
	uint64_t off = file_page_off(f->id);
	size_t done = 0;

	if (s->file_fd < 0 || file >= IMAGE_FILES_MAX || off + f->len > 1ULL << FILE_SHIFT)
		return err_set(e, -EPROTO, "file pages out of place");
	while (done < f->len) {
		ssize_t k = pwrite(s->file_fd, f->data + done, f->len - done,
				   (off_t)(file_place(file, off) + done));

		if (k <= 0)
			return err_set(e, -errno, "keeping file pages: %s", strerror(errno));
		done += (size_t)k;
	}
	return 0;
}

int sink_take(struct sink *s, const struct frame *f, struct err *e)
{
	if (!f->len || f->len % MOS_PAGE || f->len > PAGES_CHUNK)
		return err_set(e, -EPROTO, "%u bytes are no pages", f->len);
	s->pages += f->len / MOS_PAGE;
	s->bytes += f->len;
	return f->type == MSG_PAGES ? take_pages(s, f, e) : take_file(s, f, e);
}

int sink_receive(struct sink *s, struct channel *c,
		 int (*other)(void *ctx, const struct frame *f, struct err *e), void *ctx,
		 struct err *e)
{
	struct frame f;

	for (;;) {
		int r = channel_recv(c, SINK_TIMEOUT_MS, &f);

		if (r == 0)
			return err_set(e, -ETIMEDOUT, "the other node sends nothing");
		if (r < 0)
			return err_set(e, r, "receiving memory: %s", strerror(-r));
		if (f.type == MSG_END)
			return 0;
		r = f.type == MSG_PAGES || f.type == MSG_FILE ? sink_take(s, &f, e) :
								other(ctx, &f, e);
		if (r < 0)
			return r;
	}
}

int sink_receive_image(struct channel *c, const struct frame *first, struct image *ret,
		       struct err *e)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	uint64_t whole = first->id;
	struct frame f = *first;

	if (whole > IMAGE_ENCODED_MAX)
		return err_set(e, -EPROTO, "an image of %llu bytes", (unsigned long long)whole);
	for (;;) {
		int r;

		if (!f.len || f.len > whole - b.len)
			return err_set(e, -EPROTO, "the image's pieces do not fit");
		buf_put(&b, f.data, f.len);
		if (b.failed)
			return err_set(e, -ENOMEM, "no memory for an image");
		if (b.len == whole)
			return image_decode(ret, b.data, b.len, e);
		r = channel_recv(c, SINK_TIMEOUT_MS, &f);
		if (r <= 0)
			return err_set(e, r ? r : -ETIMEDOUT, "the image stopped half-way");
		if (f.type != MSG_IMAGE_MORE)
			return err_set(e, -EPROTO, "%s inside an image", msg_name(f.type));
	}
}
