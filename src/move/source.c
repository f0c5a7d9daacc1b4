/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "move/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "move/files.h"
#include "move/reader.h"
#include "wire/msg.h"

int source_open(struct source *s, pid_t pid)
{
	s->chunk = malloc(PAGES_CHUNK);
	if (!s->chunk)
		return -ENOMEM;
	return mem_open(&s->mem, pid);
}

void source_close(struct source *s)
{
	mem_close(&s->mem);
	free(s->chunk);
	s->chunk = NULL;
}

static int send_bytes(struct channel *c, uint16_t type, uint64_t id, const void *p, size_t n,
		      struct err *e)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };
	int r = channel_send(c, type, id, &iov, 1);

	return r < 0 ? err_set(e, r, "sending memory: %s", strerror(-r)) : 0;
}

static int send_batch(struct source *s, struct channel *c, const struct batch *b, struct err *e)
{
	s->zero_pages += b->zero_pages;
	for (unsigned i = 0; i < b->n; i++) {
		const struct piece *p = &b->piece[i];
		int r = send_bytes(c, MSG_PAGES, p->addr, p->data, p->len, e);

		if (r < 0)
			return r;
		s->pages += p->len / MOS_PAGE;
	}
	return 0;
}

int source_send_file(struct source *s, uint32_t file, uint64_t off, uint64_t len, struct channel *c,
		     struct err *e)
{
	while (len) {
		size_t n = (size_t)MIN(len, (uint64_t)PAGES_CHUNK);
		ssize_t k = s->read_file(s->ctx, file, off, s->chunk, n);
		size_t full;
		int r;

		if (k < 0)
			return err_set(e, (int)k, "reading a mapped file: %s", strerror((int)-k));
		if (!k)
			break;
		full = page_up((uint64_t)k);
		memset(s->chunk + k, 0, full - (size_t)k);
		r = send_bytes(c, MSG_FILE, file_page_id(file, off), s->chunk, full, e);
		if (r < 0)
			return r;
		s->file_pages += full / MOS_PAGE;
		if (full < n)
			break;
		off += n;
		len -= n;
	}
	return 0;
}

int source_send_image(const struct image *m, struct channel *c, struct err *e)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	int r = image_encode(m, &b);

	if (r < 0)
		return err_set(e, r, "no memory for the image");
	for (size_t at = 0; r == 0 && at < b.len; at += PAGES_CHUNK)
		r = send_bytes(c, at ? MSG_IMAGE_MORE : MSG_IMAGE, b.len, b.data + at,
			       MIN(b.len - at, (size_t)PAGES_CHUNK), e);
	return r;
}

int source_send(struct source *s, const struct image *m, struct channel *c, struct err *e)
{
	const struct batch *b;
	struct reader reader;
	int more, r;

	reader_begin(&reader, &s->mem, m, s->chunk);
	do {
		more = reader_next(&reader, &b, e);
		r = more > 0 ? send_batch(s, c, b, e) : more;
	} while (more > 0 && r == 0);
	log_debug("memory: %llu pages, %llu zero left out, %u batches read ahead", (unsigned long long)s->pages,
		  (unsigned long long)s->zero_pages, reader.taken);
	reader_end(&reader);
	return r < 0 ? r : send_bytes(c, MSG_END, 0, NULL, 0, e);
}
